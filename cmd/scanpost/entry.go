package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"scanpost/scan"
)

// entryText is an event in a line for a person at a terminal. What was read is
// quoted: it is hostile until then.
func entryText(e scan.Entry) string {
	switch e := e.(type) {
	case *scan.Linked:
		words := []string{"one parcel"}
		if e.Undo != "" {
			words = []string{"not one parcel any more"}
		}
		for _, id := range e.IDs {
			words = add(words, "", id)
		}
		return strings.Join(add(add(words, "", e.How), "by ", e.Operator), "  ")
	case *scan.Packed:
		words := []string{"container " + harmless(string(e.Action))}
		if e.Undo != "" {
			words = []string{"taken back: " + words[0]}
		}
		words = add(words, "", e.Container)
		for _, id := range e.Contents {
			words = add(words, "", id)
		}
		return strings.Join(add(words, "by ", e.Operator), "  ")
	case *scan.Scan:
		if e.Mark != "" {
			return strings.Join(add(add(add([]string{harmless(string(e.Mark))}, "unit ", e.Unit), "", e.Reason), "by ", e.Operator), "  ")
		}
		words := []string{"scan", string(e.Verdict), strconv.Quote(e.Raw)}
		words = add(words, "unit ", e.Unit)
		words = add(words, "at ", e.Checkpoint)
		words = add(words, "by ", e.Operator)
		said := "not seen at "
		if e.Verdict == scan.NotVerifiable {
			said = "could not be checked at "
		}
		words = add(words, said, strings.Join(e.Missing, ", "))
		words = add(words, "", e.Note)
		if e.Training {
			words = append(words, "training")
		}
		if e.Held {
			words = append(words, "held")
		}
		return strings.Join(words, "  ")
	case *scan.Void:
		return strings.Join(add([]string{"taken back", e.Scan}, "unit ", e.Unit), "  ")
	case *scan.NoRead:
		return "not read  " + strconv.Quote(e.Raw)
	case *scan.Session:
		if e.Open {
			return "signed on  " + strconv.Quote(e.Operator)
		}
		return "signed off  " + strconv.Quote(e.Operator)
	case *scan.Attachment:
		if e.Attached {
			return strings.Join(add(add(add([]string{"device came", e.Device}, "", e.Model), "serial number ", e.Serial), "", strings.Join(e.Drift, "; ")), "  ")
		}
		return "device went  " + e.Device + "  " + strconv.Quote(e.Reason)
	case *scan.ClockStep:
		return fmt.Sprintf("clock stepped from %s to %s", e.Old.UTC().Format(time.RFC3339), e.New.UTC().Format(time.RFC3339))
	case *scan.Loss:
		return fmt.Sprintf("lost  %d to %d of %s: %s", e.From, e.To, e.Epoch, strconv.Quote(e.Reason))
	case *scan.GapChange:
		words := []string{"gap " + e.Change, string(e.Gap.Kind), string(e.Gap.State)}
		words = add(words, "unit ", e.Gap.Unit)
		words = add(words, "at ", e.Gap.Checkpoint)
		return strings.Join(words, "  ")
	}
	return e.Kind()
}

// add adds a word if there is something to say.
func add(words []string, label, word string) []string {
	if word == "" {
		return words
	}
	return append(words, label+harmless(word))
}
