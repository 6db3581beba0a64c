package epc

import (
	"fmt"
	"strings"
)

// encodings are all the ways in which a thing can be written into a tag, by
// scheme; a "+" scheme has several, and "/2" after its name counts them.
func (x thing) encodings() map[string]string {
	all := map[string]string{}
	x.classics(all)
	x.pluses(all)
	return all
}

// classic adds one of the schemes with a partition.
func (x thing) classic(all map[string]string, scheme, header, rest string) {
	all[scheme] = header + fmt.Sprintf("%03b%03b", x.filter, 12-len(x.prefix)) + numeral(x.prefix, width(len(x.prefix))) + rest
}

func (x thing) classics(all map[string]string) {
	company := width(len(x.prefix))
	sevens := func(n int) string { return filled(binaries(x.serial, 7, ascii), 7*n) }
	ref := func(total int) string { return numeral(x.ref, total-company) }
	switch x.kind {
	case "sgtin":
		if plain(x.serial, 38) {
			x.classic(all, "sgtin-96", "00110000", ref(44)+numeral(x.serial, 38))
		}
		x.classic(all, "sgtin-198", "00110110", ref(44)+sevens(20))
	case "itip":
		pieces := numeral(x.pieces[:2], 7) + numeral(x.pieces[2:], 7)
		if plain(x.serial, 38) {
			x.classic(all, "itip-110", "01000000", ref(44)+pieces+numeral(x.serial, 38))
		}
		x.classic(all, "itip-212", "01000001", ref(44)+pieces+sevens(20))
	case "sscc":
		x.classic(all, "sscc-96", "00110001", ref(58)+numeral("", 24))
	case "gsrn":
		x.classic(all, "gsrn-96", "00101101", ref(58)+numeral("", 24))
	case "gsrnp":
		x.classic(all, "gsrnp-96", "00101110", ref(58)+numeral("", 24))
	case "sgln":
		if plain(x.serial, 41) {
			x.classic(all, "sgln-96", "00110010", ref(41)+numeral(x.serial, 41))
		}
		x.classic(all, "sgln-195", "00111001", ref(41)+sevens(20))
	case "grai":
		if plain(x.serial, 38) {
			x.classic(all, "grai-96", "00110011", ref(44)+numeral(x.serial, 38))
		}
		x.classic(all, "grai-170", "00110111", ref(44)+sevens(16))
	case "gdti":
		if plain(x.serial, 41) {
			x.classic(all, "gdti-96", "00101100", ref(41)+numeral(x.serial, 41))
		}
		if strings.Trim(x.serial, "0123456789") == "" {
			x.classic(all, "gdti-113", "00111010", ref(41)+numeral("1"+x.serial, 58))
		}
		x.classic(all, "gdti-174", "00111110", ref(41)+sevens(17))
	case "sgcn":
		x.classic(all, "sgcn-96", "00111111", ref(41)+numeral("1"+x.serial, 41))
	case "giai":
		if plain(x.ref, 82-company) && len(x.ref) <= 25-len(x.prefix) {
			x.classic(all, "giai-96", "00110100", ref(82))
		}
		x.classic(all, "giai-202", "00111000", filled(binaries(x.ref, 7, ascii), 188-company))
	case "cpi":
		if plain(x.ref, 51-company) && len(x.ref) <= 15-len(x.prefix) && plain(x.serial, 31) {
			x.classic(all, "cpi-96", "00111100", ref(51)+numeral(x.serial, 31))
		}
		x.classic(all, "cpi-var", "00111101", binaries(x.ref, 6, low6)+"000000"+numeral(x.serial, 40))
	}
}

// A host name as two "++" schemes write it: in triples, and in 7-bit groups
// where 0100000 is "id." and 1011011 ".com".
var hosts = map[string]string{
	"A-1.EU":         "0000110" + fmt.Sprintf("%016b%016b", 1*1600+27*40+31+1, 28*1600+5*40+21+1),
	"id.example.com": "1001001" + "0100000" + binaries("example", 7, ascii) + "1011011",
	"x.co.uk":        "1000011" + binaries("x", 7, ascii) + "00000100011001",
}

// more are the headers of the "+" scheme and its "++" twin.
var more = map[string][2]string{
	"sgtin": {"11110111", "11111101"}, "sscc": {"11111001", "11101111"}, "sgln": {"11110010", "11101001"},
	"grai": {"11110001", "11101011"}, "giai": {"11111010", "11101110"}, "gsrn": {"11110100", "11100111"},
	"gsrnp": {"11110101", "11101000"}, "gdti": {"11110110", "11101010"}, "sgcn": {"11111000", "11101100"},
	"cpi": {"11110000", "11100110"}, "itip": {"11110011", "11101101"},
}

func (x thing) pluses(all map[string]string) {
	bodies := []string{binaries(x.key(), 4, digit)}
	counted := fmt.Sprintf("%04b", len(x.serial)) + numeral(x.serial, width(len(x.serial)))
	switch x.kind {
	case "giai", "cpi":
		bodies = x.ended()
	case "sgcn":
		bodies[0] += counted
	case "sscc", "gsrn", "gsrnp":
	default:
		var each []string
		for _, c := range codings(x.serial) {
			each = append(each, bodies[0]+c)
		}
		bodies = each
	}
	if x.kind == "cpi" {
		for i := range bodies {
			bodies[i] += counted
		}
	}
	control := fmt.Sprintf("0%03b", x.filter)
	for i, body := range bodies {
		all[fmt.Sprintf("%s+/%d", x.kind, i)] = more[x.kind][0] + control + body
		all[fmt.Sprintf("%s+/%d with more data", x.kind, i)] = more[x.kind][0] + "1" + control[1:] + body + "0001000000100100"
		for name, host := range hosts {
			all[fmt.Sprintf("%s++/%d %s", x.kind, i, name)] = more[x.kind][1] + control + body + host
		}
		if x.kind == "sgtin" {
			date := "0100" + numeral("31", 7) + numeral("12", 4) + numeral("00", 5)
			all[fmt.Sprintf("dsgtin+/%d", i)] = "11111011" + control + date + body
			all[fmt.Sprintf("dsgtin++/%d id.example.com", i)] = "11111100" + control + date + body + hosts["id.example.com"]
		}
	}
}

// ended writes a key of digits up to a mark, and the rest in every coding.
func (x thing) ended() (bodies []string) {
	key := x.key()
	n := len(key) - len(strings.TrimLeft(key, "0123456789"))
	if n == len(key) {
		return []string{binaries(key, 4, digit) + "1111"}
	}
	for _, c := range codings(key[n:]) {
		bodies = append(bodies, binaries(key[:n], 4, digit)+"1110"+c)
	}
	return bodies
}
