package config

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"time"
)

// RenewBy is how long before its end a certificate is worth a complaint: long
// enough to renew one on the other side of a holiday.
const RenewBy = 21 * 24 * time.Hour

// Certificate is one that this machine's connections need, as it is on disk
// now.
type Certificate struct {
	Key  string // in the configuration, such as "[mqtt] cert"
	File string
	Leaf *x509.Certificate // of several, the one that ends first; nil if it can not be read
	Err  error             // why
}

// Certificates reads every certificate that the configuration names.
func (c *Config) Certificates() (all []Certificate) {
	pair := func(key, cert, private string) {
		if cert == "" {
			return
		}
		found := Certificate{Key: key, File: cert}
		if p, err := tls.LoadX509KeyPair(cert, private); err != nil {
			found.Err = plainly(err)
		} else {
			found.Leaf = p.Leaf
		}
		all = append(all, found)
	}
	signers := func(key, file string) {
		if file == "" {
			return
		}
		leaf, err := firstToEnd(file)
		all = append(all, Certificate{key, file, leaf, err})
	}
	if m := c.MQTT; m != nil {
		pair("[mqtt] cert", m.Cert, m.Key)
		signers("[mqtt] ca", m.CA)
	}
	if b := c.Broker; b != nil {
		pair("[broker] cert", b.Cert, b.Key)
		signers("[broker] ca", b.CA)
	}
	return all
}

// firstToEnd is the certificate of a file that ends first.
func firstToEnd(file string) (first *x509.Certificate, err error) {
	rest, err := os.ReadFile(file)
	if err != nil {
		return nil, plainly(err)
	}
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err == nil && (first == nil || c.NotAfter.Before(first.NotAfter)) {
			first = c
		}
	}
	if first == nil {
		return nil, fmt.Errorf("it holds no certificate in PEM form (BEGIN CERTIFICATE)")
	}
	return first, nil
}

// TLS returns the settings of the embedded broker, and nil for a plain one. As
// for a client, the files are read at every connection.
func (b *Broker) TLS() *tls.Config {
	if b.Cert == "" {
		return nil
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		pair, err := tls.LoadX509KeyPair(b.Cert, b.Key)
		if err != nil {
			return nil, err
		}
		t := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
		if b.CA != "" {
			if t.ClientCAs, err = rootsOf(b.CA); err != nil {
				return nil, err
			}
			t.ClientAuth = tls.RequireAndVerifyClientCert
		}
		return t, nil
	}}
}

// rootsOf reads who may have signed a certificate.
func rootsOf(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s can not be read: %w", file, plainly(err))
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate in PEM form (BEGIN CERTIFICATE)", file)
	}
	return pool, nil
}

// brokerCertificates checks what the embedded broker needs for TLS.
func (c *checker) brokerCertificates(r *rawBroker) {
	b := c.cfg.Broker
	b.CA, b.Cert, b.Key = c.file(r.CA), c.file(r.Cert), c.file(r.Key)
	switch {
	case r.Cert != "" && r.Key == "":
		c.wrong(at("broker", "cert"), "is given without its key; add key, the file with the certificate's private key")
		return
	case r.Key != "" && r.Cert == "":
		c.wrong(at("broker", "key"), "is given without its certificate; add cert, the file with the certificate")
		return
	case r.CA != "" && r.Cert == "":
		c.wrong(at("broker", "ca"), "says whose certificates clients have to show, and without cert and key there is no TLS; add them, or take it out")
		return
	case r.Cert == "":
		return
	}
	c.secret(at("broker", "key"), r.Key) // readable by nobody else
	if _, err := tls.LoadX509KeyPair(b.Cert, b.Key); err != nil {
		c.hint("[broker] cert: %s and %s are not a certificate and its key: %v; nobody can connect before that is mended", r.Cert, r.Key, plainly(err))
	}
	if r.CA != "" {
		if _, err := rootsOf(b.CA); err != nil {
			c.hint("[broker] ca: %v; nobody can connect before that is mended", err)
		}
	}
	if c.raw.MQTT == nil && (len(c.raw.Device) > 0 || c.raw.Board != nil) {
		c.wrong(at("broker", "cert"), "this machine has to speak TLS with its broker as well; add [mqtt] with an mqtts:// url and the ca that signed this certificate")
	}
}
