package swct

import (
	"slices"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

// command is what is sent: a command and its data, as the fact sheet writes them.
func command(t testing.TB, text string) string {
	b := bytesOf(t, text)
	f := append([]byte{'S', 'W', 0, byte(2 + len(b)), 0xFF}, b...)
	s := byte(0)
	for _, one := range f {
		s -= one
	}
	return strings.TrimSpace(told(&wire.Output{Replies: [][]byte{append(f, s)}})[0])
}

// inOrder is a reader that is set as it should be, and what it says to each step.
var inOrder = []string{"43 54 00 04 00 40 01 24", "43 54 00 0D 00 10 01 14 11 C3 DD 93 8E 17 01 23 2A", "00 3E 01 4E 00", "00 23 01 02 01", "00 23 01 05 1E", "00 23 01 04 00", "43 54 00 06 00 E1 01 FF F2 90"}

func hears(t testing.TB, d *Decoder, text string) []string {
	if !strings.HasPrefix(text, "43 54") {
		text = framed(t, text)
	}
	return say(t, d, text)
}

// A reader is stopped, asked who and how it is, and started; nothing is written
// that is so already.
func TestSetUp(t *testing.T) {
	d := decoder(t, nil)
	compare(t, "open", open(d), command(t, "40"))
	for i, want := range [][]string{
		{command(t, "10")},
		{"firmware = 1.4", "hardware = 1.1", "serial = C3DD938E170123", command(t, "3E")},
		{"band = 865.1 to 867.9 MHz", command(t, "23 02")},
		{"mode = active", command(t, "23 05")},
		{"power = 30 dBm", command(t, "23 04")},
		{"filter = 0 s", command(t, "E1")},
		{"antennas = 2 5 6 7 8 9 10 11 12 13 14 15 16", command(t, "41")},
	} {
		compare(t, inOrder[i], hears(t, d, inOrder[i]), want...)
	}
	compare(t, "it reads", hears(t, d, "43 54 00 04 00 41 01 23"))
	compare(t, "tags", say(t, d, sheet["S3"]), append(slices.Clone(two), serial)...)
	var out wire.Output
	d.Close(&out)
	compare(t, "it is stopped", told(&out), command(t, "40"))
}

// started is a decoder whose reader reads.
func started(t testing.TB, change func(*Options)) *Decoder {
	t.Helper()
	d := decoder(t, change)
	open(d)
	for _, text := range inOrder {
		if d.o.Mode == "answer" && text == "00 23 01 02 01" {
			text = "00 23 01 02 00"
		}
		hears(t, d, text)
	}
	if d.o.Mode == "active" {
		hears(t, d, "00 41 01")
	}
	if d.talk.phase != reading && d.talk.phase != active {
		t.Fatalf("it does not read: %+v", d.talk)
	}
	return d
}

// What is not as it should be is written, and once.
func TestDrift(t *testing.T) {
	d := decoder(t, func(o *Options) { o.Region, o.Power, o.Filter = "us", 20, 0 })
	open(d)
	hears(t, d, inOrder[0])
	hears(t, d, inOrder[1])
	compare(t, "another region", say(t, d, sheet["in Korea"]), "band = 917.25 to 923.25 MHz", command(t, "3F 31 80"))
	compare(t, "taken", hears(t, d, "00 3F 01"), command(t, "23 02"))
	compare(t, "another mode", hears(t, d, "00 23 01 02 02"), "mode = trigger", command(t, "24 02 01"))
	compare(t, "taken", say(t, d, sheet["S2"]), command(t, "23 05"))
	compare(t, "a late answer about the mode", hears(t, d, "00 23 01 02 02"))
	compare(t, "another power", say(t, d, sheet["30 dBm"]), "power = 30 dBm", command(t, "24 05 14"))
	compare(t, "taken", say(t, d, sheet["S2"]), command(t, "23 04"))
	compare(t, "another filter", hears(t, d, "00 23 01 04 03"), "filter = 3 s", command(t, "24 04 00"))
}

// In mode answer one inventory follows the other, with a rest if it is wished.
func TestAnswer(t *testing.T) {
	d := started(t, asked)
	compare(t, "tags", say(t, d, sheet["three tags"]), append(slices.Clone(three), command(t, "01"))...)
	compare(t, "none", say(t, d, sheet["no tag"]), command(t, "01"))
	for range doubt - 2 {
		compare(t, "none", say(t, d, sheet["no tag"]), command(t, "01"))
	}
	compare(t, "none for long: is it in this mode?", say(t, d, sheet["no tag"]), command(t, "23 02"))
	compare(t, "it is", hears(t, d, "00 23 01 02 00"), command(t, "01"))
	compare(t, "tags", say(t, d, sheet["three tags"]), append(slices.Clone(three), command(t, "01"))...)
	d = started(t, func(o *Options) { o.Mode, o.Rest = "answer", 2 })
	compare(t, "none", say(t, d, sheet["no tag"]))
	compare(t, "rest", silence(d))
	compare(t, "on", silence(d), command(t, "01"))
	compare(t, "it pushes: somebody has switched it", say(t, d, sheet["S3"]), append(slices.Clone(two), serial, command(t, "40"), "restarted")...)
	var out wire.Output
	d.Close(&out)
	compare(t, "it need not be stopped", told(&out))
}

// Without a region nothing is sent at all, and that is said once.
func TestNoRegion(t *testing.T) {
	d := decoder(t, func(o *Options) { o.Region = "" })
	compare(t, "open", open(d), `no region is set, so the reader is not started (give the device options = { region = "eu" }, or another of eu, us, brazil, china, japan, korea, taiwan, as the law of the place has it): does not start`)
	for range 50 {
		compare(t, "silence", silence(d))
	}
	compare(t, "what it pushes all the same is read", say(t, d, sheet["S3"]), append(slices.Clone(two), serial)...)
	var out wire.Output
	d.Close(&out)
	compare(t, "close", told(&out))
}

// A reader that has nothing to tell is started once more now and then; one that
// does not answer that is set up anew.
func TestLiveness(t *testing.T) {
	d := started(t, func(o *Options) { o.Patience = 2 })
	for range 3 * tries {
		compare(t, "quiet", silence(d))
		compare(t, "asked", silence(d), command(t, "41"))
		compare(t, "it lives", say(t, d, sheet["started"]))
	}
	compare(t, "its heartbeat", say(t, d, sheet["it lives"]))
	for range tries {
		compare(t, "quiet", silence(d))
		compare(t, "asked", silence(d), command(t, "41"))
	}
	silence(d)
	compare(t, "gone", silence(d), "the reader has gone silent, and is set up anew: does not start", command(t, "40"), "restarted")
	d = started(t, nil)
	compare(t, "it does not start: its mode is another", hears(t, d, "00 41 00"), command(t, "40"), "restarted")
	d = started(t, func(o *Options) { o.Mode, o.Patience = "answer", 2 })
	silence(d)
	compare(t, "an answer is lost", silence(d), "the answer to an inventory is missing, so the reader is set up again: part missing", command(t, "40"), "restarted")
}

// A reader that pushes all the time is never quiet, and a lost answer is noticed
// all the same.
func TestFlood(t *testing.T) {
	d := decoder(t, nil)
	open(d)
	say(t, d, sheet["S3"])
	for range flood - 2 {
		compare(t, "a push", say(t, d, sheet["S3"]), two...)
	}
	compare(t, "too many without an answer", say(t, d, sheet["S3"]), append(slices.Clone(two), command(t, "40"))...)
}

// Troubles of the set-up are named, and it is tried again, at once or much later.
func TestTroubles(t *testing.T) {
	d := decoder(t, nil)
	open(d)
	for range tries - 1 {
		silence(d)
		silence(d)
		compare(t, "once more", silence(d), command(t, "40"))
	}
	silence(d)
	silence(d)
	compare(t, "it need not stop", silence(d), command(t, "10"))
	for range tries - 1 {
		silence(d)
		silence(d)
		compare(t, "once more", silence(d), command(t, "10"))
	}
	silence(d)
	silence(d)
	compare(t, "nobody answers", silence(d), "the reader does not answer who it is (has it power, are TX and RX the right way round, is its speed 115200?): does not start", command(t, "40"))

	d = decoder(t, func(o *Options) { o.Power = 33 })
	open(d)
	for _, text := range inOrder[:5] {
		hears(t, d, text)
	}
	compare(t, "too high", hears(t, d, "00 24 00"), "the reader does not start, power 33 dBm: it refuses (status 00): does not start")
	for range again - 1 {
		compare(t, "left alone", silence(d))
	}
	compare(t, "asked again much later", silence(d), command(t, "40"))
	hears(t, d, inOrder[0])
	hears(t, d, inOrder[1])
	compare(t, "half an answer", hears(t, d, "00 3E 01 4E"), "the reader does not start, which region it is in: its answer is too short: does not start")
}
