package config

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/url"
	"strings"
)

func (c *checker) mqtt() {
	r := c.raw.MQTT
	if r == nil {
		c.ownBroker()
		return
	}
	m := &MQTT{
		User: r.User, Password: c.secret(at("mqtt", "password_file"), r.PasswordFile),
		CA: c.file(r.CA), Cert: c.file(r.Cert), Key: c.file(r.Key), ClientID: cmp.Or(r.ClientID, c.clientID()), Backlog: r.Backlog,
	}
	c.cfg.MQTT = m
	m.URL = c.brokerURL(r.URL)
	secure := strings.HasPrefix(m.URL, "mqtts:")
	switch {
	case r.PasswordFile != "" && r.User == "":
		c.wrong(at("mqtt", "password_file"), "is given without a user; add user, or take password_file out")
	case r.Cert != "" && r.Key == "":
		c.wrong(at("mqtt", "cert"), "is given without its key; add key, the file with the certificate's private key")
	case r.Key != "" && r.Cert == "":
		c.wrong(at("mqtt", "key"), "is given without its certificate; add cert, the file with the certificate")
	case m.URL != "" && !secure && (r.CA != "" || r.Cert != ""):
		c.wrong(at("mqtt", "url"), "%s is not encrypted, so ca, cert and key would have no effect; write mqtts://, or take them out", m.URL)
	default:
		if r.Key != "" {
			c.secret(at("mqtt", "key"), r.Key) // readable by nobody else
		}
		c.certificates(m)
	}
	if m.Password != "" && !secure && m.URL != "" {
		if u, err := url.Parse(m.URL); err == nil && !loopback(u.Hostname()) {
			c.hint("[mqtt] sends its password to %s without encryption; mqtts:// would not", u.Host)
		}
	}
}

// clientID is unlike any other of the site: two clients of one id throw each
// other out, for ever.
func (c *checker) clientID() string {
	return "scanpost-" + c.raw.Station.Site + "-" + cmp.Or(c.raw.Station.Name, "board")
}

// brokerURL checks the url and writes its port out.
func (c *checker) brokerURL(text string) string {
	key := at("mqtt", "url")
	if text == "" {
		c.wrong(key, "is missing; write where the broker is, such as mqtts://broker.example:8883")
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		c.wrong(key, "%q is not an address of a broker; write mqtts://host:8883, or mqtt://host:1883 without encryption", text)
		return ""
	}
	ports := map[string]string{"mqtt": "1883", "mqtts": "8883"}
	unset, ok := ports[u.Scheme]
	switch {
	case !ok:
		c.wrong(key, "%q begins with %s://; write mqtts:// or, without encryption, mqtt://", text, u.Scheme)
	case u.User != nil:
		c.wrong(key, "holds a user or password, and this file is not secret; write user and password_file")
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		c.wrong(key, "%q has something after the port; write only %s://%s", text, u.Scheme, u.Host)
	case u.Hostname() == "":
		c.wrong(key, "%q names no host; write %s://host:%s", text, u.Scheme, unset)
	default:
		return u.Scheme + "://" + net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), unset))
	}
	return ""
}

// certificates tries what TLS will need, while a person is looking. What is
// wrong is a hint and not a mistake: a file that is being renewed keeps a
// station from sending, and must not keep it from scanning.
func (c *checker) certificates(m *MQTT) {
	if _, err := m.roots(); err != nil {
		c.hint("[mqtt] ca: %v; nothing can be sent before that is mended", err)
	}
	if m.Cert == "" || m.Key == "" {
		return
	}
	if _, err := tls.LoadX509KeyPair(m.Cert, m.Key); err != nil {
		c.hint("[mqtt] cert: %s and %s are not a certificate and its key: %v; nothing can be sent before that is mended", c.raw.MQTT.Cert, c.raw.MQTT.Key, plainly(err))
	}
}

// TLS returns the settings for an mqtts:// url, and nil for mqtt://. All files
// are read from disk at every connection, so that renewed ones are used
// without a restart, and a bad or an expired one stops nothing but the
// connection.
func (m *MQTT) TLS() *tls.Config {
	u, err := url.Parse(m.URL)
	if err != nil || u.Scheme != "mqtts" {
		return nil
	}
	t := &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	if m.CA != "" {
		// The usual verification, with roots that are read when they are needed.
		t.InsecureSkipVerify = true
		t.VerifyConnection = func(state tls.ConnectionState) error {
			roots, err := m.roots()
			if err != nil {
				return err
			}
			o := x509.VerifyOptions{Roots: roots, DNSName: u.Hostname(), Intermediates: x509.NewCertPool()}
			for _, cert := range state.PeerCertificates[1:] {
				o.Intermediates.AddCert(cert)
			}
			_, err = state.PeerCertificates[0].Verify(o)
			return err
		}
	}
	if m.Cert != "" {
		t.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(m.Cert, m.Key)
			return &pair, err
		}
	}
	return t
}

// roots reads who may have signed the broker's certificate; nil leaves it to
// the system.
func (m *MQTT) roots() (*x509.CertPool, error) {
	if m.CA == "" {
		return nil, nil
	}
	return rootsOf(m.CA)
}
