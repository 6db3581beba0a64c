package config

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"scanpost/sync/broker"
)

func (c *checker) broker() {
	r := c.raw.Broker
	if r == nil {
		return
	}
	c.cfg.Broker = &Broker{Listen: c.listen(at("broker", "listen"), r.Listen, "127.0.0.1:1883")}
	c.brokerCertificates(r)
	if r.PasswordFile == "" {
		if host, _, _ := net.SplitHostPort(c.cfg.Broker.Listen); !loopback(host) {
			c.hint("[broker] listens on %s without a password_file: whoever reaches it can send scans and read them", c.cfg.Broker.Listen)
		}
		return
	}
	key := at("broker", "password_file")
	if c.secret(key, r.PasswordFile) == "" {
		return
	}
	users, err := broker.ReadUsers(c.file(r.PasswordFile))
	if err != nil {
		c.wrong(key, "%v", err)
	}
	c.cfg.Broker.Users = users
	c.roles(r, users)
	if c.raw.MQTT == nil && (len(c.raw.Device) > 0 || c.raw.Board != nil) {
		c.wrong(key, "this machine has to log in to its broker as well; add [mqtt] with url, user and password_file")
	}
}

// roles are what the users of the embedded broker are.
func (c *checker) roles(r *rawBroker, users map[string]string) {
	b := c.cfg.Broker
	b.Boards, b.Consumers, b.Orders = r.Boards, r.Consumers, r.Orders
	for _, list := range []struct {
		key   string
		users []string
	}{{"boards", r.Boards}, {"consumers", r.Consumers}, {"orders", r.Orders}} {
		for _, user := range list.users {
			if _, known := users[user]; !known && users != nil {
				c.wrong(at("broker", list.key), "%q is no user of password_file", user)
			}
		}
	}
	if c.raw.Board != nil && c.raw.MQTT != nil && users[c.raw.MQTT.User] != "" && !slices.Contains(r.Boards, c.raw.MQTT.User) {
		c.wrong(at("broker", "boards"), "has to name %q, the user that this machine's own board logs in with", c.raw.MQTT.User)
	}
}

// ownBroker lets the machine talk to its own broker if no other is named.
func (c *checker) ownBroker() {
	if c.cfg.Broker == nil {
		return
	}
	host, port, _ := net.SplitHostPort(c.cfg.Broker.Listen)
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	c.cfg.MQTT = &MQTT{URL: "mqtt://" + net.JoinHostPort(host, port), ClientID: c.clientID()}
}

// listen checks an address to listen on.
func (c *checker) listen(key path, value, unset string) string {
	if value == "" {
		value = unset
	}
	host, port, err := net.SplitHostPort(value)
	n, bad := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil && !strings.Contains(value, ":"):
		if _, number := strconv.ParseUint(value, 10, 16); number == nil {
			host, port = "127.0.0.1", value
		} else {
			host, port = value, unset[strings.LastIndexByte(unset, ':')+1:]
		}
		c.wrong(key, "%q is not host:port; write %q", value, net.JoinHostPort(host, port))
	case err != nil || bad != nil || strings.ContainsAny(host, "/ "):
		c.wrong(key, "%q is not host:port; write for example %q", value, unset)
	case n != 0 && c.taken[value] != "":
		c.wrong(key, "%s is already the address of %s; write another port", value, c.taken[value])
	}
	c.taken[value] = key.String()
	return value
}

// secret reads a file that only this user should be able to read.
func (c *checker) secret(key path, name string) string {
	if name == "" {
		return ""
	}
	text, err := readSecret(c.file(name), name)
	if err != nil {
		c.wrong(key, "%v", err)
	}
	return strings.TrimSpace(text)
}

// readSecret reads a file that only this user should be able to read. A group
// may be let in, so that the service need not own the file. Name is the file's
// in the error.
func readSecret(file, name string) (string, error) {
	info, err := os.Stat(file)
	switch {
	case err != nil: // reading it says why
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s is not a plain file; write the path of one", name)
	case info.Mode().Perm()&0o007 != 0:
		return "", fmt.Errorf("%s can be read by everybody on this machine; say chmod 600 %s", name, name)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s can not be read: %w", name, plainly(err))
	}
	if strings.TrimSpace(string(text)) == "" {
		return "", fmt.Errorf("%s is empty", name)
	}
	return string(text), nil
}

// plainly is an error without the operation and the file, which the sentence
// around it names.
func plainly(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
