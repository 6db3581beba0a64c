package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"scanpost/sync/mqtt"
)

// everything starts one program that is station, screen and board.
func everything(t *testing.T, broker string) (p *program, scan func(code string), screen, board string) {
	t.Helper()
	dir := t.TempDir()
	screen, board = "http://"+freePort(t), "http://"+freePort(t)
	scanner := plug(t, filepath.Join(dir, "scanner"))
	config := write(t, filepath.Join(dir, "station.toml"), station(filepath.Join(dir, "data"))+device("hand", scanner.Address())+
		fmt.Sprintf("[mqtt]\nurl = \"mqtt://%s\"\n[screen]\nlisten = %q\n[board]\nlisten = %q\n", broker, screen[7:], board[7:])+
		"[[journey]]\nname = \"outbound\"\nsteps = [ { at = \"receive\" }, { at = \"pack\" } ]\n")
	p = scanpost(t, config)
	// The board's connection too, so that what is published from here is news.
	wait(t, "everything is there", func() bool {
		return status(board+"/healthz") == http.StatusOK && len(p.said("broker connected")) == 2 && status(screen+"/healthz") == http.StatusOK
	})
	return p, func(code string) {
		t.Helper()
		if err := scanner.Scan("", code); err != nil {
			t.Fatal(err)
		}
	}, screen, board
}

// harmless fails if a page holds what a browser or a terminal would obey.
func harmless(t *testing.T, where, page string) {
	t.Helper()
	if page == "" {
		t.Errorf("%s: nothing came", where)
	}
	for _, bad := range []string{"<script>alert", "<img src=x", `""onmouseover`, "</title>owned"} {
		if strings.Contains(page, bad) {
			t.Errorf("%s holds %q as it was scanned", where, bad)
		}
	}
	if strings.Contains(where, "search") {
		return // it answers with what was asked, in the field for asking again
	}
	for _, r := range page {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r == '\u202e' || r == '\ufffd' {
			t.Errorf("%s holds the character %U as it was scanned", where, r)
			return
		}
	}
}

// stream reads the first events of a page's stream, up to one of a name.
func stream(t *testing.T, address, upto string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var got strings.Builder
	r := bufio.NewReader(resp.Body)
	for {
		line, err := r.ReadString('\n')
		got.WriteString(line)
		if err != nil {
			t.Fatalf("%s ended after %q: %v", address, got.String(), err)
		}
		if strings.HasPrefix(line, "event: "+upto) {
			return got.String()
		}
	}
}

// Whatever is in a barcode is text: it is recorded or told as not understood,
// the pages and the log show it as text, and the next parcel is scanned as
// ever.
func TestHostileBarcodes(t *testing.T) {
	broker := freePort(t)
	embedded(t, broker)
	p, scan, screen, board := everything(t, broker)
	tracker := newTracking(t, broker)
	has := func(code string) func() bool {
		return func() bool { return slices.Contains(tracker.codes(), code) }
	}
	long := strings.Repeat("64-KiB-OF-TEXT--", 4096)
	hostile := []string{
		"\x1b]0;owned\x07\x1b[2J\x1b[31mRED", "A\x00B\x01C\x7fD", "\u202eEVIL\u2066", "C1\u009b31mX", "\xff\xfe\xfaINVALID", "LINE\nBREAK", "scanpost: level=ERROR msg=\"x\"",
		"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", `"onmouseover="alert(1)`, "</title>owned", "=HYPERLINK(\"http://x\")", "'; DROP TABLE scans; --",
		"../../../etc/passwd", "%s%n%d", "{{.}}", strings.Repeat("Ä", 2000), strings.Repeat("9", 4000),
	}
	shows := map[string]string{ // how the screen shows some of them
		hostile[0]: `<kbd class="ctl">ESC</kbd>`, hostile[4]: `<kbd class="ctl">0xFF</kbd>`, hostile[7]: `&lt;script&gt;alert(1)`,
	}
	for i, code := range hostile {
		scan(code)
		wait(t, fmt.Sprintf("%.40q is recorded", code), has(code))
		wait(t, fmt.Sprintf("%.40q is on the screen", code), func() bool {
			return told(screen, "") == 2*i+1 && strings.Contains(get(screen+"/"), shows[code])
		})
		for where, page := range map[string]string{
			"the screen":        get(screen + "/"),
			"the screen's live": stream(t, screen+"/live", "beat"),
			"the board":         get(board + "/"),
			"the board's gaps":  get(board + "/gaps"),
			"the board's API":   get(board + "/api/v1/gaps"),
			"the unit":          get(board + "/units/" + url.PathEscape("code:"+code)),
			"the unit's API":    get(board + "/api/v1/units/" + url.PathEscape("code:"+code)),
			"a search":          get(board + "/search?q=" + url.QueryEscape(code)),
		} {
			harmless(t, fmt.Sprintf("%s after %.40q", where, code), page)
		}
		next := fmt.Sprintf("PARCEL-%d", i)
		scan(next)
		wait(t, next+" is recorded", has(next))
	}
	// What can be no label's content is not cut into pieces that could be
	// taken for one, and is said once.
	scan(long)
	wait(t, "the operator is told of 64 KiB", func() bool { return strings.Contains(get(screen+"/"), "longer than any label") })
	scan("AFTER-64-KIB")
	wait(t, "the scan after 64 KiB is recorded", has("AFTER-64-KIB"))
	if got := p.said(`reason="too long"`); len(got) != 1 {
		t.Errorf("of 64 KiB in one code it says %q, want one line", got)
	}
	for _, code := range tracker.codes() {
		if strings.Contains(code, "64-KiB") {
			t.Errorf("a piece of %d bytes of the long code is recorded as a scan", len(code))
		}
	}
	harmless(t, "the screen", get(screen+"/"))
	if got := p.stop(); got != 0 {
		t.Errorf("stopped with status %d", got)
	}
	calm(t, p, 10)
}

// Whatever anybody publishes on a site's topics, retained or not, the station
// scans on and the board hears it.
func TestGarbageOnTopics(t *testing.T) {
	for name, broker := range map[string]func(*testing.T, string) *program{"mosquitto": mosquitto, "embedded broker": embedded} {
		t.Run(name, func(t *testing.T) { garbageOnTopics(t, broker) })
	}
}

func garbageOnTopics(t *testing.T, serve func(*testing.T, string) *program) {
	broker := freePort(t)
	serve(t, broker)
	link, err := mqtt.Dial(t.Context(), mqtt.Options{URL: "mqtt://" + broker, ClientID: "stranger"})
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close(t.Context())
	now := "2026-11-21T10:15:30.123Z"
	event := func(station, epoch, seq, data string) string {
		return fmt.Sprintf(`{"specversion":"1.0","id":"%s-%s","source":"/ham1/%s","type":"scanpost.scan.recorded.v1","subject":"code:X","time":"%s","sequence":"%s","datacontenttype":"application/json","data":%s}`,
			epoch, seq, station, now, seq, data)
	}
	payloads := []string{
		"", "{", "null", "[]", "\"\"", "\x00\xff\xfe", strings.Repeat("[", 5000), strings.Repeat("x", 200<<10),
		`{"specversion":"1.0"}`, event("pack-99", "AAAAAAAAAAAAAAAA", "00000000000000000001", `{"checkpoint":5}`),
		event("pack-99", "AAAAAAAAAAAAAAAA", "99999999999999999999", `{}`), event("pack-07", "AAAAAAAAAAAAAAAA", "00000000000000000002", `{"checkpoint":"<script>alert(1)</script>"}`),
		`{"online":true,"session":"x","epoch":"AAAAAAAAAAAAAAAA","first":1,"last":18446744073709551615,"checkpoints":["pack","<script>alert(1)</script>"]}`,
		`{"online":false,"session":"x","epoch":"\u0000","first":-1,"last":1e300,"devices":[{"name":"<script>alert(1)</script>"}]}`,
		`{"epoch":"AAAAAAAAAAAAAAAA","upto":18446744073709551615,"missing":[[9,1],[1]],"at":"never"}`,
		`{"id":"r","from":"../#","replay":[[0,18446744073709551615],[5,1]]}`, `{"id":"r","from":"stranger","replay":[[1,18446744073709551615]]}`, `{"id":"r","from":"stranger","head":true,"identify":"\u001b[31m"}`,
		"scanpost/v1/ham1/pack-99\nAAAAAAAAAAAAAAAA\n5\nroot\n\n— scanpost/v1/ham1/pack-99 AAAA\n",
	}
	n, turn := 0, 0
	garbage := func(retained bool) {
		t.Helper()
		for _, name := range []string{"pack-99", "pack-07", "board", "<script>alert(1)<", "PACK 9"} {
			for _, leaf := range []string{"evt", "state", "head", "req", "ack/board", "ack/<script>alert(1)<", "res/board", "res/pack-07", "nonsense", "evt/evt"} {
				for i := range payloads {
					payload := payloads[(i+turn)%len(payloads)]
					if err := link.Publish(t.Context(), mqtt.Message{Topic: "scanpost/v1/ham1/" + name + "/" + leaf, Payload: []byte(payload), Retained: retained}); err != nil {
						t.Fatalf("after %d messages: %v", n, err)
					}
					n++
				}
				turn++ // another one is the last on each topic
			}
		}
	}
	garbage(true) // the last of each topic waits there for whoever comes
	p, scan, screen, board := everything(t, broker)
	garbage(true)
	garbage(false)
	known := func(code string) func() bool {
		return func() bool {
			var unit struct {
				Unit string `json:"unit"`
			}
			resp, err := http.Get(board + "/api/v1/units/code:" + code)
			if err != nil {
				return false
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			return resp.StatusCode == http.StatusOK && json.Unmarshal(body, &unit) == nil && strings.Contains(string(body), code)
		}
	}
	scan("AFTER-GARBAGE")
	wait(t, "the board knows the scan", known("AFTER-GARBAGE"))
	for _, page := range []string{screen + "/", board + "/", board + "/gaps", board + "/stations", board + "/stations/pack-99", board + "/stations/pack-07", board + "/api/v1/stations"} {
		harmless(t, page, get(page))
	}
	if got := status(screen + "/healthz"); got != http.StatusOK {
		t.Errorf("the station's health: %d", got)
	}
	if got := status(board + "/healthz"); got != http.StatusOK {
		t.Errorf("the board's health: %d", got)
	}
	if got := p.stop(); got != 0 {
		t.Errorf("stopped with status %d", got)
	}
	// Each kind of nonsense is told once for each station it came from.
	calm(t, p, 40)
}
