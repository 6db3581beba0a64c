//go:build oracle

package oracle

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"scanpost/scan/identity/epc"
	"scanpost/scan/identity/gs1"
)

type epcQuestion struct {
	URI string `json:"uri,omitempty"` // to be written into a tag and read again
	Hex string `json:"hex,omitempty"` // to be read
}

type epcAnswer struct{ Hex, Tag, ID, Code, Error string }

// epcDifference is a way in which we differ from the oracle on purpose.
type epcDifference struct {
	why  string
	here func(ours epc.Tag, uri string, a epcAnswer) bool
}

var epcDifferences = []epcDifference{
	{"behind a company prefix of 12 digits there is no reference; the oracle writes 0, and can not read the URI",
		func(_ epc.Tag, uri string, a epcAnswer) bool {
			return strings.Contains(uri, "..") && (a.Error != "" || a.Tag == strings.Replace(uri, "..", ".0.", 1))
		}},
	{"zeros in front of a service reference are part of it; the oracle drops them",
		func(_ epc.Tag, uri string, a epcAnswer) bool {
			return strings.Contains(uri, ":gsrn-96:") && a.Tag == withoutZeros(uri)
		}},
	{"zeros in front of a coupon's serial are part of it; the oracle reads them and does not write them",
		func(_ epc.Tag, uri string, a epcAnswer) bool {
			return strings.Contains(uri, ":sgcn-96:") && a.Tag == withoutZeros(uri)
		}},
}

// withoutZeros takes those away that stand in front of the last field of a URI.
func withoutZeros(uri string) string {
	at := strings.LastIndex(uri, ".") + 1
	return uri[:at] + strings.TrimLeft(uri[at:], "0")
}

// A tag that we make up bit by bit is read by both alike, and the oracle writes
// the same bits for its URI.
func TestEPC(t *testing.T) {
	const seed = 20260723
	r := rand.New(rand.NewPCG(seed, 0))
	var questions []epcQuestion
	var uris, banks []string
	for _, scheme := range epcSchemes {
		for range 200 {
			uri, bank := scheme.tag(r)
			questions = append(questions, epcQuestion{URI: uri}, epcQuestion{Hex: bank})
			uris, banks = append(uris, uri, uri), append(banks, bank, bank)
		}
	}
	answers := ask[epcQuestion, epcAnswer](t, "epc", questions)
	shown, same := make([]int, len(epcDifferences)), 0
	for i, a := range answers {
		bank, err := hex.DecodeString(banks[i])
		if err != nil {
			t.Fatal(err)
		}
		ours := epc.Decode(bank, 0, epc.Prefixes{strings.Split(uris[i], ".")[1]})
		tag, _ := url.PathUnescape(ours.TagURI)
		id, _ := url.PathUnescape(ours.PureIdentityURI)
		if tag != uris[i] {
			t.Errorf("seed %d: %s: we read %s, %v; made up as %s", seed, banks[i], tag, ours.Error, uris[i])
			continue
		}
		if a.Code != "" && barCode(ours.ElementString) != "" && barCode(ours.ElementString) != a.Code {
			t.Errorf("seed %d: %s: we read %s; the oracle's bar code is %s", seed, banks[i], ours.ElementString, a.Code)
		}
		if tag == a.Tag && id == a.ID && strings.HasPrefix(banks[i], a.Hex) {
			same++
			continue
		}
		known := slices.IndexFunc(epcDifferences, func(d epcDifference) bool { return d.here(ours, uris[i], a) })
		if known < 0 {
			t.Errorf("seed %d: %s %s: we read %s, %s; the oracle %+v", seed, uris[i], banks[i], tag, id, a)
			continue
		}
		shown[known]++
	}
	for d, n := range shown {
		if n == 0 {
			t.Errorf("no longer seen, so not to be listed: %s", epcDifferences[d].why)
		}
		t.Logf("%d: %s", n, epcDifferences[d].why)
	}
	t.Logf("%d judged, %d the same", len(questions), same)
	if len(questions) < 2000 {
		t.Errorf("%d questions only", len(questions))
	}
}

// barCode is the GTIN, SSCC or GIAI of an element string. Of others the oracle
// says something of its own.
func barCode(elements string) string {
	parsed, err := gs1.ParseBracketed(elements)
	if err != nil {
		return ""
	}
	for _, ai := range []string{"01", "00", "8004"} {
		if value, ok := gs1.Find(parsed, ai); ok {
			return value
		}
	}
	return ""
}

// epcScheme is a scheme of TDS 1: a partition cuts the key into company prefix
// and reference, and a serial follows.
type epcScheme struct {
	name    string
	header  int
	digits  int  // of company prefix and reference together
	keyBits int  // of the two
	number  bool // the reference is a number without zeros in front
	bits    int  // of a serial that is a number
	chars   int  // of a serial that is characters
	marked  bool // the serial is digits behind a 1
	zeros   int  // bits that are zero
}

// epcSchemes are those that the oracle knows, but for GID, which is simpler.
var epcSchemes = []epcScheme{
	{name: "sgtin-96", header: 0x30, digits: 13, keyBits: 44, bits: 38},
	{name: "sgtin-198", header: 0x36, digits: 13, keyBits: 44, chars: 20},
	{name: "sscc-96", header: 0x31, digits: 17, keyBits: 58, zeros: 24},
	{name: "sgln-96", header: 0x32, digits: 12, keyBits: 41, bits: 41},
	{name: "sgln-195", header: 0x39, digits: 12, keyBits: 41, chars: 20},
	{name: "grai-96", header: 0x33, digits: 12, keyBits: 44, bits: 38},
	{name: "grai-170", header: 0x37, digits: 12, keyBits: 44, chars: 16},
	{name: "giai-96", header: 0x34, digits: 25, keyBits: 82, number: true},
	{name: "gsrn-96", header: 0x2d, digits: 17, keyBits: 58, zeros: 24},
	{name: "gdti-96", header: 0x2c, digits: 12, keyBits: 41, bits: 41},
	{name: "gdti-174", header: 0x3e, digits: 12, keyBits: 41, chars: 17},
	{name: "sgcn-96", header: 0x3f, digits: 12, keyBits: 41, bits: 41, marked: true},
	{name: "cpi-96", header: 0x3c, digits: 15, keyBits: 51, number: true, bits: 31},
}

// tag makes up a tag: its URI without escapes, and its bits in hex.
func (s epcScheme) tag(r *rand.Rand) (uri, bank string) {
	companyBits := [...]int{40, 37, 34, 30, 27, 24, 20}
	partition, filter := r.IntN(7), r.IntN(8)
	n := 12 - partition
	company := digits(r, n)
	bits := fmt.Sprintf("%08b%03b%03b%s", s.header, filter, partition, binary(company, companyBits[partition]))
	fields := []string{fmt.Sprint(filter), company}
	ref := digits(r, s.digits-n)
	if s.number {
		ref = fmt.Sprint(1 + r.Uint64N(min(1<<(s.keyBits-companyBits[partition])-1, power(s.digits-n)-1))>>r.IntN(20))
	}
	fields = append(fields, ref)
	bits += binary(ref, s.keyBits-companyBits[partition])
	switch {
	case s.marked:
		serial := digits(r, 1+r.IntN(11))
		fields = append(fields, serial)
		bits += binary("1"+serial, s.bits)
	case s.bits > 0:
		most := uint64(1) << s.bits
		if s.bits == 41 && s.name == "sgln-96" {
			most = 1_000_000_000_000
		}
		serial := fmt.Sprint(r.Uint64N(most) >> r.IntN(s.bits))
		fields = append(fields, serial)
		bits += binary(serial, s.bits)
	case s.chars > 0:
		serial := ""
		for range 1 + r.IntN(s.chars) {
			c := byte('.')
			for c == '.' || c == ':' || !gs1.In('x', c) { // the oracle cuts URIs there
				c = byte(r.IntN(0x80))
			}
			serial += string(c)
		}
		fields = append(fields, serial)
		for _, c := range []byte(serial) {
			bits += fmt.Sprintf("%07b", c)
		}
		bits += strings.Repeat("0", 7*(s.chars-len(serial)))
	}
	bits += strings.Repeat("0", s.zeros)
	bits += strings.Repeat("0", (16-len(bits)%16)%16)
	return "urn:epc:tag:" + s.name + ":" + strings.Join(fields, "."), hexOf(bits)
}

// power is the power of ten, or the largest number where it would be larger.
func power(n int) uint64 {
	if n > 19 {
		return math.MaxUint64
	}
	ten := uint64(1)
	for range n {
		ten *= 10
	}
	return ten
}

func digits(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = '0' + byte(r.IntN(10))
	}
	return string(b)
}

// binary writes a number in so many bits.
func binary(decimal string, bits int) string {
	n, _ := new(big.Int).SetString("0"+decimal, 10)
	return fmt.Sprintf("%0*b", bits, n)
}

func hexOf(bits string) string {
	n, _ := new(big.Int).SetString(bits, 2)
	return fmt.Sprintf("%0*X", len(bits)/4, n)
}
