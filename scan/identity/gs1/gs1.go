// Package gs1 reads and writes GS1 data: what a scanner sends after ]C1, ]d2,
// ]e0 or ]Q3, what stands in brackets on a label, and what a Digital Link says.
//
//	00 106141410000001238 10 LOT7 GS 17 280229
//	│  │                  │  │    │  └─ predefined length: needs no separator
//	│  │                  │  │    └─ separator, after a value that is not of predefined length
//	│  │                  │  └─ runs to the separator or the end
//	│  └─ exactly 18 digits, the last one a check digit
//	└─ application identifier (AI), 2 to 4 digits
//
//	(00)106141410000001238(10)LOT7(17)280229
//	https://id.gs1.org/01/09506000134352/10/LOT7?17=280229
//
// The rules are those of the GS1 General Specifications, chapter 7.8, and where
// these leave room, those of GS1's own syntax engine: any order of AIs is
// accepted, a separator after a value of predefined length is ignored, as is a
// single one at the end; two in a row or one at the front mean that data was
// lost, and are an error. An unknown AI is an error too, since nobody can say
// where its value ends.
//
// What the AIs are is data: table.txt, and the lists of codes.txt. What a value
// breaks is an error of [Parse]. Which AIs need or exclude each other is judged
// by [Pairs], because several symbols on one unit form one message. What looks
// odd and breaks no rule is told by [Suspect], and what separators a scanner
// dropped by [Separate]. [Human] writes a value for people.
package gs1

import (
	"fmt"
	"strings"
)

// GS is the separator: how an FNC1 inside a symbol arrives.
const GS = '\x1d'

// Element is an application identifier and its value. It is an array so that
// its JSON is a pair.
type Element [2]string

// AI is the application identifier, such as "01".
func (e Element) AI() string { return e[0] }

// Value is what stands after it.
func (e Element) Value() string { return e[1] }

// Find returns the value of an AI.
func Find(elements []Element, ai string) (value string, ok bool) {
	for _, e := range elements {
		if e[0] == ai {
			return e[1], true
		}
	}
	return "", false
}

// Parse splits an element string and checks every value. An AI that is there
// twice with the same value is reported once. The error is an [*Error].
//
// Time is linear in the length: repeats are dropped as they come, so no more
// elements are kept than the table has AIs.
func Parse(s string) ([]Element, error) { return parse(s, true) }

// parse is [Parse]; only if asked to, it looks for the reason of an error.
func parse(s string, explain bool) ([]Element, error) {
	var most [8]Element // more are rare, and only cost another allocation
	elements := most[:0]
	for at := 0; at < len(s); {
		ai, err := aiAt(s, at)
		if err != nil {
			return nil, err
		}
		start := at + len(ai.Code)
		end, err := ai.end(s, start)
		if err != nil {
			return nil, err
		}
		if err := ai.check(s[start:end]); err != nil {
			if explain {
				err = ai.explain(err, s[start:end])
			}
			return nil, err
		}
		if elements, err = ai.add(elements, s[start:end]); err != nil {
			return nil, err
		}
		at = end
		if at < len(s) && s[at] == GS {
			at++
		}
	}
	return append(make([]Element, 0, len(elements)), elements...), nil
}

// Build is the element string: what a scanner would send for the elements.
func Build(elements []Element) string {
	var s strings.Builder
	for i, e := range elements {
		if i > 0 && !isPredefined(elements[i-1].AI()) {
			s.WriteByte(GS)
		}
		s.WriteString(e.AI())
		s.WriteString(e.Value())
	}
	return s.String()
}

func isPredefined(ai string) bool {
	return len(ai) >= 2 && Digits(ai[:2]) && predefined(prefix(ai)) > 0
}

// add appends a value to what was read before it.
func (a *AI) add(elements []Element, value string) ([]Element, error) {
	switch earlier, repeated := Find(elements, a.Code); {
	case !repeated:
		return append(elements, Element{a.Code, value}), nil
	case earlier != value:
		return nil, a.conflict()
	}
	return elements, nil
}

// aiAt finds the AI that stands at a place.
func aiAt(s string, at int) (*AI, error) {
	if s[at] == GS {
		return nil, &Error{MisplacedGS, fmt.Sprintf("a separator where an application identifier should be, at character %d: data is missing before it", at+1)}
	}
	if ai := leading(s[at:]); ai != nil {
		return ai, nil
	}
	return nil, &Error{UnknownAI, fmt.Sprintf("no application identifier known here begins %+q, at character %d", s[at:min(at+4, len(s))], at+1)}
}

// leading is the AI that a text begins with, nil if there is none.
func leading(s string) *AI {
	if len(s) < 2 || !isDigit(s[0]) || !isDigit(s[1]) {
		return nil
	}
	if length := table.length[prefix(s)]; length > 0 && len(s) >= length {
		return find(s[:length])
	}
	return nil
}

// end finds where the value that begins at start ends. Only predefined lengths
// count here: an AI whose format merely has a fixed length, such as 402, runs
// to the separator like any other, and its length is checked afterwards.
func (a *AI) end(s string, start int) (int, error) {
	limit := len(s)
	if a.Predefined {
		limit = min(start+a.max, len(s))
	}
	end := limit
	if gs := strings.IndexByte(s[start:limit], GS); gs >= 0 {
		end = start + gs
	}
	if a.Predefined && end < start+a.max {
		return 0, a.wrongLength(end - start)
	}
	return end, nil
}
