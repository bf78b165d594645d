package event

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// AppendAll appends events as UnpackAll reads them: what several have in common once, and what is alike side by side, which is
// what a compressor likes. Their ids, and how many they are, are not in it. In this order:
//
//	the count of shapes, each behind its length; the count of places, each its source and its log.file.path,
//	for each event the numbers of its shape and its place, its flags and Nth,
//	for each its time, event.ingested and log.offset, each as the difference to that of the event before,
//	for each the length of its original, and of its body; the bodies
func AppendAll(b []byte, events []*Kept) []byte {
	var shapes []*shape
	var places []*place
	of := make([][2]int, len(events))
	for i, k := range events {
		of[i] = [2]int{numberOf(&shapes, k.shape, (*shape).same), numberOf(&places, k.place, (*place).same)}
	}
	b = binary.AppendUvarint(b, uint64(len(shapes)))
	for _, s := range shapes {
		b = append(binary.AppendUvarint(b, uint64(len(s.packed))), s.packed...)
	}
	b = binary.AppendUvarint(b, uint64(len(places)))
	for _, p := range places {
		b = appendString(appendString(b, p.source), p.path)
	}
	for i, k := range events {
		b = binary.AppendUvarint(b, uint64(of[i][0]))
		b = binary.AppendUvarint(b, uint64(of[i][1]))
		b = binary.AppendUvarint(append(b, k.flags), uint64(k.Nth))
	}
	before := &Kept{}
	for _, k := range events {
		b = binary.AppendVarint(b, k.at-before.at) // an overflow is undone when it is read
		b = binary.AppendVarint(b, k.ingested-before.ingested)
		b = binary.AppendVarint(b, k.offset-before.offset)
		before = k
	}
	for _, k := range events {
		b = binary.AppendUvarint(b, uint64(k.cut))
		b = binary.AppendUvarint(b, uint64(len(k.body)))
	}
	for _, k := range events {
		b = append(b, k.body...)
	}
	return b
}

func (s *shape) same(other *shape) bool { return bytes.Equal(s.packed, other.packed) }
func (p *place) same(other *place) bool { return *p == *other }

// numberOf is the index of what is the same in a list, to which it is added if there is none. The last one comes first: it is
// mostly the one.
func numberOf[T any](list *[]*T, one *T, same func(a, b *T) bool) int {
	for i, have := range slices.Backward(*list) {
		if have == one || same(have, one) {
			return i
		}
	}
	*list = append(*list, one)
	return len(*list) - 1
}

// Pack is what UnpackAll read.
type Pack struct {
	events []Kept // without their ids; they share the memory of what was read
}

// UnpackAll reads what AppendAll wrote of n events; the pack shares the memory of b, the events it gives do not.
func UnpackAll(n int, b []byte) (*Pack, error) {
	r := keptReader{rest: b}
	if n > len(b) {
		return nil, errCut
	}
	var shapes []*shape
	for range r.count() {
		s, err := readShape(bytes.Clone(r.bytes())) // what is read of the pack may outlive it
		if err != nil {
			return nil, err
		}
		shapes = append(shapes, s)
	}
	var places []*place
	for range r.count() {
		p := &place{r.text(), r.text()}
		if r.err != nil {
			return nil, r.err
		}
		places = append(places, p)
	}
	p := &Pack{events: make([]Kept, n)}
	for i := range p.events {
		k := &p.events[i]
		shape, place := r.uvarint(), r.uvarint()
		k.flags, k.Nth = r.byte(), uint32(r.uvarint())
		if r.err != nil || shape >= uint64(len(shapes)) || place >= uint64(len(places)) {
			return nil, errCut
		}
		k.shape, k.place = shapes[shape], places[place]
	}
	before := &Kept{}
	for i := range p.events {
		k := &p.events[i]
		k.at, k.ingested, k.offset = before.at+r.varint(), before.ingested+r.varint(), before.offset+r.varint()
		before = k
	}
	lengths := make([]int, n)
	for i := range p.events {
		p.events[i].cut, lengths[i] = r.count(), r.count()
	}
	for i := range p.events {
		k := &p.events[i]
		if k.body = r.next(lengths[i]); k.cut > len(k.body) {
			return nil, errCut
		}
	}
	if r.err == nil && len(r.rest) > 0 {
		r.fail()
	}
	return p, r.err
}

// Event returns a copy of the event at i that owns its memory, under its id.
func (p *Pack) Event(i int, id ID) *Kept {
	k := p.events[i]
	k.ID, k.body = id, bytes.Clone(k.body)
	return &k
}
