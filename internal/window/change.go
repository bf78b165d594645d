package window

import (
	"encoding/binary"
	"errors"
	"slices"
)

// A window that has many entries changes by few of them. So the state that was saved last may be followed by changes, which
// say what came and what went since, and cost what they hold. See the package comment for their form.

// Entries is how many events are held, without those that only alerts hold: if Add, which says that it added, has made it
// one more, and no period has changed, then the entry is all that is new, beside what every change says.
func (w *Window) Entries() int { return len(w.entries) }

// changeForm begins a change.
const changeForm = 1

// AppendChange appends to b, which holds the encoded state as it was before or is to be put behind it, that these entries were
// added since, and then so many taken from the front.
func (w *Window) AppendChange(b []byte, added []*Entry, taken int) []byte {
	has := w.decidedBits()
	b = w.appendDecided(append(b, changeForm, has), has)
	b = binary.AppendUvarint(b, uint64(len(added)))
	var before int64
	for _, e := range added {
		b = e.append(b, before)
		before = e.Time
	}
	return binary.AppendUvarint(b, uint64(taken))
}

// change reads a change and makes it.
func (d *decoder) change(w *Window) {
	d.form = version // whatever the state's own is
	form, has := d.byte(), d.byte()
	if form != changeForm || has > hasDecided|hasBegan {
		d.took(0)
		return
	}
	d.decided(w, has)
	n := d.uvarint()
	if n > uint64(len(d.b)/leastEntryBytes) {
		d.took(0)
		return
	}
	w.entries = slices.Grow(w.entries, int(n))
	var before int64
	for range n {
		e := d.entry(before)
		if d.err != nil {
			return
		}
		at, doubled := place(w.entries, &e)
		if doubled {
			d.err = errors.New("window state: a change adds what is there")
			return
		}
		w.entries = slices.Insert(w.entries, at, e)
		before = e.Time
	}
	taken := d.uvarint()
	if taken > uint64(len(w.entries)) {
		d.err = errors.New("window state: a change takes more than there is")
		return
	}
	w.entries = slices.Delete(w.entries, 0, int(taken))
}
