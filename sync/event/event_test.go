package event

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"scanpost/scan"
)

var update = flag.Bool("update", false, "write the golden files anew")

var moment = time.Date(2026, 11, 21, 10, 15, 30, 123e6, time.UTC)

const (
	epoch = "01JDC4X0M6Q3V9T2"
	sscc  = "sscc:106141410000001238"
)

func numbered(seq uint64, entry scan.Entry) *scan.Event {
	return &scan.Event{
		Number: scan.Number{Epoch: epoch, Seq: seq, At: moment},
		Site:   "ham1", Station: "pack-07", Entry: entry,
	}
}

// plainScan is the scan of design section 5.
func plainScan() *scan.Scan {
	return &scan.Scan{
		Checkpoint: "pack", Verdict: scan.OK, Unit: sscc, IDs: []string{sscc}, Raw: "00106141410000001238",
		AIM: "]C1", Symbology: "gs1-128", Device: "hand", Clock: scan.Clock{Synced: true, OffsetMin: 60},
	}
}

var golden = []struct {
	name  string
	event *scan.Event
}{
	{"scan", numbered(1042, plainScan())},
	{"scan-previous-missing", numbered(1043, &scan.Scan{
		Checkpoint: "label", Verdict: scan.PreviousMissing, Unit: "ups:1Z999AA10123456784",
		IDs: []string{"ups:1Z999AA10123456784", "order:A7K2Q"}, Raw: "1Z999AA10123456784", Device: "hand",
		Operator: "op-17", Missing: []string{"pack", "weigh"}, Clock: scan.Clock{OffsetMin: -210},
	})},
	{"scan-hostile", numbered(1044, &scan.Scan{
		Checkpoint: "pack", Verdict: scan.NotUnderstood, Raw: "\x00\xff<script>\"\\\r\n\x1b[2J",
		Unit: "code:\xff<b>&\"\\\r\n\x00\x1b[2J\u2028\u0085\u007f é 包 \xed\xa0\x80", Device: "tunnel\t1",
	})},
	{"scan-pass", numbered(1044, &scan.Scan{
		Checkpoint: "load", Verdict: scan.OK, Unit: sscc, IDs: []string{sscc}, Raw: "\x31\x14\x25\x7b\xf4\x49\x96\x02\xd2\x00\x00\x00", Symbology: "epc", Device: "portal",
		Pass: &scan.Pass{First: moment.Add(-3 * time.Second), Last: moment.Add(-2 * time.Second), Reads: 41, Antenna: 2, RSSI: -48, PC: 0x3000,
			Direction: "forward", Reason: "recovered", Group: moment.Add(-4 * time.Second).UnixMilli()},
	})},
	{"void", numbered(1045, &scan.Void{
		Scan: epoch + "-00000000000000001042", Unit: sscc, Operator: "op-17", Device: "hand", Reason: "undone by the operator",
	})},
	{"linked", numbered(1045, &scan.Linked{IDs: []string{sscc, "ups:1Z999AA10123456784"}, How: "scanned", Checkpoint: "label", Device: "hand", Operator: "op-17"})},
	{"linked-instead", numbered(1045, &scan.Linked{IDs: []string{sscc, "ups:1Z999AA10123456784"}, How: "scanned", Checkpoint: "label", Device: "hand",
		Instead: []string{"sscc:106141410000001245"}})},
	{"linked-undone", numbered(1045, &scan.Linked{IDs: []string{sscc, "ups:1Z999AA10123456784"}, How: "scanned", Checkpoint: "label", Device: "hand",
		Undo: epoch + "-00000000000000001044"})},
	{"packed", numbered(1045, &scan.Packed{Container: "grai:04012345000016", Contents: []string{sscc}, Action: scan.PutIn, Checkpoint: "pack", Device: "hand", Operator: "op-17"})},
	{"packed-undone", numbered(1045, &scan.Packed{Container: "grai:04012345000016", Action: scan.AllOut, Checkpoint: "pack", Device: "hand", Undo: epoch + "-00000000000000001044"})},
	{"scan-training", numbered(1045, &scan.Scan{Checkpoint: "pack", Verdict: scan.OK, IDs: []string{sscc}, Raw: "00106141410000001238", AIM: "]C1", Symbology: "gs1-128", Device: "hand", Training: true})},
	{"scan-exception", numbered(1045, &scan.Scan{Checkpoint: "pack", Verdict: scan.OK, Unit: sscc, IDs: []string{sscc}, Device: "hand", Held: true,
		Mark: scan.Exception, Of: epoch + "-00000000000000001042", Reason: "WET"})},
	{"noread", numbered(1046, &scan.NoRead{Checkpoint: "stage", Device: "tunnel", Raw: "NOREAD"})},
	{"session-opened", numbered(1047, &scan.Session{Open: true, Operator: "op-17", Device: "hand"})},
	{"session-closed", numbered(1048, &scan.Session{Operator: "op-17", Device: "hand"})},
	{"device-attached", numbered(1049, &scan.Attachment{Attached: true, Device: "hand", Port: "usb:05e0:1701"})},
	{"device-known", numbered(1049, &scan.Attachment{Attached: true, Device: "hand", Port: "usb:05e0:1701", Inventory: scan.Inventory{
		Model: "Zebra DS2208", Serial: "S123", Firmware: "AABLS00-004-R00", Mode: "ssi cdc", USB: "05e0:1701", Socket: "1-2", Drift: []string{"AIM identifiers (45) is \"0\" and should be \"1\""}}})},
	{"device-detached", numbered(1050, &scan.Attachment{Device: "hand", Port: "usb:05e0:1701", Reason: "the cable was pulled"})},
	{"clock-stepped", numbered(1051, &scan.ClockStep{Old: moment, New: moment.Add(-time.Hour), Elapsed: 1500 * time.Millisecond})},
	{"loss", numbered(1052, &scan.Loss{Epoch: epoch, From: 7, To: 1<<64 - 1, Reason: "disk replaced"})},
	{"gap-opened", numbered(1053, &scan.GapChange{Change: "opened", Gap: scan.Gap{
		ID: "skipped-1", Kind: scan.Skipped, State: scan.Unknown, Unit: sscc, Checkpoint: "pack", Station: "label-1",
		WaitingFor: []string{"pack-07"}, Since: moment, Due: moment.Add(4 * time.Hour), Known: moment,
		Cause: "pack-07 was not heard since 10:02", NextStep: "wait for pack-07, or look at its cable",
	}})},
	{"gap-closed", numbered(1<<64-1, &scan.GapChange{Change: "closed", Gap: scan.Gap{
		ID: "silent-2", Kind: scan.SilentStation, State: scan.Closed, Station: "pack-07",
		ClosedAs: scan.ClosedBack, ClosedAt: moment.Add(time.Minute),
	}})},
}

// The bytes on the wire are the ones that people have read and agreed to.
func TestGolden(t *testing.T) {
	for _, g := range golden {
		t.Run(g.name, func(t *testing.T) {
			got := append(Append(nil, g.event), '\n')
			file := filepath.Join("testdata", g.name+".json")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got  %swant %s", got, want)
			}
		})
	}
}

// The example of design section 5 is what we write, byte for byte.
func TestDesignExample(t *testing.T) {
	const want = `{"specversion":"1.0","id":"01JDC4X0M6Q3V9T2-00000000000000001042","source":"/ham1/pack-07",` +
		`"type":"scanpost.scan.recorded.v1","subject":"sscc:106141410000001238","time":"2026-11-21T10:15:30.123Z",` +
		`"sequence":"00000000000000001042","datacontenttype":"application/json",` +
		`"data":{"checkpoint":"pack","verdict":"ok","unit":"sscc:106141410000001238",` +
		`"ids":["sscc:106141410000001238"],"raw":"MDAxMDYxNDE0MTAwMDAwMDEyMzg=","aim":"]C1","symbology":"gs1-128",` +
		`"device":"hand","operator":"","clock":{"synced":true,"offset_min":60}}}`
	if got := string(Append(nil, numbered(1042, plainScan()))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Writing a scan costs one allocation at most, and none into a kept buffer.
func TestAppendAllocations(t *testing.T) {
	e := numbered(1042, plainScan())
	if n := testing.AllocsPerRun(100, func() { sink = Append(nil, e) }); n > 1 {
		t.Errorf("got %v allocations, want 1 at most", n)
	}
	buf := make([]byte, 0, MaxSize)
	if n := testing.AllocsPerRun(100, func() { sink = Append(buf, e) }); n > 0 {
		t.Errorf("got %v allocations into a kept buffer, want none", n)
	}
}

var sink []byte

var anyEntry = rapid.Custom(func(t *rapid.T) scan.Entry {
	text := func(name string) string { return rapid.String().Draw(t, name) }
	raw := func(name string) string { return string(rapid.SliceOf(rapid.Byte()).Draw(t, name)) }
	list := func(name string) []string { return orNil(rapid.SliceOfN(rapid.String(), 0, 4).Draw(t, name)) }
	when := func(name string) time.Time { return anyTime.Draw(t, name) }
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 8:
		return &scan.Linked{IDs: list("ids"), How: text("how"), Checkpoint: text("checkpoint"), Device: text("device"), Operator: text("operator"),
			Instead: list("instead"), Undo: text("undo")}
	case 9:
		return &scan.Packed{Container: text("container"), Contents: list("contents"), Action: scan.Action(text("action")), Checkpoint: text("checkpoint"),
			Device: text("device"), Operator: text("operator"), Undo: text("undo")}
	case 0:
		var pass *scan.Pass
		if rapid.Bool().Draw(t, "passed") {
			pass = &scan.Pass{First: when("first"), Last: when("last"), Reads: rapid.Int().Draw(t, "reads"), Antenna: rapid.Int().Draw(t, "antenna"),
				RSSI: rapid.Int().Draw(t, "rssi"), Direction: text("direction"), PC: rapid.Uint16().Draw(t, "pc"), Reason: text("reason"), Group: rapid.Int64().Draw(t, "group")}
		}
		return &scan.Scan{
			Pass: pass, Checkpoint: text("checkpoint"), Verdict: scan.Verdict(text("verdict")), Unit: text("unit"), IDs: list("ids"),
			Raw: raw("raw"), AIM: text("aim"), Symbology: text("symbology"), Device: text("device"),
			Operator: text("operator"), Missing: list("missing"), Note: text("note"),
			Clock:    scan.Clock{Synced: rapid.Bool().Draw(t, "synced"), OffsetMin: rapid.Int().Draw(t, "offset")},
			Training: rapid.Bool().Draw(t, "training"), Held: rapid.Bool().Draw(t, "held"), Mark: scan.Mark(text("mark")), Of: text("of"), Reason: text("reason"),
		}
	case 1:
		return &scan.Void{Scan: text("scan"), Unit: text("unit"), Operator: text("operator"), Device: text("device"), Reason: text("reason")}
	case 2:
		return &scan.NoRead{Checkpoint: text("checkpoint"), Device: text("device"), Raw: raw("raw")}
	case 3:
		return &scan.Session{Open: rapid.Bool().Draw(t, "open"), Operator: text("operator"), Device: text("device")}
	case 4:
		a := &scan.Attachment{Attached: rapid.Bool().Draw(t, "attached"), Device: text("device"), Port: text("port"), Reason: text("reason")}
		if rapid.Bool().Draw(t, "known") {
			a.Inventory = scan.Inventory{Model: text("model"), Serial: text("serial"), Firmware: text("firmware"), Mode: text("mode"), USB: text("usb"), Socket: text("socket"),
				Drift: rapid.SliceOfN(rapid.String(), 1, 3).Draw(t, "drift")}
		}
		return a
	case 5:
		ms := rapid.Int64Range(-1<<40, 1<<40).Draw(t, "elapsed")
		return &scan.ClockStep{Old: when("old"), New: when("new"), Elapsed: time.Duration(ms) * time.Millisecond}
	case 6:
		return &scan.Loss{Epoch: text("epoch"), From: rapid.Uint64().Draw(t, "from"), To: rapid.Uint64().Draw(t, "to"), Reason: text("reason")}
	}
	return &scan.GapChange{
		Change: rapid.SampledFrom([]string{"opened", "updated", "closed"}).Draw(t, "change"),
		Gap: scan.Gap{
			ID: text("id"), Kind: scan.GapKind(text("kind")), State: scan.GapState(text("state")), Unit: text("unit"),
			Checkpoint: text("checkpoint"), Station: text("station"), Device: text("device"), WaitingFor: nonNil(list("waiting")),
			Since: when("since"), Due: when("due"), Known: when("known"), Cause: text("cause"), NextStep: text("next"),
			ClosedAs: text("closed as"), ClosedAt: when("closed at"), By: text("by"),
		},
	}
})

var anyTime = rapid.Map(rapid.Int64Range(firstTime.UnixMilli(), lastTime.UnixMilli()), func(ms int64) time.Time {
	return time.UnixMilli(ms).UTC()
})

var anyName = rapid.StringMatching(`[a-z0-9-]{1,40}`)

var anyEvent = rapid.Custom(func(t *rapid.T) scan.Event {
	return scan.Event{
		Number: scan.Number{
			Epoch: rapid.StringMatching("["+crockford+"]{16}").Draw(t, "epoch"),
			Seq:   rapid.Uint64Min(1).Draw(t, "seq"),
			At:    anyTime.Draw(t, "at"),
		},
		Site: anyName.Draw(t, "site"), Station: anyName.Draw(t, "station"), Entry: anyEntry.Draw(t, "entry"),
	}
})

// What was written is what is read, whatever was in the barcode.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyEvent.Draw(t, "event")
		b := Append(nil, &want)
		got, err := Parse(b)
		if err != nil {
			t.Fatalf("%s\n%v", b, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\ngot  %+v %+v\nwant %+v %+v", b, got, got.Entry, want, want.Entry)
		}
	})
}

// Bytes that are no text still make valid JSON in valid UTF-8, with no
// control character in it, and the bytes as read come back whole.
func TestHostileBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hostile := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		for _, entry := range []scan.Entry{
			&scan.Scan{Checkpoint: hostile, Unit: hostile, IDs: []string{hostile}, Raw: hostile, Device: hostile, Missing: []string{hostile}},
			&scan.Void{Scan: hostile, Unit: hostile, Reason: hostile},
			&scan.Linked{IDs: []string{hostile}, How: hostile, Instead: []string{hostile}, Undo: hostile},
			&scan.Packed{Container: hostile, Contents: []string{hostile}, Action: scan.Action(hostile), Undo: hostile},
			&scan.NoRead{Raw: hostile, Device: hostile},
			&scan.GapChange{Change: "opened", Gap: scan.Gap{Unit: hostile, Cause: hostile, WaitingFor: []string{hostile}}},
		} {
			b := Append(nil, numbered(1, entry))
			if !json.Valid(b) || !utf8.Valid(b) {
				t.Fatalf("not JSON in UTF-8: %q", b)
			}
			if strings.ContainsFunc(string(b), func(r rune) bool { return r < 0x20 || r == 0x7f }) {
				t.Fatalf("control characters in %q", b)
			}
			e, err := Parse(b)
			if err != nil {
				t.Fatal(err)
			}
			if s, ok := e.Entry.(*scan.Scan); ok && s.Raw != hostile {
				t.Fatalf("raw came back as %q, want %q", s.Raw, hostile)
			}
		}
	})
}

// What an event can not be is refused with a word on why.
func TestParseRefuses(t *testing.T) {
	good := string(Append(nil, numbered(1042, plainScan())))
	for name, c := range map[string]struct{ old, new, want string }{
		"sequence other than the id's":    {`"sequence":"00000000000000001042"`, `"sequence":"00000000000000001043"`, "disagrees"},
		"sequence of nineteen digits":     {`"sequence":"00000000000000001042"`, `"sequence":"0000000000000001042"`, "disagrees"},
		"sequence missing":                {`"sequence":"00000000000000001042",`, ``, "disagrees"},
		"number zero":                     {`00000000000000001042`, `00000000000000000000`, "epoch-number"},
		"number beyond 64 bits":           {`00000000000000001042`, `18446744073709551616`, "epoch-number"},
		"epoch with a letter not used":    {`01JDC4X0M6Q3V9T2-`, `01JDC4X0M6Q3V9TU-`, "epoch-number"},
		"source with a plus":              {`/ham1/pack-07`, `/ham1/pack+07`, "/site/station"},
		"source of three parts":           {`/ham1/pack-07`, `/t/ham1/pack-07`, "/site/station"},
		"source without a slash in front": {`"/ham1`, `"ham1`, "/site/station"},
		"another version of CloudEvents":  {`"specversion":"1.0"`, `"specversion":"0.3"`, "0.3"},
		"time without a zone":             {`30.123Z`, `30.123`, "RFC 3339"},
		"raw that is not base64":          {`"raw":"MDA`, `"raw":"!!!`, "base64"},
		"data that is a list":             {`"data":{`, `"data":[],"x":{`, "data of"},
		"no data":                         {`"data":{`, `"x":{`, "there is none"},
		"cut off":                         {`60}}}`, `60}`, "unexpected end"},
		"more than 64 KiB":                {`{"spec`, strings.Repeat(" ", MaxSize) + `{"spec`, "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := strings.ReplaceAll(good, c.old, c.new)
			if bad == good {
				t.Fatal("nothing was changed")
			}
			if e, err := Parse([]byte(bad)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %+v and %v, want an error with %q", e, err, c.want)
			}
		})
	}
}

// A newer station may say more than we know.
func TestParseTolerates(t *testing.T) {
	good := string(Append(nil, numbered(1042, plainScan())))
	more := strings.NewReplacer(`{"specversion"`, `{"traceparent":"00-1","specversion"`,
		`"clock":{`, `"weight_g":1200,"clock":{"src":"ptp",`).Replace(good)
	if e, err := Parse([]byte(more)); err != nil || !reflect.DeepEqual(&e, numbered(1042, plainScan())) {
		t.Errorf("unknown fields: got %+v and %v", e, err)
	}
	for _, kind := range []string{"scanpost.unit.photographed.v1", "scanpost.scan.recorded.v2", "com.example.other"} {
		e, err := Parse([]byte(strings.Replace(good, "scanpost.scan.recorded.v1", kind, 1)))
		if err != nil || e.Entry != nil || e.Seq != 1042 || e.Station != "pack-07" {
			t.Errorf("unknown type %s: got %+v and %v, want its number and no entry", kind, e, err)
		}
	}
}

// Whatever arrives, Parse returns; and what it accepts it can write and read
// again as the same.
func FuzzParse(f *testing.F) {
	for _, g := range golden {
		f.Add(Append(nil, g.event))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := Parse(b)
		if err != nil || e.Entry == nil {
			return
		}
		again, err := Parse(Append(nil, &e))
		if err != nil && len(b) < MaxSize/4 {
			t.Fatalf("%q is read, but not what is written of it: %v", b, err)
		}
		if err == nil && !reflect.DeepEqual(again, e) {
			t.Errorf("got %+v %+v\nwant %+v %+v", again, again.Entry, e, e.Entry)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	e := numbered(1042, plainScan())
	b.ReportAllocs()
	for b.Loop() {
		sink = Append(sink[:0], e)
	}
}

func BenchmarkParse(b *testing.B) {
	in := Append(nil, numbered(1042, plainScan()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(in); err != nil {
			b.Fatal(err)
		}
	}
}
