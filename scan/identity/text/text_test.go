package text

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// A text's key shows what can be shown and escapes the rest.
func TestKey(t *testing.T) {
	long := strings.Repeat("0123456789", 13)
	for name, c := range map[string]struct{ in, want string }{
		"a plain text":           {"TOTE 17", "code:TOTE 17"},
		"letters of the world":   {"Größe 箱", "code:Größe 箱"},
		"a backslash":            {`a\b`, `code:a\\b`},
		"an escape written out":  {`\x1d`, `code:\\x1d`},
		"the escaped character":  {"\x1d", `code:\x1d`},
		"not UTF-8":              {"\xff\xc3", `code:\xff\xc3`},
		"a C1 control":           {"\u009b", `code:\xc2\x9b`},
		"right to left":          {"a\u202eb", `code:a\xe2\x80\xaeb`},
		"a space without width":  {"a\u200bb", `code:a\xe2\x80\x8bb`},
		"the replacement itself": {"\ufffd", "code:\ufffd"},
		"128 bytes":              {long[:128], "code:" + long[:128]},
		"129 bytes":              {long[:129], "code:" + long[:100] + "~" + "5fd5d92c21a0c695de143dcca8e43b29"},
	} {
		if got := Key(c.in); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// Two codes that differ in anything have different keys, also where one is
// written like the other's escape or like its shortened key.
func TestKeysDiffer(t *testing.T) {
	hostile := rapid.OneOf(
		rapid.String(),
		rapid.StringMatching(`[\\x01f~ ]{0,8}`),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 200), func(b []byte) string { return string(b) }),
		rapid.Map(rapid.IntRange(90, 300), func(n int) string { return strings.Repeat("ä", n) }),
	)
	rapid.Check(t, func(t *rapid.T) {
		a := hostile.Draw(t, "a")
		b := rapid.OneOf(
			hostile,
			rapid.Just(strings.TrimPrefix(Key(a), "code:")), // what its key looks like
			rapid.Just(a+" "),
			rapid.Just(strings.ToLower(a)),
			rapid.Just(strings.ToValidUTF8(a, "\ufffd")),
		).Draw(t, "b")
		keyA, keyB := Key(a), Key(b)
		if (a == b) != (keyA == keyB) {
			t.Fatalf("%q and %q have the keys %q and %q", a, b, keyA, keyB)
		}
		for _, key := range []string{keyA, keyB} {
			if strings.ContainsFunc(key, unicode.IsControl) || !utf8.ValidString(key) || len(key) > len("code:")+100+1+32 || !strings.HasPrefix(key, "code:") {
				t.Fatalf("key %q", key)
			}
		}
	})
}
