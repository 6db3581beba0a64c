package identity

import "scanpost/scan/identity/text"

// TextKey is the key of a code that is nothing but its text; see [text.Key].
func TextKey(code string) string { return text.Key(code) }
