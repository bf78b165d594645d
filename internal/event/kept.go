package event

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unsafe"
)

// Kept is an event that owns its memory, in as little of it as that takes: most of what matches a rule is never quoted, so it
// becomes a Record only when somebody wants to read it.
type Kept struct {
	ID  ID
	Nth uint32 // as in Origin; known only when the order of its stream is

	flags    byte
	cut      int // where in body the original ends
	at       int64
	ingested int64
	offset   int64
	place    *place // the same for all that one file gave
	shape    *shape // the same for all that have the same fields
	body     []byte // is never written to
}

const (
	keptPartial  = 1 << 0
	keptNativeID = 1 << 1 // the format has one
)

// place is the file that a record came from.
type place struct{ source, path string }

// The body is the original, and behind it every text and number that the shape names, in this order: the native fields, the
// native id if there is one, the fields (but the time). Nearly all of these texts stand in the original, and are not repeated. A
// number is a varint (of a field that is illegible it says nothing), a list is its count and its texts, and a text begins with
// an unsigned varint: its length times 4, plus
const (
	textBehind  = 0 // it stands in the original, one byte behind the text before it that stands there; the first, at its begin
	textApart   = 1 // it stands there elsewhere: so many bytes, a varint, behind the end of the text before
	textInline  = 2 // it stands in no other place: its bytes follow
	textRepeats = 3 // in place of the length, the index of a native field, whose text it is
	textForms   = 2 // bits of these
)

// beforeTexts is where the text before the first ends, so that a first text at the original's begin is one byte behind it.
const beforeTexts = -1

// appendText appends a text of an event with this original, at being where the text before ended; and says where this one does.
func appendText(b, original []byte, text string, at int) ([]byte, int) {
	n := uint64(len(text)) << textForms
	from, ok := placeIn(original, text)
	if !ok {
		return append(binary.AppendUvarint(b, n|textInline), text...), at
	}
	if gap := from - at; gap == 1 {
		b = binary.AppendUvarint(b, n|textBehind)
	} else {
		b = binary.AppendVarint(binary.AppendUvarint(b, n|textApart), int64(gap))
	}
	return b, from + len(text)
}

// placeIn says where in original text is, if it is a part of that memory, as most of what a decoder finds in a line is. No
// byte is looked at: a text that only reads the same as some part of the line is said to be elsewhere. The addresses are
// compared and never followed, so whatever they are, nothing else is read.
func placeIn(original []byte, text string) (from int, ok bool) {
	distance := uintptr(unsafe.Pointer(unsafe.StringData(text))) - uintptr(unsafe.Pointer(unsafe.SliceData(original)))
	if len(text) == 0 || len(text) > len(original) || distance > uintptr(len(original)-len(text)) { // one below 0 is a very large one
		return 0, false
	}
	return int(distance), true
}

// kept reports whether there is something to keep: that a field is illegible is known when its event is judged anew.
func (v *Value) kept() bool { return v.Kind != Missing || v.Num != 0 }

// Numbered reports whether the event has no native id, so that its place among identical records is part of its identity.
func (k *Kept) Numbered() bool { return k.flags&keptNativeID == 0 }

// Time is the event time in nanoseconds since 1970 UTC.
func (k *Kept) Time() int64 { return k.at }

// Origin is where the record's bytes are.
func (k *Kept) Origin() Origin {
	return Origin{Source: k.place.source, Path: k.place.path, Offset: k.offset, Nth: k.Nth}
}

// Original is the record's exact bytes, which are not to be changed.
func (k *Kept) Original() []byte { return k.body[:k.cut:k.cut] }

// Event fills e from what is kept. A field that s does not have, or has with another kind, is left missing: the schema may
// have changed since. The original and the texts share the memory of what is kept.
func (k *Kept) Event(s *Schema, e *Event) error {
	e.Reset(s)
	return k.read(e, func(name string, v Value) {
		f, ok := s.Field(name)
		switch {
		case !ok:
		case s.Info(f).Kind == v.Kind, v.Illegible():
			e.Slots[f] = v
		case s.Info(f).Kind == Time && v.Kind == String: // it was a Record's
			e.Slots[f] = fromJSON(v.Str, Time)
		}
	})
}

// Record returns what is kept in the form that alerts quote.
func (k *Kept) Record() (*Record, error) {
	e := Event{Slots: make([]Value, NumBase)}
	fields := make(map[string]any, len(k.shape.fields))
	err := k.read(&e, func(name string, v Value) {
		if v.Has() {
			fields[name] = v.jsonValue()
		}
	})
	if err != nil {
		return nil, err
	}
	return e.record(k.ID, fields), nil
}

// Text returns the text of a String field, "" if it is missing, or cannot be read.
func (k *Kept) Text(field string) string {
	var few [32]Pair
	r := k.reader()
	native := r.natives(k.shape.names, few[:0])
	r.nativeID(k.flags, native)
	for _, f := range k.shape.fields {
		if v := r.value(f.kind, native); f.name == field {
			return strings.Clone(v.Str)
		}
	}
	return ""
}

// read fills e but for its slots, and calls field for each of these but the time.
func (k *Kept) read(e *Event, field func(name string, v Value)) error {
	e.Slots[FieldTime] = TimeValue(k.at)
	e.Ingested, e.Origin, e.Partial = k.ingested, k.Origin(), k.flags&keptPartial != 0
	e.Original = k.Original()
	r := k.reader()
	e.Native = r.natives(k.shape.names, e.Native)
	e.NativeID = r.nativeID(k.flags, e.Native)
	for _, f := range k.shape.fields {
		if v := r.value(f.kind, e.Native); r.err == nil {
			field(f.name, v)
		}
	}
	if r.err == nil && len(r.rest) > 0 {
		r.err = fmt.Errorf("%d bytes too many", len(r.rest))
	}
	if r.err != nil {
		return fmt.Errorf("event %s: %w", k.ID, r.err)
	}
	return nil
}

var errCut = errors.New("a kept event that is cut short")

// bodyReader reads what stands behind the original. Its texts share the body's memory: nobody writes to that.
type bodyReader struct {
	keptReader
	body string
	cut  int // where the original ends
	at   int // where the text before ended, of those that stand in the original
	read int // bytes of the texts, wherever they stand
}

// maxTexts bounds the texts of an event: they may stand in its original over and over one another, or repeat a native field, and
// whoever forges a body of a few bytes must not have gigabytes written of it.
const maxTexts = 512 << 20

// leastText is what a text counts beside its bytes, so that there is an end of those that have none. In memory each takes more; but a
// line of 64 MiB that is a list of nothing must still be read.
const leastText = 4

func (k *Kept) reader() bodyReader {
	return bodyReader{keptReader{rest: k.body[k.cut:]}, unsafe.String(unsafe.SliceData(k.body), len(k.body)), k.cut, beforeTexts, 0}
}

// natives appends the native fields of these names.
func (r *bodyReader) natives(names []string, to []Pair) []Pair {
	for _, name := range names {
		if text := r.text(nil); r.err == nil {
			to = append(to, Pair{Name: name, Text: text})
		}
	}
	return to
}

func (r *bodyReader) nativeID(flags byte, native []Pair) string {
	if flags&keptNativeID == 0 {
		return ""
	}
	return r.text(native)
}

func (r *bodyReader) text(native []Pair) string {
	text, ok := r.place(native)
	if r.read += len(text) + leastText; !ok || r.read > maxTexts {
		r.fail()
		return ""
	}
	return text
}

// place finds the next text.
func (r *bodyReader) place(native []Pair) (text string, ok bool) {
	head := r.uvarint()
	n := head >> textForms
	switch form := head & (1<<textForms - 1); {
	case form == textRepeats && n < uint64(len(native)):
		return native[n].Text, true
	case form == textInline && n <= uint64(len(r.rest)):
		from := len(r.body) - len(r.rest)
		r.rest = r.rest[n:]
		return r.body[from : from+int(n)], true
	case (form == textBehind || form == textApart) && n <= uint64(r.cut):
		gap := int64(1)
		if form == textApart {
			gap = r.varint()
		}
		if least, most := int64(-r.at), int64(r.cut-r.at-int(n)); gap >= least && gap <= most {
			from := r.at + int(gap)
			r.at = from + int(n)
			return r.body[from:r.at], true
		}
	}
	return "", false
}

func (r *bodyReader) value(kind Kind, native []Pair) Value {
	switch kind {
	case String:
		return StringValue(r.text(native))
	case Int, Bool, Time:
		return Value{Kind: kind, Num: r.varint()}
	case Missing:
		r.varint()
		return Illegible()
	}
	list := make([]string, 0, 4)
	for n := r.count(); n > 0 && r.err == nil; n-- {
		list = append(list, r.text(native))
	}
	return ListValue(list)
}
