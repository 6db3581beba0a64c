package config_test

import (
	"reflect"
	"strings"
	"testing"

	"scanpost/cmd/config"
	"scanpost/scan/identity"
)

// What codes mean at a site reaches what identifies them, with the company
// prefixes of the portals.
func TestIdentity(t *testing.T) {
	c, err := config.Parse("station.toml", []byte(station+`
[identity]
carriers = ["ups", "gls"]
prefixes = ["4012345"]
patterns = [ { prefix = "ORD-X", key = "express" }, { prefix = "ORD-", key = "order" }, { prefix = "T", key = "tote", length = 7, digits = true, beats_carriers = true }, { prefix = "TX", key = "text" } ]
mailers = { "905559797" = "FedEx Ground Economy", "123456" = "OSM" }
`))
	if err != nil {
		t.Fatal(err)
	}
	c.Portals = []config.Portal{{At: "load", Prefixes: []string{"4098765"}}}
	id := c.Identifier()
	want := identity.Identifier{
		Prefixes: []string{"4012345", "4098765"}, Carriers: []string{"ups", "gls"},
		Patterns: []identity.Pattern{{Key: "express", Prefix: "ORD-X"}, {Key: "order", Prefix: "ORD-"}, {Key: "tote", Prefix: "T", Length: 7, Digits: true, BeatsCarriers: true}, {Key: "text", Prefix: "TX"}},
		Mailers:  map[string]string{"905559797": "FedEx Ground Economy", "123456": "OSM"},
	}
	if !reflect.DeepEqual(id, want) {
		t.Errorf("got  %+v\nwant %+v", id, want)
	}
	for code, unit := range map[string]string{"ORD-X1": "express:ORD-X1", "ORD-1": "order:ORD-1", "T123456": "tote:T123456", "503730640038": "gls:503730640038"} {
		if r := id.Identify(code, "]C0"); r.Unit != unit {
			t.Errorf("%s is %s, want %s", code, r.Unit, unit)
		}
	}
}

// Mistakes about codes say what to write.
func TestIdentityMistakes(t *testing.T) {
	for text, want := range map[string]string{
		`carriers = ["upps"]`:                                                              `"carriers" in [identity]: "upps" is no carrier known here; write one of amazon, auspost, canadapost, `,
		`carriers = ["ups", "ups"]`:                                                        `"ups" is there twice; take one out`,
		`prefixes = ["40123x"]`:                                                            `"40123x" is no GS1 company prefix; it has 4 to 12 digits, such as "4012345"`,
		`prefixes = ["401"]`:                                                               `"401" is no GS1 company prefix`,
		`mailers = { "12345" = "X" }`:                                                      `"12345" is no mailer id; it has 9 digits and begins with 9, or 6 and begins otherwise`,
		`mailers = { "912345" = "X" }`:                                                     `"912345" is no mailer id`,
		`mailers = { "123456" = "" }`:                                                      `is empty; write who it is, such as "FedEx Ground Economy"`,
		`patterns = [ { key = "order" } ]`:                                                 `"prefix" in [identity]: is missing; write how such codes begin and no others do, such as "ORD-"`,
		`patterns = [ { prefix = "ORD-" } ]`:                                               `"key" in [identity]: is missing; write what the key of such a code begins with, such as "order"`,
		`patterns = [ { prefix = "X", key = "Order No" } ]`:                                `"Order No" is not a name; use small letters, digits and hyphens, such as "order-no"`,
		`patterns = [ { prefix = "X", key = "sscc" } ]`:                                    `"sscc" means something already; write another, such as "own-sscc"`,
		`patterns = [ { prefix = "X", key = "ups" } ]`:                                     `"ups" means something already`,
		`patterns = [ { prefix = "É", key = "order" } ]`:                                   `"É" can not begin a code; write printable ASCII`,
		`patterns = [ { prefix = " X", key = "order" } ]`:                                  `" X" can not begin a code`,
		`patterns = [ { prefix = "ORD-", key = "order", length = 4 } ]`:                    `"length" in [identity]: is of the whole code: more than the prefix has (4) and at most 64, not 4`,
		`patterns = [ { prefix = "O", key = "order" }, { prefix = "ORD-", key = "ord" } ]`: `"ORD-" is never looked at, since pattern 1 takes all codes that begin with "O"; write this one first`,
		`patterns = [ { prefix = "O", key = "order", pattern = "x" } ]`:                    `unknown key "pattern"`,
	} {
		_, err := config.Parse("station.toml", []byte(station+"[identity]\n"+text+"\n"))
		if err == nil || !config.IsMistake(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n got %v\nwant %s", text, err, want)
		}
	}
}
