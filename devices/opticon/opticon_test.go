package opticon

import (
	"strings"
	"testing"

	"scanpost/devices/mixed/mixedtest"
	"scanpost/devices/wire"
)

func options(change func(*Options)) Options {
	o := Defaults()
	o.End = []string{"\r\n", "\r"}
	o.AIMID = true
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

// Answers become answers and codes become scans, in the plain and in the
// ACK/NAK mode. A "|" is silence.
func TestStream(t *testing.T) {
	plain := func(o *Options) { o.AIMID = false }
	waits := func(o *Options) { o.Ack = "\x06" }
	asked := func(o *Options) { o.Replies = map[string]string{"Z1": "NLV", "[EFK": "NLV4001 info"} }
	for _, c := range []struct {
		name   string
		change func(*Options)
		in     string
		want   []string
	}{
		{"codes", nil, "]E04006381333931\r]C100376104250021234569\r\n", []string{`]E0 "4006381333931" ean-13`, `]C1 "00376104250021234569" gs1-128`}},
		{"the good-read buzzer is given back once the code is saved", waits, "]E04006381333931\r", []string{`]E0 "4006381333931" ean-13 saved 06`}},
		{"what comes again was scanned again", waits, "]E0123\r]E0123\r", []string{`]E0 "123" ean-13 saved 06`, `]E0 "123" ean-13 saved 06`}},
		{"a code that is too long does not keep the scanner waiting", func(o *Options) { o.Ack, o.Max = "\x06", 4 }, "]E01234567890\r]E0123\r", []string{`]E0 "123" ean-13 saved 06`, "reply 06", "too long"}},
		{"a no-read is acknowledged like a code", func(o *Options) { o.Ack, o.NoRead = "\x06", []string{"?"} }, "?\r", []string{`"?" noread saved 06`}},
		{"a command taken, one not taken", nil, "\x06\x15]E0123\r\x06", []string{`]E0 "123" ean-13`, "answer", "answer refused: not taken (NAK)", "answer"}},
		{"an answer right before a code without identifier", plain, "\x06123\r", []string{`"123"`, "answer"}},
		{"ACK in a code", nil, "]Q1a\x06b\r", []string{`]Q1 "a\x06b" qr`}},
		{"a device whose codes may begin with ACK", func(o *Options) { o.AIMID, o.Acks = false, false }, "\x06123\r", []string{`"\x06123"`}},
		{"the software version, where its beginning is known", asked, "]E0123\rNLV1234\r]E0NLV1\r", []string{`]E0 "123" ean-13`, `]E0 "NLV1" ean-13`, `answer Z1="NLV1234"`}},
		{"the longer beginning wins", asked, "NLV4001 info 7|", []string{`answer [EFK="NLV4001 info 7"`}},
		{"the software version is a scan where nobody knows how it begins", nil, "NLV1234\r", []string{`"NLV1234"`}},
		{"an answer is not acknowledged", func(o *Options) { waits(o); asked(o) }, "NLV1\r", []string{`answer Z1="NLV1"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mixedtest.Check(t, func() wire.Decoder { return decoder(t, options(c.change)) }, c.in, c.want)
		})
	}
}

// Wrong options are all named at once.
func TestWrongOptions(t *testing.T) {
	_, err := New(Options{Max: 0, End: []string{""}, Ack: strings.Repeat("x", 40), Replies: map[string]string{"Z1": "", "Z2": "]C1"}})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`"max"`, `"end"`, `"ack"`, `answer to "Z1"`, `answer to "Z2"`, "needs aim_id = true"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is missing in\n%v", want, err)
		}
	}
}
