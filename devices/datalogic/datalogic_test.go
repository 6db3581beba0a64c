package datalogic

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

func usa(o *Options)   { o.AIMID, o.CodeID = false, "datalogic-usa" }
func eu(o *Options)    { o.AIMID, o.CodeID = false, "datalogic-eu" }
func plain(o *Options) { o.AIMID = false }
func waits(o *Options) { o.Ack = "\x06" }

// Codes are reported as a line of them is, whatever identifiers stand before
// them, and however the bytes are chopped. A "|" is silence.
func TestCodes(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Options)
		in     string
		want   []string
	}{
		{"AIM identifiers, CR and CR LF", nil, "]E04006381333931\r]C100376104250021234569\r\n", []string{`]E0 "4006381333931" ean-13`, `]C1 "00376104250021234569" gs1-128`}},
		{"L12 label id F of the USA set is EAN-13", usa, "F9001475067933\r", []string{`]E0 "9001475067933" ean-13`}},
		{"L12 without label ids it is kept as it came", nil, "F9001475067933\r", []string{`"F9001475067933"`}},
		{"the longer label id wins: FF is EAN-8", usa, "FF02345673\r", []string{`]E4 "02345673" ean-8`}},
		{"GS1-128 of the USA set has an AIM identifier", usa, "]C100376104250021234569\r", []string{`]C1 "00376104250021234569" gs1-128`}},
		{"the EU set", eu, "B4006381333931\rA02345673\r$w0109501101530003\r", []string{`]E0 "4006381333931" ean-13`, `]E4 "02345673" ean-8`, `]d2 "0109501101530003" gs1-datamatrix`}},
		{"a code without a suffix", nil, "]E04006381333931|", []string{`]E0 "4006381333931" ean-13 unterminated`}},
		{"GS and bytes above 7F stay in the code", nil, "]d2010950110153000310L1\x1d211\r]Q1\xe4\r", []string{`]d2 "010950110153000310L1\x1d211" gs1-datamatrix`, `]Q1 "\xe4" qr`}},
		{"control bytes in the midst of a code are its own", nil, "]Q1a\x06\x15\x07\x18\x01\x02b\x03\x04\r", []string{`]Q1 "a\x06\x15\a\x18\x01\x02b\x03\x04" qr`}},
		{"SOH alone begins no answer", plain, "\x01123\r", []string{`"\x01123"`}},
		{"a control byte is the code's where the device never answers with one", func(o *Options) { o.AIMID, o.Acks = false, false }, "\x06123\r", []string{`"\x06123"`}},
		{"the good-read tone is given back once the code is saved", waits, "]E04006381333931\r", []string{`]E0 "4006381333931" ean-13 saved 06`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mixedtest.Check(t, func() wire.Decoder { return decoder(t, options(c.change)) }, c.in, c.want)
		})
	}
}

// The keys of a scanner with a display are no scans and no faults, and no code is
// ever taken for a key.
func TestKeys(t *testing.T) {
	off := func(o *Options) { o.AIMID, o.Keys = false, false }
	for _, c := range []struct {
		name   string
		change func(*Options)
		in     string
		want   []string
	}{
		{"without identifiers", plain, "<\r=\r>\r", nil},
		{"with AIM identifiers they look like an EAN-8 of length one", nil, "]E4<\r]E4=\r]E4>\r", nil},
		{"AIM identifiers that nobody expects", plain, "]E4<\r", nil},
		{"label ids, USA", usa, "FF<\rFF=\rFF>\r", nil},
		{"label ids, EU", eu, "A<\rA=\rA>\r", nil},
		{"a Code 128 of one character is a code", nil, "]C0<\r", []string{`]C0 "<" code-128`}},
		{"the same with label ids", usa, "#<\r", []string{`]C0 "<" code-128`}},
		{"more than one character is a code", plain, "<<\r<1\r-\r", []string{`"<<"`, `"<1"`, `"-"`}},
		{"a scanner without a display has no keys", off, "<\r", []string{`"<"`}},
		{"a scanner that waits for an answer waits for one to a key too", waits, "]E4<\r]E402345673\r", []string{`]E4 "02345673" ean-8 saved 06`, "reply 06"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mixedtest.Check(t, func() wire.Decoder { return decoder(t, options(c.change)) }, c.in, c.want)
		})
	}
}

// An answer becomes an answer and never a scan, wherever codes stand around it;
// a broken one becomes a fault.
func TestAnswers(t *testing.T) {
	info := "\x01\x02MGD4430\x03\x02SG19H01234\x03\x02AR96-1234\x03\x04"
	told := `answer M="GD4430" S="G19H01234" A="R96-1234"`
	code, is := "]E04006381333931\r", `]E0 "4006381333931" ean-13`
	for _, c := range []struct {
		name   string
		change func(*Options)
		in     string
		want   []string
	}{
		{"who it is", nil, info, []string{told}},
		{"between two codes", nil, code + info + code, []string{is, is, told}},
		{"the shortest", nil, "\x01\x02\x03\x04", []string{"answer"}},
		{"a fact without a value", nil, "\x01\x02M\x03\x04", []string{`answer M=""`}},
		{"a bracket in a value is no identifier", nil, "\x01\x02M]E04\x03\x04", []string{`answer M="]E04"`}},
		{"how it is, and what has failed", nil, "\x01\x02mOK\x03\x02hFAIL\x03\x02vNA\x03\x04", []string{`answer m="OK" h="FAIL" v="NA"`, "device trouble"}},
		{"broken off by the line's end, so the next code is whole", nil, "\x01\x02MGD\r" + code, []string{is, "cut short"}},
		{"broken off by silence", nil, "\x01\x02MGD44|" + code, []string{is, "cut short"}},
		{"broken off, and what is glued to it is no scan", nil, "\x01\x02MGD\x03x" + code + code, []string{is, "cut short", "noise"}},
		{"broken off by the next answer", nil, "\x01\x02MGD" + info, []string{told, "cut short"}},
		{"SOH, then silence", plain, "\x01|" + code, []string{`"\x01" unterminated`, `"]E04006381333931"`}},
		{"control bytes", nil, "\x06\x15\x07\x18" + code, []string{is, "answer", "answer refused: out of range (NAK)", "answer refused: no such item (BEL)", "answer refused: malformed (CAN)"}},
		{"a control byte right before a code, without identifiers", plain, "\x06123\r", []string{`"123"`, "answer"}},
		{"service mode accepted, rejected", nil, "$>\r$#\r", []string{"answer", "answer refused: rejected ($#)"}},
		{"several things asked at once", nil, "$>,>,>\r$>,#\r", []string{"answer", "answer refused: rejected ($>,#)"}},
		{"service mode without CR", nil, "$>|", []string{"answer"}},
		{"dollars in codes", nil, "$>1\r$\r$>,\r$>>\r]C0$>\r", []string{`"$>1"`, `"$"`, `"$>,"`, `"$>>"`, `]C0 "$>" code-128`}},
		{"an answer is not acknowledged", waits, "$>\r" + info, []string{"answer", told}},
		{"an answer that never ends", nil, "\x01\x02" + strings.Repeat("x", longest) + "\r" + code, []string{is, "too long", "noise"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mixedtest.Check(t, func() wire.Decoder { return decoder(t, options(c.change)) }, c.in, c.want)
		})
	}
}

// A scanner and scale on a single cable: what the scanner read has its code and
// its symbology, and what the scale says is no scan.
func TestSingleCable(t *testing.T) {
	fresh := func() wire.Decoder {
		return decoder(t, options(func(o *Options) { o.AIMID, o.Single, o.End = false, true, []string{"\r"} }))
	}
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"EAN-13, EAN-8, UPC-A", "S08F4006381333931\rS08FF02345673\rS08A012345678905\r", []string{`]E0 "4006381333931" ean-13`, `]E4 "02345673" ean-8`, `]E0 "012345678905" upc-a`}},
		{"Code 39, Interleaved 2 of 5, Code 128", "S08B1ABC\rS08B21234\rS08B3B3x\r", []string{`]A0 "ABC" code-39`, `]I0 "1234" itf`, `]C0 "B3x" code-128`}},
		{"GS1-128, QR", "S08]C100376104250021234569\rS08QRhello\r", []string{`]C1 "00376104250021234569" gs1-128`, `]Q1 "hello" qr`}},
		{"an id that nobody knows stays with the code", "S08?12\r", []string{`"?12"`}},
		{"a weight is no scan", "S110150\rS143\rS08F4006381333931\r", []string{`]E0 "4006381333931" ean-13`, "noise", "noise"}},
		{"an id without a code", "S08F\rS08\r", []string{"cut short"}},
		{"who it is", "\x01\x02M9300i\x03\x04", []string{`answer M="9300i"`}},
	} {
		t.Run(c.name, func(t *testing.T) { mixedtest.Check(t, fresh, c.in, c.want) })
	}
}

// Wrong options are all named at once.
func TestWrongOptions(t *testing.T) {
	_, err := New(Options{Max: 70000, CodeID: "datalogic", Single: true, End: []string{"\r\n\r"}, Ack: strings.Repeat("x", 40), NoRead: []string{""}})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`"max"`, `"code_id"`, `"single_cable"`, `"end"`, `"ack"`, `"noread"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is missing in\n%v", want, err)
		}
	}
}
