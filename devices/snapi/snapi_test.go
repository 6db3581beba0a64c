package snapi

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

// reports reads hex bytes, with | between reports; "silence" is a pause.
func reports(t testing.TB, text string) (all [][]byte) {
	for one := range strings.SplitSeq(text, "|") {
		if strings.TrimSpace(one) == "silence" {
			all = append(all, nil)
			continue
		}
		b, err := hex.DecodeString(strings.Join(strings.Fields(one), ""))
		if err != nil {
			t.Fatal(err)
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

// told writes down all that a decoder said, for comparing.
func told(out *wire.Output) (all []string) {
	for _, s := range out.Sightings {
		line := strings.TrimSpace(fmt.Sprintf("%s %q ", s.AIM, s.Code) + s.Symbology)
		if s.NoRead {
			line += " noread"
		}
		if s.Again {
			line += " again"
		}
		all = append(all, line+fmt.Sprintf(" saved: % X", s.OnSaved))
	}
	for _, a := range out.Answers {
		all = append(all, strings.TrimSpace("answer "+a.Refused))
	}
	for _, r := range out.Replies {
		all = append(all, fmt.Sprintf("reply % X", r))
	}
	for _, f := range out.Faults {
		for _, reason := range []error{wire.ErrTooLong, wire.ErrShort, wire.ErrNoise, wire.ErrGap, wire.ErrUnasked} {
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

// part is a scan report; a long one if of many.
func part(long bool, count, index int, kind uint16, data string) []byte {
	b := []byte{scanReport, byte(count), byte(index), byte(len(data)), byte(kind), byte(kind >> 8)}
	if long {
		b = []byte{longReport, byte(count >> 8), byte(count), byte(index >> 8), byte(index), byte(len(data)), byte(kind), byte(kind >> 8)}
	}
	return append(b, data...)
}

const (
	n01     = "22 01 00 0D 0B 00 34 30 30 36 33 38 31 33 33 33 39 33 31"
	n01Told = `]E0 "4006381333931" ean-13 saved: 01 22 01 00`
	ack     = "reply 01 22 01 00"
	longAck = "reply 01 26 01 00"
)

// The vectors of the fact sheet mean what it says; N02 is the answer to N01,
// and only once the code is saved.
func TestVectors(t *testing.T) {
	in := reports(t, n01)
	if got := run(decoder(t, nil), in); !slices.Equal(got, []string{n01Told}) {
		t.Errorf("N01: got %q", got)
	}
	filled := append(slices.Clone(in[0]), make([]byte, 64-len(in[0]))...)
	if got := run(decoder(t, nil), [][]byte{filled, filled}); !slices.Equal(got, []string{n01Told, n01Told}) {
		t.Errorf("N01 filled up, twice: got %q", got)
	}
}

// A code of several reports is whole or it is nothing, and whatever comes is
// answered, since a scanner that is not answered stalls.
func TestParts(t *testing.T) {
	a, b, c := part(false, 3, 0, 0x1C, "aa"), part(false, 3, 1, 0x1C, "bb"), part(false, 3, 2, 0x1C, "cc")
	whole := `]Q1 "aabbcc" qr saved: 01 22 01 00`
	again := `]Q1 "aabbcc" qr again saved: 01 22 01 00`
	single := reports(t, n01)[0]
	bad := part(false, 3, 1, 0x1C, "bb")
	bad[3] = 3
	var silence []byte
	for _, c := range []struct {
		name   string
		change func(*Options)
		in     [][]byte
		want   []string
	}{
		{"three", nil, [][]byte{a, b, c}, []string{whole, ack, ack}},
		{"three, twice", nil, [][]byte{a, b, c, a, b, c}, []string{whole, whole, ack, ack, ack, ack}},
		{"each came again, its answer was lost", nil, [][]byte{a, a, b, b, c, c}, []string{whole, again, ack, ack, ack, ack}},
		{"the last came again after a pause", nil, [][]byte{a, b, c, silence, c}, []string{whole, again, ack, ack}},
		{"a status in between", nil, [][]byte{a, {0x21, 4, 1, 0}, b, c}, []string{whole, "answer", ack, ack}},
		{"a lost one", nil, [][]byte{a, c, single}, []string{n01Told, ack, ack, "part missing"}},
		{"a lost first", nil, [][]byte{b, c, a, b, c}, []string{whole, ack, ack, ack, ack, "part missing"}},
		{"a lost last", nil, [][]byte{a, b, single, c}, []string{n01Told, ack, ack, ack, "part missing", "part missing"}},
		{"another kind in between", nil, [][]byte{a, part(false, 3, 1, 0x1B, "bb"), c, single}, []string{n01Told, ack, ack, ack, "part missing"}},
		{"the same number with other bytes", nil, [][]byte{a, b, part(false, 3, 1, 0x1C, "xx"), c, single}, []string{n01Told, ack, ack, ack, ack, "part missing"}},
		{"silence before the end", nil, [][]byte{a, b, silence, c, single}, []string{n01Told, ack, ack, ack, "cut short", "part missing"}},
		{"one that can not be read", nil, [][]byte{a, bad, b, c, single}, []string{n01Told, ack, ack, ack, ack, "cut short"}},
		{"one that is cut in its head", nil, [][]byte{{0x22, 1, 0, 5, 0}, single}, []string{n01Told, ack, "cut short"}},
		{"a long one that is cut in its head", nil, [][]byte{{0x26, 0, 1, 0, 0, 5, 0}}, []string{longAck, "cut short"}},
		{"the first of none", nil, [][]byte{{0x22, 0, 0, 0, 0, 0}}, []string{ack, "noise"}},
		{"the fourth of three", nil, [][]byte{a, part(false, 3, 3, 0x1C, "x"), single}, []string{n01Told, ack, ack, "noise"}},
		{"long", nil, [][]byte{part(true, 2, 0, 0x1B, "a"), part(true, 2, 1, 0x1B, "b")}, []string{`]d1 "ab" datamatrix saved: 01 26 01 00`, longAck}},
		{"too long is said once", func(o *Options) { o.Max = 3 }, [][]byte{a, b, c, part(false, 1, 0, 1, "abc")}, []string{`]A0 "abc" code-39 saved: 01 22 01 00`, ack, ack, ack, "too long"}},
		{"a single one that is too long", func(o *Options) { o.Max = 3 }, [][]byte{single}, []string{ack, "too long"}},
		{"no-read and ignored", func(o *Options) { o.NoRead, o.Ignore = []string{"NR"}, []string{"PING"} }, [][]byte{part(false, 1, 0, 1, "NR"), part(false, 1, 0, 1, "PING")},
			[]string{`]A0 "NR" code-39 noread saved: 01 22 01 00`, ack}},
		{"an identifier in the code", func(o *Options) { o.AIMID = true }, [][]byte{part(false, 1, 0, 0x0F, "]C100")}, []string{`]C1 "00" gs1-128 saved: 01 22 01 00`}},
		{"kinds that no list has are kept", nil, [][]byte{part(false, 1, 0, 0xFE, "a"), part(false, 1, 0, 0x10B, "b")}, []string{`"a" saved: 01 22 01 00`, `"b" saved: 01 22 01 00`}},
		{"a programming barcode is no scan", nil, [][]byte{part(false, 1, 0, parameter, "x")}, []string{ack, "unexpected frame"}},
		{"a code without a character", nil, [][]byte{part(false, 1, 0, 1, "")}, []string{ack, "cut short"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := run(decoder(t, c.change), c.in); !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// A long scan has more reports than fit one byte.
func TestLong(t *testing.T) {
	d := decoder(t, nil)
	var out wire.Output
	for i := range 300 {
		d.Decode(part(true, 300, i, 0x1C, "0123456789"), &out)
	}
	if len(out.Sightings) != 1 || out.Sightings[0].Code != strings.Repeat("0123456789", 300) || len(out.Replies) != 299 || len(out.Faults) != 0 {
		t.Errorf("%d sightings, %d replies, %v", len(out.Sightings), len(out.Replies), out.Faults)
	}
}

// What the scanner says of a command is its answer.
func TestStatus(t *testing.T) {
	for text, want := range map[string]string{
		"21 06 01 00": "answer", "21 04 F2 00": "answer error", "21 05 03 00": "answer not supported", "21 06 04 00": "answer not possible now",
		"21 06 0D 00": "answer timed out", "21 06 07 00": "answer status 7", "21 06": "cut short", "21 01 02 00": "unexpected frame",
		"23 00": "unexpected frame",
	} {
		if got := run(decoder(t, nil), reports(t, text)); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: got %q want %q", text, got, want)
		}
	}
	if got := run(decoder(t, nil), [][]byte{{0x24, 1, 2}, {0x21, 1, 1, 0}, {}}); len(got) > 0 {
		t.Errorf("a notification, the status of an acknowledgement and nothing gave %q", got)
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
