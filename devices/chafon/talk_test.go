package chafon

import (
	"testing"

	"scanpost/devices/wire"
)

// command puts length and CRC around what the decoder asks any reader.
func command(t testing.TB, text string) string {
	b := bytesOf(t, "FF"+text)
	b = append([]byte{byte(len(b) + 2)}, b...)
	c := crc(b)
	var s []byte
	for i, one := range append(b, byte(c), byte(c>>8)) {
		if i > 0 {
			s = append(s, ' ')
		}
		const digits = "0123456789ABCDEF"
		s = append(s, digits[one>>4], digits[one&15])
	}
	return "> " + string(s)
}

var introduction = []string{"firmware = 0.22", "model = UHFReader288", "region = eu 865.10 to 867.90 MHz", "power = 30 dBm"}

// started is a reader of two antennas whose first inventory is under way.
func started(t *testing.T, change func(*Options)) *Decoder {
	t.Helper()
	d := decoder(t, func(o *Options) {
		o.Antennas = []int{1, 2}
		if change != nil {
			change(o)
		}
	})
	compare(t, "open", open(d), command(t, "21"))
	compare(t, "who it is", say(t, d, sheet["C3"]), append(introduction, command(t, "77"))...)
	compare(t, "mode", say(t, d, framed(t, "00 77 00 00")), "mode = answer", command(t, "4C"))
	compare(t, "serial", say(t, d, framed(t, "00 4C 00 17 02 03 04")), "serial = 17020304", command(t, "01 04 00 00 80 05"))
	return d
}

// A reader that is as it should be is told nothing but inventories, in which its
// antennas take turns.
func TestAnswerMode(t *testing.T) {
	d := started(t, nil)
	compare(t, "a tag", say(t, d, sheet["C7"]), "3039606303C74380001A0559 ant 1 40")
	compare(t, "the end", say(t, d, sheet["C11"]), command(t, "01 04 00 00 81 05"))
	compare(t, "no tag", say(t, d, sheet["C12"]), command(t, "01 04 00 00 80 05"))
	compare(t, "the time is over", say(t, d, framed(t, "00 01 02 01 01 04 31 54 F4 E4 4A")), "3154F4E4 ant 1 4A", command(t, "01 04 00 00 81 05"))
	d = decoder(t, old)
	open(d)
	compare(t, "form 18 has no modes", say(t, d, framed(t, "00 21 00 00 16 09 03 4E 00 1E 0A")), "firmware = 0.22", "model = UHFReader18", introduction[2], introduction[3], command(t, "4C"))
	compare(t, "it has no serial number", say(t, d, sheet["C13"]), command(t, "01"))
	compare(t, "several frames", say(t, d, sheet["C5"]+framed(t, "00 01 01 00")), "000000000000000000000313 ant 0", command(t, "01"))
}

// Without a region nothing is sent at all, and that is said once.
func TestNoRegion(t *testing.T) {
	d := decoder(t, func(o *Options) { o.Region = "" })
	compare(t, "open", open(d), `no region is set, so the reader is not started (give the device options = { region = "eu" }, or another of eu, us, china920, china840, korea, as the law of the place has it): does not start`)
	for range 50 {
		compare(t, "silence", silence(d))
	}
	compare(t, "what it pushes all the same is read", say(t, d, sheet["C16"]), "3154F4E4E4CE0A6A14000000 ant 3 4A")
}

// A reader that was left in another mode is brought into the right one, before
// anything that it would not take there; and only what differs is written.
func TestModes(t *testing.T) {
	at := func(change func(*Options), mode string) []string {
		d := decoder(t, change)
		open(d)
		say(t, d, sheet["C3"])
		got := say(t, d, framed(t, "00 77 00 "+mode))
		for len(got) > 0 && d.talk.phase == setting {
			last := got[len(got)-1]
			got = append(got, say(t, d, framed(t, "00 "+last[8:10]+" 00"))...)
		}
		return got[1:]
	}
	push := func(o *Options) { o.Mode = "realtime" }
	compare(t, "it pushes and should answer", at(nil, "01"), command(t, "76 00"), command(t, "4C"), command(t, "01 04 00 00 80 05"))
	compare(t, "it pushes and should", at(push, "01"))
	compare(t, "it answers and should push", at(push, "00"), command(t, "4C"), command(t, "76 01"))
	compare(t, "it waits for its trigger and should push", at(push, "02"), command(t, "76 01"))
	compare(t, "it pushes, in the wrong region and with the wrong power", at(func(o *Options) { o.Mode, o.Region, o.Power = "realtime", "us", 26 }, "01"),
		command(t, "76 00"), command(t, "22 31 80"), command(t, "2F 1A"), command(t, "4C"), command(t, "76 01"))
	compare(t, "other channels", at(func(o *Options) { o.Channels = []int{3, 11} }, "00"), command(t, "22 4B 03"), command(t, "4C"), command(t, "01 04 00 00 80 05"))
}

// A reader that pushes is asked now and then whether it is there; a heartbeat,
// a tag and an answer all say so. One that does not is set up anew.
func TestRealtime(t *testing.T) {
	d := decoder(t, func(o *Options) { o.Mode, o.Patience, o.Restore = "realtime", 2, true })
	open(d)
	say(t, d, sheet["C3"]+framed(t, "00 77 00 01"))
	compare(t, "a tag", say(t, d, sheet["C16"]), "3154F4E4E4CE0A6A14000000 ant 3 4A")
	compare(t, "quiet", silence(d))
	compare(t, "asked", silence(d), command(t, "77"))
	compare(t, "it is", say(t, d, framed(t, "00 77 00 01")))
	compare(t, "quiet", silence(d))
	compare(t, "a heartbeat", say(t, d, sheet["C17"]), "antennas = 01 00 00 00")
	compare(t, "another says nothing new", say(t, d, sheet["C17"]))
	for range tries {
		compare(t, "quiet", silence(d))
		compare(t, "asked", silence(d), command(t, "77"))
	}
	silence(d)
	compare(t, "gone", silence(d), "the reader has gone silent, and is set up anew: does not start", command(t, "21"), "restarted")
	say(t, d, sheet["C3"]+framed(t, "00 77 00 01"))
	silence(d)
	silence(d)
	compare(t, "somebody has switched it", say(t, d, framed(t, "00 77 00 00")), command(t, "21"), "restarted")
	var out wire.Output
	d.Close(&out)
	compare(t, "it is left in mode answer", told(&out), command(t, "76 00"))
}

// A reader that begins to push although it is asked each time has been switched
// by somebody: its tags are read, and it is set up again.
func TestSwitched(t *testing.T) {
	d := started(t, nil)
	compare(t, "a push", say(t, d, sheet["C16"]+sheet["C16"]), "3154F4E4E4CE0A6A14000000 ant 3 4A", "3154F4E4E4CE0A6A14000000 ant 3 4A", command(t, "21"), "restarted")
}

// A fast inventory is stopped before it is begun and when we go, and begun anew
// after a long silence.
func TestFast(t *testing.T) {
	d := decoder(t, func(o *Options) { o.Mode, o.Patience = "fast", 2 })
	compare(t, "open", open(d), command(t, "51"))
	compare(t, "it runs still", say(t, d, sheet["C16"]), "3154F4E4E4CE0A6A14000000 ant 3 4A")
	compare(t, "stopped", say(t, d, framed(t, "00 51 00")), command(t, "21"))
	say(t, d, sheet["C3"]+framed(t, "00 77 00 00"))
	compare(t, "begun", say(t, d, framed(t, "00 4C 00 01")), "serial = 01", command(t, "50 00"))
	compare(t, "on", say(t, d, framed(t, "00 50 00")+sheet["C16"]), "3154F4E4E4CE0A6A14000000 ant 3 4A")
	silence(d)
	compare(t, "quiet for long", silence(d), command(t, "51"))
}

// Troubles are named, and the reader is set up again, at once or much later.
func TestTroubles(t *testing.T) {
	d := started(t, func(o *Options) { o.Patience = 2 })
	silence(d)
	compare(t, "no end", silence(d), "the end of an inventory is missing, so the reader is set up again: part missing", command(t, "21"), "restarted")

	d = started(t, nil)
	failing := framed(t, "00 01 F8")
	compare(t, "antenna 1", say(t, d, failing), "antenna 1 = missing", "antenna 1 fails (is its cable in? if there is none, take it out of option antennas): device trouble", command(t, "01 04 00 00 81 05"))
	compare(t, "antenna 2", say(t, d, failing), "antenna 2 = missing", "antenna 2 fails (is its cable in? if there is none, take it out of option antennas): device trouble")
	for range 4 {
		compare(t, "a pause", silence(d))
	}
	compare(t, "1 again", silence(d), command(t, "01 04 00 00 80 05"))
	compare(t, "is back", say(t, d, sheet["C12"]), "antenna 1 = ok", command(t, "01 04 00 00 81 05"))

	compare(t, "a damaged command", say(t, d, sheet["C13"]), "the reader does not take an inventory: no such command, or it came damaged (FE): does not start")
	for range 4 {
		silence(d)
	}
	compare(t, "set up again soon", silence(d), command(t, "21"))
	compare(t, "another model", say(t, d, framed(t, "00 21 00 00 16 09 03 4E 00 1E 0A")), "model = UHFReader18",
		"the reader does not start, who it is: it is a UHFReader18, whose tags are of form 18, and option form says 288: does not start")
	for range again - 1 {
		compare(t, "left alone", silence(d))
	}
	compare(t, "asked again much later", silence(d), command(t, "21"))

	d = decoder(t, nil)
	open(d)
	for range tries - 1 {
		silence(d)
		silence(d)
		compare(t, "once more", silence(d), command(t, "21"))
	}
	silence(d)
	silence(d)
	compare(t, "nobody answers", silence(d), "the reader does not answer who it is (has it power, are TX and RX the right way round, is its speed 57600?): does not start", command(t, "21"))
	compare(t, "what nobody asked", say(t, d, framed(t, "00 0F 00")), "answer to 0F, which nobody asked: ok (00): unexpected frame")
	one := decoder(t, func(o *Options) { o.Address = 3 })
	compare(t, "another reader", say(t, one, sheet["C11"]), "frame of reader 0, this one is 3: unexpected frame")
}
