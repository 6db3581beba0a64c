package sim_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"scanpost/devices"
	"scanpost/devices/profile"
	"scanpost/devices/sim"
	"scanpost/devices/wire"
)

// device is a simulated one, and the shape its reports have on a port.
type device struct {
	host   func(report []byte) ([][]byte, bool)
	number bool // reports have numbers; if not, a port's 00 is not sent
}

// dialogue is a profile's decoder in front of a device, each answering the
// other until both are silent. It stands for a port and the station.
type dialogue struct {
	t       testing.TB
	profile *profile.Profile
	decoder wire.Decoder
	device  device
	out     wire.Output // all of it
}

func meet(t testing.TB, name string, d device) *dialogue {
	p, err := profile.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	decoder, err := devices.NewDecoder(p.Decoder, p.Options)
	if err != nil {
		t.Fatal(err)
	}
	return &dialogue{t: t, profile: p, decoder: decoder, device: d}
}

// hear gives the device's reports to the decoder, and what the decoder wants
// written to the device.
func (d *dialogue) hear(reports [][]byte) {
	var out wire.Output
	for _, r := range reports {
		d.decoder.Decode(r, &out)
	}
	d.take(&out)
}

func (d *dialogue) silence() {
	var out wire.Output
	d.decoder.Silence(&out)
	d.take(&out)
}

func (d *dialogue) take(out *wire.Output) {
	d.out.Sightings = append(d.out.Sightings, out.Sightings...)
	d.out.Answers = append(d.out.Answers, out.Answers...)
	d.out.Faults = append(d.out.Faults, out.Faults...)
	d.out.Restarted = d.out.Restarted || out.Restarted
	for _, r := range out.Replies {
		d.tell(r)
	}
	for _, s := range out.Sightings { // saved
		if s.OnSaved != nil {
			d.tell(s.OnSaved)
		}
		if d.profile.Feedback.Good != nil {
			d.tell(d.profile.Feedback.Good)
		}
	}
}

// tell writes a report.
func (d *dialogue) tell(b []byte) {
	if !d.device.number && b[0] == 0 {
		b = b[1:]
	}
	replies, known := d.device.host(b)
	if !known {
		d.t.Errorf("%s sends % X, which the device does not know", d.profile.Name, b)
	}
	d.hear(replies)
}

// open says what the profile says at opening.
func (d *dialogue) open() {
	for _, c := range d.profile.Commands {
		before := len(d.out.Answers)
		d.tell(c.Bytes)
		if c.Answer && len(d.out.Answers) != before+1 {
			d.t.Errorf("%s: %q got %d answers", d.profile.Name, c.Say, len(d.out.Answers)-before)
		}
	}
}

func (d *dialogue) codes() (codes []string) {
	for _, s := range d.out.Sightings {
		codes = append(codes, s.AIM+" "+s.Code)
	}
	return codes
}

func (d *dialogue) facts() map[string]string {
	facts := map[string]string{}
	for _, a := range d.out.Answers {
		for _, f := range a.Facts {
			facts[f.Name] = f.Value
		}
	}
	return facts
}

func (d *dialogue) want(codes []string, faults ...string) {
	d.t.Helper()
	if got := d.codes(); !slices.Equal(got, codes) {
		d.t.Errorf("codes %q, want %q", got, codes)
	}
	var got []string
	for _, f := range d.out.Faults {
		got = append(got, f.Error()[strings.LastIndex(f.Error(), ": ")+2:])
	}
	if !slices.Equal(got, faults) {
		d.t.Errorf("faults %q, want %q", got, faults)
	}
	d.out = wire.Output{}
}

// A composite Honeywell is opened, tells who it is, scans, beeps once a code
// is saved, and answers as text what is no scan.
func TestHIDPOSHoneywell(t *testing.T) {
	s := &sim.HIDPOS{
		Layout: "honeywell", Composite: true, Revision: "Product Name: Xenon\r\nSerial Number: " + strings.Repeat("S123", 30) + "\r\nSoftware Revision: 7\r\n",
		Settings: []sim.Setting{{Name: "CBRENA", Value: "1"}, {Name: "CBRMIN", Value: "2"}},
	}
	d := meet(t, "honeywell-1900-hid-pos", device{s.Host, true})
	if got := s.Code("]E0", 'd', []byte("4006381333931")); got != nil {
		t.Errorf("before it is opened it types, and sends % X", got)
	}
	d.open()
	if f := d.facts(); f[d.profile.Facts.Model] != "Xenon" || f[d.profile.Facts.Serial] != strings.Repeat("S123", 30) || f[d.profile.Facts.Firmware] != "7" {
		t.Errorf("facts %q", f)
	}
	d.hear(s.Code("]d2", 'w', []byte(packLabel)))
	d.tell(d.profile.Feedback.Bad)
	d.want([]string{"]d2 " + packLabel})
	state, err := s.Wait(t.Context(), func(s sim.HIDPOSState) bool { return len(s.Sounds) == 2 })
	if err != nil || !state.Opened || !slices.Equal(state.Sounds, []string{"good", "bad"}) || !slices.Equal(state.Commands, []string{"REVINF."}) {
		t.Errorf("state %+v, %v", state, err)
	}
	for command, want := range map[string]string{
		"CBRENA?.": "CBRENA=1", "CBR?.": "CBRENA=1 CBRMIN=2", "CBRMIN9!": "CBRMIN=9", ":Xenon:CBRMIN9,ENA0!": "CBRENA=0 CBRMIN=9",
		"XYZENA1.": "refused XYZENA: unknown tag", "CBRMINx!": "refused CBRMIN: value out of range",
	} {
		s := &sim.HIDPOS{Layout: "honeywell", Settings: []sim.Setting{{Name: "CBRENA", Value: "1"}, {Name: "CBRMIN", Value: "2"}}}
		d := meet(t, "honeywell-1900-hid-pos", device{s.Host, true})
		text := "\x16M\r" + command
		d.tell(filled(append([]byte{0xFD, byte(len(text))}, text...)))
		if len(d.out.Answers) != 1 {
			t.Errorf("%s: %+v", command, d.out)
			continue
		}
		var got []string
		for _, f := range d.out.Answers[0].Facts {
			got = append(got, f.Name+"="+f.Value)
		}
		slices.Sort(got)
		if r := d.out.Answers[0].Refused; r != "" {
			got = append(got, "refused "+r)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %q want %q", command, got, want)
		}
		d.want(nil)
	}
}

// Whatever goes wrong with a code, it is a fault and no other code, and the
// next one is read; in every layout. One thing nobody can see: reports of one
// symbology have no numbers, so of three the second may be missing.
func TestHIDPOSTrouble(t *testing.T) {
	for layout, name := range map[string]string{"honeywell": "honeywell-1900-hid-pos", "zebra": "zebra-ds2208-hid-pos", "newland": "newland-hid-pos"} {
		for trouble, c := range map[sim.Trouble]struct {
			codes  []string
			faults []string
		}{
			sim.LostEnd:     {nil, []string{"cut short"}},
			sim.WrongLength: {nil, []string{"noise"}},
			sim.Stale:       {[]string{"]Q1 " + loremLast}, nil}, // what comes first after opening is for the port to discard
			sim.LostMiddle:  {[]string{"]Q1 " + loremFirst + loremLast}, nil},
		} {
			s := &sim.HIDPOS{Layout: layout, AIMPrefix: true}
			d := meet(t, name, device{s.Host, true})
			s.Spoil(trouble)
			data := loremFirst + strings.Repeat("m", 56) + loremLast
			if layout == "newland" {
				data = "]Q1" + loremFirst[:53] + strings.Repeat("m", 56) + loremLast
				s.AIMPrefix = false
			}
			d.hear(s.Code("]Q1", 's', []byte(data)))
			d.silence()
			codes := slices.Clone(c.codes)
			if layout == "newland" && len(codes) > 0 {
				codes[0] = map[sim.Trouble]string{sim.Stale: " " + loremLast, sim.LostMiddle: "]Q1 " + loremFirst[:53] + loremLast}[trouble]
			}
			d.want(codes, c.faults...)
			s.AIMPrefix = true
			d.hear(s.Code("]E0", 'd', []byte("4006381333931")))
			d.want([]string{"]E0 4006381333931"})
		}
	}
}

// Zebra and Newland are sent nothing that they do not know, and what they do
// not know they refuse.
func TestHIDPOSSilentOnes(t *testing.T) {
	for layout, name := range map[string]string{"zebra": "zebra-ds2208-hid-pos", "newland": "newland-hid-pos"} {
		s := &sim.HIDPOS{Layout: layout}
		d := meet(t, name, device{s.Host, true})
		d.open()
		d.hear(s.Code("]E0", 0, []byte("4006381333931")))
		if state := s.State(); state.Unknown != 0 || len(state.Commands) != 0 || len(d.out.Sightings) != 1 {
			t.Errorf("%s: %+v %+v", name, state, d.out)
		}
		if replies, known := s.Host([]byte{0x04, 0x40}); known || replies != nil {
			t.Errorf("%s takes a Honeywell's beep", name)
		}
	}
	s := &sim.HIDPOS{Layout: "newland", Settings: []sim.Setting{{Name: "C11ENA", Value: "1"}, {Name: "C11MIN", Value: "12"}}}
	d := meet(t, "newland-hid-pos", device{s.Host, true})
	ask := "~\x010000@C11*;\x03"
	d.tell(filled(append([]byte{0x04, byte(len(ask))}, ask...)))
	if f := d.facts(); f["C11ENA"] != "1" || f["C11MIN"] != "12" {
		t.Errorf("facts %q", f)
	}
	d.want(nil)
}

// An OEM scanner is silent until it is told to scan, is told again after a
// power cycle, beeps once a code is saved, and tells who it is.
func TestIBMOEM(t *testing.T) {
	s := &sim.IBMOEM{Info: "Sp<S123\x03MGD4430\x03A" + strings.Repeat("7", 80) + "\x03"}
	d := meet(t, "datalogic-gryphon-oem", device{s.Host, false})
	s.PowerOn() // nobody listens yet
	if got := s.Code("ean-13", []byte("9001475067933")); got != nil {
		t.Errorf("scans unasked: % X", got)
	}
	d.open()
	if f := d.facts(); f[d.profile.Facts.Model] != "GD4430" || f[d.profile.Facts.Serial] != "123" || f[d.profile.Facts.Firmware] != strings.Repeat("7", 80) {
		t.Errorf("facts %q", f)
	}
	d.hear(s.Code("qr", []byte(packLink)))
	d.want([]string{"]Q1 " + packLink})
	d.silence()
	d.hear(s.PowerOn())
	if !d.out.Restarted || len(d.out.Answers) != 0 || !s.State().Enabled {
		t.Errorf("after a power cycle: %+v %+v", d.out, s.State())
	}
	d.open() // as the station does when it has restarted
	d.hear(s.Code("ean-13", []byte("9001475067933")))
	d.tell(d.profile.Feedback.Bad)
	d.want([]string{"]E0 9001475067933"})
	if got := s.State().Sounds; !slices.Equal(got, []string{"good", "good", "bad"}) {
		t.Errorf("sounds %q", got)
	}
	d.tell(append([]byte{0}, make11(0x30, 9, 9)...))
	d.tell(append([]byte{0}, make11(0x77)...))
	if a := d.out.Answers; len(a) != 2 || a[0].Refused != "direct I/O undefined" || a[1].Refused != "command rejected" {
		t.Errorf("answers %+v", a)
	}
	d.tell(append([]byte{0}, make11(0x12)...))
	if s.State().Enabled != true {
		t.Error("one that says it is not enabled is enabled")
	}
}

// A table-top's digits are digits, whatever the profile's device calls itself.
func TestIBMOEMTableTop(t *testing.T) {
	for _, name := range []string{"zebra-oem-table-top", "datalogic-magellan-oem", "honeywell-ms7120-surepos"} {
		s := &sim.IBMOEM{TableTop: true, Info: "Sp<MMagellan\x03"}
		s.PowerOn()
		d := meet(t, name, device{s.Host, false})
		d.open()
		d.hear(s.Code("ean-13", []byte("9001475067933")))
		d.hear(s.Code("code-128", []byte("A\tB")))
		d.want([]string{"]E0 9001475067933", "]C0 A\tB"})
	}
}

// A scanner that plays dead is told once, again after a pause, and after each
// power cycle once it has listened.
func TestIBMOEMPlaysDead(t *testing.T) {
	s := &sim.IBMOEM{}
	d := meet(t, "zebra-oem-hand-held", device{s.Host, false})
	s.PlayDead(1, 1)
	for range 3 {
		d.hear(s.PowerOn())
		d.hear(s.PowerOn())
		d.silence()
	}
	if state := s.State(); state.Commands != 4 || !state.Enabled { // missed, not ready, and once for each power cycle
		t.Errorf("state %+v", state)
	}
	d.want(nil, "device trouble")
}

// Whatever goes wrong with a code, it is a fault and no other code.
func TestIBMOEMTrouble(t *testing.T) {
	for trouble, c := range map[sim.Trouble]struct {
		codes  []string
		faults []string
	}{
		sim.LostEnd:     {nil, []string{"part missing"}},
		sim.WrongLength: {nil, []string{"cut short"}},
		sim.Stale:       {[]string{"]Q1 " + packLink[57:]}, nil}, // what comes first after opening is for the port to discard
	} {
		s := &sim.IBMOEM{}
		s.PowerOn()
		d := meet(t, "datalogic-powerscan-oem", device{s.Host, false})
		d.open()
		s.Spoil(trouble)
		d.hear(s.Code("qr", []byte(packLink)))
		d.hear(s.Code("ean-13", []byte("9001475067933")))
		d.want(append(slices.Clone(c.codes), "]E0 9001475067933"), c.faults...)
	}
	hp := &sim.IBMOEM{HP: true}
	hp.PowerOn()
	d := meet(t, "datalogic-gryphon-oem", device{hp.Host, false})
	d.open()
	d.hear(hp.Code("something new", []byte("ABC")))
	d.want([]string{" ABC"})
}

// A SNAPI scanner waits for each answer and gets the last once the code is
// saved; one whose answer is lost repeats, and the code is still one.
func TestSNAPI(t *testing.T) {
	s := &sim.SNAPI{Disabled: true}
	d := meet(t, "zebra-snapi", device{s.Host, true})
	if got := s.Code(0x0B, []byte("1")); got != nil {
		t.Errorf("scans unasked: % X", got)
	}
	d.open()
	long := strings.Repeat("0123456789", 20)
	first := s.Code(0x1C, []byte(long))
	if second := s.Code(0x0B, []byte("4006381333931")); second != nil {
		t.Errorf("sends % X before the first is answered", second)
	}
	d.hear(first)
	if state := s.State(); state.Taken != 2 || state.Waiting != 0 || !bytes.Equal(state.Beeps, []byte{1, 1}) || !state.Enabled {
		t.Errorf("state %+v", state)
	}
	d.want([]string{"]Q1 " + long, "]E0 4006381333931"})

	reports := s.Code(0x1C, []byte(long))
	var out wire.Output
	for {
		d.decoder.Decode(s.Repeat()[0], &out) // its answer is lost
		d.decoder.Decode(s.Repeat()[0], &out)
		reply := []byte{0x01, 0x22, 0x01, 0x00}
		if replies, _ := s.Host(reply); len(replies) == 0 {
			break
		}
	}
	var codes []string
	for _, sighting := range out.Sightings {
		codes = append(codes, fmt.Sprint(sighting.Code == long, sighting.Again))
	}
	if want := []string{"true false", "true true"}; !slices.Equal(codes, want) || len(out.Faults) > 0 || len(reports) != 1 {
		t.Errorf("got %q, %v", codes, out.Faults)
	}

	s.Spoil(sim.LostMiddle)
	d.hear(s.Code(0x1C, []byte(long)))
	d.hear(s.Code(0x0B, []byte("4006381333931")))
	d.want([]string{"]E0 4006381333931"}, "part missing")
	if state := s.State(); state.Waiting != 0 {
		t.Errorf("it stalls: %+v", state)
	}
	d.hear(s.Code(0x1C, bytes.Repeat([]byte("x"), 58*256)))
	d.silence()
	d.want(nil, "too long")
	if replies, known := s.Host([]byte{0x31, 0}); !known || replies[0][2] != 3 {
		t.Errorf("a command that it does not have: % X", replies)
	}
}

// Waiting for what never comes ends with the context, and says what there is.
func TestHIDWait(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := &sim.SNAPI{}
	if _, err := s.Wait(ctx, func(s sim.SNAPIState) bool { return len(s.Beeps) > 0 }); err == nil || !strings.Contains(err.Error(), "Taken:0") {
		t.Errorf("got %v", err)
	}
	go s.Host([]byte{0x04, 0x01})
	if state, err := s.Wait(t.Context(), func(s sim.SNAPIState) bool { return len(s.Beeps) > 0 }); err != nil || state.Beeps[0] != 1 {
		t.Errorf("got %+v, %v", state, err)
	}
}
