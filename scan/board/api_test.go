package board

import (
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The JSON keeps its shape; a change shows as a diff that a person reads.
func TestAPIShapes(t *testing.T) {
	b := newBoard(warehouse())
	for name, path := range map[string]string{
		"summary": "/api/v1/summary", "gaps": "/api/v1/gaps?state=missing&checkpoint=pack", "gaps-station": "/api/v1/gaps?station=pack-07&kind=silent-station",
		"gaps-none": "/api/v1/gaps?q=nothing", "unit": "/api/v1" + unitPath(sscc), "stations": "/api/v1/stations", "healthz": "/healthz",
		"error-value": "/api/v1/gaps?state=lost", "error-parameter": "/api/v1/gaps?sate=missing", "error-unit": "/api/v1/units/code:nobody",
	} {
		t.Run(name, func(t *testing.T) {
			w := get(t, b, path)
			if got := w.Header().Get("Content-Type"); got != "application/json; charset=utf-8" {
				t.Errorf("type %q", got)
			}
			file := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(file, w.Body.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got := w.Body.String(); got != string(want) {
				t.Errorf("%s\n got %s\nwant %s", path, got, want)
			}
		})
	}
}

func TestAPIRequests(t *testing.T) {
	f := warehouse()
	var expected string
	b := New(Options{Site: "ham1", Source: f, Now: newBoard(f).Now, Health: func() error { return errors.New("the disk is full") },
		Expect: func(body []byte) error {
			expected = string(body)
			if strings.Contains(expected, "bad") {
				return errors.New("no units in it")
			}
			return nil
		}, Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("scanpost_scans_total 1\n")) })})
	cases := []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"POST", "/api/v1/gaps/g1/resolve", `{"by":"MK","reason":"found"}`, 200, `"closed_as": "resolved"`},
		{"POST", "/api/v1/gaps/g1/reopen", `{"by":"MK"}`, 200, `"state": "missing"`},
		{"POST", "/api/v1/gaps/g1/waive", `{"by":"MK"}`, 422, `"bad_reason"`},
		{"POST", "/api/v1/gaps/g1/waive", `{"reason":"habit"}`, 422, `"bad_by"`},
		{"POST", "/api/v1/gaps/g1/waive", `{"by":"MK","resaon":"habit"}`, 400, `resaon`},
		{"POST", "/api/v1/gaps/g1/waive", `{"by":`, 400, `"bad_json"`},
		{"POST", "/api/v1/gaps/g1/waive", `{"by":"MK"}{}`, 400, `"bad_json"`},
		{"POST", "/api/v1/gaps/gx/waive", `{"by":"MK","reason":"habit"}`, 404, `"unknown_gap"`},
		{"POST", "/api/v1/gaps/g1/delete", `{}`, 404, `delete`},
		{"POST", "/api/v1/gaps/g1/resolve", strings.Repeat(" ", maxBody+1), 413, `"too_large"`},
		{"GET", "/api/v1/gaps/g1/resolve", "", 405, `"method_not_allowed"`},
		{"POST", "/api/v1/gaps", "", 405, `"method_not_allowed"`},
		{"POST", "/api/v1/expect", `{"units":[]}`, 202, `"accepted": true`},
		{"POST", "/api/v1/expect", `bad`, 422, `no units in it`},
		{"POST", "/api/v1/expect", strings.Repeat("x", maxBody+1), 413, `"too_large"`},
		{"GET", "/api/v1/nothing", "", 404, `"not_found"`},
		{"GET", "/healthz", "", 503, `the disk is full`},
		{"GET", "/metrics", "", 200, `scanpost_scans_total`},
	}
	for _, c := range cases {
		w := httptest.NewRecorder()
		b.ServeHTTP(w, httptest.NewRequest(c.method, c.path, strings.NewReader(c.body)))
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s %s %.40s: %d %s, want %d and %s", c.method, c.path, c.body, w.Code, w.Body, c.status, c.says)
		}
		if w.Code >= 400 {
			var e struct {
				Error struct{ Code, Message string }
			}
			if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || e.Error.Code == "" || e.Error.Message == "" {
				t.Errorf("%s %s: no error in %s", c.method, c.path, w.Body)
			}
		}
		if w.Code == 405 && w.Header().Get("Allow") == "" {
			t.Errorf("%s %s: does not say what is allowed", c.method, c.path)
		}
	}
	if expected == "" {
		t.Error("nothing was handed to Expect")
	}
	w := httptest.NewRecorder()
	newBoard(f).ServeHTTP(w, httptest.NewRequest("POST", "/api/v1/expect", strings.NewReader("{}")))
	if w.Code != http.StatusNotImplemented {
		t.Errorf("without Expect: status %d, want 501", w.Code)
	}
}
