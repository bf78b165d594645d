package window

import (
	"math"
	"slices"
	"sort"
)

// Window is the state of one rule and key.
type Window struct {
	entries []Entry // by time, then id, step and value
	more    *rest   // nil: nothing; see rest.go
}

// New returns an empty window.
func New() *Window { return new(Window) }

// Len is the number of entries held, for budgets.
func (w *Window) Len() int {
	if w.more == nil {
		return len(w.entries)
	}
	n := len(w.entries) + len(w.past()) + len(w.spans()) + len(w.runs())
	for _, c := range w.cells() {
		n += len(c.Runs)
	}
	for _, o := range w.open() {
		n += len(o.Entries)
	}
	return n
}

// Empty reports whether nothing is held. A key that new_value has seen once is never empty: that it was known, and since when,
// is all that is left of it.
func (w *Window) Empty() bool { return w.Len() == 0 && w.began() == never && w.drift() == nil }

// Last is the time of the latest event held, or of what is left of it.
func (w *Window) Last(s *Spec) int64 {
	last := int64(never)
	if n := len(w.past()); n > 0 {
		last = s.Normal.start(w.past()[n-1].Index)
	}
	if n := len(w.spans()); n > 0 {
		last = w.spans()[n-1].To
	}
	for _, c := range w.cells() {
		last = max(last, c.Index*s.Grace)
	}
	if n := len(w.entries); n > 0 {
		last = w.entries[n-1].Time
	}
	for _, o := range w.open() {
		last = max(last, o.Entries[len(o.Entries)-1].Time)
	}
	return last
}

// Forgot tells a window how far its rule has forgotten, of this key or another: of an event before that, nobody knows any
// more what was beside it. It is told before an event is added.
func (w *Window) Forgot(s *Spec, bound int64) {
	if bound != never && s.Shape != Silence && s.Deferred() {
		r := w.rest()
		r.decided, r.lost = max(r.decided, bound), bound
	}
}

// Add adds an entry and appends to changed the periods whose alerts it changes. One that is there already changes nothing;
// added says which it was.
func (w *Window) Add(s *Spec, y Entry, changed []int64) (_ []int64, added bool) {
	switch {
	case s.Revised:
		return w.put(s, y, changed)
	case s.Shape == Silence:
		return w.addSpan(s, y, changed)
	case s.Shape == Gap:
		return w.addNumber(s, y, changed)
	case s.Shape == ClockSkew:
		return w.addSkew(s, y, changed)
	case s.Shape == Baseline && w.collapsed(s, y.Time):
		w.addPast(s, y.Time)
		return changed, true
	}
	at, doubled := place(w.entries, &y)
	if doubled {
		return changed, false
	}
	w.entries = slices.Insert(w.entries, at, y)
	if s.AtMost > 0 {
		return w.addBounded(s, y, changed), true
	}
	switch s.Shape {
	case Baseline:
		return changed, true // judged when its bucket is over
	case EventCount:
		return w.addCounted(s, at, changed), true
	case Absence:
		return w.addAround(s, y, changed), true
	case NewValue:
		return w.addValue(s, y, changed), true
	}
	// Every window that holds y is looked at: those of events in [y.Time, y.Time+Timespan).
	end := forth(y.Time, s.Timespan)
	for i := w.after(y.Time - 1); i < len(w.entries) && w.entries[i].Time < end; i = w.after(w.entries[i].Time) { // a tie has one window
		lo, hi := w.bounds(s, i)
		if hit := s.hit(w.entries[lo:hi]); hit != nil {
			changed = w.join(s.PeriodOf(w.entries[i].Time), hit, changed)
		}
	}
	return changed, true
}

// hit returns which entries of a window make it a hit, nil if it is none.
func (s *Spec) hit(window []Entry) []Entry {
	switch s.Shape {
	case ValueCount:
		return s.hitValues(window)
	case ValueSum:
		return s.hitSum(window)
	case Temporal:
		return s.hitTemporal(window)
	}
	return s.hitOrdered(window)
}

// Decide judges what deferred shapes can judge now that the watermark has passed, and appends to changed the periods whose
// alerts that changes. peers are those of all windows of the rule (Observe); nil if it compares with none. Read the alerts
// before Forget.
func (w *Window) Decide(s *Spec, watermark int64, peers Peers, changed []int64) []int64 {
	if !s.Deferred() || watermark <= w.decided() {
		return changed
	}
	switch s.Shape {
	case Baseline:
		return w.decideBuckets(s, watermark, peers, changed)
	case Silence:
		return w.decideSpans(s, watermark, changed)
	case Gap:
		return w.decideCells(s, watermark, changed)
	}
	for i := range w.entries {
		due := s.due(&w.entries[i])
		if due >= watermark {
			break
		}
		if due >= w.decided() {
			changed = w.judge(s, i, changed)
		}
	}
	w.rest().decided = watermark
	return changed
}

// judge joins a deferred entry to its alert if it is a hit.
func (w *Window) judge(s *Spec, i int, changed []int64) []int64 {
	if s.AtMost > 0 {
		if lo, hi := w.bounds(s, i); s.within(w.entries[lo:hi]) && !s.unheld(back(w.entries[i].Time, s.Timespan)) {
			changed = w.join(s.PeriodOf(w.entries[i].Time), w.entries[lo:hi], changed)
		}
		return changed
	}
	hit := false
	switch s.Shape {
	case Absence:
		hit = w.unlinked(s, i)
	case NewValue:
		hit = w.unseen(s, i)
	}
	if hit {
		changed = w.join(s.PeriodOf(w.entries[i].Time), w.entries[i:i+1], changed)
	}
	return changed
}

// Forget drops what no event at or after the watermark can change; keep is how long beyond it the rule remembers. It says
// how many entries went from the front, and whether anything else has changed.
func (w *Window) Forget(s *Spec, watermark, keep int64) (taken int, other bool) {
	bound := back(watermark, keep)
	switch s.Shape {
	case Baseline:
		return 0, w.collapse(s, bound)
	case Silence:
		return 0, w.forgetSpans(s, bound)
	case Gap:
		return 0, w.forgetRuns(s, bound)
	case ClockSkew:
		return 0, false // see addSkew
	}
	old := back(bound, s.reach())
	for taken < len(w.entries) && w.entries[taken].Time <= old {
		taken++
	}
	w.entries = slices.Delete(w.entries, 0, taken)
	other = w.close(s, bound)
	if s.Shape == NewValue && len(w.entries) >= thinFrom && w.thin(back(bound, 1)) {
		other = true
	}
	return taken, other
}

// thinFrom is how many entries make thinning worth while.
const thinFrom = 32

// back is t − d, or the beginning of time if that lies before it.
func back(t, d int64) int64 {
	if t < never+d {
		return never
	}
	return t - d
}

// forth is t + d, or the end of time if that lies beyond it.
func forth(t, d int64) int64 {
	if t > math.MaxInt64-d {
		return math.MaxInt64
	}
	return t + d
}

// Due is the watermark from which on Decide or Forget does something; the end of time if it never will.
func (w *Window) Due(s *Spec, keep int64) int64 {
	due := int64(math.MaxInt64)
	switch s.Shape {
	case Baseline:
		return w.dueBucket(s, keep)
	case Silence:
		return w.dueSpan(s, keep)
	case Gap:
		return w.dueCell(s, keep)
	case ClockSkew:
		return due
	}
	if len(w.entries) > 0 {
		due = forth(forth(w.entries[0].Time, s.reach()), keep)
	}
	if len(w.open()) > 0 {
		due = min(due, forth(s.Closes(w.open()[0].Period), keep))
	}
	if s.Deferred() {
		i := sort.Search(len(w.entries), func(i int) bool { return s.due(&w.entries[i]) >= w.decided() })
		if i < len(w.entries) {
			due = min(due, forth(s.due(&w.entries[i]), 1))
		}
	}
	return due
}

func earliest(a, b int64) int64 {
	if a == never || b != never && b < a {
		return b
	}
	return a
}

// after returns the index of the first entry later than t.
func (w *Window) after(t int64) int {
	n := len(w.entries)
	if n == 0 || w.entries[n-1].Time <= t {
		return n // the common case: events in order
	}
	return sort.Search(n, func(i int) bool { return w.entries[i].Time > t })
}

// bounds returns the entries [lo, hi) of the window that ends with entry i, ties included.
func (w *Window) bounds(s *Spec, i int) (lo, hi int) {
	t := w.entries[i].Time
	return w.after(back(t, s.Timespan)), w.after(t)
}
