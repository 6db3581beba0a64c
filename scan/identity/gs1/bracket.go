package gs1

import (
	"fmt"
	"strings"
)

// Bracketed writes elements as they stand under a bar code, with their AIs in
// brackets. A bracket inside a value is escaped with a backslash, as GS1's own
// engine does it; no value holds a backslash.
func Bracketed(elements []Element) string {
	var s strings.Builder
	for _, e := range elements {
		s.WriteByte('(')
		s.WriteString(e.AI())
		s.WriteByte(')')
		s.WriteString(strings.ReplaceAll(e.Value(), "(", `\(`))
	}
	return s.String()
}

// ParseBracketed reads what [Bracketed] writes, and checks every value like
// [Parse]. The error is an [*Error].
func ParseBracketed(s string) ([]Element, error) {
	elements := []Element{}
	for rest := s; rest != ""; {
		code, after, found := strings.Cut(rest, ")")
		if !found || code == "" || code[0] != '(' {
			return nil, &Error{BadBrackets, fmt.Sprintf("expected an AI in brackets at %+q", rest[:min(8, len(rest))])}
		}
		code = code[1:]
		a := find(code)
		if a == nil {
			return nil, &Error{UnknownAI, fmt.Sprintf("no application identifier known here is %+q", code[:min(8, len(code))])}
		}
		end := valueEnd(after)
		value := strings.ReplaceAll(after[:end], `\(`, "(")
		if err := a.check(value); err != nil {
			return nil, err
		}
		var err error
		if elements, err = a.add(elements, value); err != nil {
			return nil, err
		}
		rest = after[end:]
	}
	return elements, nil
}

// valueEnd finds the next bracket that is not escaped.
func valueEnd(s string) int {
	for at := 0; ; at++ {
		next := strings.IndexByte(s[at:], '(')
		if next < 0 {
			return len(s)
		}
		at += next
		if at == 0 || s[at-1] != '\\' {
			return at
		}
	}
}
