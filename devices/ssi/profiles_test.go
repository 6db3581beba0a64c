package ssi_test

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"scanpost/devices/profile"
)

// Every packet that a profile sends to an SSI scanner, and every one that an
// example expects to be sent, is whole, is a host's, has the right checksum and
// changes nothing for good: a wrong one would only be refused on site.
func TestPacketsOfProfiles(t *testing.T) {
	all, err := profile.All()
	if err != nil {
		t.Log(err) // those of others may be wrong; not ours to tell
	}
	seen := map[string]bool{}
	for _, p := range all {
		if p.Decoder != "ssi" {
			continue
		}
		seen[p.Name] = true
		check := func(what string, b []byte) {
			if problem := wrong(b); problem != "" {
				t.Errorf("%s: %s, % X: %s", p.Name, what, b, problem)
			}
		}
		for _, c := range p.Commands {
			check(c.Say, c.Bytes)
		}
		for _, s := range p.Settings {
			check(s.Say, s.Set)
		}
		check("good", p.Feedback.Good)
		check("bad", p.Feedback.Bad)
		for i, e := range p.Examples {
			var expected []string
			if e.Replies != nil {
				expected = slices.Clone(*e.Replies)
			}
			for _, w := range e.Want {
				if w.Saved != nil {
					expected = append(expected, *w.Saved)
				}
			}
			for _, text := range expected {
				b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
				if err != nil {
					t.Fatal(err)
				}
				check(fmt.Sprintf("example %d", i+1), b)
			}
		}
	}
	for _, name := range []string{
		"zebra-ssi-cdc", "zebra-ssi-rs232", "zebra-ds8108-ssi-cdc", "zebra-ds4308-ssi-cdc", "zebra-rs51b0-ssi-bluetooth",
		"opticon-mdl-1000-ssi", "datalogic-dragon-d151-ssi",
	} {
		if !seen[name] {
			t.Errorf("%s is missing", name)
		}
	}
}

// wrong says what is wrong with what is sent to a scanner: packets, or the one
// byte that wakes it up.
func wrong(b []byte) string {
	if len(b) == 1 && b[0] == 0 {
		return ""
	}
	for len(b) > 0 {
		n := int(b[0])
		if n < 4 || len(b) < n+2 {
			return "is not whole"
		}
		sum := 0
		for _, one := range b[:n] {
			sum += int(one)
		}
		if want := 0x10000 - sum; b[n] != byte(want>>8) || b[n+1] != byte(want) {
			return fmt.Sprintf("its checksum should be %04X", want)
		}
		const host, permanent, paramSend = 0x04, 0x08, 0xC6
		switch {
		case b[2] != host:
			return "is no host's"
		case b[1] == paramSend && b[3]&permanent != 0:
			return "is permanent, and flash wears out"
		}
		b = b[n+2:]
	}
	return ""
}

// What the family's profiles send is what the fact sheet has in its vectors.
func TestProfilesSendVectors(t *testing.T) {
	for name, want := range map[string][]string{
		"zebra-ssi-cdc":        {"00", "0DC60400FFEE019F012D01EC00FB81", "04E90400FF0F", "04A30400FF55", "08C70400EE9F2DECFC87"},
		"zebra-ssi-rs232":      {"00", "0DC60400FFEE019F012D01EC00FB81", "04E90400FF0F", "04A30400FF55", "08C70400EE9F2DECFC87"},
		"zebra-ds8108-ssi-cdc": {"00", "0DC60400FFEE019F012D01EC00FB81", "04E90400FF0F", "04A30400FF55", "0A8004000006 2000FFFFFD4E", "0C800400000802000215 0216FF37", "08C70400EE9F2DECFC87"},
		"zebra-rs51b0-ssi-bluetooth": {"0DC60400FFEE019F012D01EC00FB81", "04E90408FF07", "0A8004000006 2000FFFFFD4E", "0C800400000802000215 0216FF37",
			"04A30400FF55", "08C70400EE9F2DECFC87"},
	} {
		p, err := profile.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range p.Commands {
			got = append(got, strings.ToUpper(hex.EncodeToString(c.Bytes)))
		}
		for i := range want {
			want[i] = strings.ReplaceAll(want[i], " ", "")
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s sends\n%q, want\n%q", name, got, want)
		}
		if good, bad := fmt.Sprintf("% X", p.Feedback.Good), fmt.Sprintf("% X", p.Feedback.Bad); good != "05 E6 04 00 01 FF 10" || bad != "05 E6 04 00 12 FE FF" || !p.Feedback.Answered {
			t.Errorf("%s signals %s and %s, answered %v", name, good, bad, p.Feedback.Answered)
		}
	}
}
