package gs1

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

//go:embed table.txt
var tableText string

// table is read once, when the program starts: some hundred short lines. A
// row that can not be read is a mistake in the program and ends it there; a
// test would have met it.
var table = mustLoad(tableText)

// AI is one application identifier as the table describes it.
type AI struct {
	Code       string
	Predefined bool // its value ends after a length everyone knows, without a separator
	Parts      []Part
	Title      string // GS1's short name of it
	min, max   int    // of the whole value
}

// Part is one component of an AI's value.
type Part struct {
	Set      byte // 'n', 'x', 'y' or 'z'
	Min, Max int
	Optional bool
	Rule     string // name of its rule, empty if there is none
	rule     rule
}

// Lookup describes an AI.
func Lookup(ai string) (AI, bool) {
	if a, ok := table.ai[ai]; ok {
		return *a, true
	}
	return AI{}, false
}

// predefined says how many characters an AI takes together with its value,
// by its first two digits (GS1 General Specifications, chapter 7.8). GS1 keeps
// the list closed, since scanners and printers in the field rely on it.
func predefined(prefix int) int {
	switch {
	case prefix == 0:
		return 20
	case prefix <= 3:
		return 16
	case prefix == 4:
		return 18
	case prefix >= 11 && prefix <= 19:
		return 8
	case prefix == 20:
		return 4
	case prefix >= 31 && prefix <= 36:
		return 10
	case prefix == 41:
		return 16
	}
	return 0
}

type aiTable struct {
	ai     map[string]*AI
	length [100]int // of an AI, by its first two digits; 0 if none is known
}

func mustLoad(text string) aiTable {
	t := aiTable{ai: map[string]*AI{}}
	for line := range strings.Lines(text) {
		row, title, _ := strings.Cut(line, "#")
		fields := strings.Fields(row)
		if len(fields) == 0 {
			continue
		}
		if err := t.add(fields, strings.TrimSpace(title)); err != nil {
			panic(fmt.Sprintf("gs1/table.txt: %q: %v", line, err))
		}
	}
	return t
}

func (t *aiTable) add(fields []string, title string) error {
	if len(fields) < 3 {
		return fmt.Errorf("want AI, separator and parts")
	}
	a := AI{Predefined: fields[1] == "--", Title: title}
	for _, field := range fields[2:] {
		p, err := parsePart(field)
		if err != nil {
			return err
		}
		if !p.Optional {
			a.min += p.Min
		}
		a.max += p.Max
		a.Parts = append(a.Parts, p)
	}
	first, last, isRange := strings.Cut(fields[0], "-")
	if !isRange {
		last = first
	}
	from, err := strconv.Atoi(first)
	if err != nil {
		return err
	}
	to, err := strconv.Atoi(last)
	if err != nil {
		return err
	}
	for number := from; number <= to; number++ {
		ai := a
		ai.Code = fmt.Sprintf("%0*d", len(first), number)
		pre := prefix(ai.Code)
		if known := t.length[pre]; known != 0 && known != len(ai.Code) {
			return fmt.Errorf("AIs that begin %02d have %d digits", pre, known)
		}
		if length := predefined(pre); ai.Predefined != (length > 0) || ai.Predefined && length != len(ai.Code)+ai.max {
			return fmt.Errorf("AIs that begin %02d have the predefined length %d", pre, length)
		}
		t.length[pre] = len(ai.Code)
		t.ai[ai.Code] = &ai
	}
	return nil
}

// parsePart reads the table's notation of a part, such as n13{cd10} or [x..17].
func parsePart(field string) (Part, error) {
	var p Part
	spec, optional := strings.CutPrefix(field, "[")
	p.Optional = optional
	spec = strings.TrimSuffix(spec, "]")
	if body, name, ok := strings.Cut(spec, "{"); ok {
		spec, p.Rule = body, strings.TrimSuffix(name, "}")
		if p.rule = rules[p.Rule]; p.rule == nil {
			return p, fmt.Errorf("unknown rule %q", p.Rule)
		}
	}
	if len(spec) < 2 || sets[spec[0]] == 0 {
		return p, fmt.Errorf("bad part %q", field)
	}
	p.Set = spec[0]
	digits, variable := strings.CutPrefix(spec[1:], "..")
	var err error
	if p.Max, err = strconv.Atoi(digits); err != nil {
		return p, err
	}
	p.Min = p.Max
	if variable {
		p.Min = 1
	}
	return p, nil
}
