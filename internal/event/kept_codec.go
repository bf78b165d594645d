package event

import (
	"encoding/binary"
	"fmt"
)

// What Unpack and UnpackAll read begins with its version, which no JSON begins with.
const (
	keptVersion1 = 1
	keptVersion  = 2
)

// Size is about how many bytes AppendTo appends, and no less than AppendAll does.
func (k *Kept) Size() int {
	return len(k.body) + len(k.shape.packed) + len(k.place.source) + len(k.place.path) + keptNumbers
}

// Footprint is about how many bytes k takes in memory, if nothing else has its shape: names there are texts of their own.
func (k *Kept) Footprint() int { return k.Size() + 3*len(k.shape.packed) }

// keptNumbers is room for what is written of a kept event beside its texts: version, flags, numbers and lengths.
const keptNumbers = 2 + 10*binary.MaxVarintLen64

// AppendTo appends k as Unpack reads it, by itself: the version, the flags, Nth, the time, event.ingested, log.offset, source,
// log.file.path, shape and original, each text behind its length, and the rest of the body.
func (k *Kept) AppendTo(b []byte) []byte {
	b = append(b, keptVersion, k.flags)
	b = binary.AppendUvarint(b, uint64(k.Nth))
	b = binary.AppendVarint(b, k.at)
	b = binary.AppendVarint(b, k.ingested)
	b = binary.AppendVarint(b, k.offset)
	b = appendString(b, k.place.source)
	b = appendString(b, k.place.path)
	b = append(binary.AppendUvarint(b, uint64(len(k.shape.packed))), k.shape.packed...)
	b = binary.AppendUvarint(b, uint64(k.cut))
	return append(b, k.body...)
}

// Unpack reads what AppendTo wrote, in this version or the one before, of the event with this id; it shares the memory of b.
func Unpack(id ID, b []byte) (*Kept, error) {
	r := keptReader{rest: b}
	version := r.byte()
	switch {
	case r.err != nil:
		return nil, r.err
	case version == keptVersion1:
		return unpack1(id, b)
	case version != keptVersion:
		return nil, fmt.Errorf("event %s: kept in version %d, which this program does not read", id, version)
	}
	k := &Kept{ID: id, flags: r.byte(), Nth: uint32(r.uvarint()), at: r.varint(), ingested: r.varint(), offset: r.varint()}
	k.place = &place{r.text(), r.text()}
	packed := r.bytes()
	k.cut = r.count()
	k.body = r.rest
	if r.err != nil {
		return nil, r.err
	}
	var err error
	if k.shape, err = readShape(packed); err != nil {
		return nil, fmt.Errorf("event %s: %w", id, err)
	}
	return k, nil
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// keptReader reads what is kept; after its first error it gives nothing.
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

func (r *keptReader) uvarint() uint64 {
	n, read := binary.Uvarint(r.rest)
	if read <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[read:]
	return n
}

// count reads how many of something follow, each of which takes a byte at least.
func (r *keptReader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *keptReader) bytes() []byte { return r.next(r.count()) }

// next are the next n bytes.
func (r *keptReader) next(n int) []byte {
	if n > len(r.rest) {
		r.fail()
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *keptReader) text() string { return string(r.bytes()) }
