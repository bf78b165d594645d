package window

import (
	"encoding/binary"
	"errors"
	"math"
)

// summed reports whether there is anything to write of it.
func (w *Window) summed() bool {
	return len(w.past())+len(w.spans())+len(w.cells())+len(w.runs()) > 0 || w.drift() != nil
}

// appendSummaries writes what the shapes that measure hold in place of entries.
func (w *Window) appendSummaries(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(w.past())))
	for _, p := range w.past() {
		b = appendVarints(b, p.Index, p.N)
	}
	b = binary.AppendUvarint(b, uint64(len(w.spans())))
	for _, p := range w.spans() {
		b = appendVarints(b, p.From, p.To)
	}
	b = binary.AppendUvarint(b, uint64(len(w.cells())))
	for _, c := range w.cells() {
		b = appendRuns(binary.AppendVarint(b, c.Index), c.Runs)
	}
	b = appendRuns(b, w.runs())
	if d := w.drift(); d != nil {
		return appendVarints(append(b, 1), d.index, d.n, d.least, d.top)
	}
	return append(b, 0)
}

func appendVarints(b []byte, values ...int64) []byte {
	for _, v := range values {
		b = binary.AppendVarint(b, v)
	}
	return b
}

func appendRuns(b []byte, runs []Run) []byte {
	b = binary.AppendUvarint(b, uint64(len(runs)))
	for _, r := range runs {
		b = binary.AppendUvarint(binary.AppendUvarint(b, r.Lo), r.Hi)
		b = binary.AppendVarint(b, r.At)
	}
	return b
}

func appendMeasures(b []byte, measures []Measure) []byte {
	b = binary.AppendUvarint(b, uint64(len(measures)))
	for _, m := range measures {
		b = appendVarints(b, m.From, m.To, m.Observed)
		for _, u := range []Usual{m.Own, m.Peers} {
			b = appendVarints(b, int64(u.Among), u.Median, u.Spread)
		}
		b = binary.AppendUvarint(appendRuns(b, m.Missing), m.Next)
	}
	return b
}

// count reads how many of something follow that takes at least so many bytes each.
func (d *decoder) count(least int) int {
	n := d.uvarint()
	if n > uint64(len(d.b)/least) {
		d.err = errShort
		return 0
	}
	return int(n)
}

// summaries reads what the shapes that measure hold in place of entries.
func (d *decoder) summaries(w *Window) {
	for range d.count(2) {
		w.sums().past = append(w.past(), Bucket{d.varint(), d.varint()})
		d.rising(len(w.past()), func(i int) int64 { return w.past()[i].Index })
	}
	for range d.count(2) {
		w.sums().spans = append(w.spans(), Span{d.varint(), d.varint()})
		d.rising(2*len(w.spans()), func(i int) int64 { return [2]int64{w.spans()[i/2].From, w.spans()[i/2].To}[i%2] })
	}
	for range d.count(2) {
		w.sums().cells = append(w.cells(), Cell{d.varint(), d.runs()})
		d.rising(len(w.cells()), func(i int) int64 { return w.cells()[i].Index })
	}
	if runs := d.runs(); len(runs) > 0 {
		w.sums().runs = runs
	}
	if d.byte() != 0 {
		w.sums().drift = &drift{d.varint(), d.varint(), d.varint(), d.varint()}
	}
}

// rising checks that the last of n numbers is no lower than the one before.
func (d *decoder) rising(n int, at func(i int) int64) {
	for i := max(1, n-2); i < n; i++ {
		d.ordered(at(i-1) <= at(i))
	}
}

func (d *decoder) ordered(ok bool) {
	if !ok && d.err == nil {
		d.err = errors.New("window state: out of order")
	}
}

func (d *decoder) runs() (out []Run) {
	for range d.count(3) {
		r := Run{d.uvarint(), d.uvarint(), d.varint()}
		n := len(out)
		d.ordered(r.Lo <= r.Hi && r.Hi <= math.MaxInt64 && (n == 0 || out[n-1].Hi < r.Lo))
		out = append(out, r)
	}
	return out
}

func (d *decoder) measures() (out []Measure) {
	for range d.count(11) {
		m := Measure{From: d.varint(), To: d.varint(), Observed: d.varint()}
		for _, u := range []*Usual{&m.Own, &m.Peers} {
			*u = Usual{int(d.varint()), d.varint(), d.varint()}
		}
		m.Missing, m.Next = d.runs(), d.uvarint()
		d.ordered(len(out) == 0 || compareMeasures(out[len(out)-1], m) < 0)
		out = append(out, m)
	}
	return out
}
