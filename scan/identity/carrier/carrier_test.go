package carrier

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/matches.txt anew")

// sheet has, row by row of our sheet of carriers, numbers that are right, the
// key that each makes, and numbers that are wrong.
var sheet = []struct {
	row, carrier string
	evidence     Evidence
	right        map[string]string
	wrong        []string
}{
	{"UPS", "ups", CheckPrefix, map[string]string{
		"1Z999AA10123456784": "ups:1Z999AA10123456784", "1ZA12B340352601818": "ups:1ZA12B340352601818", "1ZA12B340359083018": "ups:1ZA12B340359083018",
		"1Z 999 AA1 01 2345 6784": "ups:1Z999AA10123456784", " 1z-999-aa1-01-23456784 ": "ups:1Z999AA10123456784", "1Z999AA1YW23456782": "ups:1Z999AA1YW23456782",
	}, []string{"1Z999AA10123456785", "1Z999AA1012345678", "1Z999AA101234567844", "1Z999AA1012345678A", "1Z999AA101234567.4"}},
	{"UPS waybill", "ups", CheckPrefix, map[string]string{"J0913909963": "ups:J0913909963", "J0308246280": "ups:J0308246280"}, []string{"J1948219938", "B0913909963"}},
	{"UPS Mail Innovations", "ups", Prefix, map[string]string{"MI123456": "ups:MI123456", "MI123456ABCDEFGHIJ1234567890AB": "ups:MI123456ABCDEFGHIJ1234567890AB"}, []string{"MI12345", "MI123456ABCDEFGHIJ1234567890ABC"}},
	{"UPS other", "ups", Length, map[string]string{"T1234567890": "ups:T1234567890", "123456789": "ups:123456789", "123456789012": "ups:123456789012"}, []string{"12345678"}},
	{"USPS label", "usps", CheckPrefix, map[string]string{"9400108518190937865790": "usps:9400108518190937865790", "9400108754323194875749": "usps:9400108754323194875749", "9400 1087 5432 3194 8757 49": "usps:9400108754323194875749"},
		[]string{"9400108911862527601890"}},
	{"USPS commercial", "usps", CheckPrefix, map[string]string{"9201990555979711471043": "usps:9201990555979711471043", "9201990974650752917035": "usps:9201990974650752917035"}, []string{"9201990423667127684265"}},
	{"USPS with routing", "usps", CheckPrefix, map[string]string{"420733019201990846563212233072": "usps:9201990846563212233072", "4207330124689400108372159010928159": "usps:9400108372159010928159"},
		[]string{"420733019201990907866661760313"}},
	{"USPS 20 digits", "usps", CheckPrefix, map[string]string{"70203852808414852531": "usps:70203852808414852531", "70208885393363387508": "usps:70208885393363387508"}, []string{"70200474395755131372"}},
	{"USPS without 91", "usps", CheckPrefix, map[string]string{"70939602224257774552": "usps:9170939602224257774552", "9170939602224257774552": "usps:9170939602224257774552"}, []string{"70939602224257774553"}},
	{"USPS without 92", "usps", CheckPrefix, map[string]string{"61290990555979711477": "usps:9261290990555979711477"}, []string{"61290990555979711476"}},
	{"S10", "s10", CheckPrefix, map[string]string{
		"RN495288311GB": "s10:RN495288311GB", "LZ687731325US": "s10:LZ687731325US", "CX611148936CA": "s10:CX611148936CA", "RN436676403GB": "s10:RN436676403GB", "rn 495 288 311 gb": "s10:RN495288311GB",
	}, []string{"RN206797010GB", "CX745378384CA", "RN495288311ZZ", "RNX95288311GB", "1N495288311GB"}},
	{"FedEx Express", "fedex", Check, map[string]string{"783537990753": "fedex:783537990753", "781163726514": "fedex:781163726514", "7811 6372 6514": "fedex:781163726514", "503730640038": "fedex:503730640038", "563134337347": "fedex:563134337347"},
		[]string{"786761222029"}},
	{"FedEx Ground 15", "fedex", Check, map[string]string{"049729975288204": "fedex:049729975288204", "040182633043482": "fedex:040182633043482"}, []string{"043954862057985"}},
	{"FedEx Ground 96", "fedex", CheckPrefix, map[string]string{"9611682828807290222796": "fedex:9611682828807290222796", "9611180588871803340180": "fedex:9611180588871803340180"}, []string{"9611780175989834788787"}},
	{"FedEx Express 34", "fedex", Check, map[string]string{"1002384837261675136134125242731678": "fedex:125242731678", "1002232686563551505877065894811312": "fedex:065894811312"}, []string{"1002144024264628897514026140141934"}},
	{"FedEx Ground 34", "fedex", CheckPrefix, map[string]string{"9632141705864920831240234483478242": "fedex:234483478242", "9632504000883873716786843353265027": "fedex:843353265027"}, []string{"9632014620168493407224704558530432"}},
	{"FedEx ASTRA", "fedex", Check, map[string]string{"31234567890123457835379907530000": "fedex:783537990753"}, []string{"31234567890123457867612220290000"}},
	{"FedEx Ground SSCC", "fedex", Check, map[string]string{"106141410000001238": "sscc:106141410000001238"}, []string{"106141410000001239"}},
	{"FedEx Ground SSCC with AI", "fedex", CheckPrefix, map[string]string{"00106141410000001238": "sscc:106141410000001238"}, []string{"00106141410000001239"}},
	{"FedEx 10 digits", "fedex", Length, map[string]string{"1234567890": "fedex:1234567890"}, nil},
	{"DHL Express", "dhl", Check, map[string]string{"4520561743": "dhl:4520561743", "4833801416": "dhl:4833801416"}, []string{"4269060446"}},
	{"DHL piece", "dhl", Prefix, map[string]string{"JJD0199999999": "plate:JD0199999999", "JD0199999999": "plate:JD0199999999", "JVGL0999999991": "plate:VGL0999999991", "VGL0999999991": "plate:VGL0999999991", "3SABCD1234567": "dhl:3SABCD1234567"}, nil},
	{"DHL eCommerce", "dhl", Prefix, map[string]string{"GM60511234500012345": "dhl:GM60511234500012345"}, nil},
	{"Identcode", "dhl", Check, map[string]string{"563130481376": "dhl:563130481376", "563134337347": "dhl:563134337347"}, []string{"563141979236"}},
	{"Leitcode", "dhl", Check, map[string]string{"10115760926036": "", "10115092600263": ""}, []string{"10115751125325"}},
	{"DHL Paket", "dhl", CheckPrefix, map[string]string{"00340434161094042557": "sscc:340434161094042557"}, []string{"00340434161094042558"}},
	{"air waybill", "dhl", Check, map[string]string{"02012345675": "dhl:02012345675"}, []string{"02012345676"}},
	{"Amazon", "amazon", Prefix, map[string]string{"TBA123456789012": "amazon:TBA123456789012", "TBM210987654321": "amazon:TBM210987654321"}, []string{"TBA12345678901"}},
	{"OnTrac", "ontrac", CheckPrefix, map[string]string{"C15055613044514": "ontrac:C15055613044514", "D18310679247081": "ontrac:D18310679247081"}, []string{"C12346853560682", "D17861221387834"}},
	{"LaserShip", "lasership", Prefix, map[string]string{"LX21234567": "lasership:LX21234567", "1LS723412345678": "lasership:1LS723412345678", "1LS723412345678-1": "lasership:1LS7234123456781", "1LSCX0A1B2C3D4E": "lasership:1LSCX0A1B2C3D4E"},
		[]string{"LX41234567"}},
	{"Canada Post", "canadapost", Check, map[string]string{"7319829657249204": "canadapost:7319829657249204", "7868288909310023": "canadapost:7868288909310023"}, []string{"7516780083740715"}},
	{"Purolator", "purolator", Check, map[string]string{"475762833121": "purolator:475762833121", "458153549308": "purolator:458153549308"}, []string{"466683645077"}},
	{"DPD 28", "dpd", Check, map[string]string{"0076131881817414333776174096": "dpd:88181741433377", "007613131925449920707413748C": "dpd:31925449920707"}, []string{"0076131477718341704718746335"}},
	{"DPD bars", "dpd", Prefix, map[string]string{"%007613188181741433377617409": "dpd:88181741433377"}, nil},
	{"DPD parcel", "dpd", Check, map[string]string{"015019128452981": "dpd:01501912845298", "01504153776020Q": "dpd:01504153776020"}, []string{"01507764265651L"}},
	{"DPD 14", "dpd", Length, map[string]string{"01501912845298": "dpd:01501912845298"}, nil},
	{"GLS", "gls", Check, map[string]string{"503730640038": "gls:503730640038", "503776143654": "gls:503776143654"}, []string{"503737056568"}},
	{"Yodel", "yodel", Prefix, map[string]string{"JD0002212345678901": "plate:JD0002212345678901", "JJD0002212345678901": "plate:JD0002212345678901"}, nil},
	{"Australia Post", "auspost", Check, map[string]string{"JDQ019457101000930308": "auspost:JDQ019457101000930308", "JDQ777777902000931506": "auspost:JDQ777777902000931506"}, []string{"JDQ019457101000930307"}},
	{"YunExpress", "yunexpress", Prefix, map[string]string{"YT1234567890123456": "yunexpress:YT1234567890123456"}, nil},
	{"GOFO", "gofo", Prefix, map[string]string{"GFUS12345678901234": "gofo:GFUS12345678901234"}, nil},
	{"Landmark", "landmark", Prefix, map[string]string{"LTN12345678N1": "landmark:LTN12345678N1"}, []string{"LTN12345678N2"}},
	{"Spee-Dee", "speedee", Prefix, map[string]string{"SP123456789012345678": "speedee:SP123456789012345678"}, nil},
	{"Canpar", "canpar", Length, map[string]string{"D420352470000000001001": "canpar:D420352470000000001001"}, nil},
	{"Old Dominion", "olddominion", CheckPrefix, map[string]string{"77012345672": "olddominion:77012345672"}, []string{"77012345670"}},
	{"Evri", "evri", Length, map[string]string{"H01HYA0012345678": "evri:H01HYA0012345678"}, nil},
	{"GLS matrix", "gls", Length, map[string]string{strings.Repeat("A", 33) + "ZQ3ABCD1" + strings.Repeat(" ", 82): "gls:ZQ3ABCD1"}, []string{strings.Repeat("a", 33) + "ZQ3ABCD1" + strings.Repeat(" ", 82)}},
}

// Every number of the sheet makes the key it should, with the evidence that
// its row has; those that are wrong are not taken for checked, and those that
// have no check digit are not taken for the carrier's at all.
func TestSheet(t *testing.T) {
	for _, row := range sheet {
		for text, key := range row.right {
			if !slices.ContainsFunc(Find(text), func(m Match) bool { return m.Carrier == row.carrier && m.Key() == key && m.Evidence == row.evidence }) {
				t.Errorf("%s: Find(%q) = %q; want %s %s with %s", row.row, text, said(text), row.carrier, key, row.evidence)
			}
		}
		for _, text := range row.wrong {
			if slices.ContainsFunc(Find(text), func(m Match) bool { return m.Carrier == row.carrier && m.Evidence <= row.evidence }) {
				t.Errorf("%s: Find(%q) = %q; want nothing of %s with %s", row.row, text, said(text), row.carrier, row.evidence)
			}
		}
	}
}

func said(text string) []string {
	var all []string
	for _, m := range Find(text) {
		key := m.Key()
		if also := m.Also(); also != "" {
			key += " and " + also
		}
		all = append(all, strings.Join(strings.Fields(fmt.Sprintf("%s %s: %s (%s)", m.Carrier, m.Service, key, m.Evidence)), " "))
	}
	return all
}

// Every carrier that a number can belong to is told, the best evidence first:
// the file is read by a person.
func TestMatches(t *testing.T) {
	var b strings.Builder
	for _, row := range sheet {
		fmt.Fprintf(&b, "# %s\n", row.row)
		var numbers []string
		for text := range row.right {
			numbers = append(numbers, text)
		}
		slices.Sort(numbers)
		for _, text := range append(numbers, row.wrong...) {
			fmt.Fprintf(&b, "%s\n", text)
			for _, m := range said(text) {
				fmt.Fprintf(&b, "\t%s\n", m)
			}
		}
	}
	const file = "testdata/matches.txt"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the matches are not those of %s; look at the difference after go test -update", file)
	}
}
