package event

import (
	"encoding/binary"
	"fmt"
)

// unpack1 reads an event as the first version kept it, with all names and texts written out, each text behind its length:
//
//	version, flags, time, event.ingested, log.offset, source, native id, log.file.path, original,
//	the count of fields, each its name, a byte for its kind, and its value (a list: its count and its texts; of an illegible
//	one, whose kind is 0, a number),
//	the count of native fields, each its name and text,
//	Nth in four bytes, little-endian
//
// and gives it as it is kept now.
func unpack1(id ID, b []byte) (*Kept, error) {
	const least = 2 + 4
	if len(b) < least {
		return nil, errCut
	}
	end := len(b) - 4
	r := keptReader{rest: b[1:end]}
	s := &Schema{fields: []FieldInfo{Base[FieldTime]}}
	e := Event{Partial: r.byte()&keptPartial != 0, Slots: []Value{TimeValue(r.varint())}, Ingested: r.varint()}
	e.Origin = Origin{Offset: r.varint(), Source: r.text(), Nth: binary.LittleEndian.Uint32(b[end:])}
	e.NativeID, e.Origin.Path, e.Original = r.text(), r.text(), r.bytes()
	for range r.count() {
		name, v := r.text(), r.value1()
		if r.err != nil {
			break
		}
		s.fields, e.Slots = append(s.fields, FieldInfo{Name: name}), append(e.Slots, v)
	}
	for range r.count() {
		p := Pair{Name: r.text(), Text: r.text()}
		if r.err != nil {
			break
		}
		e.Native = append(e.Native, p)
	}
	if r.err == nil && len(r.rest) > 0 {
		r.err = fmt.Errorf("%d bytes too many", len(r.rest))
	}
	if r.err != nil {
		return nil, fmt.Errorf("event %s: %w", id, r.err)
	}
	return e.Keep(s, id), nil
}

func (r *keptReader) value1() Value {
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
		for n := r.count(); n > 0 && r.err == nil; n-- {
			list = append(list, r.text())
		}
		return ListValue(list)
	}
	r.fail()
	return Value{}
}
