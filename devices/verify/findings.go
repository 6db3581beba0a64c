package verify

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"scanpost/devices/hidkeyboard"
	"scanpost/scan"
)

// typing says what is wrong with the way the text was typed.
func (s Setup) typing(w way) (findings []string) {
	if w.scanner != s.Layout {
		names := []string{hidkeyboard.Country(w.scanner)}
		for _, also := range w.also {
			if name := hidkeyboard.Country(also); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		findings = append(findings, fmt.Sprintf("The scanner types for %s, and the station reads %s. Set the keyboard country of the scanner to %[2]s, or layout = %[3]q in the profile.",
			strings.Join(names, " or "), hidkeyboard.Country(s.Layout), w.scanner))
	}
	switch {
	case w.letters == "turned" && s.Layout != "":
		findings = append(findings, `Capitals came as small letters and the other way: the scanner believes that Caps Lock is on. Set it to ignore Caps Lock, or caps = "on" in the profile.`)
	case w.letters == "turned":
		findings = append(findings, "Capitals came as small letters and the other way: switch off case conversion at the scanner.")
	case w.letters != "":
		findings = append(findings, "All letters came in "+w.letters+" case: switch off case conversion at the scanner.")
	}
	return findings
}

// around says what is wrong before, within and after the text.
func (s Setup) around(before, middle, after string) (findings []string) {
	aim, more := scan.CutAIM(before)
	if aim != "" && !s.AIM {
		findings = append(findings, fmt.Sprintf("The AIM identifier %s stands in the code: aim_id = true in the profile cuts it.", aim))
	}
	if more != "" {
		findings = append(findings, fmt.Sprintf("%q came before the code: a prefix or a maker's code id. Switch it off at the scanner, or let the profile cut it.", more))
	}
	switch {
	case middle == gs:
	case middle == "" && s.Layout != "":
		findings = append(findings, `GS is lost, and with it the end of every GS1 field of varying length. Let the scanner send control characters as Ctrl + key or with Alt; if it sends a function key for GS, name it in the profile, such as gs_key = "f8".`)
	case middle == "":
		findings = append(findings, "GS is lost, and with it the end of every GS1 field of varying length. Let the scanner send control characters (GS, FNC1) as they are.")
	default:
		findings = append(findings, fmt.Sprintf("GS came as %q. Let the scanner send it as it is, which is the byte 1D.", middle))
	}
	if after != "" {
		findings = append(findings, fmt.Sprintf("%q came after the code and is taken for a part of it: it is a suffix that the profile does not know.", after))
	}
	return findings
}

// pieces says what is wrong with a text that came in no way we know.
func (s Setup) pieces(code string) (findings []string) {
	var missing, strange []string
	rest := code
	for _, c := range s.Text {
		if !strings.ContainsRune(rest, c) {
			missing = append(missing, fmt.Sprintf("%q", c))
			continue
		}
		rest = strings.Replace(rest, string(c), "", 1)
	}
	high := false
	for _, b := range []byte(code) {
		high = high || b > 0x7F
	}
	for _, c := range rest {
		strange = append(strange, fmt.Sprintf("%q", c))
	}
	findings = append(findings, fmt.Sprintf("It came as %q and should be %q.", code, s.Text))
	if len(missing) > 0 {
		findings = append(findings, "These characters did not come: "+strings.Join(missing, " ")+".")
	}
	if len(strange) > 0 {
		findings = append(findings, "These came and are not in it: "+strings.Join(strange, " ")+".")
	}
	if high {
		findings = append(findings, "There are characters above 7F in it, which no part of the barcode has: the line's data bits or parity, or the keyboard country, are not what the profile says.")
	}
	return findings
}

// parity tells whether bit 7 of every byte follows from the others, as where a
// line of 7 data bits with parity is read as 8 without, and what the text is.
func parity(code string) (finding, low string) {
	even, odd, mark, b := true, true, code != "", []byte(code)
	none := true
	for i, c := range b {
		ones, high := bits.OnesCount8(c&0x7F)%2 == 1, c > 0x7F
		even, odd, mark, none = even && high == ones, odd && high != ones, mark && high, none && !high
		b[i] = c & 0x7F
	}
	kind := ""
	switch {
	case none:
		return "", ""
	case even:
		kind = "even"
	case odd:
		kind = "odd"
	case mark:
		kind = "mark"
	default:
		return "", ""
	}
	return fmt.Sprintf("Bit 7 of every byte is %s parity: the line has 7 data bits and is read as 8. Set data_bits = 7 and parity = %[1]q in the profile, or the scanner to 8 data bits and no parity.", kind), string(b)
}
