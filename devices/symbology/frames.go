package symbology

// SSI is the symbology behind the code type of Zebra's SSI and SNAPI frames.
// The small memory scanners CS3000 and CS4070 number some differently.
func SSI(codeType byte) (Kind, bool) {
	k, found := ssi[codeType]
	return k, found
}

var ssi = map[byte]Kind{
	0x01: code39, 0x02: codabar, 0x03: code128, 0x04: twoOf5, 0x05: twoOf5, 0x06: itf, 0x07: code93, 0x08: upcA, 0x09: upcE,
	0x0A: ean8, 0x0B: ean13, 0x0C: code11, 0x0D: code49, 0x0E: msi, 0x0F: gs1128, 0x10: upcE, 0x11: pdf417, 0x12: code16k,
	0x13: {"code-39", "]A4"}, 0x15: trioptic, 0x16: isbn, 0x17: coupon, 0x19: isbt128, 0x1A: microPDF, 0x1B: plainDM, 0x1C: plainQR,
	0x1E: postal, 0x1F: postal, 0x20: code32, 0x21: isbt128, 0x22: postal, 0x23: postal, 0x24: postal, 0x25: maxicode, 0x26: postal, 0x27: postal,
	0x28: pdf417, 0x29: qr, 0x2C: microQR, 0x2D: aztec, 0x2E: {"aztec", "]zC"}, 0x30: databar, 0x31: databar, 0x32: databar,
	0x36: issn, 0x39: matrix2of5, 0x71: matrix2of5,
	0x48: upcA, 0x49: upcE, 0x4A: ean8, 0x4B: ean13, 0x50: upcE, 0x88: upcA, 0x89: upcE, 0x8A: ean8, 0x8B: ean13, 0x90: upcE,
	0x51: composite, 0x52: composite, 0x53: composite, 0x54: composite, 0x55: composite, 0x56: composite, 0x57: composite, 0x58: composite, 0x59: composite,
	0x61: composite, 0x62: composite, 0x63: composite, 0x64: composite, 0x65: composite, 0x66: composite, 0x67: composite, 0x68: composite,
	0x5A: tlc39, 0x72: chinese2of5, 0x73: korean2of5, 0x9A: microPDF, 0xB4: coupon, 0xB7: hanXin, 0xC1: gs1DM, 0xC2: gs1QR,
	0xC3: postal, 0xC4: dotcode, 0xC8: gridMatrix, 0xD1: {"rmqr", ""},
}

// IBM is the symbology behind the trailer of an IBM OEM frame: one byte for
// UPC and EAN, else the middle one of 00 xx 0B.
func IBM(trailer ...byte) (Kind, bool) {
	var k Kind
	found := false
	switch len(trailer) {
	case 1:
		k, found = ibmRetail[trailer[0]]
	case 3:
		if trailer[2] == 0x0B {
			k, found = ibm[trailer[1]]
		}
	}
	return k, found
}

var ibmRetail = map[byte]Kind{0x0D: upcA, 0x0A: upcE, 0x0C: ean8, 0x16: ean13}

var ibm = map[byte]Kind{
	0x0A: code39, 0x0C: twoOf5, 0x0D: itf, 0x0E: codabar, 0x18: code128, 0x19: code93, 0x25: gs1128,
	0x16: upcA, 0x11: upcA, 0x13: ean13, 0x15: ean13, 0x17: ean8, 0x1D: ean8, 0x12: upcE, 0x14: upcE,
	0x20: composite, 0x21: composite, 0x22: composite, 0x23: composite, 0x2A: databar, 0x2B: databar,
	0x2E: pdf417, 0x2F: maxicode, 0x30: ocr, 0x31: ocr, 0x32: plainDM, 0x33: plainQR, 0x34: aztec, 0x35: code49, 0x36: gs1DM, 0x37: gs1QR, 0x38: microPDF,
}

// ZebraX is the symbology behind the identifiers "]X" and a character that
// Zebra's HID POS firmware uses for the types of UnifiedPOS.
func ZebraX(modifier byte) (Kind, bool) {
	k, found := zebraX[modifier]
	return k, found
}

var zebraX = map[byte]Kind{
	'9': ean13, 'C': ean8, 'g': upcA, 'k': upcE, 'r': databar, 's': databar, 't': databar, 'V': pdf417, 'S': microQR,
}
