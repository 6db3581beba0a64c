package command

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"scanpost/scan"
)

var (
	key  = []byte("site key of ham1")
	ham1 = Site{Keys: [][]byte{key}}
)

// A card says what it was made to say. The codes are written out because cards
// are printed and laminated: they must be read by all later versions.
func TestPrintedCards(t *testing.T) {
	for code, want := range map[string]Card{
		"SPB:BHCKCDTCKFTRNRSRTKNGPV": {scan.Command{Do: "sign-on", Arg: "MAIRA"}, "KFTR", ':'},
		"SPB:BBSDPKFTRRCDXJCJRBC":    {scan.Command{Do: "sign-on", Arg: "A-7"}, "KFTR", ':'},
		"SPB:CBBBBLTLGFTNGBR":        {scan.Command{Do: "sign-off"}, "BBBB", ':'},
		"SPB:DXXXXCGLCBLKGVC":        {scan.Command{Do: "undo"}, "XXXX", ':'},
		"SPB:FKFTRXSVLPSKTKD":        {scan.Command{Do: "seen"}, "KFTR", ':'},
	} {
		made, err := ham1.Make(want.Command, want.Number)
		if err != nil || made != code {
			t.Errorf("Make(%v) = %q, %v; want %q", want, made, err, code)
		}
		if got, err := ham1.Parse(code); err != nil || got != want {
			t.Errorf("Parse(%q) = %v, %v; want %v", code, got, err, want)
		}
	}
}

// The letter of each command on the cards stays: new commands come last.
func TestVerbsStay(t *testing.T) {
	var got []string
	for _, v := range Verbs {
		got = append(got, v.Do)
	}
	want := strings.Fields("sign-on sign-off undo seen hold release exception training training-end pack close unpack unlink")
	if !slices.Equal(got, want) || len(got) > len(letters) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// drawCard makes any card of any site.
func drawCard(t *rapid.T) (site Site, want Card, code string) {
	site.Keys = [][]byte{rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "key")}
	v := rapid.SampledFrom(Verbs).Draw(t, "verb")
	want = Card{scan.Command{Do: v.Do}, Number(rapid.Uint16().Draw(t, "number")), ':'}
	if v.Arg != "" {
		want.Arg = rapid.StringMatching(`[A-Z0-9-]{1,12}`).Draw(t, "argument")
	}
	code, err := site.Make(want.Command, want.Number)
	if err != nil || !Is(code) {
		t.Fatalf("Make(%v) = %q, %v", want, code, err)
	}
	return site, want, code
}

// Whatever is made can be read, in either case, with the same key and no
// other; and with any character changed it does nothing. Only the colon may be
// any other character, as a keyboard may have made it, and that is told.
func TestMakeAndParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		site, want, code := drawCard(t)
		for _, read := range []string{code, strings.ToLower(code)} {
			if got, err := site.Parse(read); err != nil || got != want {
				t.Fatalf("Parse(%q) = %v, %v; want %v", read, got, err, want)
			}
		}
		other := Site{Keys: [][]byte{append([]byte{'x'}, site.Keys[0]...)}}
		if got, err := other.Parse(code); err != ErrNotOurs {
			t.Fatalf("another site reads %q as %v, %v", code, got, err)
		}
		colon := rapid.Rune().Draw(t, "colon")
		if colon = []rune(string(colon))[0]; colon == utf8.RuneError {
			colon = 'Ö'
		}
		mangled := strings.Replace(code, ":", string(colon), 1)
		want.Colon = colon
		if got, err := site.Parse(mangled); err != nil || got != want {
			t.Fatalf("Parse(%q) = %v, %v; want %v", mangled, got, err, want)
		}
		at := rapid.IntRange(0, len(code)-1).Filter(func(at int) bool { return at != 3 }).Draw(t, "at")
		changed := code[:at] + rapid.StringMatching(`[A-Z0-9.:-]`).Draw(t, "character") + code[at+1:]
		if got, err := site.Parse(changed); err == nil && changed != code {
			t.Fatalf("%q changed to %q is still %v", code, changed, got)
		}
	})
}

// While keys change, cards of the new key and of the one before are obeyed,
// and new cards are made with the new one.
func TestTwoKeys(t *testing.T) {
	before := Site{Keys: [][]byte{[]byte("the key of last year")}}
	both := Site{Keys: [][]byte{key, before.Keys[0]}}
	for _, site := range []Site{ham1, before, both} {
		code, err := site.Make(scan.Command{Do: "pack"}, "KFTR")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := both.Parse(code); err != nil || got.Do != "pack" {
			t.Errorf("%q is %v, %v", code, got, err)
		}
	}
	code, _ := both.Make(scan.Command{Do: "pack"}, "KFTR")
	if _, err := ham1.Parse(code); err != nil {
		t.Errorf("a new card is not made with the new key: %v", err)
	}
	if _, err := before.Parse(code); err != ErrNotOurs {
		t.Errorf("a station with the old key alone says %v", err)
	}
}

// A revoked card does nothing, whatever it says and whichever key made it; the
// others go on working. A stranger is not told which numbers are revoked.
func TestRevoked(t *testing.T) {
	old := Site{Keys: [][]byte{[]byte("the key of last year")}}
	now := Site{Keys: [][]byte{key, old.Keys[0]}, Revoked: []string{"BBBB", "KFTR"}}
	for _, maker := range []Site{ham1, old} {
		for _, do := range []string{"undo", "seen"} {
			lost, _ := maker.Make(scan.Command{Do: do}, "KFTR")
			got, err := now.Parse(strings.ToLower(lost))
			if !errors.Is(err, ErrRevoked) || err.Error() != "a revoked command card: KFTR" || got != (Card{}) {
				t.Errorf("%q is %v, %v", lost, got, err)
			}
			other, _ := maker.Make(scan.Command{Do: do}, "KFTX")
			if got, err := now.Parse(other); err != nil || got.Do != do {
				t.Errorf("%q is %v, %v", other, got, err)
			}
		}
	}
	stranger, _ := Site{Keys: [][]byte{[]byte("key of a stranger")}}.Make(scan.Command{Do: "undo"}, "KFTR")
	if _, err := now.Parse(stranger); err != ErrNotOurs {
		t.Errorf("a stranger is told %v", err)
	}
	if code, err := now.Make(scan.Command{Do: "undo"}, "KFTR"); err == nil {
		t.Errorf("a revoked number is printed again: %q", code)
	}
}

// A card does nothing if it is not ours, and is told apart from what is no card.
func TestParseRefuses(t *testing.T) {
	signed := func(body string) string { return "SPB:" + body + tag(key, body) }
	good, err := ham1.Make(scan.Command{Do: "undo"}, "KFTR")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		site Site
		text string
		want error
	}{
		"no key":                             {Site{}, good, ErrNotOurs},
		"a made-up tag":                      {ham1, "SPB:DKFTRBBBBBBBBBB", ErrNotOurs},
		"no tag":                             {ham1, "SPB:DKFTR", ErrNotOurs},
		"nothing but the name":               {ham1, "SPB:", ErrNotOurs},
		"a tag over nothing":                 {ham1, signed(""), ErrNotOurs},
		"a space behind":                     {ham1, good + " ", ErrNotOurs},
		"a sign that the cards do not have":  {ham1, "SPB:DKFTR-BBBBBBBBBB", ErrNotOurs},
		"a very long one":                    {ham1, "SPB:" + strings.Repeat("B", 1000), ErrNotOurs},
		"a later version":                    {ham1, "SPC:" + good[4:], ErrUnknown},
		"a later version, without a key":     {Site{}, "spx:anything", ErrUnknown},
		"a later version, of a keyboard":     {ham1, "SPCÖ" + good[4:], ErrUnknown},
		"ours, with a command of later":      {ham1, signed("XKFTR"), ErrUnknown},
		"ours, with an argument to spare":    {ham1, signed("DCVFXKFTR"), ErrUnknown},
		"ours, without its argument":         {ham1, signed("BKFTR"), ErrUnknown},
		"ours, with a symbol of later":       {ham1, signed("BXXXXKFTR"), ErrUnknown},
		"ours, with an argument cut short":   {ham1, signed("BCKFTR"), ErrUnknown},
		"ours, with a hole in its argument":  {ham1, signed("B" + encode(40, 3) + "KFTR"), ErrUnknown},
		"a parcel":                           {ham1, "1Z999AA10123456784", ErrNotCommand},
		"the name without a version":         {ham1, "SP:DKFTRBBBBBBBBBB", ErrNotCommand},
		"the name with a digit":              {ham1, "SP1:UNDO:8MYW0BN0", ErrNotCommand},
		"the name in the middle":             {ham1, "X" + good, ErrNotCommand},
		"the name and no more":               {ham1, "SPB", ErrNotCommand},
		"no colon":                           {ham1, "SPB-DKFTR", ErrNotCommand},
		"no colon, and a digit further down": {ham1, "SPB-DKFTRBBBBBBBB1B", ErrNotCommand},
		"no colon, and too long":             {ham1, "SPB-" + strings.Repeat("B", longest+1), ErrNotCommand},
		"nothing":                            {ham1, "", ErrNotCommand},
	} {
		if got, err := c.site.Parse(c.text); !errors.Is(err, c.want) || got != (Card{}) {
			t.Errorf("%s: Parse(%q) = %v, %v; want %v", name, c.text, got, err, c.want)
		}
		if Is(c.text) != (c.want != ErrNotCommand) {
			t.Errorf("%s: Is(%q) is %t", name, c.text, Is(c.text))
		}
	}
}

// A card that could not be read back is not made.
func TestMakeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		site   Site
		cmd    scan.Command
		number string
	}{
		"without a key":               {Site{}, scan.Command{Do: "undo"}, "KFTR"},
		"an unknown command":          {ham1, scan.Command{Do: "launch"}, "KFTR"},
		"a sign-on of nobody":         {ham1, scan.Command{Do: "sign-on"}, "KFTR"},
		"a sign in lower case":        {ham1, scan.Command{Do: "sign-on", Arg: "maira"}, "KFTR"},
		"a sign with a colon":         {ham1, scan.Command{Do: "sign-on", Arg: "A:B"}, "KFTR"},
		"a sign of thirteen":          {ham1, scan.Command{Do: "sign-on", Arg: "ABCDEFGHIJKLM"}, "KFTR"},
		"an exception of no reason":   {ham1, scan.Command{Do: "exception"}, "KFTR"},
		"an undo with argument":       {ham1, scan.Command{Do: "undo", Arg: "X"}, "KFTR"},
		"a card without a number":     {ham1, scan.Command{Do: "undo"}, ""},
		"a number with a vowel":       {ham1, scan.Command{Do: "undo"}, "KATR"},
		"a number in lower case":      {ham1, scan.Command{Do: "undo"}, "kftr"},
		"a number that is too long":   {ham1, scan.Command{Do: "undo"}, "KFTRK"},
		"a number with a digit":       {ham1, scan.Command{Do: "undo"}, "K7Q2"},
		"a number of another country": {ham1, scan.Command{Do: "undo"}, "KFÖ"},
	} {
		if code, err := c.site.Make(c.cmd, c.number); err == nil || code != "" {
			t.Errorf("%s: got %q, %v", name, code, err)
		}
	}
}

// All numbers are different, valid, and without a vowel.
func TestNumbers(t *testing.T) {
	seen := map[string]bool{}
	for n := range 1 << 16 {
		number := Number(uint16(n))
		if seen[number] || !ValidNumber(number) || strings.ContainsAny(number, "AEIOUYaeiouy0123456789") {
			t.Fatalf("number %d is %q", n, number)
		}
		seen[number] = true
	}
}

// Whatever the text, it is no card of ours unless it is one that we would make.
func FuzzParse(f *testing.F) {
	f.Add("SPB:BHCKCDTCKFTRNRSRTKNGPV")
	f.Add("spbÖdxxxxjkbshpnbsp")
	f.Add("SPC:")
	f.Fuzz(func(t *testing.T, text string) {
		card, err := ham1.Parse(text)
		if Is(text) == errors.Is(err, ErrNotCommand) {
			t.Fatalf("Is and Parse disagree: %v", err)
		}
		if err != nil {
			return
		}
		made, err := ham1.Make(card.Command, card.Number)
		_, size := utf8.DecodeRuneInString(text[3:])
		if err != nil || !strings.EqualFold(text[:3]+":"+text[3+size:], made) {
			t.Errorf("%q is %v, which is made as %q, %v", text, card, made, err)
		}
	})
}
