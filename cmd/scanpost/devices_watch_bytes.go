package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"scanpost/devices"
	"scanpost/devices/profile"
	"scanpost/devices/wire"
	"scanpost/scan"
)

// watchLines is where all devices write, a line at a time.
type watchLines struct {
	mu        sync.Mutex
	out       io.Writer
	stop      func() // called when nobody reads any more
	elsewhere func(line string)
	failed    error
}

func (l *watchLines) write(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.elsewhere != nil {
		l.elsewhere(text)
		return
	}
	if l.failed != nil {
		return
	}
	if _, l.failed = io.WriteString(l.out, text); l.failed != nil {
		l.stop()
	}
}

// say writes a line. Who is a column, or empty; mark is <, > or a space.
func (l *watchLines) say(at time.Time, who, mark, text string) {
	text = harmless(strings.ReplaceAll(text, "\n", " ")) // what a device says makes no line of its own
	l.write(at.Local().Format("15:04:05.000") + who + "  " + mark + "  " + text + "\n")
}

// watcher shows one device. Its methods are called from several goroutines of
// the device.
type watcher struct {
	lines   *watchLines
	profile *profile.Profile
	column  string // its name, if it is not the only one
	bytes   bool
	reader  *readerView // nil if it reads no tags

	mu       sync.Mutex
	attached bool
	faults   map[string]int // of a tag reader, by reason
}

// attach hangs the watcher on a device that does not run yet.
func (w *watcher) attach(d *devices.Device) {
	d.Watch, d.Known, d.State = w.seen, w.known, w.state
	d.Log = troubleLog(w.trouble)
	d.Scan = func(scan.Sighting) scan.Told { return scan.Told{Outcome: scan.Saved} }
}

func (w *watcher) say(at time.Time, mark, text string) { w.lines.say(at, w.column, mark, text) }

func (w *watcher) seen(s devices.Seen) {
	mark := "<"
	if s.ToDevice {
		mark = ">"
	}
	if w.bytes {
		for row := range strings.Lines(dump(s.Bytes)) {
			w.say(s.At, mark, strings.TrimSuffix(row, "\n"))
			mark = " "
		}
	}
	if s.Output == nil {
		return
	}
	for _, found := range s.Output.Sightings {
		w.say(s.At, " ", "scan "+w.sighting(found))
	}
	for _, a := range s.Output.Answers {
		if w.bytes || a.Refused != "" { // what a tag reader tells is in its table
			w.say(s.At, " ", answerText(a))
		}
	}
	for _, fault := range s.Output.Faults {
		w.fault(s.At, fault)
	}
	if s.Output.Restarted {
		w.say(s.At, " ", "it has lost what it was told at opening, and is told again")
	}
}

// fault tells of a fault. Those of a tag reader may come by the hundred, and
// are told when they have become ten times as many.
func (w *watcher) fault(at time.Time, fault error) {
	text := "fault: " + fault.Error()
	if w.reader != nil && !w.bytes {
		w.mu.Lock()
		reason := devices.ReasonOf(fault)
		w.faults[reason]++
		n := w.faults[reason]
		w.mu.Unlock()
		tens := n
		for tens%10 == 0 {
			tens /= 10
		}
		if tens != 1 {
			return
		}
		if n > 1 {
			text += fmt.Sprintf(" (%d times so far)", n)
		}
	}
	w.say(at, " ", text)
}

func (w *watcher) sighting(s wire.Sighting) string {
	_, text, _ := strings.Cut(sightingText(scan.Sighting{Code: s.Code, AIM: s.AIM, Symbology: s.Symbology, NoRead: s.NoRead, Note: s.Note}), "  ")
	if s.Again {
		text += "  (sent again)"
	}
	if len(s.OnSaved) > 0 {
		text += fmt.Sprintf("  (told % X once it is saved)", s.OnSaved)
	}
	return text
}

func answerText(a wire.Answer) string {
	var parts []string
	for _, f := range a.Facts {
		parts = append(parts, fmt.Sprintf("%s = %q", f.Name, f.Value))
	}
	switch {
	case a.Refused != "":
		return "refused: " + strings.Join(append([]string{a.Refused}, parts...), ", ")
	case len(parts) == 0:
		return "taken"
	}
	return "answer: " + strings.Join(parts, ", ")
}

func (w *watcher) known(i devices.Inventory) {
	if w.reader != nil {
		w.reader.known(i)
	}
	for _, text := range knownText(i) {
		w.say(time.Now(), " ", text)
	}
}

// knownText is who a device is, what it refused and what is not set as it
// should be.
func knownText(i devices.Inventory) []string {
	var lines []string
	var who []string
	for _, f := range []struct{ what, value string }{{"", i.Model}, {"serial number ", i.Serial}, {"firmware ", i.Firmware}, {"in socket ", i.Socket}} {
		if f.value != "" {
			who = append(who, f.what+f.value)
		}
	}
	if len(who) > 0 {
		lines = append(lines, "it is "+strings.Join(who, ", "))
	}
	for _, d := range i.Drift {
		lines = append(lines, "setting: "+d.String())
	}
	for _, r := range i.Refused {
		lines = append(lines, "it did not take: "+r)
	}
	return lines
}

func (w *watcher) state(attached bool, address, reason string) {
	if w.reader != nil {
		w.reader.state(attached, reason)
	}
	w.mu.Lock()
	was := w.attached
	w.attached = attached
	w.mu.Unlock()
	switch {
	case attached:
		w.say(time.Now(), " ", "open: "+address)
	case was:
		w.say(time.Now(), " ", "gone: "+reason)
	}
}

// trouble is told when the device can not be opened.
func (w *watcher) trouble(sentence string) { w.say(time.Now(), " ", "waiting: "+sentence) }

const perRow = 16

// dump is bytes for a person: hex, and beside it what can be printed. A tail
// of equal bytes, as HID reports have it, is told by its length.
func dump(b []byte) string {
	tail := len(b)
	for tail > 0 && b[tail-1] == b[len(b)-1] {
		tail--
	}
	rest := ""
	if n := len(b) - tail; n >= 4 {
		b, rest = b[:tail], fmt.Sprintf("%02X*%d", b[tail], n)
	}
	var text strings.Builder
	for from := 0; from < len(b); from += perRow {
		row := b[from:min(from+perRow, len(b))]
		fmt.Fprintf(&text, "%-*s  %s\n", perRow*3-1, fmt.Sprintf("% X", row), printable(row))
	}
	if rest != "" {
		text.WriteString(rest + "\n")
	}
	return text.String()
}

func printable(b []byte) string {
	text := make([]byte, len(b))
	for i, c := range b {
		text[i] = '.'
		if c >= ' ' && c < 0x7f {
			text[i] = c
		}
	}
	return string(text)
}
