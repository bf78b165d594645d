package event

import (
	"fmt"
	"slices"
	"strconv"
	"time"
	"unsafe"
)

// Kind is the type of a Value.
type Kind uint8

// The kinds of a field. Missing is the zero value.
const (
	Missing Kind = iota
	String
	Int
	Bool
	Time
	List // of strings
)

var kindNames = [...]string{"missing", "string", "int", "bool", "time", "list"}

func (k Kind) String() string { return kindNames[k] }

// ParseKind reads a kind as configuration writes it.
func ParseKind(s string) (Kind, error) {
	if i := slices.Index(kindNames[1:], s); i >= 0 {
		return Kind(i + 1), nil
	}
	return Missing, fmt.Errorf("unknown type %q; one of string, int, bool, time, list", s)
}

// Value is one typed value, or Missing. It is small because an event has dozens, which are cleared for every record; so of a
// list it has the first element and, in Num, how many there are.
type Value struct {
	Str  string  // String
	Num  int64   // Int; Bool as 0 or 1; Time as nanoseconds since 1970 UTC; List: its length
	list *string // List; nil for every other kind
	Kind Kind
	// Place is where the lookup tables have the text, of an argument of which somebody has found that out; see Lookup.Find. It
	// is no part of the value, and lies where there would be a gap.
	Place Place
}

// Place is where the lookup tables in force have a text: its number among all that they have.
type Place int32

// The places that are none.
const (
	Unsought Place = 0  // nobody has looked
	Nowhere  Place = -1 // no table has the text
)

// StringValue returns s, or Missing if s is empty.
func StringValue(s string) Value {
	if s == "" {
		return Value{}
	}
	return Value{Kind: String, Str: s}
}

// IntValue returns n.
func IntValue(n int64) Value { return Value{Kind: Int, Num: n} }

// BoolValue returns b.
func BoolValue(b bool) Value {
	v := Value{Kind: Bool}
	if b {
		v.Num = 1
	}
	return v
}

// TimeValue returns the instant ns, in nanoseconds since 1970 UTC.
func TimeValue(ns int64) Value { return Value{Kind: Time, Num: ns} }

// ListValue returns the list, or Missing if it is empty.
func ListValue(list []string) Value {
	if len(list) == 0 {
		return Value{}
	}
	return Value{Kind: List, Num: int64(len(list)), list: unsafe.SliceData(list)}
}

// Illegible is the value of a field that the record has and nobody can read. It is Missing to whoever asks for it; but that the
// record lacks the field is not true, or nobody knows: see Value.Illegible.
func Illegible() Value { return Value{Num: 1} }

// Illegible reports whether the value is Missing because nobody can read it.
func (v Value) Illegible() bool { return v.Kind == Missing && v.Num != 0 }

// Has reports whether the value is known.
func (v Value) Has() bool { return v.Kind != Missing }

// Bool reports whether v is the known value true.
func (v Value) Bool() bool { return v.Kind == Bool && v.Num != 0 }

// List returns the elements of a List, nil for every other kind.
func (v Value) List() []string {
	if v.list == nil {
		return nil
	}
	return unsafe.Slice(v.list, v.Num)
}

// Any returns the value as expr and encoding/json see it: string, int, bool, time.Time in UTC, []string, or nil.
func (v Value) Any() any {
	switch v.Kind {
	case String:
		return v.Str
	case Int:
		return int(v.Num)
	case Bool:
		return v.Num != 0
	case Time:
		return time.Unix(0, v.Num).UTC()
	case List:
		return v.List()
	}
	return nil
}

// Text returns the value as text: times in RFC 3339, lists joined by a comma, "" for Missing.
func (v Value) Text() string {
	switch v.Kind {
	case String:
		return v.Str
	case Int:
		return strconv.FormatInt(v.Num, 10)
	case Bool:
		return strconv.FormatBool(v.Num != 0)
	case Time:
		return time.Unix(0, v.Num).UTC().Format(time.RFC3339Nano)
	case List:
		var b []byte
		for i, s := range v.List() {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, s...)
		}
		return string(b)
	}
	return ""
}

// Equal reports whether two values have the same kind and content.
func (v Value) Equal(w Value) bool {
	return v.Kind == w.Kind && v.Num == w.Num && v.Str == w.Str && slices.Equal(v.List(), w.List())
}
