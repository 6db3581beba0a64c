package board

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"scanpost/scan"
)

func post(b *Board, path string, form url.Values, head ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w
}

// A decision is taken from a plain form, says by whom, and leads back.
func TestDecideByForm(t *testing.T) {
	f := warehouse()
	b := newBoard(f)
	w := post(b, "/gaps/g1/waive", url.Values{"by": {" Mara K. "}, "reason": {"label replaced"}, "back": {unitPath(sscc)}}, "Sec-Fetch-Site", "same-origin")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != unitPath(sscc) {
		t.Fatalf("status %d, back to %q", w.Code, w.Header().Get("Location"))
	}
	want := scan.Decision{Gap: "g1", Do: "waive", Reason: "label replaced", By: "Mara K.", At: noon}
	if len(f.decisions) != 1 || f.decisions[0] != want {
		t.Fatalf("decided %+v, want %+v", f.decisions, want)
	}
	r := httptest.NewRequest("GET", unitPath(sscc), nil)
	for _, c := range w.Result().Cookies() {
		r.AddCookie(c)
	}
	w = httptest.NewRecorder()
	b.ServeHTTP(w, r)
	if !strings.Contains(w.Body.String(), `value="Mara K."`) {
		t.Error("the name is not remembered for the next decision")
	}
}

// What is missing in a form is said beside its field, and nothing is done.
func TestDecideMistakes(t *testing.T) {
	cases := map[string]struct {
		path string
		form url.Values
		says string
	}{
		"no name":               {"/gaps/g1/resolve", url.Values{"reason": {"found"}}, "Say who decides this"},
		"waived without reason": {"/gaps/g1/waive", url.Values{"by": {"MK"}, "reason": {"  "}}, "Say why nothing needs to be done"},
		"name too long":         {"/gaps/g1/resolve", url.Values{"by": {strings.Repeat("x", 61)}}, "at most 60 characters"},
		"of a station":          {"/gaps/s1/waive", url.Values{"by": {"MK"}}, "Say why nothing needs to be done"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := warehouse()
			w := post(newBoard(f), c.path, c.form)
			if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), c.says) || len(f.decisions) > 0 {
				t.Errorf("status %d, decided %v; want 422, %q", w.Code, f.decisions, c.says)
			}
		})
	}
	t.Run("refused by the ledger", func(t *testing.T) {
		f := warehouse()
		f.refuse = errors.New("the disk is full")
		w := post(newBoard(f), "/gaps/g1/resolve", url.Values{"by": {"MK"}})
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "Not done: the disk is full") {
			t.Errorf("status %d: %s", w.Code, part(w.Body.String(), "unitgaps"))
		}
	})
	t.Run("unknown gap", func(t *testing.T) {
		if w := post(newBoard(warehouse()), "/gaps/gx/resolve", url.Values{"by": {"MK"}}); w.Code != http.StatusNotFound {
			t.Errorf("status %d, want 404", w.Code)
		}
	})
	t.Run("unknown decision", func(t *testing.T) {
		if w := post(newBoard(warehouse()), "/gaps/g1/delete", url.Values{"by": {"MK"}}); w.Code != http.StatusNotFound {
			t.Errorf("status %d, want 404", w.Code)
		}
	})
	t.Run("too large", func(t *testing.T) {
		if w := post(newBoard(warehouse()), "/gaps/g1/resolve", url.Values{"by": {strings.Repeat("x", maxBody)}}); w.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("status %d, want 413", w.Code)
		}
	})
}

// Another site's page can not decide anything in a manager's browser.
func TestOtherOrigins(t *testing.T) {
	yes, no := http.StatusSeeOther, http.StatusForbidden
	cases := map[string]struct {
		head []string
		want int
	}{
		"own page":                 {[]string{"Sec-Fetch-Site", "same-origin"}, yes},
		"no browser":               {nil, yes},
		"another site":             {[]string{"Sec-Fetch-Site", "cross-site"}, no},
		"a neighbour of the site":  {[]string{"Sec-Fetch-Site", "same-site"}, no},
		"old browser, own origin":  {[]string{"Origin", "http://example.com"}, yes},
		"old browser, other site":  {[]string{"Origin", "http://evil.example"}, no},
		"sandboxed frame":          {[]string{"Origin", "null"}, no},
		"own address, other port":  {[]string{"Origin", "http://example.com:81"}, no},
		"cross-site, forged as us": {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "http://example.com"}, no},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := warehouse()
			b := newBoard(f)
			if got := post(b, "/gaps/g1/resolve", url.Values{"by": {"MK"}}, c.head...).Code; got != c.want {
				t.Errorf("form: status %d, want %d", got, c.want)
			}
			if c.want == no {
				if got := post(b, "/api/v1/gaps/g1/resolve", nil, c.head...).Code; got != no {
					t.Errorf("JSON: status %d, want %d", got, no)
				}
				if len(f.decisions) > 0 {
					t.Errorf("decided %v", f.decisions)
				}
			}
		})
	}
}
