// Package verify reads what arrived when the verification barcode was scanned
// at the end of a set-up, and says in plain sentences what is set wrong:
//
//	SCANPOST-aZyzYqwM_/?@"#·0123456789      as it should be; · is GS
//	scanpost-AzYZyQWm_/?@"#·0123456789      Caps Lock
//	SCANPOSTßaYzyZqwM?-_"Ä§·0123456789      typed for US English, read as German
//	SCANPOST-aZyzYqwM_/?@"#0123456789       GS is lost
//
// It finds the mistakes by making them: the text is typed again for each
// country that a scanner can be set to, with Caps Lock and without, and what
// would arrive is compared with what did.
package verify

import (
	"fmt"
	"strings"
	"unicode"

	"scanpost/devices/hidkeyboard"
	"scanpost/devices/profile"
	"scanpost/scan"
)

// Setup is what a scanner was to be set up for.
type Setup struct {
	Text   string // the verification barcode's content
	Layout string // the keyboard layout that the station reads; empty if the scanner does not type
	AIM    bool   // it was to send AIM identifiers
}

// Of is the set-up that a profile asks for.
func Of(p *profile.Profile) Setup {
	s := Setup{Text: p.Sheet.Verify}
	if s.Text == "" {
		s.Text = profile.Verification
	}
	s.AIM, _ = p.Options["aim_id"].(bool)
	if p.Decoder == "hidkeyboard" {
		s.Layout = hidkeyboard.Defaults().Layout
		if layout, said := p.Options["layout"].(string); said {
			s.Layout = layout
		}
	}
	return s
}

const gs = "\x1d"

// Diagnose reports whether a received code is the verification barcode, and
// what it shows to be wrong. If it is and nothing is said, all is well.
func (s Setup) Diagnose(code, aim string) (is bool, findings []string) {
	if kind, low := parity(code); kind != "" {
		if is, findings = s.Diagnose(low, aim); is {
			return true, append([]string{kind}, findings...)
		}
	}
	ways := s.ways()
	// Countries that differ in few keys are told apart by GS: first those that
	// explain all around it.
	for _, strange := range []bool{false, true} {
		for _, w := range ways {
			if before, middle, after, found := find(w.text, code); found && strange == (middle != gs && middle != "") {
				return true, s.found(w, ways, aim, before, middle, after)
			}
		}
	}
	for _, w := range ways {
		if word := string([]rune(w.text)[:min(8, len([]rune(w.text)))]); strings.Contains(strings.ToLower(code), strings.ToLower(word)) {
			return true, append(s.pieces(code), s.identifier(aim, "")...)
		}
	}
	return false, nil
}

// found says what is wrong with a text that came in one of the ways.
func (s Setup) found(w way, ways []way, aim, before, middle, after string) (findings []string) {
	w.also = same(w, ways)
	if mistyped := s.identifierIn(before, w); mistyped != "" {
		aim, before = mistyped, ""
	}
	findings = append(s.typing(w), s.around(before, middle, after)...)
	return append(findings, s.identifier(aim, before)...)
}

// A way is how the text can arrive.
type way struct {
	text    string
	scanner string   // the layout it was typed for
	also    []string // others that give the same
	letters string   // what became of them: "turned" by Caps Lock, "upper" or "lower" case only, or nothing
}

// ways are those there are, the right one first.
func (s Setup) ways() []way {
	all := []way{{text: s.Text, scanner: s.Layout}}
	for _, w := range []way{{text: turned(s.Text), letters: "turned"}, {text: strings.ToUpper(s.Text), letters: "upper"}, {text: strings.ToLower(s.Text), letters: "lower"}} {
		w.scanner = s.Layout
		all = append(all, w)
	}
	if s.Layout == "" {
		return all
	}
	for _, scanner := range hidkeyboard.Layouts() {
		all = append(all, way{text: hidkeyboard.Retype(s.Text, scanner, s.Layout, false), scanner: scanner})
	}
	for _, scanner := range append([]string{s.Layout}, hidkeyboard.Layouts()...) {
		all = append(all, way{text: hidkeyboard.Retype(s.Text, scanner, s.Layout, true), scanner: scanner, letters: "turned"},
			way{text: hidkeyboard.Retype(turned(s.Text), scanner, s.Layout, false), scanner: scanner, letters: "turned"})
	}
	return all
}

func same(w way, all []way) (others []string) {
	for _, o := range all {
		if o.text == w.text && o.letters == w.letters && o.scanner != w.scanner {
			others = append(others, o.scanner)
		}
	}
	return others
}

// turned has capitals for small letters and the other way.
func turned(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsUpper(c) {
			return unicode.ToLower(c)
		}
		return unicode.ToUpper(c)
	}, text)
}

// find looks for a text in a code, whatever became of its GS.
func find(text, code string) (before, middle, after string, found bool) {
	head, tail, _ := strings.Cut(text, gs)
	before, rest, found := strings.Cut(code, head)
	if !found {
		return "", "", "", false
	}
	if !strings.Contains(text, gs) {
		return before, gs, rest, true
	}
	middle, after, found = strings.Cut(rest, tail)
	return before, middle, after, found
}

// identifierIn is the AIM identifier that came as the wrong keys, like the rest.
func (s Setup) identifierIn(before string, w way) string {
	if w.scanner == s.Layout && w.letters == "" {
		return ""
	}
	for _, aim := range []string{"]C0", "]C1", "]d1", "]d2", "]Q1", "]Q3", "]z0", "]X0"} {
		for _, typed := range []string{aim, turned(aim)} {
			for _, caps := range []bool{false, true} {
				if before == typed || before != "" && before == hidkeyboard.Retype(typed, w.scanner, s.Layout, caps) {
					return aim
				}
			}
		}
	}
	return ""
}

// identifier says what is wrong with the AIM identifier.
func (s Setup) identifier(aim, before string) []string {
	if cut, _ := scan.CutAIM(before); cut != "" {
		return nil // it stands in the code, and that has been said
	}
	switch name := scan.SymbologyOf(aim); {
	case aim == "" && s.AIM:
		return []string{"No AIM identifier came with it. Without one nobody can tell a GS1 code from another: switch on the transmission of AIM identifiers at the scanner."}
	case strings.HasPrefix(name, "gs1-"):
		return []string{fmt.Sprintf("The scanner calls it %s (%s), and it is not GS1: an option of the scanner changes identifiers. Restore its defaults.", name, aim)}
	}
	return nil
}
