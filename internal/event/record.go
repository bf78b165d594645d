package event

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Record returns a copy of e that owns its memory.
func (e *Event) Record(s *Schema, id ID) *Record {
	sum := sha256.Sum256(e.Original)
	r := &Record{
		ID:       id.String(),
		Time:     time.Unix(0, e.Time()).UTC(),
		Ingested: time.Unix(0, e.Ingested).UTC(),
		Source:   strings.Clone(e.Origin.Source),
		NativeID: strings.Clone(e.NativeID),
		Nth:      e.Origin.Nth,
		Path:     strings.Clone(e.Origin.Path),
		Offset:   e.Origin.Offset,
		SHA256:   hex.EncodeToString(sum[:]),
		Original: string(e.Original),
		Partial:  e.Partial,
		Fields:   make(map[string]any, 16),
	}
	if !utf8.ValidString(r.Original) {
		r.Base64, r.Original = true, base64.StdEncoding.EncodeToString(e.Original)
	}
	for f, v := range e.Slots {
		if !v.Has() || Field(f) == FieldTime {
			continue
		}
		r.Fields[s.Info(Field(f)).Name] = v.own().jsonValue()
	}
	r.Native = make([]Pair, len(e.Native))
	for i, p := range e.Native {
		r.Native[i] = Pair{Name: strings.Clone(p.Name), Text: strings.ToValidUTF8(strings.Clone(p.Text), "\uFFFD")}
	}
	return r
}

// own copies the value's strings.
func (v Value) own() Value {
	v.Str = strings.Clone(v.Str)
	if v.list != nil {
		list := make([]string, len(v.list))
		for i, s := range v.list {
			list[i] = strings.Clone(s)
		}
		v.list = list
	}
	return v
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

// Event fills e from the record, whose memory e then shares. A field that s does not have, or has with another kind, is
// left missing: the schema may have changed since the record was kept.
func (r *Record) Event(s *Schema, e *Event) error {
	original, err := r.Bytes()
	if err != nil {
		return fmt.Errorf("event %s: original: %w", r.ID, err)
	}
	e.Reset(s)
	e.Slots[FieldTime] = TimeValue(r.Time.UnixNano())
	for name, v := range r.Fields {
		if f, ok := s.Field(name); ok {
			e.Slots[f] = fromJSON(v, s.Info(f).Kind)
		}
	}
	e.Native = append(e.Native, r.Native...)
	e.NativeID, e.Original, e.Partial = r.NativeID, original, r.Partial
	e.Origin = Origin{Source: r.Source, Path: r.Path, Offset: r.Offset, Nth: r.Nth}
	e.Ingested = r.Ingested.UnixNano()
	return nil
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
