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
		"a separator, escaped":               {`{"raw":"]C110A\u001d400B"}`, `{"unit":"code:10A\\x1d400B","kind":"gs1","gs1":[["10","A"],["400","B"]],"warnings":["this GS1 symbol names no unit: no SSCC and no GTIN in it"]}`},
		"more in the object":                 {`{"raw":"A","at":7}`, `{"unit":"code:A","kind":"text"}`},
		"spaces and a newline around":        {" {\"raw\":\"A\"} \r\n", `{"unit":"code:A","kind":"text"}`},
		"a whole surrogate pair":             {`{"raw":"\ud83d\udce6"}`, `{"unit":"code:📦","kind":"text"}`},
		"a backslash before what is no half": {`{"raw":"\\ud83d"}`, `{"unit":"code:\\\\ud83d","kind":"text"}`},
		"markup":                             {`{"raw":"<b>&"}`, `{"unit":"code:<b>&","kind":"text"}`},
		"an EPC":                             {`{"epc":"3114257BF4"}`, `{"unit":"","kind":"epc","error":{"code":"epc_not_supported","message":"this version does not read EPCs yet"}}`},
		"an EPC that is a number":            {`{"epc":3114}`, `{"unit":"","kind":"epc","error":{"code":"bad_input","message":"want a string of whole characters as \"epc\""}}`},
		"no line":                            {"", bad(want)},
		"no JSON":                            {"hello", bad(want)},
		"half an object":                     {`{"raw":"A"`, bad(want)},
		"two objects":                        {`{"raw":"A"}{"raw":"B"}`, bad(want)},
		"a list":                             {`["A"]`, bad(want)},
		"null":                               {`null`, bad(`want either \"raw\" or \"epc\" in the object`)},
		"an empty object":                    {`{}`, bad(`want either \"raw\" or \"epc\" in the object`)},
		"another case":                       {`{"RAW":"A"}`, bad(`want either \"raw\" or \"epc\" in the object`)},
		"both":                               {`{"raw":"A","epc":"30"}`, bad(`want either \"raw\" or \"epc\" in the object`)},
		"a raw that is a number":             {`{"raw":7}`, halves},
		"a raw that is null":                 {`{"raw":null}`, halves},
		"the first half of a pair":           {`{"raw":"\ud83d"}`, halves},
		"the first half and something else":  {`{"raw":"\ud83d\u0041"}`, halves},
		"the first half and a letter":        {`{"raw":"\ud83dABCDEF"}`, halves},
		"the second half":                    {`{"raw":"\udce6"}`, halves},
		"the halves the wrong way round":     {`{"raw":"\udce6\ud83d"}`, halves},
		"a pair and a half":                  {`{"raw":"\ud83d\udce6\ud83d"}`, halves},
		"not UTF-8":                          {"{\"raw\":\"\xff\"}", bad("the line is not valid UTF-8; " + want)},
		"a very deep line":                   {strings.Repeat(`{"raw":`, 100_000), bad(want)},
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
		`{"raw":"]C100106141410000001238"}`, `{"epc":"3114257BF4"}`, `{"raw":"\ud83d\udce6\ud83d"}`, `{"raw":"]C110A\u001d400B"}`,
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
