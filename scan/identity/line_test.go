package identity

import (
	"encoding/json"
	"strings"
	"testing"
)

// One line is always answered by one line, whatever it holds.
func TestIdentifyLine(t *testing.T) {
	const want = `want one JSON object such as {\"raw\":\"]C100106141410000001238\"}`
	bad := func(message string) string {
		return `{"unit":"","kind":"text","error":{"code":"bad_input","message":"` + message + `"}}`
	}
	halves := bad(`want a string of whole characters as \"raw\"`)
	for name, c := range map[string]struct{ in, want string }{
		"an AIM identifier in front":         {`{"raw":"]C100106141410000001238"}`, `{"unit":"sscc:106141410000001238","kind":"gs1","gs1":[["00","106141410000001238"]]}`},
		"a separator, escaped":               {`{"raw":"]C110A\u001d400B"}`, `{"unit":"code:10A\\x1d400B","kind":"gs1","gs1":[["10","A"],["400","B"]],"error":{"code":"required_pair","message":"BATCH/LOT (10) needs (01) or (02) or (03) or (8006) or (8026) too"},"warnings":["this GS1 symbol names no unit: no SSCC, GTIN, GRAI or GIAI in it"]}`},
		"more in the object":                 {`{"raw":"A","at":7}`, `{"unit":"code:A","kind":"text"}`},
		"spaces and a newline around":        {" {\"raw\":\"A\"} \r\n", `{"unit":"code:A","kind":"text"}`},
		"a whole surrogate pair":             {`{"raw":"\ud83d\udce6"}`, `{"unit":"code:📦","kind":"text"}`},
		"a backslash before what is no half": {`{"raw":"\\ud83d"}`, `{"unit":"code:\\\\ud83d","kind":"text"}`},
		"markup":                             {`{"raw":"<b>&"}`, `{"unit":"code:<b>&","kind":"text"}`},
		"an EPC": {`{"epc":"3154F4E4E4CE0A6A14000000"}`, `{"unit":"sscc:340123454567890128","kind":"epc","epc":{"scheme":"sscc-96",` +
			`"tag_uri":"urn:epc:tag:sscc-96:2.4012345.3456789012","pure_identity_uri":"urn:epc:id:sscc:4012345.3456789012","element_string":"(00)340123454567890128",` +
			`"digital_link":"https://id.gs1.org/00/340123454567890128","company_prefix":"4012345","filter":2,"filter_name":"full case for transport"}}`},
		"an EPC with its PC, in small letters": {`{"epc":"3074257bf7194e4000001a85","pc":"4401"}`, `{"unit":"sgtin:80614141123458.6789","kind":"epc","epc":{"scheme":"sgtin-96",` +
			`"tag_uri":"urn:epc:tag:sgtin-96:3.0614141.812345.6789","pure_identity_uri":"urn:epc:id:sgtin:0614141.812345.6789","element_string":"(01)80614141123458(21)6789",` +
			`"digital_link":"https://id.gs1.org/01/80614141123458/21/6789","company_prefix":"0614141","filter":3,"filter_name":"reserved",` +
			`"pc":{"words":8,"umi":true,"xi":false,"iso":false,"attributes":"01"}},"warnings":["pc_mismatch: the PC says 8 words, the EPC has 96 bits"]}`},
		"an EPC of TDS 2": {`{"epc":"FB143F9F09506000134352032380"}`, `{"unit":"sgtin:09506000134352.142","kind":"epc","epc":{"scheme":"dsgtin+",` +
			`"tag_uri":"","pure_identity_uri":"","element_string":"(01)09506000134352(21)142(17)311231","digital_link":"https://id.gs1.org/01/09506000134352/21/142?17=311231",` +
			`"filter":1,"filter_name":"point of sale item"}}`},
		"an EPC cut short": {`{"epc":"3114257BF4"}`, `{"unit":"code:urn:epc:raw:40.x3114257BF4","kind":"epc","epc":{"scheme":"raw","tag_uri":"","pure_identity_uri":"","element_string":"",` +
			`"raw_uri":"urn:epc:raw:40.x3114257BF4"},"error":{"code":"bad_epc_length","message":"sscc-96 has 96 bits, got an EPC of 40"}}`},
		"a tag of an ISO family": {`{"epc":"A1B2","pc":"09a2"}`, `{"unit":"code:urn:epc:raw:16.xA2.xA1B2","kind":"epc","epc":{"scheme":"raw","tag_uri":"","pure_identity_uri":"","element_string":"",` +
			`"raw_uri":"urn:epc:raw:16.xA2.xA1B2","pc":{"words":1,"umi":false,"xi":false,"iso":true,"afi":"A2"}},"error":{"code":"iso_tag","message":"not a GS1 tag: ISO application family A2"}}`},
		"a tag with a text": {`{"epc":"50415243454C303030313233"}`, `{"unit":"code:urn:epc:raw:96.x50415243454C303030313233","kind":"epc","epc":{"scheme":"raw","tag_uri":"","pure_identity_uri":"","element_string":"",` +
			`"raw_uri":"urn:epc:raw:96.x50415243454C303030313233"},"error":{"code":"unknown_header","message":"no EPC scheme has the header 50"},"warnings":["ascii_suspect: reads as the text \"PARCEL000123\""]}`},
		"a blank tag": {`{"epc":"00000000"}`, `{"unit":"","kind":"epc","epc":{"scheme":"raw","tag_uri":"","pure_identity_uri":"","element_string":"","raw_uri":"urn:epc:raw:32.x00000000"},` +
			`"error":{"code":"unprogrammed","message":"not programmed with an EPC: header 00"}}`},
		"an empty EPC":                      {`{"epc":""}`, `{"unit":"","kind":"epc","epc":{"scheme":"raw","tag_uri":"","pure_identity_uri":"","element_string":""},"error":{"code":"empty","message":"an empty EPC"}}`},
		"an EPC longer than a tag":          {`{"epc":"` + strings.Repeat("30", 63) + `"}`, `{"unit":"","kind":"epc","epc":{"scheme":"raw","tag_uri":"","pure_identity_uri":"","element_string":""},"error":{"code":"too_long","message":"63 bytes, a tag's EPC has at most 62"}}`},
		"an EPC with a digit lost":          {`{"epc":"3154F4E4E4CE0A6A1400000"}`, `{"unit":"","kind":"epc","error":{"code":"bad_epc_length","message":"an odd number of hex digits: 23"}}`},
		"an EPC that is no hex":             {`{"epc":"urn:epc:"}`, `{"unit":"","kind":"epc","error":{"code":"bad_charset","message":"want hex digits and nothing else as \"epc\""}}`},
		"a PC that is a number":             {`{"epc":"30","pc":3000}`, `{"unit":"","kind":"epc","error":{"code":"bad_input","message":"want a string of four hex digits as \"pc\""}}`},
		"a PC of three digits":              {`{"epc":"30","pc":"300"}`, `{"unit":"","kind":"epc","error":{"code":"bad_input","message":"want a string of four hex digits as \"pc\""}}`},
		"a PC with a sign":                  {`{"epc":"30","pc":"+300"}`, `{"unit":"","kind":"epc","error":{"code":"bad_input","message":"want a string of four hex digits as \"pc\""}}`},
		"a PC that is null":                 {`{"epc":"30","pc":null}`, `{"unit":"","kind":"epc","error":{"code":"bad_input","message":"want a string of four hex digits as \"pc\""}}`},
		"an EPC that is a number":           {`{"epc":3114}`, `{"unit":"","kind":"epc","error":{"code":"bad_input","message":"want a string of whole characters as \"epc\""}}`},
		"no line":                           {"", bad(want)},
		"no JSON":                           {"hello", bad(want)},
		"half an object":                    {`{"raw":"A"`, bad(want)},
		"two objects":                       {`{"raw":"A"}{"raw":"B"}`, bad(want)},
		"a list":                            {`["A"]`, bad(want)},
		"null":                              {`null`, bad(`want either \"raw\" or \"epc\" in the object`)},
		"an empty object":                   {`{}`, bad(`want either \"raw\" or \"epc\" in the object`)},
		"another case":                      {`{"RAW":"A"}`, bad(`want either \"raw\" or \"epc\" in the object`)},
		"both":                              {`{"raw":"A","epc":"30"}`, bad(`want either \"raw\" or \"epc\" in the object`)},
		"a raw that is a number":            {`{"raw":7}`, halves},
		"a raw that is null":                {`{"raw":null}`, halves},
		"the first half of a pair":          {`{"raw":"\ud83d"}`, halves},
		"the first half and something else": {`{"raw":"\ud83d\u0041"}`, halves},
		"the first half and a letter":       {`{"raw":"\ud83dABCDEF"}`, halves},
		"the second half":                   {`{"raw":"\udce6"}`, halves},
		"the halves the wrong way round":    {`{"raw":"\udce6\ud83d"}`, halves},
		"a pair and a half":                 {`{"raw":"\ud83d\udce6\ud83d"}`, halves},
		"not UTF-8":                         {"{\"raw\":\"\xff\"}", bad("the line is not valid UTF-8; " + want)},
		"a very deep line":                  {strings.Repeat(`{"raw":`, 100_000), bad(want)},
	} {
		if got := string(site.IdentifyLine([]byte(c.in))); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

// Whatever the line, the answer is one line of valid JSON with a unit and a
// kind, fit to be shown.
func FuzzIdentifyLine(f *testing.F) {
	for _, line := range []string{
		`{"raw":"]C100106141410000001238"}`, `{"epc":"3154F4E4E4CE0A6A14000000","pc":"3000"}`, `{"epc":"3"}`, `{"raw":"\ud83d\udce6\ud83d"}`, `{"raw":"]C110A\u001d400B"}`,
		`{"raw":7}`, "{\"raw\":\"\xff\"}", `[`, `{"raw":"\\\\\udce6"}`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		out := site.IdentifyLine(line)
		var r struct{ Unit, Kind *string }
		if err := json.Unmarshal(out, &r); err != nil || r.Unit == nil || r.Kind == nil || *r.Kind == "" || !showable(string(out)) || !showable(*r.Unit) {
			t.Errorf("%q: %q, %v", line, out, err)
		}
	})
}

// A line costs time in proportion to its length, and what is too long for a
// label is not looked at.
func BenchmarkIdentifyLine(b *testing.B) {
	for name, code := range map[string]string{
		"label":           `{"raw":"]C100106141410000001238"}`,
		"100 kB":          `{"raw":"` + strings.Repeat("x", 100_000) + `"}`,
		"1 MB":            `{"raw":"` + strings.Repeat("x", 1_000_000) + `"}`,
		"1 MB of escapes": `{"raw":"` + strings.Repeat(`\ud83d\udce6`, 1_000_000/12) + `"}`,
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(code)))
			b.ReportAllocs()
			for b.Loop() {
				site.IdentifyLine([]byte(code))
			}
		})
	}
}
