package mqtt

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"scanpost/sync/mqtt/mqtttest"
)

// Each way to fail is told in one sentence that says what to do.
func TestDialErrors(t *testing.T) {
	refusing := func(code byte) func(*testing.T, *Options) {
		return func(t *testing.T, o *Options) { o.URL = (&mqtttest.Broker{Code: code}).Listen(t) }
	}
	for name, c := range map[string]struct {
		set  func(*testing.T, *Options)
		kind error
		want string
	}{
		"nobody listens":        {func(t *testing.T, o *Options) { o.URL = "mqtt://" + freePort(t) }, ErrUnreachable, "is the broker running?"},
		"password refused":      {refusing(4), ErrRefused, `refuses user "pack": check user and password_file`},
		"not authorised":        {refusing(5), ErrRefused, `refuses user "pack": check user and password_file`},
		"id refused":            {refusing(2), ErrRefused, `client id "station"`},
		"not available":         {refusing(3), ErrRefused, "not available now"},
		"other protocol":        {refusing(1), ErrRefused, "does not speak MQTT 3.1.1"},
		"code of another world": {refusing(135), ErrRefused, "not in MQTT 3.1.1"},
		"no answer": {func(t *testing.T, o *Options) {
			o.URL = (&mqtttest.Broker{Mute: true}).Listen(t)
			o.Timeout = 20 * time.Millisecond
		}, ErrUnreachable, "no answer"},
		"hangs up": {func(t *testing.T, o *Options) { o.URL = "mqtt://" + hangingUp(t) }, ErrUnreachable, "hangs up on us"},
		"TLS to a plain broker": {func(t *testing.T, o *Options) {
			o.URL = "mqtts" + strings.TrimPrefix((&mqtttest.Broker{}).Listen(t), "mqtt")
		}, ErrUnreachable, "mixed up?"},
		"unknown authority": {func(t *testing.T, o *Options) {
			o.URL = secureBroker(t, &o.TLS, "127.0.0.1", time.Hour, nil)
			o.TLS = nil
		}, ErrCertificate, "check ca"},
		"another host's": {func(t *testing.T, o *Options) { o.URL = secureBroker(t, &o.TLS, "10.0.0.1", time.Hour, nil) }, ErrCertificate, "is for 10.0.0.1, not for 127.0.0.1"},
		"expired":        {func(t *testing.T, o *Options) { o.URL = secureBroker(t, &o.TLS, "127.0.0.1", -time.Hour, nil) }, ErrCertificate, "renew it"},
		"it wants a certificate": {func(t *testing.T, o *Options) {
			o.URL = secureBroker(t, &o.TLS, "127.0.0.1", time.Hour, func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert })
		}, ErrCertificate, "check cert and key"},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{ClientID: "station", User: "pack", Password: "secret"}
			c.set(t, &o)
			l, err := Dial(context.Background(), o)
			if err == nil {
				l.Close(context.Background())
			}
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got  %v\nwant %s", err, c.want)
			}
			where, _, _ := parseURL(o.URL)
			if !strings.Contains(err.Error(), where) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%v: want the broker's address and no password", err)
			}
			t.Log(err)
		})
	}
}

// With the right certificate it connects.
func TestTLS(t *testing.T) {
	var o Options
	o.URL = secureBroker(t, &o.TLS, "127.0.0.1", time.Hour, nil)
	l := dial(t, o)
	if err := l.Publish(context.Background(), Message{Topic: "a", Payload: []byte("b")}); err != nil {
		t.Error(err)
	}
	l.Close(context.Background())
}

// A cancelled context ends connecting.
func TestDialCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	b := &mqtttest.Broker{Mute: true}
	url := b.Listen(t)
	go func() {
		b.Wait(func(c []mqtttest.Connect, _ []mqtttest.Publish) bool { return len(c) > 0 })
		cancel()
	}()
	if _, err := Dial(ctx, Options{URL: url}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestRefusedSubscription(t *testing.T) {
	b := &mqtttest.Broker{Refuse: true}
	l := dial(t, Options{URL: b.Listen(t)})
	defer l.Close(context.Background())
	err := l.Subscribe(context.Background(), func(Message) {}, "secret/#")
	if err == nil || !strings.Contains(err.Error(), "refuses the subscription to secret/#") {
		t.Errorf("got %v", err)
	}
}

func TestURL(t *testing.T) {
	for url, want := range map[string]string{
		"mqtt://broker.example":       "broker.example:1883",
		"mqtt://broker.example:99/":   "broker.example:99",
		"mqtts://broker.example":      "broker.example:8883 with TLS",
		"mqtt://[::1]":                "[::1]:1883",
		"tcp://broker.example":        "want mqtt:// or mqtts://",
		"broker.example:1883":         "want mqtt://",
		"mqtt://":                     "want mqtt://",
		"mqtt://u:p@broker.example":   "do not belong",
		"mqtt://broker.example/a?x=1": "want mqtt://",
		"mqtt://broker.example:port":  "want mqtt://",
		"mqtt://broker example":       "want mqtt://",
	} {
		got, secure, err := parseURL(url)
		if secure {
			got += " with TLS"
		}
		if err != nil {
			got = err.Error()
		}
		if err == nil && got != want || err != nil && !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", url, got, want)
		}
	}
}

func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	return l.Addr().String()
}

func hangingUp(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

// secureBroker serves over TLS with a certificate of its own for host, and
// fills in a client configuration that trusts it.
func secureBroker(t *testing.T, client **tls.Config, host string, valid time.Duration, change func(*tls.Config)) string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(valid),
		IPAddresses: []net.IP{net.ParseIP(host)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, _ := x509.ParseCertificate(der)
	*client = &tls.Config{RootCAs: x509.NewCertPool()}
	(*client).RootCAs.AddCert(cert)
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	if change != nil {
		change(config)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	b, done := &mqtttest.Broker{}, make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			b.Serve(conn)
		}
	}()
	t.Cleanup(func() { l.Close(); b.HangUpAll(); <-done })
	return "mqtts://" + l.Addr().String()
}
