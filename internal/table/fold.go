package table

import (
	"strings"
	"unicode/utf8"
)

// keyBytes is the length of an argument up to which folding it stays on the stack.
const keyBytes = 96

// fold appends s to dst as keys are compared: without surrounding space, lower-case. Arguments are folded into an array on
// the stack and looked up as m[string(b)], which the compiler does without allocating.
func fold(dst []byte, s string) []byte {
	s = strings.TrimSpace(s)
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return append(dst[:len(dst)-i], foldUnicode(s)...)
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// isFolded reports whether a text is surely as fold leaves it: most are written as they are compared.
func isFolded(s string) bool {
	if s == "" || s[0] <= ' ' || s[len(s)-1] <= ' ' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return true
}

// foldUnicode goes through upper case, so that letters with two lower-case forms meet.
func foldUnicode(s string) string { return strings.ToLower(strings.ToUpper(s)) }

// foldText returns s folded, and s itself where it is already.
func foldText(s string) string {
	var buf [keyBytes]byte
	b := fold(buf[:0], s)
	if string(b) == s {
		return s
	}
	return string(b)
}

// foldPlate is fold for registration marks, which are written with and without spaces.
func foldPlate(dst []byte, s string) []byte {
	start := len(dst)
	dst = fold(dst, s)
	kept := dst[:start]
	for _, c := range dst[start:] {
		if c != ' ' {
			kept = append(kept, c)
		}
	}
	return kept
}

// unresolved reports whether a staff id is the engine's "dataset:account" of somebody whom no people table knew.
func unresolved(staff string) bool { return strings.IndexByte(staff, ':') >= 0 }
