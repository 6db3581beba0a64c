package ssi

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

// bytesOf reads the notation of the fact sheet: hex bytes with spaces, and
// 41*250 for many of one.
func bytesOf(t testing.TB, text string) []byte {
	var all []byte
	for word := range strings.FieldsSeq(text) {
		digits, times, many := strings.Cut(word, "*")
		b, err := hex.DecodeString(digits)
		n := 1
		if many && err == nil {
			n, err = strconv.Atoi(times)
		}
		if err != nil {
			t.Fatalf("%q: %v", word, err)
		}
		all = append(all, bytes.Repeat(b, n)...)
	}
	return all
}

// packet makes what a scanner sends: opcode, source, status and data, without
// the help of the decoder.
func packet(opcode, source, status byte, data string) []byte {
	p := append([]byte{byte(4 + len(data)), opcode, source, status}, data...)
	sum := 0
	for _, b := range p {
		sum += int(b)
	}
	return append(p, byte((0x10000-sum)>>8), byte(0x10000-sum))
}

func options(change func(*Options)) Options {
	o := Defaults()
	o.End = []string{"\r\n", "\r"}
	o.AIMID = true
	o.NoRead = []string{"NR"}
	o.Ignore = []string{"?"}
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

const (
	ackHex    = "04 D0 04 00 FF 28"
	resendHex = "05 D1 04 00 01 FF 25"
)

// told writes down all that a decoder said, for comparing.
func told(out *wire.Output) []string {
	var all []string
	for _, s := range out.Sightings {
		line := fmt.Sprintf("%s %q %s", s.AIM, s.Code, s.Symbology)
		for text, is := range map[string]bool{" noread": s.NoRead, " again": s.Again, " (" + s.Note + ")": s.Note != ""} {
			if is {
				line += text
			}
		}
		if s.OnSaved != nil {
			line += fmt.Sprintf(", saved % X", s.OnSaved)
		}
		all = append(all, strings.TrimSpace(strings.ReplaceAll(line, ackHex, "ack")))
	}
	for _, r := range out.Replies {
		all = append(all, strings.NewReplacer(ackHex, "ack", resendHex, "resend").Replace(fmt.Sprintf("% X", r)))
	}
	for _, a := range out.Answers {
		line := "answer"
		for _, f := range a.Facts {
			line += fmt.Sprintf(" %s=%s", f.Name, f.Value)
		}
		if a.Refused != "" {
			line += " refused " + a.Refused
		}
		all = append(all, line)
	}
	for _, f := range out.Faults {
		found := false
		for _, reason := range []error{wire.ErrTooLong, wire.ErrShort, wire.ErrChecksum, wire.ErrNoise, wire.ErrUnasked, wire.ErrGap} {
			if errors.Is(f, reason) {
				all, found = append(all, "fault "+reason.Error()), true
			}
		}
		if !found {
			all = append(all, "fault without a reason: "+f.Error())
		}
	}
	if out.Restarted {
		all = append(all, "restarted")
	}
	return all
}

// feed sends pieces, cut to size, with a silence between them.
func feed(d *Decoder, size int, out *wire.Output, pieces ...[]byte) {
	for i, piece := range pieces {
		if i > 0 {
			d.Silence(out)
		}
		for chunk := range slices.Chunk(piece, size) {
			d.Decode(chunk, out)
		}
	}
}

// every feeds pieces in every size and expects the same each time.
func every(t *testing.T, o Options, want []string, pieces ...[]byte) {
	t.Helper()
	longest := 1
	for _, p := range pieces {
		longest = max(longest, len(p))
	}
	for size := 1; size <= longest; size++ {
		var out wire.Output
		feed(decoder(t, o), size, &out, pieces...)
		if got := told(&out); !slices.Equal(got, want) {
			t.Fatalf("in pieces of %d:\ngot  %q\nwant %q", size, got, want)
		}
	}
}

// What a scanner sends in the vectors of the fact sheet means what it says,
// however it is chopped.
func TestVectors(t *testing.T) {
	ean := `]E0 "4006381333931" ean-13, saved ack`
	for _, c := range []struct {
		name, hex string
		want      []string
	}{
		{"S02 no-read", "07 F3 00 00 01 4E 52 FE 65", []string{`]A0 "NR" code-39 noread, saved ack`}},
		{"S06 the status 80 of a ring scanner", "04 D0 00 80 FE AC", []string{"answer"}},
		{"S07 an event is acknowledged", "05 F6 00 00 20 FE E5", []string{"ack"}},
		{"S08 a parameter of 16 bits", "0A C6 00 00 FF F4 F0 3E 04 FF FB 0C", []string{"ack", "answer 318=1279"}},
		{"S09 two parameters", "09 C6 00 00 FF 01 00 9C 07 FD 8E", []string{"ack", "answer 1=0 156=7"}},
		{"S11 packet size", "0C 80 00 00 00 08 20 00 00 F0 00 F0 FD 6C", []string{"answer packet size=240"}},
		{"S13 an array", "21 80 00 00 00 1D 02 00 27 4D 41 01 42 00 0E 00 00 00 00 01 03 02 03 03 03 04 03 05 03 06 03 FF FF FC 15",
			[]string{"answer attribute 10061=00 00 01 03 02 03 03 03 04 03 05 03 06 03"}},
		{"S14 model and serial number",
			"3E 80 00 80 00 3A 02 00 02 15 53 01 00 13 00 00 52 53 35 31 42 30 2D 54 42 53 4E 57 52 20 20 20 20 20 00 02 16 53 01 00 11 00 00 53 32 30 31 34 30 35 32 33 30 32 30 31 34 34 20 00 FF FF F4 34",
			[]string{"answer attribute 533=RS51B0-TBSNWR attribute 534=S20140523020144"}},
		{"S15 500 characters in three segments",
			"FF 73 02 00 00 F3 00 00 01 F7 1C 01 01 F4 5A*241 A6 D5 FF 73 00 00 01 5A*250 A6 A9 0E 73 00 00 02 5A*9 FC 53",
			[]string{`]Q1 "` + strings.Repeat("Z", 500) + `" qr, saved ack`, "04 74 04 00 FF 84", "04 74 04 00 FF 84"}},
		{"S16", "12 F3 00 00 0B 34 30 30 36 33 38 31 33 33 33 39 33 31 FC 54", []string{ean}},
		{"S16 S17 the same with the retransmission bit is the same scan",
			"12 F3 00 00 0B 34 30 30 36 33 38 31 33 33 33 39 33 31 FC 54 12 F3 00 01 0B 34 30 30 36 33 38 31 33 33 33 39 33 31 FC 53",
			[]string{ean, `]E0 "4006381333931" ean-13 again, saved ack`}},
		{"S17 alone was never accepted before", "12 F3 00 01 0B 34 30 30 36 33 38 31 33 33 33 39 33 31 FC 53", []string{ean}},
		{"S18 one bit wrong", "12 F3 00 00 0B 34 30 31 36 33 38 31 33 33 33 39 33 31 FC 54", []string{"resend", "fault checksum"}},
		{"S18 and what it was asked for", "12 F3 00 00 0B 34 30 31 36 33 38 31 33 33 33 39 33 31 FC 54 12 F3 00 01 0B 34 30 30 36 33 38 31 33 33 33 39 33 31 FC 53",
			[]string{ean, "resend", "fault checksum"}},
		{"S19 GS stays in the code", "10 F3 00 00 0F 31 30 4C 4F 54 37 1D 32 31 31 32 FC 84", []string{`]C1 "10LOT7\x1d2112" gs1-128, saved ack`}},
		{"S27 revision", "1A A4 00 00 41 41 42 4C 53 30 30 2D 30 30 34 2D 52 30 30 20 30 20 30 20 30 30 FA BF",
			[]string{"ack", "answer revision=AABLS00-004-R00 board=0 engine=0 class=00"}},
		{"S28 denied", "05 D1 00 00 06 FF 24", []string{"answer refused denied: not allowed, or a value it does not take"}},
		{"S29 a code in two packets", "FF F3 00 02 1B 41*250 BE 77 37 F3 00 00 1B 41*50 F2 09",
			[]string{`]d1 "` + strings.Repeat("A", 300) + `" datamatrix, saved ack`, "ack"}},
		{"S30 a stray byte", "00 04 D0 00 00 FF 2C", []string{"answer"}},
		{"S31 no-read with its identifier", "0A F3 00 00 01 5D 41 30 4E 52 FD 94", []string{`]A0 "NR" code-39 noread, saved ack`}},
		{"S32 the suffix in the packet is none of the code's",
			"1E F3 00 00 0F 5D 43 31 30 30 33 37 36 31 30 34 32 35 30 30 32 31 32 33 34 35 36 39 0D 0A F9 FC",
			[]string{`]C1 "00376104250021234569" gs1-128, saved ack`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			every(t, options(nil), c.want, bytesOf(t, c.hex))
		})
	}
}

// The part of a code that has come gives an acknowledgement, and no sighting.
func TestFirstPart(t *testing.T) {
	every(t, options(nil), []string{"ack"}, bytesOf(t, "FF F3 00 02 1B 41*250 BE 77"))
}

// Everything a host sends in the vectors of the fact sheet has the checksum
// that the decoder reckons with, and nothing of what we send (temporary values
// only) is taken for a scan if it comes back on a line with an echo.
func TestHostVectors(t *testing.T) {
	for _, text := range []string{
		"05 00 04 00 00 FF F7", "04 D0 04 00 FF 28", "04 E4 04 00 FF 14", "04 E9 04 08 FF 07", "0A 80 04 00 00 06 20 00 FF FF FD 4E",
		"0C 80 04 00 00 08 02 00 27 4D 42 00 FE B0", "0D C6 04 00 FF EE 01 9F 01 2D 01 EC 00 FB 81", "07 C6 04 08 FF EE 01 FD 39",
		"05 E6 04 00 01 FF 10", "05 E6 04 00 12 FE FF", "05 E7 04 00 01 FF 0F", "05 E8 04 00 FF FE 10", "04 A3 04 00 FF 55",
		"05 C7 04 00 FE FE 32", "04 C5 04 00 FF 33", "04 C4 04 00 FF 34", "04 10 04 00 FF E8",
	} {
		b := bytesOf(t, text)
		if !proven(b) {
			t.Errorf("%s: checksum", text)
		}
		var out wire.Output
		d := decoder(t, options(nil))
		d.Decode(b, &out)
		d.Silence(&out)
		if ours := b[atStatus] == 0; ours && (len(out.Sightings) > 0 || len(out.Answers) > 0) {
			t.Errorf("%s came back: %q", text, told(&out))
		}
	}
	for reply, want := range map[string][]byte{ackHex: ack, resendHex: resend} {
		if got := fmt.Sprintf("% X", want); got != reply {
			t.Errorf("got %s want %s", got, reply)
		}
	}
	for _, reply := range [][]byte{segmentAck, hostAck} {
		if !proven(reply) {
			t.Errorf("% X: checksum", reply)
		}
	}
}

// A wrong checksum is wrong also where a sum modulo 255 would let it pass.
func TestSumIsNotModulo255(t *testing.T) {
	if proven(bytesOf(t, "05 E6 04 00 12 FF FE")) {
		t.Error("a sum of 257 passes for 2")
	}
}

// Wrong options are all named at once.
func TestWrongOptions(t *testing.T) {
	_, err := New(Options{Max: 70000, CodeID: "zebra", Header: "short", End: []string{"\r\n\r", ""}, NoRead: []string{""}})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`"max"`, `"code_id"`, `"header" must be auto, classic or long, not "short"`, `not "\r\n\r"`, `not ""`, `"noread"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in\n%v", want, err)
		}
	}
}
