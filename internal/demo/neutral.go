package demo

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// neutral makes a text from a log safe for a terminal: whatever is not printed as a letter, sign or space is written as an
// escape. An auditor's screen must not be cleared, coloured, retitled or turned right to left by a line that an offender
// could write.
func neutral(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case unicode.IsPrint(r):
			b.WriteString(text[:n])
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		text = text[n:]
	}
	return b.String()
}
