// Package neutral makes values from logs harmless where they are shown. Whoever is watched can write into the logs: what a
// log says must not clear, colour or retitle an auditor's screen, nor turn its text around. It knows nothing of alerts;
// whatever shows a value calls it.
package neutral

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Terminal returns the text as it can be printed on a terminal: what is not printable (control characters, escape sequences,
// marks that turn the writing direction) is written as an escape that JSON reads as the same; a byte that is no UTF-8 as \xNN.
func Terminal(text string) string {
	n := plain(text)
	if n == len(text) {
		return text // most are
	}
	var b strings.Builder
	b.Grow(len(text) + len(text)/8)
	for {
		b.WriteString(text[:n])
		if text = text[n:]; text == "" {
			return b.String()
		}
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case unicode.IsPrint(r):
			b.WriteString(text[:size])
		default:
			b.WriteString(escape(r))
		}
		text = text[size:]
		n = plain(text)
	}
}

// plain is how many bytes the text begins with that are printable ASCII.
func plain(text string) int {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' {
			return i
		}
	}
	return len(text)
}

// escape writes a rune as JSON does.
func escape(r rune) string {
	if r > 0xFFFF {
		r -= 0x10000
		return fmt.Sprintf(`\u%04x\u%04x`, 0xD800+r>>10, 0xDC00+r&0x3FF)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// Lines returns the lines of a text of several, each as Terminal would have it, without empty ones at its end.
func Lines(text string) []string {
	text = strings.TrimRight(text, "\r\n\t ")
	if text == "" {
		return nil
	}
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		out = append(out, Terminal(strings.TrimSuffix(line, "\r")))
	}
	return out
}

// Header returns the text as it can stand in a header of a mail, where a line feed would begin another one: on one line, as
// Terminal would have it, and of at most most runes.
func Header(text string, most int) string {
	runes := []rune(Terminal(text))
	if len(runes) > most {
		return string(runes[:max(most-1, 0)]) + "…"
	}
	return string(runes)
}

// CEFHeader returns the text as a field of the header of the Common Event Format can hold it: on one line, as Terminal writes
// it, with \ and | escaped.
func CEFHeader(text string) string {
	return strings.NewReplacer(`\`, `\\`, `|`, `\|`).Replace(Terminal(text))
}

// CEFValue returns the text as a value of the extension of the Common Event Format can hold it: on one line, as Terminal
// writes it, with \ and = escaped.
func CEFValue(text string) string {
	return strings.NewReplacer(`\`, `\\`, `=`, `\=`).Replace(Terminal(text))
}

// CSVCell returns the text as a cell of a CSV file can hold it that a spreadsheet will open: as Terminal writes it, and with an
// apostrophe before what a spreadsheet would take for a formula (OWASP: CSV injection).
func CSVCell(text string) string {
	text = Terminal(text)
	if trimmed := strings.TrimLeft(text, " "); trimmed != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(trimmed)[0]) {
		return "'" + text
	}
	return text
}
