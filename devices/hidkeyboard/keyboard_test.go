package hidkeyboard

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

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

// typed makes the reports of a scanner typing US characters, each released.
func typed(text string) (all [][]byte) {
	k := layouts["us"].keys()
	for _, char := range text {
		if char == '\n' {
			all = append(all, []byte{0, 0, keyEnter, 0, 0, 0, 0, 0}, make([]byte, 8))
			continue
		}
		for usage := range k.char {
			if k.char[usage][levelPlain] == char {
				all = append(all, []byte{0, 0, byte(usage), 0, 0, 0, 0, 0}, make([]byte, 8))
				break
			} else if k.char[usage][levelShift] == char {
				all = append(all, []byte{2, 0, byte(usage), 0, 0, 0, 0, 0}, make([]byte, 8))
				break
			}
		}
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
// the last case.
func TestKeyboard(t *testing.T) {
	everything := "aAzZ1!2@3#4$5%6^7&8*9(0) -_=+[{]}\\|;:'\"`~,<.>/?"
	for _, c := range []struct {
		name   string
		change func(*Options)
		in     [][]byte
		want   []string
	}{
		{"every US character", nil, typed(everything + "\n"), []string{fmt.Sprintf("%q", everything)}},
		{"an identifier is cut", nil, typed("]C10011\n"), []string{`]C1 "0011" gs1-128`}},
		{"Enter twice is no second code", nil, typed("a\n\nb\n"), []string{`"a"`, `"b"`}},
		{"Enter in a report with the last key", nil, reports(t, "00 00 04 28 00 00 00 00"), []string{`"a"`}},
		{"keys that stay down while others follow", nil, reports(t, "00 00 04 00 00 00 00 00 / 00 00 04 05 00 00 00 00 / 00 00 05 06 00 00 00 00 / 00 00 06 28 00 00 00 00"), []string{`"abc"`}},
		{"Shift in a report of its own", nil, reports(t, "02 00 00 00 00 00 00 00 / 02 00 04 00 00 00 00 00 / 02 00 00 00 00 00 00 00 / 00 00 00 00 00 00 00 00 / 00 00 28 00 00 00 00 00"), []string{`"A"`}},
		{"Caps Lock turns letters over, and nothing else", nil, reports(t, "00 00 39 00 00 00 00 00"+up+"00 00 04 1E 00 00 00 00 / 02 00 05 1F 00 00 00 00 / 00 00 39 00 00 00 00 00 / 00 00 06 28 00 00 00 00"), []string{`"A1b@c"`}},
		{"Num Lock is nothing", nil, reports(t, "00 00 53 00 00 00 00 00"+up+"00 00 59 54 63 55 57 56 / 00 00 53 00 00 00 00 00 / 00 00 28 00 00 00 00 00"), []string{`"1/.*+-"`}},
		{"control characters", nil, reports(t, "01 00 04 1F 23 2D 2F 31 / 10 00 1D 28 00 00 00 00"), []string{`"\x01\x00\x1e\x1f\x1b\x1c\x1a"`}},
		{"Alt and four digits, a byte above 7F, and a character above FF", nil, append(append(altCode("0029"), append(altCode("195"), altCode("8364")...)...), typed("\n")...), []string{`"\x1d\xc3€"`}},
		{"Alt with a number that is no character", nil, append(altCode("99999999999999999999"), typed("a\n")...), []string{`"a" key without text`, "fault: key without text"}},
		{"Alt alone is nothing", nil, reports(t, "04 00 00 00 00 00 00 00"+up+"00 00 28 00 00 00 00 00"), nil},
		{"Alt that is never released", nil, reports(t, "00 00 04 00 00 00 00 00 / 04 00 59 00 00 00 00 00 |"), []string{`"a" unterminated`, "fault: cut short"}},
		{"a key without text is told, and not part of the code", nil, reports(t, "00 00 04 41 05 28 00 00"), []string{`"ab" key without text`, "fault: key without text"}},
		{"the code after it is not marked", nil, append(reports(t, "00 00 04 41 05 28 00 00"+up), typed("x\n")...), []string{`"ab" key without text`, `"x"`, "fault: key without text"}},
		{"keys with the window key or AltGr have no text on US", nil, reports(t, "08 00 04 00 00 00 00 00 / 40 00 05 00 00 00 00 00 / 04 00 06 00 00 00 00 00 / 00 00 28 00 00 00 00 00"), []string{"fault: key without text", "fault: key without text", "fault: key without text"}},
		{"too many keys, and those before count once", nil, reports(t, "00 00 04 00 00 00 00 00 / 00 00 01 01 01 01 01 01 / 00 00 04 05 00 00 00 00 / 00 00 28 00 00 00 00 00"), []string{`"ab" too many keys`, "fault: too many keys"}},
		{"Tab is the suffix", func(o *Options) { o.Suffix = "tab" }, reports(t, "00 00 04 00 00 00 00 00 / 00 00 28 00 00 00 00 00 / 00 00 05 2B 00 00 00 00"), []string{`"a\rb"`}},
		{"silence is the suffix", func(o *Options) { o.Suffix = "none" }, append(typed("ab\n"), nil, nil), []string{`"ab"`}},
		{"Tab is the code's where it is no suffix", nil, reports(t, "00 00 04 2B 05 28 00 00"), []string{`"a\tb"`}},
		{"too long is said once, and the next code is read", func(o *Options) { o.Max = 3 }, typed("12345678901234567890\n123\n1234\n"), []string{`"123"`, "fault: too long", "fault: too long"}},
		{"reports with a number", func(o *Options) { o.ReportID = 2 }, reports(t, "02 00 00 04 00 00 00 00 00 / 01 00 00 / 02 00 00 28 00 00 00 00 00"), []string{`"a"`, "fault: noise"}},
		{"a report that is cut", nil, reports(t, "00 00 04 / 00 00 05 28 00 00 00 00"), []string{`"b"`, "fault: cut short"}},
		{"no-read", func(o *Options) { o.NoRead, o.Ignore = []string{"NR"}, []string{"X"} }, typed("NR\nX\n"), []string{`"NR" noread`}},
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

// A layout's rows do not overlap, and their levels are of one length, as
// nothing else would notice a slip in a table.
func TestLayouts(t *testing.T) {
	for name, l := range layouts {
		seen := map[byte]bool{}
		for _, row := range slices.Concat(l, common) {
			n := len([]rune(row.plain))
			for _, level := range []string{row.shift, row.altGr, row.altGrUp} {
				if level != "" && len([]rune(level)) != n {
					t.Errorf("%s: row %02x has %d keys and %q", name, row.first, n, level)
				}
			}
			for i := range n {
				if usage := row.first + byte(i); seen[usage] {
					t.Errorf("%s: key %02x is there twice", name, usage)
				} else {
					seen[usage] = true
				}
			}
		}
	}
}

// Wrong options are all named at once.
func TestWrongOptions(t *testing.T) {
	_, err := New(Options{Layout: "xx", Suffix: "cr", ReportID: 300})
	for _, want := range []string{`"layout" must be one of us, not "xx"`, `"suffix"`, `"report_id"`, `"max"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is missing in\n%v", want, err)
		}
	}
}

// Whatever reports come, however often each is repeated by the device, the
// same codes come out, and no more is kept than the longest code.
func FuzzDecode(f *testing.F) {
	join := func(all [][]byte) (b []byte) { return slices.Concat(all...) }
	f.Add(join(typed("]C1aB1\n")), uint16(10), false)
	f.Add(join(altCode("0029")), uint16(3), true)
	f.Add(slices.Concat(make([]byte, 8), []byte{0, 0, 1, 1, 1, 1, 1, 1}, join(typed("abc\n"))), uint16(2), true)
	f.Fuzz(func(t *testing.T, in []byte, longest uint16, none bool) {
		change := func(o *Options) {
			o.Max = max(1, int(longest))
			if none {
				o.Suffix = "none"
			}
		}
		run := func(times int) []string {
			d := decoder(t, change)
			var out wire.Output
			for report := range slices.Chunk(in, 8) {
				for range times {
					if len(report) > 2 && report[1] == 0xFE {
						d.Silence(&out)
					} else {
						d.Decode(slices.Clone(report), &out)
					}
				}
				if len(d.code) > d.limit {
					t.Fatalf("keeps %d bytes, limit %d", len(d.code), d.limit)
				}
			}
			return told(&out)[:len(out.Sightings)] // faults come after them, and a broken report is told each time
		}
		if once, twice := run(1), run(2); !slices.Equal(once, twice) {
			t.Errorf("each report once %q, twice %q", once, twice)
		}
	})
}

// One code of 20 digits, typed, to a sighting.
func BenchmarkDecode(b *testing.B) {
	d := decoder(b, nil)
	in := typed("]C100376104250021234569\n")
	var out wire.Output
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		feed(d, in, &out)
	}
	if len(out.Sightings) != 1 {
		b.Fatal(told(&out))
	}
}

// A code takes at most two allocations.
func TestAllocations(t *testing.T) {
	d := decoder(t, nil)
	in := typed("]C100376104250021234569\n")
	var out wire.Output
	if n := testing.AllocsPerRun(100, func() { out.Reset(); feed(d, in, &out) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}
