package m100

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

// talk is a conversation, written down.
type talk struct {
	t *testing.T
	d *Decoder
}

// expect lets something happen, and compares what comes of it: "> …" is what the
// decoder says.
func (c *talk) expect(what string, want ...string) {
	c.t.Helper()
	var out wire.Output
	switch {
	case what == "open":
		c.d.Open(&out)
	case what == "close":
		c.d.Close(&out)
	case strings.HasPrefix(what, "silence"):
		n := 1
		fmt.Sscanf(what, "silence %d", &n)
		for range n {
			c.d.Silence(&out)
		}
	default:
		c.d.Decode(bytesIn(c.t, what), &out)
	}
	if got := told(&out); !slices.Equal(got, want) {
		c.t.Fatalf("%.60s:\ngot  %q\nwant %q", what, got, want)
	}
}

const (
	say0      = "> BB 00 03 00 01 00 04 7E"
	say1      = "> BB 00 03 00 01 01 05 7E"
	say2      = "> BB 00 03 00 01 02 06 7E"
	sayEU     = "> BB 00 07 00 01 03 0B 7E"
	sayHop    = "> BB 00 AD 00 01 FF AD 7E"
	sayPower  = "> BB 00 B6 00 02 07 D0 8F 7E"
	saySelect = "> BB 00 12 00 01 01 14 7E"
	sayQuery  = "> BB 00 0E 00 02 10 20 40 7E"
	sayStart  = "> BB 00 27 00 03 22 FF FF 4A 7E"
)

func ok(op string) string { return summed("BB 01 " + op + " 00 00 00") }

func info(kind byte, text string) string {
	return summed(fmt.Sprintf("BB 01 03 00 00 %02X %X", kind, text))
}

func conversation(t *testing.T, change func(*Options)) *talk {
	return &talk{t, decoder(t, options(func(o *Options) {
		o.Power = 20
		if change != nil {
			change(o)
		}
	}))}
}

// begin is what always comes after the stop, to the start.
func (c *talk) begin() {
	c.t.Helper()
	c.expect(b5, say0)
	c.expect(info(0, "M100 26dBm V1.0"), "hardware=M100 26dBm V1.0", say1)
	c.expect(info(1, "V2.3.5"), "firmware=V2.3.5", say2)
	c.expect(b12, sayEU) // the maker is a secret
	c.expect(b15, sayHop)
	c.expect(ok("AD"), sayPower)
	c.expect(b17, saySelect)
	c.expect(ok("12"), sayQuery)
	c.expect(ok("0E"), sayStart)
}

// From the opening of the port to the first tag, and to the end.
func TestBegin(t *testing.T) {
	c := conversation(t, nil)
	c.expect("open", stops)
	c.begin()
	c.expect(b11)
	c.expect(b9, tag9)
	c.expect("silence 2")
	c.expect(b11)
	c.expect("close", stops)
}

// A module that polls since before the station restarted is stopped and drained;
// what was cut at the opening of the port is no trouble.
func TestPollingAlready(t *testing.T) {
	c := conversation(t, nil)
	c.expect("open", stops)
	c.expect(b9[30:] + b6 + b11 + b9[:6] + b10)
	c.begin()
	c.expect(b9, tag9)
	c = conversation(t, nil)
	c.expect("open", stops)
	c.expect(strings.Repeat(b11, 63))
	c.expect(b9, stops)
	c.expect(strings.Repeat(b11, mostLeft-65), slices.Repeat([]string{stops}, 6)...)
	c.expect(b9, stops, "does not start")
	c.begin()
}

// The variant is found out, and spoken from then on.
func TestVariant(t *testing.T) {
	c := conversation(t, func(o *Options) { o.Frame = "auto" })
	c.expect("open", stops)
	c.expect("silence", "> AA 00 28 00 00 28 DD")
	c.expect("silence", stops)
	c.expect("AA 01 28 00 01 00 2A DD", "> AA 00 03 00 01 00 04 DD")
	c.expect("close", "> AA 00 28 00 00 28 DD")
}

// The rounds are begun anew before they come to their end; no tag is lost by it.
func TestRoundsEnd(t *testing.T) {
	c := conversation(t, nil)
	c.expect("open", stops)
	c.begin()
	for range (turn - 1) / 1000 {
		c.expect(strings.Repeat(b11, 1000))
	}
	c.expect(strings.Repeat(b11, (turn-1)%1000))
	c.expect(b9, tag9, stops)
	c.expect(b6, tag6) // still in flight
	c.expect(b5, sayStart)
	c.expect(b9, tag9)
	c.d.rounds = turn - 1
	c.expect(b11, stops)
	c.expect("silence")
	c.expect("silence", stops) // no answer: from the beginning
	c.begin()
}

// A module that falls silent is set up from the beginning. That is told, unless
// its rounds may have come to their end.
func TestSilent(t *testing.T) {
	c := conversation(t, nil)
	c.expect("open", stops)
	c.begin()
	c.expect(b9, tag9)
	c.expect("silence 3", stops, "device trouble", "restarted")
	c.begin()
	c.d.rounds = turn / 2
	c.expect("silence 3", stops)
	c.begin()
	c.expect(b5, stops, "unexpected frame") // somebody has stopped it
	c.begin()
}

// Without a region nothing radiates, and that is told once.
func TestNoRegion(t *testing.T) {
	c := conversation(t, func(o *Options) { o.Region = "" })
	c.expect("open", stops)
	c.expect(b5+info(0, "H")+info(1, "F")+info(2, "M"), "hardware=H", "firmware=F", "maker=M", say0, say1, say2, "does not start")
	c.expect("silence 100")
	c.expect(strings.Repeat(b11, 62) + b9)
	c.expect(b11, stops) // it polls nevertheless
}

// What the module refuses is named, and tried again after a while.
func TestRefused(t *testing.T) {
	c := conversation(t, nil)
	c.expect("open", stops)
	c.expect(b5+info(0, "H")+info(1, "F")+info(2, "M"), "hardware=H", "firmware=F", "maker=M", say0, say1, say2, sayEU)
	c.expect(summed("BB 01 07 00 00 01"), "does not start")
	c.expect("silence 19")
	c.expect("silence", stops)
	c.expect(b5+info(0, "H")+info(1, "F")+info(2, "M")+b15+b12+b17+b12+b12, "hardware=H", "firmware=F", "maker=M",
		say0, say1, say2, sayEU, sayHop, sayPower, saySelect, sayQuery, sayStart, "does not start")
	c.expect(b12, "does not start")
	c.expect("silence 20", stops)
}

// A module that does not answer is asked again, and that is told.
func TestNoAnswer(t *testing.T) {
	c := conversation(t, nil)
	c.expect("open", stops)
	c.expect("silence 5", slices.Repeat([]string{stops}, 5)...)
	c.expect("silence", stops, "does not start")
	c.expect(b5, say0)
	c.expect("silence 2", say0)
	c.expect("silence 2", say0)
	c.expect("silence 2", say1) // it need not say
	c.expect(info(0, "H")+info(1, "F")+info(2, "M"), "firmware=F", "maker=M", say2, sayEU)
	c.expect("silence 4", sayEU, sayEU)
	c.expect("silence 2", stops, "does not start")
}

// Bytes of another baud rate are told as such.
func TestWrongBaud(t *testing.T) {
	c := conversation(t, nil)
	c.expect("open", stops)
	noise := strings.Repeat("80 78 00 FE 06 E6 98 60", 512)
	c.expect(noise, stops, "noise", "does not start")
	c.begin()
	c.expect(noise, stops, "noise", "does not start")
}
