package llrp

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

// talk plays a reader: it says what it is given, and collects what it hears.
type talk struct {
	t   *testing.T
	d   *Decoder
	out wire.Output
}

func open(t *testing.T, change func(*Options)) *talk {
	c := &talk{t: t, d: decoder(t, change)}
	c.d.Open(&c.out)
	return c
}

// says has the reader say something, and compares what came of it since the
// last comparison. "~" is a second of silence, "~25" are as many.
func (c *talk) says(text string, want ...string) {
	c.t.Helper()
	for word := range strings.FieldsSeq(text) {
		var seconds int
		if word == "~" {
			seconds = 1
		} else if n, _ := fmt.Sscanf(word, "~%d", &seconds); n == 0 {
			before := len(c.out.Reads)
			c.d.Decode(in(c.t, word), &c.out)
			for i := before; i < len(c.out.Reads); i++ {
				c.out.Reads[i].EPC = bytes.Clone(c.out.Reads[i].EPC)
			}
		}
		for range seconds {
			c.d.Silence(&c.out)
		}
	}
	if got := told(&c.out); !slices.Equal(got, want) {
		c.t.Errorf("at %.60s: got %q\nwant %q", text, got, want)
	}
	c.out.Reset()
}

// hears is what frames look like when they go out.
func hears(t *testing.T, names ...string) (all []string) {
	for _, name := range names {
		all = append(all, fmt.Sprintf("> %X", in(t, name)))
	}
	return all
}

// reply is an answer of a reader, with status 0 before its parameters.
func reply(kind uint16, id uint32, params ...[]byte) string {
	return fmt.Sprintf("%X", message(1, kind, id, append(tlv(287, short(0), short(0)), bytes.Join(params, nil)...)))
}

func fails(kind uint16, id uint32, code int, text string, details ...[]byte) string {
	return fmt.Sprintf("%X", message(1, kind, id, tlv(287, short(code), short(len(text)), []byte(text), bytes.Join(details, nil))))
}

// general and region are capabilities of a reader with four antennas, which
// sends 10 to 30 dBm in steps of 10, and has the modes 1 and 1000.
func general() []byte {
	return tlv(137, short(4), short(0x4000), number(impinj), number(2001002), short(5), []byte("5.14\x07"), tlv(141, short(2), short(2)))
}

func region(standard int, powers ...[]byte) []byte {
	mode := func(n uint32) []byte { return tlv(329, number(n), make([]byte, 24)) }
	return tlv(143, short(276), short(standard), tlv(144, bytes.Join(powers, nil),
		tlv(146, octet(0x80), tlv(147, octet(3), octet(0), short(1), number(865700)), tlv(147, octet(4), octet(0), short(0))),
		tlv(328, mode(1), mode(1000))))
}

func powers() []byte {
	return slices.Concat(tlv(145, short(1), short(1000)), tlv(145, short(2), short(2000)), tlv(145, short(9), short(3000)))
}

func bare(o *Options) { o.Session = -1 }

// From the greeting to the first read, the bytes are those of the fact sheet.
func TestSetup(t *testing.T) {
	c := open(t, bare)
	c.says("~ R2", hears(t, "R4")...)
	c.says(reply(11, 1, general(), region(2, powers())), append([]string{"manufacturer=Impinj", "model=Speedway R420", "firmware=5.14?", "antennas=4", "country=276", "standard=2"}, hears(t, "R5")...)...)
	c.says("R18 R6", append([]string{"3005FB63AC1F3841EC880467 ant=1 rssi=-50 n=1"}, hears(t, "R7")...)...)
	c.says("R16 R8", hears(t, "R17", "0403 00000037 00000004 00"+
		"00F40027 00F50007000180 00F50007000280 00F50007000380 00F50007000480 00F50007000880 00E2000500")...)
	c.says(reply(13, 4), hears(t, numbered("R9", 5, "1780", "FFC0"))...)
	c.says(reply(30, 5), hears(t, numbered("R12", 6))...)
	c.says(reply(34, 6), hears(t, numbered("R13", 7))...)
	c.says(reply(32, 7), hears(t, numbered("R15", 8), "0402 00000011 00000009 0000 01 0000 0000")...)
	c.says(reply(12, 9, tlv(218, octet(0), short(8), []byte{0, 0x16, 0x25, 0xff, 0xfe, 0x12, 0x34, 0x56})), append([]string{"serial=001625FFFE123456"}, hears(t, "0402 00000011 0000000A 0000 02 0000 0000")...)...)
	c.says(reply(12, 10, tlv(221, octet(0x80), short(1), short(0)), tlv(221, octet(0), short(2), short(0))), append([]string{"antenna 1=connected", "antenna 2=gone"}, hears(t, "0402 00000011 0000000B 0000 09 0000 0000")...)...)
	c.says(reply(12, 11, tlv(225, short(1), octet(0x80), octet(1)), tlv(225, short(2), octet(0x80), octet(0)), tlv(225, short(3), octet(0), octet(2))), append([]string{"gpi 1=on", "gpi 2=off"}, hears(t, "041A 0000000A 0000000C")...)...)
	c.says(reply(36, 12, active(2)))
	c.says("R22 ~24 R16 ~5", append([]string{"3154F4E4E4CE0A6A14000000 ant=2 rssi=-52 n=9 pc=3000"}, hears(t, "R17")...)...)
	c.says("~", hears(t, "041A 0000000A 0000000D")...) // half a minute without a tag
	c.says(reply(36, 13, active(2)) + " R21 ~24")
	c.d.Close(&c.out)
	c.says("", hears(t, "0417 0000000E 0000000E 00000001 0415 0000000E 0000000F 00000001 040E 0000000A 00000010")...)
	c.says("R27 R18")
}

// numbered is a frame of the sheet with another message id, and with parts of it
// put otherwise.
func numbered(name string, id uint32, change ...string) string {
	hex := strings.NewReplacer(change...).Replace(strings.ReplaceAll(frames[name], " ", ""))
	return fmt.Sprintf("%s%08X%s", hex[:12], id, hex[20:])
}

// active is a ROSpec with its state.
func active(state byte) []byte { return tlv(177, number(ours), octet(0), octet(state)) }

// The builders make the sheet's own frames where the options are the same.
func TestBuild(t *testing.T) {
	d := decoder(t, bare)
	// R9 asks for less than we do.
	for name, got := range map[string][]byte{
		"R4": message(1, getCapabilities, 1, octet(0)), "R5": message(1, deleteROSpec, 2, number(0)),
		"R7": message(1, setConfig, 3, keepaliveConfig(10)), "R9": message(1, addROSpec, 4, d.roSpec(0x1780)),
		"R12": message(1, enableROSpec, 5, number(ours)), "R13": message(1, startROSpec, 6, number(ours)),
		"R14": message(1, stopROSpec, 7, number(ours)), "R15": message(1, enableEvents, 15, nil),
		"R17": message(1, keepaliveAck, 8, nil), "R26": message(1, closeConnection, 9, nil),
	} {
		if !bytes.Equal(got, in(t, name)) {
			t.Errorf("%s: got % X\nwant %s", name, got, frames[name])
		}
	}
}

// ready brings a conversation to where the ROSpec is added, and returns what
// the reader was told.
func ready(t *testing.T, change func(*Options), capabilities ...[]byte) (c *talk, told string) {
	c = open(t, change)
	c.d.Decode(in(t, "R2"), &c.out)
	for c.d.asked && c.d.plan[c.d.at].kind != addROSpec {
		var params []byte
		kind := c.d.plan[c.d.at].kind
		switch kind {
		case getCapabilities:
			params = bytes.Join(capabilities, nil)
		case customMessage:
			b := message(1, kind, c.d.id, slices.Concat(number(impinj), octet(22), tlv(287, short(0), short(0))))
			c.d.Decode(b, &c.out)
			continue
		}
		c.d.Decode(in(t, reply(answerTo(kind), c.d.id, params)), &c.out)
	}
	if n := len(c.out.Replies); n > 0 {
		told = fmt.Sprintf("%X", c.out.Replies[n-1])
	}
	return c, told
}

// What the options want is in the ROSpec, by the reader's own tables: never
// more power than was asked for.
func TestChosen(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Options)
		want   string // hex that is in ADD_ROSPEC
	}{
		"session and population":             {func(o *Options) { o.Session, o.Population, o.Transit = 1, 0x123, 0x456 }, "00DE0016 0000 014A0010 00 0150000B 40 0123 00000456"},
		"power just there":                   {func(o *Options) { bare(o); o.Power = new(20.0) }, "00DE0010 0000 00E0000A 0003 0001 0002"},
		"power between two":                  {func(o *Options) { bare(o); o.Power = new(29.9) }, "00E0000A 0003 0001 0002"},
		"more power than it has":             {func(o *Options) { bare(o); o.Power = new(33.0) }, "00E0000A 0003 0001 0009"},
		"mode and tari":                      {func(o *Options) { bare(o); o.Mode, o.Tari = 1000, 6250 }, "014A000D 00 014F0008 03E8 186A"},
		"antennas":                           {func(o *Options) { bare(o); o.Antennas = []int{2, 4} }, "00B7001A 0002 0002 0004"},
		"Impinj's search for the same again": {func(o *Options) { o.Impinj, o.Search = true, "dual" }, "0150000B 00 0020 00000000 03FF000E 0000651A 00000017 0002"},
	} {
		t.Run(name, func(t *testing.T) {
			_, told := ready(t, c.change, general(), region(2, powers()))
			if want := strings.ReplaceAll(c.want, " ", ""); !strings.HasPrefix(told, "0414") || !strings.Contains(told, want) {
				t.Errorf("got %s\nwant in it %s", told, want)
			}
		})
	}
	c := open(t, func(o *Options) { o.Impinj = true })
	c.says("R2", hears(t, "07FF 00000013 00000001 0000651A 15 00000000")...)
	c.says(fails(100, 1, 109, ""), append([]string{"does not start"}, hears(t, "0401 0000000B 00000002 00")...)...)
	c = open(t, func(o *Options) { o.GPI = []int{2} })
	if got, want := fmt.Sprintf("%X", c.d.eventConfig()), "00E1000800028002"; !strings.Contains(got, want) {
		t.Errorf("inputs: got %s want in it %s", got, want)
	}
	var order []string
	for _, r := range c.d.setup() {
		if r.say == sayInputs || r.kind == addROSpec || r.kind == startROSpec || r.kind == getROSpecs {
			order = append(order, r.say)
		}
	}
	if want := []string{sayInputs, "take antennas, power and session", "begin to read", "say whether it still reads"}; !slices.Equal(order, want) {
		t.Errorf("a gate has to be known before the first tag is read, got %q", order)
	}
}

// Where the reader can not do what the options want, it is not started, is told
// once what to do, and is tried again every half minute.
func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change       func(*Options)
		capabilities [][]byte
		want         string
	}{
		"no region":             {bare, [][]byte{general(), region(0)}, "no radio region"},
		"no such antenna":       {func(o *Options) { o.Antennas = []int{1, 5} }, [][]byte{general(), region(2, powers())}, "antenna 5, and the reader has 4"},
		"no such mode":          {func(o *Options) { o.Mode = 4 }, [][]byte{general(), region(2, powers())}, "no radio mode 4; it has [1 1000]"},
		"too little power":      {func(o *Options) { o.Power = new(9.5) }, [][]byte{general(), region(2, powers())}, "9.5 dBm, and the least that the reader can send is 10 dBm"},
		"no powers are told":    {func(o *Options) { o.Power = new(9.5) }, [][]byte{general()}, "tells no powers"},
		"no powers in a region": {func(o *Options) { o.Power = new(9.5) }, [][]byte{general(), region(2)}, "tells no powers"},
	} {
		t.Run(name, func(t *testing.T) {
			talk, said := ready(t, c.change, c.capabilities...)
			if n := len(talk.out.Faults); n != 1 || !strings.Contains(talk.out.Faults[0].Error(), c.want) || talk.out.Hangup {
				t.Fatalf("got %q %v", talk.out.Faults, talk.out.Hangup)
			}
			if said != fmt.Sprintf("%X", in(t, "R4")) {
				t.Errorf("last asked %s", said)
			}
			talk.out.Reset()
			talk.says("~29")
			talk.says("~", hears(t, "0401 0000000B 00000002 00")...)
			talk.says(reply(11, 2, c.capabilities...), told(&wire.Output{Answers: facts(t, c.capabilities)})...)
		})
	}
}

// facts are the facts in capabilities, by a decoder that wants nothing.
func facts(t *testing.T, parts [][]byte) []wire.Answer {
	d := decoder(t, bare)
	var out wire.Output
	_ = d.learn(bytes.Join(parts, nil), &out)
	return out.Answers
}

// A status in an answer is told in words, with where and what to do.
func TestStatus(t *testing.T) {
	talk, _ := ready(t, bare, general())
	talk.out.Reset()
	talk.d.Decode(in(t, numbered("R11", 5)), &talk.out)
	if want := `status 101, error in a field, "bad" (`; len(talk.out.Faults) != 1 || !strings.Contains(talk.out.Faults[0].Error(), want) {
		t.Errorf("got %q\nwant in it %s", talk.out.Faults, want)
	}
	talk, _ = ready(t, bare, general())
	talk.out.Reset()
	talk.d.Decode(in(t, fails(30, 5, 100, "no", tlv(289, short(177), short(100), tlv(289, short(224), short(100), tlv(288, short(2), short(300)))))), &talk.out)
	if want := `the reader does not take antennas, power and session: status 100, error in a parameter in field 2 of power and channel of the ROSpec, "no" (`; len(talk.out.Faults) != 1 || !strings.HasPrefix(talk.out.Faults[0].Error(), want) {
		t.Errorf("got %q\nwant %s", talk.out.Faults, want)
	}
	talk.out.Reset()
	talk.says("~20 R16 ~9", hears(t, "R17")...)
	talk.says("~", hears(t, "0401 0000000B 00000006 00")...)
}

// start brings a conversation to where the reader reads and all is told.
func start(t *testing.T) *talk {
	c := open(t, bare)
	c.d.Decode(in(t, "R2"), &c.out)
	for c.d.asked {
		c.d.Decode(in(t, reply(answerTo(c.d.plan[c.d.at].kind), c.d.id, active(2))), &c.out)
	}
	c.out.Reset()
	return c
}

// A reader that says nothing is given up, in time, and never for want of tags.
func TestSilence(t *testing.T) {
	start(t).says("~24 R16 ~5", hears(t, "R17")...)
	start(t).says("~20 R21 ~9 R18 R21 ~24", "3005FB63AC1F3841EC880467 ant=1 rssi=-50 n=1")
	start(t).says("~4 R16 ~25", append([]string{"device trouble"}, append(hears(t, "R17"), "hang up")...)...)
	open(t, nil).says("~9")
	open(t, nil).says("~10 R1", "does not start", "hang up, later")
	c := open(t, nil)
	c.says("R2 ~9", hears(t, "R4")...)
	c.says("~", "does not start", "hang up, later")
	c = start(t)
	c.says("043D 0000002C ~9", "cut short")
	c.says("~", "device trouble", "hang up")
}

// A question that may stay without an answer does, and what is next is asked.
// Keep-alives tell the time where reports leave no silence.
func TestUnanswered(t *testing.T) {
	c := open(t, bare)
	c.d.Decode(in(t, "R2"), &c.out)
	for c.d.plan[c.d.at].body != nil && !c.d.running {
		c.d.Decode(in(t, reply(answerTo(c.d.plan[c.d.at].kind), c.d.id)), &c.out)
	}
	c.out.Reset()
	c.says("R18 ~9", "3005FB63AC1F3841EC880467 ant=1 rssi=-50 n=1")
	c.says("~", append([]string{"does not start"}, hears(t, "0402 00000011 0000000A 0000 02 0000 0000")...)...)
	c.says("R16 R18 R16", append([]string{"3005FB63AC1F3841EC880467 ant=1 rssi=-50 n=1", "does not start"}, hears(t, "R17", "R17", "0402 00000011 0000000B 0000 09 0000 0000")...)...)
	c.says(reply(12, 9), "unexpected frame") // too late
}

func ended(id byte) string {
	return fmt.Sprintf("043F0000001B0000000100F6001100F9000D01000000%02X00000000", id)
}

// A ROSpec that ends is started again, at once, and then once in a second.
func TestEnded(t *testing.T) {
	c := start(t)
	c.says(ended(7))
	c.says(ended(1), hears(t, numbered("R13", 13))...)
	c.says(reply(32, 13)+" "+ended(1)+" "+ended(1), hears(t, numbered("R15", 14))...)
	c.says("~", hears(t, numbered("R13", 15))...)
	c.says(ended(1)+" "+reply(32, 15), hears(t, numbered("R15", 16))...)
	c.says("R16", hears(t, "R17", numbered("R13", 17))...)
	c.says(fails(32, 17, 401, "hot"), "does not start")
	c.says("~20 R16 ~10", hears(t, "R17", "0401 0000000B 00000012 00")...)
}

// The word that a ROSpec has ended may be lost: without tags for half a minute
// the reader is asked, and started again, or set up anew.
func TestChecked(t *testing.T) {
	ask := func() *talk {
		c := start(t)
		c.says("~20 R21 ~10", hears(t, "041A 0000000A 0000000D")...)
		return c
	}
	ask().says(reply(36, 13, active(2)))
	c := ask()
	c.says(reply(36, 13, tlv(177, number(5), octet(0), octet(2)), active(1)), hears(t, numbered("R13", 14))...)
	c.says(reply(32, 14), hears(t, numbered("R15", 15))...)
	for _, answer := range []string{reply(36, 13), reply(36, 13, active(0))} {
		c = ask()
		c.says(answer, "does not start")
		c.says("~15 R21 ~15", hears(t, "0401 0000000B 0000000E 00")...)
	}
	c = ask() // it can not tell, and is not asked again
	c.says(fails(36, 13, 109, ""), "does not start")
	c.says("~20 R21 ~20")
	c = ask()
	c.says("~9")
	c.says("~ R21 ~20 R21 ~20", "does not start")
	c = ask()
	c.says(reply(36, 13, tlv(177, number(1))), "cut short", "hang up")
}

// A reader that greets once more has started anew, and is set up anew.
func TestRestart(t *testing.T) {
	c := start(t)
	c.says("R2", hears(t, "0401 0000000B 0000000D 00")...)
	c.says("~9")
}

// Version 1.1 is spoken with a reader that wants nothing older.
func TestVersion(t *testing.T) {
	c := open(t, bare)
	c.says("R2", hears(t, "R4")...)
	c.says(fails(100, 1, 110, ""), hears(t, "082E 0000000A 00000002")...)
	c.says("0838 00000014 00000002 01 02 011F 0008 0000 0000", hears(t, "082F 0000000B 00000003 02")...)
	c.says("0839 00000012 00000003 011F 0008 0000 0000", hears(t, "0801 0000000B 00000004 00")...)
	c.says("083E 0000000A 00000008", hears(t, "0848 0000000A 00000008")...)

	c = open(t, bare) // it speaks 1.1 from the beginning
	c.says("08"+strings.ReplaceAll(frames["R2"], " ", "")[2:], hears(t, "082E 0000000A 00000001")...)
	c.says("0838 00000014 00000001 02 02 011F 0008 0000 0000", hears(t, "0801 0000000B 00000002 00")...)

	c = open(t, bare) // it complains, and has no 1.1 either
	c.says("R2 "+fails(100, 1, 110, ""), hears(t, "R4", "082E 0000000A 00000002")...)
	c.says(fails(100, 2, 109, ""), hears(t, "0401 0000000B 00000003 00")...)
	c.says(fails(100, 3, 110, ""), "does not start")
}
