// Package command makes and reads the codes on a site's command cards.
//
//	SPB:BHCKCDTCKFTRNRSRTKNGPV    ham1's card KFTR: sign MAIRA on
//	│ │ ││      │   └─ tag: ten letters that only this site can make
//	│ │ ││      └─ the card's number, four letters, by which it is revoked
//	│ │ │└─ argument, if the command has one: three characters in four letters
//	│ │ └─ what to do, one letter
//	│ └─ version: B is the first
//	└─ name
//
// # What a stranger can do
//
// A card can sign people on and take scans back, and anybody can print a bar
// code. So the tag is the beginning of an HMAC-SHA256 with the site's key over
// all that stands before it. Its forty bits are few for a signature and enough
// for a card, since a guess has to be scanned: there is nothing to try it on but
// a station. A telephone that shows a scanner five codes a second, day and night
// for a year, finds a good one with a chance of 1 in 7000 (1 in 3500 while two
// keys hold), and each miss is a red field and a line in the log. A label
// printed without the key, on a parcel that is scanned once, acts once in a
// million million. Longer tags would not fit a card: in bars of the least width
// that every scanner reads, 30 characters are 98 mm long.
//
// A code can be copied by whoever sees it: a card is a key, to be kept like one.
// A lost one is revoked by its number, and all of them by a new key.
//
// # Why these letters
//
// A scanner in keyboard mode presses keys, and which letter a key means is
// agreed by nobody: between two countries the digits, most signs and the letters
// A, M, Q, W, Y and Z change places, and Caps Lock turns the case round. The
// sixteen letters of a card are on the same keys everywhere, and as there are no
// vowels, no card's number is a word. Only the colon changes, and of it no more
// is asked than that it is one character.
//
// The colon keeps cards apart from parcels where all is right: no carrier's
// number, licence plate or GS1 string begins with two letters, a letter and a
// colon. Where it became something else, all that follows has to be letters of
// ours, in a number of our own. What is in this name space is never taken for a
// unit, whoever made it.
//
// All characters are in Code 128, in a QR code's alphanumeric mode, and except
// for the colon in Code 39.
package command

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"scanpost/scan"
)

// What [Site.Parse] can not act on. Each is a sentence for the screen.
var (
	ErrNotCommand = errors.New("not a command card")
	ErrNotOurs    = errors.New("a command card of another site")
	ErrUnknown    = errors.New("a command card for a newer version of Scanpost")
	ErrRevoked    = errors.New("a revoked command card")
)

const (
	letters = "BCDFGHJKLNPRSTVX" // a letter is four bits
	name    = "SP"
	version = 'B'

	numberLength = 4
	tagLength    = 10
	MaxArg       = 12 // characters in an operator's sign or an exception's reason
	shortest     = 1 + numberLength + tagLength
	longest      = shortest + MaxArg/3*4 // letters after the colon
)

// Verb is a command that a card can give.
type Verb struct {
	Do  string // as in [scan.Command]
	Arg string // what its argument is, for people; empty if it has none
}

// Verbs are all commands. The place in the list is the letter on the card: what
// is printed stays, so new ones come last, and there can be sixteen.
var Verbs = []Verb{
	{"sign-on", "operator's sign"},
	{"sign-off", ""},
	{"undo", ""},
	{"seen", ""},
	{"hold", ""},
	{"release", ""},
	{"exception", "reason"},
	{"training", ""},
	{"training-end", ""},
	{"pack", ""},
	{"close", ""},
	{"unpack", ""},
	{"unlink", ""},
}

// Site is what stations know of their site's cards. Its zero value obeys none.
type Site struct {
	Keys    [][]byte // the newest first: it makes cards, and all are obeyed
	Revoked []string // numbers of cards that are not
}

// Card is a code that was read.
type Card struct {
	scan.Command
	Number string // four letters, such as "KFTR"
	// Colon is what came in place of the colon, or ':'. Anything else shows that
	// the scanner types for another keyboard layout than the station reads.
	Colon rune
}

// Is reports whether a text is in the name space of command cards, of any
// version and any site. Such a text is never a unit.
func Is(text string) bool {
	_, _, _, ok := split(text)
	return ok
}

// split takes a text of the name space apart.
func split(text string) (made byte, colon rune, body string, ok bool) {
	if len(text) < 4 || text[0]|0x20 != 's' || text[1]|0x20 != 'p' || nibble(text[2]) < 0 {
		return 0, 0, "", false
	}
	colon, size := utf8.DecodeRuneInString(text[3:])
	body = text[3+size:]
	if colon != ':' && (len(body) < shortest || len(body) > longest || !isBody(body)) {
		return 0, 0, "", false
	}
	return upper(text[2]), colon, body, true
}

// Make returns the code for a command, to be printed on the card of that number.
func (s Site) Make(c scan.Command, number string) (string, error) {
	if len(s.Keys) == 0 {
		return "", errors.New("make command card: no site key (set the key that the stations use)")
	}
	if !ValidNumber(number) {
		return "", fmt.Errorf("make command card: card number %q, want %d of the letters %s", number, numberLength, letters)
	}
	if slices.Contains(s.Revoked, number) {
		return "", fmt.Errorf("make command card: card number %s is revoked; take another", number)
	}
	at := slices.IndexFunc(Verbs, func(v Verb) bool { return v.Do == c.Do })
	switch {
	case at < 0:
		return "", fmt.Errorf("make command card: unknown command %q", c.Do)
	case Verbs[at].Arg == "" && c.Arg != "":
		return "", fmt.Errorf("make command card: %s takes no argument, got %q", c.Do, c.Arg)
	case Verbs[at].Arg != "" && !ValidArg(c.Arg):
		return "", fmt.Errorf("make command card: %s %q, want 1 to %d of A-Z, 0-9 and -", Verbs[at].Arg, c.Arg, MaxArg)
	}
	body := string(letters[at]) + packArg(c.Arg) + number
	return name + string(version) + ":" + body + tag(s.Keys[0], body), nil
}

// Parse reads a code, in either case. The tag is looked at before what it
// stands for, so that a stranger's card is told nothing; only of a later
// version it can not be, since that may have another.
func (s Site) Parse(text string) (Card, error) {
	made, colon, body, ok := split(text)
	switch {
	case !ok:
		return Card{}, ErrNotCommand
	case made > version:
		return Card{}, ErrUnknown
	case len(body) < shortest || len(body) > longest || !isBody(body):
		return Card{}, ErrNotOurs
	}
	body = strings.ToUpper(body)
	body, got := body[:len(body)-tagLength], body[len(body)-tagLength:]
	ours := false
	for _, key := range s.Keys {
		if hmac.Equal([]byte(got), []byte(tag(key, body))) { // in a time that says nothing of where they differ
			ours = true
		}
	}
	if !ours {
		return Card{}, ErrNotOurs
	}
	card := Card{Number: body[len(body)-numberLength:], Colon: colon}
	if slices.Contains(s.Revoked, card.Number) {
		return Card{}, fmt.Errorf("%w: %s", ErrRevoked, card.Number)
	}
	at := nibble(body[0])
	if at >= len(Verbs) {
		return Card{}, ErrUnknown
	}
	arg, ok := unpackArg(body[1 : len(body)-numberLength])
	if !ok || (arg != "") != (Verbs[at].Arg != "") {
		return Card{}, ErrUnknown
	}
	card.Command = scan.Command{Do: Verbs[at].Do, Arg: arg}
	return card, nil
}

// ValidNumber reports whether a text is a card's number.
func ValidNumber(number string) bool {
	return len(number) == numberLength && isBody(number) && strings.ToUpper(number) == number
}

// Number makes a card's number of random bits. There are 65 536.
func Number(random uint16) string { return encode(uint32(random), numberLength) }

// ValidArg reports whether an operator's sign or an exception's reason can
// stand on a card.
func ValidArg(arg string) bool {
	for i := range len(arg) {
		if symbol(arg[i]) < 0 {
			return false
		}
	}
	return len(arg) >= 1 && len(arg) <= MaxArg
}

// tag proves that a card was made with the site's key. The name in front
// keeps it apart from anything else that may one day be made with that key.
func tag(key []byte, body string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("scanpost command " + string(version) + "\x00" + body))
	var tag [tagLength]byte
	for i, b := range mac.Sum(nil)[:tagLength/2] {
		tag[2*i], tag[2*i+1] = letters[b>>4], letters[b&15]
	}
	return string(tag[:])
}
