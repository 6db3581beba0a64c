package identity

import (
	"fmt"
	"slices"
	"strings"

	"scanpost/scan/identity/carrier"
	"scanpost/scan/identity/gs1"
	"scanpost/scan/identity/plate"
	"scanpost/scan/identity/text"
)

// The envelope of ISO/IEC 15434, in which two-dimensional symbols of transport
// labels come:
//
//	[)> RS 01 GS 96841706672 GS 840 GS 003 GS 1Z12345677 GS UPSN … RS EOT
//	│      │     └─ fields
//	│      └─ format: 01 carriers, 05 GS1, 06 data identifiers
//	└─ always so
const (
	envelopeHead = "[)>\x1e"
	rs           = "\x1e"
	eot          = "\x04"
)

// longestEnvelope is how long such a symbol may be. A PDF417 with addresses and
// references holds more than any other label.
const longestEnvelope = 2048

// isEnvelope also knows the symbols that only carriers print, where a scanner
// left the head of the envelope out.
func isEnvelope(code, aim string) bool {
	return strings.HasPrefix(code, envelopeHead) || len(aim) == 3 && (aim[1] == 'U' || aim[1] == 'L') && strings.IndexByte(code, gs1.GS) >= 0
}

// readEnvelope looks for the unit in an envelope. Its fields may hold any
// bytes, such as names in an old alphabet: only what is found counts.
func (i *Identifier) readEnvelope(code string) Result {
	r := Result{Kind: Text}
	var keys []string
	var parcels []carrier.Match
	for segment := range strings.SplitSeq(strings.TrimPrefix(strings.TrimRight(code, rs+eot), envelopeHead), rs) {
		format, body, _ := strings.Cut(segment, string(rune(gs1.GS)))
		switch format {
		case "05":
			elements, err := gs1.Parse(strings.TrimRight(body, string(rune(gs1.GS))))
			if err != nil {
				return gs1Fault(err)
			}
			inner, named := i.readElements(elements)
			if inner.Fault != "" {
				return inner
			}
			r.Kind, r.GS1, r.Error, r.Carriers = GS1, elements, inner.Error, append(r.Carriers, inner.Carriers...)
			if r.Warnings = append(r.Warnings, inner.Warnings...); named {
				keys = append(keys, inner.Unit)
			}
		case "06":
			keys = append(keys, r.readFields(strings.Split(body, string(rune(gs1.GS))))...)
		default:
			found := carrier.Symbol(strings.Split(segment, string(rune(gs1.GS))))
			for n := range found {
				r.Kind = Carrier
				keys, parcels = append(keys, found[n].Key()), append(parcels, found[n])
			}
			r.Carriers = append(r.Carriers, i.tell(found)...)
		}
	}
	slices.Sort(keys)
	switch keys = slices.Compact(keys); len(keys) {
	case 1:
		r.Unit = keys[0]
		for n := range parcels {
			r.also(&parcels[n], false)
		}
	case 0:
		r.Unit = TextKey(code)
		r.Warnings = append(r.Warnings, "this transport label names no unit that can be found in it")
	default:
		r.Unit = TextKey(code)
		r.Warnings = append(r.Warnings, fmt.Sprintf("ambiguous: names %s; kept as its text", strings.Join(keys, ", ")))
	}
	return r
}

// readFields reads the fields of data identifiers, and returns the keys of the
// plates among them.
func (r *Result) readFields(fields []string) (keys []string) {
	for _, field := range fields {
		f, is := plate.Cut(field)
		if !is {
			continue
		}
		r.Data = append(r.Data, plate.Field{f[0], string(text.AppendEscaped(nil, []byte(f[1])))})
		if p, is := f.Plate(); is {
			r.Kind = Plate
			keys = append(keys, p.Key())
		}
	}
	return keys
}
