package content

import (
	"strings"
	"testing"

	"scanpost/devices/wire"
)

// What a scanner sends in place of the separator becomes the separator in GS1
// codes and stays what it is in all others.
func TestSeparator(t *testing.T) {
	const sscc, lot = "00106141410000001238", "10LOT7"
	for name, c := range map[string]struct{ gs, read, want string }{
		"as it should be":                              {"", "]C1" + lot + "\x1d" + sscc, lot + "\x1d" + sscc},
		"a bar":                                        {"|", "]C1" + lot + "|" + sscc, lot + "\x1d" + sscc},
		"a caret in a Data Matrix":                     {"^", "]d2" + lot + "^" + sscc + "^400PO-7", lot + "\x1d" + sscc + "\x1d400PO-7"},
		"a word":                                       {"<GS>", "]C1" + lot + "<GS>" + sscc, lot + "\x1d" + sscc},
		"a word in braces":                             {"{GS}", "]Q3" + lot + "{GS}" + sscc, lot + "\x1d" + sscc},
		"RS":                                           {"\x1e", "]C1" + lot + "\x1e" + sscc, lot + "\x1d" + sscc},
		"LF":                                           {"\n", "]e0" + lot + "\n" + sscc, lot + "\x1d" + sscc},
		"also for the FNC1 in front":                   {"<GS>", "]C1<GS>" + lot + "<GS>" + sscc, lot + "\x1d" + sscc},
		"GS1 that is wrong is told so by others":       {"|", "]C110A|99B|00106141410000001239", "10A\x1d99B\x1d00106141410000001239"},
		"plain Code 128 is left alone":                 {"|", "]C0" + lot + "|" + sscc, lot + "|" + sscc},
		"a QR code is left alone":                      {"|", "]Q1https://a/?x=1|2", "https://a/?x=1|2"},
		"EAN with composite is left alone":             {"|", "]E02112345678900|]e099X", "2112345678900|]e099X"},
		"without identifier, right with an SSCC":       {"|", lot + "|" + sscc, lot + "\x1d" + sscc},
		"without identifier, right with an item":       {"<GS>", "21A<GS>0109506000134352", "21A\x1d0109506000134352"},
		"without identifier, in front too":             {"|", "|" + sscc + "|" + lot, sscc + "\x1d" + lot},
		"without identifier, a wrong check digit":      {"|", lot + "|00106141410000001239", lot + "|00106141410000001239"},
		"without identifier, two texts":                {"|", "ORDER|7", "ORDER|7"},
		"without identifier, parses and proves little": {"|", "21-5|10-7", "21-5|10-7"},
		"without identifier, no bar":                   {"|", sscc, sscc},
		"lost, one way back":                           {"lost", "]C1" + sscc + "02095060001343523712" + lot, sscc + "02095060001343523712\x1d" + lot},
		"lost, and none was needed":                    {"lost", "]C1" + sscc, sscc},
		"lost, more than one way back":                 {"lost", "]C10109506000134352" + lot + "17280229", "0109506000134352" + lot + "17280229"},
		"lost, and one is there":                       {"lost", "]C1" + lot + "\x1d" + sscc, lot + "\x1d" + sscc},
		"lost, without identifier":                     {"lost", sscc + "02095060001343523712" + lot, sscc + "02095060001343523712\x1d" + lot},
		"lost, a text":                                 {"lost", "1Z999AA10123456784", "1Z999AA10123456784"},
		"lost, plain Code 128":                         {"lost", "]C0" + sscc + "02095060001343523712" + lot, sscc + "02095060001343523712" + lot},
	} {
		r, err := New(Options{AIMID: true, GS: c.gs, Max: 1000})
		if err != nil {
			t.Fatal(err)
		}
		var out wire.Output
		r.Report([]byte(c.read), wire.Sighting{}, &out)
		if len(out.Sightings) != 1 || out.Sightings[0].Code != c.want {
			t.Errorf("%s: %q becomes %+v, want %q", name, c.read, out.Sightings, c.want)
		}
	}
}

// The identifier counts also where the frame or the maker's code id says it.
func TestSeparatorSymbology(t *testing.T) {
	r, _ := New(Options{GS: "|", Max: 100})
	for symbology, want := range map[string]string{"gs1-128": "10A\x1d10A", "code-128": "10A|10A", "": "10A|10A"} {
		var out wire.Output
		r.Report([]byte("10A|10A"), wire.Sighting{Symbology: symbology}, &out)
		if len(out.Sightings) != 1 || out.Sightings[0].Code != want {
			t.Errorf("%q: %+v, want %q", symbology, out.Sightings, want)
		}
	}
}

// A text that a value may hold cannot stand for the separator.
func TestSeparatorMistakes(t *testing.T) {
	for gs, want := range map[string]string{
		"": "", "lost": "", "|": "", "^": "", "<GS>": "", "{GS}": "", "]": "", "\n": "", "\x1e": "", "~1": "", "#": "", " ": "", "\x1d": "",
		"-": "must be what no value holds", "A": "must be what no value holds", "GS": "must be what no value holds", "none": "must be what no value holds", "(": "must be what no value holds",
		"<<<<GS>>>>": "must be at most 8 bytes",
	} {
		_, err := New(Options{GS: gs, Max: 1})
		if got := ""; err != nil {
			got = err.Error()
			if want == "" || !strings.HasPrefix(got, `option "gs" `+want) || strings.Contains(got, "\n") {
				t.Errorf("%q: %s; want %s", gs, got, want)
			}
		} else if want != "" {
			t.Errorf("%q: no mistake, want %s", gs, want)
		}
	}
}
