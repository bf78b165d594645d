package window

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const version = 1

// Append appends the encoded state to b; see the package comment for the form.
func (c *Count) Append(b []byte) []byte {
	b = append(b, version)
	b = appendEntries(b, c.entries)
	b = binary.AppendUvarint(b, uint64(len(c.open)))
	for _, o := range c.open {
		b = binary.AppendVarint(b, o.Period)
		b = appendEntries(b, o.Entries)
	}
	return b
}

func appendEntries(b []byte, entries []Entry) []byte {
	b = binary.AppendUvarint(b, uint64(len(entries)))
	var before int64
	for _, e := range entries {
		b = binary.AppendVarint(b, e.Time-before)
		b = append(b, e.ID[:]...)
		b = binary.AppendUvarint(b, uint64(e.Facts))
		before = e.Time
	}
	return b
}

var errShort = errors.New("window state ends early")

// Decode reads what Append wrote.
func Decode(b []byte) (*Count, error) {
	if len(b) == 0 || b[0] != version {
		return nil, fmt.Errorf("window state of an unknown version")
	}
	d := decoder{b: b[1:]}
	c := &Count{entries: d.entries()}
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		return nil, errShort
	}
	for range n {
		o := Open{Period: d.varint(), Entries: d.entries()}
		if k := len(c.open); k > 0 && c.open[k-1].Period >= o.Period {
			return nil, errors.New("window state: periods out of order")
		}
		if len(o.Entries) == 0 {
			return nil, errors.New("window state: an alert period without events")
		}
		c.open = append(c.open, o)
	}
	if d.err == nil && len(d.b) > 0 {
		d.err = fmt.Errorf("window state: %d bytes too many", len(d.b))
	}
	if d.err != nil {
		return nil, d.err
	}
	return c, nil
}

type decoder struct {
	b   []byte
	err error
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	return v * d.took(n)
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	return v * int64(d.took(n))
}

// took moves past n bytes and returns 1, or 0 after noting the error.
func (d *decoder) took(n int) uint64 {
	if d.err != nil || n <= 0 {
		d.err = errShort
		d.b = nil
		return 0
	}
	d.b = d.b[n:]
	return 1
}

const leastEntryBytes = 1 + 16 + 1

func (d *decoder) entries() []Entry {
	n := d.uvarint()
	if n > uint64(len(d.b)/leastEntryBytes) {
		d.err = errShort
		return nil
	}
	out := make([]Entry, 0, n)
	var before int64
	for range n {
		e := Entry{Time: before + d.varint()}
		if len(d.b) < len(e.ID) {
			d.err = errShort
			return nil
		}
		copy(e.ID[:], d.b)
		d.b = d.b[len(e.ID):]
		e.Facts = uint32(d.uvarint())
		if k := len(out); k > 0 && compare(out[k-1], e) >= 0 {
			d.err = errors.New("window state: entries out of order")
			return nil
		}
		out = append(out, e)
		before = e.Time
	}
	return out
}
