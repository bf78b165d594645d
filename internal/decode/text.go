package decode

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"unsafe"
)

// arenaBytes is the size of an arena's blocks: one allocation for about a hundred records with escapes.
const arenaBytes = 32 << 10

// arena owns text that is not in the record as such: unescaped, converted, joined. Its blocks are never reused, so its
// strings live as long as somebody holds them.
type arena struct{ free []byte }

// room returns an empty slice with room for n bytes, which appends to no memory in use.
func (a *arena) room(n int) []byte {
	if n > arenaBytes/4 {
		return make([]byte, 0, n)
	}
	if cap(a.free) < n {
		a.free = make([]byte, 0, arenaBytes)
	}
	return a.free[:0:n]
}

// keep returns b, which begins as room gave it, as text, and takes its room.
func (a *arena) keep(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if cap(a.free) >= len(b) && unsafe.SliceData(a.free[:cap(a.free)]) == unsafe.SliceData(b) {
		a.free = a.free[len(b):cap(a.free)][:0]
	}
	return alias(b)
}

// copy returns a copy of b as text.
func (a *arena) copy(b []byte) string { return a.keep(append(a.room(len(b)), b...)) }

// arenaLists is the size of a listArena's blocks, in texts. A block holds the chunks of all its texts in memory: it is small.
const arenaLists = 256

// listArena owns the lists of events, as arena owns texts.
type listArena struct{ free []string }

// copy returns a copy of a list.
func (a *listArena) copy(list ...string) []string {
	if len(list) > arenaLists/4 {
		return slices.Clone(list)
	}
	if len(a.free) < len(list) {
		a.free = make([]string, arenaLists)
	}
	kept := a.free[:len(list):len(list)]
	a.free = a.free[len(list):]
	copy(kept, list)
	return kept
}

// alias returns b as text without a copy: the record's bytes are never written to while an event refers to them.
func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// bytesOf returns s as bytes without a copy, for parsers that take bytes and do not write to them.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// recordText returns the record as text, or why it is none. Bytes that are not valid UTF-8 stay in it: what they spoil is the
// field that they stand in.
func (w *Worker) recordText(data []byte) (string, *Reject) {
	if len(data) > w.d.limit {
		return "", &Reject{ReasonTooLong, "the record is longer than the limit"}
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return "", &Reject{ReasonNUL, "NUL byte in " + quote(alias(data))}
	}
	if w.natives.raw = false; w.d.charmap != nil {
		return w.fromCharmap(data), nil
	}
	w.natives.raw = !utf8.Valid(data)
	return alias(data), nil
}

// charmaps are the encodings of one byte a character.
var charmaps = map[string]*charmap.Charmap{"latin-1": charmap.ISO8859_1, "windows-1252": charmap.Windows1252}

// fromCharmap converts an encoding of one byte a character, which all agree on the lower half.
func (w *Worker) fromCharmap(data []byte) string {
	if ascii(data) {
		return alias(data)
	}
	high := 0
	for _, c := range data {
		high += int(c >> 7)
	}
	b := w.text.room(len(data) + 2*high)
	for _, c := range data {
		b = utf8.AppendRune(b, w.d.charmap.DecodeByte(c))
	}
	return w.text.keep(b)
}

// ascii looks at eight bytes at a time.
func ascii(data []byte) bool {
	all := uint64(0)
	for ; len(data) >= 8; data = data[8:] {
		all |= binary.LittleEndian.Uint64(data)
	}
	for _, c := range data {
		all |= uint64(c)
	}
	return all&0x8080808080808080 == 0
}

// hostOnly cuts the port and the brackets off an address: 192.0.2.7:50123, [2001:db8::7]:50123, ws-0312:445.
func hostOnly(s string) string {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		if host, _, ok := strings.Cut(inner, "]"); ok {
			return host
		}
		return s
	}
	if host, port, ok := strings.Cut(s, ":"); ok && !strings.Contains(port, ":") {
		return host
	}
	return s
}

// hyphens writes a name of the kind that programs like in the way that event.action is written: FileSyncDownloadedFull,
// New-InboxRule, "Add member to role." become file-sync-downloaded-full, new-inbox-rule, add-member-to-role.
func hyphens(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 4)
	gap := false // a hyphen is due before the next letter
	runes := []rune(s)
	for i, r := range runes {
		upper := r >= 'A' && r <= 'Z'
		switch {
		case upper:
			lowerBefore := i > 0 && !(runes[i-1] >= 'A' && runes[i-1] <= 'Z')
			lowerAfter := i+1 < len(runes) && runes[i+1] >= 'a' && runes[i+1] <= 'z'
			if b.Len() > 0 && (gap || lowerBefore || lowerAfter) {
				b.WriteByte('-')
			}
			b.WriteRune(r + 'a' - 'A')
			gap = false
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r >= utf8.RuneSelf:
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			b.WriteRune(r)
			gap = false
		default:
			gap = true
		}
	}
	return b.String()
}
