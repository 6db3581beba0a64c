package sick

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
func bytesOf(t testing.TB, text string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func options(change func(*Options)) Options {
	o := Defaults()
	o.AIMID = true
	o.NoRead = []string{"NoRead", "no code!"}
	o.Ignore = []string{"alive", "beat [0-9][0-9]"}
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
	for _, f := range out.Faults {
		reason := f.Error()
		for _, known := range []error{wire.ErrTooLong, wire.ErrShort, wire.ErrNoise, wire.ErrChecksum, wire.ErrUnasked} {
			if errors.Is(f, known) {
				reason = known.Error()
			}
		}
		all = append(all, reason)
	}
	for _, r := range out.Replies {
		all = append(all, fmt.Sprintf("at once %q", r))
	}
	return all
}

// binaryFrame is a telegram in CoLa B, made without the decoder's help.
func binaryFrame(body string) string {
	sum := byte(0)
	for i := range len(body) {
		sum ^= body[i]
	}
	n := len(body)
	return "\x02\x02\x02\x02" + string([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) + body + string([]byte{sum})
}

// Readings and telegrams mean what the fact sheet says, in whatever pieces
// they arrive. A "~" in the input is silence.
func TestDecode(t *testing.T) {
	ident := binaryFrame("sRA DeviceIdent \x00\x08CLV690-0\x00\x05V1.20")
	for _, c := range []struct {
		name   string
		change func(*Options)
		in     string
		want   []string
	}{
		{"L04 a reading", nil, bytesOf(t, "02 34 30 30 36 33 38 31 33 33 33 39 33 31 03"), []string{`"4006381333931"`}},
		{"F05 no-read", nil, bytesOf(t, "02 4E 6F 52 65 61 64 03"), []string{`"NoRead" noread`}},
		{"readings back to back", nil, "\x02]C100376104250021234569\x03\x02no code!\x03\x024006381333931\x03", []string{`]C1 "00376104250021234569" gs1-128`, `"no code!" noread`, `"4006381333931"`}},
		{"CR LF between frames", nil, "\x021\x03\r\n\x022\x03\r\n~", []string{`"1"`, `"2"`}},
		{"heartbeats are nothing", nil, "\x02alive\x03\x02beat 07\x03\x02alive1\x03", []string{`"alive1"`}},
		{"an empty frame is nothing", nil, "\x02\x03\x02\x02\x03", nil},
		{"GS, bytes above 7F, CR and LF are the code's", nil, "\x02]d2\x1d\xff\x80\r\n\x04\x03", []string{`]d2 "\x1d\xff\x80\r\n\x04" gs1-datamatrix`}},
		{"what begins like a telegram", nil, "\x02sRA\x03\x02sRA9\x03\x02sRB x\x03\x02sRA ?\x03\x02s\x03", []string{`"sRA"`, `"sRA9"`, `"sRB x"`, `"sRA ?"`, `"s"`}},

		{"an answer to a question", nil, "\x02sRA SCdevicestate 1\x03", []string{`answer SCdevicestate="1"`}},
		{"texts with their lengths", nil, "\x02sRA DeviceIdent 8 CLV690-0 5 V1.20\x03", []string{`answer DeviceIdent="8 CLV690-0 5 V1.20" DeviceIdent 1="CLV690-0" DeviceIdent 2="V1.20"`}},
		{"lengths in hex, and a space in a text", nil, "\x02sRA DeviceIdent 10 CLV690 Standard0 A 1.1 beta 2\x03", []string{`answer DeviceIdent="10 CLV690 Standard0 A 1.1 beta 2" DeviceIdent 1="CLV690 Standard0" DeviceIdent 2="1.1 beta 2"`}},
		{"lengths that do not fit are no lengths", nil, "\x02sRA X 8 CLV690\x03\x02sRA X 6 CLV690 \x03\x02sRA X 0 \x03", []string{`answer X="8 CLV690"`, `answer X="6 CLV690 "`, `answer X="0 "`}},
		{"a method was called, a value was written", nil, "\x02sAN mTCgateon 1\x03\x02sWA EIHstCola\x03", []string{`answer mTCgateon="1"`, "answer"}},
		{"refused", nil, "\x02sFA 3\x03\x02sFA A\x03\x02sFA\x03\x02sFA x\x03", []string{"answer refused: error 3: no such name", "answer refused: error 10", "answer refused: error ", `answer refused: error x`}},
		{"an echo, and an event", nil, "\x02sMN mTCgateon\x03\x02sSN LIDoutputstate 1\x03\x021\x03", []string{`"1"`, "unexpected frame", "unexpected frame"}},

		{"CoLa B", nil, bytesOf(t, "02 02 02 02 00 00 00 13 73 52 41 20 53 43 64 65 76 69 63 65 73 74 61 74 65 20 01 1E") + "\x021\x03", []string{`"1"`, `answer SCdevicestate="01"`}},
		{"F04 the host's own command, echoed", nil, bytesOf(t, "02 02 02 02 00 00 00 0D 73 4D 4E 20 6D 54 43 67 61 74 65 6F 6E 3C"), []string{"unexpected frame"}},
		{"texts with their lengths in CoLa B", nil, ident + ident, []string{
			`answer DeviceIdent="00 08 43 4C 56 36 39 30 2D 30 00 05 56 31 2E 32 30" DeviceIdent 1="CLV690-0" DeviceIdent 2="V1.20"`,
			`answer DeviceIdent="00 08 43 4C 56 36 39 30 2D 30 00 05 56 31 2E 32 30" DeviceIdent 1="CLV690-0" DeviceIdent 2="V1.20"`}},
		{"STX and ETX within a telegram", nil, binaryFrame("sAN mTCgateon \x02\x03\x02\x02"), []string{`answer mTCgateon="02 03 02 02"`}},
		{"refused in CoLa B", nil, binaryFrame("sFA\x00\x01") + binaryFrame("sFA \x00\x2b") + binaryFrame("sWA X"), []string{"answer refused: error 1: not allowed without login", "answer refused: error 43", "answer"}},
		{"no name, no kind", nil, binaryFrame("sRA ") + binaryFrame("xyz 1") + binaryFrame("") + binaryFrame("sRA \x01"), []string{"cut short", "unexpected frame", "unexpected frame", "cut short"}},

		{"a wrong XOR, and the frames behind", nil, ident[:len(ident)-1] + "\x00\x021\x03" + ident, []string{`"1"`,
			`answer DeviceIdent="00 08 43 4C 56 36 39 30 2D 30 00 05 56 31 2E 32 30" DeviceIdent 1="CLV690-0" DeviceIdent 2="V1.20"`, "checksum", "noise"}},
		{"a length that grew swallows no reading", nil, bytesOf(t, "02 02 02 02 00 00 00 1D 73 4D 4E 20 6D 54 43 67 61 74 65 6F 6E 3C") + "\x024006381333931\x03\x021\x03~\x022\x03", []string{`"4006381333931"`, `"1"`, `"2"`, "checksum", "noise"}},
		{"a length beyond reason", nil, "\x02\x02\x02\x02\xff\x00\x00\x01x\x021\x03", []string{`"1"`, "too long", "noise"}},
		{"a telegram that breaks off", nil, "\x02\x02\x02\x02\x00\x00\x00\x20sRA X 1~\x021\x03\x02\x02\x02\x02\x00\x00~\x022\x03", []string{`"1"`, `"2"`, "cut short", "noise", "cut short", "noise"}},
		{"a telegram that lost an STX is no reading", nil, ident[1:] + "~\x02\x02\x02\x00\x00\x00\x0dsRA X 1\x03", []string{"noise", "noise"}},
		{"an answer without its ETX is no reading", nil, "\x02sRA DeviceIdent 8 CL~\x02sRA X 1\x021\x03", []string{`"1"`, "cut short", "cut short"}},

		{"a reading without its ETX is not lost", nil, "\x024006~\x021\x022\x03", []string{`"4006" unterminated`, `"1" unterminated`, `"2"`}},
		{"the port was opened within a reading", nil, "381333931\x03\x021\x03", []string{`"1"`, "noise"}},
		{"noise between frames is told once", nil, "\x021\x03ab\r\ncd~ef~\x022\x03", []string{`"1"`, `"2"`, "noise", "noise"}},
		{"STX over and over", nil, strings.Repeat("\x02", 999) + "\x00\x00\x00\x05sFA 3\x67\x021\x03", []string{`"1"`, "answer refused: error 51"}},
		{"a lone STX", nil, "\x02~\x02\x02\x02~\x021\x03", []string{`"1"`, "cut short", "cut short"}},
		{"too long is said once, and the next is read", func(o *Options) { o.Max = 4 }, "\x02" + strings.Repeat("x", 3000) + "\x03\x0212345\x03\x021234\x03", []string{`"1234"`, "too long", "too long"}},
		{"too long ends with the next STX, or with silence", func(o *Options) { o.Max = 4 }, "\x02" + strings.Repeat("x", 1100) + "\x021234\x03\x02" + strings.Repeat("x", 1100) + "~\x0212\x03", []string{`"1234"`, `"12"`, "too long", "too long"}},
		{"an answer may be longer than the longest code", func(o *Options) { o.Max = 4 }, "\x02sRA LocationName 8 Packing3\x03", []string{`answer LocationName="8 Packing3" LocationName 1="Packing3"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range []int{1, 2, 3, 7, 5000} {
				var out wire.Output
				d := decoder(t, options(c.change))
				for i, part := range strings.Split(c.in, "~") {
					if i > 0 {
						d.Silence(&out)
					}
					for chunk := range slices.Chunk([]byte(part), size) {
						d.Decode(chunk, &out)
					}
				}
				if got := told(&out); !slices.Equal(got, c.want) {
					t.Fatalf("in pieces of %d: got %q\nwant %q", size, got, c.want)
				}
			}
		})
	}
}

// Wrong options are all named at once.
func TestWrongOptions(t *testing.T) {
	_, err := New(Options{NoRead: []string{""}, Ignore: []string{"[0-9][0-9][0-9][0-9]"}})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`"max"`, `"noread"`, `"ignore"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in\n%v", want, err)
		}
	}
}
