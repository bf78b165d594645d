package decode

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// illegible says of a field of a record that is not valid UTF-8 whether it is one that is not. The replacement character may be
// what a parser has made of such bytes.
func illegible(text string) bool {
	return !utf8.ValidString(text) || strings.ContainsRune(text, utf8.RuneError)
}

// legible writes bytes that are not valid UTF-8 as \xe9, so that different bytes stay different text.
func legible(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, text[0])
		} else {
			b.WriteString(text[:n])
		}
		text = text[n:]
	}
	return b.String()
}

// asASCII appends text with a question mark for each byte that is not valid UTF-8: for grammars that know no other bytes.
func asASCII(b []byte, text string) []byte {
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && n == 1 {
			b = append(b, '?')
		} else {
			b = append(b, text[:n]...)
		}
		text = text[n:]
	}
	return b
}
