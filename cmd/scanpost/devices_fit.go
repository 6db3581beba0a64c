package main

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"

	"scanpost/devices/port"
	"scanpost/devices/profile"
)

// A fit is a profile that a plugged-in device may be of, and why.
type fit struct {
	*profile.Profile
	why   string
	named bool // the device calls itself what the profile's model is called
	loose int  // digits of the USB id that the profile leaves open
}

// fitting lists the profiles that a device may be of, best first: the model
// that the device says it is, before an id that is exact, before a pattern
// (and of patterns one for all of the maker's before one for a model, which it
// need not be), and before profiles for anything; then the mode in which its
// beep can be made to mean most. What the device is for must agree: a profile
// for a keyboard is never offered for a point-of-sale device, nor the other
// way.
func fitting(f port.Found, known []*profile.Profile) []fit {
	kind := "serial"
	if f.Kind == port.HID {
		kind = "hid"
	}
	var fits []fit
	for _, p := range known {
		if f.VendorID == 0 || !p.Fits(kind, f.VendorID, f.ProductID) || !agrees(f.Usage, usageOf(p)) {
			continue
		}
		fits = append(fits, reason(f, p))
	}
	slices.SortStableFunc(fits, func(a, b fit) int {
		return cmp.Or(first(a.named, b.named), first(!isGeneric(a.Profile), !isGeneric(b.Profile)), cmp.Compare(a.loose, b.loose),
			first(!a.guessed(), !b.guessed()), cmp.Compare(worth(b.Profile), worth(a.Profile)), cmp.Compare(a.Name, b.Name))
	})
	return fits
}

// guessed reports whether nothing but the maker speaks for the model.
func (f *fit) guessed() bool { return f.loose > 0 && !f.named && f.Model != makerOf(f.Profile) }

func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

func reason(f port.Found, p *profile.Profile) fit {
	r := fit{Profile: p, loose: 8}
	var pattern string
	for _, usb := range p.Port.USB {
		if fits, _ := path.Match(usb, f.ID()); fits && strings.Count(usb, "?") < r.loose {
			r.loose, pattern = strings.Count(usb, "?"), usb
		}
	}
	why := []string{"USB id " + f.ID()}
	if r.loose > 0 {
		why[0] = "USB id like " + pattern
	}
	if name := namedIn(p.Model, f.Product); name != "" {
		r.named = true
		why = append(why, "calls itself "+name)
	}
	switch {
	case f.Kind != port.HID || usageOf(p) == "":
	case f.Usage == "":
		why = append(why, "what it is for can not be read now")
	default:
		why = append(why, usageText(f.Usage))
	}
	r.why = strings.Join(why, ", ")
	return r
}

// agrees reports whether a device with this usage may be read by a profile for
// that one. Neither need be known, but a keyboard is never guessed at.
func agrees(found, wanted string) bool {
	switch found {
	case "":
		return true
	case "keyboard", "mouse":
		return wanted == found
	}
	return wanted == "" || wanted == found
}

// usageOf is what a profile's device is for, by its descriptor.
func usageOf(p *profile.Profile) string {
	if p.Port.Usage == "" && p.Decoder == "hidkeyboard" {
		return "keyboard"
	}
	return p.Port.Usage
}

func usageText(usage string) string {
	switch usage {
	case "pos":
		return "a HID point-of-sale scanner"
	case "oem-hand-held":
		return "an IBM OEM hand-held scanner"
	case "oem-table-top":
		return "an IBM OEM table-top scanner"
	case "snapi":
		return "a scanner in Zebra's own mode"
	case "":
		return "a HID device"
	}
	return "a " + usage
}

// modeText is the mode that a device is in, as far as it shows.
func modeText(f port.Found) string {
	switch {
	case f.Kind != port.HID:
		return "serial"
	case f.Usage == "pos":
		return "HID POS"
	case f.Usage == "oem-hand-held", f.Usage == "oem-table-top":
		return "IBM OEM"
	case f.Usage == "snapi":
		return "SNAPI"
	case f.Usage == "":
		return "HID"
	}
	return f.Usage
}

func isGeneric(p *profile.Profile) bool { return makerOf(p) == "Generic" }

// makerOf is the maker's name, with which every model begins.
func makerOf(p *profile.Profile) string {
	for _, maker := range []string{"ID Tech"} { // those of more than one word
		if strings.HasPrefix(p.Model, maker+" ") {
			return maker
		}
	}
	return firstWord(p.Model)
}

// namedIn is the part of a model's name that tells it from others of its maker
// and that a device says of itself; empty if it does not.
func namedIn(model, product string) string {
	for word := range strings.FieldsSeq(strings.TrimPrefix(model, firstWord(model))) {
		if len(word) < 3 || !strings.ContainsFunc(word, unicode.IsDigit) && len(word) < 5 {
			continue
		}
		if strings.Contains(strings.ToLower(product), strings.ToLower(word)) {
			return word
		}
	}
	return ""
}

func firstWord(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return word
}

// worth orders modes by what a beep in them can come to mean.
func worth(p *profile.Profile) int {
	return slices.Index([]string{"none", "signal", "acknowledge"}, p.Feedback.Means)
}

// better names the profile of another mode that the device would be better in:
// one with a way back to it, where this one has none. For a keyboard any mode
// is better, since it loses GS and types into whatever has the focus. It is a
// mode of the same model, as far as that is known, or of the maker's in
// general. Zebra's own HID mode is proposed to nobody: the others do the same
// without it.
func better(f port.Found, fits []fit, known []*profile.Profile) (*profile.Profile, bool) {
	isKeyboard := f.Kind == port.HID && f.Usage == "keyboard"
	if len(fits) == 0 || f.VendorID == 0 || !isKeyboard && worth(fits[0].Profile) > 0 {
		return nil, false
	}
	best, bestRank := (*profile.Profile)(nil), 0
	for _, p := range known {
		isSame := p.Model == fits[0].Model || namedIn(p.Model, f.Product) != ""
		isGeneral := p.Model == makerOf(p)
		switch {
		case isGeneric(p), usageOf(p) == "keyboard", usageOf(p) == "snapi", !ofVendor(p, f.VendorID):
			continue
		case slices.ContainsFunc(fits, func(o fit) bool { return o.Name == p.Name }):
			continue
		case !isKeyboard && (worth(p) == 0 || !isSame):
			continue
		}
		rank := 1 + 2*worth(p)
		if isSame && !isGeneral {
			rank += 11
		} else if isGeneral {
			rank += 10
		}
		if rank > bestRank {
			best, bestRank = p, rank
		}
	}
	return best, best != nil
}

func ofVendor(p *profile.Profile, vendor uint16) bool {
	return slices.ContainsFunc(p.Port.USB, func(id string) bool { return strings.HasPrefix(id, fmt.Sprintf("%04x:", vendor)) })
}

// adapters are makers of chips for USB cables: their number says nothing about
// the scanner behind.
var adapters = map[uint16]string{0x0403: "FTDI", 0x067b: "Prolific", 0x10c4: "Silicon Labs", 0x1a86: "QinHeng"}

// unfit says why no profile fits, and what to do.
func unfit(f port.Found) (mark, why string) {
	maker, isAdapter := adapters[f.VendorID]
	switch {
	case f.VendorID == 0:
		return "?", "a plain serial port does not tell what is behind it; choose from scanpost devices profiles serial"
	case f.Usage == "mouse":
		return "-", "it is a mouse"
	case f.Usage == "keyboard":
		return "-", "a keyboard, perhaps the operator's; if it is a scanner: generic-hid-keyboard"
	case f.Usage != "":
		return "-", usageText(f.Usage) + " of a model without a profile yet"
	case f.Kind == port.HID:
		return "-", "no profile names " + f.ID()
	case isAdapter:
		return "?", "an adapter cable (" + maker + ") does not tell what is behind it; choose from scanpost devices profiles serial"
	}
	return "?", "no profile names " + f.ID() + "; if it is a scanner: generic-serial"
}
