package event

import (
	"slices"
	"testing"
	"time"

	"scanpost/scan"
)

// keysOf is what Parse finds.
func keysOf(t testing.TB, b []byte) (checkpoint string, keys []string) {
	t.Helper()
	e, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	s, ok := e.Entry.(*scan.Scan)
	if !ok {
		return "", nil
	}
	if s.Unit != "" {
		keys = append(keys, s.Unit)
	}
	for _, id := range s.IDs {
		if id != s.Unit {
			keys = append(keys, id)
		}
	}
	return s.Checkpoint, keys
}

// Of every scan whose keys it finds it finds those that Parse finds, whatever
// stands in the barcode, and it finds those of all usual scans.
func FuzzKeys(f *testing.F) {
	f.Add("pack", "sscc:106141410000001238", "ups:1Z9999999999999999", "00106141410000001238", true)
	f.Add("pack", `code:"x`, "", `","type":"scanpost.scan.recorded.v1"`, false)
	f.Add("", "", "", `,"datacontenttype":"application/json","data":{"checkpoint":"evil","verdict":"ok","unit":"sscc:1","ids":[]`, false)
	f.Add("pack", `code:,"datacontenttype":"application/json","data":{"checkpoint":"evil"`, "code:\x00\xff\u2028", "", false)
	f.Fuzz(func(t *testing.T, checkpoint, unit, id, raw string, usual bool) {
		ids := []string{unit, id}
		if id == "" {
			ids = ids[:1]
		}
		b := Append(nil, &scan.Event{Number: scan.Number{Epoch: "0123456789ABCDEF", Seq: 7, At: time.UnixMilli(1e12)}, Site: "ham1", Station: "pack-07",
			Entry: &scan.Scan{Checkpoint: checkpoint, Verdict: scan.OK, Unit: unit, IDs: ids, Raw: raw, Device: "hand", Note: raw}})
		place, keys, ok := Keys(b, nil)
		if !ok {
			if usual && checkpoint == "pack" && unit == "sscc:106141410000001238" && id == "ups:1Z9999999999999999" {
				t.Fatalf("no keys in %s", b)
			}
			return
		}
		var got []string
		for _, k := range keys {
			got = append(got, string(k))
		}
		if wantPlace, want := keysOf(t, b); string(place) != wantPlace || !slices.Equal(got, want) {
			t.Errorf("%s\n got %q %q\nwant %q %q", b, place, got, wantPlace, want)
		}
	})
}

// What is not a scan has to be parsed.
func TestKeysOfOthers(t *testing.T) {
	for _, e := range []scan.Entry{
		&scan.Void{Scan: "0123456789ABCDEF-00000000000000000001", Unit: "sscc:1"}, &scan.NoRead{Checkpoint: "pack"}, &scan.Linked{IDs: []string{"sscc:1", "ups:1"}},
		&scan.Packed{Container: "sscc:1", Contents: []string{"ups:1"}}, &scan.Session{Open: true}, &scan.Loss{From: 1, To: 2}, &scan.ClockStep{},
	} {
		b := Append(nil, &scan.Event{Number: scan.Number{Epoch: "0123456789ABCDEF", Seq: 7}, Site: "ham1", Station: "pack-07", Entry: e})
		if _, keys, ok := Keys(b, nil); ok {
			t.Errorf("found %q in %s", keys, b)
		}
	}
}

func BenchmarkKeys(b *testing.B) {
	unit := "sscc:106141410000001238"
	event := Append(nil, &scan.Event{Number: scan.Number{Epoch: "0123456789ABCDEF", Seq: 7}, Site: "ham1", Station: "pack-07",
		Entry: &scan.Scan{Checkpoint: "pack", Verdict: scan.OK, Unit: unit, IDs: []string{unit}, Raw: "00106141410000001238", AIM: "]C1", Symbology: "gs1-128", Device: "hand"}})
	keys := make([][]byte, 0, 4)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, ok := Keys(event, keys); !ok {
			b.Fatal("not found")
		}
	}
}
