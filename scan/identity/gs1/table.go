package gs1

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

//go:embed table.txt
var tableText string

// table is read once, when the program starts: some two hundred short lines. A
// row that can not be read is a mistake in the program and ends it there; a
// test would have met it.
var table = mustLoad(tableText)

// AI is one application identifier as the table describes it.
type AI struct {
	Code       string
	Predefined bool // its value ends after a length everyone knows, without a separator
	Parts      []Part
	Title      string     // GS1's short name of it
	Needs      [][]string // groups, one of which must be there in full; n stands for any digit
	Excludes   []string   // none of these may be there
	Key        bool       // primary key of a Digital Link
	Qualifiers [][]string // of the key, in order; one list or the other
	Attribute  bool       // may stand in the query of a Digital Link
	min, max   int        // of the whole value
	needs      [][]pattern
	against    []pattern
}

// Part is one component of an AI's value.
type Part struct {
	Set      byte // 'n', 'x', 'y' or 'z'
	Min, Max int
	Optional bool
	Rules    []string // names of its rules
	rules    []rule
}

// Lookup describes an AI.
func Lookup(ai string) (AI, bool) {
	if a := find(ai); a != nil {
		return *a, true
	}
	return AI{}, false
}

// All describes every AI, in their order.
func All() []AI {
	var all []AI
	for _, same := range table.ai {
		for _, a := range same {
			if a != nil {
				all = append(all, *a)
			}
		}
	}
	slices.SortFunc(all, func(a, b AI) int { return cmp.Compare(a.Code, b.Code) })
	return all
}

// find looks an AI up, nil if there is none.
func find(code string) *AI {
	if len(code) < shortestAI || len(code) > longestAI {
		return nil
	}
	number := 0
	for i := range len(code) {
		if !isDigit(code[i]) {
			return nil
		}
		number = 10*number + int(code[i]-'0')
	}
	return table.ai[len(code)][number]
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

// How many digits an AI has.
const (
	shortestAI = 2
	longestAI  = 4
)

type aiTable struct {
	ai     [longestAI + 1][]*AI // by how many digits it has, and their number
	length [100]int             // of an AI, by its first two digits; 0 if none is known
}

func mustLoad(text string) aiTable {
	var t aiTable
	for digits, numbers := shortestAI, 100; digits <= longestAI; digits, numbers = digits+1, numbers*10 {
		t.ai[digits] = make([]*AI, numbers)
	}
	for line := range strings.Lines(text) {
		row, title, _ := strings.Cut(line, "#")
		if strings.TrimSpace(row) == "" {
			continue
		}
		if err := t.add(row, strings.TrimSpace(title)); err != nil {
			panic(fmt.Sprintf("gs1/table.txt: %q: %v", line, err))
		}
	}
	return t
}

func (t *aiTable) add(row, title string) error {
	spec, clauses, _ := strings.Cut(row, ";")
	fields := strings.Fields(spec)
	if len(fields) < 3 {
		return fmt.Errorf("want AI, separator and parts")
	}
	a := AI{Predefined: fields[1] == "--", Title: title, Attribute: true}
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
	if clauses != "" {
		for clause := range strings.SplitSeq(clauses, ";") {
			if err := a.clause(strings.TrimSpace(clause)); err != nil {
				return err
			}
		}
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
		if err := t.put(&ai, number); err != nil {
			return err
		}
	}
	return nil
}

func (t *aiTable) put(a *AI, number int) error {
	pre := prefix(a.Code)
	if known := t.length[pre]; known != 0 && known != len(a.Code) {
		return fmt.Errorf("AIs that begin %02d have %d digits", pre, known)
	}
	if length := predefined(pre); a.Predefined != (length > 0) || a.Predefined && length != len(a.Code)+a.max {
		return fmt.Errorf("AIs that begin %02d have the predefined length %d", pre, length)
	}
	t.length[pre] = len(a.Code)
	t.ai[len(a.Code)][number] = a
	return nil
}

// clause reads what stands after a semicolon.
func (a *AI) clause(text string) error {
	word, rest, _ := strings.Cut(text, " ")
	switch {
	case word == "needs":
		for group := range strings.SplitSeq(rest, " or ") {
			ais := strings.Split(group, "+")
			a.Needs, a.needs = append(a.Needs, ais), append(a.needs, patterns(ais))
		}
	case text == "not in query":
		a.Attribute = false
	case word == "not":
		a.Excludes = strings.Fields(strings.TrimPrefix(rest, "with "))
		a.against = patterns(a.Excludes)
	case word == "key":
		a.Key = true
		if rest != "" {
			for list := range strings.SplitSeq(rest, " or ") {
				a.Qualifiers = append(a.Qualifiers, strings.Split(list, ","))
			}
		}
	default:
		return fmt.Errorf("unknown clause %q", text)
	}
	return nil
}

// parsePart reads the table's notation of a part, such as n13{cd10,gcp1} or [x..17].
func parsePart(field string) (Part, error) {
	var p Part
	spec, optional := strings.CutPrefix(field, "[")
	p.Optional = optional
	spec = strings.TrimSuffix(spec, "]")
	if body, names, ok := strings.Cut(spec, "{"); ok {
		spec, p.Rules = body, strings.Split(strings.TrimSuffix(names, "}"), ",")
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
	for _, name := range p.Rules {
		r := rules[name]
		switch {
		case r == nil:
			return p, fmt.Errorf("unknown rule %q", name)
		case p.Set == 'n' && strings.HasPrefix(name, "gcp"): // digits enough always begin with a company prefix
		default:
			p.rules = append(p.rules, r)
		}
	}
	if p.Set == 'z' {
		p.rules = append(p.rules, checkPadding)
	}
	return p, nil
}
