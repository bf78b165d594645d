package event

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Record returns e in the form that alerts quote.
func (e *Event) Record(s *Schema, id ID) *Record {
	r, err := e.Keep(s, id).Record()
	if err != nil {
		panic(err) // it was written just now
	}
	return r
}

// record makes a Record of an event that owns its memory.
func (e *Event) record(id ID, fields map[string]any) *Record {
	sum := sha256.Sum256(e.Original)
	r := &Record{
		ID:       id.String(),
		Time:     time.Unix(0, e.Time()).UTC(),
		Ingested: time.Unix(0, e.Ingested).UTC(),
		Source:   e.Origin.Source,
		NativeID: e.NativeID,
		Nth:      e.Origin.Nth,
		Path:     e.Origin.Path,
		Offset:   e.Origin.Offset,
		SHA256:   hex.EncodeToString(sum[:]),
		Original: string(e.Original),
		Partial:  e.Partial,
		Fields:   fields,
		Native:   make([]Pair, len(e.Native)),
	}
	if !utf8.ValidString(r.Original) {
		r.Base64, r.Original = true, base64.StdEncoding.EncodeToString(e.Original)
	}
	for i, p := range e.Native {
		r.Native[i] = Pair{Name: p.Name, Text: strings.ToValidUTF8(p.Text, "\uFFFD")}
	}
	return r
}

func (v Value) jsonValue() any {
	switch v.Kind {
	case String:
		return strings.ToValidUTF8(v.Str, "\uFFFD")
	case Int:
		return v.Num
	case Time:
		return v.Text()
	}
	return v.Any()
}

// Bytes returns the exact bytes of the record.
func (r *Record) Bytes() ([]byte, error) {
	if r.Base64 {
		return base64.StdEncoding.DecodeString(r.Original)
	}
	return []byte(r.Original), nil
}

// Keep returns the record as it is kept.
func (r *Record) Keep() (*Kept, error) {
	original, err := r.Bytes()
	if err != nil {
		return nil, fmt.Errorf("event %s: original: %w", r.ID, err)
	}
	id, err := hex.DecodeString(r.ID)
	if err != nil || len(id) != len(ID{}) {
		return nil, fmt.Errorf("event %s: no id of %d bytes in hex", r.ID, len(ID{}))
	}
	names := slices.Sorted(maps.Keys(r.Fields))
	s := &Schema{fields: []FieldInfo{{Name: "event.time"}}}
	e := Event{
		Slots: []Value{TimeValue(r.Time.UnixNano())}, Native: r.Native, NativeID: r.NativeID, Original: original, Partial: r.Partial,
		Origin: Origin{Source: r.Source, Path: r.Path, Offset: r.Offset, Nth: r.Nth}}
	if !r.Ingested.IsZero() {
		e.Ingested = r.Ingested.UnixNano()
	}
	for _, name := range names {
		s.fields = append(s.fields, FieldInfo{Name: name})
		e.Slots = append(e.Slots, ofJSON(r.Fields[name]))
	}
	return e.Keep(s, ID(id)), nil
}

// ofJSON reads what jsonValue wrote; a time is a text.
func ofJSON(v any) Value {
	for _, kind := range []Kind{String, Bool, Int, List} {
		if read := fromJSON(v, kind); read.Has() {
			return read
		}
	}
	return Value{}
}

// fromJSON reads what jsonValue wrote, also after a round trip through encoding/json with numbers as json.Number.
func fromJSON(v any, want Kind) Value {
	switch x := v.(type) {
	case string:
		if want == Time {
			if t, err := time.Parse(time.RFC3339Nano, x); err == nil {
				return TimeValue(t.UnixNano())
			}
		}
		if want == String {
			return StringValue(x)
		}
	case bool:
		if want == Bool {
			return BoolValue(x)
		}
	case int64:
		if want == Int {
			return IntValue(x)
		}
	case json.Number:
		if n, err := x.Int64(); err == nil && want == Int {
			return IntValue(n)
		}
	case []string:
		if want == List {
			return ListValue(x)
		}
	case []any:
		list := make([]string, 0, len(x))
		for _, el := range x {
			if s, ok := el.(string); ok {
				list = append(list, s)
			}
		}
		if want == List {
			return ListValue(list)
		}
	}
	return Value{}
}

// UnmarshalJSON reads a record with its integers exact.
func (r *Record) UnmarshalJSON(b []byte) error {
	if r.Fields == nil && r.Native == nil {
		q := quotedReader{rest: b}
		if read := q.record(); !q.other {
			*r = read
			return nil
		}
	}
	return r.unmarshal(b)
}

// unmarshal is UnmarshalJSON of what may be written in any way.
func (r *Record) unmarshal(b []byte) error {
	type plain Record
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.UseNumber()
	return dec.Decode((*plain)(r))
}

// MarshalJSON writes a pair as a two-element array, which keeps order and repeats.
func (p Pair) MarshalJSON() ([]byte, error) { return json.Marshal([2]string{p.Name, p.Text}) }

// UnmarshalJSON reads what MarshalJSON writes.
func (p *Pair) UnmarshalJSON(b []byte) error {
	var a [2]string
	if err := json.Unmarshal(b, &a); err != nil {
		return err
	}
	p.Name, p.Text = a[0], a[1]
	return nil
}
