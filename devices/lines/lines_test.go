package lines

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

// bytesOf reads the notation of the fact sheet: hex bytes with spaces.
func bytesOf(t testing.TB, text string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func options(change func(*Options)) Options {
	o := Defaults()
	o.End = []string{"\r\n", "\r"}
	o.AIMID = true
	o.NoRead = []string{"NR", "BNR", "NoRead", "ERROR"}
	o.Ignore = []string{"OK,LON", "]Z6"}
	if change != nil {
		change(&o)
	}
	return o
}

func decoder(t testing.TB, o Options) *Decoder {
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
		if s.OnSaved != nil {
			line += fmt.Sprintf(" then %q", s.OnSaved)
		}
		all = append(all, line)
	}
	for _, f := range out.Faults {
		for _, reason := range []error{wire.ErrTooLong, wire.ErrShort, wire.ErrNoise, wire.ErrParity} {
			if errors.Is(f, reason) {
				all = append(all, reason.Error())
			}
		}
	}
	for _, r := range out.Replies {
		all = append(all, fmt.Sprintf("at once %q", r))
	}
	return all
}

// The vectors of the fact sheet mean what it says, in one piece, byte by byte
// and when they follow each other without a pause.
func TestVectors(t *testing.T) {
	stx := func(o *Options) { o.Prefix, o.End = "\x02", []string{"\x03"} }
	idle := func(o *Options) { o.End = nil }
	ids := func(set string) func(*Options) {
		return func(o *Options) { o.AIMID, o.CodeID = false, set }
	}
	read := func(code string) []string { // 7 data bits with even parity
		return []string{fmt.Sprintf("%q noread the scanner sends 7 data bits with even parity, and the station reads 8 without", code)}
	}
	for _, c := range []struct {
		name    string
		change  func(*Options)
		hex     string
		silence bool
		want    []string
	}{
		{"L01 AIM identifier, CR LF", nil, "5D 43 31 30 30 33 37 36 31 30 34 32 35 30 30 32 31 32 33 34 35 36 39 0D 0A", false,
			[]string{`]C1 "00376104250021234569" gs1-128`}},
		{"L02 a second CR is no second code", nil, "34 30 30 36 33 38 31 33 33 33 39 33 31 0D 0D 0A", false, []string{`"4006381333931"`}},
		{"L03 GS stays in the code", nil, "5D 64 32 30 31 30 39 35 30 31 31 30 31 35 33 30 30 30 33 31 30 4C 31 1D 32 31 31 0D", false,
			[]string{`]d2 "010950110153000310L1\x1d211" gs1-datamatrix`}},
		{"L04 STX and ETX", stx, "02 34 30 30 36 33 38 31 33 33 33 39 33 31 03", false, []string{`"4006381333931"`}},
		{"L05 no-read", nil, "4E 52 0D 0A", false, []string{`"NR" noread`}},
		{"L06 no-read with a vendor's code id, which is configured as text", nil, "42 4E 52 0D 0A", false, []string{`"BNR" noread`}},
		{"L06 no-read with a vendor's code id", ids("symbol"), "42 4E 52 0D 0A", false, []string{`]A0 "NR" code-39 noread`}},
		{"L07 CR in a code ends it where CR is the terminator", nil, "5D 51 31 6C 69 6E 65 31 0D 6C 69 6E 65 32 0D", false,
			[]string{`]Q1 "line1" qr`, `"line2"`}},
		{"L07 CR in a code stays where silence ends it", idle, "5D 51 31 6C 69 6E 65 31 0D 6C 69 6E 65 32 0D", true,
			[]string{`]Q1 "line1\rline2" qr`}},
		{"L08 the wrong parity is told, and what it most likely was", nil, "B4 30 30 36 33 B8 B1 33 33 33 39 33 B1 8D", true, read("4006381333931")},
		{"L08 where silence ends the code", idle, "B4 30 30 36 33 B8 B1 33 33 33 39 33 B1 8D", true, read("4006381333931")},
		{"L09 an add-on's identifier stays in the code", nil, "5D 45 30 30 30 31 32 33 34 35 36 37 38 39 30 35 5D 45 31 31 30 0D", false,
			[]string{`]E0 "0012345678905]E110" ean-13`}},
		{"L10 Symbol's P0Q", ids("symbol"), "50 30 51 30 31 30 39 35 30 31 31 30 31 35 33 30 30 30 33 0D 0A", false, []string{`]Q3 "0109501101530003" gs1-qr`}},
		{"L11 Symbol's K", ids("symbol"), "4B 30 30 33 37 36 31 30 34 32 35 30 30 32 31 32 33 34 35 36 39 0D", false, []string{`]C1 "00376104250021234569" gs1-128`}},
		{"L11 stays in the code where no code ids are configured", nil, "4B 30 30 33 37 36 31 30 34 32 35 30 30 32 31 32 33 34 35 36 39 0D", false, []string{`"K00376104250021234569"`}},
		{"L12 Datalogic's F", ids("datalogic-usa"), "46 39 30 30 31 34 37 35 30 36 37 39 33 33 0D", false, []string{`]E0 "9001475067933" ean-13`}},
		{"L13 an empty line is nothing", nil, "0D 0A", false, nil},
		{"A01", nil, "5D 43 31 30 31 31 32 33 31 32 33 31 32 33 31 32 33 33 33 31 30 41 42 43 31 32 33 1D 39 39 54 45 53 54 49 4E 47 0D", false,
			[]string{`]C1 "011231231231233310ABC123\x1d99TESTING" gs1-128`}},
		{"A02", nil, "5D 64 32 30 31 31 32 33 31 32 33 31 32 33 31 32 33 33 33 31 30 41 42 43 31 32 33 1D 39 39 54 45 53 54 49 4E 47 0D", false,
			[]string{`]d2 "011231231231233310ABC123\x1d99TESTING" gs1-datamatrix`}},
		{"A03 a trailing GS is kept here", nil, "5D 51 33 30 31 31 32 33 31 32 33 31 32 33 31 32 33 33 33 31 30 41 42 43 31 32 33 1D 39 39 54 45 53 54 49 4E 47 1D 0D", false,
			[]string{`]Q3 "011231231231233310ABC123\x1d99TESTING\x1d" gs1-qr`}},
		{"A04", nil, "5D 45 30 30 34 31 36 30 30 30 33 33 36 31 30 38 0D", false, []string{`]E0 "0416000336108" ean-13`}},
		{"A05", nil, "5D 45 34 30 32 33 34 35 36 37 33 0D", false, []string{`]E4 "02345673" ean-8`}},
		{"A06 a composite stays in the code", nil, "5D 45 30 32 31 31 32 33 34 35 36 37 38 39 30 30 7C 5D 65 30 39 39 43 4F 4D 50 4F 53 49 54 45 1D 39 38 58 59 5A 0D", false,
			[]string{`]E0 "2112345678900|]e099COMPOSITE\x1d98XYZ" ean-13`}},
		{"A07", nil, "5D 65 30 30 31 32 34 30 31 32 33 34 35 36 37 38 39 30 35 39 39 43 4F 4D 50 4F 53 49 54 45 1D 39 38 58 59 5A 0D", false,
			[]string{`]e0 "012401234567890599COMPOSITE\x1d98XYZ" gs1-databar`}},
		{"A08", nil, "5D 65 30 30 31 31 30 30 31 32 33 34 35 36 37 38 39 30 32 0D", false, []string{`]e0 "0110012345678902" gs1-databar`}},
		{"A09", nil, "5D 4A 31 30 31 31 32 33 31 32 33 31 32 33 31 32 33 33 33 31 30 41 42 43 31 32 33 1D 39 39 54 45 53 54 49 4E 47 0D", false,
			[]string{`]J1 "011231231231233310ABC123\x1d99TESTING" gs1-dotcode`}},
		{"A10", nil, "5D 41 37 41 49 4D 49 44 0D", false, []string{`]A7 "AIMID" code-39`}},
		{"A11", nil, "5D 49 30 34 31 32 33 0D", false, []string{`]I0 "4123" itf`}},
		{"A12", nil, "5D 58 30 34 31 32 33 35 36 0D", false, []string{`]X0 "412356"`}},
		{"F05 SICK's no-read", stx, "02 4E 6F 52 65 61 64 03", false, []string{`"NoRead" noread`}},
		{"F06 Keyence's echo of a command", nil, "4F 4B 2C 4C 4F 4E 0D", false, nil},
		{"F07 Keyence's read error", nil, "45 52 52 4F 52 0D", false, []string{`"ERROR" noread`}},
		{"S31 a no-read with an AIM identifier", nil, "5D 41 30 4E 52 0D", false, []string{`]A0 "NR" code-39 noread`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := bytesOf(t, c.hex)
			want := slices.Concat(c.want, c.want) // the same again, glued to the first unless silence is its end
			if !c.silence {
				in = slices.Concat(in, in)
			}
			for range strings.Count(strings.Join(want, " "), "parity") {
				want = append(want, wire.ErrParity.Error()) // told after the sightings
			}
			for size := 1; size <= len(in); size++ {
				var out wire.Output
				d := decoder(t, options(c.change))
				for range 2 {
					for chunk := range slices.Chunk(in, size) {
						d.Decode(chunk, &out)
					}
					if !c.silence {
						break
					}
					d.Silence(&out)
				}
				if got := told(&out); !slices.Equal(got, want) {
					t.Fatalf("in pieces of %d: got %q want %q", size, got, want)
				}
			}
		})
	}
}

// What else can happen on a line. A "|" in the input is silence.
func TestLines(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Options)
		in     string
		want   []string
	}{
		{"without its terminator a code is not lost", nil, "4006|123\r", []string{`"4006" unterminated`, `"123"`}},
		{"CR is the code's where only CR LF ends it", func(o *Options) { o.End = []string{"\r\n"} }, "a\rb\r\nc\r\r\n", []string{`"a\rb"`, `"c\r"`}},
		{"half a terminator before silence is no part of the code", func(o *Options) { o.End = []string{"\r\n"} }, "a\r|\nb\r\n", []string{`"a" unterminated`, `"b"`}},
		{"LF after CR is swallowed although only CR was configured", func(o *Options) { o.End = []string{"\r"} }, "\na\r\nb\r|\nc\r", []string{`"a"`, `"b"`, `"c"`}},
		{"double CR LF", func(o *Options) { o.End = []string{"\r\n"} }, "a\r\n\r\nb\r\n\r\n", []string{`"a"`, `"b"`}},
		{"the longer terminator wins", func(o *Options) { o.End = []string{"#", "!#"} }, "a!#b#", []string{`"a"`, `"b"`}},
		{"the longer terminator is swallowed", func(o *Options) { o.End = []string{"#", "#!"} }, "a#!b#c#", []string{`"a"`, `"b"`, `"c"`}},
		{"a doubled terminator leaves the next code whole", func(o *Options) { o.End = []string{"##"} }, "a###b##", []string{`"a"`, `"#b"`}},
		{"TAB, NUL", func(o *Options) { o.End = []string{"\t", "\x00"} }, "a\tb\x00", []string{`"a"`, `"b"`}},
		{"FS, GS, RS, US, EOT and bytes above 7F are the code's", nil, "[)>\x1e06\x1dP1\x1c\x1f\x1e\x04\xff\x80\r", []string{`"[)>\x1e06\x1dP1\x1c\x1f\x1e\x04\xff\x80"`}},
		{"too long is said once, and the next code is read", func(o *Options) { o.Max = 4 }, "123456789012345\r1234\r12345\r", []string{`"1234"`, "too long", "too long"}},
		{"too long ends with silence", func(o *Options) { o.Max = 4 }, "123456789012345|12\r", []string{`"12"`, "too long"}},
		{"the limit is for the code, not for its identifier and terminator", func(o *Options) { o.Max, o.End = 4, []string{"\r\n"} }, "]C11234\r\n]C112345\r\n12345\r\n", []string{`]C1 "1234" gs1-128`, "too long", "too long"}},
		{"silence ends codes, and their suffix is none of theirs", func(o *Options) { o.End = nil }, "a|b\r|c\r\n|\r\n|d\t|", []string{`"a"`, `"b"`, `"c"`, `"d\t"`}},
		{"an identifier alone is no code", nil, "]C1\r", []string{"cut short"}},
		{"identifiers stay where none is configured", func(o *Options) { o.AIMID = false }, "]C1123\r", []string{`"]C1123"`}},
		{"a bracket is no identifier", nil, "]?1x\r]C\r", []string{`"]?1x"`, `"]C"`}},
		{"noise before the prefix", func(o *Options) { o.Prefix = "\x02" }, "xy\x02123\r", []string{`"123"`, "noise"}},
		{"a line without the prefix", func(o *Options) { o.Prefix = "AB" }, "123\rAB4\rAB\rA|", []string{`"4"`, "noise", "noise"}},
		{"CR LF between a suffix and the next prefix is no noise", func(o *Options) { o.Prefix, o.End = "\x02", []string{"\x03"} }, "\x021\x03\r\n\x022\x03\r\n|", []string{`"1"`, `"2"`}},
		{"a prefix that begins with LF", func(o *Options) { o.Prefix, o.End = "\n", []string{"\r"} }, "\n12\r\n34\r56\r", []string{`"12"`, `"34"`, "noise"}},
		{"LF CR is one terminator", func(o *Options) { o.End = []string{"\n\r"} }, "a\n\rb\n\r", []string{`"a"`, `"b"`}},
		{"STX, CR ETX", func(o *Options) { o.Prefix, o.End = "\x02", []string{"\r\x03"} }, "\x021\r\x03\x022\r3\r\x03", []string{`"1"`, `"2\r3"`}},
		{"doubled TAB, ETX, NUL", func(o *Options) { o.End = []string{"\t", "\x03", "\x00"} }, "a\t\tb\x03\x03c\x00\x00", []string{`"a"`, `"b"`, `"c"`}},
		{"a code id that its set does not have stays", func(o *Options) { o.CodeID = "honeywell" }, "d123\rZ123\r]C1123\r", []string{`]E0 "123" ean-13`, `"Z123"`, `]C1 "123" gs1-128`}},
		{"the limit is not for the code id", func(o *Options) { o.Max, o.CodeID, o.AIMID = 4, "symbol", false }, "P0Q1234\rK1234\r12345\r", []string{`]Q3 "1234" gs1-qr`, `]C1 "1234" gs1-128`, "too long"}},
		{"saved is acknowledged, once", func(o *Options) { o.Ack = "\x06" }, "12\r\nNR\r\n\r\n|34|", []string{`"12" then "\x06"`, `"NR" noread then "\x06"`, `"34" unterminated then "\x06"`}},
		{"what is never saved is acknowledged at once", func(o *Options) { o.Ack, o.Max = "\x06", 6 }, "1234567\rOK,LON\r123456789012345\r1234567890123456|", []string{"too long", "too long", "too long", `at once "\x06"`, `at once "\x06"`, `at once "\x06"`, `at once "\x06"`}},
		{"noise is not acknowledged", func(o *Options) { o.Ack, o.Prefix = "\x06", "\x02" }, "12\r", []string{"noise"}},
		{"any digit in a no-read", func(o *Options) { o.NoRead = []string{"ERR[0-9][0-9]"} }, "ERR17\rERR1\rERR[0-9][0-9]\r", []string{`"ERR17" noread`, `"ERR1"`, `"ERR[0-9][0-9]"`}},
		{"no-read only if the whole line says so", nil, "NR1\r1NR\rNR\r", []string{`"NR1"`, `"1NR"`, `"NR" noread`}},
		{"an ignored identifier is matched with it", nil, "]Z6\r]Z61\r", []string{`]Z6 "1"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range []int{1, 2, 3, 1000} {
				var out wire.Output
				d := decoder(t, options(c.change))
				for i, piece := range strings.Split(c.in, "|") {
					if i > 0 {
						d.Silence(&out)
					}
					for chunk := range slices.Chunk([]byte(piece), size) {
						d.Decode(chunk, &out)
					}
				}
				if got := told(&out); !slices.Equal(got, c.want) {
					t.Fatalf("in pieces of %d: got %q want %q", size, got, c.want)
				}
			}
		})
	}
}

// The half that arrived is not reported; what follows completes it.
func TestCutInTwo(t *testing.T) {
	d := decoder(t, options(nil))
	var out wire.Output
	d.Decode(bytesOf(t, "5D 64 32 30 31 30 39 35 30 31"), &out)
	if got := told(&out); len(got) != 0 {
		t.Fatalf("half a code gave %q", got)
	}
	d.Decode(bytesOf(t, "31 30 31 35 33 30 30 30 33 31 30 4C 31 1D 32 31 31 0D"), &out)
	if got, want := told(&out), []string{`]d2 "010950110153000310L1\x1d211" gs1-datamatrix`}; !slices.Equal(got, want) {
		t.Fatalf("got %q want %q", got, want)
	}
}

// Wrong options are all named at once.
func TestWrongOptions(t *testing.T) {
	_, err := New(Options{Max: 70000, End: []string{"\r\n\r", ""}, Prefix: strings.Repeat("x", 40), Ack: strings.Repeat("y", 33), NoRead: []string{""}, CodeID: "zebra"})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`"max"`, `"end" must be of one or two bytes, not "\r\n\r"`, `not ""`, `"prefix"`, `"ack" must be at most 32 bytes, not 33`, `"noread"`, `"code_id" must be one of none, datalogic-eu, datalogic-usa, honeywell, symbol, not "zebra"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in\n%v", want, err)
		}
	}
}
