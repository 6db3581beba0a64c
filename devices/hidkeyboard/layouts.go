package hidkeyboard

// Dead keys: an accent that waits for the letter it belongs on. The tables
// write them as Unicode's combining marks, and spacing says what each is by
// itself.
const (
	grave      = '\u0300'
	acute      = '\u0301'
	circumflex = '\u0302'
	tilde      = '\u0303'
	diaeresis  = '\u0308'
)

// layouts are the countries a scanner can be set to. Characters are those of
// Debian's xkb-data, which a test compares, as far as they are on the keys'
// caps. Where the Windows layout of that country differs in what is dead, it
// is followed, since that is what scanners are built for. So is its Caps Lock,
// which in Germany and France is a Shift Lock.
var layouts = map[string]layout{
	"us": {
		name: "US English",
		rows: []row{
			{0x04, "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
			{0x1E, "1234567890", "!@#$%^&*()"},
			{0x2D, `-=[]\`, `_+{}|`},
			{0x33, ";'`,./", `:"~<>?`},
		},
	},
	"uk": {
		name: "UK English",
		rows: []row{
			{0x04, "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
			{0x1E, "1234567890", `!"£$%^&*()`},
			{0x2D, "-=[]#", "_+{}~"},
			{0x33, ";'`,./", ":@¬<>?"},
			{0x64, `\`, "|"},
		},
		altGr: "q@ mµ 2² 3³ 4€ 7{ 8[ 9] 0} -\\ `| \\|",
	},
	"de": {
		name: "German",
		rows: []row{
			{0x04, "abcdefghijklmnopqrstuvwxzy", "ABCDEFGHIJKLMNOPQRSTUVWXZY"},
			{0x1E, "1234567890", `!"§$%&/()=`},
			{0x2D, "ß\u0301ü+#", "?\u0300Ü*'"},
			{0x33, "öä\u0302,.-", "ÖÄ°;:_"},
			{0x63, ",", ","}, // the keypad's own
			{0x64, "<", ">"},
		},
		altGr: `q@ e€ mµ 2² 3³ 6¬ 7{ 8[ 9] 0} ß\ +~ <|`,
		lock:  "1234567890ß+#,.",
	},
	"fr": {
		name: "French",
		rows: []row{
			{0x04, "qbcdefghijkl,noparstuvzxyw", "QBCDEFGHIJKL?NOPARSTUVZXYW"},
			{0x1E, `&é"'(-è_çà`, "1234567890"},
			{0x2D, ")=\u0302$*", "°+\u0308£µ"},
			{0x33, "mù²;:!", "M%~./§"},
			{0x64, "<", ">"},
		},
		altGr: "e€ mµ é\u0303 \"# '{ ([ -| è\u0300 _\\ ç^ à@ )] =} $¤ ²¬ <|",
		lock:  "&é\"'(-è_çà)=\u0302$*ù,;:!",
	},
	"es": {
		name: "Spanish",
		rows: []row{
			{0x04, "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
			{0x1E, "1234567890", `!"·$%&/()=`},
			{0x2D, "'¡\u0300+ç", "?¿\u0302*Ç"},
			{0x33, "ñ\u0301º,.-", "Ñ\u0308ª;:_"},
			{0x64, "<", ">"},
		},
		altGr: "q@ e€ mµ 1| 2@ 3# 4\u0303 6¬ 7{ 8[ 9] 0} \u0300[ +] \u0301{ ç} º\\ <|",
	},
	"it": {
		name: "Italian",
		rows: []row{
			{0x04, "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
			{0x1E, "1234567890", `!"£$%&/()=`},
			{0x2D, "'ìè+ù", "?^é*§"},
			{0x33, `òà\,.-`, "ç°|;:_"},
			{0x64, "<", ">"},
		},
		altGr:   "q@ e€ mµ 2² 3³ 6¬ 7{ 8[ 9] 0} '` ì~ è[ +] ò@ à# \\¬",
		altGrUp: "è{ +}",
	},
	"ch": {
		name: "Swiss German",
		rows: []row{
			{0x04, "abcdefghijklmnopqrstuvwxzy", "ABCDEFGHIJKLMNOPQRSTUVWXZY"},
			{0x1E, "1234567890", `+"*ç%&/()=`},
			{0x2D, "'\u0302ü\u0308$", "?\u0300è!£"},
			{0x33, "öä§,.-", "éà°;:_"},
			{0x64, "<", ">"},
		},
		altGr: "q@ e€ mµ 1| 2@ 3# 6¬ 7| '\u0301 \u0302\u0303 ü[ \u0308] $} ä{ <\\",
	},
	"be": {
		name: "Belgian",
		rows: []row{
			{0x04, "qbcdefghijkl,noparstuvzxyw", "QBCDEFGHIJKL?NOPARSTUVZXYW"},
			{0x1E, `&é"'(§è!çà`, "1234567890"},
			{0x2D, ")-\u0302$µ", "°_\u0308*£"},
			{0x33, "mù²;:=", "M%³./+"},
			{0x64, "<", ">"},
		},
		altGr: "a@ e€ &| é@ \"# §\u0302 è{ ![ ç{ à} )\\ \u0302[ $] ù\u0301 µ\u0300 ²¬ =\u0303 <\\",
	},
}

// spacing is an accent that stands by itself, or 0 if c is no dead key.
func spacing(c rune) rune {
	if c < grave {
		return 0
	}
	switch c {
	case grave:
		return '`'
	case acute:
		return '´'
	case circumflex:
		return '^'
	case tilde:
		return '~'
	case diaeresis:
		return '¨'
	}
	return 0
}

// compose puts an accent on a letter; 0 if Windows knows no such letter. A
// space gives the accent by itself.
func compose(accent, letter rune) rune {
	if letter == ' ' {
		return spacing(accent)
	}
	return accented[[2]rune{accent, letter}]
}

var accented = func() map[[2]rune]rune {
	all := map[[2]rune]rune{}
	for accent, pairs := range map[rune]string{
		grave:      "aàeèiìoòuùAÀEÈIÌOÒUÙ",
		acute:      "aáeéiíoóuúyýAÁEÉIÍOÓUÚYÝ",
		circumflex: "aâeêiîoôuûAÂEÊIÎOÔUÛ",
		tilde:      "aãnñoõAÃNÑOÕ",
		diaeresis:  "aäeëiïoöuüyÿAÄEËIÏOÖUÜ",
	} {
		letters := []rune(pairs)
		for i := 0; i < len(letters); i += 2 {
			all[[2]rune{accent, letters[i]}] = letters[i+1]
		}
	}
	return all
}()
