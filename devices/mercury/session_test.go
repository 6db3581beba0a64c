package mercury

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

// talk is a conversation, written down: "> …" is what the decoder says, "< …"
// what the module does, "silence" that it does not.
type talk struct {
	t *testing.T
	d *Decoder
}

// expect lets something happen and compares what comes of it.
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
		c.t.Fatalf("%s:\ngot  %q\nwant %q", what, got, want)
	}
}

const (
	sayProgram  = "> FF 00 0C 1D 03"
	sayVersion  = "> FF 00 03 1D 0C"
	sayBoot     = "> FF 00 04 1D 0B"
	sayProtocol = "> FF 02 93 00 05 51 7D"
	sayEU3      = "> FF 01 97 08 4B B5"
	sayAntenna  = "> FF 03 91 02 01 01 42 C5"
	sayPower    = "> FF 02 92 0A 8C 4B D5"
	sayFilter   = "> FF 03 9A 01 0C 00 A3 5D"
	sayStart    = "> " + m15
	application = "FF 01 0C 00 00 12 63 43"
)

func ok(op string) string { return withCRC("FF 00 " + op + " 00 00") }

func say(d *Decoder, step string) string {
	for _, s := range d.steps {
		if strings.HasPrefix(s.say, step) {
			return fmt.Sprintf("> % X", s.frame)
		}
	}
	return step
}

func conversation(t *testing.T, change func(*Options)) *talk {
	return &talk{t, decoder(t, options(func(o *Options) {
		o.Power = 27
		if change != nil {
			change(o)
		}
	}))}
}

var versionFacts = []string{"boot loader=07.10.23.00", "model=M5e-Compact", "hardware=01.00.00.03", "build=2014-10-07", "firmware=01.07.02.09"}

// begin is what always comes after the stop, to the start.
func (c *talk) begin() {
	c.t.Helper()
	c.expect(m25, sayProgram)
	c.expect(application, sayVersion)
	c.expect(m13, append(slices.Clone(versionFacts), say(c.d, "temperature"))...)
	c.expect(withCRC("FF 00 72 00 00 29"), "temperature=41 °C", sayProtocol)
	c.expect(ok("93"), sayEU3)
	c.expect("FF 00 97 00 00 77 9E", sayAntenna)
	c.expect(ok("91"), sayPower)
	c.expect(ok("92"), say(c.d, "session"))
	c.expect(ok("9B"), sayFilter)
	c.expect(ok("9A"), sayStart)
	c.expect(ok("2F"))
}

// From the opening of the port to the first tag, and to the end.
func TestBegin(t *testing.T) {
	c := conversation(t, nil)
	c.expect("open", stops)
	c.begin()
	c.expect(m18, tag18)
	c.expect(m20)
	c.expect("silence 5")
	c.expect(m20)
	c.expect("close", stops)
}

// A module that reads since before the station restarted is stopped and drained;
// what was cut at the opening of the port is no trouble, and what it heard then
// is not handed over.
func TestReadingAlready(t *testing.T) {
	c := conversation(t, nil)
	c.expect("open", stops)
	c.expect(m18[30:])
	c.expect(m18 + "FF 28 22 00" + m17)
	for range inFlight/2 - 2 {
		c.expect(m18 + m17)
	}
	c.expect(m18+m17, stops) // not heard: said again
	c.begin()
	c.expect(m18, tag18)
}

// A start whose stop was not heard is stopped again.
func TestNotStopped(t *testing.T) {
	c := conversation(t, nil)
	c.expect("open", stops)
	c.expect(m25, sayProgram)
	c.expect(m18, stops)
	c.begin()
}

// A module in its boot loader is started.
func TestBootLoader(t *testing.T) {
	c := conversation(t, nil)
	c.expect("open", stops)
	c.expect(withCRC("FF 00 2F 01 01"), sayProgram)
	c.expect(withCRC("FF 00 0C 00 00 11"), sayBoot)
	c.expect("silence 3")
	c.expect("FF 14 04 00 00 07 10 23 00 01 00 00 03 20 14 10 07 01 07 02 09 00 00 00 10 52 51", sayVersion)
	c = conversation(t, nil)
	c.expect("open", stops)
	c.expect(m25, sayProgram)
	c.expect(withCRC("FF 00 0C 00 00 11"), sayBoot)
	c.expect("FF 00 04 01 01 C5 45", sayVersion) // it runs by now
}

// Without a region nothing radiates, and that is told once.
func TestNoRegion(t *testing.T) {
	c := conversation(t, func(o *Options) { o.Region = "" })
	c.expect("open", stops)
	c.expect(m25, sayProgram)
	c.expect(application, sayVersion)
	c.expect(m13, append(slices.Clone(versionFacts), say(c.d, "temperature"))...)
	c.expect(withCRC("FF 00 72 01 02"), "does not start")
	c.expect("silence 100")
	c.expect(m20)
}

// What the module refuses is named, and tried again after a while; what it may
// refuse does not stop it.
func TestRefused(t *testing.T) {
	for name, status := range map[string]string{"power": "01 03", "invalid region": "01 0B"} {
		c := conversation(t, nil)
		c.expect("open", stops)
		c.expect(m25, sayProgram)
		c.expect(withCRC("FF 00 0C 01 02"), sayVersion)
		c.expect(m13, append(slices.Clone(versionFacts), say(c.d, "temperature"))...)
		c.expect(withCRC("FF 00 72 01 02"), sayProtocol)
		if name == "power" {
			c.expect(ok("93")+ok("97")+ok("91"), sayEU3, sayAntenna, sayPower)
			c.expect(withCRC("FF 00 92 "+status), "does not start")
		} else {
			c.expect(ok("93"), sayEU3)
			c.expect(withCRC("FF 00 97 "+status), "does not start")
		}
		c.expect("silence 19")
		c.expect("silence", stops)
	}
	c := conversation(t, nil)
	c.expect("open", stops)
	c.expect(m25+application+m13+withCRC("FF 00 72 01 01")+ok("93")+ok("97")+ok("91")+ok("92"), append(slices.Clone(versionFacts), sayProgram, sayVersion, say(c.d, "temperature"), sayProtocol, sayEU3, sayAntenna, sayPower, say(c.d, "session"))...)
	c.expect(withCRC("FF 00 9B 01 05"), sayFilter, "does not start")
	c.expect(ok("9A"), sayStart)
	c.expect(withCRC("FF 00 2F 05 04"), "device trouble")
	c.expect("silence 20", stops)
}

// A module that does not answer is asked and woken in turns, and that is told.
func TestNoAnswer(t *testing.T) {
	c := conversation(t, nil)
	woken := "> " + strings.Repeat("FF ", 64) + "FF 03 2F 00 00 02 5E 86"
	c.expect("open", stops)
	c.expect("silence", sayVersion)
	c.expect("silence", woken)
	c.expect("silence 4", sayVersion, woken, sayVersion, woken, "does not start")
	c.expect(m13, sayProgram)
	c.expect("silence")
	c.expect("silence", sayProgram) // a command that got lost
	c.expect(application, sayVersion)
	c.expect("silence 6", sayVersion, sayVersion, stops, "does not start")
}

// Bytes of another baud rate are told as such.
func TestWrongBaud(t *testing.T) {
	c := conversation(t, nil)
	c.expect("open", stops)
	noise := strings.Repeat("80 78 00 FE 06 E6 98 60", 512)
	c.expect(noise, stops, "noise", "does not start")
	c.begin()
	c.expect(noise, stops, "noise", "restarted")
}

// Whatever shows a reset, the module is set up from the beginning, with its
// region.
func TestReset(t *testing.T) {
	for name, what := range map[string]string{
		"region lost": m22, "its first word": "FF 00 04 01 01 C5 45", "its firmware has stopped": withCRC("FF 00 22 7F 01"), "silence": "silence 6",
	} {
		c := conversation(t, nil)
		c.expect("open", stops)
		c.begin()
		c.expect(m18, tag18)
		c.expect(what, stops, "device trouble", "restarted")
		if c.t.Failed() {
			t.Log(name)
		}
		c.begin()
		c.expect(m18, tag18)
	}
}

// A region that does not last is not set for ever without a pause.
func TestRegionInVain(t *testing.T) {
	c := conversation(t, nil)
	c.expect("open", stops)
	for range 3 {
		c.begin()
		c.expect(m22, stops, "device trouble", "restarted")
	}
	c.begin()
	c.expect(m22, "does not start")
	c.expect("silence 19")
	c.expect("silence", stops)
	c.begin()
	c.expect(m18, tag18)
}

// A hot module is started again with pauses, longer each time; then it is left
// to itself.
func TestHot(t *testing.T) {
	c := conversation(t, nil)
	c.expect("open", stops)
	c.begin()
	for _, duty := range []string{"01 F4 01 F4", "00 FA 02 EE", "00 64 03 84"} {
		c.expect(m23, "temperature=too hot (0504)", stops, "device trouble")
		c.expect(m23) // still running
		c.expect(m25+application+m13+withCRC("FF 00 72 01 01")+ok("93")+ok("97")+ok("91")+ok("92")+ok("9B"), append(slices.Clone(versionFacts), sayProgram, sayVersion, say(c.d, "temperature"), sayProtocol, sayEU3, sayAntenna, sayPower, say(c.d, "session"), sayFilter)...)
		pauses := bytesIn(t, "00 00 01 22 00 00 05 0C 22 88 10 05 1B "+duty+" 00 57 01 00")
		c.expect(ok("9A"), fmt.Sprintf("> % X", command(opMulti, pauses...)))
		c.expect(ok("2F"))
	}
	c.expect(m23 + m23)
	c.expect(m19, tag19)
	c.expect(m23+m23, "device trouble")
}

// A tag that comes in place of the lost answer to the start shows that it reads.
func TestStartedWithoutAnswer(t *testing.T) {
	c := conversation(t, nil)
	c.expect("open", stops)
	c.expect(m25+application+m13+withCRC("FF 00 72 01 01")+ok("93")+ok("97")+ok("91")+ok("92")+ok("9B")+ok("9A"), append(slices.Clone(versionFacts), sayProgram, sayVersion, say(c.d, "temperature"), sayProtocol, sayEU3, sayAntenna, sayPower, say(c.d, "session"), sayFilter, sayStart)...)
	c.expect(m18, tag18)
	c.expect(m25, stops, "unexpected frame")
	c.expect(m18, tag18) // heard just before it stopped
}
