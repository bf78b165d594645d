package window

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// version is what Append writes. Decode reads the one before, too, which had no measures and nothing of the shapes that have.
const version = 3

// Append appends the encoded state to b; see the package comment for the form.
func (w *Window) Append(b []byte) []byte {
	b = append(b, version)
	b = binary.AppendVarint(b, w.decided())
	b = binary.AppendVarint(b, w.began())
	b = appendEntries(b, w.entries)
	b = binary.AppendUvarint(b, uint64(len(w.open())))
	for _, o := range w.open() {
		b = binary.AppendVarint(b, o.Period)
		b = appendMeasures(appendEntries(b, o.Entries), o.Measures)
	}
	return w.appendSummaries(b)
}

// Encoded is about how many bytes Append adds, and rarely fewer.
func (w *Window) Encoded() int {
	entry := leastEntryBytes + 8 // it may be the first, whose time is a long number
	if len(w.entries) > 0 {
		if c := w.entries[0].Captured; c != nil { // those of one key are about alike
			for _, text := range *c {
				entry += 2 + len(text)
			}
		}
	}
	n := 32 + entry*len(w.entries)
	for _, o := range w.open() {
		n += 16 + entry*len(o.Entries)
	}
	return n
}

func appendEntries(b []byte, entries []Entry) []byte {
	b = binary.AppendUvarint(b, uint64(len(entries)))
	var before int64
	for i := range entries {
		e := &entries[i]
		b = binary.AppendVarint(b, e.Time-before)
		b = append(b, e.ID[:]...)
		b = binary.AppendUvarint(b, uint64(e.Facts))
		b = append(b, e.Step)
		b = binary.LittleEndian.AppendUint64(b, e.Value)
		b = appendCaptured(b, e.Captured)
		before = e.Time
	}
	return b
}

// appendCaptured writes 0 for none, else the number of fields plus 1 and each with its length.
func appendCaptured(b []byte, c *Captured) []byte {
	if c == nil {
		return append(b, 0)
	}
	b = binary.AppendUvarint(b, uint64(len(*c))+1)
	for _, text := range *c {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	return b
}

var errShort = errors.New("window state ends early")

// Decode reads what Append wrote.
func Decode(b []byte) (*Window, error) {
	w := New()
	if err := w.Decode(b); err != nil {
		return nil, err
	}
	return w, nil
}

// Decode reads what Append wrote into a new window. After an error the window is of no use.
func (w *Window) Decode(b []byte) error {
	if len(b) == 0 || b[0] != version && b[0] != version-1 {
		return fmt.Errorf("window state of an unknown version")
	}
	measured := b[0] == version
	d := decoder{b: b[1:]}
	if decided, began := d.varint(), d.varint(); decided != never || began != never {
		w.more = &rest{decided: decided, began: began, lost: never}
	}
	w.entries = d.entries()
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		return errShort
	}
	for range n {
		o := Open{Period: d.varint(), Entries: d.entries()}
		if measured {
			o.Measures = d.measures()
		}
		if k := len(w.open()); k > 0 && w.open()[k-1].Period >= o.Period {
			return errors.New("window state: periods out of order")
		}
		if len(o.Entries) == 0 {
			return errors.New("window state: an alert period without events")
		}
		w.rest().open = append(w.open(), o)
	}
	if measured {
		d.summaries(w)
	}
	if d.err == nil && len(d.b) > 0 {
		d.err = fmt.Errorf("window state: %d bytes too many", len(d.b))
	}
	return d.err
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

const leastEntryBytes = 1 + 16 + 1 + 1 + 8 + 1

func (d *decoder) entries() []Entry {
	n := d.uvarint()
	if n > uint64(len(d.b)/leastEntryBytes) {
		d.err = errShort
		return nil
	}
	if n == 0 {
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
		e.Step, e.Value, e.Captured = d.step(), d.value(), d.captured()
		if k := len(out); k > 0 && compare(out[k-1], e) >= 0 {
			d.err = errors.New("window state: entries out of order")
			return nil
		}
		out = append(out, e)
		before = e.Time
	}
	return out
}

func (d *decoder) step() uint8 {
	if len(d.b) < 1 {
		d.took(0)
		return 0
	}
	step := d.b[0]
	d.took(1)
	return step
}

func (d *decoder) value() uint64 {
	if len(d.b) < 8 {
		d.took(0)
		return 0
	}
	v := binary.LittleEndian.Uint64(d.b)
	d.took(8)
	return v
}

func (d *decoder) captured() *Captured {
	n := d.uvarint()
	if n == 0 {
		return nil
	}
	if n-1 > uint64(len(d.b)) {
		d.err = errShort
		return nil
	}
	c := make(Captured, n-1)
	for i := range c {
		k := d.uvarint()
		if k > uint64(len(d.b)) {
			d.err = errShort
			return nil
		}
		c[i] = string(d.b[:k])
		d.b = d.b[k:]
	}
	return &c
}
