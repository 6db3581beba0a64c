package board

import (
	"strings"
	"testing"
	"time"

	"scanpost/scan"
)

// A unit's page says what made it one, who said so and when, what was taken
// back, what it is inside of, and which scans are inferred; all of it as text.
func TestUnitBelongings(t *testing.T) {
	f := newFloor()
	said := scan.SaidView{Station: "label-03", At: ago(time.Hour), Device: "hand", Operator: "JN"}
	const carrier = "ups:1Z999AA10123456784"
	f.units[sscc] = scan.UnitView{Key: sscc, IDs: []string{sscc, carrier}, Journey: "outbound", Gaps: []scan.Gap{},
		Steps: []scan.StepView{
			{Checkpoint: "label", Planned: true, Scans: []scan.ScanView{{ID: "e1", Station: "label-03", Seq: 1, At: ago(time.Hour), As: carrier, Held: true,
				Marks: []scan.MarkView{{Mark: scan.Exception, Reason: "<b>WET", Said: said}}}}},
			{Checkpoint: "load", Planned: true, Scans: []scan.ScanView{{ID: "e2", Station: "load-01", Seq: 7, At: ago(time.Minute), Inferred: "tote:5"}}},
		},
		Held: &scan.Held{Unit: sscc, Said: said, Reason: "<b>WET"},
		Links: []scan.TieView{
			{ID: "l1", IDs: []string{sscc, hostile}, How: "scanned", Said: said, Undone: &scan.SaidView{Station: "load-02", At: ago(time.Minute), Operator: "TB"}},
			{ID: "l2", IDs: []string{sscc, carrier}, How: "scanned", Said: said, Instead: []string{"sscc:106141410000001245"}},
		},
		Packing: []scan.PackView{{ID: "p1", Container: "tote:5", Action: scan.PutIn, Said: said}},
		Inside:  "tote:5",
	}
	for n := range mostContents + 3 {
		u := f.units["tote:5"]
		u.Key, u.IDs, u.Steps = "tote:5", []string{"tote:5"}, []scan.StepView{}
		u.Contents = append(u.Contents, "code:PARCEL-"+strings.Repeat("x", n))
		f.units["tote:5"] = u
	}
	b := newBoard(f)
	html := body(t, b, "/units/"+sscc)
	for _, want := range []string{
		`<dt>Inside</dt><dd title="tote:5"><a href="/units/tote:5">`, `<dt>Held</dt><dd><strong>since`, `&lt;b&gt;WET`,
		"are one parcel: scanned one after the other", `<span class="struck">`, "taken back", "load-02 by TB",
		"The operator was told that until then it was SSCC …01245", "Inferred from", "Exception &lt;b&gt;WET", "Into",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(html, "<script>alert") || strings.Contains(html, "<b>WET") || strings.ContainsAny(html, "\x1d\u202e") {
		t.Error("the page carries what was read as it is")
	}
	struck := html[strings.Index(html, `<span class="struck">`):]
	if at := strings.Index(struck, "</span><span class=\"sub\">"); at < 0 || strings.Contains(struck[:at], "1Z999AA10123456784") {
		t.Error("a link that holds is struck through")
	}
	tote := body(t, b, "/units/tote:5")
	if !strings.Contains(tote, "<dt>Holds</dt><dd>53</dd>") || !strings.Contains(tote, "and 3 more") || strings.Count(tote, `<li><a href="/units/code:PARCEL-`) != mostContents {
		t.Error("the tote does not say what it holds")
	}
}
