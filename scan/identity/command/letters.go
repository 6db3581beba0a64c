package command

import "strings"

// An argument is written three characters in four letters, two in three, one in
// two: forty symbols, of which 0 stands for none, make 64 000 of the 65 536 that
// four letters can say. The length of the letters tells the length of the text.

const symbols = 40

// symbol is the number of a character, or -1: A to Z, 0 to 9, and the hyphen.
func symbol(c byte) int {
	switch {
	case c >= 'A' && c <= 'Z':
		return 1 + int(c-'A')
	case c >= '0' && c <= '9':
		return 27 + int(c-'0')
	case c == '-':
		return 37
	}
	return -1
}

const alphabet = " ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

func packArg(arg string) string {
	var b strings.Builder
	for len(arg) > 0 {
		n, value := min(len(arg), 3), uint32(0)
		for i := range n {
			value = value*symbols + uint32(symbol(arg[i]))
		}
		b.WriteString(encode(value, n+1))
		arg = arg[n:]
	}
	return b.String()
}

// unpackArg reads what packArg wrote, and nothing else.
func unpackArg(packed string) (arg string, ok bool) {
	var text []byte
	for len(packed) > 0 {
		n, value := min(len(packed), 4), uint32(0)
		for i := range n {
			value = value<<4 | uint32(nibble(packed[i]))
		}
		packed = packed[n:]
		group := make([]byte, n-1)
		for i := len(group) - 1; i >= 0; i-- {
			at := value % symbols
			if at == 0 || int(at) >= len(alphabet) {
				return "", false
			}
			group[i], value = alphabet[at], value/symbols
		}
		if value != 0 || n == 1 {
			return "", false
		}
		text = append(text, group...)
	}
	return string(text), true
}

// encode writes the low bits of a value, four in a letter.
func encode(value uint32, n int) string {
	text := make([]byte, n)
	for i := n - 1; i >= 0; i-- {
		text[i], value = letters[value&15], value>>4
	}
	return string(text)
}

// nibble is what a letter says, in either case, or -1.
func nibble(c byte) int {
	switch c := upper(c); {
	case c < 'B' || c > 'X':
		return -1
	default:
		return strings.IndexByte(letters, c)
	}
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

func isBody(text string) bool {
	for i := range len(text) {
		if nibble(text[i]) < 0 {
			return false
		}
	}
	return true
}
