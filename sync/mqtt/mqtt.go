// Package mqtt is one connection to a broker, and the truth about it.
//
// [Link.Publish] returns nil only when the broker has acknowledged this
// message on this connection. Everything here serves that sentence:
//
//   - AutoReconnect and ConnectRetry are off, the session is clean, and every
//     connection has a client object of its own, because with its defaults paho
//     reports a publish as done after a reconnect although nothing was
//     acknowledged (events.md, 4.1). Paho gets a store that keeps nothing: what
//     was not acknowledged is published again by whoever owns it.
//   - QoS is 1 always: 0 has no acknowledgement and 2 no use, since receivers
//     know numbers.
//   - Paho sees the connection through [wire], which owns all deadlines and
//     never shows it a failed write. Left alone, paho can stay "connected" on a
//     socket that was closed, and a Publish that meets a dying connection hangs
//     for half a minute and leaves its goroutine behind.
//
// Messages that arrive are handed over in order by a goroutine that is not
// paho's, so a slow handler does not keep the acknowledgements of our own
// publishes from being read; [inbox] says what happens when it stays slow.
//
// Errors are one sentence for a person at a station.
package mqtt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// Options say which broker to connect to, and as whom.
type Options struct {
	URL            string // mqtt://host[:1883] or mqtts://host[:8883]
	ClientID       string
	User, Password string
	TLS            *tls.Config   // for mqtts; nil trusts the system's authorities
	Will           *Message      // published by the broker when the connection breaks
	KeepAlive      time.Duration // whole seconds; 20 s unless given
	Timeout        time.Duration // for connecting, in all; 10 s unless given
	Log            *slog.Logger

	// Prepare, if given, is called by [Keep] before every attempt with a copy
	// of the options, for what must be fresh each time: a will carries the
	// session it belongs to.
	Prepare func(*Options)

	// Dial opens the connection below TLS; nil is TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Again is Keep's shortest pause between attempts, 0.2 s unless given. The
	// longest is fifty times that.
	Again time.Duration
}

// Message is what is published and what arrives. Its QoS is 1.
type Message struct {
	Topic    string
	Payload  []byte
	Retained bool // published: to be retained; arrived: was retained before we subscribed
}

// CheckURL says what is wrong with a broker's URL, for the configuration.
func CheckURL(s string) error {
	_, _, err := parseURL(s)
	return err
}

// parseURL takes a broker's URL apart.
func parseURL(s string) (hostport string, secure bool, err error) {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || (u.Path != "" && u.Path != "/") || u.RawQuery != "" {
		return "", false, fmt.Errorf("broker url %q: want mqtt://host:port or mqtts://host:port", s)
	}
	if u.User != nil {
		return "", false, fmt.Errorf("broker url of %s: user and password do not belong into it (use user and password_file)", u.Host)
	}
	port := u.Port()
	switch u.Scheme {
	case "mqtt":
		if port == "" {
			port = "1883"
		}
	case "mqtts":
		secure = true
		if port == "" {
			port = "8883"
		}
	default:
		return "", false, fmt.Errorf("broker url %q: want mqtt:// or mqtts:// in front", s)
	}
	return net.JoinHostPort(u.Hostname(), port), secure, nil
}

func (o Options) withDefaults() Options {
	if o.KeepAlive < time.Second {
		o.KeepAlive = 20 * time.Second
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Again <= 0 {
		o.Again = 200 * time.Millisecond
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext
	}
	return o
}

// checkTopic refuses what a broker would answer by hanging up.
func checkTopic(topic string) error {
	switch {
	case topic == "" || len(topic) > 65535:
		return errors.New("publish: the topic is empty or too long")
	case strings.ContainsAny(topic, "+#\x00") || !utf8.ValidString(topic):
		return fmt.Errorf("publish to %q: a topic holds no +, #, NUL or broken UTF-8", topic)
	}
	return nil
}

// matches reports whether a topic falls under a subscription's filter.
func matches(filter, topic string) bool {
	if strings.HasPrefix(topic, "$") && !strings.HasPrefix(filter, "$") {
		return false
	}
	for {
		f, fRest, fMore := strings.Cut(filter, "/")
		if f == "#" {
			return true
		}
		t, tRest, tMore := strings.Cut(topic, "/")
		if f != "+" && f != t {
			return false
		}
		if !tMore {
			return !fMore || fRest == "#"
		}
		if !fMore {
			return false
		}
		filter, topic = fRest, tRest
	}
}
