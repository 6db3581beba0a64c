package scan

// CutAIM splits a leading AIM identifier (ISO/IEC 15424: a bracket, a code
// letter, a modifier) from what was read. Without one, aim is empty.
func CutAIM(read string) (aim, code string) {
	if len(read) < 3 || read[0] != ']' {
		return "", read
	}
	letter, modifier := read[1], read[2]
	if !isLetter(letter) || !isLetter(modifier) && !(modifier >= '0' && modifier <= '9') {
		return "", read
	}
	return read[:3], read[3:]
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// SymbologyOf names the symbology behind an AIM identifier, or returns "" for
// one that is not in ISO/IEC 15424's list or names none.
func SymbologyOf(aim string) string {
	if len(aim) != 3 {
		return ""
	}
	switch aim {
	case "]C1":
		return "gs1-128"
	case "]C4":
		return "isbt-128"
	case "]E4":
		return "ean-8"
	case "]J1":
		return "gs1-dotcode"
	case "]Q3", "]Q4":
		return "gs1-qr"
	case "]d2", "]d5":
		return "gs1-datamatrix"
	}
	return symbologies[aim[1]]
}

var symbologies = map[byte]string{
	'A': "code-39", 'B': "telepen", 'C': "code-128", 'D': "code-one", 'E': "ean-13", 'F': "codabar",
	'G': "code-93", 'H': "code-11", 'I': "itf", 'J': "dotcode", 'K': "code-16k", 'L': "pdf417",
	'M': "msi", 'N': "anker", 'O': "codablock", 'P': "plessey", 'Q': "qr", 'R': "2-of-5",
	'S': "2-of-5", 'T': "code-49", 'U': "maxicode", 'c': "channel", 'd': "datamatrix",
	'e': "gs1-databar", 'h': "han-xin", 'o': "ocr", 'p': "posicode", 's': "supercode", 'z': "aztec",
}
