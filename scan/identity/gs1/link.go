package gs1

import (
	"fmt"
	"slices"
	"strings"
)

// ParseLink reads a GS1 Digital Link. It tells whether the URI is meant as one,
// and then either its elements, in order, or what is wrong; the error is an
// [*Error]. Nothing is ever fetched.
//
//	https://brand.example/x/01/09506000134352/10/LOT7?17=280229&lang=de#top
//	│       │             │ │  │              │       │         │       └─ ignored
//	│       │             │ │  │              │       │         └─ not digits: ignored
//	│       │             │ │  │              │       └─ attributes
//	│       │             │ │  │              └─ qualifiers, in the order of the key's list
//	│       │             │ │  └─ its value; % escapes are undone
//	│       │             │ └─ primary key
//	│       │             └─ any path
//	│       └─ any host: it says nothing about the item
//	└─ http or https, in small or in capital letters
//
// An ordinary web address is none: https://blog.example/2024/01/15 has the path
// of a GTIN and no GTIN. Meant as a Digital Link is a path that has a primary
// key with a value that begins like one, wherever it stands, and also the names
// that stood in place of AIs before 2022 (/gtin/…); these are errors by now.
//
// The rules are those of the GS1 Digital Link standard and, on odd input, those
// of GS1's own syntax engine: a % that begins no escape stands for itself, + is
// a space in the query, a GTIN in the query may be short of its zeros, one in
// the path may not, and an AI is there once.
func ParseLink(uri string) (elements []Element, is bool, err error) {
	path, query, ok := cutLink(uri)
	if !ok {
		return nil, false, nil
	}
	segments := strings.Split(path, "/")
	if !meant(segments) {
		return nil, false, nil
	}
	if at := strings.IndexFunc(uri, notURI); at >= 0 {
		return nil, true, badLink("has %+q, which is in no URI", uri[at:at+1])
	}
	start := keyAt(segments)
	if start < 0 {
		return nil, true, badLink("does not end in an AI that is a key, its value and its qualifiers")
	}
	l := link{elements: make([]Element, 0, 4)}
	if err := l.readPath(segments[start:]); err != nil {
		return nil, true, err
	}
	if err := l.readQuery(query); err != nil {
		return nil, true, err
	}
	return l.elements, true, nil
}

func badLink(format string, args ...any) error {
	return &Error{BadLink, "Digital Link " + fmt.Sprintf(format, args...)}
}

// cutLink takes a web address apart: what stands behind the host's slash, and the query.
func cutLink(uri string) (path, query string, ok bool) {
	scheme, rest, found := strings.Cut(uri, "://")
	switch scheme {
	case "http", "https", "HTTP", "HTTPS":
	default:
		return "", "", false
	}
	if !found {
		return "", "", false
	}
	host, path, found := strings.Cut(rest, "/")
	if !found || host == "" || strings.ContainsAny(host, "_~?#@!$&'()*+,;=%") {
		return "", "", false
	}
	path, _, _ = strings.Cut(path, "#")
	path, query, _ = strings.Cut(path, "?")
	return path, query, true
}

// meant reports whether a path has a primary key, or the name of one, and a
// value that begins like its values.
func meant(segments []string) bool {
	for i := range len(segments) - 1 {
		a := find(segments[i])
		if a == nil {
			a = find(formerNames[segments[i]])
		}
		if a != nil && a.Key && a.resembles(segments[i+1]) {
			return true
		}
	}
	return false
}

// resembles reports whether a value is near enough to the key's to be meant as
// one: it begins with four digits, and where the key is digits alone, with eight.
func (a *AI) resembles(value string) bool {
	least := 4
	if a.Parts[0].Set == 'n' {
		least = 8
	}
	return len(value) >= least && Digits(value[:least])
}

// formerNames are those that the Digital Link standard had for its keys.
var formerNames = map[string]string{
	"sscc": "00", "gtin": "01", "gdti": "253", "gcn": "255", "ginc": "401", "gsin": "402", "gln": "414", "party": "417",
	"grai": "8003", "giai": "8004", "itip": "8006", "cpid": "8010", "gmn": "8013", "gsrnp": "8017", "gsrn": "8018",
}

// keyAt finds the primary key, going back from the end in pairs of an AI and
// its value. It is -1 if there is none.
func keyAt(segments []string) int {
	for i := len(segments) - 2; i >= 0; i -= 2 {
		switch a := find(segments[i]); {
		case a == nil:
			return -1
		case a.Key:
			return i
		}
	}
	return -1
}

// link is a Digital Link as it is read.
type link struct {
	key      *AI
	path     []string // the AIs of the path
	elements []Element
}

// readPath reads the key and its qualifiers.
func (l *link) readPath(segments []string) error {
	l.key = find(segments[0])
	for i := 0; i < len(segments); i += 2 {
		if err := l.add(find(segments[i]), segments[i+1], false); err != nil {
			return err
		}
		l.path = append(l.path, segments[i])
	}
	if !l.key.allows(l.path[1:]) {
		return badLink("has (%s) behind %s, which are not its qualifiers in their order", strings.Join(l.path[1:], "), ("), l.key.name())
	}
	return nil
}

// allows reports whether AIs are qualifiers of the key, in their order.
func (a *AI) allows(qualifiers []string) bool {
	return len(qualifiers) == 0 || slices.ContainsFunc(a.Qualifiers, func(list []string) bool { return inOrder(qualifiers, list) })
}

// inOrder reports whether a list has all of some, in the same order.
func inOrder(some, list []string) bool {
	for _, q := range list {
		if len(some) > 0 && some[0] == q {
			some = some[1:]
		}
	}
	return len(some) == 0
}

// readQuery reads the attributes.
func (l *link) readQuery(query string) error {
	for pair := range strings.SplitSeq(query, "&") {
		code, value, found := strings.Cut(pair, "=")
		if !found || !Digits(code) {
			continue
		}
		a := find(code)
		switch {
		case a == nil:
			return badLink("has %+q in its query, which is no application identifier", code[:min(8, len(code))])
		case !a.Attribute:
			return badLink("has %s in its query, where it can not be", a.name())
		case l.belongsInPath(code):
			return badLink("has %s in its query and not in its path", a.name())
		}
		if err := l.add(a, value, true); err != nil {
			return err
		}
	}
	return nil
}

// belongsInPath reports whether an AI could be put into the path as a qualifier.
func (l *link) belongsInPath(code string) bool {
	have := l.path[1:]
	for i := range len(have) + 1 {
		if !slices.Contains(have, code) && l.key.allows(slices.Insert(slices.Clone(have), i, code)) {
			return true
		}
	}
	return false
}

// add undoes the escapes of a value, checks and keeps it.
func (l *link) add(a *AI, value string, query bool) error {
	if value == "" {
		return badLink("has no value for %s", a.name())
	}
	value, _ = unescape(value, query)
	if n := len(value); query && a.Code == "01" && (n == 8 || n == 12 || n == 13) {
		value = "000000"[:14-n] + value
	}
	if err := a.check(value); err != nil {
		return err
	}
	if _, again := Find(l.elements, a.Code); again {
		return badLink("has %s twice", a.name())
	}
	l.elements = append(l.elements, Element{a.Code, value})
	return nil
}

// unescape undoes percent escapes, and, if asked to, + for a space. What
// begins no escape stands for itself, and ok is false.
func unescape(s string, plus bool) (text string, ok bool) {
	if !strings.ContainsAny(s, "%+") {
		return s, true
	}
	var b strings.Builder
	ok = true
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '%' && i+2 < len(s) && hexValue(s[i+1]) >= 0 && hexValue(s[i+2]) >= 0:
			b.WriteByte(byte(hexValue(s[i+1])<<4 | hexValue(s[i+2])))
			i += 2
		case c == '+' && plus:
			b.WriteByte(' ')
		default:
			ok = ok && c != '%'
			b.WriteByte(c)
		}
	}
	return b.String(), ok
}

// notURI reports whether a character can not be in a URI.
func notURI(r rune) bool {
	return !(r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r < 0x80 && strings.IndexByte("-._~:/?#[]@!$&'()*+,;=%", byte(r)) >= 0)
}

// hexValue is -1 for what is no hex digit.
func hexValue(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
