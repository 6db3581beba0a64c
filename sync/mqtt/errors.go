package mqtt

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// What callers branch on. Every error of Dial that is about the broker wraps
// one of them.
var (
	ErrUnreachable = errors.New("broker not reachable")
	ErrRefused     = errors.New("broker refuses us")
	ErrCertificate = errors.New("certificate problem")
	ErrLost        = errors.New("connection lost")
	ErrClosed      = errors.New("connection closed by this station")
)

// sentence is an error whose text is for people and whose kind and cause are
// for programs.
type sentence struct {
	text  string
	kind  error
	cause error
}

func (s *sentence) Error() string   { return s.text }
func (s *sentence) Unwrap() []error { return []error{s.kind, s.cause} }

func say(kind, cause error, format string, args ...any) error {
	return &sentence{fmt.Sprintf(format, args...), kind, cause}
}

// refusal is the broker's CONNACK, if err is one.
func refusal(err error) error {
	for _, code := range []error{
		packets.ErrorRefusedBadProtocolVersion, packets.ErrorRefusedIDRejected, packets.ErrorRefusedServerUnavailable,
		packets.ErrorRefusedBadUsernameOrPassword, packets.ErrorRefusedNotAuthorised,
	} {
		if errors.Is(err, code) {
			return code
		}
	}
	return nil
}

// explain says why connecting failed, and what to do about it.
func (o *Options) explain(where string, err error) error {
	switch refusal(err) {
	case packets.ErrorRefusedBadUsernameOrPassword, packets.ErrorRefusedNotAuthorised:
		if o.User == "" {
			return say(ErrRefused, err, "the broker %s wants a user and a password: set user and password_file", where)
		}
		return say(ErrRefused, err, "the broker %s refuses user %q: check user and password_file", where, o.User)
	case packets.ErrorRefusedIDRejected:
		return say(ErrRefused, err, "the broker %s refuses the client id %q: check client_id", where, o.ClientID)
	case packets.ErrorRefusedServerUnavailable:
		return say(ErrRefused, err, "the broker %s says that it is not available now", where)
	case packets.ErrorRefusedBadProtocolVersion:
		return say(ErrRefused, err, "the broker %s does not speak MQTT 3.1.1", where)
	}
	if problem := certificateProblem(where, err); problem != nil {
		return problem
	}
	var dns *net.DNSError
	host, _, _ := net.SplitHostPort(where)
	switch {
	case errors.As(err, &dns):
		return say(ErrUnreachable, err, "the broker %s can not be reached: nobody knows the name %s (check url, and the network cable)", where, host)
	case errors.Is(err, syscall.ECONNREFUSED):
		return say(ErrUnreachable, err, "the broker %s can not be reached: the machine is there, but nothing listens on this port (is the broker running? is the port right?)", where)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.ENETDOWN):
		return say(ErrUnreachable, err, "the broker %s can not be reached: there is no way to it (check the network cable)", where)
	case errors.Is(err, ErrClosed):
		// Only paho closes a socket that said yes: after a code it does not know.
		return say(ErrRefused, err, "the broker %s answers the connection with a code that is not in MQTT 3.1.1", where)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return say(ErrUnreachable, err, "the broker %s hangs up on us without a word (is it an MQTT broker? mqtt:// and mqtts:// mixed up?)", where)
	case isTimeout(err):
		return say(ErrUnreachable, err, "the broker %s can not be reached: no answer (is it switched on? does a firewall stand between?)", where)
	case errors.Is(err, context.Canceled):
		return say(ErrUnreachable, err, "connecting to the broker %s was given up", where)
	}
	return say(ErrUnreachable, err, "the broker %s can not be reached: %v", where, plain(err))
}

// explainEnd says why a connection that stood is over.
func (l *Link) explainEnd(err error) error {
	switch {
	case errors.Is(err, ErrClosed):
		return ErrClosed
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe):
		// Which of these it is depends on who was writing just then. A broker
		// that hangs up again and again has to be one reason, told once.
		return say(ErrLost, err, "the broker %s closed the connection", l.where)
	case isTimeout(err):
		return say(ErrLost, err, "the broker %s fell silent (is the network cable in?)", l.where)
	}
	return say(ErrLost, err, "the connection to the broker %s broke: %v", l.where, plain(err))
}

// certificateProblem names the certificate that is wrong, and how. Nil if it
// is none of that.
func certificateProblem(where string, err error) error {
	var (
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		notTLS    tls.RecordHeaderError
		alert     tls.AlertError
		verify    *tls.CertificateVerificationError
	)
	host, _, _ := net.SplitHostPort(where)
	switch {
	case errors.As(err, &authority):
		return say(ErrCertificate, err, "the certificate of the broker %s is signed by nobody we know: check ca", where)
	case errors.As(err, &name):
		return say(ErrCertificate, err, "the certificate of the broker %s is for %s, not for %s: check url", where, namesOf(name.Certificate), host)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return say(ErrCertificate, err, "the certificate of the broker %s is valid from %s to %s, and this machine's clock does not lie between: renew it, or set the clock",
			where, invalid.Cert.NotBefore.Format(time.DateOnly), invalid.Cert.NotAfter.Format(time.DateOnly))
	case errors.As(err, &verify):
		return say(ErrCertificate, err, "the certificate of the broker %s is not accepted: %v", where, verify.Err)
	case errors.As(err, &notTLS):
		return say(ErrCertificate, err, "the broker %s does not speak TLS on this port: check url (mqtt:// without TLS, or port 8883?)", where)
	case errors.As(err, &alert), strings.Contains(err.Error(), "remote error: tls:"):
		return say(ErrCertificate, err, "the broker %s does not accept our certificate (%s): check cert and key", where, plain(err))
	}
	return nil
}

func namesOf(c *x509.Certificate) string {
	names := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return "no host at all"
	}
	return strings.Join(names[:min(len(names), 3)], ", ")
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}

// plain is the innermost word of an error of the net package, without
// addresses that the sentence already names.
func plain(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err.Error()
	}
	return err.Error()
}
