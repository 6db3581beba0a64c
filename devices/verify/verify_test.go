package verify

import (
	"math/bits"
	"strings"
	"testing"

	"github.com/boombuler/barcode/code128"

	"scanpost/devices/hidkeyboard"
	"scanpost/devices/profile"
	"scanpost/devices/sim"
	"scanpost/devices/wire"
)

// typed is what the station reads when a scanner types the verification code.
func typed(t testing.TB, k sim.Keyboard, layout, gsKey string) (code, aim string) {
	o := hidkeyboard.Defaults()
	o.Layout, o.AIMID, o.GSKey = layout, true, gsKey
	d, err := hidkeyboard.New(o)
	if err != nil {
		t.Fatal(err)
	}
	k.Suffix = "enter"
	reports, err := k.Scan("]C0", profile.Verification)
	if err != nil {
		t.Fatal(err)
	}
	var out wire.Output
	for _, r := range reports {
		d.Decode(r, &out)
	}
	d.Silence(&out)
	if len(out.Sightings) != 1 {
		t.Fatalf("%d sightings, faults %v", len(out.Sightings), out.Faults)
	}
	return out.Sightings[0].Code, out.Sightings[0].AIM
}

// Each finding is known by a few words of it.
const (
	caps  = "believes that Caps Lock is on"
	lost  = "GS is lost"
	noAIM = "No AIM identifier came"
)

// What a scanner in keyboard mode does wrong is found, and what it does right
// is not found wrong.
func TestTyped(t *testing.T) {
	lit := sim.Keyboard{Layout: "us", Controls: "ctrl", AIM: true, FollowsLight: true}
	lit.Output([]byte{0, 0x02})
	litDE := lit
	litDE.Layout = "de"
	for _, c := range []struct {
		name    string
		scanner sim.Keyboard
		station string
		gsKey   string
		want    []string
	}{
		{"all well", sim.Keyboard{Layout: "us", Controls: "ctrl", AIM: true}, "us", "none", nil},
		{"all well in Germany", sim.Keyboard{Layout: "de", Controls: "ctrl", AIM: true}, "de", "none", nil},
		{"all well in France", sim.Keyboard{Layout: "fr", Controls: "alt", AIM: true}, "fr", "none", nil},
		{"all well with Alt, which needs no layout", sim.Keyboard{Layout: "us", Alt: "3", AIM: true}, "fr", "none", nil},
		{"F8 that the profile knows", sim.Keyboard{Layout: "us", Controls: "f8", AIM: true}, "us", "f8", nil},
		{"F8 that it does not know", sim.Keyboard{Layout: "us", Controls: "f8", AIM: true}, "us", "none", []string{lost}},
		{"GS not typed", sim.Keyboard{Layout: "us", AIM: true}, "us", "none", []string{lost}},
		{"no identifier", sim.Keyboard{Layout: "us", Controls: "ctrl"}, "us", "none", []string{noAIM}},
		{"US in France", sim.Keyboard{Layout: "us", Controls: "ctrl", AIM: true}, "fr", "none", []string{"types for US English, and the station reads French"}},
		{"France in US", sim.Keyboard{Layout: "fr", Controls: "ctrl", AIM: true}, "us", "none", []string{"types for French, and the station reads US English"}},
		{"US in Germany", sim.Keyboard{Layout: "us", Controls: "ctrl", AIM: true}, "de", "none", []string{"types for US English, and the station reads German"}},
		{"UK in US", sim.Keyboard{Layout: "uk", Controls: "ctrl", AIM: true}, "us", "none", []string{"types for UK English, and the station reads US English"}},
		{"Germany in UK, GS lost", sim.Keyboard{Layout: "de"}, "uk", "none", []string{"types for German, and the station reads UK English", lost, noAIM}},
		{"Caps Lock", lit, "us", "none", []string{caps}},
		{"Caps Lock and the wrong country", litDE, "us", "none", []string{"types for German, and the station reads US English", caps}},
		{"the scanner's own Caps Lock is no harm", sim.Keyboard{Layout: "fr", Controls: "ctrl", AIM: true, PressesCaps: true}, "fr", "none", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, aim := typed(t, c.scanner, c.station, c.gsKey)
			s := Setup{Text: profile.Verification, Layout: c.station, AIM: true}
			expect(t, s, code, aim, c.want)
		})
	}
}

// What arrives of a scanner that does not type is read the same way.
func TestSent(t *testing.T) {
	text := profile.Verification
	s := Setup{Text: text, AIM: true}
	withParity := func(kind, text string) string {
		b := []byte(text)
		for i, c := range b {
			if ones := bits.OnesCount8(c); kind == "mark" || (kind == "even") == (ones%2 == 1) {
				b[i] |= 0x80
			}
		}
		return string(b)
	}
	for _, c := range []struct {
		name, code, aim string
		want            []string
	}{
		{"all well", text, "]C0", nil},
		{"all well, drawn as DataMatrix", text, "]d1", nil},
		{"no identifier", text, "", []string{noAIM}},
		{"an identifier that says GS1", text, "]C1", []string{"calls it gs1-128"}},
		{"a maker's code id", "D" + text, "]C0", []string{`"D" came before`}},
		{"a suffix", text + "\t", "]C0", []string{`"\t" came after`}},
		{"GS lost", strings.Replace(text, gs, "", 1), "]C0", []string{lost}},
		{"GS as text", strings.Replace(text, gs, "<GS>", 1), "]C0", []string{`GS came as "<GS>"`}},
		{"small letters", strings.ToLower(text), "]C0", []string{"All letters came in lower case"}},
		{"capitals", strings.ToUpper(text), "]C0", []string{"All letters came in upper case"}},
		{"case turned over", turned(text), "]C0", []string{"switch off case conversion"}},
		{"7 data bits, even", withParity("even", text), "", []string{"even parity", noAIM}},
		{"7 data bits, odd", withParity("odd", text), "", []string{"odd parity", noAIM}},
		{"7 data bits, mark", withParity("mark", text), "", []string{"mark parity", noAIM}},
		{"and with its identifier, which is not cut then", withParity("even", "]C0"+text), "", []string{"even parity"}},
		{"a byte above 7F", strings.Replace(text, "_", "\xdf", 1), "]C0", []string{"It came as", `did not come: '_'`, "not in it", "above 7F"}},
		{"signs dropped", strings.NewReplacer("@", "", "#", "").Replace(text), "]C0", []string{"It came as", `'@' '#'`}},
		{"cut short", text[:15], "]C0", []string{"It came as", "did not come"}},
	} {
		t.Run(c.name, func(t *testing.T) { expect(t, s, c.code, c.aim, c.want) })
	}
	expect(t, Setup{Text: text}, "]C0"+text, "", []string{"aim_id = true"})
	expect(t, Setup{Text: text}, text, "", nil)
	expect(t, Setup{Text: "DMCC-CHECK-1"}, "DMCC-CHECK-1", "", nil)
	for _, other := range []string{"", "4006381333931", "SCAN", "]C1", "\xff\xfe"} {
		if is, findings := s.Diagnose(other, "]C0"); is || len(findings) > 0 {
			t.Errorf("%q is taken for the verification code: %q", other, findings)
		}
	}
}

// The verification barcode has everything in it that goes wrong, is not GS1,
// and can be drawn on paper.
func TestVerification(t *testing.T) {
	text := profile.Verification
	for _, part := range []string{"SCANPOST", "a", "Z", "y", "Y", "z", "q", "w", "M", "-", "_", "/", "?", "@", "\"", "#", gs, "0123456789"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in %q", part, text)
		}
	}
	drawn, err := code128.Encode(text)
	if err != nil {
		t.Fatal(err)
	}
	// A module of 0.25 mm is the least that every hand scanner reads from paper.
	if width := drawn.Bounds().Dx() + 20; width > 174*4 || drawn.Content() != text {
		t.Errorf("%d modules, %q", width, drawn.Content())
	}
	// No country is taken for another, or only for one that types alike.
	for _, station := range hidkeyboard.Layouts() {
		of := map[string]string{}
		for _, scanner := range hidkeyboard.Layouts() {
			got := hidkeyboard.Retype(text, scanner, station, false)
			if other, twice := of[got]; twice && station != "us" {
				t.Errorf("%s and %s are the same to a station that reads %s: %q", other, scanner, station, got)
			}
			if (got == text) != (scanner == station) {
				t.Errorf("%s to %s: %q", scanner, station, got)
			}
			of[got] = scanner
		}
	}
	code := hidkeyboard.Retype(text, "es", "us", false)
	expect(t, Setup{Text: text, Layout: "us"}, code, "", []string{"types for Spanish or Italian"})
}

// A profile's set-up is what it says, and the common text where it has none.
func TestOf(t *testing.T) {
	p := &profile.Profile{Decoder: "hidkeyboard", Options: map[string]any{"aim_id": true, "layout": "de"}}
	if got, want := Of(p), (Setup{profile.Verification, "de", true}); got != want {
		t.Errorf("got %+v want %+v", got, want)
	}
	p = &profile.Profile{Decoder: "hidkeyboard"}
	if got, want := Of(p), (Setup{profile.Verification, "us", false}); got != want {
		t.Errorf("got %+v want %+v", got, want)
	}
	p = &profile.Profile{Decoder: "lines", Sheet: profile.Sheet{Verify: "x"}}
	if got, want := Of(p), (Setup{"x", "", false}); got != want {
		t.Errorf("got %+v want %+v", got, want)
	}
}

// expect compares findings by the words they have to have, in their order.
func expect(t *testing.T, s Setup, code, aim string, want []string) {
	t.Helper()
	is, findings := s.Diagnose(code, aim)
	if !is {
		t.Fatalf("%q is not known as the verification code", code)
	}
	for i := range max(len(findings), len(want)) {
		switch {
		case i >= len(findings):
			t.Errorf("%q: not found: %s", code, want[i])
		case i >= len(want):
			t.Errorf("%q: found and not expected: %s", code, findings[i])
		case !strings.Contains(findings[i], want[i]):
			t.Errorf("%q: got %s\nwant %s", code, findings[i], want[i])
		}
	}
}
