package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"
)

func TestText(t *testing.T) {
	cases := map[string]string{
		"abc":         "abc",
		"a<b>&\"'":    "a&lt;b&gt;&amp;&#34;&#39;",
		"1\x1d2":      `1<kbd class="ctl">GS</kbd>2`,
		"\x00\x7f":    `<kbd class="ctl">NUL</kbd><kbd class="ctl">DEL</kbd>`,
		"a\xffb":      `a<kbd class="ctl">0xFF</kbd>b`,
		"\u202eabc":   `<kbd class="ctl">RLO</kbd>abc`,
		"\u0085":      `<kbd class="ctl">U+0085</kbd>`,
		"ÄÖ ابجد":     "ÄÖ ابجد",
		"12345678901": "123456789…",
	}
	for in, want := range cases {
		if got := string(Text(in, 10)); got != want {
			t.Errorf("Text(%q) = %s, want %s", in, got, want)
		}
	}
}

// Whatever is in an identifier, what is shown has no tag but ours, no
// character that is not seen, and its tail in full.
func TestHostileID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
			rapid.SampledFrom([]string{"<script>", "</bdi><img onerror=x>", strings.Repeat("x", 70000) + "<tail"})).Draw(t, "key")
		shown := string(ID(key))
		for _, ours := range []string{`<bdi class="id">`, `<span class="id-head">`, `<span class="id-tail">`, "</span>", "</bdi>", `<kbd class="ctl">`, "</kbd>"} {
			shown = strings.ReplaceAll(shown, ours, "")
		}
		if strings.ContainsAny(shown, "<>\"") {
			t.Fatalf("%q is shown as %s", key, shown)
		}
		for _, r := range shown + Plain(key) + Tail(key) {
			if !unicode.IsPrint(r) && r != ' ' {
				t.Fatalf("%q is shown with %U", key, r)
			}
		}
		if len(shown) > 64<<10 {
			t.Fatalf("%d bytes are shown", len(shown))
		}
	})
}

func TestMoment(t *testing.T) {
	now := time.Date(2026, 11, 20, 14, 7, 32, 0, time.FixedZone("CET", 3600))
	at := func(d time.Duration) Moment { return Moment{At: now.Add(-d).UTC(), Now: now} }
	if got, want := string(at(65*time.Minute).HM()), `<time datetime="2026-11-20T13:02:32+01:00" title="Fri 20 Nov 2026 13:02:32 CET">13:02</time>`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := string(at(15 * time.Hour).HM()); !strings.Contains(got, ">Thu 23:07<") {
		t.Errorf("yesterday is %s", got)
	}
	m := at(time.Minute)
	m.Live = true
	if got := string(m.Age()); !strings.HasSuffix(got, " data-age></time>") {
		t.Errorf("a live age is %s", got)
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 18420: "18,420", 1204118: "1,204,118", -1234: "-1,234"} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}

// A stream's events are framed so that nothing inside one can end it.
func TestStream(t *testing.T) {
	w := httptest.NewRecorder()
	s, err := NewStream(w)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send("x", "one\r\ntwo\rthree\n\nevent: y"); err != nil {
		t.Fatal(err)
	}
	want := "retry: 1000\n\nevent: x\ndata: one\ndata: two\ndata: three\ndata: \ndata: event: y\n\n"
	if got := w.Body.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A file that is known already is not sent again, and one that is not ours
// is not found.
func TestAssets(t *testing.T) {
	a, err := NewAssets(static)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(path, etag string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("If-None-Match", etag)
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		return w
	}
	first := ask("/static/tokens.css", "")
	if first.Code != http.StatusOK || first.Header().Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("status %d, type %q", first.Code, first.Header().Get("Content-Type"))
	}
	if again := ask("/static/tokens.css", first.Header().Get("ETag")); again.Code != http.StatusNotModified {
		t.Errorf("again: status %d", again.Code)
	}
	if other := ask("/static/..%2fweb.go", ""); other.Code != http.StatusNotFound {
		t.Errorf("another file: status %d", other.Code)
	}
}
