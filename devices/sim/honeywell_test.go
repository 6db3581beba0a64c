package sim

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// A simulated Honeywell answers as the fact sheet says. Each line is what the
// host writes or does, and what the scanner sends then; "hex:" is the sheet's
// own writing.
func TestHoneywellAnswers(t *testing.T) {
	const query = "\x16M\r"
	for _, c := range []struct {
		name  string
		o     HoneywellOptions
		talk  [][2]string
		check string
	}{
		{"the vectors", HoneywellOptions{Text: "Serial Number: B123\r\n"}, [][2]string{
			{"hex:16 4D 0D 52 45 56 49 4E 46 2E", "Serial Number: B123\r\nREVINF\x06."}, // H01
			{"hex:16 4D 0D 32 33 32 42 41 44 39 2E", "232BAD9\x06."},                    // H02
			{query + "CBRENA?.", "hex:43 42 52 45 4E 41 31 06 2E"},                      // H03
			{query + "CBR?.", "hex:43 42 52 45 4E 41 31 06 2C 53 53 58 30 06 2C 43 4B 32 30 06 2C 43 43 54 31 06 2C 4D 49 4E 32 06 2C 4D 41 58 36 30 06 2C 44 46 54 06 2E"}, // H04
			{query + "XYZENA.", "hex:58 59 5A 45 4E 41 05 2E"}, // H05
			{"hex:16 54 0D", ""}, // H06
			{query + "DECHDR1!", "DECHDR1\x06!"},
			{"scan ]C1 00376104250021234569", "hex:16 FE 23 00 00 00 0D 4D 53 47 47 45 54 30 30 32 31 49 43 31 1D 30 30 33 37 36 31 30 34 32 35 30 30 32 31 32 33 34 35 36 39 0D"}, // H07
		}, "signals [trigger on]"},
		{"RAM and flash", HoneywellOptions{Suffix: "\r"}, [][2]string{
			{query + "DECHDR1!", "DECHDR1\x06!"}, {query + "dechdr?!", "DECHDR1\x06!"}, {query + "DECHDR?.", "DECHDR0\x06."}, {"power", ""},
			{query + "DECHDR?!", "DECHDR0\x06!"}, {"scan ]E0 12", "12\r"}, {query + "DECHDR1.", "DECHDR1\x06."}, {"power", ""}, {query + "DECHDR?!", "DECHDR1\x06!"},
			{query + "DEFALT.", "DEFALT\x06."}, {query + "DECHDR?!", "DECHDR0\x06!"},
		}, ""},
		{"several at once, and what it does not take", HoneywellOptions{Lacks: []string{"DECHDR"}}, [][2]string{
			{query + "CBRENA0,MIN99;232BAD9,QQQ1!", "CBRENA0\x06,MIN99\x15;232BAD9\x06,QQQ1\x05!"}, {query + "CBRMIN*.", "CBRMIN2-60\x06."}, {query + "CBRENA^!", "CBRENA1\x06!"},
			{query + "DECHDR1!", "DECHDR1\x05!"}, {query + "QQQ?.", "QQQ?\x05."}, {"hex:16 07 0D", ""}, {"hex:16 55 0D", ""}, {"\x06x\x1b7,", ""},
		}, "signals [beep trigger off] ignored \"\\x06x\\x1b7,\""},
		{"ACK/NAK: repeated after NAK and after the time-out, then given up", HoneywellOptions{ACK: true, Suffix: "\r", Repeats: 1}, [][2]string{
			{"scan ]E0 12", "12\r"}, {"scan ]E0 34", "does not read"}, {"\x15", "12\r"}, {"wait 2s", "12\r"}, {"\x06", ""},
			{"scan ]E0 34", "34\r"}, {"wait 2s", "34\r"}, {"wait 2s", ""}, {"scan ]E0 56", "56\r"},
		}, "accepted [12] unheeded [34] signals [error]"},
		{"behind a base: an escape sequence within ten seconds", HoneywellOptions{Cordless: "Xenon", AIM: true, Suffix: "\r"}, [][2]string{
			{"scan ]E0 12", "]E012\r"}, {"wait 9s", ""}, {"\x1b4,\x1b5,", ""}, {"scan ]E0 34", "]E034\r"}, {"0\x1b8,", ""}, {"scan ]E0 56", "]E056\r"}, {"1\x1b7,\x1b9,", ""},
			{"wait 10s", ""}, {query + ":Xenon:CBRENA?.", "CBRENA1\x06."}, {query + ":*:CBRENA?.", "CBRENA1\x06."}, {query + ":Other:CBRENA?.", ""},
		}, "accepted [12] rejected [34] unheeded [56] signals [low medium error error] ignored \"1\\x1b7,\\x1b9,\""},
		{"misbehaviour", HoneywellOptions{Suffix: "\r", Settings: map[string]string{"DECHDR": "1"}}, [][2]string{
			{"cut", ""}, {"scan ]E0 1", "hex:16 FE 10 00 00 00 0D 4D 53 47 47"}, {"length", ""}, {"scan ]E0 1", "\x16\xfe\x11\x00\x00\x00\rMSGGET0002dE0\x1d1\r"},
			{"tag", ""}, {query + "CBRENA1!", "QQQENA1\x06!"}, {query + "CBRENA1!", "CBRENA1\x06!"},
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, now := newHoneywell(c.o), time.Unix(1, 0)
			h.powerOn(now)
			for _, line := range c.talk {
				got := strings.Join(honeywellTurn(t, h, line[0], &now), "")
				if got != plainBytes(t, line[1]) {
					t.Errorf("%q gave %q want %q", line[0], got, plainBytes(t, line[1]))
				}
			}
			if got := h.summary(); got != c.check {
				t.Errorf("got %s want %s", got, c.check)
			}
		})
	}
}

// honeywellTurn does one thing to the scanner and returns what it sends.
func honeywellTurn(t *testing.T, h *honeywell, what string, now *time.Time) (sent []string) {
	verb, rest, _ := strings.Cut(what, " ")
	aim, code, _ := strings.Cut(rest, " ")
	var say [][]byte
	var err error
	switch verb {
	case "scan":
		if say, err = h.scan(aim, code, *now); err != nil {
			return []string{"does not read"}
		}
	case "wait":
		d, err := time.ParseDuration(rest)
		if err != nil {
			t.Fatal(err)
		}
		*now = now.Add(d)
		say = h.tick(*now)
	case "power":
		h.powerOn(*now)
	case "cut":
		h.cut = 1
	case "length":
		h.wrongLength = 1
	case "tag":
		h.wrongTag = 1
	default:
		say = h.hear([]byte(plainBytes(t, what)), *now)
	}
	for _, b := range say {
		sent = append(sent, string(b))
	}
	return sent
}

func plainBytes(t *testing.T, text string) string {
	digits, is := strings.CutPrefix(text, "hex:")
	if !is {
		return text
	}
	b, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// summary is what happened to it, in words.
func (h *honeywell) summary() string {
	s := h.state()
	var words []string
	for _, list := range []struct {
		name string
		of   []string
	}{{"accepted", s.Accepted}, {"rejected", s.Rejected}, {"unheeded", s.Unheeded}, {"signals", s.Signals}} {
		if len(list.of) > 0 {
			words = append(words, fmt.Sprintf("%s %s", list.name, list.of))
		}
	}
	if len(s.Ignored) > 0 {
		words = append(words, fmt.Sprintf("ignored %q", s.Ignored))
	}
	return strings.Join(words, " ")
}

// On its cable it is found by its address, waits by the clock, and forgets what
// was only in RAM when the cable goes.
func TestHoneywellOnItsCable(t *testing.T) {
	h, err := NewHoneywell(t.TempDir()+"/hand", HoneywellOptions{ACK: true, Suffix: "\r", Patience: time.Millisecond, Repeats: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if err := h.Scan("]E0", "12"); err != nil {
		t.Fatal(err)
	}
	s, err := h.Wait(t.Context(), func(s HoneywellState) bool { return len(s.Unheeded) > 0 })
	if err != nil || !slices.Equal(s.Sent, []string{"12", "12", "12"}) {
		t.Errorf("sent %q %v", s.Sent, err)
	}
	h.mu.Lock()
	h.p.hear([]byte("\x16M\rDECHDR1!"), time.Now())
	h.mu.Unlock()
	if got := h.State().Settings["DECHDR"]; got != "1" {
		t.Errorf("DECHDR is %q", got)
	}
	if err := h.Unplug(); err != nil {
		t.Fatal(err)
	}
	if err := h.Scan("]E0", "12"); err == nil {
		t.Error("an unplugged scanner sends")
	}
	if err := h.Replug(); err != nil {
		t.Fatal(err)
	}
	if got := h.State().Settings["DECHDR"]; got != "0" {
		t.Errorf("DECHDR is %q after the cable was out", got)
	}
}
