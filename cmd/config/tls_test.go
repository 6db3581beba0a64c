package config_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"scanpost/cmd/config"
)

// authority is somebody who signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func sign(t *testing.T, template *x509.Certificate, by *authority) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber, template.NotBefore, template.NotAfter = big.NewInt(time.Now().UnixNano()), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := template, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

func newAuthority(t *testing.T) *authority {
	return sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "site"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil)
}

// Who signed the broker's certificate is read from the file at every
// connection: a wrong, missing or half-written file stops the connection and
// nothing else, and a mended one is used without a restart.
func TestAuthorityIsReadAtEveryConnection(t *testing.T) {
	ours, stranger := newAuthority(t), newAuthority(t)
	server := sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}}, ours)
	elsewhere := sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "elsewhere"}, DNSNames: []string{"elsewhere"}}, ours)
	file := filepath.Join(t.TempDir(), "ca.pem")
	text := "[station]\nsite = \"ham1\"\n[board]\nlisten = \"127.0.0.1:0\"\n[[journey]]\nname = \"out\"\nsteps = [{at = \"a\"}, {at = \"b\"}]\n" +
		"[mqtt]\nurl = \"mqtts://localhost:8883\"\nca = \"" + file + "\"\n"
	cfg, err := config.Parse("station.toml", []byte(text))
	if err != nil {
		t.Fatalf("a missing ca file is a mistake: %v", err)
	}
	if len(cfg.Hints) == 0 || !strings.Contains(strings.Join(cfg.Hints, "\n"), "[mqtt] ca") {
		t.Errorf("a missing ca file is worth a hint, got %q", cfg.Hints)
	}
	settings := cfg.MQTT.TLS()
	shake := func(s *authority) error {
		near, far := net.Pipe()
		defer near.Close()
		go func() {
			defer far.Close()
			tls.Server(far, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{s.cert.Raw}, PrivateKey: s.key}}}).Handshake()
		}()
		return tls.Client(near, settings).Handshake()
	}
	for _, c := range []struct {
		name string
		ca   []byte
		by   *authority
		ok   bool
	}{
		{"no file", nil, server, false},
		{"half a file", ours.pem[:len(ours.pem)/2], server, false},
		{"another's", stranger.pem, server, false},
		{"ours", ours.pem, server, true},
		{"ours, for another host", ours.pem, elsewhere, false},
	} {
		os.Remove(file)
		if c.ca != nil {
			if err := os.WriteFile(file, c.ca, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := shake(c.by); (err == nil) != c.ok {
			t.Errorf("%s: the handshake says %v", c.name, err)
		}
	}
}
