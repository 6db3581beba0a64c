package carrier

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A character is one bit, and a place of a pattern the bits that may stand
// there: a number is held against some eighty formats within a microsecond.
const (
	digits  = 1<<10 - 1
	letters = 1<<36 - 1 - digits
	percent = 1 << 36
)

// symbols is the bit of each character that a number can have; the others have none.
var symbols = func() (bits [256]uint64) {
	for c := '0'; c <= '9'; c++ {
		bits[c] = 1 << (c - '0')
	}
	for c := 'A'; c <= 'Z'; c++ {
		bits[c] = 1 << (10 + c - 'A')
	}
	bits['%'] = percent
	return bits
}()

// kinds is the set that each character is of. All ANDed are all ones only for
// a number of one kind.
var kinds = func() (sets [256]uint64) {
	for c := '0'; c <= '9'; c++ {
		sets[c] = digits
	}
	for c := 'A'; c <= 'Z'; c++ {
		sets[c] = letters
	}
	return sets
}()

// shape is a format at one length.
type shape struct {
	*format
	places []uint64
	bare   bool // nothing but digits, any of them
}

// byLength are the shapes by length, the longest one last.
var byLength = compile(formats)

func compile(formats []format) (all [46][]*shape) {
	for i := range formats {
		f := &formats[i]
		for _, places := range expand(f.pattern) {
			s := &shape{format: f, places: places, bare: !slices.ContainsFunc(places, func(p uint64) bool { return p != digits })}
			all[len(places)] = append(all[len(places)], s)
		}
	}
	return all
}

// expand lists what a pattern allows, place by place, for each length it can have.
func expand(pattern string) [][]uint64 {
	lists := [][]uint64{nil}
	for rest := pattern; rest != ""; {
		var set uint64
		switch c := rest[0]; c {
		case '#':
			set = digits
		case '@':
			set = letters
		case '*':
			set = digits | letters
		case '[':
			end := strings.IndexByte(rest, ']')
			for _, c := range []byte(rest[1:end]) {
				set |= symbols[c]
			}
			rest = rest[end:]
		default:
			set = symbols[c]
		}
		rest = rest[1:]
		low, high := 1, 1
		if strings.HasPrefix(rest, "{") {
			var body string
			body, rest, _ = strings.Cut(rest[1:], "}")
			first, last, is := strings.Cut(body, ",")
			if !is {
				last = first
			}
			low, high = number(pattern, first), number(pattern, last)
		}
		var longer [][]uint64
		for _, list := range lists {
			for n := low; n <= high; n++ {
				longer = append(longer, append(slices.Clip(list), slices.Repeat([]uint64{set}, n)...))
			}
		}
		lists = longer
	}
	return lists
}

// number reads a repeat. A pattern that can not be read is a mistake in the
// program and ends it when it starts; every test would have met it.
func number(pattern, text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(fmt.Sprintf("carrier: pattern %s: %v", pattern, err))
	}
	return n
}

// fits holds a number against a shape.
func (s *shape) fits(bits []uint64, kind uint64) bool {
	if s.bare {
		return kind == digits
	}
	for i, bit := range bits {
		if s.places[i]&bit == 0 {
			return false
		}
	}
	return true
}

// read appends the match that a number of this shape is, unless its check digit
// is wrong or the same carrier has it already with better evidence.
func (s *shape) read(dst []Match, n string) []Match {
	if s.check != nil && !s.check(n) {
		return dst
	}
	to := s.to
	if to == 0 {
		to = len(n)
	}
	m := Match{Carrier: s.carrier, Service: s.service, Number: n[s.from:to], Evidence: s.evidence, ITF: s.itf, name: s.name}
	if s.finish != nil {
		m = s.finish(m)
	}
	for i := range dst {
		if o := &dst[i]; o.Carrier == m.Carrier && o.Number == m.Number && o.name == m.name && o.ITF == m.ITF {
			if m.Evidence < o.Evidence {
				*o = m
			}
			return dst
		}
	}
	return append(dst, m)
}
