// Package text makes the unit keys of codes that are nothing but their text.
package text

import (
	"crypto/sha256"
	"encoding/hex"
	"unicode"
	"unicode/utf8"
)

// Longest is how many bytes of a text stand in its key as a whole.
const Longest = 128

const (
	name   = "code:"
	prefix = 100 // bytes of a longer text that stand in its key
)

// Key is the key of a code that is nothing but its text: "code:" and the text,
// bytes that can not be shown written as \xNN and the backslash doubled. Not
// shown are control characters, bytes that are not UTF-8, and characters
// without ink (other than the space), which would make two different labels
// look alike or turn the direction of what stands beside them.
//
// If that is longer than 128 bytes, the key has its first hundred or so, a
// tilde, and half of the SHA-256 of the whole code as hex. Such a key is always
// longer than 128 bytes, so it never equals that of a short text; different
// codes have different keys.
func Key(code string) string {
	if len(code) <= Longest && isPlain(code) {
		return name + code
	}
	return string(AppendKey(nil, []byte(code)))
}

// AppendKey appends the key of a text. It allocates nothing that fits dst.
func AppendKey(dst, code []byte) []byte {
	start := len(dst)
	dst = append(dst, name...)
	dst = AppendEscaped(dst, code)
	if len(dst)-start <= len(name)+Longest {
		return dst
	}
	cut := start + len(name) + prefix
	for !utf8.RuneStart(dst[cut]) {
		cut--
	}
	hash := sha256.Sum256(code)
	dst = append(dst[:cut], '~')
	return hex.AppendEncode(dst, hash[:len(hash)/2])
}

// isPlain reports whether a text needs no escape; nearly all of them.
func isPlain(code string) bool {
	for i := range len(code) {
		if c := code[i]; c < ' ' || c >= 0x7f || c == '\\' {
			return false
		}
	}
	return true
}

// AppendEscaped appends a text as it stands in its key.
func AppendEscaped(dst, code []byte) []byte {
	const digits = "0123456789abcdef"
	for at := 0; at < len(code); {
		if c := code[at]; c >= ' ' && c < 0x7f && c != '\\' { // nearly all
			dst = append(dst, c)
			at++
			continue
		}
		r, size := utf8.DecodeRune(code[at:])
		switch {
		case r == '\\':
			dst = append(dst, `\\`...)
		case r == utf8.RuneError && size == 1, !unicode.IsPrint(r):
			for _, c := range code[at : at+size] {
				dst = append(dst, '\\', 'x', digits[c>>4], digits[c&15])
			}
		default:
			dst = append(dst, code[at:at+size]...)
		}
		at += size
	}
	return dst
}
