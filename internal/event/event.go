package event

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// ID is the identity of an event: the first 16 bytes of a SHA-256.
type ID [16]byte

func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Compare orders ids by their bytes.
func (id ID) Compare(other ID) int { return slices.Compare(id[:], other[:]) }

// NotePrefix begins the name of a pair that says how the record was read. It is no content: another configuration would
// say otherwise of the same record.
const NotePrefix = "probity."

// Pair is one native field: its name and text as the log writes them, unescaped. A nested JSON value is its JSON text.
type Pair struct{ Name, Text string }

// Origin is where a record's bytes are.
type Origin struct {
	Source string // configured name of the source
	Path   string // log.file.path
	Offset int64  // log.offset, in bytes from the start of the (uncompressed) file
	Nth    uint32 // n-th identical record of its chain of files, from 0; only where the format has no native id
}

// Event is one decoded record. It is reused: see the package comment for who owns its strings.
type Event struct {
	Slots    []Value // by Field
	Native   []Pair  // every native field, mapped or not, in the log's order, without the empty ones
	NativeID string  // native-id columns joined by "/"; "" where the format has none
	Original []byte  // the exact bytes, without the line ending
	Origin   Origin
	Ingested int64 // when it was read, nanoseconds UTC; no rule sees it but those about clocks
	Live     bool  // it was read as it was written: what lies between its time and Ingested is the clocks'
	Partial  bool  // an unterminated last line, handed on at the end of its file
}

// Reset empties e for a record of schema s.
func (e *Event) Reset(s *Schema) {
	if cap(e.Slots) < s.Len() {
		e.Slots = make([]Value, s.Len())
	} else {
		e.Slots = e.Slots[:s.Len()]
		clear(e.Slots)
	}
	e.empty()
}

// empty empties e but for its slots.
func (e *Event) empty() {
	e.Native = e.Native[:0]
	e.NativeID, e.Original, e.Origin, e.Ingested, e.Live, e.Partial = "", nil, Origin{}, 0, false, false
}

// Renew is Reset for a decoder, which of an event that it decoded into before sets or empties all slots itself but those of others:
// a slot that is empty already, or will be written, need not be cleared.
func (e *Event) Renew(s *Schema, others []Field) {
	if len(e.Slots) != s.Len() {
		e.Reset(s)
		return
	}
	for _, f := range others {
		if v := &e.Slots[f]; v.Kind != Missing || v.Num != 0 {
			*v = Value{}
		}
	}
	e.empty()
}

// Time is the event time in nanoseconds since 1970 UTC.
func (e *Event) Time() int64 { return e.Slots[FieldTime].Num }

// Text returns the text of a String field, "" if it is missing.
func (e *Event) Text(f Field) string { return e.Slots[f].Str }

// NativeText returns the text of a native field, "" if the record has none of that name.
func (e *Event) NativeText(name string) string {
	for i := range e.Native {
		if e.Native[i].Name == name {
			return e.Native[i].Text
		}
	}
	return ""
}

// NativeIllegible is the native field that lists, with a comma between them, those that are not valid UTF-8. What stands in
// their place is a picture of the bytes, with a backslash or the replacement character.
const NativeIllegible = NotePrefix + "invalid_utf8"

// NativeValue returns a native field as rules see it: missing if the record has none of that name, illegible if nobody can
// read it.
func (e *Event) NativeValue(name string) Value {
	text := e.NativeText(name)
	if strings.Contains(text, `\x`) || strings.ContainsRune(text, utf8.RuneError) {
		for i := range e.Native {
			if p := &e.Native[i]; p.Name == NativeIllegible && slices.Contains(strings.Split(p.Text, ","), name) {
				return Illegible()
			}
		}
	}
	return StringValue(text)
}

// Identity returns the event's id: a hash of the source, the native id and the decoded content, so that the same record
// has the same id whichever carrier, file or position it came from. Without a native id it hashes the source, the bytes,
// the time and Origin.Nth instead. Equal native ids with different content give different ids: neither hides the other.
func (e *Event) Identity() ID {
	var memory [1 << 10]byte // on the stack, for most
	b := e.identified(memory[:0])
	if e.NativeID == "" {
		b = e.bare(b)
	} else {
		var few [32]Pair
		pairs := append(few[:0], e.Native...)
		slices.SortFunc(pairs, func(a, b Pair) int {
			if c := strings.Compare(a.Name, b.Name); c != 0 {
				return c
			}
			return strings.Compare(a.Text, b.Text)
		})
		for i := range pairs {
			if !strings.HasPrefix(pairs[i].Name, NotePrefix) {
				b = appendSized(appendSized(b, pairs[i].Name), pairs[i].Text)
			}
		}
	}
	sum := sha256.Sum256(b)
	return ID(sum[:16])
}

// identified appends what every identity begins with.
func (e *Event) identified(b []byte) []byte {
	return appendSized(appendSized(b, e.Origin.Source), e.NativeID)
}

// bare appends what identifies an event without a native id.
func (e *Event) bare(b []byte) []byte {
	b = append(binary.BigEndian.AppendUint32(b, uint32(len(e.Original))), e.Original...)
	b = appendSized(b, e.Slots[FieldTime].Text())
	return appendSized(b, IntValue(int64(e.Origin.Nth)).Text())
}

// appendSized appends a text behind its length: no two lists of texts give the same bytes.
func appendSized(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}

// Record is an event that owns its memory: what alerts quote, what waits for a newer table, what evidence keeps. Its JSON
// form is part of the alert schema.
type Record struct {
	ID       string         `json:"id"`
	Time     time.Time      `json:"@timestamp"`
	Ingested time.Time      `json:"event.ingested"`
	Source   string         `json:"source"`
	NativeID string         `json:"native_id,omitempty"`
	Nth      uint32         `json:"nth,omitempty"`
	Path     string         `json:"log.file.path"`
	Offset   int64          `json:"log.offset"`
	SHA256   string         `json:"sha256"`           // of Original, hex
	Original string         `json:"event.original"`   // exact bytes; base64 if Base64
	Base64   bool           `json:"base64,omitempty"` // Original is not valid UTF-8
	Partial  bool           `json:"partial,omitempty"`
	Fields   map[string]any `json:"fields"`           // ECS name → value: string, integer, bool, RFC 3339 time, list
	Native   []Pair         `json:"native,omitempty"` // every native field
}
