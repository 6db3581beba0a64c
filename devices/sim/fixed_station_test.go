package sim_test

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"scanpost/devices"
	"scanpost/devices/profile"
	"scanpost/devices/sim"
	"scanpost/scan"
)

// station is one device as the station serves it.
type station struct {
	t        *testing.T
	scans    chan string
	known    chan devices.Inventory
	attached chan bool
}

func serve(t *testing.T, address, profileName string) *station {
	p, err := profile.Load(profileName)
	if err != nil {
		t.Fatal(err)
	}
	s := &station{t: t, scans: make(chan string, 1000), known: make(chan devices.Inventory, 100), attached: make(chan bool, 100)}
	d := &devices.Device{
		Name: "belt", Checkpoint: "c", Address: address, Profile: p,
		Scan: func(one scan.Sighting) scan.Told {
			text := one.Code
			if one.NoRead {
				text = "no-read " + text
			}
			if one.Note != "" {
				text += " " + one.Note
			}
			s.scans <- text
			return scan.Told{Outcome: scan.Saved}
		},
		State: func(attached bool, _, _ string) { s.attached <- attached },
		Known: func(i devices.Inventory) { s.known <- i },
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *station) want(codes ...string) {
	s.t.Helper()
	for _, want := range codes {
		if got := <-s.scans; got != want {
			s.t.Fatalf("got %q, want %q", got, want)
		}
	}
}

// Every fixed reader works with its profile, over a cable and over the network:
// it says who it is, readings are scans in their order, what it could not read
// is a no-read, echoes and heartbeats are nothing, and after the connection was
// dropped it goes on.
func TestFixedReadersAtAStation(t *testing.T) {
	type options = struct {
		profile string
		make    func(address string) (*sim.FixedReader, error)
		noRead  string
		known   []string // model, serial, firmware; nil: it can not be asked
	}
	cognex := func(address string) (*sim.FixedReader, error) {
		return sim.NewCognex(address, sim.CognexOptions{Type: "DM260", Serial: "1A1234PP000001", Firmware: "5.7.0", NoRead: "NOREAD"})
	}
	lector := func(address string) (*sim.FixedReader, error) {
		return sim.NewSICK(address, sim.SICKOptions{Type: "Lector620", Firmware: "V1.20", Beat: "HEARTBEAT", Heartbeat: time.Millisecond})
	}
	clv := func(address string) (*sim.FixedReader, error) {
		return sim.NewSICK(address, sim.SICKOptions{Type: "CLV690-0", Firmware: "V1.20"})
	}
	keyence := func(o sim.KeyenceOptions) func(address string) (*sim.FixedReader, error) {
		return func(address string) (*sim.FixedReader, error) { return sim.NewKeyence(address, o) }
	}
	for _, c := range []options{
		{"cognex-dataman-plain", cognex, "NOREAD", nil},
		{"cognex-dataman-dmcc", cognex, "NOREAD", []string{"DM260", "1A1234PP000001", "5.7.0"}},
		{"keyence-sr-750-serial", keyence(sim.KeyenceOptions{}), "ERROR", nil},
		{"keyence-bl-600-serial", keyence(sim.KeyenceOptions{Silent: true}), "ERROR", nil},
		{"keyence-n-410-serial", keyence(sim.KeyenceOptions{Silent: true, NoRead: "ERR17"}), "ERR17", nil},
		{"sick-clv69x-host-port", clv, "NoRead", []string{"CLV690-0", "", "V1.20"}},
		{"sick-clv63x-cola-b", clv, "NoRead", []string{"CLV690-0", "", "V1.20"}},
		{"sick-clv45x-serial", func(address string) (*sim.FixedReader, error) {
			return sim.NewSICK(address, sim.SICKOptions{NoRead: "no code!"})
		}, "no code!", nil},
		{"sick-lector-62x-host-port", lector, "NoRead", []string{"Lector620", "", "V1.20"}},
	} {
		for _, kind := range []string{"serial", "tcp"} {
			t.Run(c.profile+" "+kind, func(t *testing.T) {
				address := "tcp:127.0.0.1:0"
				if kind == "serial" {
					address = "serial:" + filepath.Join(t.TempDir(), "reader")
				}
				r, err := c.make(address)
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				s := serve(t, r.Address(), c.profile)
				for round := range 2 {
					if !<-s.attached {
						t.Fatal("not attached")
					}
					if err := r.WaitConnected(t.Context()); err != nil {
						t.Fatal(err)
					}
					if round == 0 { // told again only if it is another
						i := <-s.known
						if len(c.known) > 0 && !slices.Equal([]string{i.Model, i.Serial, i.Firmware}, c.known) || len(i.Refused) > 0 {
							t.Errorf("known as %+v", i)
						}
					}
					var codes, want []string
					for n := range 50 {
						code := strings.Repeat(strconv.Itoa(round), n%13)
						codes = append(codes, code)
						if code == "" {
							code = "no-read " + c.noRead
						}
						want = append(want, code)
					}
					if err := r.Pass(codes...); err != nil {
						t.Fatal(err)
					}
					s.want(want...)
					if round == 0 {
						if err := r.Drop(); err != nil {
							t.Fatal(err)
						}
						if <-s.attached {
							t.Fatal("attached, though dropped")
						}
					}
				}
				if len(s.scans) > 0 {
					t.Errorf("besides: %q", <-s.scans)
				}
			})
		}
	}
}

// A DataMan behind a serial adapter that loses its power goes back to plain
// text, and no reading is lost.
func TestCognexForgets(t *testing.T) {
	r, err := sim.NewCognex("serial:"+filepath.Join(t.TempDir(), "reader"), sim.CognexOptions{Type: "DM260", NoRead: "NOREAD"})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s := serve(t, r.Address(), "cognex-dataman-dmcc")
	<-s.known
	for _, extended := range []bool{true, false} {
		if got := r.State().Extended; got != extended {
			t.Fatalf("extended responses: %v", got)
		}
		if err := r.Pass("4006381333931", "]C100376104250021234569", ""); err != nil {
			t.Fatal(err)
		}
		s.want("4006381333931", "00376104250021234569", "no-read NOREAD")
		if err := r.PowerCycle(); err != nil {
			t.Fatal(err)
		}
	}
}
