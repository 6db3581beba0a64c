package symbology

// Sets names the code ids that a scanner may put before a code.
func Sets() []string { return []string{"none", "datalogic-eu", "datalogic-usa", "honeywell", "symbol"} }

// Cut splits the leading code id of a set from what was read. A beginning that
// the set does not have stays with the code: it may well be one of its
// characters.
func Cut(set, read string) (k Kind, code string, found bool) {
	table := sets[set]
	for _, n := range lengths[set] {
		if len(read) >= n {
			if k, found = table[read[:n]]; found {
				return k, read[n:], true
			}
		}
	}
	return Kind{}, read, false
}

// Honeywell is the symbology behind a Honeywell code id, a single byte.
func Honeywell(id byte) (Kind, bool) {
	k, found := honeywell[string(id)]
	return k, found
}

// lengths are how long the ids of a set are, the longest first.
var lengths = map[string][]int{"honeywell": {1}, "symbol": {3, 1}, "datalogic-usa": {3, 2, 1}, "datalogic-eu": {2, 1}}

var sets = map[string]map[string]Kind{
	"honeywell": honeywell, "symbol": symbol, "datalogic-usa": datalogicUSA, "datalogic-eu": datalogicEU,
}

// honeywell: from a maker's list that two open drivers agree with. It can not
// tell GS1 QR and GS1 Data Matrix from the plain ones.
var honeywell = map[string]Kind{
	"b": code39, "<": code32, "j": code128, "I": gs1128, "|": gs1128, "d": ean13, "D": ean8, "c": upcA, "E": upcE, "`": isbn,
	"a": codabar, "i": code93, "h": code11, "e": itf, "f": twoOf5, "m": matrix2of5, "g": msi, "r": pdf417, "R": microPDF,
	"q": codablock, "s": qr, "-": microQR, "w": dm, "x": maxicode, "z": aztec, "H": hanXin, "X": gridMatrix, ".": dotcode,
	"y": databar, "{": databar, "}": databar, "=": trioptic, "T": tlc39, ";": coupon,
}

// symbol: of Zebra and Symbol; one character, or three that begin with P.
var symbol = map[string]Kind{
	"B": code39, "D": code128, "K": gs1128, "A": {"ean-upc", ""}, "L": isbn, "C": codabar, "E": code93, "H": code11, "F": itf,
	"G": twoOf5, "S": matrix2of5, "U": chinese2of5, "J": msi, "X": pdf417, "P01": plainQR, "P0Q": gs1QR, "P00": plainDM, "P0G": gs1DM,
	"P02": maxicode, "z": aztec, "P0H": hanXin, "P0D": gridMatrix, "R": databar, "M": trioptic, "T": tlc39, "N": coupon,
}

var datalogicUSA = map[string]Kind{
	"*": code39, "#": code128, "]C1": gs1128, "f": isbt128, "F": ean13, "FF": ean8, "A": upcA, "E": upcE, "I": isbn, "%": codabar,
	"&": code93, "CE": code11, "i": itf, "s": twoOf5, "g": matrix2of5, "@": msi, "P": pdf417, "mP": microPDF, "l": codablock,
	"QR": plainQR, "$Q": microQR, "QG": gs1QR, "Dm": plainDM, "Dg": gs1DM, "MC": maxicode, "Az": aztec, "$S": hanXin,
	"R4": databar, "RL": databar, "RX": databar, "$T": trioptic,
}

var datalogicEU = map[string]Kind{
	"V": code39, "X": code32, "T": code128, "k": gs1128, "f": isbt128, "B": ean13, "A": ean8, "C": upcA, "D": upcE, "@": isbn,
	"R": codabar, "U": code93, "b": code11, "N": itf, "P": twoOf5, "g": matrix2of5, "Z": msi, "r": pdf417, "8": microPDF, "m": codablock,
	"y": plainQR, "$q": gs1QR, "w": plainDM, "$w": gs1DM, "x": maxicode, "!": aztec,
}
