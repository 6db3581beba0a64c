package screen

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"scanpost/scan"
)

const unit = "sscc:106141410000001238"

var noon = time.Date(2026, 11, 20, 14, 7, 32, 0, time.FixedZone("CET", 3600))

func newScreen(o Options) *Screen {
	o.Station, o.Checkpoint = "label-03", "label"
	if o.Now == nil {
		o.Now = func() time.Time { return noon }
	}
	if o.Link == nil {
		o.Link = func() scan.LinkView { return scan.LinkView{Online: true} }
	}
	return New(o)
}

func page(t *testing.T, s *Screen) string {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// Each of the nine outcomes has its colour, its shape and its words.
func TestOutcomes(t *testing.T) {
	cases := map[string]struct {
		told scan.Told
		want []string
	}{
		"saved":            {scan.Told{Outcome: scan.Saved}, []string{`"outcome go"`, `#saved`, "<h1>Saved</h1>", "<span>sscc 1061 4141 0000 0</span><b>01238</b>", "Go on"}},
		"saved, offline":   {scan.Told{Outcome: scan.SavedOffline, Waiting: 412}, []string{`"outcome go"`, `#kept`, "Saved, kept here", "412 waiting, space for 19 days"}},
		"double":           {scan.Told{Outcome: scan.SavedDouble, Earlier: &scan.Earlier{At: noon.Add(-9 * time.Minute), Station: "label-03", Operator: "JN"}}, []string{`"outcome look"`, `#double`, "Scanned here at 13:58 by JN"}},
		"double elsewhere": {scan.Told{Outcome: scan.SavedDouble, Earlier: &scan.Earlier{At: noon, Station: "label-04"}}, []string{"Scanned at label-04, 14:07"}},
		"previous missing": {scan.Told{Outcome: scan.SavedPreviousMissing, Missing: []string{"pack"}}, []string{`"outcome look"`, `#back`, "NOT SEEN AT PACK", "Saved here, at Label"}},
		"not verifiable":   {scan.Told{Outcome: scan.SavedNotVerifiable, Missing: []string{"pack", "weigh"}}, []string{`"outcome go"`, `#cannot`, "Saved, cannot check PACK and WEIGH"}},
		"wrong checkpoint": {scan.Told{Outcome: scan.SavedWrongCheckpoint, Belongs: "dock-2"}, []string{`"outcome side"`, `#cross`, "BELONGS AT DOCK 2", "Saved. Put it aside"}},
		"not understood":   {scan.Told{Outcome: scan.Unreadable, Code: "106<script>\x1d21", Why: "Half a label"}, []string{`"outcome again"`, `#again`, `106&lt;script&gt;<kbd class="ctl">GS</kbd>21`, "Half a label", "Scan again"}},
		"not saved":        {scan.Told{Outcome: scan.NotSaved, Why: "The disk is full."}, []string{`"outcome stop"`, `#hand`, "STOP.", "KEEP THE PARCEL HERE.", "The disk is full.", `action="/seen"`}},
		"command done":     {scan.Told{Outcome: scan.CommandDone, Why: "Signed on: JN", Operator: "JN"}, []string{`"outcome done"`, `#card`, "Signed on: JN", "<b>JN</b>"}},
		"anything else":    {scan.Told{Outcome: "new in a later version"}, []string{`"outcome stop"`}},
		"text as unit":     {scan.Told{Outcome: scan.Saved, Unit: "code:<b>\u202e\x1dtail9"}, []string{`&lt;b&gt;<kbd class="ctl">RLO</kbd><kbd class="ctl">GS</kbd>`, "<b>tail9</b>"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newScreen(Options{Link: func() scan.LinkView { return scan.LinkView{Waiting: 412, Space: 19 * 24 * time.Hour} }})
			c.told.At = noon
			if c.told.Unit == "" && c.told.Outcome != scan.Unreadable && c.told.Outcome != scan.CommandDone {
				c.told.Unit = unit
			}
			s.Tell(c.told)
			html := page(t, s)
			for _, want := range c.want {
				if !strings.Contains(html, want) {
					t.Errorf("the page lacks %s", want)
				}
			}
			if strings.Contains(html, "<script>") || strings.ContainsAny(html, "\x1d\u202e") || strings.Contains(html, "style=") {
				t.Error("the page carries a barcode's text as it is, or something inline")
			}
		})
	}
}

// Before the first scan the page says what to do, and only what is known.
func TestIdle(t *testing.T) {
	html := page(t, newScreen(Options{}))
	for _, want := range []string{"Scan a parcel", "This hour", "All sent", "LABEL <small>label-03</small>", "14:07"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, absent := range []string{"usual", "shift", "truck"} {
		if strings.Contains(html, absent) {
			t.Errorf("the page speaks of %q", absent)
		}
	}
}

// A stop stays until a person says that it was seen, whatever is scanned.
func TestStopStays(t *testing.T) {
	seen := 0
	s := newScreen(Options{Seen: func() { seen++ }})
	s.Tell(scan.Told{Outcome: scan.NotSaved, Unit: unit, At: noon})
	s.Tell(scan.Told{Outcome: scan.Saved, Unit: unit, At: noon})
	html := page(t, s)
	if !strings.Contains(html, "STOP.") || strings.Contains(html, "<h1>Saved</h1>") {
		t.Fatal("a later scan took the stop away")
	}
	if !strings.Contains(html, "<small>saved</small>") {
		t.Error("the later scan is not in the list")
	}
	post := func(site string) int {
		r := httptest.NewRequest("POST", "/seen", nil)
		r.Header.Set("Sec-Fetch-Site", site)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Code
	}
	if code := post("cross-site"); code != http.StatusForbidden || seen != 0 || !strings.Contains(page(t, s), "STOP.") {
		t.Fatalf("another site's page ended the stop: status %d", code)
	}
	if code := post("same-origin"); code != http.StatusSeeOther || seen != 1 {
		t.Fatalf("status %d, seen %d times", code, seen)
	}
	if html := page(t, s); !strings.Contains(html, "Scan a parcel") {
		t.Error("the stop is still there")
	}
	if post("same-origin"); seen != 1 {
		t.Error("seen without a stop")
	}
	s.Tell(scan.Told{Outcome: scan.NotSaved, Unit: unit, At: noon})
	s.Tell(scan.Told{Outcome: scan.CommandDone, Why: "Seen", At: noon})
	if strings.Contains(page(t, s), "STOP.") {
		t.Error("the card does not end the stop")
	}
}

// The list has the four outcomes before the one that is shown; the hour
// counts each saved parcel once, and a repeat not at all.
func TestLastAndHour(t *testing.T) {
	s := newScreen(Options{})
	for i, o := range []scan.Outcome{scan.Saved, scan.SavedPreviousMissing, scan.SavedDouble, scan.Unreadable, scan.Saved, scan.SavedOffline} {
		told := scan.Told{Outcome: o, Unit: unit[:18] + string(rune('0'+i)) + "9999", Missing: []string{"pack"}, At: noon}
		s.Tell(told)
		told.Repeat = true
		s.Tell(told)
	}
	var words []string
	for _, v := range s.lastViews() {
		words = append(words, v.Words)
	}
	if want := []string{"saved", "not understood", "double", "not seen at Pack"}; !slices.Equal(words, want) {
		t.Errorf("before this one: %q, want %q", words, want)
	}
	if s.saved != 4 {
		t.Errorf("%d saved this hour, want 4", s.saved)
	}
}

// Ten minutes after the last scan the page is idle again; a stop is not.
func TestIdleAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScreen(Options{Now: time.Now})
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		s.Tell(scan.Told{Outcome: scan.Saved, Unit: unit, At: time.Now()})
		time.Sleep(9 * time.Minute) // the bubble's clock, not ours
		if !strings.Contains(page(t, s), "<h1>Saved</h1>") {
			t.Error("idle too early")
		}
		time.Sleep(2 * time.Minute)
		if html := page(t, s); !strings.Contains(html, "Scan a parcel") || !strings.Contains(html, "…01238") {
			t.Error("not idle again, or without the last scan")
		}
		s.Tell(scan.Told{Outcome: scan.NotSaved, Unit: unit, At: time.Now()})
		time.Sleep(time.Hour)
		if !strings.Contains(page(t, s), "STOP.") {
			t.Error("a stop went away by itself")
		}
		stop()
		<-done
	})
}

// A tag that was shown as passing and did not pass is taken back, from every
// page and also before a page has shown it; what was told of anything else stays.
func TestWithdraw(t *testing.T) {
	passing := scan.Told{Outcome: scan.Passing, Unit: unit, Code: "tag", Checkpoint: "label", At: noon}
	s := newScreen(Options{})
	s.Tell(scan.Told{Outcome: scan.Saved, Unit: unit[:20] + "99999", At: noon})
	s.Tell(passing)
	if html := page(t, s); !strings.Contains(html, "<h1>Passing</h1>") || !strings.Contains(html, "99999<") {
		t.Error("a tag is not shown while it passes, or the scan before it is gone")
	}
	s.Withdraw("tag", "load")
	s.Withdraw("another", "label")
	if !strings.Contains(page(t, s), "<h1>Passing</h1>") {
		t.Error("another one took it off")
	}
	s.Withdraw("tag", "label")
	if html := page(t, s); !strings.Contains(html, "Scan a parcel") || !strings.Contains(html, "99999<") {
		t.Error("it is still shown as passing, or the scan before it is gone")
	}
	if len(s.pending) != 1 {
		t.Errorf("the pages will be told %+v, want the scan alone", s.pending)
	}
	for _, o := range []scan.Outcome{scan.Saved, scan.NotSaved} {
		s.Tell(passing)
		s.Tell(scan.Told{Outcome: o, Unit: unit, Code: "tag", Checkpoint: "label", At: noon})
		s.Withdraw("tag", "label")
		if s.shown == nil || s.shown.Outcome != o {
			t.Errorf("%s was taken off", o)
		}
	}

	s = newScreen(Options{})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	srv := httptest.NewServer(s)
	t.Cleanup(func() { stop(); <-done; srv.Close() })
	one := listen(ctx, t, srv.URL)
	one.wait("state", "Scan a parcel")
	s.Tell(passing)
	one.wait("told", "<h1>Passing</h1>")
	s.Withdraw("tag", "label")
	one.wait("state", "Scan a parcel")
}

// Every open page hears each outcome as it comes, a new one the present
// state; a page that does not read is dropped and holds up nobody.
func TestStream(t *testing.T) {
	s := newScreen(Options{})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	srv := httptest.NewServer(s)
	t.Cleanup(func() { stop(); <-done; srv.Close() })

	one, two := listen(ctx, t, srv.URL), listen(ctx, t, srv.URL)
	one.wait("state", "Scan a parcel")
	two.wait("hello", s.assets.Build())
	two.wait("beat", "2026-11-20T14:07:32+01:00")
	s.Tell(scan.Told{Outcome: scan.Saved, Unit: unit, At: noon, Operator: "JN"})
	one.wait("told", "<h1>Saved</h1>")
	two.wait("told", "<h1>Saved</h1>")
	two.wait("who", "<b>JN</b>")

	slow := &reader{make(chan []message, slow)}
	s.mu.Lock()
	s.pagesAt[slow] = struct{}{}
	s.mu.Unlock()
	for range 100 {
		s.Tell(scan.Told{Outcome: scan.SavedDouble, Unit: unit, At: noon}) // returns at once, however slow anyone is
		one.wait("told", "Double")
	}
	for range cap(slow.messages) {
		<-slow.messages
	}
	if _, ok := <-slow.messages; ok {
		t.Error("a page that does not read was not dropped")
	}
	listen(ctx, t, srv.URL).wait("state", "Double")
}

// What is told faster than a page can be told is not lost for the state.
func TestTellNeverWaits(t *testing.T) {
	s := newScreen(Options{}) // and nobody runs it
	for range 10 * queue {
		s.Tell(scan.Told{Outcome: scan.Saved, Unit: unit, At: noon})
	}
	if len(s.pending) != queue {
		t.Errorf("%d are kept for pages, want %d", len(s.pending), queue)
	}
	if s.saved != 10*queue {
		t.Errorf("%d counted, want %d", s.saved, 10*queue)
	}
}

func TestLine(t *testing.T) {
	for want, l := range map[string]scan.LinkView{
		"All sent": {Online: true}, "Sending: 3": {Online: true, Waiting: 3}, "Kept here: 1,412": {Waiting: 1412}, "Not connected": {},
	} {
		s := newScreen(Options{Link: func() scan.LinkView { return l }})
		if got := s.lineView(); got.Words != want || got.Kept == l.Online {
			t.Errorf("%+v is told as %+v, want %q", l, got, want)
		}
	}
}

type listener struct {
	t     *testing.T
	lines chan string
}

func listen(ctx context.Context, t *testing.T, url string) *listener {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, "GET", url+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{t, make(chan string, 4096)}
	go func() {
		defer close(l.lines)
		defer func() { _ = resp.Body.Close() }()
		r := bufio.NewReader(resp.Body)
		var event strings.Builder
		for {
			line, err := r.ReadString('\n')
			if err != nil && err != io.EOF || line == "" {
				return
			}
			if event.WriteString(line); line == "\n" {
				l.lines <- event.String()
				event.Reset()
			}
		}
	}()
	return l
}

func (l *listener) wait(event, holds string) {
	l.t.Helper()
	late := time.NewTimer(10 * time.Second)
	defer late.Stop()
	for {
		select {
		case e, ok := <-l.lines:
			if !ok {
				l.t.Fatalf("the stream ended before %s with %q", event, holds)
			}
			if strings.HasPrefix(e, "event: "+event+"\n") && strings.Contains(e, holds) {
				return
			}
		case <-late.C:
			l.t.Fatalf("no %s with %q", event, holds)
		}
	}
}

// What a scan did besides being saved stands with it; what is held is to be put
// aside; a notice is no scan; and training is told in large letters, on every
// field, until it ends.
func TestBelongings(t *testing.T) {
	held := &scan.Held{Unit: unit, Reason: "WET", Said: scan.SaidView{At: noon.Add(-time.Hour), Operator: "JN", Station: "pack-07"}}
	for name, c := range map[string]struct {
		told scan.Told
		want []string
	}{
		"linked":          {scan.Told{Outcome: scan.Saved, Why: "UPS …56784 and SSCC …01238 are one parcel"}, []string{`"outcome go"`, "<h1>Saved</h1>", "UPS …56784 and SSCC …01238 are one parcel"}},
		"packed, missing": {scan.Told{Outcome: scan.SavedPreviousMissing, Missing: []string{"pack"}, Why: "In tote 5: 3"}, []string{"NOT SEEN AT PACK", "Saved here, at Label. In tote 5: 3"}},
		"used before":     {scan.Told{Outcome: scan.SavedDouble, Linked: []string{unit, "ups:1"}, Why: "Until now it was SSCC 9"}, []string{`"outcome look"`, "Label used before", "Until now it was SSCC 9"}},
		"held":            {scan.Told{Outcome: scan.SavedWrongCheckpoint, Held: held}, []string{`"outcome side"`, "<h1>HELD: WET</h1>", "Since 13:07, by JN at pack-07", "Saved. Put it aside"}},
		"held inside":     {scan.Told{Outcome: scan.SavedWrongCheckpoint, Unit: "tote:5", Held: held}, []string{"SSCC …01238. Since 13:07"}},
		"not linked":      {scan.Told{Outcome: scan.SavedPreviousMissing, Notice: true, Why: "Not linked: its other label was not scanned"}, []string{`"outcome look"`, "<h1>Not linked</h1>", "Its other label was not scanned", "01238"}},
		"training":        {scan.Told{Outcome: scan.Saved, Training: true}, []string{`<p class="outcome-training">TRAINING</p>`, "is-training"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScreen(Options{})
			if c.told.At = noon; c.told.Unit == "" {
				c.told.Unit = unit
			}
			s.Tell(c.told)
			html := page(t, s)
			for _, want := range c.want {
				if !strings.Contains(html, want) {
					t.Errorf("the page lacks %s", want)
				}
			}
			if got, want := s.saved, 1; (c.told.Notice || c.told.Training || c.told.Outcome == scan.SavedDouble) == (got == want) {
				t.Errorf("%d scans of this hour are counted", got)
			}
		})
	}
	s := newScreen(Options{})
	s.Tell(scan.Told{Outcome: scan.CommandDone, Why: "Training: nothing counts", Training: true, Device: "hand", At: noon})
	s.Tell(scan.Told{Outcome: scan.Saved, Unit: unit, Device: "tunnel", At: noon})
	if !strings.Contains(page(t, s), "TRAINING") {
		t.Error("a scan at another device ended the training")
	}
	s.Tell(scan.Told{Outcome: scan.CommandDone, Why: "Training has ended: scans count", Device: "hand", At: noon})
	if strings.Contains(page(t, s), "TRAINING") {
		t.Error("the training has ended, and the screen goes on with it")
	}
}
