package main

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"strings"
	"testing"
	"time"

	"scanpost/cmd/config"
)

// A certificate is complained about while there is still time to renew it.
func TestExpiry(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	for name, c := range map[string]struct {
		from, until time.Duration
		bad         bool
		says        string
	}{
		"holds for a year":  {-day, 365 * day, false, `of "pack-07" holds until 21 November 2027`},
		"ends in two weeks": {-day, 14 * day, true, `of "pack-07" ends in 14 days, on 5 December 2026`},
		"ended yesterday":   {-9 * day, -day, true, `of "pack-07" ended on 20 November 2026`},
		"begins tomorrow":   {day, 99 * day, true, `of "pack-07" is not valid before 22 November 2026 10:00`},
	} {
		got := expiry(now, "certificate", "renew it", &x509.Certificate{
			Subject: pkix.Name{CommonName: "pack-07"}, NotBefore: now.Add(c.from), NotAfter: now.Add(c.until),
		})
		if got.says != c.says || got.bad != c.bad || (got.next != "") != c.bad {
			t.Errorf("a certificate that %s: got %+v", name, got)
		}
	}
}

// A port in use is a fault, unless it is the agent itself that uses it.
func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg := &config.Config{Board: &config.Board{Listen: l.Addr().String()}}
	if got := checkListen(cfg, false); len(got) != 1 || !got[0].bad || !strings.Contains(got[0].says, "in use by another program") {
		t.Errorf("in use by a stranger: %+v", got)
	}
	if got := checkListen(cfg, true); len(got) != 1 || got[0].bad || !strings.Contains(got[0].says, "by the agent that runs") {
		t.Errorf("in use by the agent: %+v", got)
	}
}
