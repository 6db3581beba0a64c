package identity

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"scanpost/scan"
	"scanpost/scan/identity/command"
	"scanpost/scan/identity/text"
)

var site = Identifier{Commands: command.Site{Keys: [][]byte{[]byte("site key of ham1")}}}

// card makes a card of the site.
func card(t testing.TB, c scan.Command) string {
	code, err := site.Commands.Make(c, "KFTR")
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// Each code has the key that design section 5 gives it, and the JSON that
// section 8 promises, to the letter.
func TestIdentify(t *testing.T) {
	for name, c := range map[string]struct{ aim, code, unit, json string }{
		"the design's example": {"]C1", "00106141410000001238", "sscc:106141410000001238",
			`{"unit":"sscc:106141410000001238","kind":"gs1","gs1":[["00","106141410000001238"]]}`},
		"an SSCC in a Data Matrix, with weight": {"]d2", "001061414100000012383302001875", "sscc:106141410000001238",
			`{"unit":"sscc:106141410000001238","kind":"gs1","gs1":[["00","106141410000001238"],["3302","001875"]]}`},
		"an item in DataBar": {"]e0", "0100614141123452", "gtin:00614141123452",
			`{"unit":"gtin:00614141123452","kind":"gs1","gs1":[["01","00614141123452"]]}`},
		"a serialised item in a QR code": {"]Q3", "010061414112345221A/5", "sgtin:00614141123452.A/5",
			`{"unit":"sgtin:00614141123452.A/5","kind":"gs1","gs1":[["01","00614141123452"],["21","A/5"]]}`},
		"a GS1 label without a unit": {"]C1", "400PO-7\x1d10A\x1d", `code:400PO-7\x1d10A`,
			`{"unit":"code:400PO-7\\x1d10A","kind":"gs1","gs1":[["400","PO-7"],["10","A"]],"error":{"code":"required_pair","message":"BATCH/LOT (10) needs (01) or (02) or (03) or (8006) or (8026) too"},"warnings":["this GS1 symbol names no unit: no SSCC, GTIN, GRAI or GIAI in it"]}`},
		"EAN-13": {"]E0", "4006381333931", "gtin:04006381333931",
			`{"unit":"gtin:04006381333931","kind":"ean"}`},
		"UPC-A in 12 digits": {"]E0", "036000291452", "gtin:00036000291452",
			`{"unit":"gtin:00036000291452","kind":"ean"}`},
		"UPC-A with an add-on that has its own identifier": {"]E0", "0012345678905]E110", "gtin:00012345678905",
			`{"unit":"gtin:00012345678905","kind":"ean","warnings":["the add-on of the EAN is left out"]}`},
		"EAN with a composite part": {"]E0", "2112345678900|]e099COMPOSITE\x1d98XYZ", "gtin:02112345678900",
			`{"unit":"gtin:02112345678900","kind":"ean","warnings":["the composite part beside the EAN is left out"]}`},
		"UPC-E in 8 digits": {"]E0", "04252614", "gtin:00042100005264",
			`{"unit":"gtin:00042100005264","kind":"ean"}`},
		"EAN-8 that begins with 0": {"]E4", "02345673", "gtin:00000002345673",
			`{"unit":"gtin:00000002345673","kind":"ean"}`},
		"UPC-A of a Zebra in HID POS mode": {"]Xg", "306030209223", "gtin:00306030209223",
			`{"unit":"gtin:00306030209223","kind":"ean"}`},
		"UPC-A in 13": {"]E0", "0036000291452", "gtin:00036000291452",
			`{"unit":"gtin:00036000291452","kind":"ean"}`},
		"EAN-8": {"]E4", "96385074", "gtin:00000096385074",
			`{"unit":"gtin:00000096385074","kind":"ean"}`},
		"EAN-13 with add-on": {"]E3", "400638133393112", "gtin:04006381333931",
			`{"unit":"gtin:04006381333931","kind":"ean","warnings":["the add-on of the EAN is left out"]}`},
		"an add-on alone": {"]E1", "12", "code:12",
			`{"unit":"code:12","kind":"text","warnings":["an add-on without its EAN"]}`},
		"ITF-14": {"]I1", "00614141123452", "gtin:00614141123452",
			`{"unit":"gtin:00614141123452","kind":"ean"}`},
		"ITF that is no number of anybody": {"]I0", "563141979236", "code:563141979236",
			`{"unit":"code:563141979236","kind":"text"}`},
		"UPS": {"]C0", "1Z999AA10123456784", "ups:1Z999AA10123456784",
			`{"unit":"ups:1Z999AA10123456784","kind":"carrier","carriers":[{"carrier":"ups","checked":true,"evidence":"check digit and prefix","number":"1Z999AA10123456784"}]}`},
		"UPS as printed": {"", "1Z 999 AA1 01 2345 6784", "ups:1Z999AA10123456784",
			`{"unit":"ups:1Z999AA10123456784","kind":"carrier","carriers":[{"carrier":"ups","checked":true,"evidence":"check digit and prefix","number":"1Z999AA10123456784"}]}`},
		"S10 in Code 39": {"]A0", "RN495288311GB", "s10:RN495288311GB",
			`{"unit":"s10:RN495288311GB","kind":"carrier","carriers":[{"carrier":"s10","service":"Royal Mail","checked":true,"evidence":"check digit and prefix","number":"RN495288311GB"}]}`},
		"S10 of no country": {"]C0", "RN495288311ZZ", "code:RN495288311ZZ",
			`{"unit":"code:RN495288311ZZ","kind":"text"}`},
		"20 digits, no AIM": {"", "00106141410000001238", "sscc:106141410000001238",
			`{"unit":"sscc:106141410000001238","kind":"gs1","gs1":[["00","106141410000001238"]],"carriers":[{"carrier":"fedex","service":"Ground (SSCC)","checked":true,"evidence":"check digit and prefix","number":"106141410000001238"}],"warnings":["no symbology identifier: read as SSCC by its form"]}`},
		"18 digits, no AIM": {"", "106141410000001238", "sscc:106141410000001238",
			`{"unit":"sscc:106141410000001238","kind":"gs1","gs1":[["00","106141410000001238"]],"carriers":[{"carrier":"fedex","service":"Ground (SSCC)","checked":true,"evidence":"check digit","number":"106141410000001238"},{"carrier":"ups","service":"Mail Innovations","checked":false,"evidence":"length","number":"106141410000001238"}],"warnings":["no symbology identifier: read as SSCC by its form"]}`},
		"13 digits, no AIM": {"", "4006381333931", "gtin:04006381333931",
			`{"unit":"gtin:04006381333931","kind":"ean","warnings":["no symbology identifier: read as GTIN by its form"]}`},
		"8 digits, no AIM":  {"", "96385074", "gtin:00000096385074", ""},
		"12 digits, no AIM": {"", "036000291452", "gtin:00036000291452", ""},
		"14 digits, no AIM": {"", "00614141123452", "gtin:00614141123452", ""},
		"13 digits with a wrong check digit, no AIM": {"", "4006381333932", "code:4006381333932",
			`{"unit":"code:4006381333932","kind":"text"}`},
		"20 digits with a wrong check digit, no AIM": {"", "00106141410000001239", "code:00106141410000001239", ""},
		"9 digits, no AIM":                           {"", "123456785", "code:123456785", ""},
		"one digit, no AIM":                          {"", "0", "code:0", ""},
		"separators and a key, no AIM": {"", "010061414112345221A\x1d10B", "sgtin:00614141123452.A",
			`{"unit":"sgtin:00614141123452.A","kind":"gs1","gs1":[["01","00614141123452"],["21","A"],["10","B"]],"warnings":["no symbology identifier: read as GS1 by its separators"]}`},
		"an SSCC in plain Code 128, as some carriers print it, is no GS1 symbol": {"]C0", "00106141410000001238", "sscc:106141410000001238",
			`{"unit":"sscc:106141410000001238","kind":"carrier","carriers":[{"carrier":"fedex","service":"Ground (SSCC)","checked":true,"evidence":"check digit and prefix","number":"106141410000001238"}],"warnings":["not a GS1 symbol: read as SSCC by its form"]}`},
		"a text":                  {"]C0", "TOTE 17", "code:TOTE 17", `{"unit":"code:TOTE 17","kind":"text"}`},
		"a text of other letters": {"]d1", "Größe Ø", "code:Größe Ø", `{"unit":"code:Größe Ø","kind":"text"}`},
		"a text with a backslash": {"]Q1", `C:\x1d`, `code:C:\\x1d`, `{"unit":"code:C:\\\\x1d","kind":"text"}`},
		"a link":                  {"]Q1", "https://x.example/?a=1&b=<2>", "code:https://x.example/?a=1&b=<2>", `{"unit":"code:https://x.example/?a=1&b=<2>","kind":"text"}`},
	} {
		r := site.Identify(c.code, c.aim)
		id := r.Identity()
		if r.Unit != c.unit || id.Unit != c.unit || id.Fault != "" || !slices.Equal(id.IDs, []string{c.unit}) || id.Command != nil {
			t.Errorf("%s: %q, %+v; want %q", name, r.Unit, id, c.unit)
		}
		raw, _ := json.Marshal(map[string]string{"raw": c.aim + c.code})
		if got := string(site.IdentifyLine(raw)); c.json != "" && got != c.json {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.json)
		}
	}
}

// What no label of ours can be is not understood: it has no unit, and a
// sentence for the operator.
func TestNotUnderstood(t *testing.T) {
	for name, c := range map[string]struct{ aim, code, errorCode, fault string }{
		"an empty code":              {"", "", "empty", "an empty code"},
		"an empty GS1 symbol":        {"]C1", "", "empty", "an empty code"},
		"spaces":                     {"]C0", "   ", "empty", "an empty code"},
		"a book":                     {"]Q1", strings.Repeat("x", 513), "too_long", "longer than any label of ours"},
		"a book of element strings":  {"]Q3", strings.Repeat("10A\x1d", 200), "too_long", "longer than any label of ours"},
		"a bad SSCC":                 {"]C1", "00106141410000001239", "bad_check_digit", "SSCC (00) 106141410000001239 has a wrong check digit: expected 8, got 9"},
		"a short SSCC":               {"]C1", "0010614141000000123", "bad_length", "SSCC (00) has 17 characters, expected 18"},
		"an AI nobody has":           {"]d2", "0512345678", "unknown_ai", `no application identifier known here begins "0512", at character 1`},
		"a separator in front":       {"]C1", "\x1d00106141410000001238", "misplaced_separator", "a separator where an application identifier should be, at character 1: data is missing before it"},
		"a bad UPS number":           {"]C0", "1Z999AA10123456785", "bad_check_digit", "UPS number 1Z999AA10123456785 has a wrong check digit: expected 4, got 5"},
		"a bad postal number":        {"]C0", "CX745378384CA", "bad_check_digit", "postal (S10) number CX745378384CA has a wrong check digit: expected 3, got 4"},
		"a bad USPS number":          {"", "420733019201990907866661760313", "bad_check_digit", "USPS number 9201990907866661760313 has a wrong check digit: expected 2, got 3"},
		"a bad SSCC in a plate":      {"]C0", "J106141410000001239", "bad_check_digit", "SSCC 106141410000001239 of a licence plate has a wrong check digit: expected 8, got 9"},
		"a routing code":             {"]I0", "10115092600263", "routing_code", "a Leitcode says where a parcel goes and not which it is: scan the Identcode, the other code of the label"},
		"a bad Australian article":   {"]C1", "019931265099999891JDQ019457101000930307", "bad_check_digit", `"JDQ019457101000930307" is no article of Australia Post: expected 21 or 23 characters or an SSCC, with the right check digit`},
		"a bad Digital Link":         {"]Q1", "https://id.gs1.org/01/09506000134353", "bad_check_digit", "GTIN (01) 09506000134353 has a wrong check digit: expected 2, got 3"},
		"a bad EAN":                  {"]E0", "4006381333932", "bad_check_digit", "EAN 4006381333932 has a wrong check digit: expected 1, got 2"},
		"an EAN-8 cut short":         {"]E4", "9638507", "bad_length", "an EAN of 7 digits, expected 13, 12 or 8"},
		"an EAN of letters":          {"]E0", "400638133393X", "bad_charset", "an EAN has digits only"},
		"a control character":        {"]C0", "AB\x07C", "unreadable", `unreadable bytes: \x07C`},
		"a line feed":                {"", "AB\n", "unreadable", `unreadable bytes: \x0a`},
		"DEL":                        {"", "AB\x7f", "unreadable", `unreadable bytes: \x7f`},
		"a control character of C1":  {"", "AB\u0085", "unreadable", `unreadable bytes: \xc2\x85`},
		"half a character":           {"", "Gr\xc3", "unreadable", `unreadable bytes: \xc3`},
		"much that is unreadable":    {"", strings.Repeat("\xff", 17), "unreadable", "unreadable bytes: " + strings.Repeat(`\xff`, 16) + "…"},
		"a control character in GS1": {"]C1", "10A\x00", "unreadable", `unreadable bytes: \x00`},
		"a separator in plain text":  {"]C0", "10A\x1d10B", "unreadable", `unreadable bytes: \x1d10B`},
		"a separator and no key":     {"", "HELLO\x1dWORLD", "unreadable", `unreadable bytes: \x1dWORLD`},
		"a separator and only a lot": {"", "10A\x1d11250101", "unreadable", `unreadable bytes: \x1d11250101`},
		"a stranger's card":          {"]C0", "SPB:DKFTRBBBBBBBBBB", "not_our_command", "a command card of another site"},
		"a card in a GS1 symbol":     {"]C1", card(t, scan.Command{Do: "undo"}), "unknown_ai", `no application identifier known here begins "SPB:", at character 1`},
		"a card in Aztec":            {"]z0", card(t, scan.Command{Do: "undo"}), "not_our_command", "a command card of another site"},
		"a card in an unknown kind":  {"]X0", card(t, scan.Command{Do: "undo"}), "not_our_command", "a command card of another site"},
	} {
		r := site.Identify(c.code, c.aim)
		id := r.Identity()
		if r.Error == nil || r.Error.Code != c.errorCode || id.Fault != c.fault {
			t.Errorf("%s: %+v, fault %q; want %s, %q", name, r.Error, id.Fault, c.errorCode, c.fault)
		}
		if id.Unit != "" || id.IDs != nil || id.Command != nil || r.GS1 != nil || r.Carriers != nil {
			t.Errorf("%s: is not understood and yet %+v", name, r)
		}
	}
}

// An SSCC and a serial number on one label are two keys of one unit; the bare
// GTIN, which many units share, is none of them.
func TestIDs(t *testing.T) {
	got := site.Identify("010061414112345221A\x1d00106141410000001238", "]C1").Identity()
	want := []string{"sscc:106141410000001238", "sgtin:00614141123452.A"}
	if got.Unit != want[0] || !slices.Equal(got.IDs, want) {
		t.Errorf("got %q, %q; want %q", got.Unit, got.IDs, want)
	}
	got = site.Identify("010061414112345200106141410000001238", "]C1").Identity()
	if want := want[:1]; got.Unit != want[0] || !slices.Equal(got.IDs, want) {
		t.Errorf("without serial number: got %q, %q; want %q", got.Unit, got.IDs, want)
	}
}

// A card of this site acts from the symbologies that cards are printed in; at a
// station without the key it does not, and is no unit either.
func TestCommand(t *testing.T) {
	want := scan.Command{Do: "sign-on", Arg: "MAIRA"}
	code := card(t, want)
	for _, aim := range []string{"", "]C0", "]A4", "]Q1", "]d1"} {
		r := site.Identify(code, aim)
		id := r.Identity()
		if id.Command == nil || *id.Command != want || id.Fault != "" || id.Unit != "" || r.Kind != Command {
			t.Errorf("%q %s: %+v", aim, code, r)
		}
	}
	r := Identifier{}.Identify(code, "]C0")
	if r.Kind != Command || r.Command != nil || r.Fault != "a command card of another site" {
		t.Errorf("without the key: %+v", r)
	}
	if got, want := string(site.IdentifyLine([]byte(`{"raw":"]C0`+code+`"}`))), `{"unit":"","kind":"command"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A retail article has one key, whether it is read as 8, 12, 13 or 14 digits,
// and with another check digit it is not read as a GTIN at all. (Without a
// symbology, twelve digits may be a parcel's as well: TestArticleOrParcel.)
func TestOneKeyPerArticle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		short := rapid.StringMatching(`[0-9]{7}|[0-9]{11}|[0-9]{12}`).Draw(t, "digits")
		want, _ := checkDigit(short + "0")
		number := short + string(want)
		key := "gtin:" + strings.Repeat("0", 14-len(number)) + number
		retail := "]E0"
		if len(number) == 8 {
			retail = "]E4" // as ]E0 it would be a UPC-E
		}
		forms := map[string]string{retail + number: retail, "01" + key[5:]: "]C1", key[5:]: "", key[6:]: ""}
		if len(number) != 12 { // twelve bare digits may be a carrier's
			forms[number] = ""
		}
		for code, aim := range forms {
			if r := site.Identify(strings.TrimPrefix(code, aim), aim); r.Unit != key {
				t.Fatalf("%q: %+v, want %s", code, r, key)
			}
		}
		wrong := short + string('0'+(want-'0'+1)%10)
		if r := site.Identify(wrong, retail); r.Error == nil || r.Error.Code != "bad_check_digit" {
			t.Fatalf("%s: %+v", wrong, r)
		}
		if r := site.Identify(wrong, ""); r.Unit != "code:"+wrong && (len(wrong) != 12 || r.Kind == EAN) {
			t.Fatalf("%s: %+v", wrong, r)
		}
	})
}

// showable is what every key and every line of output must be.
func showable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// Whatever is read, the answer is a key that can be shown, or a fault, or a
// command; and it is the same the next time.
func FuzzIdentify(f *testing.F) {
	f.Add("00106141410000001238", "]C1")
	f.Add("1Z999AA10123456784", "]C0")
	f.Add("SPB:BHCKCDTCKFTRNRSRTKNGPV", "")
	f.Add("010061414112345221A\x1d10B", "")
	f.Add("4006381333931", "]E3")
	f.Add("\xff\u202e\\", "]")
	f.Add("[)>\x1e01\x1d96841706672\x1d840\x1d001\x1d1Z23456784\x1dUPSN\x1d999AA1\x1e\x04", "]U1")
	f.Add("[)>\x1e06\x1d1JUN043325711MH8\x1dQ12\x1e05\x1d00106141410000001238\x1e\x04", "]d1")
	f.Add("420733019201990846563212233072", "]C1")
	f.Add("https://id.gs1.org/01/09506000134352/21/A%2FB", "]Q1")
	f.Add("(01)09506000134352(10)A", "")
	f.Add("503730640038", "]C0")
	f.Add("ORD-17", "")
	sites := []Identifier{site, {
		Carriers: []string{"gls", "ups"}, Mailers: map[string]string{"905559797": "A"}, Expected: func(key string) bool { return len(key)%3 == 0 },
		Patterns: []Pattern{{Key: "order", Prefix: "ORD-"}, {Key: "tote", Prefix: "1", BeatsCarriers: true}},
	}}
	f.Fuzz(func(t *testing.T, code, aim string) {
		for _, site := range sites {
			r := site.Identify(code, aim)
			id := r.Identity()
			for _, key := range id.IDs {
				if !showable(key) || len(key) > len("code:")+text.Longest+16 || strings.Index(key, ":") < 1 {
					t.Errorf("key %q", key)
				}
			}
			if len(id.IDs) > 6 || len(id.IDs) > 0 && id.IDs[0] != id.Unit || len(slices.Compact(slices.Sorted(slices.Values(id.IDs)))) != len(id.IDs) {
				t.Errorf("unit %q, keys %q", id.Unit, id.IDs)
			}
			said := 0
			for _, yes := range []bool{id.Unit != "", id.Fault != "", id.Command != nil} {
				if yes {
					said++
				}
			}
			if said != 1 || (id.Fault != "" && r.Error == nil) || (id.Unit != "") != (len(id.IDs) > 0) {
				t.Errorf("not one answer: %+v", r)
			}
			text, err := json.Marshal(r)
			if err != nil || !showable(string(text)) {
				t.Errorf("%q, %v", text, err)
			}
			again, _ := json.Marshal(site.Identify(code, aim))
			if string(again) != string(text) {
				t.Errorf("%s and then %s", text, again)
			}
		}
	})
}

// What is longer than any label is not looked at, whatever it is made of, and
// what is just not too long is answered; a plain symbol may be shorter than an
// envelope.
func TestLong(t *testing.T) {
	for _, piece := range []string{"\x00", "\x1d", "\x1e", "1", "9", "J", " ", "(", "(01)", "10A\x1d", "1Z", "420", "%", "/01/", "[)>\x1e", "Q1\x1d", "\xff", "é"} {
		for _, head := range []string{"", "[)>\x1e", "[)>\x1e06\x1d", "https://id.gs1.org/01/"} {
			for _, aim := range []string{"", "]C0", "]C1", "]E0", "]I0", "]L0", "]U1", "]Q1", "]z0"} {
				for _, n := range []int{511, 2047, 64 << 10} {
					code := head + strings.Repeat(piece, n/len(piece))
					r := site.Identify(code, aim)
					if (r.Unit == "") == (r.Fault == "") || n == 64<<10 && (r.Error == nil || r.Error.Code != TooLong && r.Error.Code != Empty) {
						t.Errorf("%s, %d times %q behind %q: %+v", aim, n/len(piece), piece, head, r.Error)
					}
				}
			}
		}
	}
}

// An identity costs about a microsecond and a few small allocations.
func BenchmarkIdentify(b *testing.B) {
	for name, c := range map[string][2]string{
		"sscc":     {"00106141410000001238", "]C1"},
		"ups":      {"1Z999AA10123456784", "]C0"},
		"text":     {"TOTE-000017", "]C0"},
		"ean":      {"4006381333931", "]E0"},
		"too long": {strings.Repeat("x", 1<<20), "]Q1"},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if id := site.Identify(c[0], c[1]).Identity(); id.Unit == "" && id.Fault == "" {
					b.Fatal(id)
				}
			}
		})
	}
}
