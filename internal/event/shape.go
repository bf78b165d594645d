package event

import (
	"encoding/binary"
	"fmt"
)

// shape is what many kept events have in common: which fields there are, and of what kinds, and the names of the native fields
// in their order. It is never changed.
type shape struct {
	fields []shapeField
	names  []string // of native fields
	packed []byte   // as it is written
}

type shapeField struct {
	name string
	kind Kind // Missing: it is there, and nobody can read it
}

// newShape is the shape of an event with these fields. It owns its memory, whatever the names share theirs with.
func newShape(fields []shapeField, native []Pair) *shape {
	b := binary.AppendUvarint(nil, uint64(len(fields)))
	for _, f := range fields {
		b = append(appendString(b, f.name), byte(f.kind))
	}
	b = binary.AppendUvarint(b, uint64(len(native)))
	for i := range native {
		b = appendString(b, native[i].Name)
	}
	s, err := readShape(b)
	if err != nil {
		panic(err) // it was written just now
	}
	return s
}

// readShape reads a shape: the count of fields, each its name and a byte for its kind; the count of native fields, each its
// name. A name is its length and its bytes; lengths and counts are unsigned varints. The shape shares the memory of b.
func readShape(b []byte) (*shape, error) {
	s := &shape{packed: b}
	r := keptReader{rest: b}
	all := string(b) // one piece of memory for all names
	name := func() string {
		n := len(r.bytes())
		end := len(all) - len(r.rest)
		return all[end-n : end]
	}
	n := r.count()
	s.fields = make([]shapeField, 0, min(n, int(NumBase)))
	for range n {
		f := shapeField{name(), Kind(r.byte())}
		if int(f.kind) >= len(kindNames) {
			return nil, fmt.Errorf("a kept event with a field of the kind %d, which this program does not know", f.kind)
		}
		if r.err != nil {
			return nil, r.err
		}
		s.fields = append(s.fields, f)
	}
	n = r.count()
	s.names = make([]string, 0, min(n, int(NumBase)))
	for range n {
		s.names = append(s.names, name())
		if r.err != nil {
			return nil, r.err
		}
	}
	if r.err == nil && len(r.rest) > 0 {
		r.fail()
	}
	return s, r.err
}
