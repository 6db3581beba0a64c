package command

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A key file says the keys, the newest first, and what is revoked; what a
// person notes beside it is not read.
func TestRead(t *testing.T) {
	site, err := Read("\n# ham1 # since March\n  0123456789abcdef\t# made by JN\r\nfedcba98#7654321\n\nrevoked kftr BCDF # lost by JN\nREVOKED XXXX")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%q", site.Keys); got != `["0123456789abcdef" "fedcba98#7654321"]` {
		t.Errorf("keys %s", got)
	}
	if !slices.Equal(site.Revoked, []string{"KFTR", "BCDF", "XXXX"}) {
		t.Errorf("revoked %q", site.Revoked)
	}
	if site, err := Read("revoked\n0123456789abcdef"); err != nil || len(site.Revoked) != 0 {
		t.Errorf("with nothing revoked: %v, %v", site, err)
	}
}

// A file with a mistake is refused as a whole, in a sentence that says the line
// and never the key.
func TestReadRefuses(t *testing.T) {
	const key = "0123456789abcdef"
	for text, want := range map[string]string{
		"":                               "there is no key in it; make one, for example with openssl rand -hex 16",
		"revoked KFTR\n# " + key:         "there is no key in it; make one, for example with openssl rand -hex 16",
		"\n" + key[1:]:                   "line 2: the key has 15 characters and needs 16; make one, for example with openssl rand -hex 16",
		key + " " + key:                  "line 1: a key is one word, and here are 2; write one key in a line, and what is not read after a #",
		key + "\n" + key:                 "line 2: the same key once more; take one of the two out",
		key + "\n" + key + "1\n1" + key:  "line 3: a third key; two hold at most, the new one first and then the one it replaces, so take the oldest out",
		key + "\nrevoked KFTR K7Q2":      `line 2: "K7Q2" is no card's number; write the 4 letters that stand on the card and in the list printed with it`,
		key + "\nrevoked KFT":            `line 2: "KFT" is no card's number; write the 4 letters that stand on the card and in the list printed with it`,
		"\x8d\x01\xffabcdefabcdefabcdef": "line 1: the key holds bytes that are no letters, digits or signs; make one, for example with openssl rand -hex 16",
	} {
		site, err := Read(text)
		if err == nil || err.Error() != want || site.Keys != nil {
			t.Errorf("%q: got %v, %v\nwant %s", text, site, err, want)
		}
		if err != nil && strings.Contains(err.Error(), key[1:]) {
			t.Errorf("the key is told: %v", err)
		}
	}
}

// Whatever is in a key file, it is refused or gives one or two keys that are
// long enough and different, and numbers that can be on a card.
func FuzzRead(f *testing.F) {
	f.Add("0123456789abcdef\nrevoked KFTR # lost\n")
	f.Add("#\n\x00 0123456789abcdef\r\n0123456789abcdeff")
	f.Fuzz(func(t *testing.T, text string) {
		site, err := Read(text)
		if err != nil {
			if len(site.Keys)+len(site.Revoked) > 0 {
				t.Errorf("refused (%v), and yet %v", err, site)
			}
			return
		}
		if n := len(site.Keys); n != 1 && (n != 2 || string(site.Keys[0]) == string(site.Keys[1])) {
			t.Errorf("keys %q", site.Keys)
		}
		for _, key := range site.Keys {
			if len(key) < MinKey || !strings.Contains(text, string(key)) {
				t.Errorf("key %q", key)
			}
		}
		for _, number := range site.Revoked {
			if !ValidNumber(number) {
				t.Errorf("revoked %q", number)
			}
		}
	})
}
