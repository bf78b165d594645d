package event

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Kept is an event that owns its memory, in as few pieces as that takes: most of what matches a rule is never quoted, so it
// becomes a Record only when somebody wants to read it.
type Kept struct {
	ID   ID
	Nth  uint32 // as in Origin; known only when the order of its stream is
	body []byte
}

// The body, in this order; a text is its length as uvarint and its bytes, a number a varint:
//
//	keptVersion, flags, time, event.ingested, log.offset, source, native id, log.file.path, original,
//	the count of fields, each its name, a byte for its kind, and its value (a list: its count and its texts; of an illegible one,
//	whose kind is 0, a number),
//	the count of native fields, each its name and text
const (
	keptVersion = 1

	keptPartial  = 1 << 0
	keptNativeID = 1 << 1 // the format has one
)

// Keep returns a copy of e that owns its memory.
func (e *Event) Keep(s *Schema, id ID) *Kept {
	size := 64 + len(e.Origin.Source) + len(e.NativeID) + len(e.Origin.Path) + len(e.Original)
	fields := 0
	for f := range e.Slots {
		if v := &e.Slots[f]; v.kept() && Field(f) != FieldTime {
			fields++
			size += len(s.fields[f].Name) + len(v.Str) + 16
			for _, el := range v.List() {
				size += len(el) + 3
			}
		}
	}
	for i := range e.Native {
		size += len(e.Native[i].Name) + len(e.Native[i].Text) + 6
	}
	b := make([]byte, 0, size)
	flags := byte(0)
	if e.Partial {
		flags |= keptPartial
	}
	if e.NativeID != "" {
		flags |= keptNativeID
	}
	b = append(b, keptVersion, flags)
	b = binary.AppendVarint(b, e.Time())
	b = binary.AppendVarint(b, e.Ingested)
	b = binary.AppendVarint(b, e.Origin.Offset)
	b = appendText(b, e.Origin.Source)
	b = appendText(b, e.NativeID)
	b = appendText(b, e.Origin.Path)
	b = append(binary.AppendUvarint(b, uint64(len(e.Original))), e.Original...)
	b = binary.AppendUvarint(b, uint64(fields))
	for f := range e.Slots {
		if v := &e.Slots[f]; v.kept() && Field(f) != FieldTime {
			b = appendText(b, s.fields[f].Name)
			b = v.append(b)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(e.Native)))
	for i := range e.Native {
		b = appendText(appendText(b, e.Native[i].Name), e.Native[i].Text)
	}
	return &Kept{ID: id, Nth: e.Origin.Nth, body: b}
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// kept reports whether there is something to keep: that a field is illegible is known when its event is judged anew.
func (v *Value) kept() bool { return v.Has() || v.Illegible() }

func (v *Value) append(b []byte) []byte {
	b = append(b, byte(v.Kind))
	switch v.Kind {
	case String:
		return appendText(b, v.Str)
	case List:
		b = binary.AppendUvarint(b, uint64(len(v.List())))
		for _, el := range v.List() {
			b = appendText(b, el)
		}
		return b
	}
	return binary.AppendVarint(b, v.Num)
}

// Numbered reports whether the event has no native id, so that its place among identical records is part of its identity.
func (k *Kept) Numbered() bool { return k.body[1]&keptNativeID == 0 }

// Event fills e from what is kept. A field that s does not have, or has with another kind, is left missing: the schema may
// have changed since.
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
	fields := map[string]any{}
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
	r := keptReader{rest: k.body[2:]}
	k.head(&r, &Event{})
	for range r.count() {
		if string(r.bytes()) == field {
			return r.value().Str
		}
		r.skip()
	}
	return ""
}

// read fills e but for its slots, and calls field for each of these but the time.
func (k *Kept) read(e *Event, field func(name string, v Value)) error {
	r := keptReader{rest: k.body}
	if v := r.byte(); v != keptVersion && r.err == nil {
		return fmt.Errorf("event %s: kept in version %d, which this program does not read", k.ID, v)
	}
	e.Partial = r.byte()&keptPartial != 0
	e.Slots[FieldTime] = TimeValue(k.head(&r, e))
	e.Original = bytes.Clone(e.Original)
	for range r.count() {
		name := r.text()
		if v := r.value(); r.err == nil {
			field(name, v)
		}
	}
	for range r.count() {
		if p := (Pair{Name: r.text(), Text: r.text()}); r.err == nil {
			e.Native = append(e.Native, p)
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

// head reads what comes before the fields; the original is not copied.
func (k *Kept) head(r *keptReader, e *Event) (at int64) {
	at = r.varint()
	e.Ingested = r.varint()
	e.Origin = Origin{Offset: r.varint(), Source: r.text(), Nth: k.Nth}
	e.NativeID, e.Origin.Path = r.text(), r.text()
	e.Original = r.bytes()
	return at
}

// Time is the event time in nanoseconds since 1970 UTC.
func (k *Kept) Time() int64 {
	r := keptReader{rest: k.body[2:]}
	return r.varint()
}

// Origin is where the record's bytes are.
func (k *Kept) Origin() Origin {
	var e Event
	k.head(&keptReader{rest: k.body[2:]}, &e)
	return e.Origin
}

// Original is the record's exact bytes, which are not to be changed.
func (k *Kept) Original() []byte {
	var e Event
	k.head(&keptReader{rest: k.body[2:]}, &e)
	return e.Original
}

// Size is how many bytes AppendTo appends.
func (k *Kept) Size() int { return len(k.body) + 4 }

// AppendTo appends what Unpack reads: the body and Nth, little-endian. They begin with no byte that JSON begins with.
func (k *Kept) AppendTo(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(append(b, k.body...), k.Nth)
}

// Unpack reads what AppendTo wrote of the event with this id; it shares the memory of b.
func Unpack(id ID, b []byte) (*Kept, error) {
	const least = 2 + 4
	if len(b) < least {
		return nil, errCut
	}
	end := len(b) - 4
	return &Kept{ID: id, Nth: binary.LittleEndian.Uint32(b[end:]), body: b[:end]}, nil
}

var errCut = errors.New("a kept event that is cut short")

// keptReader reads a body; after its first error it gives nothing.
type keptReader struct {
	rest []byte
	err  error
}

func (r *keptReader) fail() { r.rest, r.err = nil, errCut }

func (r *keptReader) byte() byte {
	if len(r.rest) == 0 {
		r.fail()
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *keptReader) varint() int64 {
	n, read := binary.Varint(r.rest)
	if read <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[read:]
	return n
}

// count reads how many of something follow, each of which takes a byte at least.
func (r *keptReader) count() int {
	n, read := binary.Uvarint(r.rest)
	if read <= 0 || n > uint64(len(r.rest)-read) {
		r.fail()
		return 0
	}
	r.rest = r.rest[read:]
	return int(n)
}

func (r *keptReader) bytes() []byte {
	n := r.count()
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *keptReader) text() string { return string(r.bytes()) }

// skip passes over a value.
func (r *keptReader) skip() {
	switch Kind(r.byte()) {
	case String:
		r.bytes()
	case List:
		for range r.count() {
			r.bytes()
		}
	case Int, Bool, Time, Missing:
		r.varint()
	default:
		r.fail()
	}
}

func (r *keptReader) value() Value {
	switch kind := Kind(r.byte()); kind {
	case String:
		return StringValue(r.text())
	case Int, Bool, Time:
		return Value{Kind: kind, Num: r.varint()}
	case Missing:
		r.varint()
		return Illegible()
	case List:
		list := make([]string, 0, 4)
		for range r.count() {
			list = append(list, r.text())
		}
		return ListValue(list)
	}
	r.fail()
	return Value{}
}
