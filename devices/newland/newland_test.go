package newland

import (
	"encoding/hex"
	"strings"
	"testing"

	"scanpost/devices/mixed/mixedtest"
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
	o.End = []string{"\r\n", "\r"}
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

func engine(o *Options) { o.Engine = true }

// The vectors of the fact sheet that a device sends mean what it says, alone and
// between codes.
func TestVectors(t *testing.T) {
	for _, c := range []struct {
		name, hex, want string
	}{
		{"W02 three settings taken", "02 01 30 30 30 30 40 43 31 31 45 4E 41 31 06 2C 4D 49 4E 31 32 06 2C 4D 41 58 32 32 06 3B 03", `answer C11ENA="1" C11MIN="12" C11MAX="22"`},
		{"W05 good-read beep off", "02 01 30 30 30 30 23 47 52 42 45 4E 41 30 06 3B 03", `answer GRBENA="0"`},
		{"W09 an older engine's success", "02 00 00 01 00 33 31", `answer data="00"`},
		{"an older engine's complaint about the crc", "02 00 01 01 00 04 01", "answer refused: wrong crc (01)"},
		{"an older engine does not know the command", "02 00 03 01 00 6A 61", "answer refused: unknown command (03)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, is := "4006381333931\r\n", `"4006381333931"`
			answer := bytesOf(t, c.hex)
			fresh := func() wire.Decoder { return decoder(t, options(engine)) }
			mixedtest.Check(t, fresh, answer, []string{c.want})
			mixedtest.Check(t, fresh, code+answer+code+answer+answer+code, []string{is, is, is, c.want, c.want, c.want})
		})
	}
}

// The checksum is the one by which the engine's own commands are printed.
func TestCRC(t *testing.T) {
	for _, frame := range []string{"7E 00 08 01 00 D9 D3 20 38", "7E 00 09 01 00 00 00 DE C8", "02 00 00 01 00 33 31"} { // W07, W08, W09
		b := []byte(bytesOf(t, frame))
		if got, want := crc(b[2:len(b)-2]), uint16(b[len(b)-2])<<8|uint16(b[len(b)-1]); got != want {
			t.Errorf("%s: crc %04X, want %04X", frame, got, want)
		}
	}
}

// Answers become answers and codes become scans, also where they stand close
// together or break off. A "|" is silence.
func TestStream(t *testing.T) {
	const (
		beep = "\x02\x010000#GRBENA0\x06;\x03"
		told = `answer GRBENA="0"`
	)
	aim := func(o *Options) { o.AIMID = true }
	both := func(o *Options) { o.AIMID, o.Engine = true, true }
	stx := func(o *Options) { o.Prefix, o.End = "\x02", []string{"\x03"} }
	for _, c := range []struct {
		name   string
		change func(*Options)
		in     string
		want   []string
	}{
		{"codes", nil, "6901234567892\r\n]E06901234567892\r", []string{`"6901234567892"`, `"]E06901234567892"`}},
		{"AIM prefix switched on", aim, "]E06901234567892\r", []string{`]E0 "6901234567892" ean-13`}},
		{"an answer behind a code without its suffix", nil, "123" + beep + "456\r", []string{`"123" unterminated`, `"456"`, told}},
		{"an answer where silence ends codes", func(o *Options) { o.End = nil }, "123" + beep + "456|", []string{`"123"`, `"456"`, told}},
		{"codes framed by STX and ETX, and an answer", stx, "\x02123\x03" + beep + "\x02456\x03", []string{`"123"`, `"456"`, told}},
		{"several tags", nil, "\x02\x010000@GRBENA1\x06,DUR80\x06;SCNMOD2\x06;\x03", []string{`answer GRBENA="1" GRBDUR="80" SCNMOD="2"`}},
		{"an unknown tag", nil, "\x02\x010000#XYZENA1\x05;\x03", []string{"answer refused: XYZENA1 is unknown"}},
		{"one value out of range", nil, "\x02\x010000#C11ENA1\x06,MIN99\x15;GRBFRQ9\x15;\x03", []string{`answer C11ENA="1" refused: C11MIN99 is out of range, GRBFRQ9 is out of range`}},
		{"a comma in a value", nil, "\x02\x010000#ABCDEFa,b\x06;\x03", []string{`answer ABCDEF="a,b"`}},
		{"text of several lines", nil, "\x02\x010000#QRYSYSName: X\r\nVersion: 1.0\x06;\x03123\r", []string{`"123"`, `answer QRYSYS="Name: X\r\nVersion: 1.0"`}},
		{"an item without a status", nil, "\x02\x010000#GRBENA0;\x03123\r", []string{`"123"`, "answer", "cut short"}},
		{"broken off by silence", nil, "\x02\x010000#GRBENA0\x06|123\r", []string{`"123"`, "cut short"}},
		{"broken off by another answer", nil, "\x02\x010000#GRB" + beep + "123\r", []string{`"123"`, told, "cut short"}},
		{"broken off within the header", nil, "\x02\x0100|123\r\x02\x01004006381333931\r456\r", []string{`"123"`, `"456"`, "cut short", "cut short", "noise"}},
		{"what is glued to a broken one is no scan", nil, "\x02\x010000#GRB\x00123\r456\r", []string{`"456"`, "cut short", "noise"}},
		{"an answer that never ends", nil, "\x02\x010000@" + strings.Repeat("A", longest) + "\r456\r", []string{`"456"`, "too long", "noise"}},
		{"STX in a code", nil, "a\x02b\x02\x01c\x02\x010000d\r\x02x\r", []string{`"a\x02b\x02\x01c\x02\x010000d"`, `"\x02x"`}},
		{"STX at the end of a code", nil, "a\x02|b\x02\r", []string{`"a\x02" unterminated`, `"b\x02"`}},
		{"a code is no binary answer", nil, "\x02\x00\x00\x01\x0031\r", []string{`"\x02\x00\x00\x01\x0031"`}},
		{"ACK and NAK of text commands", engine, "\x06\x15123\r", []string{`"123"`, "answer", "answer refused: not taken (NAK)"}},
		{"ACK is the code's where no text commands are", nil, "\x06123\r", []string{`"\x06123"`}},
		{"ACK within a code", engine, "1\x0623\r", []string{`"1\x0623"`}},
		{"awake, then silence", engine, "!|123\r", []string{`"123"`, "answer"}},
		{"asked twice, awake at last", engine, "!!|123\r", []string{`"123"`, "answer", "answer"}},
		{"asked twice, then the next answer", engine, "!!\x06!|123\r", []string{`"123"`, "answer", "answer", "answer", "answer"}},
		{"a code that begins with two", engine, "!!123\r", []string{`"!!123"`}},
		{"a code that is five", engine, "!!!!!|", []string{`"!!!!!" unterminated`}},
		{"awake, then the next answer", engine, "!\x06!\x02\x00\x00\x01\x0031123\r", []string{`"123"`, "answer", "answer", "answer", `answer data="00"`}},
		{"awake, then a code with its identifier", both, "!]E0123\r", []string{`]E0 "123" ean-13`, "answer"}},
		{"codes that begin with an exclamation mark", engine, "!123\r!\r1!\r", []string{`"!123"`, `"!"`, `"1!"`}},
		{"a binary answer with a wrong crc", engine, "\x02\x00\x00\x01\x003\x30|123\r", []string{`"123"`, "checksum"}},
		{"a binary answer with a wrong crc, and what is glued to it", engine, "\x02\x00\x00\x01\x003\x30123\r456\r", []string{`"456"`, "checksum", "noise"}},
		{"half a binary answer", engine, "\x02\x00\x00|123\r", []string{`"123"`, "cut short"}},
		{"an answer of another type, with data", engine, "\x02\x00\x05\x02AB" + sum("\x05\x02AB"), []string{"answer refused: type 05"}},
		{"data that was asked for", engine, "\x02\x00\x00\x02\x1d\r" + sum("\x00\x02\x1d\r") + "123\r", []string{`"123"`, `answer data="1D0D"`}},
		{"no-reads stay what they are", func(o *Options) { o.NoRead = []string{"NR"} }, "NR\r", []string{`"NR" noread`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mixedtest.Check(t, func() wire.Decoder { return decoder(t, options(c.change)) }, c.in, c.want)
		})
	}
}

func sum(b string) string {
	n := crc([]byte(b))
	return string([]byte{byte(n >> 8), byte(n)})
}

// Wrong options are all named at once.
func TestWrongOptions(t *testing.T) {
	_, err := New(Options{Max: 0, CodeID: "newland", End: []string{""}, Prefix: strings.Repeat("x", 40)})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`"max"`, `"code_id"`, `"end"`, `"prefix"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is missing in\n%v", want, err)
		}
	}
}
