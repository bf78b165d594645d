package window

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// version is what Append writes. Decode reads the two before, too: 3 wrote every part of a window and of an entry, whether it
// held anything or not, and 2 had no measures and nothing of the shapes that have.
const version = 4

// What follows of a window, by the bits of its second byte; the entries always do.
const (
	hasDecided = 1 << iota
	hasBegan
	hasOpen
	hasSums
	hasAll = 1<<iota - 1
)

// Append appends the encoded state to b; see the package comment for the form.
func (w *Window) Append(b []byte) []byte {
	has := w.decidedBits()
	if len(w.open()) > 0 {
		has |= hasOpen
	}
	if w.summed() {
		has |= hasSums
	}
	b = w.appendDecided(append(b, version, has), has)
	b = appendEntries(b, w.entries)
	if has&hasOpen != 0 {
		b = binary.AppendUvarint(b, uint64(len(w.open())))
		for _, o := range w.open() {
			b = binary.AppendVarint(b, o.Period)
			b = appendMeasures(appendEntries(b, o.Entries), o.Measures)
		}
	}
	if has&hasSums != 0 {
		b = w.appendSummaries(b)
	}
	return b
}

func (w *Window) decidedBits() (has byte) {
	if w.decided() != never {
		has |= hasDecided
	}
	if w.began() != never {
		has |= hasBegan
	}
	return has
}

func (w *Window) appendDecided(b []byte, has byte) []byte {
	if has&hasDecided != 0 {
		b = binary.AppendVarint(b, w.decided())
	}
	if has&hasBegan != 0 {
		b = binary.AppendVarint(b, w.began())
	}
	return b
}

// Encoded is about how many bytes Append adds, and rarely fewer.
func (w *Window) Encoded() int {
	entry := leastEntryBytes + 8 + 6 // it may be the first, whose time is a long number
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
		b = entries[i].append(b, before)
		before = entries[i].Time
	}
	return b
}

// What follows of an entry, by the bits of the byte behind its time; the id always does. Most entries have nothing else.
const (
	hasFacts = 1 << iota
	hasStep
	hasValue
	hasCaptured
	hasEach = 1<<iota - 1
)

// append writes an entry, its time as the difference to the one before.
func (e *Entry) append(b []byte, before int64) []byte {
	b = binary.AppendVarint(b, e.Time-before)
	at := len(b)
	b = append(append(b, 0), e.ID[:]...)
	if e.Facts != 0 {
		b[at] |= hasFacts
		b = binary.AppendUvarint(b, uint64(e.Facts))
	}
	if e.Step != 0 {
		b[at] |= hasStep
		b = append(b, e.Step)
	}
	if e.Value != 0 {
		b[at] |= hasValue
		b = binary.LittleEndian.AppendUint64(b, e.Value)
	}
	if e.Captured != nil {
		b[at] |= hasCaptured
		b = appendCaptured(b, e.Captured)
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

// Decode reads what Append wrote, and what AppendChange has put behind it since, into a new window. After an error the window
// is of no use.
func (w *Window) Decode(b []byte) error {
	if len(b) == 0 {
		return errShort
	}
	d := decoder{b: b[1:], form: b[0]}
	has := byte(hasAll)
	switch d.form {
	case version:
		if has = d.byte(); has > hasAll {
			return errors.New("window state of an unknown form")
		}
	case 3:
	case 2:
		has &^= hasSums
	default:
		return fmt.Errorf("window state of an unknown version")
	}
	d.decided(w, has)
	w.entries = d.entries()
	if has&hasOpen != 0 {
		if err := d.open(w); err != nil {
			return err
		}
	}
	if has&hasSums != 0 {
		d.summaries(w)
	}
	for d.err == nil && len(d.b) > 0 {
		d.change(w)
	}
	return d.err
}

func (d *decoder) decided(w *Window, has byte) {
	decided, began := int64(never), int64(never)
	if has&hasDecided != 0 {
		decided = d.varint()
	}
	if has&hasBegan != 0 {
		began = d.varint()
	}
	if decided != never {
		w.rest().decided = decided
	}
	if began != never {
		w.rest().began = began
	}
}

func (d *decoder) open(w *Window) error {
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		return errShort
	}
	for range n {
		o := Open{Period: d.varint(), Entries: d.entries()}
		if d.form > 2 {
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
	return d.err
}

type decoder struct {
	b    []byte
	form byte // the version
	err  error
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

const leastEntryBytes = 1 + 1 + 16

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
		e := d.entry(before)
		if d.err != nil {
			return nil
		}
		if k := len(out); k > 0 && out[k-1].compare(&e) >= 0 {
			d.err = errors.New("window state: entries out of order")
			return nil
		}
		out = append(out, e)
		before = e.Time
	}
	return out
}

func (d *decoder) entry(before int64) (e Entry) {
	e.Time = before + d.varint()
	has := byte(hasEach)
	if d.form >= 4 {
		has = d.byte()
	}
	if has > hasEach || len(d.b) < len(e.ID) {
		d.took(0)
		return e
	}
	copy(e.ID[:], d.b)
	d.b = d.b[len(e.ID):]
	if has&hasFacts != 0 {
		e.Facts = uint32(d.uvarint())
	}
	if has&hasStep != 0 {
		e.Step = d.byte()
	}
	if has&hasValue != 0 {
		e.Value = d.value()
	}
	if has&hasCaptured != 0 {
		e.Captured = d.captured()
	}
	return e
}

func (d *decoder) byte() byte {
	if len(d.b) < 1 {
		d.took(0)
		return 0
	}
	v := d.b[0]
	d.took(1)
	return v
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
