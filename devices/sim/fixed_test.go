package sim

import (
	"context"
	"encoding/hex"
	"errors"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"scanpost/devices/port"
)

// beltHost is the other end of a simulated reader.
type beltHost struct {
	t    *testing.T
	port port.Port
	got  []byte
}

func beltConnect(t *testing.T, r *FixedReader) *beltHost {
	p, err := port.Open(t.Context(), r.Address(), port.Settings{Baud: 57600})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	if err := r.WaitConnected(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &beltHost{t: t, port: p}
}

func (h *beltHost) say(b string) {
	if _, err := h.port.Write([]byte(b)); err != nil {
		h.t.Fatal(err)
	}
}

// hear waits for just these bytes.
func (h *beltHost) hear(want string) {
	h.t.Helper()
	for b := make([]byte, 1000); len(h.got) < len(want); {
		n, err := h.port.Read(b)
		if err != nil {
			h.t.Fatalf("after %q: %v", h.got, err)
		}
		h.got = append(h.got, b[:n]...)
	}
	if got := string(h.got[:len(want)]); got != want {
		h.t.Fatalf("got %q, want %q", got, want)
	}
	h.got = h.got[len(want):]
}

func beltHex(t *testing.T, text string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func beltOK(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eachBelt runs a test with a reader on a pseudo terminal and on a TCP port.
func eachBelt(t *testing.T, makeReader func(address string) (*FixedReader, error), test func(*testing.T, *FixedReader)) {
	for _, kind := range []string{"serial", "tcp"} {
		t.Run(kind, func(t *testing.T) {
			address := "tcp:127.0.0.1:0"
			if kind == "serial" {
				address = "serial:" + filepath.Join(t.TempDir(), "reader")
			}
			r, err := makeReader(address)
			beltOK(t, err)
			t.Cleanup(func() { beltOK(t, r.Close()) })
			test(t, r)
		})
	}
}

// A DataMan as it comes sends plain text and answers nothing; with extended
// responses it answers, and its readings are in Base64, until the power goes.
func TestCognex(t *testing.T) {
	eachBelt(t, func(address string) (*FixedReader, error) {
		return NewCognex(address, CognexOptions{Type: "DM260", Serial: "1A1234PP000001", Firmware: "5.7.0", NoRead: "NOREAD"})
	}, func(t *testing.T, r *FixedReader) {
		h := beltConnect(t, r)
		h.say("||>GET DEVICE.TYPE\r\n")
		h.say(beltHex(t, "7C 7C 3E 54 52 49 47 47 45 52 20 4F 4E 0D 0A")) // F01
		_, err := r.Wait(t.Context(), func(s FixedState) bool { return s.Gates == 1 })
		beltOK(t, err)
		beltOK(t, r.Present("4006381333931"))
		h.hear("4006381333931\r\n")

		h.say("||>SET COM.DMCC-RESPONSE 1\r\n||0:7>get device.type\r\n||1:8>TRIGGER ON")
		h.say(string([]byte{fixedXOR([]byte("||1:8>TRIGGER ON")), '\r', '\n'}))
		h.hear("||[0]\r\n||0:7[0]DM260\r\n||1:8[0]" + string([]byte{fixedXOR([]byte("||1:8[0]"))}) + "\r\n")
		beltOK(t, r.Present("4006381333931"))
		h.hear("||[1]NDAwNjM4MTMzMzkzMQ==\r\n")
		h.say("||>TRIGGER ON\r\n||>TRIGGER OFF\r\n||>REBOOT\r\n||>SET COM.DMCC-RESPONSE 7\r\n||1>TRIGGER ONx\r\nTRIGGER ON\r\n")
		h.hear("||[0]\r\n||[0]\r\n||[1]Tk9SRUFE\r\n||[101]\r\n||[102]\r\n||1[103]" + string([]byte{fixedXOR([]byte("||1[103]"))}) + "\r\n")

		s := r.State()
		if want := []string{"4006381333931", "4006381333931", ""}; !slices.Equal(s.Sent, want) || !s.Extended || s.Gates != 3 {
			t.Errorf("got %+v", s)
		}
		if want := []string{"REBOOT", "SET COM.DMCC-RESPONSE 7"}; !slices.Equal(s.Refused, want) {
			t.Errorf("refused %q", s.Refused)
		}
		beltOK(t, r.PowerCycle())
		if r.State().Extended {
			t.Error("a setting that was not stored outlived the power")
		}
	})
}

// A Keyence answers in the style of the command, or not at all as an SR-600;
// LOFF without a reading gives the text for that, and ESC clears what came.
func TestKeyence(t *testing.T) {
	eachBelt(t, func(address string) (*FixedReader, error) { return NewKeyence(address, KeyenceOptions{}) },
		func(t *testing.T, r *FixedReader) {
			h := beltConnect(t, r)
			beltOK(t, r.Present("4006381333931"))
			h.say("LON\r")
			h.hear(beltHex(t, "4F 4B 2C 4C 4F 4E 0D") + "4006381333931\r") // F06
			h.say("\x02LON\x03LOFF\r")
			h.hear("\x02OK,LON\x03OK,LOFF\r" + beltHex(t, "45 52 52 4F 52 0D")) // F07
			h.say("XYZ\x1bABC\r\r")
			h.hear("ER,ABC,00\r")
		})
	eachBelt(t, func(address string) (*FixedReader, error) {
		return NewKeyence(address, KeyenceOptions{Silent: true, Framed: true, NoRead: "OVER"})
	}, func(t *testing.T, r *FixedReader) {
		h := beltConnect(t, r)
		h.say("LON\rLOFF\rABC\r")
		h.hear("\x02OVER\x03")
		if s, err := r.Wait(t.Context(), func(s FixedState) bool { return len(s.Refused) == 1 }); err != nil || !slices.Equal(s.Commands, []string{"LON", "LOFF"}) {
			t.Errorf("got %+v, %v", s, err)
		}
	})
}

// A SICK answers in the dialect that it is spoken to; closing the gate without
// a reading gives the text for that.
func TestSICK(t *testing.T) {
	eachBelt(t, func(address string) (*FixedReader, error) {
		return NewSICK(address, SICKOptions{Type: "CLV690-0", Firmware: "V1.20"})
	}, func(t *testing.T, r *FixedReader) {
		h := beltConnect(t, r)
		h.say(beltHex(t, "02 73 52 4E 20 53 43 64 65 76 69 63 65 73 74 61 74 65 03")) // F02
		h.hear("\x02sRA SCdevicestate 1\x03")
		h.say("\x02sRN DeviceIdent\x03")
		h.hear("\x02sRA DeviceIdent 8 CLV690-0 5 V1.20\x03")
		beltOK(t, r.Present("4006381333931"))
		h.say(beltHex(t, "02 73 4D 4E 20 6D 54 43 67 61 74 65 6F 6E 03")) // F03
		h.hear("\x02sAN mTCgateon 1\x03\x024006381333931\x03")
		gate := beltHex(t, "02 02 02 02 00 00 00 0D 73 4D 4E 20 6D 54 43 67 61 74 65 6F 6E 3C") // F04
		h.say(gate[:5])
		h.say(gate[5:])
		h.hear("\x02\x02\x02\x02\x00\x00\x00\x0fsAN mTCgateon \x01" + string([]byte{fixedXOR([]byte("sAN mTCgateon \x01"))}))
		h.say("\x02sMN mTCgateoff\x03")
		h.hear("\x02sAN mTCgateoff 1\x03" + beltHex(t, "02 4E 6F 52 65 61 64 03")) // F05
		h.say(gate[:len(gate)-1] + "\x00\x02sRN LocationName\x03\x02\x02\x02\x02\x00\x00\x00\x05sMN X")
		h.say(string([]byte{fixedXOR([]byte("sMN X"))}))
		h.hear("\x02sFA 3\x03\x02\x02\x02\x02\x00\x00\x00\x06sFA \x00\x02" + string([]byte{fixedXOR([]byte("sFA \x00\x02"))}))
		if s := r.State(); s.Gates != 2 || !slices.Equal(s.Sent, []string{"4006381333931", ""}) {
			t.Errorf("got %+v", s)
		}
	})
}

// Parcels that pass one right behind the other are sent as fast as the line
// goes, those that could not be read among them; misbehaviour is on request.
func TestPass(t *testing.T) {
	eachBelt(t, func(address string) (*FixedReader, error) { return NewSICK(address, SICKOptions{Type: "CLV690-0"}) },
		func(t *testing.T, r *FixedReader) {
			h := beltConnect(t, r)
			var codes []string
			want := ""
			for i := range 200 {
				code := strings.Repeat("7", i%3*6)
				codes = append(codes, code)
				if code == "" {
					code = "NoRead"
				}
				want += "\x02" + code + "\x03"
			}
			beltOK(t, r.Pass(codes...))
			h.hear(want)
			if s := r.State(); !slices.Equal(s.Sent, codes) {
				t.Errorf("sent %q", s.Sent)
			}
			beltOK(t, r.Garbage([]byte("\xff\x03")))
			h.hear("\xff\x03")

			r.SwallowAnswers(1)
			r.TearAnswers(1)
			h.say("\x02sRN SCdevicestate\x03")
			_, err := r.Wait(t.Context(), func(s FixedState) bool { return len(s.Commands) == 1 })
			beltOK(t, err)
			h.say("\x02sRN SCdevicestate\x03")
			h.hear("\x02sRA SCdevi")
			_, err = r.Wait(t.Context(), func(s FixedState) bool { return len(s.Commands) == 2 })
			beltOK(t, err)
			r.LoseBytes(3)
			h.say("\x02sRN SCdevicestate\x03")
			h.say("\x02sRN SCdevicestate\x03")
			h.hear("\x02sRA SCdevicestate 1\x03")
		})
}

// A dropped host finds the reader under the same address again, a second host
// is hung up on, and an unplugged reader is not there.
func TestDrop(t *testing.T) {
	eachBelt(t, func(address string) (*FixedReader, error) { return NewSICK(address, SICKOptions{}) },
		func(t *testing.T, r *FixedReader) {
			h := beltConnect(t, r)
			address := r.Address()
			if strings.HasPrefix(address, "tcp:") {
				second, err := net.Dial("tcp", strings.TrimPrefix(address, "tcp:"))
				beltOK(t, err)
				if _, err := second.Read(make([]byte, 1)); err == nil {
					t.Error("two hosts at a time")
				}
				second.Close()
			}
			beltOK(t, r.Drop())
			if _, err := h.port.Read(make([]byte, 1)); !errors.Is(err, port.ErrUnplugged) {
				t.Errorf("the dropped host got %v", err)
			}
			again := beltConnect(t, r)
			beltOK(t, r.Pass("1"))
			again.hear("\x021\x03")
			beltOK(t, r.Unplug())
			if _, err := port.Open(t.Context(), address, port.Settings{Baud: 9600}); !errors.Is(err, port.ErrNotFound) {
				t.Errorf("an unplugged reader is opened: %v", err)
			}
			beltOK(t, r.Replug())
			if r.Address() != address {
				t.Errorf("back at %s, was at %s", r.Address(), address)
			}
			third := beltConnect(t, r)
			beltOK(t, r.Pass("2"))
			third.hear("\x022\x03")
		})
	lonely, err := NewSICK("tcp:127.0.0.1:0", SICKOptions{})
	beltOK(t, err)
	defer lonely.Close()
	if err := lonely.Pass("1"); !errors.Is(err, ErrNobody) {
		t.Errorf("sent to nobody: %v", err)
	}
	if _, err := NewSICK("usb:1234:5678", SICKOptions{}); err == nil {
		t.Error("a reader at a USB address")
	}
}

// Heartbeats come in their time and without end, and a gate closes by itself.
func TestFixedClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		device := &fixed{brand: &sick{SICKOptions: SICKOptions{Beat: "alive", NoRead: "NoRead"}}, heartbeat: 5 * time.Second, gate: 7 * time.Second}
		device.powerOn(time.Now())
		begin := time.Now()
		var told []string
		device.hear([]byte("\x02sMN mTCgateon\x03"), begin)
		for now := device.due(); now.Sub(begin) <= 20*time.Second; now = device.due() {
			for _, b := range device.tick(now) {
				told = append(told, now.Sub(begin).String()+" "+strings.Trim(string(b), "\x02\x03"))
			}
		}
		if want := []string{"5s alive", "7s NoRead", "10s alive", "15s alive", "20s alive"}; !slices.Equal(told, want) {
			t.Errorf("got %q", told)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r, err := NewSICK("tcp:127.0.0.1:0", SICKOptions{Beat: "alive", Heartbeat: time.Millisecond})
	beltOK(t, err)
	defer r.Close()
	p, err := port.Open(ctx, r.Address(), port.Settings{})
	beltOK(t, err)
	defer p.Close()
	(&beltHost{t: t, port: p}).hear("\x02alive\x03\x02alive\x03\x02alive\x03")
}
