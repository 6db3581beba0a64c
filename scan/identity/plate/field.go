package plate

import "slices"

// titles are the data identifiers that stand on transport labels beside the
// plate. None of them names a unit of ours by itself.
var titles = map[string]string{
	"B": "container type", "1B": "container number", "D": "date", "4D": "date",
	"1K": "order", "2K": "shipment", "11K": "packing list", "12K": "shipment", "13K": "shipment", "14K": "order line", "15K": "kanban", "16K": "shipment", "K": "order",
	"1L": "location", "2L": "ship-to postcode", "3L": "ship-from", "4L": "country of origin", "L": "location",
	"P": "part", "1P": "part of the supplier", "30P": "part of the supplier",
	"Q": "quantity", "7Q": "quantity with unit", "2Q": "weight", "3Q": "unit of measure",
	"S": "serial number", "1S": "serial number", "25S": "serial number", "T": "lot", "1T": "lot", "V": "supplier", "1V": "supplier", "12V": "supplier (D-U-N-S)", "13V": "customer (D-U-N-S)",
	"J": "licence plate", "1J": "licence plate", "2J": "licence plate", "3J": "licence plate", "4J": "licence plate", "5J": "licence plate", "6J": "licence plate",
}

// Title names a data identifier, or returns an empty text for one that is not
// usual on a transport label.
func Title(di string) string { return titles[di] }

// Cut reads a field of an envelope, where every field begins with a DI: up to
// three digits and a letter.
func Cut(field string) (Field, bool) {
	at := 0
	for at < len(field) && at < 3 && isDigit(field[at]) {
		at++
	}
	if at >= len(field) || field[at] < 'A' || field[at] > 'Z' {
		return Field{}, false
	}
	return Field{field[:at+1], field[at+1:]}, true
}

// hints are the DIs that are told of a code that stands by itself.
var hints = []string{"Q", "S", "K", "2L", "2K", "12K"}

// Looks reads a code that stands by itself and looks like one of the usual
// other DIs. It is a hint and no more: a shelf may be called Q12. So a DI of one
// letter wants digits behind it, and one with a digit in front a character.
func Looks(code string) (Field, bool) {
	f, ok := Cut(code)
	if !ok || !slices.Contains(hints, f[0]) || f[1] == "" || len(f[1]) > longest {
		return Field{}, false
	}
	for i := range len(f[1]) {
		c := f[1][i]
		if !isDigit(c) && (len(f[0]) == 1 || c < 'A' || c > 'Z') {
			return Field{}, false
		}
	}
	return f, true
}
