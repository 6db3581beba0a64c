package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"unicode"
	"unicode/utf8"
)

const (
	longestText = 128 // bytes of a text that stands in its key as a whole
	textPrefix  = 100 // bytes of a longer one that do
)

// TextKey is the key of a code that is nothing but its text: "code:" and the
// text, bytes that can not be shown written as \xNN and the backslash doubled.
// Not shown are control characters, bytes that are not UTF-8, and characters
// without ink (other than the space), which would make two different labels
// look alike or turn the direction of what stands beside them.
//
// If that is longer than 128 bytes, the key has its first hundred or so, a
// tilde, and half of the SHA-256 of the whole code as hex. Such a key is always
// longer than 128 bytes, so it never equals that of a short text; different
// codes have different keys.
func TextKey(code string) string {
	const name = "code:"
	if len(code) <= longestText && isPlain(code) {
		return name + code
	}
	key := appendEscaped([]byte(name), code)
	if len(key) <= len(name)+longestText {
		return string(key)
	}
	cut := len(name) + textPrefix
	for !utf8.RuneStart(key[cut]) {
		cut--
	}
	hash := sha256.Sum256([]byte(code))
	key = append(key[:cut], '~')
	return string(hex.AppendEncode(key, hash[:len(hash)/2]))
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

func appendEscaped(dst []byte, code string) []byte {
	const digits = "0123456789abcdef"
	for at := 0; at < len(code); {
		r, size := utf8.DecodeRuneInString(code[at:])
		switch {
		case r == '\\':
			dst = append(dst, `\\`...)
		case r == utf8.RuneError && size == 1, !unicode.IsPrint(r):
			for _, c := range []byte(code[at : at+size]) {
				dst = append(dst, '\\', 'x', digits[c>>4], digits[c&15])
			}
		default:
			dst = append(dst, code[at:at+size]...)
		}
		at += size
	}
	return dst
}
