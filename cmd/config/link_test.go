package config_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"scanpost/cmd/config"
	"scanpost/scan"
)

// Where labels are linked: what is left out has its default, and labels of one
// read alone mean that no others are.
func TestLinks(t *testing.T) {
	kinds := []string{"sscc", "carrier"}
	for text, want := range map[string]scan.LinkRule{
		`at = "pack"`:                                            {At: "pack", Kinds: kinds, Within: 20 * time.Second},
		`at = "pack"` + "\n" + `within = "45s"`:                  {At: "pack", Kinds: kinds, Within: 45 * time.Second},
		`at = "pack"` + "\n" + `together = true`:                 {At: "pack", Kinds: kinds, Together: true},
		`at = "pack"` + "\n" + `kinds = ["order", "sscc"]`:       {At: "pack", Kinds: []string{"order", "sscc"}, Within: 20 * time.Second},
		`at = "pack"` + "\ntogether = true\n" + `within = "10s"`: {At: "pack", Kinds: kinds, Within: 10 * time.Second, Together: true},
	} {
		c := parse(t, station+"[broker]\n[[link]]\n"+text+"\n")
		if len(c.Links) != 1 || !reflect.DeepEqual(c.Links[0], want) {
			t.Errorf("%s\ngot  %+v\nwant %+v", text, c.Links, want)
		}
		if len(c.Hints) != 0 {
			t.Errorf("%s: hints %q", text, c.Hints)
		}
	}
	if c := parse(t, station+"[[link]]\nat = \"label\"\n"); !strings.Contains(strings.Join(c.Hints, "\n"), `stands at "label", so no labels are linked there`) {
		t.Errorf("hints %q", c.Hints)
	}
}

// What no link can be is told, with what to write.
func TestLinkMistakes(t *testing.T) {
	for text, want := range map[string]string{
		``:                                  `"at" in [[link]]: is missing`,
		`at = "Pack"`:                       `"Pack" is not a name`,
		"at = \"pack\"\nwithin = \"20m\"":   `"within" in [[link]]: must be from 1s to 10m`,
		"at = \"pack\"\nkinds = [\"sscc\"]": `a link is between two kinds or more`,
		"at = \"pack\"\nkinds = []":         `a link is between two kinds or more`,
		"at = \"pack\"\nkinds = [\"sscc\", \"ups\"]":             `"ups" is no kind of identifier; write some of sscc, carrier`,
		"at = \"pack\"\nkinds = [\"sscc\", \"gtin\"]":            `"gtin" is no kind of identifier`,
		"at = \"pack\"\nkinds = [\"sscc\", \"order\", \"sscc\"]": `"sscc" stands there twice`,
		"at = \"pack\"\n[[link]]\nat = \"pack\"":                 `"pack" is already used`,
	} {
		_, err := config.Parse("station.toml", []byte(station+"[[link]]\n"+text+"\n"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
