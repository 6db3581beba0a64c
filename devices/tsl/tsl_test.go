package tsl

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

func decoder(t testing.TB, change func(*Options)) *Decoder {
	t.Helper()
	o := Defaults()
	if change != nil {
		change(&o)
	}
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// told writes down all that a decoder said, for comparing.
func told(out *wire.Output) (all []string) {
	for _, r := range out.Reads {
		line := fmt.Sprintf("%X", r.EPC)
		if r.HasPC {
			line += fmt.Sprintf(" pc %04X", r.PC)
		}
		if r.HasRSSI {
			line += fmt.Sprintf(" %d dBm", r.RSSI)
		}
		all = append(all, strings.TrimSpace(line+" "+r.Note))
	}
	for _, s := range out.Sightings {
		line := fmt.Sprintf("code %q", s.Code)
		if s.NoRead {
			line += " noread"
		}
		all = append(all, line)
	}
	for _, a := range out.Answers {
		for _, f := range a.Facts {
			all = append(all, f.Name+" = "+f.Value)
		}
		if a.Refused != "" {
			all = append(all, "refused: "+a.Refused)
		}
	}
	for _, f := range out.Faults {
		all = append(all, f.Error())
	}
	for _, r := range out.Replies {
		all = append(all, fmt.Sprintf("> %q", r))
	}
	return all
}

func say(d *Decoder, text string) []string {
	var out wire.Output
	d.Decode([]byte(text), &out)
	return told(&out)
}

func silence(d *Decoder) []string {
	var out wire.Output
	d.Silence(&out)
	return told(&out)
}

func open(d *Decoder) []string {
	var out wire.Output
	d.Open(&out)
	return told(&out)
}

func compare(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

// lines are a block, or some.
func lines(all ...string) string { return strings.Join(all, "\r\n") + "\r\n" }

const (
	sscc = "3154F4E4E4CE0A6A14000000"
	whom = "000000000000000000001242"
)

// Blocks of the fact sheet, and what readers were seen to do, mean what they
// say: in one piece, and byte by byte.
func TestBlocks(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"the fact sheet's": {lines("CS: .iv", "EP: "+whom, "RI: -61", "OK:", ""), []string{whom + " -61 dBm"}},
		"the trigger's":    {lines("CS: .iv -r on -e on", "EP: "+sscc, "RI: -52", "PC: 3000", "OK: ", ""), []string{sscc + " pc 3000 -52 dBm"}},
		"with the tag's CRC": {lines("CS: .iv", "EP: "+sscc, "CR: 6990", "PC: 3000", "OK:", ""),
			[]string{sscc + " pc 3000"}},
		"with a wrong one": {lines("CS: .iv", "EP: "+sscc, "CR: 6991", "PC: 3000", "OK:", ""),
			[]string{"tag " + sscc + " with CRC 6991: tag checksum"}},
		"not checked where there is more": {lines("CS: .iv", "EP: "+sscc, "CR: 6991", "PC: 3200", "OK:", ""), []string{sscc + " pc 3200"}},
		"PC of another length":            {lines("CS: .iv", "PC: 3800", "EP: "+sscc, "OK:", ""), []string{sscc + " pc 3800 pc mismatch"}},
		"PC before": {lines("CS: .iv", "PC: 3000", "EP: "+sscc, "RI: -52", "PC: 3000", "EP: "+whom, "RI: -61", "OK:", ""),
			[]string{sscc + " pc 3000 -52 dBm", whom + " pc 3000 -61 dBm"}},
		"a number before": {lines("CS: .iv", "IX: 0000", "EP: "+sscc, "RI: -52", "IX: 0001", "EP: "+whom, "RI: -61", "OK:", ""),
			[]string{sscc + " -52 dBm", whom + " -61 dBm"}},
		"no tag is no fault":              {lines("CS: .iv", "ER: 005", "ME: No transponders found", ""), nil},
		"a barcode":                       {lines("CS: .bc", "BC: 4006381333931", "OK:", ""), []string{`code "4006381333931"`}},
		"with CR, LF and ESC in it":       {lines("CS: .bc", "BC: a\x1B\rb\x1B\nc\x1B\x1Bd\x1De", "OK:", ""), []string{`code "a\rb\nc\x1bd\x1de"`}},
		"no barcode is no fault":          {lines("CS: .bc", "ER: 006", "ME: No barcode found", ""), nil},
		".bl is the battery":              {lines("CS: .bl", "BP: 87%", "OK:", ""), []string{"BP = 87%"}},
		"what it does not take":           {lines("CS: .xx", "ER: 001", "ME: Syntax error", ""), []string{"refused: Syntax error"}},
		"without words":                   {lines("CS: .xx", "ER: 001", ""), []string{"refused: error 001"}},
		"stray bytes":                     {"\x00\xFFCS: .iv\r\nEP: " + sscc[:10] + "\xFF" + sscc[10:] + "\r\nOK:\r\n\r\n", []string{sscc, "3 stray bytes 00 or FF: noise"}},
		"LF alone":                        {strings.ReplaceAll(lines("CS: .iv", "EP: "+sscc, "OK:", ""), "\r", ""), []string{sscc}},
		"the empty line is missing":       {lines("CS: .iv", "EP: "+sscc, "OK:") + lines("CS: .iv", "EP: "+whom, "OK:", ""), []string{sscc, "block without the empty line at its end: part missing", whom}},
		"the result is missing":           {lines("CS: .iv", "EP: "+sscc, ""), []string{sscc, "block without its result: cut short"}},
		"we come in the midst of a tag":   {lines("RI: -40", "EP: "+sscc, "RI: -52", "OK:", ""), []string{sscc + " -52 dBm"}},
		"an EPC is lost, its RSSI not":    {lines("CS: .iv", "EP: "+sscc, "RI: -52", "RI: -70", "EP: "+whom, "RI: -61", "OK:", ""), []string{sscc + " -70 dBm", whom + " -61 dBm"}},
		"an EPC that is damaged":          {lines("CS: .iv", "EP: 31x4", "RI: -52", "EP: "+whom, "OK:", ""), []string{`EPC "31x4" is not bytes in hex: noise`, whom}},
		"half an EPC":                     {lines("CS: .iv", "EP: 315", "EP:", "OK:", ""), []string{`EPC "315" is not bytes in hex: noise`, `EPC "" is not bytes in hex: noise`}},
		"a strength that is none":         {lines("CS: .iv", "EP: "+sscc, "RI: x", "OK:", ""), []string{`strength "x" is no number: noise`, sscc}},
		"no line of the protocol":         {lines("hello"), []string{`line "hello", which is none of the protocol (is this a TSL reader?): noise`}},
		"empty lines between are nothing": {lines("", "", "CS: .iv", "EP: "+sscc, "OK:", "", ""), []string{sscc}},
	} {
		got, want := say(decoder(t, nil), c.in), slices.Clone(c.want)
		slices.Sort(got)
		slices.Sort(want)
		compare(t, name, got, want...)
		d := decoder(t, nil)
		got = nil
		for i := range len(c.in) {
			got = append(got, say(d, c.in[i:i+1])...)
		}
		slices.Sort(got)
		compare(t, name+", byte by byte", got, want...)
	}
}

// All that is wrong with the options is named at once.
func TestMistakes(t *testing.T) {
	_, err := New(Options{Mode: "x", Power: 30, Session: "4", Target: "c", Rest: -1, Ask: -1})
	for _, option := range []string{"mode", "power", "session", "target", "rest", "patience", "ask", "max"} {
		if err == nil || !strings.Contains(err.Error(), `option "`+option+`"`) {
			t.Errorf("%s is not named in %v", option, err)
		}
	}
}

const (
	setUp   = `> ".iv -x -n -e on -r on\r\n"`
	taken   = "CS: .iv -x -n -e on -r on\r\nOK:\r\n\r\n"
	battery = `> ".bl\r\n"`
	charged = "CS: .bl\r\nBP: 87%\r\nOK:\r\n\r\n"
	heard   = "CS: .iv\r\nEP: " + sscc + "\r\nRI: -52\r\nOK:\r\n\r\n"
	nothing = "CS: .iv\r\nER: 005\r\n\r\n"
	poll    = `> ".iv\r\n"`
	dead    = "the reader does not answer (is it asleep, and its battery charged? is it in ASCII 2.0 mode?): does not start"
)

// In mode trigger the reader is set up and left alone, but asked whether it
// lives; one that was away is set up again.
func TestTrigger(t *testing.T) {
	d := decoder(t, func(o *Options) { o.Ask, o.Patience = 3, 1 })
	compare(t, "open", open(d), setUp)
	compare(t, "a pull meanwhile", say(d, heard), sscc+" -52 dBm")
	compare(t, "taken", say(d, taken), battery)
	compare(t, "charged", say(d, charged), "BP = 87%")
	compare(t, "a pull", say(d, heard), sscc+" -52 dBm")
	silence(d)
	silence(d)
	compare(t, "asked", silence(d), battery)
	compare(t, "set up", silence(d), setUp)
	compare(t, "again", silence(d), setUp)
	compare(t, "named", silence(d), dead, setUp)
	compare(t, "asked on", silence(d), setUp)
	compare(t, "back", say(d, taken), battery)
	d = decoder(t, func(o *Options) { o.Power, o.Session, o.Target = 29, "s1", "a" })
	compare(t, "with all options", open(d), `> ".iv -x -n -e on -r on -o 29 -qs s1 -qt a\r\n"`)
	compare(t, "refused", say(d, "CS: .iv -x -n -e on -r on -o 29 -qs s1 -qt a\r\nER: 002\r\nME: Parameter out of range\r\n\r\n"),
		"the reader does not take its set-up (.iv -x -n -e on -r on -o 29 -qs s1 -qt a): Parameter out of range: does not start")
	for range again - 1 {
		compare(t, "left alone", silence(d))
	}
	compare(t, "asked again", silence(d), `> ".iv -x -n -e on -r on -o 29 -qs s1 -qt a\r\n"`)
}

// In mode poll one inventory follows the other, with a rest if there is to be
// one; and one that never ends is begun anew.
func TestPoll(t *testing.T) {
	d := decoder(t, func(o *Options) { o.Mode, o.Patience = "poll", 2 })
	open(d)
	compare(t, "taken", say(d, taken), battery)
	compare(t, "the first", say(d, charged), "BP = 87%", poll)
	compare(t, "a tag", say(d, heard), sscc+" -52 dBm", poll)
	compare(t, "none", say(d, nothing), poll)
	say(d, "CS: .iv\r\nEP: "+sscc+"\r\nRI: -5")
	compare(t, "it broke off", silence(d), `line "RI: -5" broke off: cut short`)
	compare(t, "for good", silence(d), sscc, "block without its result: cut short", poll)
	silence(d)
	compare(t, "no answer", silence(d), setUp)
	d = decoder(t, func(o *Options) { o.Mode, o.Rest = "poll", 2 })
	open(d)
	say(d, taken+charged)
	compare(t, "then a rest", say(d, nothing))
	compare(t, "still", silence(d))
	compare(t, "next", silence(d), poll)
	compare(t, "the empty line is lost", append(say(d, nothing[:len(nothing)-2]), silence(d)...), "block without the empty line at its end: part missing")
}

// A line without an end is bounded and named once.
func TestTooLong(t *testing.T) {
	d := decoder(t, func(o *Options) { o.Max = 600 })
	compare(t, "dropped", say(d, "BC: "+strings.Repeat("a", 5000)+"\r\nOK:\r\n\r\n"), `line beginning "BC: aaaaaaaaaaaaaaaaaaaa" goes on after 604 bytes: too long`)
	compare(t, "the next", say(d, lines("CS: .bc", "BC: 1", "OK:", "")), `code "1"`)
}

// However the bytes are chopped, the same comes out, and no more is kept than
// a line. A byte FE in the input is silence.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(taken+charged+heard+nothing), uint64(1))
	f.Add([]byte(lines("CS: .iv", "IX: 0000", "EP: "+sscc, "PC: 3000", "CR: 6990", "EP: 31", "RI: -5")+"\xFE\xFE\xFE\x00\xFFBC: \x1B\r\x1Bx\r\n\n\nME: x\nER:\n\n"), uint64(6))
	f.Add([]byte("\xFE\x1B\xFERI: 1\r\r\nEP: 3154\nPC: 0800\n\xFE\n\nhello\nOK:\n\n"), uint64(3))
	f.Fuzz(func(t *testing.T, in []byte, cuts uint64) {
		run := func(next func(rest []byte) int) []string {
			d := decoder(t, func(o *Options) {
				o.Max, o.Patience, o.Ask = 50, 2, 3
				if cuts&1 == 0 {
					o.Mode = "poll"
				}
			})
			all := open(d)
			var out wire.Output
			for i, piece := range bytes.Split(in, []byte{0xFE}) {
				if i > 0 {
					all = append(all, silence(d)...)
				}
				for len(piece) > 0 {
					n := next(piece)
					chunk := bytes.Clone(piece[:n])
					out.Reset()
					d.Decode(chunk, &out)
					clear(chunk) // the buffer is the port's, which reuses it
					all = append(all, told(&out)...)
					piece = piece[n:]
					if len(d.line) > longestOther || len(d.block.facts) > 32 {
						t.Fatalf("keeps %d bytes", len(d.line))
					}
				}
			}
			silence(d)
			// Whatever came before, a tag after a pause is read.
			if got := say(d, heard); !slices.Contains(got, sscc+" -52 dBm") {
				t.Fatalf("a tag after all that gives %q", got)
			}
			slices.Sort(all) // of one call, tags come before faults
			return all
		}
		whole := run(func(rest []byte) int { return len(rest) })
		single := run(func([]byte) int { return 1 })
		random := cuts
		mixed := run(func(rest []byte) int {
			random = random*6364136223846793005 + 1442695040888963407
			return 1 + int(random>>33)%min(len(rest), 9)
		})
		if !slices.Equal(whole, single) || !slices.Equal(whole, mixed) {
			t.Errorf("in one piece %q\nbyte by byte %q\nmixed %q", whole, single, mixed)
		}
	})
}

// Lines to tags.
func BenchmarkDecode(b *testing.B) {
	d := decoder(b, nil)
	in := []byte("CS: .iv\r\n" + strings.Repeat("EP: "+sscc+"\r\nRI: -52\r\nPC: 3000\r\n", 32) + "OK:\r\n\r\n")
	var out wire.Output
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		out.Reset()
		d.Decode(in, &out)
		n += len(out.Reads)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "reads/s")
}

// Tags take no allocation at all.
func TestAllocations(t *testing.T) {
	d := decoder(t, nil)
	in := []byte("CS: .iv\r\n" + strings.Repeat("EP: "+sscc+"\r\nRI: -52\r\nPC: 3000\r\n", 32) + "OK:\r\n\r\n")
	var out wire.Output
	if n := testing.AllocsPerRun(100, func() { out.Reset(); d.Decode(in, &out) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
