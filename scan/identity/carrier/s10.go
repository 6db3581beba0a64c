package carrier

// S10 is the number of the Universal Postal Union, standard S10: two letters of
// the service, eight digits, a check digit, the country that issued it. It is
// a postal number only if such a country exists, whatever its check digit says.

func checkS10(n string) bool { return issues(n) && n[10] == sumS10(n) }

// issues reports whether the number's country exists.
func issues(n string) bool { return countries[[2]byte{n[11], n[12]}] }

// sumS10: weights 8 6 4 2 3 5 9 7, sum mod 11, taken from 11; 10 and 11,
// which are no digits, become 0 and 5.
func sumS10(n string) byte {
	sum := 0
	for i, weight := range [...]int{8, 6, 4, 2, 3, 5, 9, 7} {
		sum += weight * int(n[2+i]-'0')
	}
	digit := 11 - sum%11
	switch digit {
	case 10:
		digit = 0
	case 11:
		digit = 5
	}
	return '0' + byte(digit)
}

// serviceS10 names the post, where it is one that our sheet of carriers has.
func serviceS10(m Match) Match {
	switch m.Number[11:] {
	case "GB":
		m.Service = "Royal Mail"
	case "US":
		m.Service = "USPS"
	case "CA":
		m.Service = "Canada Post"
	case "DE":
		m.Service = "Deutsche Post"
	case "AU":
		m.Service = "Australia Post"
	}
	return m
}

// alpha2 is ISO 3166-1 alpha-2, standing in for the union's list of issuers:
// wider than that list, so that no real number is refused for its country.
const alpha2 = "ADAEAFAGAIALAMAOAQARASATAUAWAXAZ" +
	"BABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZ" +
	"CACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZ" +
	"DEDJDKDMDODZ" + "ECEEEGEHERESET" + "FIFJFKFMFOFR" +
	"GAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGY" +
	"HKHMHNHRHTHU" + "IDIEILIMINIOIQIRISIT" + "JEJMJOJP" +
	"KEKGKHKIKMKNKPKRKWKYKZ" + "LALBLCLILKLRLSLTLULVLY" +
	"MAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZ" +
	"NANCNENFNGNINLNONPNRNUNZ" + "OM" + "PAPEPFPGPHPKPLPMPNPRPSPTPWPY" + "QA" +
	"RERORSRURW" +
	"SASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZ" +
	"TCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZ" + "UAUGUMUSUYUZ" +
	"VAVCVEVGVIVNVU" + "WFWS" + "YEYT" + "ZAZMZW"

var countries = func() map[[2]byte]bool {
	m := make(map[[2]byte]bool, len(alpha2)/2)
	for i := 0; i < len(alpha2); i += 2 {
		m[[2]byte{alpha2[i], alpha2[i+1]}] = true
	}
	return m
}()
