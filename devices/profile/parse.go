package profile

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"scanpost/devices/strict"
)

// file is a profile as it is written.
type file struct {
	Model, Mode, Decoder, Remark string
	Unconfirmed                  []string
	Port                         struct {
		Type, Parity string
		Baud         int
		DataBits     int      `toml:"data_bits"`
		StopBits     string   `toml:"stop_bits"`
		USB          []string `toml:"usb,one"`
		Quiet        strict.Duration
	}
	Options  map[string]any
	Feedback struct{ Good, Bad string }
	Example  []struct {
		In, Hex *string
		Silence bool
		Want    []Want
		Faults  []string
	}
}

// parse reads a profile and reports all that is wrong with it. Whether its
// options and examples are right, only Check can tell.
func parse(name string, data []byte) (*Profile, error) {
	doc := strict.Parse(name, data)
	var f file
	f.Port.Parity, f.Port.StopBits, f.Port.DataBits, f.Port.Baud = "none", "1", 8, 9600
	doc.Into(&f)
	p := &Profile{
		Name: nameOf(name), Model: f.Model, Mode: f.Mode, Decoder: f.Decoder, Remark: f.Remark, Unconfirmed: f.Unconfirmed,
		Port:    Port{f.Port.Type, f.Port.Baud, f.Port.DataBits, f.Port.Parity, f.Port.StopBits, f.Port.USB},
		Options: f.Options, file: name, data: bytes.Clone(data),
	}
	for key, value := range map[string]string{"model": f.Model, "decoder": f.Decoder} {
		if value == "" {
			doc.At(key).Mistake("%q is missing", key)
		}
	}
	p.checkPort(doc)
	p.Quiet = f.Port.Quiet.D()
	if p.Quiet == 0 {
		p.Quiet = 100 * time.Millisecond // longer than the pauses of USB adapters and of 1200 baud
		if p.Port.Type == "hid" {
			p.Quiet = 500 * time.Millisecond // slow typists take 100 ms for a key
		}
	}
	p.Feedback.Good = signal(doc, f.Feedback.Good, "feedback", "good")
	p.Feedback.Bad = signal(doc, f.Feedback.Bad, "feedback", "bad")
	if p.Feedback.Good != nil && bytes.Equal(p.Feedback.Good, p.Feedback.Bad) {
		doc.At("feedback", "bad").Mistake("good and bad must not be the same signal: nobody could tell a saved scan from a lost one")
	}
	if len(f.Example) == 0 {
		doc.At("example").Mistake("an [[example]] is missing: bytes from the device, and what they mean")
	}
	for i, e := range f.Example {
		example := Example{Silence: e.Silence, Want: e.Want, Faults: e.Faults}
		at := doc.At("example", i)
		switch {
		case (e.In == nil) == (e.Hex == nil):
			at.Mistake("example %d needs either in or hex", i+1)
		case e.Hex != nil:
			pieces, err := readHex(*e.Hex)
			if err != nil {
				doc.At("example", i, "hex").Mistake("%v", err)
			}
			example.Pieces = pieces
		case p.Port.Type == "hid":
			doc.At("example", i, "in").Mistake(`reports are written as hex = "…", with / between them`)
		default:
			example.Pieces = [][]byte{[]byte(*e.In)}
		}
		p.Examples = append(p.Examples, example)
	}
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Profile) checkPort(doc *strict.Doc) {
	serialOnly := []string{"baud", "data_bits", "parity", "stop_bits"}
	switch p.Port.Type {
	case "serial":
	case "hid":
		for _, key := range serialOnly {
			if doc.At("port", key).Set() {
				doc.At("port", key).Mistake("%q is for serial ports, and this one is hid", key)
			}
		}
	case "":
		doc.At("port", "type").Mistake(`"type" is missing in [port]: "serial" or "hid"`)
	default:
		doc.At("port", "type").Mistake(`"type" must be "serial" or "hid", not %q`, p.Port.Type)
	}
	if p.Port.Baud < 50 || p.Port.Baud > 4_000_000 {
		doc.At("port", "baud").Mistake(`"baud" must be from 50 to 4000000, not %d`, p.Port.Baud)
	}
	if p.Port.DataBits < 5 || p.Port.DataBits > 8 {
		doc.At("port", "data_bits").Mistake(`"data_bits" must be from 5 to 8, not %d`, p.Port.DataBits)
	}
	oneOf(doc, "parity", p.Port.Parity, "none", "odd", "even", "mark", "space")
	oneOf(doc, "stop_bits", p.Port.StopBits, "1", "1.5", "2")
	for i, id := range p.Port.USB {
		if !usbPattern(id) {
			doc.At("port", "usb", i).Mistake(`%q is not a USB id such as "05e0:1701" or "05f9:42??", in lower case`, id)
		}
	}
}

func oneOf(doc *strict.Doc, key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		doc.At("port", key).Mistake("%q must be one of %s, not %q", key, strings.Join(allowed, ", "), value)
	}
}

func usbPattern(id string) bool {
	vendor, product, found := strings.Cut(id, ":")
	return found && len(vendor) == 4 && len(product) == 4 && strings.Trim(vendor+product, "0123456789abcdef?") == ""
}

// signal reads feedback bytes.
func signal(doc *strict.Doc, text string, path ...any) []byte {
	pieces, err := readHex(text)
	all := slices.Concat(pieces...)
	switch {
	case err != nil:
		doc.At(path...).Mistake("%v", err)
	case len(all) > 64:
		doc.At(path...).Mistake("a signal of %d bytes would still be on its way when the next scan comes; at most 64", len(all))
	case len(all) > 0:
		return all
	}
	return nil
}

// readHex reads bytes as the fact sheets write them: "16 07 0D", with 00*8 for
// eight of one, and / between what arrives in one piece.
func readHex(text string) (pieces [][]byte, err error) {
	for part := range strings.SplitSeq(text, "/") {
		var piece []byte
		for word := range strings.FieldsSeq(part) {
			digits, times, repeated := strings.Cut(word, "*")
			b, err := hex.DecodeString(digits)
			n := 1
			if err == nil && repeated {
				if n, err = strconv.Atoi(times); err == nil && (n < 1 || n > 65536 || len(b) != 1) {
					err = strconv.ErrRange
				}
			}
			if err != nil {
				return nil, fmt.Errorf(`%q is not bytes in hex, such as "16 07 0D" or "00*8"`, word)
			}
			piece = append(piece, bytes.Repeat(b, n)...)
		}
		if len(piece) > 0 {
			pieces = append(pieces, piece)
		}
	}
	return pieces, nil
}
