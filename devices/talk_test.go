package devices

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"scanpost/devices/port"
	"scanpost/devices/profile"
	"scanpost/devices/wire"
	"scanpost/scan"
)

// talking is a profile with something to say.
func talking() *profile.Profile {
	p := testProfile()
	p.Feedback = profile.Feedback{}
	p.Commands = []profile.Command{
		{When: "open", Say: "wake it", Bytes: []byte("wake"), Tries: 1, Gap: 100 * time.Millisecond},
		{When: "open", Say: "packets", Bytes: []byte("set"), Answer: true, Wait: time.Second, Tries: 3},
		{When: "ask", Say: "who are you", Bytes: []byte("who"), Answer: true, Wait: time.Second, Tries: 2},
	}
	p.Facts = profile.Facts{Serial: "sn"}
	p.Settings = []profile.Setting{{Name: "beep", Want: "1", Say: "beep on", Set: []byte("beep=1"), Repair: true}}
	return p
}

type talk struct {
	*bench
	port  *fakePort
	known chan string
	began time.Time
}

func newTalk(t *testing.T, p *profile.Profile, ports ...*fakePort) *talk {
	k := &talk{newBench(t, "serial:x", p), ports[0], make(chan string, 100), time.Time{}}
	var turns []any
	for _, p := range ports {
		turns = append(turns, p)
	}
	k.opens(turns...)
	k.Known = func(i Inventory) {
		var drift []string
		for _, d := range i.Drift {
			drift = append(drift, d.String())
		}
		k.known <- i.Serial + "|" + strings.Join(drift, ";") + "|" + strings.Join(i.Refused, ";")
	}
	return k
}

func (k *talk) says(s string) { k.port.in <- []byte(s); synctest.Wait() }

func (k *talk) wrote(want string) {
	k.t.Helper()
	synctest.Wait()
	if got := k.port.wrote(); got != want {
		k.t.Fatalf("wrote %q, want %q", got, want)
	}
}

// After a plug-in the commands go out one by one, each answered before the
// next; then it is known who the device is.
func TestDialogue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFakePort()
		k := newTalk(t, talking(), p)
		k.start()
		k.wrote("wake")
		pass(100 * time.Millisecond)
		k.wrote("wake set")
		k.says("!scanned meanwhile")
		k.wrote("wake set <scanned meanwhile>")
		k.says("=x:y")
		k.wrote("wake set <scanned meanwhile> who")
		k.says("=sn:S1")
		want(t, k.known, "S1||")
		want(t, k.codes, "scanned meanwhile")
		k.end()
	})
}

// A command is sent again when no answer comes, as often as the profile says;
// then it is told, and the next is sent. A refusal is told too.
func TestDialogueWithoutAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFakePort()
		k := newTalk(t, talking(), p)
		k.start()
		pass(3 * time.Second)
		k.wrote("wake set set set")
		pass(time.Second)
		k.wrote("wake set set set who")
		k.says("~denied")
		want(t, k.known, "||packets: no answer;who are you: denied")
		k.end()
	})
}

// A setting that is not as it should be is set right and asked for again, once;
// what did not help is told.
func TestRepair(t *testing.T) {
	for answer, told := range map[string]string{
		"=beep:1": `S|beep on (beep) was "0" and has been set to "1"|`,
		"=beep:0": `S|beep on (beep) is "0" and should be "1"|`,
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newFakePort()
			k := newTalk(t, talking(), p)
			k.start()
			pass(150 * time.Millisecond)
			k.says("=sn:S")
			k.says("=beep:0")
			k.wrote("wake set who beep=1")
			k.says("=ok:1")
			k.wrote("wake set who beep=1 who")
			k.says(answer)
			want(t, k.known, told)
			k.end()
		})
	}
}

// A device that has lost what it was told is told again, and not with every
// line that shows it.
func TestRestarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFakePort()
		k := newTalk(t, talking(), p)
		k.start()
		pass(150 * time.Millisecond)
		k.says("=x:y")
		k.says("=beep:1")
		want(t, k.known, "||")
		k.says("^")
		k.wrote("wake set who") // too soon: it may show it with every line until it has heard us
		pass(10 * time.Second)
		k.says("^")
		k.says("^")
		k.wrote("wake set who wake")
		k.end()
	})
}

// Who listens is told that a device begins, at each opening of its port and
// when it has restarted, once for each; and what it tells of itself, at once.
func TestBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := newFakePort(), newFakePort()
		k := newTalk(t, testProfile(), first, second)
		heard := make(chan string, 100)
		k.Began = func(at time.Time) { heard <- "began " + at.Sub(k.began).String() }
		k.Facts = func(facts []wire.Fact, _ time.Time) {
			for _, f := range facts {
				heard <- f.Name + " " + f.Value
			}
		}
		k.began = time.Now()
		k.start()
		synctest.Wait()
		k.says("=gpi 1:on")
		k.says("=gpi 1:on")
		k.says("^")
		pass(10 * time.Second)
		k.says("^")
		k.says("^")
		close(first.gone)
		pass(time.Second)
		k.port = second
		k.says("=gpi 1:off")
		want(t, heard, "began 0s", "gpi 1 on", "gpi 1 on", "began 10s", "began 10s", "gpi 1 off")
		k.end()
	})
}

// The acknowledgement of a code that came again, since the first was not
// heard, is all that is sent: it is one scan. If the first was not saved it is
// another chance, and so it is for another code or without the mark.
func TestAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := newFakePort(), newFakePort()
		p := testProfile()
		p.Feedback = profile.Feedback{}
		k := newTalk(t, p, first, second)
		full := true
		record := k.Scan
		k.Scan = func(s scan.Sighting) scan.Told {
			if told := record(s); !full {
				return told
			}
			return scan.Told{Outcome: scan.NotSaved}
		}
		k.start()
		k.says("!a")
		k.wrote("")
		full = false
		k.says("&a")
		k.wrote("<a>")
		k.says("&a")
		k.wrote("<a> <a>")
		k.says("&b")
		k.wrote("<a> <a> <b>")
		k.says("!b")
		k.wrote("<a> <a> <b> <b>")
		want(t, k.codes, "a", "a", "b", "b")
		// It holds over an unplug as well: the scanner may have kept its last code.
		close(first.gone)
		pass(time.Second)
		k.port = second
		k.says("&b")
		k.wrote("<b>")
		k.says("!c")
		want(t, k.codes, "c")
		if n := k.Counts().Repeats; n != 2 {
			t.Errorf("counted %d repeats, want 2", n)
		}
		k.end()
	})
}

// A device that has answered and then falls mute is opened anew, which heals a
// stalled endpoint; it is told once, and as back only when it says something.
func TestMute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := newFakePort(), newFakePort()
		p := talking()
		p.Alive, p.Settings = 30*time.Second, nil
		k := newTalk(t, p, first, second, newFakePort())
		k.start()
		pass(150 * time.Millisecond)
		k.says("=x:y")
		k.says("=sn:S")
		want(t, k.states, "came")
		pass(30 * time.Second)
		k.wrote("wake set who who")
		k.says("=sn:S") // it is there
		pass(20 * time.Second)
		k.says("!parcel") // so it is heard
		pass(20 * time.Second)
		k.wrote("wake set who who <parcel>")
		pass(10 * time.Second)
		k.wrote("wake set who who <parcel> who")
		pass(3 * time.Second)
		want(t, k.states, "went: does not answer")
		k.port = second
		pass(10 * time.Second) // nothing: it is not told again
		if len(k.states) > 0 {
			t.Fatalf("told %q", <-k.states)
		}
		pass(time.Minute) // it is asked, and set up, as long as it is mute
		if n := strings.Count(second.wrote(), "wake"); n < 2 {
			t.Errorf("set up %d times: %s", n, second.wrote())
		}
		k.says("!next")
		want(t, k.states, "came")
		want(t, k.codes, "parcel", "next")
		k.end()
	})
}

// Signals that the device should answer and does not are counted as lost; its
// answers are not taken for those to the commands at opening.
func TestAnsweredSignals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFakePort()
		profile := talking()
		profile.Feedback.Good, profile.Feedback.Answered = []byte("G"), true
		k := newTalk(t, profile, p)
		k.start()
		k.wrote("wake")
		k.says("!early") // signalled before the first command that is answered
		pass(150 * time.Millisecond)
		k.says("=ok:G")
		k.wrote("wake <early> G set")
		k.says("=x:y")
		k.says("=beep:1")
		want(t, k.known, "||")
		k.says("!unanswered")
		pass(3 * time.Second)
		k.says("!refused")
		k.says("~denied")
		if n := k.Counts().Lost; n != 2 {
			t.Errorf("lost %d, want 2: one without an answer, one refused", n)
		}
		k.end()
	})
}

// A scanner that comes back in another mode is told as that, with the sheet
// that helps; another one of the same maker is not.
func TestOtherMode(t *testing.T) {
	keyboard := port.Found{Kind: port.HID, VendorID: 0x05e0, ProductID: 0x1200, Socket: "1-2", Usage: "keyboard"}
	for fact, c := range map[string]struct {
		address string
		seen    port.Found
		found   port.Found
		reason  string
	}{
		"by the socket of the address":      {"usb:05e0:1701@1-2", port.Found{}, keyboard, "now in keyboard mode; print sheet test (scanpost devices sheet test)"},
		"by the socket it sat in":           {"usb:05e0:1701", port.Found{VendorID: 0x05e0, ProductID: 0x1701, Socket: "1-2"}, keyboard, "now in keyboard mode; print sheet test (scanpost devices sheet test)"},
		"another socket":                    {"usb:05e0:1701", port.Found{VendorID: 0x05e0, ProductID: 0x1701, Socket: "1-3"}, keyboard, "no such port"},
		"never seen, and no socket is said": {"usb:05e0:1701", port.Found{}, keyboard, "no such port"},
		"another maker":                     {"usb:0c2e:0b6a@1-2", port.Found{}, keyboard, "no such port"},
		"by its serial number": {"hid:05e0:2100/S1", port.Found{}, port.Found{Kind: port.USB, VendorID: 0x05e0, ProductID: 0x1701, Serial: "S1", Socket: "1-9"},
			"now in serial mode; print sheet test (scanpost devices sheet test)"},
	} {
		d := Device{Address: c.address, Profile: testProfile(), seen: c.seen, list: func() ([]port.Found, error) { return []port.Found{c.found}, nil }}
		if got := d.kindOf(port.ErrNotFound).Error(); got != c.reason {
			t.Errorf("%s: %q, want %q", fact, got, c.reason)
		}
	}
}
