package a0

import (
	"fmt"
	"testing"
)

// What readers answer.
const (
	firmware  = "A0 05 01 72 01 09 DE"
	serial    = "A0 0F 01 68 52 37 FF FF FF FF FF FF FF FF FF FF 69"
	inEurope  = "A0 06 01 79 02 00 06 D8"
	inChina   = "A0 06 01 79 03 2B 35 7D"
	regionSet = "A0 04 01 78 10 D3"
	powerSet  = "A0 04 01 66 10 E5"
	warm      = "A0 05 01 7B 01 26 B8"
	chosen    = "A0 04 01 74 10 D7"
	ended     = "A0 0A 01 89 00 00 11 00 00 00 05 B6"
)

// What the decoder asks.
const (
	whichFirmware = "> A0 03 01 72 EA"
	whoAreYou     = "> A0 03 01 68 F4"
	whichRegion   = "> A0 03 01 79 E3"
	howWarm       = "> A0 03 01 7B E1"
	antenna1      = "> A0 04 01 74 00 E7"
	antenna2      = "> A0 04 01 74 01 E6"
	round         = "> A0 04 01 89 01 D1"
)

// started is a decoder with two antennas whose first round is under way.
func started(t *testing.T, change func(*Options), also ...string) *Decoder {
	t.Helper()
	d := decoder(t, func(o *Options) {
		o.Antennas = []int{1, 2}
		if change != nil {
			change(o)
		}
	})
	compare(t, "open", open(d), whichFirmware)
	compare(t, "firmware", say(t, d, firmware), "firmware = 1.9", whoAreYou)
	compare(t, "serial", say(t, d, serial), "serial = R7", whichRegion)
	say(t, d, inEurope)
	for _, answer := range also {
		say(t, d, answer)
	}
	compare(t, "temperature", say(t, d, warm), "temperature = 38 °C", antenna1)
	compare(t, "antenna", say(t, d, chosen), round)
	return d
}

// The reader is asked who it is and where it radiates, and then its antennas
// take turns, round after round.
func TestConversation(t *testing.T) {
	d := started(t, nil)
	compare(t, "tag", say(t, d, sheet["A8"]), "E200301666130121155074EF ant 1 pc 3000 -60 dBm")
	compare(t, "end", say(t, d, ended), antenna2)
	compare(t, "antenna 2", say(t, d, chosen), round)
	compare(t, "end", say(t, d, ended), antenna1)
	var one = decoder(t, nil)
	one.plan.steps = one.plan.steps[:1]
	open(one)
	compare(t, "one antenna", say(t, one, firmware), "firmware = 1.9", antenna1)
	compare(t, "is chosen once", say(t, one, chosen+ended+ended), round, round, round)
}

// Without a region nothing is sent at all, and that is said once.
func TestNoRegion(t *testing.T) {
	d := decoder(t, func(o *Options) { o.Region = "" })
	compare(t, "open", open(d), `no region is set, so the reader is not started (give the device options = { region = "etsi" }, or another of etsi, fcc, china, user, as the law of the place has it): does not start`)
	for range 50 {
		compare(t, "silence", silence(d))
	}
	compare(t, "what it says all the same is read", say(t, d, sheet["A8"]+ended), "E200301666130121155074EF ant 1 pc 3000 -60 dBm")
}

// The region is in flash: it is written only where it is another one, and a
// reader that does not take it is not started.
func TestRegion(t *testing.T) {
	at := func(change func(*Options)) *Decoder {
		d := decoder(t, change)
		open(d)
		say(t, d, firmware+serial)
		return d
	}
	d := at(func(o *Options) { o.From, o.To, o.Power = 865.5, 867.5, 27 })
	compare(t, "the band is another one", say(t, d, inEurope), "region = etsi 865 to 868 MHz", "> A0 06 01 78 02 01 05 D9")
	compare(t, "taken", say(t, d, regionSet), "> A0 04 01 66 1B DA")
	compare(t, "power", say(t, d, powerSet), howWarm)
	d = at(nil)
	compare(t, "the region is another one", say(t, d, inChina), "region = china 920 to 925 MHz", "> A0 06 01 78 02 00 06 D9")
	compare(t, "refused", say(t, d, "A0 04 01 78 49 9A"), "the reader does not start, region etsi: it has no such region (49): does not start")
	for range again - 1 {
		compare(t, "it is left alone", silence(d))
	}
	compare(t, "and asked again much later", silence(d), whichFirmware)
	d = at(func(o *Options) { o.Region = "user" })
	compare(t, "not the user's own", say(t, d, inEurope), "region = etsi 865 to 868 MHz",
		"the reader does not start, which region it is set to: it is set to region etsi, and option region says that it is set to the user's own (store one with the maker's program): does not start")
	d = at(func(o *Options) { o.Region = "user" })
	compare(t, "the user's own", say(t, d, "A0 09 01 79 04 32 0A 0D 32 E8 76"), "region = user", howWarm)
}

// A reader that does not answer is named once and asked on; what it need not
// answer it is let off.
func TestUnanswered(t *testing.T) {
	d := decoder(t, nil)
	open(d)
	compare(t, "again", silence(d), whichFirmware)
	compare(t, "again", silence(d), whichFirmware)
	compare(t, "named", silence(d),
		"the reader does not say which firmware it has (has it power, are TX and RX the right way round, is its speed 115200 or 38400?): does not start", whichFirmware)
	for range 10 {
		compare(t, "asked on", silence(d), whichFirmware)
	}
	say(t, d, firmware)
	silence(d)
	silence(d)
	compare(t, "it has no identifier", silence(d), whichRegion)
}

// A reader whose end does not come is set up again, and goes on. (Stream test 4
// of the fact sheet.)
func TestWatchdog(t *testing.T) {
	d := started(t, nil)
	compare(t, "tag", say(t, d, sheet["A15"]), "11223344556677889900AABB ant 1 pc 3400 -33 dBm")
	compare(t, "first silence", silence(d))
	compare(t, "second", silence(d), lostEnd, whichFirmware, "restarted")
	compare(t, "it is there", say(t, d, firmware+serial+inEurope+warm+chosen), "firmware = 1.9", "serial = R7", "region = etsi 865 to 868 MHz", "temperature = 38 °C",
		whoAreYou, whichRegion, howWarm, antenna1, round)
	silence(d)
	compare(t, "a late tag is liveness", say(t, d, sheet["A8"]), "E200301666130121155074EF ant 1 pc 3000 -60 dBm")
	compare(t, "so it has its patience back", silence(d))
	compare(t, "and goes on with the end", say(t, d, ended), antenna2)
	d = decoder(t, func(o *Options) { o.Command, o.Session = "session", 1 })
	open(d)
	say(t, d, firmware+serial+inEurope+warm+chosen)
	compare(t, "session: tag, end, the next round", say(t, d, sheet["A13"]+sheet["A14"]), "3009663781DB02974876FC6A ant 1 pc 3000 -26 dBm", "> A0 06 01 8B 01 00 01 CC")
}

const lostEnd = "the end of a round is missing, so the reader is set up again: part missing"

// An antenna that is missing is told once, the others go on, and one that is
// back is told too. With none left, the reader is not asked as fast as it refuses.
func TestMissingAntennas(t *testing.T) {
	const refuses = "A0 04 01 89 22 B0"
	missing := func(n int) []string {
		return []string{fmt.Sprintf("antenna %d = missing", n), fmt.Sprintf("antenna %d is missing (is its cable in? if there is none, take it out of option antennas): device trouble", n)}
	}
	d := started(t, nil)
	compare(t, "1", say(t, d, refuses), append(missing(1), antenna2)...)
	compare(t, "2", say(t, d, chosen+refuses), append(missing(2), round)...)
	compare(t, "a pause, then 1 again", silence(d), antenna1)
	compare(t, "nothing new", say(t, d, chosen+refuses+chosen), round, antenna2, round)
	compare(t, "2 is back", say(t, d, "A0 0A 01 89 01 00 00 00 00 00 00 CB"), "antenna 2 = ok", antenna1)
	d = decoder(t, func(o *Options) { o.Command, o.Antennas = "fast", []int{1, 3} })
	open(d)
	compare(t, "a fast switch goes on with the others", say(t, d, firmware+serial+inEurope+warm+sheet["A19"]+sheet["A18"])[4:],
		"antenna 3 = missing", missing(3)[1], whoAreYou, whichRegion, howWarm, "> A0 0D 01 8A 00 01 02 01 FF 01 FF 01 00 01 C3", "> A0 0D 01 8A 00 01 02 01 FF 01 FF 01 00 01 C3")
}

// A reset is set up anew; a value that it does not take stops it; no tag is an
// end like any other; what nobody asked is named.
func TestErrors(t *testing.T) {
	d := started(t, nil)
	compare(t, "reset", say(t, d, "A0 04 01 89 20 B2"), "the reader was reset (does its supply hold at full power?), and is set up anew: device trouble", whichFirmware, "restarted")
	d = started(t, nil)
	compare(t, "no tag", say(t, d, "A0 04 01 89 36 9C"), antenna2)
	compare(t, "there is no antenna 2", say(t, d, "A0 04 01 74 47 A0"), "the reader does not take 74: it has no such antenna (47): does not start")
	for range again - 1 {
		compare(t, "it is left alone", silence(d))
	}
	compare(t, "and set up anew", silence(d), whichFirmware)
	d = started(t, nil)
	compare(t, "the chip", say(t, d, "A0 04 01 89 53 7F"), "the reader reports its radio chip does not answer (53): device trouble", antenna2)
	compare(t, "a stranger", say(t, d, "A0 04 01 81 10 CA"+"A0 04 02 72 10 D8"), "answer to 81, which nobody asked: unexpected frame", "frame of reader 2, this one is 1: unexpected frame")
	compare(t, "no known answer", say(t, d, "A0 06 01 89 00 00 00 D0"), "answer to 89 of 3 bytes, which is neither tag nor end nor error: unexpected frame")
}

// With option rest the reader cools down between rounds. Now and then it is
// looked at again, since a reset may go unseen.
func TestRest(t *testing.T) {
	d := started(t, func(o *Options) { o.Rest = 2 })
	compare(t, "end", say(t, d, ended))
	compare(t, "rest", silence(d))
	compare(t, "next", silence(d), antenna2)
	d = started(t, func(o *Options) { o.Power = 27 }, powerSet)
	for range recheck - 1 {
		say(t, d, ended+chosen)
	}
	compare(t, "region?", say(t, d, ended), whichRegion)
	compare(t, "power", say(t, d, inEurope), "region = etsi 865 to 868 MHz", "> A0 04 01 66 1B DA")
	compare(t, "temperature", say(t, d, powerSet), howWarm)
	compare(t, "colder", say(t, d, "A0 05 01 7B 00 05 DA"), "temperature = -5 °C", antenna1)
}
