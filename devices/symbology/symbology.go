// Package symbology knows what makers call the symbologies: the code ids they
// put before or after a code, and the numbers in their frames. The tables are
// those of the makers' manuals and of open drivers; a value that is in none of
// them is stored without a symbology, and never rejected, since the lists grow
// with firmware.
package symbology

// Kind is a symbology under our name for it, with the AIM identifier that says
// the same; AIM is empty where the maker's id leaves open which it would be.
type Kind struct{ Name, AIM string }

// Our names, beside those that scan.SymbologyOf gives for AIM identifiers.
// Where a maker's id does not tell plain from GS1 (Honeywell's s and w), the
// AIM identifier is left out: to claim "]d1" would deny the GS1 content.
var (
	code39      = Kind{"code-39", "]A0"}
	code32      = Kind{"code-32", "]A0"}
	code128     = Kind{"code-128", "]C0"}
	gs1128      = Kind{"gs1-128", "]C1"}
	isbt128     = Kind{"isbt-128", "]C4"}
	ean13       = Kind{"ean-13", "]E0"}
	ean8        = Kind{"ean-8", "]E4"}
	upcA        = Kind{"upc-a", "]E0"}
	upcE        = Kind{"upc-e", "]E0"}
	isbn        = Kind{"isbn", "]X0"}
	codabar     = Kind{"codabar", "]F0"}
	code93      = Kind{"code-93", "]G0"}
	code11      = Kind{"code-11", "]H0"}
	itf         = Kind{"itf", "]I0"}
	twoOf5      = Kind{"2-of-5", "]S0"}
	matrix2of5  = Kind{"matrix-2-of-5", "]X0"}
	chinese2of5 = Kind{"chinese-2-of-5", "]X0"}
	korean2of5  = Kind{"korean-2-of-5", "]X0"}
	msi         = Kind{"msi", "]M0"}
	pdf417      = Kind{"pdf417", ""}
	microPDF    = Kind{"micropdf417", ""}
	codablock   = Kind{"codablock", ""}
	qr          = Kind{"qr", ""}
	plainQR     = Kind{"qr", "]Q1"}
	microQR     = Kind{"micro-qr", "]Q1"}
	gs1QR       = Kind{"gs1-qr", "]Q3"}
	dm          = Kind{"datamatrix", ""}
	plainDM     = Kind{"datamatrix", "]d1"}
	gs1DM       = Kind{"gs1-datamatrix", "]d2"}
	maxicode    = Kind{"maxicode", "]U0"}
	aztec       = Kind{"aztec", ""}
	hanXin      = Kind{"han-xin", "]h0"}
	gridMatrix  = Kind{"grid-matrix", "]X0"}
	dotcode     = Kind{"dotcode", ""}
	databar     = Kind{"gs1-databar", "]e0"}
	trioptic    = Kind{"trioptic", "]X0"}
	composite   = Kind{"composite", ""}
	tlc39       = Kind{"tlc-39", ""}
	coupon      = Kind{"coupon", ""}
	code49      = Kind{"code-49", "]T0"}
	code16k     = Kind{"code-16k", ""}
	postal      = Kind{"postal", "]X0"}
	ocr         = Kind{"ocr", ""}
	issn        = Kind{"issn", "]X0"}
)
