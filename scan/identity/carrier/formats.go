package carrier

import "slices"

// format is one carrier's one way to write a number.
//
// Its pattern reads: # a digit, @ a letter, * one of both, [AHJ] one of these,
// anything else itself; {9} and {9,18} repeat what stands before. The number of
// the key is from:to of it (all of it if to is 0).
type format struct {
	carrier, service, pattern string
	evidence                  Evidence
	check                     func(number string) bool // nil: there is none, or none is public
	from, to                  int
	name                      name
	itf                       bool
	finish                    func(Match) Match                // what a row can not say
	sure                      func(number string) (Near, bool) // see Damaged
}

const (
	impb22 = "9[2345]#{20}"
	impb26 = "9[2345]#{24}"
	impb30 = "94#{28}"
)

var formats = []format{
	{carrier: "ups", pattern: "1Z*{15}#", evidence: CheckPrefix, check: checkUPS, finish: serviceUPS, sure: sureUPS},
	{carrier: "ups", service: "waybill", pattern: "[AHJKTV]#{10}", evidence: CheckPrefix, check: checkWaybill},
	{carrier: "ups", service: "Mail Innovations", pattern: "MI#{6}*{0,22}", evidence: Prefix},
	{carrier: "ups", service: "Mail Innovations", pattern: "#{18}", evidence: Length},
	{carrier: "ups", pattern: "T#{10}", evidence: Length},
	{carrier: "ups", pattern: "#{9}", evidence: Length},
	{carrier: "ups", pattern: "#{12}", evidence: Length},

	{carrier: "usps", service: "IMpb", pattern: impb22, evidence: CheckPrefix, check: checkMod10, sure: sureUSPS},
	{carrier: "usps", service: "IMpb", pattern: impb26, evidence: CheckPrefix, check: checkMod10},
	{carrier: "usps", service: "IMpb", pattern: impb30, evidence: CheckPrefix, check: checkMod10},
	{carrier: "usps", service: "IMpb", pattern: "420#{5}" + impb22, evidence: CheckPrefix, check: after(8, checkMod10), from: 8, sure: sureUSPS},
	{carrier: "usps", service: "IMpb", pattern: "420#{9}" + impb22, evidence: CheckPrefix, check: after(12, checkMod10), from: 12, sure: sureUSPS},
	{carrier: "usps", service: "IMpb", pattern: "420#{5}" + impb26, evidence: CheckPrefix, check: after(8, checkMod10), from: 8, sure: sureUSPS},
	{carrier: "usps", service: "IMpb", pattern: "420#{9}" + impb26, evidence: CheckPrefix, check: after(12, checkMod10), from: 12, sure: sureUSPS},
	{carrier: "usps", service: "IMpb", pattern: "420#{5}" + impb30, evidence: CheckPrefix, check: after(8, checkMod10), from: 8, sure: sureUSPS},
	{carrier: "usps", service: "IMpb", pattern: "420#{9}" + impb30, evidence: CheckPrefix, check: after(12, checkMod10), from: 12, sure: sureUSPS},
	{carrier: "usps", pattern: "91#{20}", evidence: CheckPrefix, check: checkMod10, name: byOld},
	{carrier: "usps", pattern: "420#{5}91#{20}", evidence: CheckPrefix, check: after(8, checkMod10), from: 8, name: byOld},
	{carrier: "usps", pattern: "70#{18}", evidence: CheckPrefix, check: checkMod10},
	{carrier: "usps", pattern: "03#{18}", evidence: CheckPrefix, check: checkMod10},
	{carrier: "usps", pattern: "[123456789]#{19}", evidence: Check, check: checkMod10}, // 00 is GS1's
	{carrier: "usps", pattern: "0[123456789]#{18}", evidence: Check, check: checkMod10},
	{carrier: "usps", pattern: "70#{18}", evidence: CheckPrefix, check: checkWith("91"), finish: with("91"), name: byOld},
	{carrier: "usps", pattern: "03#{18}", evidence: CheckPrefix, check: checkWith("91"), finish: with("91"), name: byOld},
	{carrier: "usps", pattern: "[123456789]#{19}", evidence: Check, check: checkWith("91"), finish: with("91"), name: byOld},
	{carrier: "usps", pattern: "0[123456789]#{18}", evidence: Check, check: checkWith("91"), finish: with("91"), name: byOld},

	// The postal union's own form; the posts of all countries use it.
	{carrier: "s10", pattern: "@@#{9}@@", evidence: CheckPrefix, check: checkS10, finish: serviceS10, sure: sureS10},

	{carrier: "fedex", service: "Express", pattern: "#{12}", evidence: Check, check: checkFedEx},
	{carrier: "fedex", service: "Ground", pattern: "#{15}", evidence: Check, check: checkMod10},
	{carrier: "fedex", service: "Ground", pattern: "96#{20}", evidence: CheckPrefix, check: after(7, checkMod10), name: byGround},
	{carrier: "fedex", service: "Ground", pattern: "96#{32}", evidence: CheckPrefix, check: after(20, checkFedEx), from: 22},
	{carrier: "fedex", service: "Express", pattern: "[012345678]#{33}", evidence: Check, check: after(20, checkFedEx), from: 22},
	{carrier: "fedex", service: "Express (ASTRA)", pattern: "3#{31}", evidence: Check, check: between(16, 28, checkFedEx), from: 16, to: 28},
	{carrier: "fedex", service: "Ground (SSCC)", pattern: "00#{18}", evidence: CheckPrefix, check: checkMod10, from: 2, name: bySSCC},
	{carrier: "fedex", service: "Ground (SSCC)", pattern: "#{18}", evidence: Check, check: checkMod10, name: bySSCC},
	{carrier: "usps", service: "FedEx Ground Economy", pattern: "612#{17}", evidence: CheckPrefix, check: checkWith("92"), finish: with("92")},
	{carrier: "usps", service: "FedEx Ground Economy", pattern: "[12345689]#{19}", evidence: Check, check: checkWith("92"), finish: with("92")}, // 70 and 03 are USPS's own
	{carrier: "usps", service: "FedEx Ground Economy", pattern: "0[12456789]#{18}", evidence: Check, check: checkWith("92"), finish: with("92")},
	{carrier: "usps", service: "FedEx Ground Economy", pattern: "7[123456789]#{18}", evidence: Check, check: checkWith("92"), finish: with("92")},
	{carrier: "fedex", pattern: "#{10}", evidence: Length},

	{carrier: "dhl", service: "Express", pattern: "#{10,11}", evidence: Check, check: checkMod7},
	{carrier: "dhl", service: "air waybill", pattern: "#{11}", evidence: Check, check: after(3, checkMod7)},
	{carrier: "dhl", service: "Parcel", pattern: "JJD#{9,18}", evidence: Prefix, from: 1, name: byPlate},
	{carrier: "dhl", service: "Parcel", pattern: "JD#{9,18}", evidence: Prefix, name: byPlate},
	{carrier: "dhl", service: "Parcel", pattern: "JVGL#{9,18}", evidence: Prefix, from: 1, name: byPlate},
	{carrier: "dhl", service: "Parcel", pattern: "VGL#{9,18}", evidence: Prefix, name: byPlate},
	{carrier: "dhl", service: "Parcel", pattern: "3S@{2,2}#{6,15}", evidence: Prefix},
	{carrier: "dhl", service: "Parcel", pattern: "3S@{3,3}#{6,15}", evidence: Prefix},
	{carrier: "dhl", service: "Parcel", pattern: "3S@{4,4}#{6,15}", evidence: Prefix},
	{carrier: "dhl", service: "Parcel", pattern: "000#{9,18}", evidence: Length},
	{carrier: "dhl", service: "Paket", pattern: "0034#{16}", evidence: CheckPrefix, check: checkMod10, from: 2, name: bySSCC},
	{carrier: "dhl", service: "Paket (Identcode)", pattern: "#{12}", evidence: Check, check: checkPost, itf: true},
	{carrier: "dhl", service: "Paket (Leitcode)", pattern: "#{14}", evidence: Check, check: checkPost, itf: true, name: byNothing},
	{carrier: "dhl", service: "eCommerce", pattern: "GM*{10,39}", evidence: Prefix},
	{carrier: "dhl", service: "eCommerce", pattern: "LX*{10,39}", evidence: Prefix},
	{carrier: "dhl", service: "eCommerce", pattern: "RX*{10,39}", evidence: Prefix},
	{carrier: "dhl", service: "eCommerce", pattern: "@#{10,39}", evidence: Length},
	{carrier: "dhl", service: "eCommerce", pattern: "@@#{10,39}", evidence: Length},
	{carrier: "dhl", service: "eCommerce", pattern: "@@@#{10,39}", evidence: Length},
	{carrier: "dhl", service: "eCommerce", pattern: "@@@@#{10,39}", evidence: Length},
	{carrier: "dhl", service: "eCommerce", pattern: "@@@@@#{10,39}", evidence: Length},
	{carrier: "dhl", service: "eCommerce", pattern: "#{14}", evidence: Length},
	{carrier: "dhl", service: "Freight", pattern: "#{7}", evidence: Length},
	{carrier: "dhl", service: "Freight", pattern: "@@@#{7,8}", evidence: Length},

	// 3S is the Dutch post's before it is anybody else's.
	{carrier: "postnl", pattern: "3S@{2,2}#{6,15}", evidence: Prefix},
	{carrier: "postnl", pattern: "3S@{3,3}#{6,15}", evidence: Prefix},
	{carrier: "postnl", pattern: "3S@{4,4}#{6,15}", evidence: Prefix},

	{carrier: "amazon", pattern: "TB[ACM]#{12}", evidence: Prefix},
	{carrier: "amazon", service: "international", pattern: "[ACF]#{10}", evidence: Length},

	{carrier: "ontrac", pattern: "[CD]#{14}", evidence: CheckPrefix, check: checkLettered},
	{carrier: "lasership", pattern: "L[AEHINX][123]#{7}", evidence: Prefix},
	{carrier: "lasership", pattern: "1LS7#{11}", evidence: Prefix},
	{carrier: "lasership", pattern: "1LS7#{11}1", evidence: Prefix}, // printed with -1 at its end
	{carrier: "lasership", pattern: "1LSCX*{10}", evidence: Prefix},

	{carrier: "canadapost", pattern: "#{16}", evidence: Check, check: checkMod10},
	{carrier: "purolator", pattern: "[012345]#{11}", evidence: Check, check: checkLuhn},
	{carrier: "purolator", pattern: "@@@#{9}", evidence: Length},
	{carrier: "parcelforce", pattern: "@@#{7}", evidence: Length},
	{carrier: "parcelforce", pattern: "@@@@#{10}", evidence: Length},
	{carrier: "parcelforce", pattern: "#{12}", evidence: Length},

	// On paper with its check character; in the bars with % in front and without.
	{carrier: "dpd", pattern: "*{7}#{20}*", evidence: Check, check: check3736, from: 7, to: 21},
	{carrier: "dpd", pattern: "%*{7}#{20}", evidence: Prefix, from: 8, to: 22},
	{carrier: "dpd", pattern: "#{14}*", evidence: Check, check: check3736, to: 14},
	{carrier: "dpd", pattern: "#{14}", evidence: Length},

	{carrier: "gls", pattern: "#{12}", evidence: Check, check: checkGLS},
	{carrier: "evri", pattern: "*{16}", evidence: Length},
	{carrier: "hermes", pattern: "#{14}", evidence: Length}, // Germany
	{carrier: "yodel", pattern: "JD#{16}", evidence: Prefix, name: byPlate},
	{carrier: "yodel", pattern: "JJD#{16}", evidence: Prefix, from: 1, name: byPlate},
	{carrier: "auspost", service: "eParcel", pattern: "***#{18}", evidence: Check, check: checkAusPost},
	{carrier: "auspost", service: "eParcel", pattern: "*****#{18}", evidence: Check, check: checkAusPost},

	{carrier: "yunexpress", pattern: "YT#{16}", evidence: Prefix},
	{carrier: "gofo", pattern: "GFUS#{14}", evidence: Prefix},
	{carrier: "landmark", pattern: "LTN#{8}N1", evidence: Prefix},
	{carrier: "speedee", pattern: "SP#{18}", evidence: Prefix},
	{carrier: "canpar", pattern: "@#{21}", evidence: Length},
	{carrier: "olddominion", pattern: "77#{9}", evidence: CheckPrefix, check: checkLuhn},
	{carrier: "olddominion", pattern: "072#{8}", evidence: CheckPrefix, check: checkLuhn},
	{carrier: "olddominion", pattern: "780#{8}", evidence: CheckPrefix, check: checkLuhn},
	{carrier: "olddominion", pattern: "80#{9}", evidence: CheckPrefix, check: checkLuhn},
}

// serviceUPS names the one service that matters here: a SurePost parcel carries
// a USPS number as well, so a second number on it is no second parcel.
func serviceUPS(m Match) Match {
	if m.Number[8:10] == "YW" {
		m.Service = "SurePost"
	}
	return m
}

// with puts back what is left out in front where a USPS number is printed short.
func with(front string) func(Match) Match {
	return func(m Match) Match {
		m.Number = front + m.Number
		return m
	}
}

// Names lists the carriers, in alphabetical order.
func Names() []string {
	var names []string
	for i := range formats {
		names = append(names, formats[i].carrier)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
