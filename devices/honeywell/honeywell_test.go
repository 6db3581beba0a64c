package honeywell

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
	o.Replies = []string{"REVINF", "CBR", "XYZ", "232BAD", "DECHDR"}
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
		if s.Again {
			line += " again"
		}
		if s.OnSaved != nil {
			line += fmt.Sprintf(" then %q", s.OnSaved)
		}
		all = append(all, line)
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
	var faults []string // sorted: which of two lines was worse first, nobody asks
	for _, f := range out.Faults {
		for _, reason := range []error{wire.ErrTooLong, wire.ErrShort, wire.ErrNoise, wire.ErrChecksum, wire.ErrUnasked, wire.ErrParity} {
			if errors.Is(f, reason) {
				faults = append(faults, reason.Error())
			}
		}
	}
	all = append(all, slices.Sorted(slices.Values(faults))...)
	for _, r := range out.Replies {
		all = append(all, fmt.Sprintf("at once %q", r))
	}
	if out.Restarted {
		all = append(all, "restarted")
	}
	return all
}

// The vectors of the fact sheet mean what it says, in one piece, byte by byte
// and when they follow each other without a pause.
func TestVectors(t *testing.T) {
	for _, c := range []struct {
		name, hex string
		want      []string
	}{
		{"H03 the reply to CBRENA?.", "43 42 52 45 4E 41 31 06 2E", []string{"answer CBRENA=1"}},
		{"H04 the reply to CBR?., seven settings, the last without a value",
			"43 42 52 45 4E 41 31 06 2C 53 53 58 30 06 2C 43 4B 32 30 06 2C 43 43 54 31 06 2C 4D 49 4E 32 06 2C 4D 41 58 36 30 06 2C 44 46 54 06 2E",
			[]string{"answer CBRENA=1 CBRSSX=0 CBRCK2=0 CBRCCT=1 CBRMIN=2 CBRMAX=60"}},
		{"H05 ENQ, unknown tag", "58 59 5A 45 4E 41 05 2E", []string{"answer refused XYZENA: unknown tag"}},
		{"H07 a frame with the message header",
			"16 FE 23 00 00 00 0D 4D 53 47 47 45 54 30 30 32 31 49 43 31 1D 30 30 33 37 36 31 30 34 32 35 30 30 32 31 32 33 34 35 36 39 0D",
			[]string{`]C1 "00376104250021234569" gs1-128`}},
		{"L01 AIM identifier, CR LF", "5D 43 31 30 30 33 37 36 31 30 34 32 35 30 30 32 31 32 33 34 35 36 39 0D 0A",
			[]string{`]C1 "00376104250021234569" gs1-128`}},
		{"L02 a second CR is no second code", "34 30 30 36 33 38 31 33 33 33 39 33 31 0D 0D 0A", []string{`"4006381333931"`}},
		{"L09 an add-on's identifier stays in the code", "5D 45 30 30 30 31 32 33 34 35 36 37 38 39 30 35 5D 45 31 31 30 0D",
			[]string{`]E0 "0012345678905]E110" ean-13`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := bytesOf(t, c.hex)
			in = slices.Concat(in, in)
			want := slices.Concat(c.want, c.want)
			for size := 1; size <= len(in); size++ {
				var out wire.Output
				d := decoder(t, options(nil))
				for chunk := range slices.Chunk(in, size) {
					d.Decode(chunk, &out)
				}
				if got := told(&out); !slices.Equal(got, want) {
					t.Fatalf("in pieces of %d: got %q want %q", size, got, want)
				}
			}
		})
	}
}

// dechdr frames data, which ends with its CR, as a scanner does.
func dechdr(ids, data string) string {
	payload := fmt.Sprintf("MSGGET%04d%s\x1d%s", len(data), ids, data)
	return "\x16\xfe" + string([]byte{byte(len(payload)), byte(len(payload) >> 8)}) + "\x00\x00\r" + payload
}

// What a Voyager 1602g answered to REVINF, from a published capture.
const revision = "Product Name: Voyager 1602g\r\nBoot Revision: : 8992\r\nSoftware Part Number: CW000082BBA\r\n" +
	"Software Revision: $ProjectRevision: 16345 \r\nSerial Number: 15232B1F0C\r\nSupported IF: Bluetooth\r\nPCB Assembly ID: 000000\r\n" +
	"Engine Firmware Type: N/A   Revision: N/A   Serial Number: N/A   Checksum: N/A\r\n"

const revisionFacts = "answer REVINF Product Name=Voyager 1602g REVINF Boot Revision=8992 REVINF Software Part Number=CW000082BBA" +
	" REVINF Software Revision=$ProjectRevision: 16345 REVINF Serial Number=15232B1F0C REVINF Supported IF=Bluetooth" +
	" REVINF PCB Assembly ID=000000 REVINF Engine Firmware Type=N/A   Revision: N/A   Serial Number: N/A   Checksum: N/A"

// What comes down the line is told apart: codes with and without a header,
// replies, and what is left of damage. A "|" in the input is silence.
func TestStream(t *testing.T) {
	plain := func(o *Options) { o.Header = "plain" }
	idle := func(o *Options) { o.End = nil }
	acked := func(o *Options) { o.Ack, o.Ignore, o.Max = "\x06", []string{"?"}, 100 }
	good := dechdr("dE0", "4006381333931\r")
	for _, c := range []struct {
		name   string
		change func(*Options)
		in     string
		want   []string
	}{
		{"CR, GS and LF within a frame are the code's", nil, dechdr("sQ1", "line1\rline2\n\x1d\r\r") + "12\r", []string{`]Q1 "line1\rline2\n\x1d\r" qr`, `"12"`, "restarted"}},
		{"frames, replies and plain codes take turns", nil, "1\r" + good + "DECHDR1\x06!" + good + "2\rCBRENA1\x06.3\r",
			[]string{`"1"`, `]E0 "4006381333931" ean-13`, `]E0 "4006381333931" ean-13`, `"2"`, `"3"`, "answer DECHDR=1", "answer CBRENA=1", "restarted"}},
		{"the code id knows UPC-A, the AIM identifier GS1", nil, dechdr("cE0", "012345678905\r") + dechdr("sQ3", "01\r") + dechdr("-Q1", "1\r") + dechdr("jC4", "A\r") + dechdr("DE4", "02345673\r") + dechdr("?X0", "1\r"),
			[]string{`]E0 "012345678905" upc-a`, `]Q3 "01" gs1-qr`, `]Q1 "1" micro-qr`, `]C4 "A" isbt-128`, `]E4 "02345673" ean-8`, `]X0 "1"`}},
		{"an AIM prefix that is on as well is cut", nil, dechdr("dE0", "]E04006381333931\r"), []string{`]E0 "4006381333931" ean-13`}},
		{"a code id in a frame is its header's", func(o *Options) { o.CodeID = "honeywell" }, dechdr("jC0", "d12\r") + "d12\r", []string{`]C0 "d12" code-128`, `]E0 "12" ean-13`, "restarted"}},
		{"an empty frame is nothing", nil, dechdr("jC0", "\r") + "1\r", []string{`"1"`, "restarted"}},
		{"a frame with ]Z is no bar code", nil, dechdr("6Z6", "REVINF\x06.\r"), []string{"unexpected frame"}},
		{"another message is no code", nil, "\x16\xfe\x0a\x00\x00\x00\rMSGPUTabcd1\r", []string{`"1"`, "unexpected frame"}},
		{"where there is no header, 16 FE is the code's", plain, "\x16\xfe12\r", []string{"\"\\x16\\xfe12\""}},
		{"a code with 16 FE in it", nil, "12\x16\xfe34\r", []string{`"12\x16\xfe34"`}},
		{"a frame ends a code that has no suffix", nil, "12" + good, []string{`"12" unterminated`, `]E0 "4006381333931" ean-13`}},

		{"the two lengths differ: the next frame is read", nil, strings.Replace(good, "0014", "0013", 1) + good, []string{`]E0 "4006381333931" ean-13`, "checksum"}},
		{"a byte was lost: the next frame is read", nil, strings.Replace(good, "638", "68", 1) + good, []string{`]E0 "4006381333931" ean-13`, "checksum"}},
		{"seven bytes were lost, and a CR stands where the frame should end", nil, strings.Replace(good, "4006381", "", 1) + good, []string{`]E0 "4006381333931" ean-13`, "checksum"}},
		{"a byte too many", nil, strings.Replace(good, "638", "6388", 1) + good, []string{`]E0 "4006381333931" ean-13`, "checksum"}},
		{"no separator", nil, strings.Replace(good, "\x1d", "\x1c", 1) + good, []string{`]E0 "4006381333931" ean-13`, "checksum"}},
		{"a length that is no number", nil, strings.Replace(good, "0014", "00I4", 1) + good, []string{`]E0 "4006381333931" ean-13`, "checksum"}},
		{"a length beyond all frames", nil, "\x16\xfe\x00\xff\x00\x00\rMSGGET" + good, []string{`]E0 "4006381333931" ean-13`, "checksum"}},
		{"what is no message", nil, "\x16\xfe\x23\x00\x00\x00\rHELLO\r" + good, []string{`]E0 "4006381333931" ean-13`, "checksum"}},
		{"the rest of a damaged frame is no code, up to silence", nil, strings.Replace(dechdr("sQ1", "line1\rline2\rline3\r"), "0018", "0019", 1) + "1\r|2\r", []string{`"2"`, "checksum"}},
		{"a code without a suffix before a damaged frame is kept", nil, "12" + strings.Replace(good, "0014", "0013", 1) + "3\r|", []string{`"12" unterminated`, "checksum"}},
		{"lines that were held before a damaged frame are kept", nil, "N: 1\r" + strings.Replace(good, "0014", "0013", 1) + "3\r|", []string{`"N: 1"`, "checksum"}},
		{"its first byte lost", nil, dechdr("sQ1", "line1\rline2\r")[1:] + "|2\r", []string{`"2"`, "checksum"}},
		{"its first bytes lost", nil, dechdr("sQ1", "line1\rline2\r")[6:] + "|2\r", []string{`"2"`, "checksum"}},
		{"its second byte damaged", nil, "\x16\x7e" + dechdr("sQ1", "line1\rline2\r")[2:] + "|2\r", []string{`"2"`, "checksum"}},
		{"cut short by silence", nil, good[:30] + "|2\r", []string{`"2"`, "cut short"}},
		{"cut short within the header", nil, good[:5] + "|2\r", []string{`"2"`, "checksum"}},
		{"cut short, and whole again without a pause", nil, good[:30] + good + "|2\r", []string{`]E0 "4006381333931" ean-13`, `"2"`, "checksum", "restarted"}},
		{"cut short within its lengths, and whole again", nil, good[:15] + good + "|", []string{`]E0 "4006381333931" ean-13`, "checksum"}},
		{"a longer frame cut short, a shorter one behind it, then silence", nil, dechdr("jC0", strings.Repeat("A", 99)+"\r")[:60] + good + "|", []string{`]E0 "4006381333931" ean-13`, "cut short"}},

		{"what had the header and sends a code without has forgotten it", nil, good + "1\r", []string{`]E0 "4006381333931" ean-13`, `"1"`, "restarted"}},
		{"the same by what it answered", nil, "DECHDR1\x06!1\r", []string{`"1"`, "answer DECHDR=1", "restarted"}},
		{"the same where the code might have been a reply's", nil, "DECHDR1\x06!N: 1\r|", []string{`"N: 1"`, "answer DECHDR=1", "restarted"}},
		{"what does not know the header has nothing to forget", nil, "DECHDR1\x05!1\r", []string{`"1"`, "answer refused DECHDR: unknown tag"}},
		{"nor has one that is read without", plain, "DECHDR1\x06!1\r", []string{`"1"`, "answer DECHDR=1"}},
		{"nor has one where it was switched off", nil, good + "DECHDR0\x06!1\r", []string{`]E0 "4006381333931" ean-13`, `"1"`, "answer DECHDR=0"}},
		{"as long as all have it, nothing was forgotten", nil, good + "DECHDR1\x06!\r\n|" + good, []string{`]E0 "4006381333931" ean-13`, `]E0 "4006381333931" ean-13`, "answer DECHDR=1"}},

		{"several tags, and refusals", nil, "CBRENA1\x06,SSX9\x15;232BAD99\x15,XXX\x05.", []string{"answer CBRENA=1 refused CBRSSX: value out of range, 232BAD: value out of range, 232XXX: unknown tag"}},
		{"a tag too short for a subtag", nil, "XYZ?\x05.", []string{"answer refused XYZ?: unknown tag"}},
		{"without options replies there are none", func(o *Options) { o.Replies = nil }, "CBRENA1\x06.\rProduct Name: 1\r", []string{`"CBRENA1\x06."`, `"Product Name: 1"`}},
		{"a code before a reply, its suffix lost", nil, "4006CBRENA1\x06.12\r", []string{`"4006" unterminated`, `"12"`, "answer CBRENA=1"}},
		{"the same where silence ends codes", idle, "4006CBRENA1\x06.12|", []string{`"4006"`, `"12"`, "answer CBRENA=1"}},
		{"what only looks like a reply is a code", nil, "CBRENA1.\rCBRENA1\x06\rCBR\x06x.\rREVINF\r\x06.\r", []string{`"CBRENA1."`, `"CBRENA1\x06"`, `"CBR\x06x."`, `"REVINF"`, `"\x06."`}},
		{"tags within a code", nil, "12REVINFCBRXYZ\r", []string{`"12REVINFCBRXYZ"`}},
		{"a reply cut short is no code", nil, "CBRENA1\x06,SSX0|CBRENA1\x06|DECHDR|1\r", []string{`"1"`, "cut short", "cut short", "cut short"}},
		{"a reply that breaks off within a burst", nil, "CBRENA1\x06,SSX0\r12\r", []string{`"12"`, "cut short"}},
		{"a code that begins like a tag and lost its suffix", nil, "CBR17|", []string{`"CBR17" unterminated`}},
		{"the reply to what nobody asked is no code", nil, "TRGMOD0\x06!|X\x06.|", []string{"unexpected frame", "unexpected frame"}},
		{"a reply longer than any is none", nil, "CBR" + strings.Repeat("A", longest) + "\x06.\r", []string{fmt.Sprintf("%q", "CBR"+strings.Repeat("A", longest)+"\x06.")}},

		{"REVINF", nil, revision + "REVINF\x06.1\r", []string{`"1"`, revisionFacts}},
		{"REVINF where CR LF ends codes", func(o *Options) { o.End = []string{"\r\n"} }, revision + "REVINF\x06.", []string{revisionFacts}},
		{"REVINF where silence ends codes", idle, revision + "REVINF\x06.|12\rN: 1\r|", []string{`"12\rN: 1"`, revisionFacts}},
		{"REVINF right behind a code that silence would end", idle, "]C112\r" + revision + "REVINF\x06.3|", []string{`]C1 "12" gs1-128`, `"3"`, revisionFacts}},
		{"REVINF without text behind a code that silence would end", idle, "12REVINF\x06.|", []string{`"12"`, "answer"}},
		{"lines without the mark are one code where silence ends codes", idle, revision + "|REVINF\x15.", []string{fmt.Sprintf("%q", strings.TrimRight(revision, "\r\n")), "answer refused REVINF: value out of range"}},
		{"REVINF after a code, before a frame", nil, "1\r" + revision + "REVINF\x06." + good, []string{`"1"`, `]E0 "4006381333931" ean-13`, revisionFacts}},
		{"REVINF with a line that has no name, and one without its end", nil, "Product Name: A\r\nHoneywell\r\nSerial Number:\r\nREVINF\x06.", []string{"answer REVINF Product Name=A REVINF Serial Number="}},
		{"REVINF without text", nil, "REVINF\x06.", []string{"answer"}},
		{"REVINF refused: the lines before it are codes", nil, "Name: 1\rREVINF\x05.", []string{`"Name: 1"`, "answer refused REVINF: unknown tag"}},
		{"lines without the mark are codes, when silence comes", nil, "Name: 1\r2\r|3\r", []string{`"Name: 1"`, `"2"`, `"3"`}},
		{"lines before another reply are codes", nil, "Name: 1\rCBRENA1\x06.", []string{`"Name: 1"`, "answer CBRENA=1"}},
		{"lines before a frame are codes", nil, "Name: 1\r" + good, []string{`"Name: 1"`, `]E0 "4006381333931" ean-13`}},
		{"a line with an AIM identifier is a code", nil, "Name: 1\r]C12\rREVINF\x06.", []string{`"Name: 1"`, `]C1 "2" gs1-128`, "answer"}},
		{"addresses are no lines of REVINF", nil, "HTTP://A\rWIFI:S:a;;\r1: 2\rREVINF\x06.", []string{`"HTTP://A"`, `"WIFI:S:a;;"`, `"1: 2"`, "answer"}},
		{"too many lines are codes", nil, strings.Repeat("N: 1\r", mostLines+1) + "REVINF\x06.", append(slices.Repeat([]string{`"N: 1"`}, mostLines+1), "answer")},

		{"saved is acknowledged; a repeat has no mark", acked, good + "12\r12\r34|", []string{`]E0 "4006381333931" ean-13 then "\x06"`, `"12" then "\x06"`, `"12" then "\x06"`, `"34" unterminated then "\x06"`, "restarted"}},
		{"what is never saved is acknowledged at once", acked, "?\r" + dechdr("jC0", "?\r") + dechdr("jC0", "\r") + dechdr("6Z6", "x\r") + dechdr("jC0", strings.Repeat("1", 110)+"\r"),
			[]string{"too long", "unexpected frame", `at once "\x06"`, `at once "\x06"`, `at once "\x06"`, `at once "\x06"`, `at once "\x06"`}},
		{"what is damaged, and replies, are not", acked, good[:30] + "|CBRENA1\x06." + revision + "REVINF\x06.X\x06.|", []string{"answer CBRENA=1", revisionFacts, "cut short", "unexpected frame"}},
		{"a code that was held for a reply is", acked, "Name: 1\r|", []string{`"Name: 1" then "\x06"`}},
		{"no-read", func(o *Options) { o.NoRead = []string{"NR"} }, "NR\r" + dechdr("jC0", "NR\r"), []string{`"NR" noread`, `]C0 "NR" code-128 noread`}},
		{"the wrong parity", nil, "\xb40063\xb8\xb133393\xb1\x8d|", []string{`"4006381333931" noread the scanner sends 7 data bits with even parity, and the station reads 8 without`, "parity"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range []int{1, 2, 3, 5, 8, 13, 1 << 16} {
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
					t.Fatalf("in pieces of %d: got\n%q want\n%q", size, got, c.want)
				}
			}
		})
	}
}

// Wrong options are all named at once.
func TestWrongOptions(t *testing.T) {
	_, err := New(Options{Header: "yes", Replies: []string{"revinf", "CB", "CBRENA1"}, Max: 70000, End: []string{""}, CodeID: "zebra", Ack: strings.Repeat("x", 40)})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		`option "header" must be "auto" or "plain", not "yes"`, `not "revinf"`, `not "CB"`, `not "CBRENA1"`, `"max"`, `"end"`, `"code_id"`, `"ack"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in\n%v", want, err)
		}
	}
}
