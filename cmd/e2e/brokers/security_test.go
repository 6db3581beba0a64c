package brokers_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"scanpost/cmd/e2e/brokers"
	"scanpost/devices/sim"
	"scanpost/scan"
	"scanpost/sync/event"
	"scanpost/sync/ledger"
	"scanpost/sync/mqtt"
)

// bench is the real program at a bench, with a scanner.
type bench struct {
	*brokers.Process
	t       *testing.T
	config  string
	scanner *sim.Scanner
}

// newBench starts pack-07 with what else the configuration says.
func newBench(t *testing.T, more string) *bench {
	t.Helper()
	dir := t.TempDir()
	s, err := sim.NewScanner(filepath.Join(dir, "scanner"), sim.Framing{Suffix: "\r"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	b := &bench{t: t, config: filepath.Join(dir, "station.toml"), scanner: s}
	text := fmt.Sprintf("[station]\nsite = \"ham1\"\nname = \"pack-07\"\ncheckpoint = \"pack\"\ndata = %q\n[[device]]\nname = \"hand\"\nprofile = \"honeywell-serial\"\nport = %q\n",
		filepath.Join(dir, "data"), s.Address()) + more
	if err := os.WriteFile(b.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b.Process = brokers.Start(t, exec.Command(brokers.Program(t), "run", "-c", b.config))
	return b
}

// saves scans a code and waits for the scanner's good signal.
func (b *bench) saves(code string) {
	b.t.Helper()
	beep := []byte{0x16, 0x07, 0x0d}
	before := bytes.Count(b.scanner.Heard(), beep)
	if err := b.scanner.Scan("", code); err != nil {
		b.t.Fatal(err)
	}
	brokers.Wait(b.t, code+" is saved", func() bool { return bytes.Count(b.scanner.Heard(), beep) > before })
}

// codes are the scans that the board holds of a station.
func (b *board) codes(station string) (codes []string) {
	b.ledger.Each(func(h ledger.Heard) error {
		if s, ok := h.Entry.(*scan.Scan); ok && h.Station == station {
			codes = append(codes, s.Raw)
		}
		return nil
	})
	return codes
}

// runWith hears with options of its own.
func (b *board) runWith(o mqtt.Options) {
	o.Again = 10 * time.Millisecond
	runUntil(b.t, func(ctx context.Context) error { return mqtt.Keep(ctx, o, b.down.Session, nil) })
}

// witness collects what a user can see.
type witness struct {
	mu  sync.Mutex
	got []mqtt.Message
}

func (w *witness) saw(cond func(mqtt.Message) bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.got, cond)
}

func dial(t *testing.T, o mqtt.Options) *mqtt.Link {
	t.Helper()
	link, err := mqtt.Dial(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { link.Close(context.Background()) })
	return link
}

// A station's user can not speak as another station, nor confirm in the board's
// name, nor read answers that are not for it, with the rules that scanpost acl
// prints; who has no user, or a wrong password, is not let in at all; and those
// who keep to their own are not disturbed.
func TestNobodySpeaksForAnother(t *testing.T) {
	for _, kind := range []string{"mosquitto", "nats", "embedded broker"} {
		t.Run(kind, func(t *testing.T) {
			c := brokers.Config{Passwords: map[string]string{"pack-07": "seven", "pack-08": "eight", "board": "bored", "erp": "erp"}, Rules: "boards = [\"board\"]\nconsumers = [\"erp\"]\n"}
			if kind != "embedded broker" {
				out, err := exec.Command(brokers.Program(t), "acl", "--for", kind, "--site", site, "--station", "pack-07,pack-08", "--board", "board", "--consumer", "erp").Output()
				if err != nil {
					t.Fatal(err)
				}
				c.Rules = string(out)
			}
			broker := brokers.Run(t, kind, c)
			url := "mqtt://" + broker.Nodes[0].Addr
			as := func(user, id string) mqtt.Options {
				return mqtt.Options{URL: url, ClientID: id, User: user, Password: c.Passwords[user]}
			}
			b := newBoard(t)
			b.runWith(as("board", "board"))
			password := filepath.Join(t.TempDir(), "password")
			if err := os.WriteFile(password, []byte("seven\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			honest := newBench(t, fmt.Sprintf("[mqtt]\nurl = %q\nuser = \"pack-07\"\npassword_file = %q\n", url, password))
			honest.saves("HONEST-1")
			brokers.Wait(t, "the board has it", func() bool { return slices.Contains(b.codes("pack-07"), "HONEST-1") })

			own := event.Topics{Site: site, Station: "pack-07"}
			other := event.Topics{Site: site, Station: "pack-08"}
			var w witness
			see := dial(t, as("pack-07", "witness"))
			if err := see.Subscribe(t.Context(), func(m mqtt.Message) {
				w.mu.Lock()
				w.got = append(w.got, m)
				w.mu.Unlock()
			}, event.Filter(site, "evt"), event.Filter(site, "state"), event.Filter(site, "head"), own.Ack("+"), own.Req()); err != nil {
				t.Fatal(err)
			}
			const forged = "FORGED"
			for i, topic := range []string{own.Evt(), own.State(), own.Head(), own.Ack("board"), own.Res("board"), event.Topics{Site: site, Station: "board"}.Evt(), event.Expect(site)} {
				liar := dial(t, as("pack-08", fmt.Sprint("liar-", i)))
				err := liar.Publish(t.Context(), mqtt.Message{Topic: topic, Payload: []byte(forged), Retained: i%2 == 1})
				t.Logf("figures: %s forged on %s: acknowledged %t", kind, topic, err == nil)
				// What it may say comes behind, so the lie would be here by then.
				// Some brokers hang up on it meanwhile.
				mark := fmt.Sprint("mark ", i)
				if err := liar.Publish(t.Context(), mqtt.Message{Topic: other.Evt(), Payload: []byte(mark)}); err != nil {
					liar = dial(t, as("pack-08", fmt.Sprint("liar-again-", i)))
					if err := liar.Publish(t.Context(), mqtt.Message{Topic: other.Evt(), Payload: []byte(mark)}); err != nil {
						t.Fatalf("it may not speak for itself: %v", err)
					}
				}
				brokers.Wait(t, "its own word arrives", func() bool { return w.saw(func(m mqtt.Message) bool { return string(m.Payload) == mark }) })
				if w.saw(func(m mqtt.Message) bool { return string(m.Payload) == forged }) {
					t.Errorf("pack-08 could write to %s", topic)
				}
			}
			for i, filter := range []string{"#", "scanpost/#", own.Res("board"), "scanpost/v1/+/+/evt"} {
				// A name of its own each time: NATS hangs up on an id that comes back at once.
				curious := dial(t, as("pack-08", fmt.Sprint("curious-", i)))
				heard := make(chan mqtt.Message, 1000)
				err := curious.Subscribe(t.Context(), func(m mqtt.Message) { heard <- m }, filter)
				t.Logf("figures: %s: subscription to %s refused: %t", kind, filter, err != nil)
				if err == nil { // mosquitto lets everybody subscribe, and hands out what may be read
					if filter != own.Res("board") {
						continue
					}
					if err := see.Publish(t.Context(), mqtt.Message{Topic: own.Res("board"), Payload: []byte("secret")}); err != nil {
						t.Fatal(err)
					}
					if err := curious.Subscribe(t.Context(), func(m mqtt.Message) { heard <- m }, other.State(), other.Evt()); err != nil {
						t.Fatal(err)
					}
					if err := curious.Publish(t.Context(), mqtt.Message{Topic: other.Evt(), Payload: []byte("end")}); err != nil {
						t.Fatal(err)
					}
					for m := range heard {
						if string(m.Payload) == "secret" {
							t.Errorf("pack-08 reads %s", m.Topic)
						}
						if string(m.Payload) == "end" {
							break
						}
					}
				}
				curious.Close(context.Background())
			}
			for _, o := range []mqtt.Options{{URL: url, ClientID: "nobody"}, {URL: url, ClientID: "wrong", User: "pack-07", Password: "eight"}} {
				if link, err := mqtt.Dial(t.Context(), o); err == nil {
					t.Errorf("%s is let in", o.ClientID)
					link.Close(context.Background())
				} else if o.User == "" && !strings.Contains(err.Error(), "wants a user") && !strings.Contains(err.Error(), "refuses") {
					t.Errorf("the refusal says %q", err)
				}
			}
			honest.saves("HONEST-2")
			brokers.Wait(t, "the board has it", func() bool { return slices.Contains(b.codes("pack-07"), "HONEST-2") })
			if got := b.codes("pack-07"); !slices.Equal(got, []string{"HONEST-1", "HONEST-2"}) {
				t.Errorf("the board holds %v of pack-07", got)
			}
			if c := b.down.Counts(); c.WrongSource+c.BadHeads+c.Conflicts+c.Lost != 0 {
				t.Errorf("a lie came as far as the board: %+v", c)
			}
			for user, password := range c.Passwords {
				if user != "erp" && strings.Contains(honest.Wrote(), password) {
					t.Errorf("a password is in the log")
				}
			}
		})
	}
}

// A certificate that has ended stops sending and not scanning, and is named in
// the log and by doctor; the renewed file is used without a restart, and what
// waited is sent. One that ends soon is told while there is time.
func TestCertificateEnds(t *testing.T) {
	for _, kind := range []string{"mosquitto", "nats", "embedded broker"} {
		t.Run(kind, func(t *testing.T) {
			a := newAuthority(t)
			broker := brokers.Run(t, kind, brokers.Config{TLS: a.server()})
			url := "mqtts://" + broker.Nodes[0].Addr
			b := newBoard(t)
			b.runWith(mqtt.Options{URL: url, ClientID: "board", TLS: a.config("board"), Log: slog.New(slog.DiscardHandler)})
			cert, key := a.client("pack-07", -time.Hour)
			p := newBench(t, fmt.Sprintf("[mqtt]\nurl = %q\nca = %q\ncert = %q\nkey = %q\n", url, a.ca, cert, key))
			brokers.Wait(t, "the log names the certificate", func() bool {
				return strings.Contains(p.Wrote(), "a certificate has ended") && strings.Contains(p.Wrote(), cert)
			})
			brokers.Wait(t, "the broker does not let it in", func() bool { return strings.Contains(p.Wrote(), "does not accept our certificate") })
			t.Logf("figures: %s", lineWith(p.Wrote(), "does not accept our certificate"))
			p.saves("WITHOUT-A-CERTIFICATE")
			doctor := func() string {
				out, _ := exec.Command(brokers.Program(t), "doctor", "-c", p.config).CombinedOutput()
				return string(out)
			}
			if out := doctor(); !strings.Contains(out, `of "pack-07" ended on`) || !strings.Contains(out, "renew "+cert) {
				t.Errorf("doctor says\n%s", out)
			}
			if got := b.codes("pack-07"); len(got) != 0 {
				t.Errorf("the board has heard %v", got)
			}

			a.client("pack-07", 10*24*time.Hour+time.Hour)
			brokers.Wait(t, "what waited is sent", func() bool { return slices.Equal(b.codes("pack-07"), []string{"WITHOUT-A-CERTIFICATE"}) })
			if out := doctor(); !strings.Contains(out, `of "pack-07" ends in 10 days`) {
				t.Errorf("doctor says\n%s", out)
			}
			p.saves("RENEWED")
			brokers.Wait(t, "and what is new", func() bool { return slices.Contains(b.codes("pack-07"), "RENEWED") })
			p.Stop()
			again := brokers.Start(t, exec.Command(brokers.Program(t), "run", "-c", p.config))
			brokers.Wait(t, "it is told that this one ends soon", func() bool {
				return strings.Contains(again.Wrote(), "a certificate ends soon") && strings.Contains(again.Wrote(), "days=10")
			})
		})
	}
}

func lineWith(text, part string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}
