package command

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// What a key has to be. A shorter one could be found from one printed card, on
// another computer and without a scan.
const (
	MinKey  = 16 // characters
	maxKeys = 2  // the one that holds, and the one that it replaces
)

// Read reads a site's key file. It is the same on all stations of a site:
//
//	# ham1, since March
//	6a1f0c…          the key: at least 16 characters, without a space
//	e0774b…          the key before it, as long as its cards are about
//	revoked KFTR     cards that are lost, by their numbers
//
// From a # at the beginning of a word on, a line is not read. The error says the line, and what to do.
func Read(text string) (Site, error) {
	var s Site
	number := 0
	for line := range strings.Lines(text) {
		number++
		words := strings.Fields(line)
		for i, word := range words {
			if word[0] == '#' { // within a word it is a part of the key
				words = words[:i]
				break
			}
		}
		switch {
		case len(words) == 0:
		case strings.EqualFold(words[0], "revoked"):
			for _, card := range words[1:] {
				card = strings.ToUpper(card)
				if !ValidNumber(card) {
					return Site{}, fmt.Errorf("line %d: %q is no card's number; write the %d letters that stand on the card and in the list printed with it", number, card, numberLength)
				}
				s.Revoked = append(s.Revoked, card)
			}
		default:
			if err := s.addKey(words); err != nil {
				return Site{}, fmt.Errorf("line %d: %w", number, err)
			}
		}
	}
	if len(s.Keys) == 0 {
		return Site{}, errors.New("there is no key in it; make one, for example with openssl rand -hex 16")
	}
	return s, nil
}

// addKey never says what a key is: the sentence may be read aloud.
func (s *Site) addKey(words []string) error {
	key := []byte(words[0])
	switch {
	case bytes.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }):
		return errors.New("the key holds bytes that are no letters, digits or signs; make one, for example with openssl rand -hex 16")
	case len(words) > 1:
		return fmt.Errorf("a key is one word, and here are %d; write one key in a line, and what is not read after a #", len(words))
	case len(key) < MinKey:
		return fmt.Errorf("the key has %d characters and needs %d; make one, for example with openssl rand -hex 16", len(key), MinKey)
	case len(s.Keys) == maxKeys:
		return errors.New("a third key; two hold at most, the new one first and then the one it replaces, so take the oldest out")
	}
	for _, k := range s.Keys {
		if bytes.Equal(k, key) {
			return errors.New("the same key once more; take one of the two out")
		}
	}
	s.Keys = append(s.Keys, key)
	return nil
}
