package sim

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Keyboard is a scanner that types: the reports of a boot keyboard, as it would
// send them. It is set to a country and types for a host of that country.
//
//	k := sim.Keyboard{Layout: "de", Suffix: "enter", AIM: true}
//	reports, err := k.Scan("]C1", "0112345")
type Keyboard struct {
	Layout   string // "us", "uk", "de" or "fr"
	Suffix   string // "enter", "keypad" for the keypad's Enter, "tab", "ctrl-m"; empty is none
	AIM      bool   // types AIM identifiers before the code
	Controls string // how control characters are typed: "ctrl", "alt", "f8" (GS only, the rest not at all), or "" for not at all
	Alt      string // types every character as a number with Alt: "3" or "4" digits; empty: only those without a key, with 4
	Keypad   bool   // types digits on the keypad, between two strokes of Num Lock

	ShiftFirst bool // Shift in a report of its own, before and after the key
	RightShift bool // uses the right Shift, and Ctrl with Alt for AltGr
	Rolling    bool // the next key goes down before the last is up, two in one report
	Repeats    bool // sends every report twice, as at an idle rate

	FollowsLight bool // turns letters over while the host's Caps Lock light is on
	PressesCaps  bool // types capitals with Caps Lock and without Shift

	ReportID byte // before each report; 0 if none

	light bool
}

// Output takes a report of the host: the lights, after the report's number.
func (k *Keyboard) Output(report []byte) {
	if len(report) == 2 {
		k.light = report[1]&0x02 != 0
	}
}

// Modifiers, and keys with a meaning of their own.
const (
	leftCtrl, leftShift, leftAlt, rightShift, rightAlt = 0x01, 0x02, 0x04, 0x20, 0x40

	enterKey, tabKey, spaceKey, capsKey, f8Key, numLockKey, padEnterKey, padOneKey, padZeroKey = 0x28, 0x2B, 0x2C, 0x39, 0x41, 0x53, 0x58, 0x59, 0x62
)

// Scan types a code, its AIM identifier before it if the scanner is set to
// send one. A layout that it does not have is an error.
func (k *Keyboard) Scan(aim, code string) ([][]byte, error) {
	country, known := countries[k.Layout]
	if !known {
		return nil, fmt.Errorf("simulated keyboard: no layout %q", k.Layout)
	}
	if k.AIM {
		code = aim + code
	}
	t := typing{Keyboard: k, country: country}
	for _, char := range code {
		t.char(char)
	}
	t.capsLock(false)
	switch k.Suffix {
	case "enter":
		t.press(0, enterKey)
	case "keypad":
		t.press(0, padEnterKey)
	case "tab":
		t.press(0, tabKey)
	case "ctrl-m":
		t.press(leftCtrl, 0x10)
	}
	t.up()
	return t.finished(), nil
}

// typing is one code on its way out.
type typing struct {
	*Keyboard
	country
	reports [][]byte
	held    []byte // keys that are down, if the scanner is a rolling one
	with    byte   // their modifiers
	locked  bool
}

func (t *typing) report(modifiers byte, keys ...byte) {
	r := make([]byte, 8)
	r[0] = modifiers
	copy(r[2:], keys)
	t.reports = append(t.reports, r)
}

// press puts a key down, and takes it up again.
func (t *typing) press(modifiers, key byte) {
	if t.RightShift && modifiers&leftShift != 0 {
		modifiers ^= leftShift | rightShift
	}
	if t.RightShift && modifiers&rightAlt != 0 {
		modifiers ^= rightAlt | leftAlt | leftCtrl
	}
	if t.Rolling && t.with == modifiers && !slices.Contains(t.held, key) {
		t.held = append(t.held, key)
		if len(t.held) > 2 {
			t.held = t.held[1:]
		}
		t.report(modifiers, t.held...)
		return
	}
	t.up()
	if t.ShiftFirst && modifiers != 0 {
		t.report(modifiers)
		t.report(modifiers, key)
		t.report(modifiers)
		t.report(0)
		return
	}
	t.report(modifiers, key)
	if t.Rolling {
		t.held, t.with = []byte{key}, modifiers
		return
	}
	t.report(0)
}

// up lets all keys go.
func (t *typing) up() {
	if len(t.held) > 0 {
		t.report(0)
		t.held, t.with = nil, 0
	}
}

// char types one character in the way that the scanner is set to.
func (t *typing) char(char rune) {
	switch {
	case t.Alt != "":
		t.number(char, t.Alt)
	case char < ' ':
		t.control(char)
	case t.Keypad && char >= '0' && char <= '9':
		t.press(0, numLockKey)
		t.press(0, pad(char))
		t.press(0, numLockKey)
	case t.key(char):
		if strings.ContainsRune(t.dead, char) {
			t.press(0, spaceKey)
		}
	default:
		accent, letter, _ := strings.Cut(accents[char], " ")
		if accent != "" && strings.Contains(t.dead, accent) {
			t.key([]rune(accent)[0])
			t.key([]rune(letter)[0])
			return
		}
		t.number(char, "4")
	}
}

func (t *typing) control(char rune) {
	switch {
	case t.Controls == "ctrl":
		t.press(leftCtrl, ctrlKeys[char])
	case t.Controls == "alt":
		t.number(char, "3")
	case t.Controls == "f8" && char == '\x1d':
		t.press(0, f8Key)
	}
}

// number types a character's number on the keypad while Alt is down.
func (t *typing) number(char rune, digits string) {
	t.up()
	t.report(leftAlt)
	for _, digit := range fmt.Sprintf("%0"+digits+"d", char) {
		t.report(leftAlt, pad(digit))
		t.report(leftAlt)
	}
	t.report(0)
}

func pad(digit rune) byte {
	if digit == '0' {
		return padZeroKey
	}
	return padOneKey + byte(digit-'1')
}

// key types a character with a key of the layout, if it has one.
func (t *typing) key(char rune) bool {
	modifiers, key, found := t.find(char)
	if !found {
		return false
	}
	letter := unicode.IsLetter(char) && char < unicode.MaxASCII
	switch {
	case t.PressesCaps && letter:
		t.capsLock(unicode.IsUpper(char))
		modifiers &^= leftShift
	case t.PressesCaps && t.shiftLock: // there it would shift the digits as well
		t.capsLock(false)
	case t.FollowsLight && t.light && letter:
		modifiers ^= leftShift
	}
	t.press(modifiers, key)
	return true
}

func (t *typing) capsLock(on bool) {
	if t.locked != on {
		t.locked = on
		t.press(0, capsKey)
	}
}

// finished is what goes over the wire.
func (t *typing) finished() [][]byte {
	var all [][]byte
	for _, r := range t.reports {
		if t.ReportID != 0 {
			r = append([]byte{t.ReportID}, r...)
		}
		all = append(all, r)
		if t.Repeats {
			all = append(all, slices.Clone(r))
		}
	}
	return all
}
