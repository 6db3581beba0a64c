package cfprime

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

// command is what is sent: the low byte of a command, and its data.
func command(t testing.TB, text string) string {
	b := bytesOf(t, text)
	f := append([]byte{header, anyone, 0, b[0], byte(len(b) - 1)}, b[1:]...)
	c := crc(f)
	return fmt.Sprintf("> % X", append(f, byte(c>>8), byte(c)))
}

const startIt = "01 00 00 00 00 00"

// settingsOf are those of sheet, with another place to radiate and another power.
func settingsOf(t testing.TB, place, power string) string {
	s := strings.Replace(sheet["settings"], "01 03 86 02 EE 01 F4 31 21", place+" "+power, 1)
	return framed(t, "72"+strings.Join(strings.Fields(s)[5:31], ""))
}

// introduction is 152 bytes: versions and numbers of a reader and its module.
func introduction(t testing.TB) string {
	var b []byte
	for _, f := range []struct {
		text string
		size int
	}{{"CF600 V1", 32}, {"FW 2.11", 32}, {"A1B2C3", 12}, {"M 1.0", 32}, {"E710", 32}, {"\x01\x02\x03", 12}} {
		b = append(b, append([]byte(f.text), make([]byte, f.size-len(f.text))...)...)
	}
	return framed(t, fmt.Sprintf("70 00 %X", b))
}

var isSet = []string{"band = 902.750 to 926.750 MHz", "mode = active", "power = 33 dBm", "antennas = 1", "session = S0", "q = 4", "filter = 0 s"}

// A reader is stopped, asked who and how it is, and started; the block of its
// settings is never written.
func TestSetUp(t *testing.T) {
	d := decoder(t, nil)
	compare(t, "open", open(d), command(t, "02"))
	compare(t, "stopped", say(t, d, sheet["P2"]), command(t, "70"))
	compare(t, "who it is", say(t, d, introduction(t)), "hardware = CF600 V1", "firmware = FW 2.11", "serial = A1B2C3", "module version = M 1.0", "module = E710", "module serial = 010203", command(t, "72"))
	compare(t, "how it is", say(t, d, sheet["settings"]), append(slices.Clone(isSet), command(t, startIt))...)
	compare(t, "it reads", say(t, d, sheet["no tag"]+sheet["-32 dBm"]), first)
	var out wire.Output
	d.Close(&out)
	compare(t, "it is stopped", told(&out), command(t, "02"))

	d = decoder(t, func(o *Options) { o.Power = 26 })
	open(d)
	say(t, d, sheet["P2"])
	say(t, d, introduction(t))
	compare(t, "another power", say(t, d, sheet["settings"]), append(slices.Clone(isSet), command(t, "53 1A 00"))...)
	compare(t, "taken", say(t, d, sheet["power taken"]), command(t, startIt))
}

// A reader that radiates elsewhere is not started; one within the bounds of its
// region is, whichever channels it uses there.
func TestRegion(t *testing.T) {
	for _, c := range []struct {
		name, region, place string
		starts              bool
	}{
		{"all of Europe", "eu", "03 03 61 00 64 00 C8 0F", true},
		{"a part of it", "eu", "03 03 61 02 BC 02 58 04", true},
		{"one channel", "eu", "03 03 61 02 BC 02 58 01", true},
		{"beyond its end", "eu", "03 03 61 00 64 00 C8 10", false},
		{"before its beginning", "eu", "03 03 61 00 00 00 C8 05", false},
		{"the US in Europe", "eu", "01 03 86 02 EE 01 F4 31", false},
		{"all of the US, as others set it", "us", "01 03 86 02 EE 01 F4 32", true},
		{"Europe in the US", "us", "03 03 61 00 64 00 C8 0F", false},
		{"Korea", "korea", "02 03 95 00 64 00 C8 20", true},
		{"China", "china", "08 03 98 00 7D 00 FA 14", true},
	} {
		d := decoder(t, func(o *Options) { o.Region = c.region })
		open(d)
		say(t, d, sheet["P2"])
		say(t, d, introduction(t))
		got := say(t, d, settingsOf(t, c.place, "1E"))
		last := got[len(got)-1]
		if started := last == command(t, startIt); started != c.starts || !c.starts && !strings.Contains(last, "region "+c.region+" is "+regions[c.region].String()+" (set it with the maker's program): does not start") {
			t.Errorf("%s: %q", c.name, got)
		}
	}
	d := decoder(t, func(o *Options) { o.Region = "" })
	compare(t, "none", open(d), `no region is set, so the reader is not started (give the device options = { region = "eu" }, or another of china, eu, korea, us, as the law of the place has it): does not start`)
	for range 50 {
		compare(t, "silence", silence(d))
	}
	compare(t, "what it pushes all the same is read", say(t, d, sheet["-52 dBm"]), second)
	var out wire.Output
	d.Close(&out)
	compare(t, "close", told(&out))
}

// started is a decoder whose reader reads.
func started(t testing.TB, change func(*Options)) *Decoder {
	t.Helper()
	d := decoder(t, change)
	open(d)
	say(t, d, sheet["P2"])
	say(t, d, introduction(t))
	say(t, d, sheet["settings"])
	if d.talk.phase != reading {
		t.Fatalf("it does not read: %+v", d.talk)
	}
	return d
}

// "No tag" shows that a reader lives; one that says nothing at all is started
// once more, and then set up anew. An error ends an inventory, and is named.
func TestLiveness(t *testing.T) {
	d := started(t, func(o *Options) { o.Patience = 2 })
	for range 3 * tries {
		compare(t, "quiet", silence(d))
		compare(t, "it lives", say(t, d, sheet["no tag"]))
	}
	for range tries - 1 {
		compare(t, "quiet", silence(d))
		compare(t, "started once more", silence(d), command(t, startIt))
	}
	silence(d)
	compare(t, "gone", silence(d), "the reader has gone silent, and is set up anew: does not start", command(t, "02"), "restarted")

	d = started(t, nil)
	compare(t, "an error", say(t, d, framed(t, "01 02")), "the reader does not go on reading, and is set up again: it could not be done (02): device trouble", "restarted")
	for range soon - 1 {
		compare(t, "left alone", silence(d))
	}
	compare(t, "set up again", silence(d), command(t, "02"))
	compare(t, "an error of before", say(t, d, framed(t, "01 02")))
}

// Troubles of the set-up are named, and it is tried again, at once or much later;
// a lost answer is noticed also where the reader is never quiet.
func TestTroubles(t *testing.T) {
	d := decoder(t, nil)
	open(d)
	for _, c := range []string{"02", "70", "72"} {
		for range tries - 1 {
			silence(d)
			silence(d)
			compare(t, "once more", silence(d), command(t, c))
		}
		silence(d)
		silence(d)
		got := silence(d)
		switch c {
		case "02":
			compare(t, "it need not stop", got, command(t, "70"))
		case "70":
			compare(t, "nor say who it is", got, command(t, "72"))
		default:
			compare(t, "but how it is", got, "the reader does not answer how it is set (has it power, are TX and RX the right way round, is its speed 115200?): does not start", command(t, "02"))
		}
	}
	say(t, d, sheet["P2"])
	say(t, d, framed(t, "70 01"))
	compare(t, "half an answer", say(t, d, framed(t, "72 00 00")), "the reader does not start, how it is set: its answer is too short: does not start")
	for range again - 1 {
		compare(t, "left alone", silence(d))
	}
	compare(t, "asked again much later", silence(d), command(t, "02"))

	d = decoder(t, func(o *Options) { o.Power = 1 })
	open(d)
	say(t, d, sheet["P2"])
	say(t, d, introduction(t))
	say(t, d, sheet["settings"])
	compare(t, "no such power", say(t, d, framed(t, "53 01")), "the reader does not start, power 1 dBm: a wrong value (01): does not start")

	d = decoder(t, nil)
	open(d)
	for range flood - 1 {
		compare(t, "it reads on", say(t, d, sheet["-52 dBm"]), second)
	}
	compare(t, "too many without an answer", say(t, d, sheet["-52 dBm"]), second, command(t, "02"))
}
