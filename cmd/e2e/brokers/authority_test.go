package brokers_test

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
	"testing"
	"time"

	"scanpost/cmd/e2e/brokers"
)

// authority signs the certificates of a site.
type authority struct {
	t    *testing.T
	dir  string
	ca   string // file
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, dir: t.TempDir()}
	a.ca = filepath.Join(a.dir, "ca.pem")
	a.cert, a.key = a.sign("site", time.Hour*24*365, "ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// server makes the broker's certificate, and lets only clients in that show
// one of this authority.
func (a *authority) server() *brokers.TLS {
	a.sign("broker", time.Hour*24*365, "broker", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	return &brokers.TLS{CA: a.ca, Cert: filepath.Join(a.dir, "broker.pem"), Key: filepath.Join(a.dir, "broker.key")}
}

// client makes a certificate that ends in some time, or has ended, in files of
// that name.
func (a *authority) client(name string, left time.Duration) (cert, key string) {
	a.sign(name, left, name, &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return filepath.Join(a.dir, name+".pem"), filepath.Join(a.dir, name+".key")
}

// config are the settings of a client with a certificate.
func (a *authority) config(name string) *tls.Config {
	cert, key := a.client(name, time.Hour)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		a.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: pool}
}

func (a *authority) sign(name string, left time.Duration, file string, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c.Subject = pkix.Name{CommonName: name}
	c.SerialNumber = big.NewInt(time.Now().UnixNano())
	c.NotAfter = time.Now().Add(left)
	c.NotBefore = c.NotAfter.AddDate(-2, 0, 0)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	for end, block := range map[string]*pem.Block{".pem": {Type: "CERTIFICATE", Bytes: der}, ".key": {Type: "EC PRIVATE KEY", Bytes: secret}} {
		// Put in place at once, as whoever renews one should.
		made := filepath.Join(a.dir, file+end)
		if err := os.WriteFile(made+".new", pem.EncodeToMemory(block), 0o600); err != nil {
			a.t.Fatal(err)
		}
		if err := os.Rename(made+".new", made); err != nil {
			a.t.Fatal(err)
		}
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return made, key
}
