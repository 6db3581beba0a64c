package ibmoem

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

// reports reads the notation of the fact sheet: hex bytes, 00*8 for eight of
// one, | between reports, "silence" for a pause.
func reports(t testing.TB, text string) (all [][]byte) {
	for one := range strings.SplitSeq(text, "|") {
		if strings.TrimSpace(one) == "silence" {
			all = append(all, nil)
			continue
		}
		b := []byte{}
		for word := range strings.FieldsSeq(one) {
			digits, times, _ := strings.Cut(word, "*")
			piece, err := hex.DecodeString(digits)
			n := 1
			if times != "" && err == nil {
				n, err = strconv.Atoi(times)
			}
			if err != nil {
				t.Fatal(err)
			}
			b = append(b, slices.Repeat(piece, n)...)
		}
		all = append(all, b)
	}
	return all
}

func decoder(t testing.TB, change func(*Options)) *Decoder {
	o := Defaults()
	if change != nil {
		change(&o)
	}
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func tableTop(o *Options) { o.TableTop = true }

// told writes down all that a decoder said, for comparing.
func told(out *wire.Output) (all []string) {
	for _, s := range out.Sightings {
		line := strings.TrimSpace(fmt.Sprintf("%s %q ", s.AIM, s.Code) + s.Symbology)
		if s.NoRead {
			line += " noread"
		}
		all = append(all, line)
	}
	for _, a := range out.Answers {
		line := "answer"
		for _, f := range a.Facts {
			line += fmt.Sprintf(" %s=%q", f.Name, f.Value)
		}
		if a.Refused != "" {
			line += " refused: " + a.Refused
		}
		all = append(all, line)
	}
	for _, r := range out.Replies {
		all = append(all, fmt.Sprintf("reply % X", r))
	}
	if out.Restarted {
		all = append(all, "restarted")
	}
	for _, f := range out.Faults {
		for _, reason := range []error{wire.ErrTooLong, wire.ErrShort, wire.ErrNoise, wire.ErrGap, wire.ErrHardware, wire.ErrChecksum} {
			if errors.Is(f, reason) {
				all = append(all, reason.Error())
			}
		}
	}
	return all
}

func run(d *Decoder, in [][]byte) []string {
	var out wire.Output
	for _, r := range in {
		if r == nil {
			d.Silence(&out)
		} else {
			d.Decode(r, &out)
		}
	}
	return told(&out)
}

const (
	i01       = "12 10 03 00 39 30 30 31 34 37 35 30 36 37 39 33 33 16"
	i02       = "0F 10 03 00 30 30 30 30 34 39 33 37 00 0A 0B"
	i06a      = "0E 10 03 00 39 30 30 31 34 37 10 10 10 00"
	i06b      = "0C 10 03 00 35 30 36 37 39 33 33 16"
	i10a      = "40 10 03 00 48 54 54 50 53 3A 2F 2F 45 58 41 4D 50 4C 45 2E 4F 52 47 2F 30 31 2F 30 39 35 30 31 31 30 31 35 33 30 30 30 33 2F 31 30 2F 4C 4F 54 2D 32 30 32 36 2D 30 30 34 32 2F 32 31 10 33 0B"
	i10b      = "1F 10 03 00 2F 53 45 52 30*9 31 3F 31 37 3D 32 37 31 32 33 31 00 33 0B"
	ean       = `]E0 "9001475067933" ean-13`
	code39    = `]A0 "00004937" code-39`
	link      = "HTTPS://EXAMPLE.ORG/01/09501101530003/10/LOT-2026-0042/21/SER0000000001?17=271231"
	enableHex = "reply 00 11 00 00 00 00 00 00 00 00 00 00"
)

// The vectors of the fact sheet mean what it says: as they stand, filled up to
// 64 bytes, and twice in a row.
func TestVectors(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Options)
		hex    string
		want   []string
		once   bool
	}{
		{"I01 EAN-13", nil, i01, []string{ean}, false},
		{"I02 Code 39", nil, i02, []string{code39}, false},
		{"I03 the same EAN-13 of a table-top", tableTop, "12 10 03 00 09 00 00 01 04 07 05 00 06 07 09 03 03 16", []string{ean}, false},
		{"I04 alive: enable it", nil, "04 00 01 00", []string{enableHex, "restarted"}, true},
		{"I05 direct I/O went well", nil, "04 00 00 08", []string{"answer"}, false},
		{"I06 two parts, the first with four bytes of kind", nil, i06a + "|" + i06b, []string{ean}, false},
		{"I07 GS1-128", nil, "1B 10 03 00 30 30 33 37 36 31 30 34 32 35 30 30 32 31 32 33 34 35 36 39 00 25 0B", []string{`]C1 "00376104250021234569" gs1-128`}, false},
		{"I10 a QR code of two reports", nil, i10a + "|" + i10b, []string{`]Q1 "` + link + `" qr`}, false},
		{"I11 too short for its kind", nil, "06 10 03 00 35 0B", []string{"cut short"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, want := reports(t, c.hex), c.want
			if !c.once {
				in, want = slices.Concat(in, in), slices.Concat(c.want, c.want)
			}
			if got := run(decoder(t, c.change), in); !slices.Equal(got, want) {
				t.Errorf("got %q want %q", got, want)
			}
			for i, r := range in {
				in[i] = append(slices.Clone(r), make([]byte, 64-len(r))...)
			}
			if got := run(decoder(t, c.change), in); !slices.Equal(got, want) {
				t.Errorf("filled up: got %q want %q", got, want)
			}
		})
	}
}

// A code is whole or it is nothing, and what kind it is comes from its end.
func TestCodes(t *testing.T) {
	const (
		qr   = "09 10 03 00 61 62 10 33 0B"
		rest = "09 10 03 00 63 64 00 33 0B"
	)
	for _, c := range []struct {
		name   string
		change func(*Options)
		hex    string
		want   []string
	}{
		{"UPC-A, UPC-E, EAN-8", nil, "06 10 03 00 31 0D | 06 10 03 00 32 0A | 06 10 03 00 33 0C", []string{`]E0 "1" upc-a`, `]E0 "2" upc-e`, `]E4 "3" ean-8`}},
		{"kinds that no list has are kept", nil, "06 10 03 00 31 7F | 08 10 03 00 32 00 FF 0B", []string{`"1"`, `"2"`}},
		{"a broken kind of four bytes", nil, "0B 10 03 00 41 42 43 04 00 00 00", []string{`"ABC"`}},
		{"an EAN-13 with an add-on of a table-top", tableTop, "09 10 03 00 09 07 00 13 0B", []string{`]E0 "97" ean-13`}},
		{"binary digits are for UPC and EAN only", tableTop, "09 10 03 00 09 07 00 18 0B", []string{`]C0 "\t\a" code-128`}},
		{"a hand-held has none", nil, "06 10 03 00 09 16", []string{`]E0 "\t" ean-13`}},
		{"a table-top that sends text", tableTop, i01, []string{ean}},
		{"NUL in a code", nil, "09 10 03 00 41 00 00 32 0B", []string{`]d1 "A\x00" datamatrix`}},
		{"10 before a single byte of kind means nothing", nil, "08 10 03 00 31 10 10 16", []string{`]E0 "1\x10\x10" ean-13`}},
		{"another kind before the end", nil, qr + "|" + i02, []string{code39, "part missing"}},
		{"UPC or EAN before the end", nil, qr + "|" + i01, []string{ean, "part missing"}},
		{"silence before the end", nil, qr + "| silence |" + rest, []string{`]Q1 "cd" qr`, "cut short"}},
		{"a status in between", nil, qr + "| 04 00 02 00 |" + rest, []string{`]Q1 "abcd" qr`, `answer scanner enabled="yes"`}},
		{"a report that can not be read drops the code around it", nil, qr + "| 41 10 03 00 78 10 33 0B |" + qr + "|" + rest + "|" + i01, []string{ean, "cut short"}},
		{"another kind after it is another code", nil, qr + "| 03 |" + i02, []string{code39, "cut short"}},
		{"a full first report that can not be read", nil, "FF" + i10a[2:] + "|" + i10b + "|" + i01, []string{ean, "cut short"}},
		{"an empty last part", nil, qr + "| 07 10 03 00 00 33 0B", []string{`]Q1 "ab" qr`}},
		{"frames too short", nil, "00 | 03 00 00 00 | 05 10 03 00 16 | 07 10 03 00 00 33 0B | 08 10 03 00 00 00 00 00 | 12 10 03 00 39", slices.Repeat([]string{"cut short"}, 6)},
		{"nothing", nil, " ", nil},
		{"too long is said once", func(o *Options) { o.Max = 5 }, qr + "|" + qr + "|" + qr + "|" + rest + "|" + i01, []string{"too long", "too long"}},
		{"no-read and ignored", func(o *Options) { o.NoRead, o.Ignore = []string{"NR"}, []string{"PING"} }, "09 10 03 00 4E 52 00 0A 0B | 0B 10 03 00 50 49 4E 47 00 0A 0B", []string{`]A0 "NR" code-39 noread`}},
		{"an identifier in the code", func(o *Options) { o.AIMID = true }, "0C 10 03 00 5D 64 32 30 31 00 32 0B", []string{`]d2 "01" datamatrix`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := run(decoder(t, c.change), reports(t, c.hex)); !slices.Equal(got, c.want) {
				t.Errorf("got %q want %q", got, c.want)
			}
		})
	}
}

// What is not a code is a reply, a wish to be enabled, or trouble, in the
// order of the vendor's driver.
func TestStatus(t *testing.T) {
	for _, c := range []struct {
		name, hex string
		want      []string
	}{
		{"hardware error", "04 20 00 00", []string{"device trouble"}},
		{"not ready", "04 80 01 00", []string{"device trouble"}},
		{"being given new firmware", "04 01 00 00", []string{"device trouble"}},
		{"a code beside trouble is none", "12 30 03 00 39 30 30 31 34 37 35 30 36 37 39 33 33 16", []string{"device trouble"}},
		{"a wrong check digit", "12 10 07 00 39 30 30 31 34 37 35 30 36 37 39 33 34 16", []string{"checksum"}},
		{"rejected", "04 00 82 00", []string{"answer refused: command rejected"}},
		{"direct I/O not allowed", "04 00 02 10", []string{"answer refused: direct I/O not allowed"}},
		{"direct I/O undefined", "04 00 02 20", []string{"answer refused: direct I/O undefined"}},
		{"configuration", "0D 02 03 00 01 02 03 04 05 06 07 08 09", []string{`answer configuration="01 02 03 04 05 06 07 08 09"`}},
		{"EAN configuration", "06 04 03 00 0A 0B", []string{`answer EAN/JAN configuration="0A 0B"`}},
		{"configuration taken", "04 00 02 01 | 04 00 02 04", []string{"answer", "answer"}},
		{"configuration taken with changes", "04 00 02 03", []string{`answer configuration="accepted with changes"`}},
		{"direct I/O text", "08 40 03 08 00 31 2E 32", []string{`answer direct I/O="1.2"`}},
		{"direct I/O bytes", "07 40 03 08 00 00 FF", []string{`answer direct I/O="00 FF"`}},
		{"direct I/O without data", "04 40 03 08 | 05 40 03 08 00", []string{"answer", "answer"}},
		{"direct I/O fields of two reports", "0E 40 03 08 01 53 70 3C 53 31 32 33 03 4D | 0A 40 03 08 00 47 34 35 03 0D",
			[]string{`answer direct I/O S="123" direct I/O M="G45"`}},
		{"direct I/O that does not end", "06 40 03 08 01 53 | silence | 06 40 03 08 00 41", []string{`answer direct I/O="A"`, "cut short"}},
		{"enabled", "04 00 03 00", []string{`answer scanner enabled="yes"`}},
		{"disabled", "04 00 00 00", []string{`answer scanner enabled="no"`}},
		{"alive, and enabled by us: that answer is ours", "04 00 01 00 | 04 00 03 00 | 04 00 03 00", []string{`answer scanner enabled="yes"`, enableHex, "restarted"}},
		{"alive a thousand times", strings.Repeat("04 00 01 00 |", 1000), []string{enableHex, "restarted"}},
		{"alive again after a pause", "04 00 01 00 | silence | 04 00 01 00", []string{enableHex, enableHex, "restarted"}},
		{"power cycle", "04 00 01 00 | 04 00 03 00 |" + i01 + "| 04 00 01 00", []string{ean, enableHex, enableHex, "restarted"}},
		{"an answer that never came is not waited for", "04 00 01 00 | silence | 04 00 03 00", []string{`answer scanner enabled="yes"`, enableHex, "restarted"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := run(decoder(t, nil), reports(t, c.hex)); !slices.Equal(got, c.want) {
				t.Errorf("got %q want %q", got, c.want)
			}
		})
	}
}

// A direct I/O reply that does not end is bounded, and told.
func TestDirectIsBounded(t *testing.T) {
	d := decoder(t, nil)
	var out wire.Output
	for range 1000 {
		d.Decode(append([]byte{64, directData, 3, directOK, 1}, make([]byte, 59)...), &out)
		if len(d.direct) > mostDirect {
			t.Fatalf("keeps %d bytes", len(d.direct))
		}
	}
	if got := told(&out); len(got) == 0 || slices.ContainsFunc(got, func(s string) bool { return s != "noise" }) {
		t.Errorf("got %q", got)
	}
}

// The reply to "alive" is the caller's, who may change it.
func TestReplyIsCopied(t *testing.T) {
	var out wire.Output
	decoder(t, nil).Decode([]byte{4, 0, 1, 0}, &out)
	clear(out.Replies[0])
	if got := run(decoder(t, nil), [][]byte{{4, 0, 1, 0}}); !slices.Equal(got, []string{enableHex, "restarted"}) {
		t.Errorf("got %q", got)
	}
}

// Wrong options are all named at once.
func TestWrongOptions(t *testing.T) {
	_, err := New(Options{CodeID: "acme", Ignore: []string{""}})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`"code_id"`, `"max"`, `"ignore"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in\n%v", want, err)
		}
	}
}
