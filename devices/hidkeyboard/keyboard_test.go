package hidkeyboard

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/sim"
	"scanpost/devices/wire"
)

// reports reads the notation of the fact sheet: hex bytes, "/" between
// reports, "|" for silence, which is an empty report here.
func reports(t testing.TB, text string) (all [][]byte) {
	for i, part := range strings.Split(text, "|") {
		if i > 0 {
			all = append(all, nil)
		}
		for report := range strings.SplitSeq(part, "/") {
			b, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(report), " ", ""))
			if err != nil {
				t.Fatal(err)
			}
			if len(b) > 0 {
				all = append(all, b)
			}
		}
	}
	return all
}

// typed makes the reports of a scanner typing in a layout, Enter at the end.
func typed(t testing.TB, layout, text string) [][]byte {
	return scanned(t, sim.Keyboard{Layout: layout, Suffix: "enter", Controls: "ctrl"}, text)
}

func scanned(t testing.TB, k sim.Keyboard, text string) [][]byte {
	all, err := k.Scan("", text)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func feed(d *Decoder, all [][]byte, out *wire.Output) {
	for _, report := range all {
		if report == nil {
			d.Silence(out)
		} else {
			d.Decode(report, out)
		}
	}
}

func decoder(t testing.TB, change func(*Options)) *Decoder {
	o := Defaults()
	o.AIMID = true
	if change != nil {
		change(&o)
	}
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// told writes down all that a decoder said, for comparing.
func told(out *wire.Output) []string {
	var all []string
	for _, s := range out.Sightings {
		line := strings.TrimSpace(fmt.Sprintf("%s %q ", s.AIM, s.Code) + s.Symbology)
		if s.NoRead {
			line += " noread"
		}
		if s.Note != "" {
			line += " " + s.Note
		}
		all = append(all, line)
	}
	for _, f := range out.Faults {
		for _, reason := range []error{wire.ErrTooLong, wire.ErrShort, wire.ErrNoise, wire.ErrRollover, wire.ErrUnmapped} {
			if errors.Is(f, reason) {
				all = append(all, "fault: "+reason.Error())
			}
		}
	}
	return all
}

const up = "/ 00 00 00 00 00 00 00 00 /"

// The vectors of the fact sheet mean what it says, also twice in a row.
func TestVectors(t *testing.T) {
	for _, c := range []struct{ name, reports, want string }{
		{"K01 digits and Enter", "00 00 1E 00 00 00 00 00" + up + "00 00 22 00 00 00 00 00" + up + "00 00 27 00 00 00 00 00" + up +
			"00 00 22 00 00 00 00 00" + up + "00 00 27 00 00 00 00 00" + up + "00 00 1E 00 00 00 00 00" + up + "00 00 28 00 00 00 00 00" + up, `"150501"`},
		{"K02 one report", "00 00 25 00 00 00 00 00 |", `"8" unterminated`},
		{"K03 Shift", "00 00 04 00 00 00 00 00" + up + "02 00 05 00 00 00 00 00" + up + "00 00 1E 00 00 00 00 00" + up + "00 00 28 00 00 00 00 00" + up, `"aB1"`},
		{"K04 Ctrl+] is GS", "01 00 30 00 00 00 00 00" + up + "|", `"\x1d" unterminated`},
		{"K05 Alt and keypad 029 is GS", "04 00 00 00 00 00 00 00 / 04 00 62 00 00 00 00 00 / 04 00 00 00 00 00 00 00 / 04 00 5A 00 00 00 00 00 / 04 00 00 00 00 00 00 00 / 04 00 61 00 00 00 00 00 / 04 00 00 00 00 00 00 00" + up + "|", `"\x1d" unterminated`},
		{"K06 a key twice", "00 00 1E 00 00 00 00 00" + up + "00 00 1E 00 00 00 00 00" + up + "|", `"11" unterminated`},
		{"K07 a report repeated is no second key", "00 00 1E 00 00 00 00 00 / 00 00 1E 00 00 00 00 00" + up + "|", `"1" unterminated`},
		{"K08 two keys in one report", "00 00 04 05 00 00 00 00" + up + "|", `"ab" unterminated`},
		{"K09 right Shift", "20 00 1F 00 00 00 00 00" + up + "|", `"@" unterminated`},
		{"K10 keypad", "00 00 59 00 00 00 00 00" + up + "00 00 62 00 00 00 00 00" + up + "00 00 58 00 00 00 00 00" + up, `"10"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out wire.Output
			d := decoder(t, nil)
			all := reports(t, c.reports)
			if c.name[:3] == "K02" { // the vector has no release, without which the key is not pressed again
				all = append(all, make([]byte, 8))
			}
			feed(d, all, &out)
			feed(d, all, &out)
			if got, want := told(&out), []string{c.want, c.want}; !slices.Equal(got, want) {
				t.Errorf("got %q want %q", got, want)
			}
		})
	}
}

// What else a keyboard scanner does. Every character of the US layout is in
// the first case.
func TestKeyboard(t *testing.T) {
	everything := "aAzZ1!2@3#4$5%6^7&8*9(0) -_=+[{]}\\|;:'\"`~,<.>/?"
	us := func(codes ...string) (all [][]byte) {
		for _, code := range codes {
			all = append(all, typed(t, "us", code)...)
		}
		return all
	}
	enter := "00 00 28 00 00 00 00 00" + up
	for _, c := range []struct {
		name   string
		change func(*Options)
		in     [][]byte
		want   []string
	}{
		{"every US character", nil, us(everything), []string{fmt.Sprintf("%q", everything)}},
		{"an identifier is cut", nil, us("]C10011"), []string{`]C1 "0011" gs1-128`}},
		{"a maker's code id is cut", func(o *Options) { o.AIMID, o.CodeID = false, "honeywell" }, us("d4006381333931"), []string{`]E0 "4006381333931" ean-13`}},
		{"Enter twice is no second code", nil, us("a", "", "b"), []string{`"a"`, `"b"`}},
		{"Enter in a report with the last key", nil, reports(t, "00 00 04 28 00 00 00 00"), []string{`"a"`}},
		{"keys that stay down while others follow", nil, reports(t, "00 00 04 00 00 00 00 00 / 00 00 04 05 00 00 00 00 / 00 00 05 06 00 00 00 00 / 00 00 06 28 00 00 00 00"), []string{`"abc"`}},
		{"a key that is down stays so, wherever it stands in the report", nil, reports(t, "00 00 04 05 06 07 08 09 / 00 00 0A 0B 0C 0D 0E 04 / 00 00 00 00 28 0A 00 00"), []string{`"abcdefghijk"`}},
		{"a key that is in one report twice counts once", nil, reports(t, "00 00 04 04 05 04 28 28"), []string{`"ab"`}},
		{"Shift in a report of its own", nil, reports(t, "02 00 00 00 00 00 00 00 / 02 00 04 00 00 00 00 00 / 02 00 00 00 00 00 00 00 / 00 00 00 00 00 00 00 00 / 00 00 28 00 00 00 00 00"), []string{`"A"`}},
		{"Num Lock is nothing", nil, reports(t, "00 00 53 00 00 00 00 00"+up+"00 00 59 54 63 55 57 56 / 00 00 53 00 00 00 00 00 / 00 00 28 00 00 00 00 00"), []string{`"1/.*+-"`}},
		{"control characters", nil, reports(t, "01 00 04 1F 23 2D 2F 31 / 10 00 1D 28 00 00 00 00"), []string{`"\x01\x00\x1e\x1f\x1b\x1c\x1a"`}},
		{"GS is where a US keyboard has it, on German and French ones too", func(o *Options) { o.Layout = "fr" }, reports(t, "01 00 30 32 00 00 00 00"+up+enter), []string{`"\x1d\x1c"`}},
		{"F8 is GS where the profile says so", func(o *Options) { o.GSKey = "f8" }, reports(t, "00 00 1E 41 1F 28 00 00"), []string{`"1\x1d2"`}},
		{"F13 likewise", func(o *Options) { o.GSKey = "f13" }, reports(t, "00 00 1E 68 1F 28 00 00"), []string{`"1\x1d2"`}},
		{"F8 is told where it does not, and no part of the code", nil, reports(t, "00 00 1E 41 1F 28 00 00"), []string{`"12" key without text`, "fault: key without text"}},
		{"Alt and four digits, a byte above 7F, and a character above FF", nil, slices.Concat(altCode("0029"), altCode("195"), altCode("8364"), us("")), []string{`"\x1d\xc3€"`}},
		{"Alt with a number that is no character", nil, append(altCode("99999999999999999999"), us("a")...), []string{`"a" key without text`, "fault: key without text"}},
		{"Alt alone is nothing", nil, reports(t, "04 00 00 00 00 00 00 00"+up+"00 00 28 00 00 00 00 00"), nil},
		{"Alt that is never released", nil, reports(t, "00 00 04 00 00 00 00 00 / 04 00 59 00 00 00 00 00 |"), []string{`"a" unterminated`, "fault: cut short"}},
		{"a key without text is told, and not part of the code", nil, reports(t, "00 00 04 42 05 28 00 00"), []string{`"ab" key without text`, "fault: key without text"}},
		{"the code after it is not marked", nil, append(reports(t, "00 00 04 42 05 28 00 00"+up), us("x")...), []string{`"ab" key without text`, `"x"`, "fault: key without text"}},
		{"keys with the window key, AltGr or Alt have no text on US", nil, reports(t, "08 00 04 00 00 00 00 00 / 40 00 05 00 00 00 00 00 / 04 00 06 00 00 00 00 00 / 05 00 07 00 00 00 00 00 / 00 00 28 00 00 00 00 00"),
			[]string{"fault: key without text", "fault: key without text", "fault: key without text", "fault: key without text"}},
		{"too many keys, and those before count once", nil, reports(t, "00 00 04 00 00 00 00 00 / 00 00 01 01 01 01 01 01 / 00 00 04 05 00 00 00 00 / 00 00 28 00 00 00 00 00"), []string{`"ab" too many keys`, "fault: too many keys"}},
		{"after silence no key counts as down: its release was lost", nil, reports(t, "00 00 04 00 00 00 00 00 | 00 00 04 00 00 00 00 00"+up+enter), []string{`"a" unterminated`, `"a"`}},
		{"Tab is the suffix", func(o *Options) { o.Suffix = "tab" }, reports(t, "00 00 04 00 00 00 00 00 / 00 00 28 00 00 00 00 00 / 00 00 05 2B 00 00 00 00"), []string{`"a\rb"`}},
		{"silence is the suffix", func(o *Options) { o.Suffix = "none" }, append(us("ab"), nil, nil), []string{`"ab"`}},
		{"Tab is the code's where it is no suffix", nil, reports(t, "00 00 04 2B 05 28 00 00"), []string{`"a\tb"`}},
		{"CR typed with Ctrl is the code's", nil, us("a\rb"), []string{`"a\rb"`}},
		{"CR typed with Ctrl before silence was the suffix", nil, append(scanned(t, sim.Keyboard{Layout: "us", Suffix: "ctrl-m", Controls: "ctrl"}, "a\rb"), nil), []string{`"a\rb"`}},
		{"CR typed with Alt likewise", nil, append(scanned(t, sim.Keyboard{Layout: "us", Alt: "3"}, "ab\r"), nil), []string{`"ab"`}},
		{"too long is said once, and the next code is read", func(o *Options) { o.Max = 3 }, us("12345678901234567890", "123", "1234"), []string{`"123"`, "fault: too long", "fault: too long"}},
		{"reports with a number", func(o *Options) { o.ReportID = 2 }, append(reports(t, "01 00 00"), scanned(t, sim.Keyboard{Layout: "us", Suffix: "enter", ReportID: 2}, "a")...), []string{`"a"`, "fault: noise"}},
		{"a report that is cut", nil, reports(t, "00 00 04 / 00 00 05 28 00 00 00 00"), []string{`"b"`, "fault: cut short"}},
		{"a report that is padded", nil, reports(t, "00 00 05 28 00 00 00 00 00 00 00 00"), []string{`"b"`}},
		{"a report of a keyboard with all keys at once", nil, append(reports(t, "00 00 04 00 00 00 00 00 00 01"), us("b")...), []string{`"b"`, "fault: noise"}},
		{"no-read", func(o *Options) { o.NoRead, o.Ignore = []string{"NR"}, []string{"X"} }, us("NR", "X"), []string{`"NR" noread`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out wire.Output
			feed(decoder(t, c.change), c.in, &out)
			if got := told(&out); !slices.Equal(got, c.want) {
				t.Errorf("got %q want %q", got, c.want)
			}
		})
	}
}

// altCode is Alt held, the digits on the keypad, Alt released.
func altCode(digits string) (all [][]byte) {
	all = append(all, []byte{alt, 0, 0, 0, 0, 0, 0, 0})
	for _, digit := range []byte(digits) {
		usage := byte(keypad0)
		if digit != '0' {
			usage = keypad1 + digit - '1'
		}
		all = append(all, []byte{alt, 0, usage, 0, 0, 0, 0, 0}, []byte{alt, 0, 0, 0, 0, 0, 0, 0})
	}
	return append(all, make([]byte, 8))
}

// Wrong options are all named at once.
func TestWrongOptions(t *testing.T) {
	_, err := New(Options{Layout: "xx", Suffix: "cr", ReportID: 300, GSKey: "f25", Caps: "yes", CodeID: "acme"})
	for _, want := range []string{`"layout" must be one of be, ch, de, es, fr, it, uk, us, not "xx"`, `"suffix"`, `"report_id"`, `"max"`, `"gs_key"`, `"caps"`, `"code_id"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is missing in\n%v", want, err)
		}
	}
}
