package identity

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"scanpost/scan/identity/epc"
)

func bank(t testing.TB, digits string) []byte {
	b, err := hex.DecodeString(digits)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A thing has one key, whether its label was scanned or one of its tags was
// read.
func TestLabelAndTag(t *testing.T) {
	for name, c := range map[string]struct {
		key   string
		scans []string // what scanners send, after its AIM identifier or without one
		tags  []string
	}{
		"a logistic unit": {"sscc:340123454567890128",
			[]string{"]C100340123454567890128", "00340123454567890128", "340123454567890128", "]d200340123454567890128\x1d400PO-7"},
			[]string{"3154F4E4E4CE0A6A14000000", "31D4F4E4E4CE0A6A14000000", "F90340123454567890128000", "EF034012345456789012892832F8C3B786CCB6C0"}},
		"an item": {"sgtin:09506000134352.12345678",
			[]string{"]d201095060001343522112345678", "]Q32112345678\x1d0109506000134352"},
			[]string{"3066C4409047E14000BC614E", "F710950600013435208178C29C00", "FB143F9F0950600013435208178C29C0"}},
		"a returnable crate": {"grai:095211411234545678",
			[]string{"]C18003095211411234545678"},
			[]string{"3376451FD40C0E400000162E", "F13095211411234540458B80"}},
		"an asset": {"giai:952114132a/b",
			[]string{"]d28004952114132a/b"},
			[]string{"3876451FD59B2C2BF10000000000000000000000000000000000", "FA3952114132E83C2BF10000"}},
		"a dock": {"code:414952114112345425432a/b",
			[]string{"]d2414952114112345425432a/b"},
			[]string{"3976451FD46072CD9615F8800000000000000000000000000000", "F2395211411234548566CB0AFC40"}},
		"a whole site": {"code:4140614141123452",
			[]string{"]d24140614141123452"},
			[]string{"3214257BF460720000000000"}},
		"a part": {`code:8010952114198765\x1d801112345`,
			[]string{"]d28010952114198765\x1d801112345"},
			[]string{"3C76451FD400C0E680003039", "F03952114198765F5181C800"}},
		"piece 1 of 2": {`code:8006095211411234540102\x1d21981`,
			[]string{"]C18006095211411234540102\x1d21981"},
			[]string{"4076451FD40C0E40820000000F54"}},
		"a document": {"code:25395211411234545678",
			[]string{"]d225395211411234545678"},
			[]string{"2C76451FD46072000000162E", "F6395211411234540458B800"}},
		"somebody served": {"code:8018952114112345678906",
			[]string{"]d28018952114112345678906"},
			[]string{"2D76451FD4499602D2000000", "F43952114112345678906000"}},
	} {
		for _, scan := range c.scans {
			aim := ""
			if strings.HasPrefix(scan, "]") {
				aim, scan = scan[:3], scan[3:]
			}
			if r := site.Identify(scan, aim); r.Unit != c.key {
				t.Errorf("%s, %s%q: %+v, want %s", name, aim, scan, r, c.key)
			}
		}
		for _, tag := range c.tags {
			r := site.IdentifyEPC(bank(t, tag), 0)
			id := r.Identity()
			if r.Unit != c.key || r.Kind != EPC || r.Error != nil || r.Warnings != nil || id.Unit != c.key || !slices.Equal(id.IDs, []string{c.key}) || id.Fault != "" {
				t.Errorf("%s, tag %s: %+v, %v %q; want %s", name, tag, r, r.Error, r.Warnings, c.key)
			}
			if key, code := epc.Key(bank(t, tag), 0, nil); key != c.key || code != "" {
				t.Errorf("%s, tag %s: epc.Key says %s, %s", name, tag, key, code)
			}
		}
	}
}

// Any SSCC has one key on the label, in the tag of the old scheme and in that of
// the new one.
func TestAnySSCC(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.StringMatching(`[0-9]{17}`).Draw(t, "digits")
		want, _ := checkDigit(digits + "0")
		sscc := digits + string(want)
		plus, _ := hex.DecodeString("F90" + sscc + "000")
		label, tag := site.Identify("00"+sscc, "]C1"), site.IdentifyEPC(plus, 0x3000)
		if label.Unit != "sscc:"+sscc || tag.Unit != label.Unit {
			t.Fatalf("label %+v, tag %+v", label, tag)
		}
	})
}

// The site's list of company prefixes warns of strangers, and decides on texts.
func TestPrefixes(t *testing.T) {
	ours := Identifier{Prefixes: epc.Prefixes{"4012345"}}
	for name, c := range map[string]struct {
		who       Identifier
		tag, unit string
		code      string
		warnings  []string
	}{
		"one of ours":      {ours, "3154F4E4E4CE0A6A14000000", "sscc:340123454567890128", "", nil},
		"a stranger":       {ours, "3174257BF4499602D2000000", "sscc:106141412345678908", "", []string{"foreign_prefix: the company prefix is none of this site's"}},
		"without a list":   {site, "3174257BF4499602D2000000", "sscc:106141412345678908", "", nil},
		"a text":           {site, "303132333435363738393031", "code:urn:epc:raw:96.x303132333435363738393031", "ascii_suspect", nil},
		"a text we expect": {Identifier{Prefixes: epc.Prefixes{"40134248"}}, "303132333435363738393031", "sgtin:54013424844885.237166473265", "", nil},
	} {
		r := c.who.IdentifyEPC(bank(t, c.tag), 0)
		code := ""
		if r.Error != nil {
			code = r.Error.Code
		}
		if r.Unit != c.unit || r.Fault != "" || code != c.code || !slices.Equal(r.Warnings, c.warnings) {
			t.Errorf("%s: %+v, %s; want %s, %s, %q", name, r, code, c.unit, c.code, c.warnings)
		}
	}
}

// A tag that names nothing is not understood, and is reported all the same.
func TestBlankTags(t *testing.T) {
	for _, c := range []struct {
		bank []byte
		want string
	}{
		{nil, "an empty EPC"},
		{make([]byte, 12), "not programmed with an EPC: header 00"},
		{make([]byte, 63), "63 bytes, a tag's EPC has at most 62"},
	} {
		r := site.IdentifyEPC(c.bank, 0)
		if id := r.Identity(); r.EPC == nil || r.EPC.Scheme != "raw" || id.Fault != c.want || id.Unit != "" || id.IDs != nil {
			t.Errorf("%X: %+v, want %s", c.bank, r, c.want)
		}
	}
}

// Separators and a number without a check digit are no proof of GS1.
func TestNoGuessOfGIAI(t *testing.T) {
	if r := site.Identify("80040614141ABC\x1d400X", ""); r.Unit != "" || r.Error == nil || r.Error.Code != Unreadable {
		t.Errorf("%+v", r)
	}
}
