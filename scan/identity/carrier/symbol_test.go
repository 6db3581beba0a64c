package carrier

import (
	"slices"
	"strings"
	"testing"
)

// The number in a carrier's two-dimensional symbol is found wherever it
// stands, written out or short, and a telephone number is none.
func TestSymbol(t *testing.T) {
	for name, c := range map[string]struct {
		fields string
		want   []string
	}{
		"UPS, written out":          {"96841706672|840|003|1Z999AA10123456784|UPSN|999AA1|198|||1/1|10|N", []string{"ups:1Z999AA10123456784"}},
		"UPS, short":                {"96841706672|840|001|1Z23456784|UPSN|999AA1||1/1|Y", []string{"ups:1Z999AA10123456784"}},
		"UPS, fields in disorder":   {"UPSN|999AA1|840|001|x|1Z 2345 6784", []string{"ups:1Z999AA10123456784"}},
		"UPS, short and damaged":    {"96841706672|840|001|1Z23456785|UPSN|999AA1", nil},
		"UPS, short, no shipper":    {"96841706672|840|001|1Z23456784|UPSN", nil},
		"UPS, twice the same":       {"840|001|1Z23456784|UPSN|999AA1|1Z999AA10123456784", []string{"ups:1Z999AA10123456784"}},
		"FedEx Express":             {"02976240|840|19|7835379907530201|FDEB|6225|100||1/1|10.0LB|N|1 MAIN ST", []string{"fedex:783537990753"}},
		"FedEx Express, wrong":      {"02976240|840|19|7835379907540201|FDEB", nil},
		"FedEx Ground":              {"02976240|840|019|9611682828807290222796|FDEG|5552211", []string{"fedex:9611682828807290222796"}},
		"USPS for somebody else":    {"02976240|840|9201990555979711471043", []string{"usps:9201990555979711471043"}},
		"two numbers":               {"1Z999AA10123456784|1ZA12B340352601818", []string{"ups:1Z999AA10123456784", "ups:1ZA12B340352601818"}},
		"telephones and references": {"4520561743|783537990753|77012345672|106141410000001238|J0913909963", nil},
		"nothing":                   {"", nil},
	} {
		var got []string
		for _, m := range Symbol(strings.Split(c.fields, "|")) {
			got = append(got, m.Key())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
