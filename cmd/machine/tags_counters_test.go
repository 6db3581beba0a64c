package machine

import (
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"scanpost/scan/pass"
)

// Every reason for which a tag is no pass has a word, in metrics and tables.
func TestStraysOf(t *testing.T) {
	var s pass.Strays
	fields := reflect.ValueOf(&s).Elem()
	want := map[uint64]string{}
	for i := range fields.NumField() {
		fields.Field(i).SetUint(uint64(i + 1))
		want[uint64(i+1)] = strings.ReplaceAll(strings.ToLower(fields.Type().Field(i).Name), "crossread", "cross_read")
	}
	got := map[uint64]string{}
	for _, one := range StraysOf(s) {
		got[one.Count] = one.Reason
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Prometheus is told of each portal what it has heard, what passed, what did not
// and why, and what stands there; of a checkpoint where no tag was heard, nothing.
func TestPortalMetrics(t *testing.T) {
	hall, err := pass.NewHall([]pass.Portal{{Name: "label", Learn: true}, {Name: "load", Dwell: 4 * time.Second}, {Name: "pack"}})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 21, 10, 15, 0, 0, time.UTC)
	hear := func(portal, epc string, reads int, rssi int) {
		hall.Hear(&pass.Read{Portal: portal, EPC: []byte(epc), Antenna: 2, RSSI: rssi, HasRSSI: true, Count: reads}, at)
	}
	hall.Sweep(at)
	at = at.Add(time.Minute)
	for i := range 60 {
		hear("label", string(rune('A'+i))+"x", 5, -50)
		at = at.Add(time.Second)
	}
	hear("label", "few", 1, -50)
	hear("label", "weak", 4, -80)
	hall.Sweep(at.Add(time.Minute))
	at = at.Add(time.Minute)
	for range 50 { // five seconds, longer than dwell
		hear("load", "stays", 1, -50)
		at = at.Add(100 * time.Millisecond)
	}
	hall.Hear(&pass.Read{Portal: "load"}, at)
	hear("label", "now", 1, -50)

	m := newMetrics()
	m.registry.MustRegister(newPortalMetrics(&tags{hall: hall}, "label-01"))
	page := httptest.NewRecorder()
	m.handler().ServeHTTP(page, httptest.NewRequest("GET", "/metrics", nil))
	var got []string
	for line := range strings.Lines(page.Body.String()) {
		if strings.HasPrefix(line, "scanpost_portal_") {
			got = append(got, strings.TrimSuffix(strings.ReplaceAll(line, `,station="label-01"`, ""), "\n"))
		}
	}
	want := `scanpost_portal_passes_total{kind="parked",portal="label"} 0
scanpost_portal_passes_total{kind="parked",portal="load"} 1
scanpost_portal_passes_total{kind="passed",portal="label"} 60
scanpost_portal_passes_total{kind="passed",portal="load"} 0
scanpost_portal_reads_total{portal="label"} 306
scanpost_portal_reads_total{portal="load"} 50
scanpost_portal_strays_total{portal="label",reason="background"} 0
scanpost_portal_strays_total{portal="label",reason="cross_read"} 0
scanpost_portal_strays_total{portal="label",reason="crowded"} 0
scanpost_portal_strays_total{portal="label",reason="few"} 1
scanpost_portal_strays_total{portal="label",reason="malformed"} 0
scanpost_portal_strays_total{portal="label",reason="shut"} 0
scanpost_portal_strays_total{portal="label",reason="weak"} 1
scanpost_portal_strays_total{portal="load",reason="background"} 0
scanpost_portal_strays_total{portal="load",reason="cross_read"} 0
scanpost_portal_strays_total{portal="load",reason="crowded"} 0
scanpost_portal_strays_total{portal="load",reason="few"} 0
scanpost_portal_strays_total{portal="load",reason="malformed"} 1
scanpost_portal_strays_total{portal="load",reason="shut"} 0
scanpost_portal_strays_total{portal="load",reason="weak"} 0
scanpost_portal_tags{portal="label",state="background"} 0
scanpost_portal_tags{portal="label",state="candidate"} 1
scanpost_portal_tags{portal="label",state="passing"} 0
scanpost_portal_tags{portal="load",state="background"} 0
scanpost_portal_tags{portal="load",state="candidate"} 0
scanpost_portal_tags{portal="load",state="passing"} 0
scanpost_portal_threshold_dbm{antenna="2",portal="label"} -53`
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}
