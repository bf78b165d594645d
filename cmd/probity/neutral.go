package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// neutral makes a text that may come from a log harmless on a terminal: what is not printable, escape sequences and marks
// that turn the writing direction among it, is written as an escape.
func neutral(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case unicode.IsPrint(r):
			b.WriteString(text[:n])
		default:
			b.WriteString(escape(r))
		}
		text = text[n:]
	}
	return b.String()
}

// escape writes a rune as JSON does.
func escape(r rune) string {
	if r > 0xFFFF {
		r -= 0x10000
		return fmt.Sprintf(`\u%04x\u%04x`, 0xD800+r>>10, 0xDC00+r&0x3FF)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// writeJSON writes v as one line of JSON that is harmless on a terminal and still says the same.
func writeJSON(to io.Writer, v any) error {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := fmt.Fprintln(to, neutral(strings.TrimSuffix(b.String(), "\n")))
	return err
}
