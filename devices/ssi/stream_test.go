package ssi

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

// Packets and texts of the tests below.
var (
	good     = packet(opDecode, 0, 0, "\x0B4006381333931")
	goodOnce = `]E0 "4006381333931" ean-13, saved ack`
	goodMore = `]E0 "4006381333931" ean-13 again, saved ack`
	repeat   = packet(opDecode, 0, statusAgain, "\x0B4006381333931")
	other    = packet(opDecode, 0, 0, "\x0FABC")
	otherOne = `]C1 "ABC" gs1-128, saved ack`
	yes      = packet(opAck, 0, 0, "")
	plainEAN = `"4006381333931"`
)

// broken is a packet with one bit of its data turned over.
func broken(p []byte) []byte {
	p = slices.Clone(p)
	p[len(p)-3] ^= 0x10
	return p
}

func join(all ...[]byte) []byte { return slices.Concat(all...) }

// What else can happen between a scanner and the station. Between the pieces
// of a case is silence.
func TestStreams(t *testing.T) {
	text := func(s string) []byte { return []byte(s) }
	for _, c := range []struct {
		name   string
		change func(*Options)
		in     [][]byte
		want   []string
	}{
		{"two packets in one piece", nil, [][]byte{join(good, other)}, []string{goodOnce, otherOne}},
		{"an answer between two parts of a code", nil,
			[][]byte{join(packet(opDecode, 0, statusMore, "\x1BABC"), yes, packet(opDecode, 0, 0, "\x1BDEF"))},
			[]string{`]d1 "ABCDEF" datamatrix, saved ack`, "ack", "answer"}},
		{"the repeat of a part is acknowledged, and its code is not longer for it", nil,
			[][]byte{join(packet(opDecode, 0, statusMore, "\x1BABC"), packet(opDecode, 0, statusMore|statusAgain, "\x1BABC"), packet(opDecode, 0, 0, "\x1BDEF"))},
			[]string{`]d1 "ABCDEF" datamatrix, saved ack`, "ack", "ack"}},
		{"the repeat of the last part is the whole code again", nil,
			[][]byte{join(packet(opDecode, 0, statusMore, "\x1BABC"), packet(opDecode, 0, 0, "\x1BDEF"), packet(opDecode, 0, statusAgain, "\x1BDEF"))},
			[]string{`]d1 "ABCDEF" datamatrix, saved ack`, `]d1 "ABCDEF" datamatrix again, saved ack`, "ack"}},
		{"the same label read twice is two scans", nil, [][]byte{join(good, good)}, []string{goodOnce, goodOnce}},
		{"the repeat of a packet that broke is not that of the same label before", nil, [][]byte{join(good, broken(good)), repeat},
			[]string{goodOnce, goodOnce, "resend", "fault checksum"}},
		{"a repeat that broke is asked for, and stays a repeat", nil, [][]byte{join(good, broken(repeat)), repeat},
			[]string{goodOnce, goodMore, "resend", "fault checksum"}},
		{"the repeat of a packet that broke off is a new scan", nil, [][]byte{good, good[:9], repeat},
			[]string{goodOnce, goodOnce, "fault cut short"}},
		{"a repeat after an answer in between", nil, [][]byte{join(good, yes, repeat)}, []string{goodOnce, goodMore, "answer"}},
		{"a repeat of another code is a new scan", nil, [][]byte{join(other, repeat)}, []string{otherOne, goodOnce}},
		{"acknowledged at once if the options say so", func(o *Options) { o.Ack = false }, [][]byte{join(good, repeat)},
			[]string{`]E0 "4006381333931" ean-13`, `]E0 "4006381333931" ean-13 again`, "ack", "ack"}},

		{"a code with a hole of another type is dropped", nil,
			[][]byte{join(packet(opDecode, 0, statusMore, "\x1BABC"), good)}, []string{goodOnce, "ack", "fault part missing"}},
		{"after a pause an identifier begins a new code", nil,
			[][]byte{packet(opDecode, 0, statusMore, "\x1B]d1ABC"), packet(opDecode, 0, 0, "\x1B]d1DEF")},
			[]string{`]d1 "DEF" datamatrix, saved ack`, "ack", "fault part missing"}},
		{"after a pause a part without an identifier goes on", nil,
			[][]byte{packet(opDecode, 0, statusMore, "\x1B]d1ABC"), packet(opDecode, 0, 0, "\x1BDEF")},
			[]string{`]d1 "ABCDEF" datamatrix, saved ack`, "ack"}},
		{"without a pause an identifier may stand within a code", nil,
			[][]byte{join(packet(opDecode, 0, statusMore, "\x1B]d1ABC"), packet(opDecode, 0, 0, "\x1B]d1DEF"))},
			[]string{`]d1 "ABC]d1DEF" datamatrix, saved ack`, "ack"}},

		{"the long header of ring scanners", nil, [][]byte{packet(opDecode, 0, 0x20, "\x0B\x01\x00\x0D4006381333931")}, []string{goodOnce}},
		{"the long header where the options say so", func(o *Options) { o.Header = "long" }, [][]byte{packet(opDecode, 0, 0x20, "\x0B\x01\x00\x0D4006381333931")}, []string{goodOnce}},
		{"no long header where the options want it", func(o *Options) { o.Header = "long" }, [][]byte{good}, []string{"fault cut short"}},
		{"classic never looks for a header", func(o *Options) { o.Header = "classic" }, [][]byte{packet(opDecode, 0, 0, "\x03\x01\x00\x01A")},
			[]string{`]C0 "\x01\x00\x01A" code-128, saved ack`}},
		{"a segment out of its turn is not acknowledged", nil,
			[][]byte{join(segment(2, 0, "\xF3\x00\x00\x01\xF7\x1C\x01\x01\xF4"+strings.Repeat("Z", 241)), segment(0, 2, strings.Repeat("Z", 9)))},
			[]string{"04 74 04 00 FF 84", "fault part missing"}},
		{"the repeat of a segment whose code was dropped brings nothing back", nil,
			[][]byte{join(segment(2, 0, "\xF3\x00\x00\x01\xF7\x1C\x01\x01\xF4"+strings.Repeat("Z", 241)), segment(0, 2, "Z"), again(segment(2, 0, "\xF3\x00\x00\x01\xF7\x1C\x01\x01\xF4"+strings.Repeat("Z", 241))))},
			[]string{"04 74 04 00 FF 84", "04 74 04 00 FF 84", "fault part missing"}},
		{"a last segment that is too short is not acknowledged", nil,
			[][]byte{join(segment(2, 0, "\xF3\x00\x00\x01\xF7\x1C\x01\x01\xF4"+strings.Repeat("Z", 241)), segment(0, 1, "ZZ"))},
			[]string{"04 74 04 00 FF 84", "fault part missing"}},
		{"a segment without its first", nil, [][]byte{segment(0, 1, "ZZ")}, []string{"fault part missing"}},
		{"a first segment that holds no code", nil, [][]byte{segment(2, 0, "\xC6\x00\x00")}, []string{"fault unexpected frame"}},
		{"a ring scanner that answered INIT is acknowledged in its own way", nil,
			[][]byte{join(packet(opInitReply, 0, 0x80, ""), segment(2, 0, "\xF3\x00\x00\x00\x06\x0B\x01\x00\x03ABC"))},
			[]string{`]E0 "ABC" ean-13, saved 04 96 04 00 FF 62`, "answer"}},

		{"a programming barcode is no scan", nil, [][]byte{packet(opDecode, 0, 0, "\x33B00")}, []string{"ack", "fault unexpected frame"}},
		{"a signature is no scan", nil, [][]byte{packet(opDecode, 0, 0, "\x69\xFF\xD8\xFF")}, []string{"ack", "fault unexpected frame"}},
		{"an unknown code type is kept", nil, [][]byte{packet(opDecode, 0, 0xF0, "\xEEABC")}, []string{`"ABC" , saved ack`}},
		{"GS1 is known by the identifier where the type does not tell", nil, [][]byte{packet(opDecode, 0, 0, "\x1B]d2\x1D10A")}, []string{`]d2 "\x1d10A" gs1-datamatrix, saved ack`}},
		{"UPC-A is known by the type where the identifier does not tell", nil, [][]byte{packet(opDecode, 0, 0, "\x08]E00012345678905")}, []string{`]E0 "0012345678905" upc-a, saved ack`}},
		{"the maker's code ids", func(o *Options) { o.CodeID = "symbol" },
			[][]byte{join(packet(opDecode, 0, 0, "\x0BA4006381333931"), packet(opDecode, 0, 0, "\x1CP0Q0109501101530003"), packet(opDecode, 0, 0, "\x01BNR"))},
			[]string{goodOnce, `]Q3 "0109501101530003" gs1-qr, saved ack`, `]A0 "NR" code-39 noread, saved ack`}},
		{"old scans say so", nil, [][]byte{packet(opBatch, 0, 0, "\x0B4006381333931")}, []string{`]E0 "4006381333931" ean-13 (from the scanner's memory), saved ack`}},
		{"a code without a type is acknowledged", nil, [][]byte{packet(opDecode, 0, 0, "")}, []string{"ack", "fault cut short"}},
		{"a code that is empty is acknowledged", nil, [][]byte{packet(opDecode, 0, 0, "\x03\r\n")}, []string{"ack"}},
		{"an ignored code is acknowledged", nil, [][]byte{packet(opDecode, 0, 0, "\x03?\r")}, []string{"ack"}},
		{"a code that is too long is acknowledged", func(o *Options) { o.Max = 4 }, [][]byte{join(good, packet(opDecode, 0, statusMore, "\x031234\r"), packet(opDecode, 0, 0, "\x0312345678"))},
			[]string{"ack", "ack", "ack", "fault too long", "fault too long"}},
		{"an opcode of tomorrow is acknowledged", nil, [][]byte{packet(0xDD, 0, 0, "\x01")}, []string{"ack", "fault unexpected frame"}},
		{"a picture is acknowledged", nil, [][]byte{packet(opImage, 0, 0, "\x01")}, []string{"ack", "fault unexpected frame"}},

		{"a damaged command is no answer, so that it is sent again", nil, [][]byte{packet(opNak, 0, 0, "\x01")}, []string{"fault checksum"}},
		{"the causes of a refusal", nil, [][]byte{join(packet(opNak, 0, 0, "\x02"), packet(opNak, 0, 0, "\x0A"), packet(opNak, 0, 0, "\x10"), packet(opNak, 0, 0, "\x07"), packet(opNak, 0, 0, ""))},
			[]string{"answer refused bad context: unknown to it, or impossible now", "answer refused undesired: it asks to hold off",
				"answer refused undesired: it asks to hold off", "answer refused cause 07", "answer refused no cause told"}},
		{"a reply that comes again is acknowledged and told once", nil,
			[][]byte{join(packet(opRevision, 0, 0, "R1"), packet(opRevision, 0, statusAgain, "R1"), packet(opRevision, 0, 0, "R1"))},
			[]string{"ack", "ack", "ack", "answer revision=R1", "answer revision=R1"}},
		{"a management reply is acknowledged only if it comes again", nil,
			[][]byte{join(packet(opManagement, 0, 0, "\x00\x08\x20\x00\x00\xF0\x00\xF0"), packet(opManagement, 0, statusAgain, "\x00\x08\x20\x00\x00\xF0\x00\xF0"))},
			[]string{"ack", "answer packet size=240"}},
		{"management that failed", nil, [][]byte{join(packet(opManagement, 0, 0, "\x00\x04\x02\x05"), packet(opManagement, 0, 0, "\x00\x09\x02\x00"))},
			[]string{"answer refused management status 5", "answer refused its reply is cut short", "fault cut short"}},
		{"parameter numbers in all their forms, up to a text", nil,
			[][]byte{packet(opParams, 0, 0, "\xFF\xEE\x01\xF0\x92\x02\xF1\x01\x03\xF2\x02\x04\xF8\x04\x01\x05\xF4\xF8\x10\x00\x01\x02\xF3\x10\x02hi")},
			[]string{"ack", "answer 238=1 402=2 513=3 770=4 1025=5 4096=258"}},
		{"a parameter without its value", nil, [][]byte{packet(opParams, 0, 0, "\xFF\xEE\x01\xF0\x92")}, []string{"ack", "answer 238=1", "fault cut short"}},
		{"id and capabilities", nil, [][]byte{join(packet(opID, 0, 0, "S123 \x00"), packet(opCapabilities, 0, 0, "\x00\x20\x08\x01\xC6\xD0"))},
			[]string{"ack", "answer id=S123", "answer capabilities=00 20 08 01 opcodes=C6 D0"}},

		{"plain text with each suffix before the set-up", nil, [][]byte{text("4006381333931\r\nABC\r"), text("X1"), yes},
			[]string{plainEAN, `"ABC"`, `"X1"  (unterminated)`, "answer"}},
		{"plain text that silence ends as it should", func(o *Options) { o.End = nil }, [][]byte{text("4006381333931"), text("ABC\r\n"), yes},
			[]string{plainEAN, `"ABC"`, "answer"}},
		{"plain text between two packets of the set-up", nil, [][]byte{join(yes, text("4006381333931\r\n"), yes)}, []string{plainEAN, "answer", "answer", "restarted"}},
		{"plain text without a suffix between two packets of the set-up", nil, [][]byte{join(yes, text("4006381333931"), yes)},
			[]string{`"4006381333931"  (unterminated)`, "answer", "answer", "restarted"}},
		{"plain text after a code in a packet: the scanner has lost its settings", nil, [][]byte{good, text("ABC\r")}, []string{goodOnce, `"ABC"`, "restarted"}},
		{"after a restart a repeat is nobody's", nil, [][]byte{good, text("ABC\r"), repeat}, []string{goodOnce, `"ABC"`, goodOnce, "restarted"}},
		{"a packet is seen whose length looks like the terminator before it", nil, [][]byte{join(text("ABC"), packet(opDecode, 0, 0, "\x0312345678"))},
			[]string{`"ABC"`, `]C0 "12345678" code-128, saved ack`}},
		{"a packet is seen whose length looks like the LF of CR LF", nil, [][]byte{join(text("ABC\r"), packet(opDecode, 0, 0, "\x0312345"))},
			[]string{`"ABC"`, `]C0 "12345" code-128, saved ack`}},
		{"a no-read in plain text", nil, [][]byte{text("]A0NR\r\n")}, []string{`]A0 "NR" code-39 noread`}},
		{"an s in a text is no segment", nil, [][]byte{text("Cases 1s\r\n")}, []string{`"Cases 1s"`}},
		{"what may yet begin a packet, and does not, is text", nil, [][]byte{text("AB\rs"), text("4s"), text("\ns")},
			[]string{`"AB"`, `"s"  (unterminated)`, `"4s"  (unterminated)`, `"s"  (unterminated)`}},
		{"text that never ends is said once", func(o *Options) { o.Max = 4 }, [][]byte{text("1234567890123456789\r\nABC\r"), text("AB\r")}, []string{`"AB"`, "fault too long"}},
		{"text that never ends does not hide a packet", func(o *Options) { o.Max = 4 }, [][]byte{join(text("1234567890123456789"), packet(opDecode, 0, 0, "\x03AB"))},
			[]string{`]C0 "AB" code-128, saved ack`, "fault too long"}},

		{"a stray byte before a packet is no code once packets carry the codes", nil, [][]byte{join(good, text("U"), other)}, []string{goodOnce, otherOne, "fault noise"}},
		{"a stray byte in a pause is no code once packets carry the codes", nil, [][]byte{good, text("U"), other, good}, []string{goodOnce, otherOne, goodOnce, "fault noise"}},
		{"unprintable bytes are no code", nil, [][]byte{{0xFF, 0xFE}, {0x9C}, text("AB\r")}, []string{`"AB"`, "fault noise", "fault noise"}},
		{"the end of a packet without its head is no code", nil, [][]byte{good, other[5:]}, []string{goodOnce, "fault noise"}},
		{"a packet whose opcode broke is no code, and hides nothing", nil, [][]byte{join([]byte{0x12, 0x73}, good[2:], other)}, []string{otherOne, "resend", "fault checksum"}},
		{"a packet whose source broke is no code, although a suffix is in it", nil,
			[][]byte{join([]byte{0x0A, 0xF3, 0x40, 0x00}, text("\x0312\r34"), []byte{0xFD, 0x01}), other}, []string{otherOne, "fault noise"}},
		{"a packet that lost a byte is found broken with the next", nil, [][]byte{join(good[:7], good[8:], repeat)}, []string{goodOnce, "resend", "fault checksum"}},
		{"a packet whose length broke does not swallow its repeat", nil, [][]byte{join([]byte{0x52}, good[1:]), repeat}, []string{goodOnce, "fault cut short"}},
		{"noise is asked three times, and then no more", nil, [][]byte{broken(good), broken(good), broken(good), broken(good), broken(good), good, broken(good)},
			[]string{goodOnce, "resend", "resend", "resend", "resend", "fault checksum", "fault checksum", "fault checksum", "fault checksum", "fault checksum", "fault checksum"}},
		{"a broken answer is not asked for", nil, [][]byte{broken(yes), broken(packet(opNak, 0, 0, "\x06"))}, []string{"fault checksum", "fault checksum"}},
		{"wake-up bytes and empty lines are nothing", nil, [][]byte{join([]byte{0, 0, 1, 2, 3}, text("\r\n\r"), yes, []byte{0})}, []string{"answer"}},

		{"a pause within a packet", nil, [][]byte{good[:9], good[9:]}, []string{goodOnce}},
		{"a pause right after the first two bytes", nil, [][]byte{good[:2], good[2:]}, []string{goodOnce}},
		{"a pause after the first byte, once packets carry the codes", nil, [][]byte{good, segment(0, 0, ""), other[:1], other[1:]}, []string{goodOnce, otherOne, "fault unexpected frame"}},
		{"a pause within the head of a segment", nil, [][]byte{good, segment(2, 0, "\xF3\x00\x00\x00\x06\x0B\x01\x00\x03ABC")[:2], segment(2, 0, "\xF3\x00\x00\x00\x06\x0B\x01\x00\x03ABC")[2:]},
			[]string{goodOnce, `]E0 "ABC" ean-13, saved ack`}},
		{"a pause after the first byte, which is none of a text", nil, [][]byte{good[:1], good[1:]}, []string{goodOnce}},
		{"a packet that broke off for good", nil, [][]byte{good[:9], text("AB\r"), yes}, []string{`"AB"`, "answer", "fault cut short"}},
		{"a packet that pauses twice is no code, and its repeat is one", nil, [][]byte{good[:7], good[7:10], good[10:15], good[15:], repeat},
			[]string{goodOnce, "fault cut short", "fault noise", "fault noise", "fault noise"}},
		{"a packet that broke and pauses is no code", nil, [][]byte{good, join([]byte{0x12, 0xF3, 0x80}, good[3:9]), good[9:15], repeat},
			[]string{goodOnce, goodMore, "fault noise", "fault noise"}},
		{"an answer that pauses twice is no code", nil, [][]byte{yes[:2], yes[2:4], yes[4:], text("AB")}, []string{`"AB"  (unterminated)`, "fault cut short", "fault noise"}},
		{"a packet that broke off, and plain text of a scanner that lost its power", nil, [][]byte{other, good[:9], text("4006381333931\r\n")},
			[]string{otherOne, plainEAN, "fault cut short", "restarted"}},
		{"a packet that broke off, and its repeat", nil, [][]byte{good[:9], repeat}, []string{goodOnce, "fault cut short"}},
		{"a packet that broke off twice", nil, [][]byte{good[:9], repeat[:15], repeat}, []string{goodOnce, "fault cut short", "fault cut short"}},
		{"a repeat that was asked for and pauses", nil, [][]byte{join(broken(good), repeat[:9]), repeat[9:]}, []string{goodOnce, "resend", "fault checksum"}},
		{"what looks like a packet in the midst of noise hides no packet from silence", nil,
			[][]byte{join(broken(good), []byte{0xF0, 0xF3, 0x00, 0x00}, other), good}, []string{otherOne, goodOnce, "resend", "fault checksum"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			every(t, options(c.change), c.want, append(c.in, nil)...) // a silence at the end too
		})
	}
}

// Where a pause leaves two readings that both have a right checksum, the one
// counts that is complete first, however the bytes are chopped.
func TestTwoReadings(t *testing.T) {
	// The packet of a pause ends within good, whose ninth and tenth byte are
	// its checksum.
	const within = 8
	rest := 0x10000 - int(good[within])<<8 - int(good[within+1])
	for _, b := range good[:within] {
		rest -= int(b)
	}
	head := []byte{0, opDecode, 0, 0, 0xEE}
	for rest -= opDecode + 0xEE; rest > 2*0xFF; rest -= 0xFF {
		head = append(head, 0xFF)
	}
	head[0] = byte(len(head) + 2 + within)
	rest -= int(head[0])
	head = append(head, byte(rest/2), byte(rest-rest/2))
	if !proven(join(head, good[:within+sumBytes])) {
		t.Fatal("the test's own packet is wrong")
	}
	code := strings.Repeat("\xff", len(head)-7) + string(head[len(head)-2:]) + string(good[:within])
	every(t, options(nil), []string{fmt.Sprintf("%q , saved ack", code), "fault noise"}, head, good, nil)
}

// segment makes one of a ring scanner; a full one says so by its length.
func segment(source, index byte, text string) []byte {
	return packet(opSegment, source, 0, string([]byte{index})+text)
}

func again(p []byte) []byte {
	return packet(p[atOpcode], p[atSource], p[atStatus]|statusAgain, string(p[atData:len(p)-sumBytes]))
}

// What is handed out is a copy: the buffer of the port, and that of the
// decoder, are used again.
func TestCopies(t *testing.T) {
	var out wire.Output
	d := decoder(t, options(nil))
	in := join(good, packet(opRevision, 0, 0, "R1 B"), []byte("ABC\r"))
	d.Decode(in, &out)
	clear(in)
	d.Decode(join(packet(opDecode, 0, 0, "\x0B0000000000000"), packet(opRevision, 0, 0, "XX XX"), []byte("XXX\r")), &wire.Output{})
	want := []string{goodOnce, `"ABC"`, "ack", "answer revision=R1 board=B", "restarted"}
	if got := told(&out); !slices.Equal(got, want) {
		t.Errorf("got %q want %q", got, want)
	}
}
