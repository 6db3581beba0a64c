package gs1

import (
	"cmp"
	"slices"
	"strings"
)

// canonicalStem is what GS1 puts in front of a Digital Link that belongs to
// nobody's web site.
const canonicalStem = "https://id.gs1.org"

// Link writes the canonical Digital Link of a unit: at id.gs1.org, with the
// first of its keys by number, the key's qualifiers behind it and everything
// else in the query by number. The same elements in any order make the same
// link. It is false if there is no key, or if something has a place neither
// behind a key nor in a query (such as 8200).
func Link(elements []Element) (string, bool) {
	sorted := slices.Clone(elements)
	slices.SortStableFunc(sorted, func(a, b Element) int { return cmp.Compare(a.AI(), b.AI()) })
	sorted = slices.Compact(sorted)
	for i, e := range sorted {
		a := find(e.AI())
		if a == nil || i > 0 && sorted[i-1].AI() == e.AI() {
			return "", false
		}
	}
	for _, e := range sorted {
		if a := find(e.AI()); a.Key {
			if path, ok := a.arrange(sorted); ok {
				return write(sorted, append([]string{a.Code}, path...)), true
			}
		}
	}
	return "", false
}

// arrange chooses the qualifiers that go into the path of a key: of those lists
// that leave nothing homeless, the one with the most.
func (a *AI) arrange(elements []Element) (path []string, ok bool) {
	lists := a.Qualifiers
	if lists == nil {
		lists = [][]string{nil}
	}
	for _, list := range lists {
		var used []string
		for _, q := range list {
			if _, there := Find(elements, q); there {
				used = append(used, q)
			}
		}
		fits := !slices.ContainsFunc(elements, func(e Element) bool {
			return e.AI() != a.Code && !slices.Contains(used, e.AI()) && !find(e.AI()).Attribute
		})
		if fits && (!ok || len(used) > len(path)) {
			path, ok = used, true
		}
	}
	return path, ok
}

// write writes the elements of the path in its order, and the others behind them.
func write(elements []Element, path []string) string {
	var s strings.Builder
	s.WriteString(canonicalStem)
	for _, code := range path {
		value, _ := Find(elements, code)
		s.WriteString("/" + code + "/")
		escape(&s, value)
	}
	separator := byte('?')
	for _, e := range elements {
		if slices.Contains(path, e.AI()) {
			continue
		}
		s.WriteByte(separator)
		s.WriteString(e.AI() + "=")
		escape(&s, e.Value())
		separator = '&'
	}
	return s.String()
}

// escape writes all but letters, digits, and the three signs that need no
// escape anywhere in a URI, as %XX.
func escape(s *strings.Builder, value string) {
	const digits = "0123456789ABCDEF"
	for i := range len(value) {
		switch c := value[i]; {
		case isDigit(c), c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c == '-', c == '.', c == '_':
			s.WriteByte(c)
		default:
			s.WriteByte('%')
			s.WriteByte(digits[c>>4])
			s.WriteByte(digits[c&15])
		}
	}
}
