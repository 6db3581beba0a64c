package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"os"
	"syscall"
	"time"

	"scanpost/cmd/config"
	"scanpost/sync/mqtt"
)

const patience = 5 * time.Second

// checkBroker connects and logs in as the agent would, under a name of its
// own: two clients of one name throw each other out.
func checkBroker(ctx context.Context, cfg *config.Config, running bool) []finding {
	m := cfg.MQTT
	switch {
	case m == nil:
		return []finding{fine("broker", "none is configured; scans stay on this machine")}
	case cfg.OwnBroker() && !running:
		return []finding{fine("broker", "this machine's own, which starts with the agent")}
	}
	settings := m.TLS()
	ctx, done := context.WithTimeout(ctx, patience)
	defer done()
	link, err := mqtt.Dial(ctx, mqtt.Options{
		URL: m.URL, ClientID: m.ClientID + "-doctor", User: m.User, Password: m.Password, TLS: settings, Timeout: patience,
	})
	if err != nil {
		return []finding{ill("broker", "mend what the sentence says; scanning goes on without the broker", "%v", err)}
	}
	link.Close(ctx)
	list := []finding{fine("broker", "%s answers and lets this machine in", m.URL)}
	if settings != nil {
		list = append(list, brokerCertificate(ctx, m, settings)...)
	}
	return list
}

// brokerCertificate looks at how long the broker's certificate holds.
func brokerCertificate(ctx context.Context, m *config.MQTT, settings *tls.Config) []finding {
	u, err := url.Parse(m.URL)
	if err != nil {
		return nil
	}
	dialer := tls.Dialer{Config: settings}
	conn, err := dialer.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil // the connection before this one succeeded and said all there is
	}
	defer conn.Close()
	chain := conn.(*tls.Conn).ConnectionState().PeerCertificates
	if len(chain) == 0 {
		return nil
	}
	return []finding{expiry(time.Now(), "broker's certificate", "tell whoever runs the broker", chain[0])}
}

// checkCertificates looks at every certificate that the configuration names.
func checkCertificates(cfg *config.Config) (list []finding) {
	for _, c := range cfg.Certificates() {
		what := "certificate"
		switch {
		case c.Err != nil:
			list = append(list, ill(what, "put the right file there; the agent takes it up without a restart", "%s: %s: %v", c.Key, c.File, c.Err))
		default:
			list = append(list, expiry(time.Now(), what, "renew "+c.File+"; the agent takes it up without a restart", c.Leaf))
		}
	}
	return list
}

func expiry(now time.Time, what, next string, c *x509.Certificate) finding {
	left := c.NotAfter.Sub(now)
	until := c.NotAfter.Format("2 January 2006")
	switch {
	case left <= 0:
		return ill(what, next, "of %q ended on %s", c.Subject.CommonName, until)
	case now.Before(c.NotBefore):
		return ill(what, "look at this machine's clock, then at the certificate", "of %q is not valid before %s", c.Subject.CommonName, c.NotBefore.Format("2 January 2006 15:04"))
	case left < config.RenewBy:
		return ill(what, next, "of %q ends in %d days, on %s", c.Subject.CommonName, int(left.Hours()/24), until)
	}
	return fine(what, "of %q holds until %s", c.Subject.CommonName, until)
}

// checkListen tries the addresses that the agent will want.
func checkListen(cfg *config.Config, running bool) []finding {
	var list []finding
	try := func(what, section, address string) {
		l, err := net.Listen("tcp", address)
		switch {
		case err == nil:
			l.Close()
			list = append(list, fine(what, "%s is free", address))
		case errors.Is(err, syscall.EADDRINUSE) && running:
			list = append(list, fine(what, "%s is in use, by the agent that runs", address))
		case errors.Is(err, syscall.EADDRINUSE):
			list = append(list, ill(what, "stop the other program (ss -ltnp shows it), or write another port as listen in ["+section+"]", "%s is in use by another program", address))
		case errors.Is(err, os.ErrPermission):
			list = append(list, ill(what, "write a port above 1023 as listen in ["+section+"]", "%s: this user may not listen there", address))
		default:
			list = append(list, ill(what, "write an address of this machine as listen in ["+section+"]", "%s: %v", address, innermost(err)))
		}
	}
	if cfg.Broker != nil {
		try("port of broker", "broker", cfg.Broker.Listen)
	}
	if cfg.Board != nil {
		try("port of board", "board", cfg.Board.Listen)
	}
	if cfg.Screen != nil {
		try("port of screen", "screen", cfg.Screen.Listen)
	}
	return list
}

func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
