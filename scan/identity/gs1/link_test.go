package gs1

import (
	"slices"
	"testing"
)

// A Digital Link has the same elements at any host and below any path, and
// what is not GS1's in it is ignored.
func TestParseLink(t *testing.T) {
	lot := []Element{{"01", "09506000134352"}, {"10", "LOT7"}, {"17", "280229"}}
	sscc := []Element{{"00", "106141410000001238"}}
	item := []Element{{"01", "09506000134352"}}
	for uri, want := range map[string][]Element{
		"https://id.gs1.org/01/09506000134352/10/LOT7?17=280229":                        lot,
		"http://brand.example/x/y/01/09506000134352/10/LOT7?17=280229":                  lot,
		"HTTPS://ID.GS1.ORG/01/09506000134352/10/LOT7?17=280229":                        lot,
		"HTTP://a:8080/01/09506000134352/10/LOT7?lang=de&17=280229&linkType=all#top":    lot,
		"https://[2001:db8::1]/01/09506000134352/10/LOT7?&&17=280229&&single&=none":     lot,
		"https://id.gs1.org/00/106141410000001238":                                      sscc,
		"https://id.gs1.org/00/106141410000001238?":                                     sscc,
		"https://id.gs1.org/00/106141410000001238#":                                     sscc,
		"https://a/00/faux/00/106141410000001238":                                       sscc,
		"https://a/01/09506000134352#/10/LOT?17=1":                                      item,
		"https://id.gs1.org/01/09506000134352/22/2A/10/ABC/21/12345":                    {{"01", "09506000134352"}, {"22", "2A"}, {"10", "ABC"}, {"21", "12345"}},
		"https://id.gs1.org/01/09506000134352/22/2A/21/12345":                           {{"01", "09506000134352"}, {"22", "2A"}, {"21", "12345"}},
		"https://id.gs1.org/01/09506000134352/235/TPX":                                  {{"01", "09506000134352"}, {"235", "TPX"}},
		"https://id.gs1.org/01/09506000134352/235/TPX?10=ABC":                           {{"01", "09506000134352"}, {"235", "TPX"}, {"10", "ABC"}},
		"https://id.gs1.org/414/9521141123454/254/32a%2Fb":                              {{"414", "9521141123454"}, {"254", "32a/b"}},
		"https://id.gs1.org/414/9521141123454/7040/1AB-":                                {{"414", "9521141123454"}, {"7040", "1AB-"}},
		"https://id.gs1.org/8006/095211411234540102/21/981":                             {{"8006", "095211411234540102"}, {"21", "981"}},
		"https://id.gs1.org/8010/952114198765/8011/12345":                               {{"8010", "952114198765"}, {"8011", "12345"}},
		"https://id.gs1.org/8018/952114112345678906/8019/123":                           {{"8018", "952114112345678906"}, {"8019", "123"}},
		"https://id.gs1.org/253/95211411234545678":                                      {{"253", "95211411234545678"}},
		"https://id.gs1.org/8004/95211415678?01=9506000134352":                          {{"8004", "95211415678"}, {"01", "09506000134352"}}, // short only in the query
		"https://id.gs1.org/8004/95211415678?01=96385074":                               {{"8004", "95211415678"}, {"01", "00000096385074"}},
		"https://id.gs1.org/01/09506000134352/22/AB+C%2b%2D?98=X%2f9":                   {{"01", "09506000134352"}, {"22", "AB+C+-"}, {"98", "X/9"}},
		"https://id.gs1.org/01/09506000134352/10/100%":                                  {{"01", "09506000134352"}, {"10", "100%"}},
		"https://id.gs1.org/01/09506000134352/10/%4g%2":                                 {{"01", "09506000134352"}, {"10", "%4g%2"}},
		"https://id.gs1.org/00/106141410000001238?02=09506000134352&37=25&10=ABC123":    {{"00", "106141410000001238"}, {"02", "09506000134352"}, {"37", "25"}, {"10", "ABC123"}},
		"https://id.gs1.org/00/106141410000001238?4302=Am%2BTor%252012&4305=%25C3%25B6": {{"00", "106141410000001238"}, {"4302", "Am+Tor%2012"}, {"4305", "%C3%B6"}},
	} {
		if got, is, err := ParseLink(uri); !is || err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %t, %v; want %q", uri, got, is, err, want)
		}
	}
}

// What is meant as a Digital Link and breaks a rule is told, by its code.
func TestParseLinkRefuses(t *testing.T) {
	for uri, want := range map[string]string{
		"https://id.gs1.org/01/09506000134353":                     BadCheckDigit,
		"https://id.gs1.org/01/9506000134352":                      BadLength, // 14 digits in the path
		"https://id.gs1.org/01/0950600013435A":                     BadCharset,
		"https://id.gs1.org/01/09506000134352/10/A%20B":            BadCharset,
		"https://id.gs1.org/01/09506000134352/10/A%00":             BadCharset,
		"https://id.gs1.org/01/09506000134352?98=A+B":              BadCharset,
		"https://id.gs1.org/01/09506000134352?17=280230":           BadDate,
		"https://id.gs1.org/8006/095060001343520302":               BadPieces,
		"https://id.gs1.org/01/09506000134352/":                    BadLink, // an empty end
		"https://id.gs1.org/01/09506000134352//":                   BadLink,
		"https://id.gs1.org/01/09506000134352/10":                  BadLink,
		"https://id.gs1.org/01/09506000134352/10/":                 BadLink,
		"https://id.gs1.org/01/09506000134352/10//21/A":            BadLink,
		"https://id.gs1.org/01/09506000134352/21/A/10/B":           BadLink, // not in order
		"https://id.gs1.org/01/09506000134352/22/A/235/B":          BadLink, // of two lists
		"https://id.gs1.org/01/09506000134352/10/A/10/A":           BadLink,
		"https://id.gs1.org/00/106141410000001238/10/A":            BadLink, // an SSCC has no qualifiers
		"https://id.gs1.org/01/09506000134352/89/A":                BadLink,
		"https://id.gs1.org/01/09506000134352/reviews/7":           BadLink,
		"https://id.gs1.org/01/09506000134352/10/A/reviews":        BadLink,
		"https://id.gs1.org/01/09506000134352?10=A":                BadLink, // belongs into the path
		"https://id.gs1.org/01/09506000134352/10/B?22=A":           BadLink,
		"https://id.gs1.org/01/09506000134352/10/A?21=B":           BadLink, // never in a query
		"https://id.gs1.org/01/09506000134352?8200=A":              BadLink,
		"https://id.gs1.org/01/09506000134352?99=A&99=A":           BadLink,
		"https://id.gs1.org/01/09506000134352?01=09506000134352":   BadLink,
		"https://id.gs1.org/01/09506000134352?99=":                 BadLink,
		"https://id.gs1.org/01/09506000134352?999=A":               BadLink,
		"https://id.gs1.org/01/09506000134352?89=A":                BadLink,
		"https://id.gs1.org/01/09506000134352?name=\u00fc":         BadLink,
		"https://id.gs1.org/01/09506000134352 ":                    BadLink,
		"https://id.gs1.org/01/09506000134352/10/A|B":              BadLink,
		"https://id.gs1.org/gtin/09506000134352":                   BadLink,
		"https://id.gs1.org/sscc/106141410000001238":               BadLink,
		"https://id.gs1.org/01/09506000134352/lot/A":               BadLink,
		"https://id.gs1.org/8004/95211415678?01=9506000134353":     BadCheckDigit,
		"https://id.gs1.org/8004/95211415678?01=950600013435":      BadCheckDigit,
		"https://id.gs1.org/8004/95211415678?01=950600013435&99=A": BadCheckDigit,
	} {
		if got, is, err := ParseLink(uri); !is || codeOf(err) != want || got != nil {
			t.Errorf("%s: %q, %t, %v; want %s", uri, got, is, err, want)
		}
	}
}

// An ordinary web address is no Digital Link, and no error.
func TestNoLink(t *testing.T) {
	for _, uri := range []string{
		"", "https://", "https:///01/09506000134352", "https://example.com", "https://example.com/", "https://blog.example/2024/01/15", "https://shop.example/01/hello",
		"https://example.com/articles/01/0950-steps", "https://example.com/errors/401/help", "ftp://id.gs1.org/01/09506000134352", "01/09506000134352",
		"HtTp://id.gs1.org/01/09506000134352", "https://00/106141410000001238", "https://id.gs1.org", "https://a_b/01/09506000134352", "https://a%41/01/09506000134352",
		"https://example.com/?01=09506000134352", "https://example.com/10/LOT7", "https://example.com#/01/09506000134352", "https//id.gs1.org/01/09506000134352",
	} {
		if got, is, err := ParseLink(uri); is || err != nil || got != nil {
			t.Errorf("%q: %q, %t, %v", uri, got, is, err)
		}
	}
}

// A link is canonical: at id.gs1.org, the first key by number in the path with
// its qualifiers in their order, the rest in the query by number.
func TestLink(t *testing.T) {
	for bracketed, want := range map[string]string{
		"(00)106141410000001238":                                   "https://id.gs1.org/00/106141410000001238",
		"(17)280229(21)A/5(10)LOT7(01)09506000134352":              "https://id.gs1.org/01/09506000134352/10/LOT7/21/A%2F5?17=280229",
		"(10)ABC123(37)25(02)09506000134352(00)106141410000001238": "https://id.gs1.org/00/106141410000001238?02=09506000134352&10=ABC123&37=25",
		"(01)09506000134352(21)A(00)106141410000001238":            "https://id.gs1.org/01/09506000134352/21/A?00=106141410000001238", // 21 can only stand behind its key
		"(01)09506000134352(10)A(00)106141410000001238":            "https://id.gs1.org/00/106141410000001238?01=09506000134352&10=A",
		"(01)09506000134352(235)A(10)B":                            "https://id.gs1.org/01/09506000134352/235/A?10=B",
		"(414)9521141123454(254)32a/b":                             "https://id.gs1.org/414/9521141123454/254/32a%2Fb",
		"(01)09506000134352(10)!\"%&'\\()*+,-./:;<=>?_":            "https://id.gs1.org/01/09506000134352/10/%21%22%25%26%27%28%29%2A%2B%2C-.%2F%3A%3B%3C%3D%3E%3F_",
		"(10)LOT7":                         "", // no key
		"(02)09506000134352(37)1":          "", // no key
		"(01)09506000134352(8200)http://a": "", // has no place
		"(01)09506000134352(22)A(235)B":    "", // of two lists
		"(00)106141410000001238(8011)5":    "",
		"":                                 "",
	} {
		elements, err := ParseBracketed(bracketed)
		if err != nil {
			t.Errorf("%s: %v", bracketed, err)
		}
		if got, ok := Link(elements); got != want || ok != (want != "") {
			t.Errorf("%s: %s, %t; want %s", bracketed, got, ok, want)
		}
	}
	const once = "https://id.gs1.org/00/106141410000001238?10=A"
	if got, ok := Link([]Element{{"10", "A"}, {"00", "106141410000001238"}, {"10", "A"}}); got != once || !ok {
		t.Errorf("with one lot twice: %s, %t", got, ok)
	}
	if got, ok := Link([]Element{{"00", "106141410000001238"}, {"10", "A"}, {"10", "B"}}); ok {
		t.Errorf("with two lots: %s", got)
	}
}
