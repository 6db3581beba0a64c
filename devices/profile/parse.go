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
	Unconfirmed, Needs           []string
	Trust                        map[string]string
	Port                         struct {
		Type, Parity, Usage string
		Baud                int
		DataBits            int      `toml:"data_bits"`
		StopBits            string   `toml:"stop_bits"`
		USB                 []string `toml:"usb,one"`
		Quiet, Alive        strict.Duration
	}
	Options  map[string]any
	Command  []command
	Facts    Facts
	Setting  []setting
	Feedback struct {
		Means, Good, Bad string
		Answered         bool
	}
	Sheet struct {
		Verify string
		Step   []Step
	}
	Example []example
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
		Port:    Port{f.Port.Type, f.Port.Baud, f.Port.DataBits, f.Port.Parity, f.Port.StopBits, f.Port.USB, f.Port.Usage},
		Options: f.Options, Needs: f.Needs, Trust: f.Trust, Facts: f.Facts, Sheet: Sheet{f.Sheet.Step, f.Sheet.Verify}, file: name, data: bytes.Clone(data),
	}
	for key, value := range map[string]string{"model": f.Model, "decoder": f.Decoder} {
		if value == "" {
			doc.At(key).Mistake("%q is missing", key)
		}
	}
	p.checkPort(doc)
	p.Alive = f.Port.Alive.D()
	p.Quiet = f.Port.Quiet.D()
	if p.Quiet == 0 {
		p.Quiet = 100 * time.Millisecond // longer than the pauses of USB adapters and of 1200 baud
		if p.Port.Type == "hid" {
			p.Quiet = 500 * time.Millisecond // slow typists take 100 ms for a key
		}
	}
	p.checkTrust(doc)
	p.readFeedback(doc, &f)
	p.readCommands(doc, f.Command)
	p.readSettings(doc, f.Setting)
	if p.Alive > 0 && !slices.ContainsFunc(p.Commands, func(c Command) bool { return c.When == "ask" && c.Answer }) {
		doc.At("port", "alive").Mistake("there is no [[command]] with when = \"ask\" and answer = true to ask the device with")
	}
	p.checkSheet(doc)
	p.readExamples(doc, f.Example)
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Profile) checkPort(doc *strict.Doc) {
	serialOnly := []string{"baud", "data_bits", "parity", "stop_bits"}
	switch p.Port.Type {
	case "serial":
		if doc.At("port", "usage").Set() {
			doc.At("port", "usage").Mistake(`"usage" is for hid devices, and this one is serial`)
		}
	case "hid":
		if u := p.Port.Usage; u != "" && !slices.Contains(Usages, u) {
			doc.At("port", "usage").Mistake(`"usage" must be one of %s, not %q`, strings.Join(Usages, ", "), u)
		}
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
