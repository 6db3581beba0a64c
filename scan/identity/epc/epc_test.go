package epc

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"scanpost/scan/identity/gs1"
)

// unhex makes the bytes of an EPC, with zeros up to a whole word as on a tag.
func unhex(t testing.TB, s string) []byte {
	s += strings.Repeat("0", (4-len(s)%4)%4)
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// pcOf is the PC that a tag with such an EPC has.
func pcOf(epc []byte) PC { return PC(len(epc) / 2 << 11) }

// Every vector has the URIs, the element string, the link, the filter and the
// unit key that its source gives it, and nothing is wrong with it.
func TestVectors(t *testing.T) {
	for _, v := range vectors {
		epc := unhex(t, v.hex)
		got := Decode(epc, pcOf(epc), nil)
		filter := -1
		if got.Filter != nil {
			filter = *got.Filter
		}
		said := vector{v.id, v.hex, got.Scheme, filter, got.TagURI, got.PureIdentityURI, got.ElementString, got.DigitalLink, got.Key}
		if said != v || got.Error != nil || got.Warnings != nil || got.RawURI != "" {
			t.Errorf("%s:\n got %+v, error %v, warnings %q, %q\nwant %+v", v.id, said, got.Error, got.Warnings, got.RawURI, v)
		}
		if key, code := Key(epc, 0, nil); key != v.key || code != "" {
			t.Errorf("%s: Key says %q, %q; want %q", v.id, key, code, v.key)
		}
	}
}

// What is no EPC of GS1 has the reason, and the key of its raw URI.
func TestNotGS1(t *testing.T) {
	for name, c := range map[string]struct {
		hex  string
		pc   PC
		code string
		raw  string
		says string
	}{
		"W1, partition 7":                         {"303C00000000000000000000", 0, BadPartition, "96.x303C00000000000000000000", "sgtin-96: partition 7 is reserved"},
		"W2, a company prefix of 8 digits":        {"3036625A0000004000000001", 0, BadCompany, "96.x3036625A0000004000000001", "sgtin-96: company prefix 10000000 has more than 7 digits"},
		"W3, an item reference of 7 digits":       {"3034257BF7D0900000000001", 0, BadReference, "96.x3034257BF7D0900000000001", "sgtin-96: 1000000 after the company prefix, which leaves 6 digits"},
		"W4, a type where there is no digit":      {"330175ADC68B48400000004D", 0, BadReference, "96.x330175ADC68B48400000004D", "grai-96: 1 after the company prefix, which leaves 0 digits"},
		"W5, from the maker of the chip":          {"E2806890000000500E88C6A4", 0x3000, TID, "96.xE2806890000000500E88C6A4", "not programmed with an EPC: header E2, the number that the maker of the chip wrote"},
		"W6, not programmed":                      {"000000000000000000000001", 0, Unprogrammed, "96.x000000000000000000000001", "not programmed with an EPC: header 00"},
		"W7, no such header":                      {"FFFFFFFFFFFFFFFFFFFFFFFF", 0, UnknownHeader, "96.xFFFFFFFFFFFFFFFFFFFFFFFF", "no EPC scheme has the header FF"},
		"W8, a text":                              {"50415243454C303030313233", 0, UnknownHeader, "96.x50415243454C303030313233", "no EPC scheme has the header 50"},
		"W9, a text that begins with A":           {"414243303132333435363738", 0, BadLength, "96.x414243303132333435363738", "itip-212 has 212 bits, got an EPC of 96"},
		"W10, a text that is an SGTIN too":        {"303132333435363738393031", 0, ASCII, "96.x303132333435363738393031", `reads as the text "012345678901", so it is taken as sgtin-96 only if its company prefix is known`},
		"W11, a text of 13 bytes":                 {"34303036333831333333393331", 0, BadLength, "104.x34303036333831333333393331", "giai-96 has 96 bits, expected zeros after them in an EPC of 104"},
		"W11 in whole words":                      {"3430303633383133333339333100", 0x3800, BadLength, "112.x3430303633383133333339333100", "giai-96 has 96 bits, expected zeros after them in an EPC of 112"},
		"an ISO tag":                              {"3174257BF4499602D2000000", 0x31a2, ISO, "96.xA2.x3174257BF4499602D2000000", "not a GS1 tag: ISO application family A2"},
		"an ISO tag with user memory":             {"3174257BF4499602D2000000", 0x35a2, ISO, "96.xA2.x3174257BF4499602D2000000", "not a GS1 tag: ISO application family A2"},
		"an SSCC cut short":                       {"3114257BF4", 0, BadLength, "40.x3114257BF4", "sscc-96 has 96 bits, got an EPC of 40"},
		"one byte":                                {"30", 0, BadLength, "8.x30", "sgtin-96 has 96 bits, got an EPC of 8"},
		"an SSCC with bits after it":              {"3174257BF4499602D2000001", 0, BadReserved, "96.x3174257BF4499602D2000001", "sscc-96: expected zeros in the 24 reserved bits"},
		"an SSCC with a word after it":            {"3174257BF4499602D20000000001", 0, BadLength, "112.x3174257BF4499602D20000000001", "sscc-96 has 96 bits, expected zeros after them in an EPC of 112"},
		"a serial with a hole":                    {"3666C4409047E158806200000000000000000000000000000000", 0, BadCharacter, "208.x3666C4409047E158806200000000000000000000000000000000", "sgtin-198: the character 49 can not be there"},
		"a serial with a space":                   {"3666C4409047E150000000000000000000000000000000000000", 0, BadCharacter, "208.x3666C4409047E150000000000000000000000000000000000000", "sgtin-198: the character 32 can not be there"},
		"no serial":                               {"3666C4409047E140000000000000000000000000000000000000", 0, BadSerial, "208.x3666C4409047E140000000000000000000000000000000000000", "sgtin-198: the serial is empty, or is not one of at most 20 characters"},
		"a coupon without its leading 1":          {"3F76451FD612640000000000", 0, BadSerial, "96.x3F76451FD612640000000000", "sgcn-96: the serial is empty, or is not one of at most 12 characters"},
		"an SSCC+ with a letter":                  {"F900952012345678912A0000", 0, BadDigit, "96.xF900952012345678912A0000", "sscc+: A where a digit should be"},
		"an SSCC+ with a wrong check digit":       {"F90095201234567891234000", 0, BadCheckDigit, "96.xF90095201234567891234000", "sscc+: wrong check digit: expected 5, got 4"},
		"an SSCC+ cut short":                      {"F900952012345678", 0, BadLength, "64.xF900952012345678", "sscc+: the EPC of 64 bits ends before its data does"},
		"a GRAI+ without its 0":                   {"F13195211411234510413480", 0, BadDigit, "96.xF13195211411234510413480", "grai+: 1 where a digit should be"},
		"an SGTIN+ of an unknown encoding":        {"F7109506000134352C208FFF", 0, BadEncoding, "96.xF7109506000134352C208FFF", "sgtin+: no way to write a serial has the number 6"},
		"an SGTIN+ without a serial":              {"F71095060001343520000000", 0, BadSerial, "96.xF71095060001343520000000", "sgtin+: the serial is empty, or is not one of at most 20 characters"},
		"a DSGTIN+ of 30 February":                {"FB143E5E09506000134352032380", 0, BadDate, "112.xFB143E5E09506000134352032380", "dsgtin+: 310230 is no date of a kind we know"},
		"a DSGTIN+ of no kind of date":            {"FB173F9F09506000134352032380", 0, BadDate, "112.xFB173F9F09506000134352032380", "dsgtin+: 311231 is no date of a kind we know"},
		"piece 2 of 1":                            {"4076451FD40C0E41010000000F54", 0, BadPieces, "", ""},
		"piece 3 of 2, as printed":                {"F33095211411234540302000FFFF", 0, BadPieces, "", ""},
		"a GIAI+ without company prefix":          {"FA3123F0", 0, BadCompany, "32.xFA3123F0", "giai+: expected a company prefix of at least 4 digits in front"},
		"a GIAI+ of 31 digits":                    {"FA31234567890123456789012345678901F0", 0, BadReference, "", ""},
		"an ADI with # in the part number":        {"3B0E0CF5E76C908F10370000", 0, BadCharacter, "", ""},
		"an ADI with # inside the serial":         {"3B0E0CF5E76C90C40DE30000", 0, BadCharacter, "", ""},
		"an ADI without a serial":                 {"3B0E0CF5E76C90C40000", 0, BadSerial, "", ""},
		"an ADI with a part number of 33":         {"3B0E0CF5E76C90410410410410410410410410410410410410410410410410037000", 0, BadReference, "", ""},
		"an ADI with a serial of 31":              {"3B0E0CF5E76C90037DF7DF7DF7DF7DF7DF7DF7DF7DF7DF7DF7DF7DF7DF7DF700", 0, BadSerial, "", ""},
		"an ADI of nobody's CAGE":                 {"3B0E0CF5E763D0C40DC0", 0, BadCharacter, "", ""},
		"an ADI with a space later":               {"3B0F3835E76C90C40DC0", 0, BadCharacter, "", ""},
		"an ADI with a sign of no alphabet":       {"3B0E0CF5E76C90AC0DC0", 0, BadCharacter, "", ""},
		"an ADI with a word after it":             {"3B0E0CF5E76C90C40DC00001", 0, BadLength, "", ""},
		"a DoD tag with a lower-case CAGE":        {"2F320634147455900000162E", 0, BadCharacter, "", ""},
		"a triple that is zero":                   {"F7109506000134352A200000", 0, BadCharacter, "", ""},
		"a triple beyond the alphabet":            {"F7109506000134352A3FA010", 0, BadCharacter, "", ""},
		"a triple with a hole":                    {"F7109506000134352A306420", 0, BadCharacter, "", ""},
		"a triple that is too full":               {"F7109506000134352A2066A0", 0, BadCharacter, "", ""},
		"a serial of 21":                          {"F710950600013435235111111111111111111111", 0, BadSerial, "", ""},
		"a number with too many digits":           {"F710950600013435201A", 0, BadSerial, "", ""},
		"a number with too many digits, of 20":    {"F710950600013435214FFFFFFFFFFFFFFFFE", 0, BadSerial, "", ""},
		"a character that no label has":           {"F71095060001343528148000", 0, BadCharacter, "", ""},
		"a lower-case part of a CPI+":             {"F019521141E41A11", 0, BadCharacter, "", ""},
		"a CPI+ without a serial":                 {"F019521141F0", 0, BadSerial, "", ""},
		"a CPI+ with a serial of 13":              {"F019521141FDFFFFFFFFFFF0", 0, BadSerial, "", ""},
		"a GIAI+ with a mark that is none":        {"FA19521141A0", 0, BadDigit, "", ""},
		"a GIAI+ with a number of 21":             {"FA19521E15000000000000000000", 0, BadSerial, "", ""},
		"a GIAI+ of 30 digits and more":           {"FA1999999999999999999999999999999E818200", 0, BadSerial, "", ""},
		"a GIAI+ without an end":                  {"FA19521141111000", 0, BadLength, "", ""},
		"an SSCC a byte short":                    {"3174257BF4499602D20000", 0, BadLength, "", "sscc-96 has 96 bits, got an EPC of 88"},
		"a coupon with nothing but its leading 1": {"3F76451FD612640000000001", 0, BadSerial, "", ""},
		"a number that is just too large":         {"F710950600013435214AD78EBC5AC6200000", 0, BadSerial, "", ""},
		"an ADI of a CAGE with I":                 {"3B0E0CF5E76250C40DC0", 0, BadCharacter, "", ""},
		"a CPI serial of 13 digits":               {"3D76451FD75400E8D4A51000", 0, BadSerial, "96.x3D76451FD75400E8D4A51000", ""},
	} {
		epc, err := hex.DecodeString(c.hex)
		if err != nil {
			t.Fatal(name, err)
		}
		got := Decode(epc, c.pc, nil)
		if got.Error == nil || got.Error.Code != c.code {
			t.Errorf("%s: %+v, %v; want %s", name, got, got.Error, c.code)
			continue
		}
		if c.raw == "" {
			c.raw = fmt.Sprintf("%d.x%s", 8*len(epc), c.hex)
		}
		if raw := "urn:epc:raw:" + c.raw; got.Scheme != "raw" || got.RawURI != raw || got.TagURI+got.PureIdentityURI+got.ElementString+got.DigitalLink != "" {
			t.Errorf("%s: %+v, want only %s", name, got, raw)
		} else if key, code := Key(epc, c.pc, nil); key != "code:"+raw && len(raw) <= 128 || key != got.Key || code != c.code {
			t.Errorf("%s: key %q and %q, %s", name, key, got.Key, code)
		}
		if c.says != "" && got.Error.Message != c.says {
			t.Errorf("%s: says %q, want %q", name, got.Error.Message, c.says)
		}
	}
}

// A tag that names nothing has a reason and no key: all those that are alike
// would become one unit.
func TestNamesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		epc  []byte
		code string
	}{
		"nothing":             {nil, Empty},
		"no bytes":            {[]byte{}, Empty},
		"a blank tag":         {make([]byte, 12), Unprogrammed},
		"more than a tag has": {slices.Repeat([]byte{0xe2}, 63), TooLong},
		"a flood":             {make([]byte, 1<<20), TooLong},
	} {
		if key, code := Key(c.epc, 0, nil); key != "" || code != c.code {
			t.Errorf("%s: %q, %s; want %s", name, key, code, c.code)
		}
		if got := Decode(c.epc, 0, nil); got.Key != "" || got.Error == nil || got.Error.Code != c.code {
			t.Errorf("%s: %+v, want %s", name, got, c.code)
		}
	}
}

// What is odd and does not change the identity is a warning.
func TestWarnings(t *testing.T) {
	for name, c := range map[string]struct {
		hex  string
		pc   PC
		ours Prefixes
		key  string
		want []string
	}{
		"the PC says more":              {"3174257BF4499602D2000000", 0x4000, nil, "sscc:106141412345678908", []string{"pc_mismatch: the PC says 8 words, the EPC has 96 bits"}},
		"the PC is right":               {"3174257BF4499602D2000000", 0x3400, nil, "sscc:106141412345678908", nil},
		"the last word is half":         {"3674257BF6B7A659B2C2BF1000000000000000000000000000", 0, nil, "sgtin:70614141123451.32a/b", nil},
		"words of zeros":                {"3174257BF4499602D200000000000000", 0, nil, "sscc:106141412345678908", []string{"long_epc: 32 bits of zeros follow the EPC's 96"}},
		"bits in the last word":         {"3674257BF6B7A659B2C2BF1000000000000000000000000001FF", 0, nil, "sgtin:70614141123451.32a/b", []string{"trailing_bits: the bits after the EPC's 198 are not zero"}},
		"bits after an SSCC+":           {"F90095201234567891235001", 0, nil, "sscc:095201234567891235", []string{"trailing_bits: the bits after the EPC's 84 are not zero"}},
		"more data after it":            {"F98095201234567891235172", 0, nil, "sscc:095201234567891235", []string{"more_data: more GS1 data follows the EPC and is not read"}},
		"a host name with a hole in it": {"EF00952012345678912350600000", 0, nil, "sscc:095201234567891235", []string{"bad_hostname: no host name of a Digital Link after the key"}},
		"a host name that is markup":    {"EF009520123456789123584F3100", 0, nil, "sscc:095201234567891235", []string{"bad_hostname: no host name of a Digital Link after the key"}},
		"a host name in no country":     {"EF009520123456789123587880F5", 0, nil, "sscc:095201234567891235", []string{"bad_hostname: no host name of a Digital Link after the key"}},
		"half of a country":             {"EF00952012345678912358206A80", 0, nil, "sscc:095201234567891235", []string{"bad_hostname: no host name of a Digital Link after the key"}},
		"a host name with a port":       {"EF00952012345678912350615D00", 0, nil, "sscc:095201234567891235", []string{"bad_hostname: no host name of a Digital Link after the key"}},
		"no host where one is":          {"EF0095201234567891235000", 0, nil, "sscc:095201234567891235", []string{"bad_hostname: no host name of a Digital Link after the key"}},
		"a stranger":                    {"3174257BF4499602D2000000", 0, Prefixes{"4012345"}, "sscc:106141412345678908", []string{"foreign_prefix: the company prefix is none of this site's"}},
		"a stranger of TDS 2":           {"F90095201234567891235", 0, Prefixes{"4012345", "9520124", "95201234567890123567", ""}, "sscc:095201234567891235", []string{"foreign_prefix: the company prefix is none of this site's"}},
		"one of ours":                   {"3174257BF4499602D2000000", 0, Prefixes{"4012345", "0614141"}, "sscc:106141412345678908", nil},
		"one of ours, of TDS 2":         {"F90095201234567891235", 0, Prefixes{"952012"}, "sscc:095201234567891235", nil},
		"our GLN":                       {"3274257BF460720000000190", 0, Prefixes{"0614141"}, "code:4140614141123452254400", nil},
		"our GRAI":                      {"3374257BF40C0E4000000190", 0, Prefixes{"0614141"}, "grai:00614141123452400", nil},
		"a DoD tag":                     {"2F320434147455900000162E", 0, Prefixes{"0614141"}, "code:urn:epc:id:usdod:CAGEY.5678", []string{"foreign_prefix: the company prefix is none of this site's"}},
		"a text that we know":           {"303132333435363738393031", 0, Prefixes{"40134248"}, "sgtin:54013424844885.237166473265", nil},
		"a text that we do not":         {"303132333435363738393031", 0, Prefixes{"4013425"}, "code:urn:epc:raw:96.x303132333435363738393031", nil},
		"a text without a header":       {"50415243454C303030313233", 0, nil, "code:urn:epc:raw:96.x50415243454C303030313233", []string{`ascii_suspect: reads as the text "PARCEL000123"`}},
		"a text of odd length":          {"3430303633383133333339333100", 0, nil, "code:urn:epc:raw:112.x3430303633383133333339333100", []string{`ascii_suspect: reads as the text "4006381333931"`}},
	} {
		epc, err := hex.DecodeString(c.hex + strings.Repeat("0", len(c.hex)%2))
		if err != nil {
			t.Fatal(name, err)
		}
		got := Decode(epc, c.pc, c.ours)
		if got.Key != c.key || !slices.Equal(got.Warnings, c.want) {
			t.Errorf("%s: %s, %q; want %s, %q", name, got.Key, got.Warnings, c.key, c.want)
		}
		_, code := Key(epc, c.pc, c.ours)
		if foreign := slices.ContainsFunc(c.want, func(w string) bool { return strings.HasPrefix(w, Foreign) }); foreign != (code == Foreign) {
			t.Errorf("%s: Key says %q", name, code)
		}
	}
}

// The date of a DSGTIN has one of seven meanings, and none of them is in the key.
func TestDates(t *testing.T) {
	for i, ai := range []string{"11", "13", "15", "16", "17", "7006", "7007"} {
		got := Decode(unhex(t, fmt.Sprintf("FB1%X3F9F09506000134352032380", i)), 0, nil)
		if want := "(01)09506000134352(21)142(" + ai + ")311231"; got.ElementString != want || got.Key != "sgtin:09506000134352.142" ||
			got.DigitalLink != "https://id.gs1.org/01/09506000134352/21/142?"+ai+"=311231" {
			t.Errorf("%d: %+v, want %s", i, got, want)
		}
	}
}

// People are told what the filter says.
func TestFilterNames(t *testing.T) {
	for hex, want := range map[string]string{
		"3054F4E4E4C21B4000000001":              "full case for transport",
		"3066C4409047E140075BCD15":              "reserved",
		"3009663781DB02974876FC6A":              "all others",
		"31CD7EA5A501DC9A07000000":              "unit load",
		"30FBA1B304B5A1C000000063":              "unit inside a pack, or component",
		"3500E86F8000A9E000000586":              "",
		"3B0E0CF5E76C9047759AD00373DC7602E7200": "",
	} {
		if got := Decode(unhex(t, hex), 0, nil); got.FilterName != want {
			t.Errorf("%s: %q, want %q", hex, got.FilterName, want)
		}
	}
}

// The PC falls into its parts.
func TestPC(t *testing.T) {
	for pc, want := range map[PC]Word{
		0x3000: {Words: 6},
		0x3400: {Words: 6, UserMemory: true},
		0x6801: {Words: 13, Attributes: "01"},
		0x0a00: {Words: 1, Extended: true},
		0x31a2: {Words: 6, ISO: true, AFI: "A2"},
		0xf900: {Words: 31, ISO: true, AFI: "00"},
	} {
		if got := Decode(make([]byte, 2*want.Words), pc, nil).PC; got == nil || *got != want {
			t.Errorf("%04X: %+v, want %+v", pc, got, want)
		}
	}
	if got := Decode([]byte{0xe2, 0}, 0, nil).PC; got != nil {
		t.Errorf("no PC: %+v", got)
	}
}

// The tag's CRC is that of the records that were captured, and one bit less
// proves damage, unless extended PC words that we have not seen are in it.
func TestCRC(t *testing.T) {
	for _, c := range []struct {
		pc  PC
		epc string
		crc uint16
	}{
		{'1'<<8 | '2', hex.EncodeToString([]byte("3456789")), 0xd64e}, // the check value of the rule
		{0x3000, "000000000000000000001545", 0xe94a},
		{0x3400, "E200470457606426E301010E", 0xc4bb},
		{0x3000, "E200420E8C506017044E7949", 0x50a7},
		{0x3400, "30751FEB705C5904E3D50D70", 0x3a76},
		{0x3000, "E20010710000529B0940B402", 0xeb98},
		{0x3000, "E28068900000500E88C6A4A7", 0x119b},
		{0x3000, "3154F4E4E4CE0A6A14000000", 0x6990},
	} {
		epc, _ := hex.DecodeString(c.epc)
		if got := CRC(c.pc, epc); got != c.crc || c.pc&(1<<9) == 0 && Damaged(c.pc, epc, c.crc) {
			t.Errorf("%s: %04X, want %04X", c.epc, got, c.crc)
		}
		epc[len(epc)-1] ^= 1
		if c.pc&(1<<9) == 0 && !Damaged(c.pc, epc, c.crc) || Damaged(c.pc|1<<9, epc, c.crc) {
			t.Errorf("%s with a bit turned over: damage not seen, or seen where it can not be", c.epc)
		}
	}
}

// The tables are those of the standard in what can be counted: the partition
// rows add up to the size of the scheme, and what a bar code separates is what
// is not of predefined length.
func TestTables(t *testing.T) {
	for header, s := range schemes {
		if s == nil {
			continue
		}
		if s.rows != nil && s.bits > 0 {
			for p, row := range s.rows {
				bits := 8 + 3 + 3 + int(companyBits[p]) + int(row.bits)
				if s.kind == itip {
					bits += 14
				}
				if s.serial == seven {
					bits += 6 * s.size
				}
				if bits += s.size; bits != s.bits {
					t.Errorf("%02X %s, partition %d: %d bits", header, s.name, p, bits)
				}
			}
		}
		if s.ai == "" {
			continue
		}
		ai, ok := gs1.Lookup(s.ai)
		if !ok || s.second != "" && ai.Predefined == s.apart {
			t.Errorf("%s: AI %s is known %t, of predefined length %t", s.name, s.ai, ok, ai.Predefined)
		}
	}
	if n := [...]int{len(domains[0]), len(domains[1]), len(domains[2]), len(domains[3])}; n != [...]int{128, 117, 32, 1} {
		t.Errorf("domains: %d", n)
	}
	for p := range nameRows { // an asset's number has 30 characters, a part's too
		if n := 12 - p; n+int(nameRows[p].digits) != longestAsset || labelRows[p].digits != nameRows[p].digits {
			t.Errorf("partition %d: %v, %v", p, nameRows[p], labelRows[p])
		}
	}
	for at, want := range map[[2]int]string{{0, 55}: "de", {0, 99}: "id", {0, 127}: "li", {1, 35}: "nl", {1, 66}: "se", {1, 116}: "zw", {2, 25}: "co.uk", {2, 27}: "com.zm", {2, 28}: "com.cn", {2, 31}: "gov.cn"} {
		if got := domains[at[0]][at[1]]; got != want {
			t.Errorf("domain %d: %q, want %q", at, got, want)
		}
	}
}
