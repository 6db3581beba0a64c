package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"scanpost/devices"
	"scanpost/scan"
)

// sightingLine is the JSON of one sighting. Its raw is what scanpost identify
// reads, so the two can be piped together.
type sightingLine struct {
	Raw       *string `json:"raw,omitempty"`   // AIM identifier and code; left out if they are not text
	Code      *string `json:"code,omitempty"`  // the same
	Bytes     []byte  `json:"bytes,omitempty"` // the code, base64, if it is not text
	AIM       string  `json:"aim"`
	Symbology string  `json:"symbology"`
	NoRead    bool    `json:"noread,omitempty"`
	Note      string  `json:"note,omitempty"`
}

func lineOf(code, aim, symbology string, noRead bool, note string) sightingLine {
	line := sightingLine{AIM: aim, Symbology: symbology, NoRead: noRead, Note: note}
	if symbology == "" {
		line.Symbology = scan.SymbologyOf(aim)
	}
	if utf8.ValidString(code) {
		raw := aim + code
		line.Raw, line.Code = &raw, &code
	} else {
		line.Bytes = []byte(code) // JSON would replace what is not UTF-8, and make one code of two
	}
	return line
}

// printJSON writes one line. JSON leaves some characters as they are that a
// terminal obeys (the C1 controls, marks that turn the text round), so these
// are escaped too; it is the same JSON.
func printJSON(w io.Writer, v any) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	var line []byte
	for _, r := range buf.String() {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			line = utf8.AppendRune(line, r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			line = fmt.Appendf(line, `\u%04x\u%04x`, high, low)
		default:
			line = fmt.Appendf(line, `\u%04x`, r)
		}
	}
	_, err := w.Write(line)
	return err
}

// faults counts why frames were no sightings, by reason.
type faults map[string]uint64

func (f faults) count(fault error) {
	f[devices.ReasonOf(fault)]++
}

func faultsOf(c devices.Counters) faults { return c.Faults }

// print says "3 faults: checksum 2, noise 1", or nothing if there were none.
func (f faults) print(w io.Writer) {
	var total uint64
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(f)) {
		total += f[reason]
		parts = append(parts, fmt.Sprintf("%s %d", reason, f[reason]))
	}
	if total > 0 {
		fmt.Fprintf(w, "scanpost: %s: %s\n", counted(total, "fault"), strings.Join(parts, ", "))
	}
}

// isFile tells a profile file of one's own from the name of a known one.
func isFile(name string) bool { return strings.HasSuffix(name, ".toml") }

// counted is "1 fault" or "2 faults".
func counted[N int | uint64](n N, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
