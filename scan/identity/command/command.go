// Package command makes and reads the codes on a site's command cards.
//
//	SP1:ON.MAIRA:7Q2K9D0V
//	│   │  │     └─ tag: eight characters that only this site can make
//	│   │  └─ argument, if the command has one
//	│   └─ what to do: ON, OFF, UNDO, SEEN
//	└─ name and version
//
// A card can sign people on and take scans back, and anybody can print a bar
// code. So the tag is the beginning of an HMAC-SHA256 with the site's key over
// the command, in Crockford's base 32: forty bits, of which a person with a
// scanner can not try many.
//
// The colon keeps cards apart from parcels: no carrier's number and no bare
// GS1 key has one, and whatever begins like a card is never taken for a unit.
// Cards are read in either case, since a keyboard wedge with caps lock on turns
// it round. All characters are in Code 128; Code 39 has the colon in full ASCII
// mode only.
package command

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"

	"scanpost/scan"
)

// What [Parse] can not act on.
var (
	ErrNotCommand = errors.New("not a command card")
	ErrNotOurs    = errors.New("a command card of another site")
	ErrUnknown    = errors.New("a command card for a newer version of Scanpost")
)

const (
	version   = "SP1:"
	tagLength = 8
	maxSign   = 12
	longest   = 64 // a card of any version is shorter
)

// verbs gives each command its short word. Only sign-on has an argument.
var verbs = []struct{ do, word string }{
	{"sign-on", "ON"},
	{"sign-off", "OFF"},
	{"undo", "UNDO"},
	{"seen", "SEEN"},
}

var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// Is reports whether a text is in the name space of command cards, of any
// version and any site. Such a text is never a unit.
func Is(text string) bool {
	if len(text) < 4 || text[0]|0x20 != 's' || text[1]|0x20 != 'p' {
		return false
	}
	rest := strings.TrimLeft(text[2:], "0123456789")
	return len(rest) < len(text)-2 && rest != "" && rest[0] == ':'
}

// Make returns the code for a command, to be printed.
func Make(key []byte, c scan.Command) (string, error) {
	if len(key) == 0 {
		return "", errors.New("make command card: no site key (set the key that the stations use)")
	}
	for _, v := range verbs {
		if v.do != c.Do {
			continue
		}
		body := v.word
		switch {
		case c.Do == "sign-on" && !ValidSign(c.Arg):
			return "", fmt.Errorf("make command card: operator's sign %q, want 1 to %d of A-Z, 0-9 and -", c.Arg, maxSign)
		case c.Do == "sign-on":
			body += "." + c.Arg
		case c.Arg != "":
			return "", fmt.Errorf("make command card: %s takes no argument, got %q", c.Do, c.Arg)
		}
		return version + body + ":" + tag(key, body), nil
	}
	return "", fmt.Errorf("make command card: unknown command %q", c.Do)
}

// Parse reads a code. Without a key, no card is ours. The tag is looked at
// before the command, so that a stranger's card is told nothing about it.
func Parse(key []byte, text string) (scan.Command, error) {
	if !Is(text) {
		return scan.Command{}, ErrNotCommand
	}
	if len(key) == 0 || len(text) > longest {
		return scan.Command{}, ErrNotOurs
	}
	card, ok := strings.CutPrefix(strings.ToUpper(text), version)
	colon := strings.LastIndexByte(card, ':')
	if !ok || colon < 0 || !hmac.Equal([]byte(card[colon+1:]), []byte(tag(key, card[:colon]))) {
		return scan.Command{}, ErrNotOurs
	}
	word, arg, hasArg := strings.Cut(card[:colon], ".")
	for _, v := range verbs {
		if v.word == word && hasArg == (v.do == "sign-on") && (!hasArg || ValidSign(arg)) {
			return scan.Command{Do: v.do, Arg: arg}, nil
		}
	}
	return scan.Command{}, ErrUnknown
}

// ValidSign reports whether an operator's sign can stand on a card.
func ValidSign(sign string) bool {
	for i := range len(sign) {
		c := sign[i]
		if !(c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-') {
			return false
		}
	}
	return len(sign) >= 1 && len(sign) <= maxSign
}

// tag proves that a command was made with the site's key. The name in front
// keeps it apart from anything else that may one day be made with that key.
func tag(key []byte, body string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("scanpost command v1\x00" + body))
	return crockford.EncodeToString(mac.Sum(nil))[:tagLength]
}
