package hidpos

import (
	"slices"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

// quiet stands for the profile's quiet time in a list of reports.
var quiet []byte = nil

func run(d *Decoder, in ...[]byte) []string {
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

// A code is whole or it is nothing: what was lost on the way is a named fault,
// and the next code is read.
func TestParts(t *testing.T) {
	x := func(n int) string { return strings.Repeat("x", n) }
	next := made("honeywell", "]E0", 'd', ean, false)
	nextTold := `]E0 "` + ean + `" ean-13`
	long := made("honeywell", "]Q1", 's', x(56), true)
	tail := made("honeywell", "]Q1", 's', "tail", false)
	bad := func(r []byte, at int, b byte) []byte {
		r = slices.Clone(r)
		r[at] = b
		return r
	}
	for _, c := range []struct {
		name   string
		change func(*Options)
		in     [][]byte
		want   []string
	}{
		{"parts need not be full", nil, [][]byte{made("honeywell", "]Q1", 's', "a", true), made("honeywell", "]Q1", 's', "", true), made("honeywell", "]Q1", 's', "b", false)},
			[]string{`]Q1 "ab" qr`}},
		{"NUL is a character like others", nil, [][]byte{made("honeywell", "]d1", 'w', "a\x00b\x00", false)}, []string{`]d1 "a\x00b\x00" datamatrix`}},
		{"another symbology before the end", nil, [][]byte{long, next}, []string{nextTold, "part missing"}},
		{"another code id before the end", nil, [][]byte{long, made("honeywell", "]Q1", '-', "other", false)}, []string{`]Q1 "other" micro-qr`, "part missing"}},
		{"another code id before the end, without identifiers", layoutOf("newland"), [][]byte{made("newland", "", 5, "a", true), made("newland", "", 6, "b", false)}, []string{`"b"`, "part missing"}},
		{"silence before the end", nil, [][]byte{long, quiet, tail, quiet}, []string{`]Q1 "tail" qr`, "cut short"}},
		{"more bytes than there is room for", nil, [][]byte{bad(next, 1, 57), next}, []string{nextTold, "noise"}},
		{"such a report drops its code up to the end", nil, [][]byte{bad(long, 1, 0xFF), long, tail, next}, []string{nextTold, "noise"}},
		{"such a report in the middle", nil, [][]byte{long, bad(long, 1, 57), tail, next}, []string{nextTold, "noise"}},
		{"such a report at the end", nil, [][]byte{long, bad(tail, 1, 57), next}, []string{nextTold, "noise"}},
		{"a short report in the middle", nil, [][]byte{long, long[:63], tail, next}, []string{nextTold, "cut short"}},
		{"a short report alone", nil, [][]byte{next[:17], next}, []string{nextTold, "cut short"}},
		{"another symbology after a hole is another code", nil, [][]byte{long, long[:63], next, next}, []string{nextTold, nextTold, "cut short"}},
		{"another report number", nil, [][]byte{bad(next, 0, 3), next}, []string{nextTold, "unexpected frame"}},
		{"another layout", nil, [][]byte{made("zebra", "]E0", 'd', ean, false), made("newland", "", 0, ean, false), next}, []string{nextTold, "noise", "noise"}},
		{"Honeywell for Zebra", layoutOf("zebra"), [][]byte{next}, []string{"noise"}},
		{"a bracket without an identifier", nil, [][]byte{made("newland", "", 0, "]123456", false)}, []string{"noise"}},
		{"a report longer than 64 is read to 64", nil, [][]byte{append(slices.Clone(next), 1, 2, 3)}, []string{nextTold}},
		{"nothing", nil, [][]byte{{}, made("honeywell", "\x00\x00\x00", 0, "", false), made("honeywell", "]E0", 'd', "", false), quiet}, nil},
		{"too long is said once", func(o *Options) { o.Max = 100 }, [][]byte{long, long, long, tail, next}, []string{nextTold, "too long"}},
		{"too long by one", func(o *Options) { o.Max = 12 }, [][]byte{next, made("honeywell", "]E0", 'c', upcA, false)}, []string{`]E0 "` + upcA + `" upc-a`, "too long"}},
		{"the suffix CR", func(o *Options) { o.StripCR, o.Max = true, 13 }, [][]byte{made("honeywell", "]E0", 'd', ean+"\r", false), made("honeywell", "]Q1", 's', "a\r\r", false)}, []string{nextTold, `]Q1 "a\r" qr`}},
		{"CR is the code's otherwise", nil, [][]byte{made("honeywell", "]Q1", 's', "a\r", false)}, []string{`]Q1 "a\r" qr`}},
		{"no-read and ignored", func(o *Options) { o.NoRead, o.Ignore = []string{"NR"}, []string{"PING"} },
			[][]byte{made("honeywell", "]A0", 'b', "NR", false), made("honeywell", "]A0", 'b', "PING", false)}, []string{`]A0 "NR" code-39 noread`}},
		{"an identifier in the data as well", func(o *Options) { o.AIMID = true }, [][]byte{made("honeywell", "]E0", 'd', "]E0"+ean, false)}, []string{nextTold}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := run(decoder(t, c.change), c.in...); !slices.Equal(got, c.want) {
				t.Errorf("got %q want %q", got, c.want)
			}
		})
	}
}

// The symbology is what the two ids together say.
func TestSymbology(t *testing.T) {
	for _, c := range []struct {
		name, layout, aim string
		id                byte
		want              string
	}{
		{"UPC-A by its code id", "honeywell", "]E0", 'c', "]E0 upc-a"},
		{"UPC-E by its code id", "honeywell", "]E0", 'E', "]E0 upc-e"},
		{"EAN-13 either way", "honeywell", "]E0", 0, "]E0 ean-13"},
		{"GS1 by the identifier, which the code id does not know", "honeywell", "]d2", 'w', "]d2 gs1-datamatrix"},
		{"GS1 QR", "honeywell", "]Q3", 's', "]Q3 gs1-qr"},
		{"plain", "honeywell", "]d1", 'w', "]d1 datamatrix"},
		{"ISBT 128", "honeywell", "]C4", 'j', "]C4 isbt-128"},
		{"MicroPDF417", "honeywell", "]L2", 'R', "]L2 micropdf417"},
		{"Code 32", "honeywell", "]A0", '<', "]A0 code-32"},
		{"Code 32 as other", "honeywell", "]X0", '<', "]X0 code-32"},
		{"Bookland", "honeywell", "]X0", '`', "]X0 isbn"},
		{"an id that is GS1-128 for one maker and a postal code for another", "honeywell", "]X0", '|', "]X0"},
		{"GS1-128 with that id", "honeywell", "]C1", '|', "]C1 gs1-128"},
		{"they contradict each other: the identifier is a standard's", "honeywell", "]C0", 'd', "]C0 code-128"},
		{"an id that no list has", "honeywell", "]A0", '@', "]A0 code-39"},
		{"no identifier", "honeywell", "\x00\x00\x00", 'c', "]E0 upc-a"},
		{"nothing at all", "honeywell", "\x00\x00\x00", 0, ""},
		{"Zebra's own for UPC-A", "zebra", "]Xg", 'c', "]Xg upc-a"},
		{"Zebra's own for EAN-13, no code id", "zebra", "]X9", 0, "]X9 ean-13"},
		{"Zebra's own for EAN-8", "zebra", "]XC", 'D', "]XC ean-8"},
		{"Zebra's own for UPC-E", "zebra", "]Xk", 'E', "]Xk upc-e"},
		{"Zebra's own for DataBar", "zebra", "]Xr", 'y', "]Xr gs1-databar"},
		{"Zebra's own for DataBar limited", "zebra", "]Xs", 0, "]Xs gs1-databar"},
		{"Zebra's own for DataBar expanded", "zebra", "]Xt", 0, "]Xt gs1-databar"},
		{"Zebra's own for PDF417", "zebra", "]XV", 'r', "]XV pdf417"},
		{"Zebra's own for Micro QR", "zebra", "]XS", 's', "]XS micro-qr"},
		{"Zebra's Bookland", "zebra", "]X0", '`', "]X0 isbn"},
		{"Zebra's QR", "zebra", "]Q1", 's', "]Q1 qr"},
		{"Honeywell has no such", "honeywell", "]Xg", 0, "]Xg"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out wire.Output
			decoder(t, layoutOf(c.layout)).Decode(made(c.layout, c.aim, c.id, "1", false), &out)
			if len(out.Sightings) != 1 {
				t.Fatalf("got %q", told(&out))
			}
			if got := strings.TrimSpace(out.Sightings[0].AIM + " " + out.Sightings[0].Symbology); got != c.want {
				t.Errorf("got %q want %q", got, c.want)
			}
		})
	}
}

// A reply is never a scan, and a code is never taken for a reply unless it
// came in the midst of one.
func TestReplies(t *testing.T) {
	line := func(s string, more bool) []byte { return made("honeywell", "]X0", textID, s, more) }
	done := func(s string) []byte { return made("honeywell", "]Z6", '6', s, false) }
	revinf := reports(t, revinf1602)
	revinfTold := `answer REVINF Product Name="Voyager 1602g" REVINF Boot Revision="8992" REVINF Software Part Number="CW000082BBA"` +
		` REVINF Software Revision="$ProjectRevision: 16345" REVINF Serial Number="15232B1F0C" REVINF Supported IF="Bluetooth"` +
		` REVINF PCB Assembly ID="000000" REVINF Engine Firmware Type="N/A   Revision: N/A   Serial Number: N/A   Checksum: N/A"`
	next := made("honeywell", "]E0", 'd', ean, false)
	nextTold := `]E0 "` + ean + `" ean-13`
	for _, c := range []struct {
		name string
		in   [][]byte
		want []string
	}{
		{"REVINF of a Voyager 1602g, from a capture", revinf, []string{revinfTold}},
		{"twice", slices.Concat(revinf, revinf), []string{revinfTold, revinfTold}},
		{"a scan between text and end", slices.Concat(revinf[:6], [][]byte{next}, revinf[6:]), []string{nextTold, revinfTold}},
		{"a reply whose end is lost is no scan", slices.Concat(revinf[:6], [][]byte{quiet, next}), []string{nextTold, "cut short"}},
		{"a reply with a hole, and its end", slices.Concat(revinf[:2], [][]byte{revinf[2][:63]}, revinf[3:]), []string{"answer", "cut short"}},
		{"a Korea Post code comes after the silence", [][]byte{line("12345", false), quiet}, []string{`]X0 "12345"`}},
		{"three of them, and a scan, in a row", [][]byte{line("1", false), line("2", false), next, line("3", false), quiet, quiet}, []string{nextTold, `]X0 "1"`, `]X0 "2"`, `]X0 "3"`}},
		{"Bookland comes at once", [][]byte{made("honeywell", "]X0", '`', "9783161484100", false)}, []string{`]X0 "9783161484100" isbn`}},
		{"Bookland in the midst of a reply", slices.Concat(revinf[:6], [][]byte{made("honeywell", "]X0", '`', "9783161484100", false)}, revinf[6:]),
			[]string{`]X0 "9783161484100" isbn`, revinfTold}},
		{"text without names is the command's", [][]byte{line("1.07", false), done("AISFWV1\x06.")}, []string{`answer AISFWV="1" AISFWV text="1.07"`}},
		{"a setting", [][]byte{done("CBRENA1\x06.")}, []string{`answer CBRENA="1"`}},
		{"seven settings", [][]byte{done("CBRENA1\x06,SSX0\x06,CK20\x06,CCT1\x06,MIN2\x06,MAX60\x06,DFT\x06.")},
			[]string{`answer CBRENA="1" CBRSSX="0" CBRCK2="0" CBRCCT="1" CBRMIN="2" CBRMAX="60"`}},
		{"two tags", [][]byte{done("CBRENA1\x06;A39ENA0\x06!")}, []string{`answer CBRENA="1" A39ENA="0"`}},
		{"unknown", [][]byte{done("XYZENA\x05.")}, []string{"answer refused: XYZENA: unknown tag"}},
		{"out of range", [][]byte{done("CBRMIN99\x15,MAX60\x06!")}, []string{`answer CBRMAX="60" refused: CBRMIN: value out of range`}},
		{"through a base", [][]byte{done(":Xenon:CBRENA1\x06.")}, []string{`answer CBRENA="1"`}},
		{"an end that says nothing", [][]byte{done(""), done("\x06"), done("A\x06")}, []string{"answer", "answer", "answer"}},
		{"other things that are no bar codes", [][]byte{made("honeywell", "]Z0", 0, "swipe", false)}, []string{"unexpected frame"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := run(decoder(t, nil), c.in...); !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
	// The other layouts have no such replies.
	if got := run(decoder(t, layoutOf("zebra")), made("zebra", "]X0", textID, "12345", false), made("zebra", "]Z6", '6', "REVINF\x06.", false)); !slices.Equal(got, []string{`]X0 "12345"`, "unexpected frame"}) {
		t.Errorf("Zebra: got %q", got)
	}
	newland := run(decoder(t, layoutOf("newland")), reports(t, "02 1C 02 01 30 30 30 30 40 43 31 31 45 4E 41 31 06 2C 4D 49 4E 31 32 06 2C 58 59 5A 05 3B 00*34")...)
	if want := []string{`answer C11ENA="1" C11MIN="12" refused: C11XYZ: unknown tag`}; !slices.Equal(newland, want) {
		t.Errorf("Newland: got %q want %q", newland, want)
	}
}

// What is held back is bounded: more texts than a reply has are codes.
func TestHeldIsBounded(t *testing.T) {
	d := decoder(t, nil)
	var out wire.Output
	for range 1000 {
		d.Decode(made("honeywell", "]X0", textID, "12345", false), &out)
		if len(d.held) > most || d.bytes > d.limit {
			t.Fatalf("%d texts, %d bytes", len(d.held), d.bytes)
		}
	}
	d.Silence(&out)
	if len(out.Sightings) != 1000 {
		t.Errorf("1000 codes gave %d", len(out.Sightings))
	}
}

// Wrong options are all named at once.
func TestWrongOptions(t *testing.T) {
	_, err := New(Options{Layout: "honey", CodeID: "acme", NoRead: []string{""}})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`"layout" must be one of honeywell, newland, zebra, auto, not "honey"`, `"code_id"`, `"max"`, `"noread"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in\n%v", want, err)
		}
	}
}

// What a Voyager 1602g answers to REVINF, from source H2 of the fact sheet.
const revinf1602 = `
02 38 5D 58 30 50 72 6F 64 75 63 74 20 4E 61 6D 65 3A 20 56 6F 79 61 67 65 72 20 31 36 30 32 67 0D 0A 42 6F 6F 74 20 52 65 76 69 73 69 6F 6E 3A 20 3A 20 38 39 39 32 0D 0A 53 6F 66 74 3F 00 01 |
02 38 5D 58 30 77 61 72 65 20 50 61 72 74 20 4E 75 6D 62 65 72 3A 20 43 57 30 30 30 30 38 32 42 42 41 0D 0A 53 6F 66 74 77 61 72 65 20 52 65 76 69 73 69 6F 6E 3A 20 24 50 72 6F 6A 65 3F 00 01 |
02 38 5D 58 30 63 74 52 65 76 69 73 69 6F 6E 3A 20 31 36 33 34 35 20 0D 0A 53 65 72 69 61 6C 20 4E 75 6D 62 65 72 3A 20 31 35 32 33 32 42 31 46 30 43 0D 0A 53 75 70 70 6F 72 74 65 64 3F 00 01 |
02 38 5D 58 30 20 49 46 3A 20 42 6C 75 65 74 6F 6F 74 68 0D 0A 50 43 42 20 41 73 73 65 6D 62 6C 79 20 49 44 3A 20 30 30 30 30 30 30 0D 0A 45 6E 67 69 6E 65 20 46 69 72 6D 77 61 72 65 3F 00 01 |
02 38 5D 58 30 20 54 79 70 65 3A 20 4E 2F 41 20 20 20 52 65 76 69 73 69 6F 6E 3A 20 4E 2F 41 20 20 20 53 65 72 69 61 6C 20 4E 75 6D 62 65 72 3A 20 4E 2F 41 20 20 20 43 68 65 63 6B 73 3F 00 01 |
02 09 5D 58 30 75 6D 3A 20 4E 2F 41 0D 0A 00*47 3F 00 00 |
02 08 5D 5A 36 52 45 56 49 4E 46 06 2E 00*48 36 00 00`
