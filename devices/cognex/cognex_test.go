package cognex

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

func options(change func(*Options)) Options {
	o := Defaults()
	o.AIMID = true
	o.Asked = []string{"DEVICE.TYPE", "DEVICE.SERIAL-NUMBER"}
	o.NoRead = []string{"NOREAD"}
	o.Ignore = []string{"alive"}
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
			line += " " + f.Name + "=" + f.Value
		}
		if a.Refused != "" {
			line += " refused: " + a.Refused
		}
		all = append(all, line)
	}
	for _, f := range out.Faults {
		reason := f.Error()
		for _, known := range []error{wire.ErrTooLong, wire.ErrShort, wire.ErrNoise, wire.ErrChecksum} {
			if errors.Is(f, known) {
				reason = known.Error()
			}
		}
		all = append(all, reason)
	}
	for _, r := range out.Replies {
		all = append(all, fmt.Sprintf("at once %q", r))
	}
	if out.Restarted {
		all = append(all, "restarted")
	}
	return all
}

func in64(code string) string { return base64.StdEncoding.EncodeToString([]byte(code)) }

// folded64 is Base64 in lines of 76 characters.
func folded64(code string) string {
	text, lines := in64(code), ""
	for len(text) > 76 {
		lines, text = lines+text[:76]+"\r\n", text[76:]
	}
	return lines + text
}

// Readings and answers mean what the maker's guide says, in whatever pieces
// they arrive. A "~" in the input is silence.
func TestDecode(t *testing.T) {
	long := strings.Repeat("0123456789", 30)
	for _, c := range []struct {
		name   string
		change func(*Options)
		in     string
		want   []string
	}{
		{"a reading as plain text", nil, "4006381333931\r\n]C100376104250021234569\r\n", []string{`"4006381333931"`, `]C1 "00376104250021234569" gs1-128`}},
		{"plain text with another end", func(o *Options) { o.End = "\r" }, "1\r\n2\r3\n\r~", []string{`"1"`, `"2"`, `"3\n"`}},
		{"plain text without its end", nil, "4006\r~123~45\r\n~", []string{`"4006" unterminated`, `"123" unterminated`, `"45"`}},
		{"an empty line is nothing", nil, "\r\n\r\n~\n~", nil},
		{"GS and bytes above 7F stay", nil, "\x1d\xff\x80\x04\r\n", []string{`"\x1d\xff\x80\x04"`}},
		{"a reading in Base64", nil, "||[1]NDAwNjM4MTMzMzkzMQ==\r\n||0:0[1]XUMxMDAzNzYxMDQyNTAwMjEyMzQ1Njk=\r\n||[1]XWQyMDEwOTUwMTEwMTUzMDAwMzEwTDEdMjEx\r\n",
			[]string{`"4006381333931"`, `]C1 "00376104250021234569" gs1-128`, `]d2 "010950110153000310L1\x1d211" gs1-datamatrix`}},
		{"a reading with a checksum", nil, "||1:2[1]NDAwNjM4MTMzMzkzMQ==\x7b\r\n", []string{`"4006381333931"`}},
		{"CR and LF within a reading", nil, "||[1]" + in64("line1\r\nline2\r") + "\r\n", []string{`"line1\r\nline2\r"`}},
		{"no-read, plain and in Base64", nil, "NOREAD\r\n||[1]Tk9SRUFE\r\nNOREAD1\r\n", []string{`"NOREAD" noread`, `"NOREAD" noread`, `"NOREAD1"`, "restarted"}},
		{"an ignored text", nil, "alive\r\n||[1]" + in64("alive") + "\r\n||[1]\r\n", nil},

		{"a command was taken", nil, "||[0]\r\n||0:9[0]\r\n", []string{"answer", "answer"}},
		{"what was asked for has the name of its number", nil, "||0:1[0]DM260\r\n||0:2[0]1A1234PP000001\r\n||0:3[0]x\r\n||[0]ON\r\n",
			[]string{"answer DEVICE.TYPE=DM260", "answer DEVICE.SERIAL-NUMBER=1A1234PP000001", "answer DMCC 3=x", "answer DMCC=ON"}},
		{"with a checksum", nil, "||1:7[0]DM260\x37\r\n||1[0]\x07\r\n", []string{"answer DMCC 7=DM260", "answer"}},
		{"a checksum that is CR or LF", nil, "||1:3[102]\r\r\n||1:7[0]DM79\r\r\n||1:7[0]DM18\n\r\n", []string{"answer refused: parameter invalid", "answer DMCC 7=DM79", "answer DMCC 7=DM18"}},
		{"more fields in the header", nil, "||:::2[0]ON\r\n||0:1:9;4[0]DM\r\n", []string{"answer DMCC=ON", "answer DEVICE.TYPE=DM"}},
		{"every status", nil, "||[100]\r\n||[101]\r\n||[102]\r\n||[103]\r\n||[104]\r\n||[105]\r\n||[77]\r\n", []string{"answer refused: unknown error", "answer refused: command invalid",
			"answer refused: parameter invalid", "answer refused: checksum wrong", "answer refused: not in this state", "answer refused: reader not available", "answer refused: status 77"}},
		{"a response that ends with CR LF where plain text ends with CR", func(o *Options) { o.End = "\r" }, "1\r||1:3[102]\r\r\n||[0]\r\n2\r", []string{`"1"`, `"2"`, "answer refused: parameter invalid", "answer"}},

		{"a wrong checksum", nil, "||1:7[0]DM260\x36\r\n1\r\n", []string{`"1"`, "checksum"}},
		{"a checksum that is missing", nil, "||1[0]\r\n1\r\n", []string{`"1"`, "checksum"}},
		{"a footer was lost: the response behind it is read", nil, "||1:7[0]DM2||0:1[0]DM260\r\n", []string{"answer DEVICE.TYPE=DM260", "checksum"}},
		{"a terminator was lost: the reading is kept and marked, and the response is none", nil, "4006||[0]ON\r\n", []string{`"4006" unterminated`, "answer DMCC=ON"}},
		{"what is no Base64", nil, "||[1]NDAw?\r\n||[1]NDA\r\n1\r\n", []string{`"1"`, "noise", "noise", "restarted"}},
		{"a response without its end", nil, "||0:1[0]DM2~||[1]NDAwNjM4~1\r\n", []string{`"1"`, "cut short", "cut short"}},
		{"two pipes may begin a code", nil, "||\r\n||x[0]\r\n||12\r\n||[]\r\n", []string{`"||"`, `"||x[0]"`, `"||12"`, `"||[]"`}},

		{"the settings are lost: readings come plain again", nil, "1\r\n||[1]NDAwNjM4MTMzMzkzMQ==\r\n2\r\n", []string{`"1"`, `"4006381333931"`, `"2"`, "restarted"}},
		{"answers alone say nothing about readings", nil, "||[0]\r\n1\r\n", []string{`"1"`, "answer"}},

		{"a reading of 57 bytes", nil, "||[1]" + in64(long[:57]) + "\r\n~", []string{`"` + long[:57] + `"`}},
		{"a reading of 57 bytes, then another", nil, "||[1]" + in64(long[:57]) + "\r\n||[1]" + in64("1") + "\r\n", []string{`"` + long[:57] + `"`, `"1"`}},
		{"a reading in lines of 76", nil, "||[1]" + folded64(long[:100]) + "\r\n||[1]" + folded64(long[:171]) + "\r\n||[0]\r\n", []string{`"` + long[:100] + `"`, `"` + long[:171] + `"`, "answer"}},
		{"a reading in one line", nil, "||[1]" + in64(long) + "\r\n", []string{`"` + long + `"`}},
		{"a reading in lines of 76, cut off", nil, "||[1]" + in64(long[:57]) + "\r\nMDEy~1\r\n", []string{`"1"`, "cut short", "restarted"}},

		{"too long, and the next is read", func(o *Options) { o.Max = 4 }, strings.Repeat("x", 200) + "\r\n12345\r\n1234\r\n", []string{`"1234"`, "too long", "too long"}},
		{"too long in Base64", func(o *Options) { o.Max = 4 }, "||[1]" + in64("123456789") + "\r\n||[1]" + in64("1234") + "\r\n||[1]" + folded64(long) + "\r\n||[1]" + in64("12") + "\r\n",
			[]string{`"1234"`, `"12"`, "too long", "too long"}},
		{"too long ends with silence", func(o *Options) { o.Max = 4 }, strings.Repeat("x", 200) + "~12\r\n", []string{`"12"`, "too long"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range []int{1, 2, 3, 7, 1000} {
				var out wire.Output
				d := decoder(t, options(c.change))
				for i, piece := range strings.Split(c.in, "~") {
					if i > 0 {
						d.Silence(&out)
					}
					for chunk := range slices.Chunk([]byte(piece), size) {
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
	_, err := New(Options{Asked: []string{"x", ""}, NoRead: []string{""}})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`"max"`, `"end" must be of one or two bytes, not ""`, `"asked"`, `"noread"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in\n%v", want, err)
		}
	}
}
