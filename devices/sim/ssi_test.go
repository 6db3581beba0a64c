package sim

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"scanpost/devices/port"
	"scanpost/devices/ssi"
	"scanpost/devices/wire"
)

// What hosts send, as the fact sheet has it.
const (
	ssiSetUp    = "\x0D\xC6\x04\x00\xFF\xEE\x01\x9F\x01\x2D\x01\xEC\x00\xFB\x81" // S20: packets, ACK/NAK, AIM identifiers, no programming barcodes
	ssiForGood  = "\x07\xC6\x04\x08\xFF\xEE\x01\xFD\x39"                         // S21: packets, permanently
	ssiHostAck  = "\x04\xD0\x04\x00\xFF\x28"
	ssiHostNak  = "\x05\xD1\x04\x00\x01\xFF\x25"
	ssiWhoAreU  = "\x04\xA3\x04\x00\xFF\x55"
	ssiGoodBeep = "\x05\xE6\x04\x00\x01\xFF\x10"
	ssiBadBeep  = "\x05\xE6\x04\x00\x12\xFE\xFF"
)

func hexes(all [][]byte) (lines []string) {
	for _, b := range all {
		lines = append(lines, fmt.Sprintf("% X", b))
	}
	return lines
}

// The scanner says what the vectors of the fact sheet say, byte for byte.
func TestSSIVectors(t *testing.T) {
	packeted := func(s SSISetup) *SSIDevice {
		d := NewSSIDevice(s)
		d.Hear([]byte(ssiSetUp))
		return d
	}
	scan := func(d *SSIDevice, codeType byte, code string) [][]byte {
		send, err := d.Scan(codeType, "", code)
		if err != nil {
			t.Fatal(err)
		}
		for d.Waiting() { // every part of a long code
			send = append(send, d.Hear([]byte(ssiHostAck))...)
		}
		return send
	}
	const ean = "4006381333931"
	for name, c := range map[string]struct {
		got  [][]byte
		want []string
	}{
		"S16": {scan(packeted(SSISetup{}), 0x0B, ean), []string{"12 F3 00 00 0B 34 30 30 36 33 38 31 33 33 33 39 33 31 FC 54"}},
		"S19": {scan(packeted(SSISetup{}), 0x0F, "10LOT7\x1d2112"), []string{"10 F3 00 00 0F 31 30 4C 4F 54 37 1D 32 31 31 32 FC 84"}},
		"S29": {scan(packeted(SSISetup{}), 0x1B, strings.Repeat("A", 300)), []string{
			"FF F3 00 02 1B" + strings.Repeat(" 41", 250) + " BE 77", "37 F3 00 00 1B" + strings.Repeat(" 41", 50) + " F2 09"}},
		"S15": {scan(packeted(SSISetup{Ring: true}), 0x1C, strings.Repeat("Z", 500)), []string{
			"FF 73 02 00 00 F3 00 00 01 F7 1C 01 01 F4" + strings.Repeat(" 5A", 241) + " A6 D5", "FF 73 00 00 01" + strings.Repeat(" 5A", 250) + " A6 A9", "0E 73 00 00 02" + strings.Repeat(" 5A", 9) + " FC 53"}},
		"S27": {NewSSIDevice(SSISetup{Revision: "AABLS00-004-R00 0 0 00"}).Hear([]byte(ssiWhoAreU)), []string{
			"1A A4 00 00 41 41 42 4C 53 30 30 2D 30 30 34 2D 52 30 30 20 30 20 30 20 30 30 FA BF"}},
		"S28 a beep code that there is not": {NewSSIDevice(SSISetup{}).Hear([]byte("\x05\xE6\x04\x00\x7F\xFE\x92")), []string{"05 D1 00 00 06 FF 24"}},
		"S30 a wake-up byte before a beep":  {NewSSIDevice(SSISetup{}).Hear([]byte("\x00" + ssiGoodBeep)), []string{"04 D0 00 00 FF 2C"}},
		"S11 packet size": {NewSSIDevice(SSISetup{Attributes: map[int]string{}}).Hear([]byte("\x0A\x80\x04\x00\x00\x06\x20\x00\xFF\xFF\xFD\x4E")), []string{
			"0C 80 00 00 00 08 20 00 00 F0 00 F0 FD 6C"}},
		"no remote management":                     {NewSSIDevice(SSISetup{}).Hear([]byte("\x0A\x80\x04\x00\x00\x06\x20\x00\xFF\xFF\xFD\x4E")), []string{"05 D1 00 00 02 FF 28"}},
		"a wrong checksum":                         {NewSSIDevice(SSISetup{}).Hear([]byte("\x05\xE6\x04\x00\x12\xFF\xFE")), []string{"05 D1 00 00 01 FF 29"}},
		"an unknown opcode":                        {NewSSIDevice(SSISetup{}).Hear([]byte("\x04\x10\x04\x00\xFF\xE8")), []string{"05 D1 00 00 02 FF 28"}},
		"AT commands of a modem program, then ask": {NewSSIDevice(SSISetup{}).Hear([]byte("AT\r" + ssiGoodBeep)), []string{"04 D0 00 00 FF 2C"}},
	} {
		if got := hexes(c.got); !slices.Equal(got, c.want) {
			t.Errorf("%s:\ngot  %q\nwant %q", name, got, c.want)
		}
	}
}

// From the factory codes are plain text; packets come after parameter EE = 1,
// and are gone with the power unless it was set for good.
func TestSSIParameters(t *testing.T) {
	d := NewSSIDevice(SSISetup{Suffix: "\r\n", Denied: []int{402}})
	read := func() string {
		send, err := d.Scan(0x03, "]C0", "A")
		if err != nil {
			t.Fatal(err)
		}
		d.Hear([]byte(ssiHostAck))
		return string(bytes.Join(send, nil))
	}
	plain, packet := "A\r\n", "\x0B\xF3\x00\x00\x03]C0A\r\n\xFD\xD7"
	for i, step := range []struct {
		do   func()
		want string
	}{
		{func() {}, plain},
		{func() { d.Hear([]byte(ssiSetUp)) }, packet},
		{d.PowerCycle, plain},
		{func() { d.Hear([]byte(ssiForGood)) }, "\x08\xF3\x00\x00\x03A\r\n\xFE\xAA"},
		{d.PowerCycle, "\x08\xF3\x00\x00\x03A\r\n\xFE\xAA"},
		{func() { d.ScanParameter(ssiPackets, 0) }, plain},
	} {
		step.do()
		if got := read(); got != step.want {
			t.Fatalf("step %d: got % X want % X", i, got, step.want)
		}
	}
	d.Hear([]byte(ssiSetUp))
	d.ScanParameter(ssiPackets, 0)
	if s := d.State(); s.Params[ssiPackets] != 1 || !slices.Equal(s.Blocked, []int{ssiPackets}) {
		t.Errorf("a programming barcode was obeyed: %+v", s)
	}
	if got := hexes(d.Hear([]byte("\x08\xC6\x04\x00\xFF\xF0\x92\x02\xFC\xAB"))); !slices.Equal(got, []string{"05 D1 00 00 06 FF 24"}) {
		t.Errorf("a parameter that is denied: %q", got)
	}
	if got := hexes(d.Hear([]byte("\x06\xC7\x04\x00\xEE\x2D\xFE\x14"))); !slices.Equal(got, []string{"09 C6 00 00 FF EE 01 2D 01 FD 15"}) {
		t.Errorf("asked for two parameters: %q", got)
	}
}

// A packet that nobody acknowledges goes out three times, then the scanner
// sounds its error tone and goes on with the next.
func TestSSIRetries(t *testing.T) {
	d := NewSSIDevice(SSISetup{})
	d.Hear([]byte(ssiSetUp))
	first, _ := d.Scan(0x03, "", "A")
	if waits, _ := d.Scan(0x03, "", "B"); waits != nil {
		t.Errorf("sent before the first was acknowledged: %q", hexes(waits))
	}
	got := hexes(first)
	for range 3 {
		got = append(got, hexes(d.Late())...)
	}
	got = append(got, hexes(d.Hear([]byte(ssiHostNak)))...)
	want := []string{"06 F3 00 00 03 41 FE C3", "06 F3 00 01 03 41 FE C2", "06 F3 00 01 03 41 FE C2", "06 F3 00 00 03 42 FE C2", "06 F3 00 01 03 42 FE C1"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q want %q", got, want)
	}
	d.LoseAcks(1)
	d.Hear([]byte(ssiHostAck + ssiHostAck))
	if s := d.State(); !slices.Equal(s.TransmitErrors, []string{"A"}) || !slices.Equal(s.Acked, []string{"B"}) || d.Waiting() {
		t.Errorf("got %+v", s)
	}
	if _, err := d.Scan(0x03, "", "C"); err != nil {
		t.Fatal(err)
	}
	d.PowerCycle()
	if s := d.State(); !slices.Equal(s.Lost, []string{"C"}) {
		t.Errorf("got %+v", s)
	}
}

// The decoder and a scanner that loses, breaks and repeats what it can lose,
// break and repeat: each code that was read is one scan, in its order, however
// it was sent; only those for which the scanner sounded its error tone, or that
// lost their power, may be missing.
func TestSSIConversation(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		setup := SSISetup{Ring: seed%3 == 0, Suffix: []string{"", "\r\n"}[seed%2], Params: map[int]int{ssiPackets: int(seed/2) % 2}}
		scanner := NewSSIDevice(setup)
		options := ssi.Defaults()
		options.End, options.AIMID = []string{"\r\n"}, true
		decoder, err := ssi.New(options)
		if err != nil {
			t.Fatal(err)
		}
		var scans, read []string
		host := func(send [][]byte) {
			for len(send) > 0 {
				var out wire.Output
				for _, b := range send {
					whole := len(b) > 6 && ssiSum(b[:len(b)-2])+binary.BigEndian.Uint16(b[len(b)-2:]) == 0
					pause := whole && r.IntN(4) == 0 // a stall of the radio; one fault for one packet
					for len(b) > 0 {
						n := 1 + r.IntN(len(b))
						decoder.Decode(b[:n], &out)
						if b = b[n:]; pause {
							decoder.Silence(&out)
							pause = false
						}
					}
				}
				decoder.Silence(&out)
				send = nil
				for _, reply := range out.Replies {
					send = append(send, scanner.Hear(reply)...)
				}
				for _, s := range out.Sightings {
					if !s.Again {
						scans = append(scans, s.Code)
					} else if len(scans) == 0 || scans[len(scans)-1] != s.Code {
						t.Fatalf("seed %d: %q is no repeat of the last of %q", seed, s.Code, scans)
					}
					send = append(send, scanner.Hear(s.OnSaved)...)
				}
				if out.Restarted {
					send = append(send, scanner.Hear([]byte(ssiSetUp))...)
				}
			}
		}
		host(scanner.Hear([]byte(ssiSetUp)))
		for i := range 60 {
			switch r.IntN(9) {
			case 0:
				scanner.LoseAcks(1 + r.IntN(2))
			case 1:
				scanner.CorruptNext()
			case 2:
				scanner.CutNext(1 + r.IntN(30))
			case 3:
				host(scanner.Hear([]byte(ssiGoodBeep)))
			case 4:
				if r.IntN(10) == 0 {
					scanner.PowerCycle()
				}
			}
			code := fmt.Sprintf("%d-%s", i, strings.Repeat("x", []int{0, 5, 300, 700}[r.IntN(4)]))
			if scanner.State().Params[ssiPackets] == 0 { // text can not be repeated, so it is left in peace
				scanner.corrupt, scanner.cut = false, 0
				code = code[:min(len(code), 9)]
			}
			read = append(read, code)
			send, err := scanner.Scan(0x03, "]C0", code)
			if err != nil {
				t.Fatal(err)
			}
			host(send)
			for scanner.Waiting() {
				host(scanner.Late())
			}
		}
		state := scanner.State()
		left := slices.DeleteFunc(slices.Clone(read), func(code string) bool {
			return !slices.Contains(scans, code) && (slices.Contains(state.TransmitErrors, code) || slices.Contains(state.Lost, code))
		})
		for i := range max(len(scans), len(left)) {
			if i >= len(scans) || i >= len(left) || scans[i] != left[i] {
				t.Fatalf("seed %d: scan %d and the next are %.90q, want %.90q", seed, i, scans[min(i, len(scans)):min(i+2, len(scans))], left[min(i, len(left)):min(i+2, len(left))])
			}
		}
	}
}

// On its terminal the scanner is set up, read and answered like a real one; it
// repeats by itself, and has forgotten all after a replug.
func TestSSIOnATerminal(t *testing.T) {
	s, err := NewSSI(filepath.Join(t.TempDir(), "ssi"), SSISetup{Timeout: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for round := range 2 {
		p, err := port.Open(t.Context(), s.Address(), port.Settings{Baud: 9600})
		if err != nil {
			t.Fatal(err)
		}
		expect := func(want string) {
			t.Helper()
			var got []byte
			for b := make([]byte, 100); len(got) < len(want); {
				n, err := p.Read(b)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, b[:n]...)
			}
			// On a busy machine what waits for an answer may have been said twice.
			if times := max(1, len(got)/len(want)); string(got) != strings.Repeat(want, times) {
				t.Fatalf("got % X want % X", got, want)
			}
		}
		say := func(text string) {
			t.Helper()
			if _, err := p.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Scan(0x03, "]C0", "A"); err != nil {
			t.Fatal(err)
		}
		expect("A")
		say("\x00" + ssiSetUp + ssiGoodBeep)
		expect("\x04\xD0\x00\x00\xFF\x2C\x04\xD0\x00\x00\xFF\x2C")
		if err := s.Tell(func(d *SSIDevice) { d.LoseAcks(1) }); err != nil {
			t.Fatal(err)
		}
		if err := s.Scan(0x03, "]C0", "A"); err != nil {
			t.Fatal(err)
		}
		expect("\x09\xF3\x00\x00\x03]C0A\xFD\xF0")
		say(ssiHostAck)
		expect("\x09\xF3\x00\x01\x03]C0A\xFD\xEF")
		say(ssiHostAck)
		state, err := s.Wait(t.Context(), func(s SSIState) bool { return len(s.Acked) > round })
		if err != nil {
			t.Fatal(err)
		}
		if want := (map[int]int{238: 1, 159: 1, 45: 1, 236: 0, 94: 0}); !maps.Equal(state.Params, want) || len(state.Beeps) != round+1 {
			t.Errorf("got %+v", state)
		}
		if err := s.Scan(0x03, "]C0", "B"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Wait(t.Context(), func(s SSIState) bool { return len(s.TransmitErrors) > round }); err != nil {
			t.Fatal(err)
		}
		if err := s.Unplug(); err != nil {
			t.Fatal(err)
		}
		if err := s.Scan(0x03, "", "A"); err == nil {
			t.Error("an unplugged scanner reads")
		}
		p.Close()
		if err := s.Replug(); err != nil {
			t.Fatal(err)
		}
	}
}

// What this test sends as a host has the checksums of the fact sheet.
func TestSSIHostBytes(t *testing.T) {
	for want, got := range map[string]string{
		"0DC60400FFEE019F012D01EC00FB81": ssiSetUp, "07C60408FFEE01FD39": ssiForGood, "04D00400FF28": ssiHostAck, "05D1040001FF25": ssiHostNak,
		"04A30400FF55": ssiWhoAreU, "05E6040001FF10": ssiGoodBeep, "05E6040012FEFF": ssiBadBeep,
	} {
		if got := strings.ToUpper(hex.EncodeToString([]byte(got))); got != want {
			t.Errorf("got %s want %s", got, want)
		}
	}
}
