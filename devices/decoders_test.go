package devices

import (
	"slices"
	"strings"
	"testing"

	"scanpost/devices/wire"
)

// Options reach the decoder, and defaults fill the rest.
func TestNewDecoder(t *testing.T) {
	for _, name := range []string{"hidkeyboard", "lines"} { // other tests add one of their own
		if !slices.Contains(Decoders(), name) {
			t.Errorf("%s is missing in %q", name, Decoders())
		}
		if _, err := NewDecoder(name, nil); err != nil {
			t.Errorf("%s without options: %v", name, err)
		}
	}
	d, err := NewDecoder("lines", map[string]any{"end": "\r", "aim_id": true, "max": int64(4)})
	if err != nil {
		t.Fatal(err)
	}
	var out wire.Output
	d.Decode([]byte("]C11234\r12345\r"), &out)
	if len(out.Sightings) != 1 || out.Sightings[0].Code != "1234" || out.Sightings[0].AIM != "]C1" || len(out.Faults) != 1 {
		t.Errorf("got %+v", out)
	}
}

// Whatever is wrong with a decoder's name and options is named, all at once.
func TestNewDecoderMistakes(t *testing.T) {
	for _, c := range []struct {
		name    string
		options map[string]any
		want    string
	}{
		{"line", nil, `no decoder "line" (did you mean "lines"?); there are ` + strings.Join(Decoders(), ", ")},
		{"lines", map[string]any{"ende": "x", "max": "y"}, "decoder lines: unknown option \"ende\" (did you mean \"end\"?); its options are ack, aim_id, code_id, end, gs, ignore, max, noread, prefix\n" +
			"decoder lines: \"max\" must be a whole number, not text"},
		{"lines", map[string]any{"end": []any{""}, "max": int64(0)}, "decoder lines: option \"max\" must be from 1 to 65536, not 0\n" +
			`decoder lines: option "end" must be of one or two bytes, not "" (without it, silence ends a code)`},
		{"hidkeyboard", map[string]any{"layout": "xx"}, `decoder hidkeyboard: option "layout" must be one of be, ch, de, es, fr, it, uk, us, not "xx"`},
	} {
		d, err := NewDecoder(c.name, c.options)
		if err == nil || d != nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s %v: got %v, %v\nwant %s", c.name, c.options, d, err, c.want)
		}
	}
}
