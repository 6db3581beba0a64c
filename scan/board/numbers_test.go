package board

import (
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"scanpost/scan"
)

var (
	links  = regexp.MustCompile(`(?s)<a [^>]*href="(/gaps[^"]*|/stations(?:\?[^"]*)?)"[^>]*>(.*?)</a>`)
	number = regexp.MustCompile(`\d[\d,]*`)
	gapRow = regexp.MustCompile(`<tr class="item[^"]*" id="gap-`)
	next   = regexp.MustCompile(`<a href="([^"]*)">The next ones</a>`)
	shown  = regexp.MustCompile(`id="shown"[^>]*><strong>([\d,]+) gaps?</strong>`)
)

func listed(t rapid.TB, b *Board, link string) int {
	w := recorded(b, link)
	if strings.HasPrefix(link, "/stations") {
		return strings.Count(w, `<tr><th scope="row" class="nowrap">`)
	}
	n := len(gapRow.FindAllString(w, -1))
	if m := shown.FindStringSubmatch(w); m == nil || !strings.Contains(link, "page=") && n < pageRows && m[1] != fmt.Sprint(n) {
		t.Fatalf("%s has %d rows and says %q", link, n, m)
	}
	if m := next.FindStringSubmatch(w); m != nil {
		n += listed(t, b, html.UnescapeString(m[1]))
	}
	return n
}

// Every number opens its list, and equals it: on every page, for every state
// that the floor can be in.
func TestNumbersEqualTheirLists(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBoard(anyFloor(t))
		rows := map[string]int{} // by link
		for _, path := range []string{"/", "/gaps", "/gaps?state=unknown", "/gaps?checkpoint=pack", "/stations", "/stations/pack-1"} {
			page := recorded(b, path)
			for _, m := range links.FindAllStringSubmatch(page, -1) {
				said := number.FindString(tags.ReplaceAllString(m[2], ""))
				if said == "" {
					continue
				}
				want, _ := strconv.Atoi(strings.ReplaceAll(said, ",", ""))
				link := html.UnescapeString(m[1])
				if _, known := rows[link]; !known {
					rows[link] = listed(t, b, link)
				}
				if rows[link] != want {
					t.Fatalf("on %s %q leads to %s with %d rows", path, strings.TrimSpace(tags.ReplaceAllString(m[2], "")), link, rows[link])
				}
			}
		}
	})
}

func recorded(b *Board, path string) string {
	w := newRecorder(b, path)
	if w.Code != 200 {
		panic(fmt.Sprintf("GET %s: %d %s", path, w.Code, w.Body))
	}
	return w.Body.String()
}

func anyFloor(t *rapid.T) *floor {
	f := newFloor()
	checkpoints := []string{"receive", "pack", "load"}
	stations := []string{"receive-1", "pack-1", "pack-2", "load-1", "load-2"}
	for _, c := range checkpoints {
		f.checkpoints = append(f.checkpoints, scan.CheckpointSummary{Name: c, Seen: rapid.IntRange(0, 2000).Draw(t, "seen"),
			OnTheWay: rapid.IntRange(0, 9).Draw(t, "way"), Stations: 2, Heard: rapid.IntRange(0, 2).Draw(t, "heard"), HeardTo: ago(time.Minute)})
	}
	when := rapid.Custom(func(t *rapid.T) time.Time {
		return ago(time.Duration(rapid.IntRange(0, 40*3600).Draw(t, "seconds ago")) * time.Second)
	})
	for _, s := range stations {
		c, _, _ := strings.Cut(s, "-")
		v := scan.StationView{Name: s, Checkpoints: []string{c}, Online: rapid.Bool().Draw(t, "online"), Silent: rapid.Bool().Draw(t, "silent"),
			HeardTo: when.Draw(t, "heard to"), HeadAt: ago(time.Minute), Backlog: rapid.Uint64Range(0, 3).Draw(t, "backlog")}
		if rapid.Bool().Draw(t, "device") {
			v.Devices = []scan.DeviceView{{Name: "hand", Attached: rapid.Bool().Draw(t, "attached")}}
		}
		f.stations = append(f.stations, v)
	}
	for i := range rapid.IntRange(0, 50).Draw(t, "gaps") {
		g := scan.Gap{ID: fmt.Sprint("g", i), Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), State: rapid.SampledFrom(states).Draw(t, "state"),
			Station: rapid.SampledFrom(stations).Draw(t, "station"), Since: when.Draw(t, "since"), WaitingFor: []string{}}
		if g.Kind == scan.Skipped || g.Kind == scan.Overdue {
			g.Unit = fmt.Sprintf("sscc:10614141000000%04d", rapid.IntRange(0, 30).Draw(t, "unit"))
			g.Checkpoint = rapid.SampledFrom(append(checkpoints, "gone")).Draw(t, "checkpoint")
		}
		if g.State == scan.Unknown {
			g.WaitingFor = rapid.SliceOfNDistinct(rapid.SampledFrom(stations), 0, 2, rapid.ID[string]).Draw(t, "waiting")
		}
		if g.State == scan.Closed {
			g.ClosedAt, g.ClosedAs = when.Draw(t, "closed"), rapid.SampledFrom(closings).Draw(t, "as")
		}
		f.gaps = append(f.gaps, g)
	}
	return f
}

// A list longer than a page is whole over its pages.
func TestLongList(t *testing.T) {
	f := warehouse()
	f.gaps = nil
	for i := range 2*pageRows + 7 {
		f.gaps = append(f.gaps, scan.Gap{ID: fmt.Sprint("g", i), Kind: scan.Overdue, State: scan.Missing, Unit: fmt.Sprintf("sscc:%018d", i), Checkpoint: "pack", WaitingFor: []string{}, Since: ago(time.Minute)})
	}
	b := newBoard(f)
	page := body(t, b, "/gaps?state=missing")
	if got := shown.FindStringSubmatch(page); got == nil || got[1] != "407" {
		t.Errorf("says %q, want 407", got)
	}
	n := 0
	for p := 1; p <= 3; p++ {
		n += len(gapRow.FindAllString(body(t, b, fmt.Sprintf("/gaps?state=missing&page=%d", p)), -1))
	}
	if n != 407 {
		t.Errorf("three pages have %d rows, want 407", n)
	}
	if rows := len(gapRow.FindAllString(body(t, b, "/"), -1)); rows != homeRows {
		t.Errorf("the home page has %d rows, want %d", rows, homeRows)
	}
}
