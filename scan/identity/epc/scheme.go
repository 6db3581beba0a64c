package epc

// kind is what a scheme identifies: the GS1 key, or none.
type kind struct {
	name    string // in the pure identity URI
	unit    string // how the unit's key begins; empty: it is a text
	ai      string // of the key
	second  string // AI of the serial; empty if it is part of the key's value
	apart   bool   // in a bar code a separator stands between the two
	lead    int    // where in the key the company prefix begins
	moved   bool   // the digit before it is the first of the reference in URIs and tags
	digits  int    // of the key, check digit included; 0: as many as it has
	check   int    // of these, those that the check digit closes
	longest int    // serial, in characters
	set     byte   // characters of what is not digits; see gs1.In
	filters [8]string
}

var (
	sgtin = &kind{name: "sgtin", unit: "sgtin:", ai: "01", second: "21", lead: 1, moved: true, digits: 14, check: 14, longest: 20, set: 'x', filters: itemFilters}
	sscc  = &kind{name: "sscc", unit: "sscc:", ai: "00", lead: 1, moved: true, digits: 18, check: 18, filters: loadFilters}
	sgln  = &kind{name: "sgln", ai: "414", second: "254", digits: 13, check: 13, longest: 20, set: 'x'}
	grai  = &kind{name: "grai", unit: "grai:", ai: "8003", lead: 1, digits: 14, check: 14, longest: 16, set: 'x'}
	giai  = &kind{name: "giai", unit: "giai:", ai: "8004", longest: 30, set: 'x', filters: [8]string{1: "rail vehicle"}}
	gsrn  = &kind{name: "gsrn", ai: "8018", digits: 18, check: 18}
	gsrnp = &kind{name: "gsrnp", ai: "8017", digits: 18, check: 18}
	gdti  = &kind{name: "gdti", ai: "253", digits: 13, check: 13, longest: 17, set: 'x', filters: [8]string{1: "travel document"}}
	sgcn  = &kind{name: "sgcn", ai: "255", digits: 13, check: 13, longest: 12, set: 'n'}
	cpi   = &kind{name: "cpi", ai: "8010", second: "8011", apart: true, longest: 12, set: 'y'}
	itip  = &kind{name: "itip", ai: "8006", second: "21", apart: true, lead: 1, moved: true, digits: 18, check: 14, longest: 20, set: 'x'}

	// These are no keys of GS1; they have URIs and nothing else.
	gid   = &kind{name: "gid"}
	usdod = &kind{name: "usdod"}
	adi   = &kind{name: "adi"}
)

// What the filter values say; 0 is "all others" everywhere, and what is
// missing is reserved. Many tags say 3 where "full case" is meant.
var (
	itemFilters = [8]string{
		1: "point of sale item", 2: "full case for transport", 4: "inner pack", 6: "unit load",
		7: "unit inside a pack, or component",
	}
	loadFilters = [8]string{2: "full case for transport", 6: "unit load"}
)

// longestAsset is how long a GIAI or CPI can be.
const longestAsset = 30

// form is how a field is written.
type form uint8

const (
	none    form = iota
	zeros        // bits that are all zero
	padded       // a number, with zeros in front in text
	number       // a number without zeros in front
	marked       // a number behind a digit 1, so that zeros in front are kept
	seven        // 7-bit characters, zeros after the last
	six          // 6-bit characters up to a zero
	decimal      // 4-bit digits, as many as the key has
	ended        // 4-bit digits up to a mark, then perhaps coded characters
	coded        // encoding, length, characters
	counted      // length, number of so many digits
	own          // laid out like no other scheme: GID, DoD and ADI
)

// scheme is one way to write a kind of key into a tag.
type scheme struct {
	name string // in the tag URI
	*kind
	bits   int     // in all; 0: as many as are needed
	ref    form    // of the key, or of what follows the company prefix in it
	rows   *[7]row // with a partition: what the reference takes
	serial form
	size   int  // of the serial: bits or characters
	dated  bool // a date stands before the key
	host   bool // a host name stands after the serial
}

// plus reports whether a scheme is one of TDS 2: with the AIDC data toggle, the
// key as printed, and no URN.
func (s *scheme) plus() bool { return s.ref == decimal || s.ref == ended }

// row is what the reference takes at one partition value: bits and the most
// digits or characters. For [six], which ends itself, the bits do not count.
type row struct{ bits, digits uint8 }

// companyBits is what the company prefix takes, by partition value; its digits
// are 12 less the value.
var companyBits = [7]uint8{40, 37, 34, 30, 27, 24, 20}

var (
	itemRows  = [7]row{{4, 1}, {7, 2}, {10, 3}, {14, 4}, {17, 5}, {20, 6}, {24, 7}}
	loadRows  = [7]row{{18, 5}, {21, 6}, {24, 7}, {28, 8}, {31, 9}, {34, 10}, {38, 11}}
	placeRows = [7]row{{1, 0}, {4, 1}, {7, 2}, {11, 3}, {14, 4}, {17, 5}, {21, 6}}
	typeRows  = [7]row{{4, 0}, {7, 1}, {10, 2}, {14, 3}, {17, 4}, {20, 5}, {24, 6}}
	assetRows = [7]row{{42, 13}, {45, 14}, {48, 15}, {52, 16}, {55, 17}, {58, 18}, {62, 19}}
	nameRows  = [7]row{{148, 18}, {151, 19}, {154, 20}, {158, 21}, {161, 22}, {164, 23}, {168, 24}}
	partRows  = [7]row{{11, 3}, {14, 4}, {17, 5}, {21, 6}, {24, 7}, {27, 8}, {31, 9}}
	labelRows = [7]row{{0, 18}, {0, 19}, {0, 20}, {0, 21}, {0, 22}, {0, 23}, {0, 24}}
)

// schemes are those of TDS 2.3 by their header.
var schemes = [256]*scheme{
	0x2c: {name: "gdti-96", kind: gdti, bits: 96, ref: padded, rows: &placeRows, serial: number, size: 41},
	0x2d: {name: "gsrn-96", kind: gsrn, bits: 96, ref: padded, rows: &loadRows, serial: zeros, size: 24},
	0x2e: {name: "gsrnp-96", kind: gsrnp, bits: 96, ref: padded, rows: &loadRows, serial: zeros, size: 24},
	0x2f: {name: "usdod-96", kind: usdod, bits: 96, ref: own},
	0x30: {name: "sgtin-96", kind: sgtin, bits: 96, ref: padded, rows: &itemRows, serial: number, size: 38},
	0x31: {name: "sscc-96", kind: sscc, bits: 96, ref: padded, rows: &loadRows, serial: zeros, size: 24},
	0x32: {name: "sgln-96", kind: sgln, bits: 96, ref: padded, rows: &placeRows, serial: number, size: 41},
	0x33: {name: "grai-96", kind: grai, bits: 96, ref: padded, rows: &typeRows, serial: number, size: 38},
	0x34: {name: "giai-96", kind: giai, bits: 96, ref: number, rows: &assetRows},
	0x35: {name: "gid-96", kind: gid, bits: 96, ref: own},
	0x36: {name: "sgtin-198", kind: sgtin, bits: 198, ref: padded, rows: &itemRows, serial: seven, size: 20},
	0x37: {name: "grai-170", kind: grai, bits: 170, ref: padded, rows: &typeRows, serial: seven, size: 16},
	0x38: {name: "giai-202", kind: giai, bits: 202, ref: seven, rows: &nameRows},
	0x39: {name: "sgln-195", kind: sgln, bits: 195, ref: padded, rows: &placeRows, serial: seven, size: 20},
	0x3a: {name: "gdti-113", kind: gdti, bits: 113, ref: padded, rows: &placeRows, serial: marked, size: 58},
	0x3b: {name: "adi-var", kind: adi, ref: own},
	0x3c: {name: "cpi-96", kind: cpi, bits: 96, ref: number, rows: &partRows, serial: number, size: 31},
	0x3d: {name: "cpi-var", kind: cpi, ref: six, rows: &labelRows, serial: number, size: 40},
	0x3e: {name: "gdti-174", kind: gdti, bits: 174, ref: padded, rows: &placeRows, serial: seven, size: 17},
	0x3f: {name: "sgcn-96", kind: sgcn, bits: 96, ref: padded, rows: &placeRows, serial: marked, size: 41},
	0x40: {name: "itip-110", kind: itip, bits: 110, ref: padded, rows: &itemRows, serial: number, size: 38},
	0x41: {name: "itip-212", kind: itip, bits: 212, ref: padded, rows: &itemRows, serial: seven, size: 20},

	0xf0: {name: "cpi+", kind: cpi, ref: ended, serial: counted},
	0xf1: {name: "grai+", kind: grai, ref: decimal, serial: coded},
	0xf2: {name: "sgln+", kind: sgln, ref: decimal, serial: coded},
	0xf3: {name: "itip+", kind: itip, ref: decimal, serial: coded},
	0xf4: {name: "gsrn+", kind: gsrn, ref: decimal},
	0xf5: {name: "gsrnp+", kind: gsrnp, ref: decimal},
	0xf6: {name: "gdti+", kind: gdti, ref: decimal, serial: coded},
	0xf7: {name: "sgtin+", kind: sgtin, ref: decimal, serial: coded},
	0xf8: {name: "sgcn+", kind: sgcn, ref: decimal, serial: counted},
	0xf9: {name: "sscc+", kind: sscc, ref: decimal},
	0xfa: {name: "giai+", kind: giai, ref: ended},
	0xfb: {name: "dsgtin+", kind: sgtin, ref: decimal, serial: coded, dated: true},

	0xe6: {name: "cpi++", kind: cpi, ref: ended, serial: counted, host: true},
	0xe7: {name: "gsrn++", kind: gsrn, ref: decimal, host: true},
	0xe8: {name: "gsrnp++", kind: gsrnp, ref: decimal, host: true},
	0xe9: {name: "sgln++", kind: sgln, ref: decimal, serial: coded, host: true},
	0xea: {name: "gdti++", kind: gdti, ref: decimal, serial: coded, host: true},
	0xeb: {name: "grai++", kind: grai, ref: decimal, serial: coded, host: true},
	0xec: {name: "sgcn++", kind: sgcn, ref: decimal, serial: counted, host: true},
	0xed: {name: "itip++", kind: itip, ref: decimal, serial: coded, host: true},
	0xee: {name: "giai++", kind: giai, ref: ended, host: true},
	0xef: {name: "sscc++", kind: sscc, ref: decimal, host: true},
	0xfc: {name: "dsgtin++", kind: sgtin, ref: decimal, serial: coded, dated: true, host: true},
	0xfd: {name: "sgtin++", kind: sgtin, ref: decimal, serial: coded, host: true},
}
