package machine

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"scanpost/cmd/config"
)

// lookAtCertificates is how often. A renewed file ends the complaints.
const lookAtCertificates = time.Hour

// watchCertificates says weeks before that a certificate will end, once a day
// until somebody has renewed it. An ended one stops sending and never scanning,
// so nobody at the bench would notice before the connection is gone.
func (m *machine) watchCertificates(g *group) {
	named := m.cfg.Certificates()
	if len(named) == 0 {
		return
	}
	for at, c := range named {
		m.metrics.gauge("scanpost_certificate_end_seconds", "When a certificate ends, in seconds since 1970; 0 if it can not be read.", prometheus.Labels{"certificate": c.Key}, func() float64 {
			if now := m.cfg.Certificates(); now[at].Leaf != nil {
				return float64(now[at].Leaf.NotAfter.Unix())
			}
			return 0
		})
	}
	said := &calendar{log: m.Log, days: map[string]string{}}
	g.run(part{name: "the certificates", beside: true, run: func(ctx context.Context) error {
		return every(ctx, lookAtCertificates, func(now time.Time) { said.look(now, m.cfg.Certificates()) })
	}})
}

// calendar says each thing once a day.
type calendar struct {
	log  *slog.Logger
	days map[string]string // by key of the configuration: the day and what was said
}

// look says which certificates end soon, have ended, or can not be read.
func (s *calendar) look(now time.Time, all []config.Certificate) {
	for _, c := range all {
		level, text := slog.LevelWarn, ""
		attributes := []any{"reason", c.Key, "file", c.File}
		switch {
		case c.Err != nil:
			level, text = slog.LevelError, "a certificate can not be read: nothing can be sent with the next connection; scanning goes on (put the right file there)"
			attributes = append(attributes, "err", c.Err)
		case !now.Before(c.Leaf.NotAfter):
			level, text = slog.LevelError, "a certificate has ended: nothing can be sent with the next connection; scanning goes on (renew it; the file is taken up without a restart)"
		case now.Before(c.Leaf.NotBefore):
			text = "a certificate is not valid yet (is this machine's clock right?)"
		case c.Leaf.NotAfter.Sub(now) < config.RenewBy:
			text = "a certificate ends soon: nothing can be sent then; scanning goes on (renew it; the file is taken up without a restart)"
			attributes = append(attributes, "days", int(c.Leaf.NotAfter.Sub(now).Hours()/24))
		default:
			delete(s.days, c.Key)
			continue
		}
		if c.Leaf != nil {
			attributes = append(attributes, "from", c.Leaf.NotBefore.Format(time.DateOnly), "until", c.Leaf.NotAfter.Format(time.DateOnly))
		}
		if today := now.Format(time.DateOnly) + text; s.days[c.Key] != today {
			s.days[c.Key] = today
			s.log.Log(context.Background(), level, text, attributes...)
		}
	}
}
