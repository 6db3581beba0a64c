package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"scanpost/devices/profile"
)

// flow makes one line of a text that was broken for its file.
func flow(s string) string { return strings.Join(strings.Fields(harmless(s)), " ") }

// wrap breaks a text into lines of a width that a person reads, each after
// the first with the indent.
func wrap(text, indent string) string {
	const width = 100
	var b strings.Builder
	at := 0
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i > 0 && len(indent)+at+1+n > width:
			b.WriteString("\n" + indent)
			at = 0
		case i > 0:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += n
	}
	return b.String()
}

// wireText says what the device hangs on.
func wireText(p *profile.Profile) string {
	if p.Port.Type == "hid" {
		return "USB HID, as " + usageText(usageOf(p))
	}
	parity := p.Port.Parity
	if parity == "none" {
		parity = "no"
	}
	stop := p.Port.StopBits + " stop bits"
	if p.Port.StopBits == "1" {
		stop = "1 stop bit"
	}
	text := fmt.Sprintf("serial, %d baud, %d data bits, %s parity, %s", p.Port.Baud, p.Port.DataBits, parity, stop)
	if len(p.Port.USB) > 0 {
		text += "; over USB the baud rate means nothing"
	}
	return text
}

// markText is a trust mark in words.
func markText(mark string) string {
	if words, known := profile.Marks[mark]; known {
		return words + " [" + mark + "]"
	}
	return "no source given"
}

// tried reports whether a mark says that a real device was seen to do so.
func tried(mark string) bool { return mark == "M" || mark == "C" }

const untried = "not tried on a scanner yet"

// trustText is a profile's marks in one line, in the order of its parts.
func trustText(p *profile.Profile) string {
	var parts []string
	for _, part := range profile.Parts {
		if mark := p.Trust[part]; mark != "" {
			parts = append(parts, part+" "+mark)
		}
	}
	return strings.Join(parts, ", ")
}

// marksOf lists the marks that a profile uses, for a legend.
func marksOf(p *profile.Profile) []string {
	var marks []string
	for _, part := range profile.Parts {
		marks = append(marks, p.Trust[part])
	}
	for _, s := range p.Sheet.Steps {
		marks = append(marks, s.Trust)
	}
	slices.Sort(marks)
	return slices.DeleteFunc(slices.Compact(marks), func(m string) bool { return m == "" })
}

// beepShort is what the beep means, for a table.
func beepShort(p *profile.Profile) string {
	switch p.Feedback.Means {
	case "acknowledge":
		return "its own beep: saved"
	case "signal":
		if p.Feedback.Bad == nil {
			return "signals good"
		}
		return "signals good and bad"
	}
	return "the screen says"
}

// capital makes a sentence of a phrase.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
