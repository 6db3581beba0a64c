package machine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"
)

// listen takes a port for pages, or says in one sentence why it can not.
func listen(what, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("the %s can not listen on %s: another program does (stop it, or choose another port under [%s] listen)", what, address, what)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("the %s can not listen on %s: not allowed (ports below 1024 need root; choose another under [%s] listen)", what, address, what)
	case err != nil:
		return nil, fmt.Errorf("the %s can not listen on %s: %w (look at [%s] listen)", what, address, err, what)
	}
	return l, nil
}

// pages is a role's place on the network. On a machine that scans, a port that
// is taken is said once and tried again; it is no reason not to scan.
type pages struct {
	what, address string
	listener      net.Listener // nil while the port is taken
}

func (m *machine) pages(what, address string) (*pages, error) {
	p := &pages{what: what, address: address}
	var err error
	if p.listener, err = listen(what, address); err != nil {
		if len(m.cfg.Devices) == 0 {
			return nil, err
		}
		m.Log.Error("no pages yet; scanning goes on", "err", err)
	}
	return p, nil
}

// addr is where the pages are; empty while they are not.
func (p *pages) addr() string {
	if p.listener == nil {
		return ""
	}
	return p.listener.Addr().String()
}

func (p *pages) close() {
	if p != nil && p.listener != nil {
		p.listener.Close()
	}
}

// serve shows the pages until the context ends.
func (p *pages) serve(ctx context.Context, h http.Handler, log *slog.Logger) error {
	for p.listener == nil {
		if !again(ctx) {
			return nil
		}
		l, err := listen(p.what, p.address)
		if err != nil {
			continue
		}
		log.Info("listens now", "port", l.Addr().String(), "reason", p.what)
		p.listener = l
	}
	return serve(ctx, p.listener, h, log)
}

// serve shows pages until the context ends. There is no limit on writing,
// since a page's stream of changes lasts as long as somebody looks at it.
func serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return ctx }}
	stop := context.AfterFunc(ctx, func() { s.Close() })
	defer stop()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// healthz answers whoever watches the machine: 200, or 503 and why.
func healthz(health func() error, version string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		answer := any(map[string]string{"status": "ok", "version": version})
		if err := health(); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			answer = map[string]any{"error": map[string]string{"code": "not_healthy", "message": err.Error()}}
		}
		_ = json.NewEncoder(w).Encode(answer)
	}
}
