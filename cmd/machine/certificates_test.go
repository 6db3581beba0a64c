package machine

import (
	"bytes"
	"crypto/x509"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"scanpost/cmd/config"
)

// A certificate that ends is announced three weeks before, once a day, and no
// more when it is renewed.
func TestCertificatesAreAnnounced(t *testing.T) {
	var out bytes.Buffer
	said := &calendar{log: slog.New(slog.NewTextHandler(&out, nil)), days: map[string]string{}}
	end := time.Date(2026, 12, 24, 12, 0, 0, 0, time.UTC)
	leaf := func(end time.Time) []config.Certificate {
		return []config.Certificate{{Key: "[mqtt] cert", File: "pack-07.pem", Leaf: &x509.Certificate{NotBefore: end.AddDate(-1, 0, 0), NotAfter: end}}}
	}
	look := func(now time.Time, all []config.Certificate) string {
		out.Reset()
		for range 24 { // hours of that day
			said.look(now, all)
		}
		return out.String()
	}
	for _, c := range []struct {
		before time.Duration
		level  string
		says   string
	}{
		{400 * 24 * time.Hour, "WARN", "is not valid yet"},
		{30 * 24 * time.Hour, "", ""},
		{20*24*time.Hour + time.Hour, "WARN", "days=20"},
		{19*24*time.Hour + time.Hour, "WARN", "days=19"},
		{-time.Hour, "ERROR", "a certificate has ended"},
	} {
		got := look(end.Add(-c.before), leaf(end))
		want := 1
		if c.says == "" {
			want = 0
		}
		if strings.Count(got, "\n") != want || !strings.Contains(got, c.says) || !strings.Contains(got, c.level) {
			t.Errorf("%v before its end it says %q, want %d line with %q and %q", c.before, got, want, c.level, c.says)
		}
	}
	if got := look(end, leaf(end.AddDate(1, 0, 0))); got != "" {
		t.Errorf("of a renewed one it says %q", got)
	}
	got := look(end, []config.Certificate{{Key: "[mqtt] cert", File: "pack-07.pem", Err: errors.New("permission denied")}})
	if strings.Count(got, "\n") != 1 || !strings.Contains(got, "permission denied") || !strings.Contains(got, "pack-07.pem") {
		t.Errorf("of one that can not be read it says %q", got)
	}
}
