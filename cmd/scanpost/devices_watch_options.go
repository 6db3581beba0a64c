package main

import (
	"errors"
	"fmt"
	"strings"

	"scanpost/devices"
	"scanpost/devices/profile"
	"scanpost/devices/strict"
)

// withOptions gives a profile the options of --set flags, as a station's file
// would: options = { region = "eu3", power = 20 }. What the profile needs and
// nobody may guess has to be among them.
func withOptions(p *profile.Profile, flags []string) (*profile.Profile, error) {
	own := map[string]any{}
	for _, flag := range flags {
		key, text, is := strings.Cut(flag, "=")
		key, text = strings.TrimSpace(key), strings.TrimSpace(text)
		if !is || key == "" || text == "" {
			return nil, usageError{fmt.Errorf("--set %s: write an option of the profile and its value, such as --set power=20", flag)}
		}
		if _, twice := own[key]; twice {
			return nil, usageError{fmt.Errorf("--set %s: %s is set twice", flag, key)}
		}
		own[key] = optionOf(p, key, text)
	}
	for _, need := range p.Needs {
		if _, given := own[need]; !given {
			return nil, usageError{fmt.Errorf("profile %s needs %q, which nobody may guess: add --set %s=%s", p.Name, need, need, choices(p, need))}
		}
	}
	with := p.With(own)
	if err := optionMistakes(with); err != nil {
		return nil, usageError{err}
	}
	return with, nil
}

// optionOf reads a value as TOML, so that 20 is a number and [1, 2] is a list;
// or as a text, if it is no TOML, or if the option is a text that looks like a
// number.
func optionOf(p *profile.Profile, key, text string) any {
	var value struct{ X any }
	if strings.ContainsAny(text, "\r\n") || strict.Decode("", []byte("x = "+text), &value) != nil || value.X == nil {
		return text
	}
	if mistaken(p, key, value.X) != "" && mistaken(p, key, text) == "" {
		return text
	}
	return value.X
}

// mistaken is what is wrong with one option, or empty.
func mistaken(p *profile.Profile, key string, value any) string {
	_, err := devices.NewDecoder(p.Decoder, p.With(map[string]any{key: value}).Options)
	var all strict.Mistakes
	errors.As(err, &all)
	for _, m := range all {
		if len(m.Path) > 0 && m.Path[0] == key {
			return m.Text
		}
	}
	return ""
}

// choices are the values that an option may have, as its decoder names them
// when it is given one that is none.
func choices(p *profile.Profile, key string) string {
	_, list, found := strings.Cut(mistaken(p, key, "?"), "must be one of ")
	if list, _, ended := strings.Cut(list, ", not "); found && ended {
		return "…, one of " + list
	}
	return "… (scanpost devices show " + p.Name + ")"
}

// optionMistakes is all that is wrong with a profile's options.
func optionMistakes(p *profile.Profile) error {
	_, err := devices.NewDecoder(p.Decoder, p.Options)
	var all strict.Mistakes
	if !errors.As(err, &all) {
		return err
	}
	var texts []string
	for _, m := range all {
		texts = append(texts, m.Text)
	}
	return errors.New("--set: " + strings.Join(texts, "; "))
}
