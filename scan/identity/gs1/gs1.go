// Package gs1 reads GS1 element strings: what a scanner sends after ]C1, ]d2,
// ]e0 or ]Q3.
//
//	00 106141410000001238 10 LOT7 GS 17 280229
//	│  │                  │  │    │  └─ predefined length: needs no separator
//	│  │                  │  │    └─ separator, after a value that is not of predefined length
//	│  │                  │  └─ runs to the separator or the end
//	│  └─ exactly 18 digits, the last one a check digit
//	└─ application identifier (AI), 2 to 4 digits
//
// The rules are those of the GS1 General Specifications, chapter 7.8, and where
// these leave room, those of GS1's own syntax engine: any order of AIs is
// accepted, a separator after a value of predefined length is ignored, as is a
// single one at the end; two in a row or one at the front mean that data was
// lost, and are an error. An unknown AI is an error too, since nobody can say
// where its value ends.
//
// What the AIs are is data: table.txt. Which AIs need or exclude each other is
// not judged here, because several symbols on one unit form one message.
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
func Parse(s string) ([]Element, error) {
	elements := make([]Element, 0, 4)
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
		value := s[start:end]
		if err := ai.check(value); err != nil {
			return nil, err
		}
		switch earlier, repeated := Find(elements, ai.Code); {
		case !repeated:
			elements = append(elements, Element{ai.Code, value})
		case earlier != value:
			return nil, ai.fault(RepeatedAI, "is there twice with different values")
		}
		at = end
		if at < len(s) && s[at] == GS {
			at++
		}
	}
	return elements, nil
}

// aiAt finds the AI that stands at a place.
func aiAt(s string, at int) (*AI, error) {
	if s[at] == GS {
		return nil, &Error{MisplacedGS, fmt.Sprintf("a separator where an application identifier should be, at character %d: data is missing before it", at+1)}
	}
	if rest := s[at:]; len(rest) >= 2 && isDigit(rest[0]) && isDigit(rest[1]) {
		length := table.length[prefix(rest)]
		if length > 0 && len(rest) >= length {
			if ai, ok := table.ai[rest[:length]]; ok {
				return ai, nil
			}
		}
	}
	return nil, &Error{UnknownAI, fmt.Sprintf("no application identifier known here begins %+q, at character %d", s[at:min(at+4, len(s))], at+1)}
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

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// prefix is the number of an AI's first two digits, which decide its length.
func prefix(ai string) int { return int(ai[0]-'0')*10 + int(ai[1]-'0') }
