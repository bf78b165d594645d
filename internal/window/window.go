package window

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// Shape is what makes an event a hit.
type Shape uint8

// The shapes; each has a file with its definition.
const (
	EventCount Shape = iota
	ValueCount
	Temporal
	TemporalOrdered
	Absence
	NewValue
	ValueSum
	Baseline
	Silence
	Gap
	ClockSkew
)

// Spec is what a rule says of its windows. Times are nanoseconds.
type Spec struct {
	Shape    Shape
	Timespan int64 // of the window (t − Timespan, t]; for NewValue the look-back; at least 1
	Period   int64 // of an alert; at least 1
	AtLeast  int   // the counts, the sum: how many make a hit; Baseline, ClockSkew: fewer say nothing; at least 1
	AtMost   int   // EventCount, ValueCount: more make none; 0: no bound
	Steps    int   // Temporal, TemporalOrdered: how many there are

	// Revised: entries are alerts, which move with each revision and may be withdrawn; see revised.go. The counts and the sum.
	Revised bool

	// Where says whether entries, one for each step in their order, belong together; nil: all do.
	Where func(tuple []*Captured) bool

	// Wait: Baseline, and counts with an upper bound: for how long a newer table may still bring an event that belongs to
	// what is judged. Before that it says nothing: what is unknown may account for it.
	Wait int64

	Before, After int64 // Absence: where the link may be, around the event; else 0
	History       int64 // NewValue: for how long the key must have been known
	Normal        Normal
	Grace         int64 // Gap: how far times and numbers may be out of step; at least 1
	Tolerance     int64 // ClockSkew: what is no skew yet

	Horizon int64 // what lies before may have been given up; 0: nothing; see horizon.go
}

// Deferred reports whether a hit can only be told when the watermark has passed: more events can unmake it.
func (s *Spec) Deferred() bool {
	switch s.Shape {
	case Absence, NewValue, Baseline, Silence, Gap:
		return true
	}
	return s.AtMost > 0
}

// Measured reports whether it is measures that the alerts hold, of whatever the events were, and not the events: of the
// shapes that watch the sources themselves. Their windows hold no events, and their entries no ids.
func (s *Spec) Measured() bool { return s.Shape == Silence || s.Shape == Gap || s.Shape == ClockSkew }

// reach is for how long after its time an entry can still matter to an event that is not late.
func (s *Spec) reach() int64 {
	switch s.Shape {
	case Absence:
		return s.Before + s.After + 1 // a link is asked for until the last event that it can clear is judged
	case NewValue:
		return s.Timespan + 1 // its look-back is closed at both ends
	}
	if s.AtMost > 0 || s.Revised {
		return s.Timespan + s.Period // an alert that is still open may be worked out anew
	}
	return s.Timespan
}

// due is the watermark that must have been passed before a deferred entry is judged: up to it, a fact may still come.
func (s *Spec) due(e *Entry) int64 {
	if s.Shape == Absence {
		return forth(e.Time, s.After)
	}
	return forth(e.Time, s.Wait)
}

// PeriodOf returns the index of the alert period that holds time t.
func (s *Spec) PeriodOf(t int64) int64 {
	p := t / s.Period
	if t%s.Period < 0 {
		p--
	}
	return p
}

// Closes is the watermark, beside what the rule keeps, at which the last hit of a period has been judged.
func (s *Spec) Closes(p int64) int64 {
	if p >= math.MaxInt64/s.Period-1 {
		return math.MaxInt64
	}
	return forth((p+1)*s.Period, s.Settles())
}

// Settles is for how long after the end of a period, beside what the rule keeps, a hit of it may still be told: a baseline's
// bucket ends long after its last event.
func (s *Spec) Settles() int64 { return s.After + 2*s.Grace + s.Normal.longest() }

// never is before every watermark, endOfTime behind each.
const (
	never     = math.MinInt64
	endOfTime = math.MaxInt64
)

// Window is the state of one rule and key.
type Window struct {
	entries []Entry // by time, then id, step and value
	open    []Open  // by period
	decided int64   // deferred shapes: what was due before this watermark has been judged
	began   int64   // NewValue: time of the key's first event, also when it is no longer held; never if there was none
	lost    int64   // deferred shapes: what lies before has been forgotten; not encoded, see Forgot

	past  []Bucket // Baseline: what its buckets held whose events are no longer
	spans []Span   // Silence: from event to event, none of them further from the next than the timespan
	cells []Cell   // Gap: the numbers that were seen and are not judged yet
	runs  []Run    // Gap: those that are
	drift *drift   // ClockSkew: the bucket that is being read; nil before the first event
}

// Open is an alert period with hits.
type Open struct {
	Period   int64
	Entries  []Entry   // distinct events of all its hits, by time, then id
	Measures []Measure // by From, of shapes that measure: one for each hit
}

// New returns an empty window.
func New() *Window { return &Window{decided: never, began: never, lost: never} }

// Len is the number of entries held, for budgets.
func (w *Window) Len() int {
	n := len(w.entries) + len(w.past) + len(w.spans) + len(w.runs)
	for _, c := range w.cells {
		n += len(c.Runs)
	}
	for _, o := range w.open {
		n += len(o.Entries)
	}
	return n
}

// Empty reports whether nothing is held. A key that new_value has seen once is never empty: that it was known, and since when,
// is all that is left of it.
func (w *Window) Empty() bool { return w.Len() == 0 && w.began == never && w.drift == nil }

// Alert returns the entries of an alert period, nil if it has no hit. They are shared: read only.
func (w *Window) Alert(period int64) []Entry {
	if i, ok := w.find(period); ok {
		return w.open[i].Entries
	}
	return nil
}

// Measures returns what was measured in an alert period; nil of shapes that measure nothing. Read only.
func (w *Window) Measures(period int64) []Measure {
	if i, ok := w.find(period); ok {
		return w.open[i].Measures
	}
	return nil
}

// Periods lists the alert periods that are open.
func (w *Window) Periods() []int64 {
	out := make([]int64, len(w.open))
	for i, o := range w.open {
		out[i] = o.Period
	}
	return out
}

// Last is the time of the latest event held, or of what is left of it.
func (w *Window) Last(s *Spec) int64 {
	last := int64(never)
	if n := len(w.past); n > 0 {
		last = s.Normal.start(w.past[n-1].Index)
	}
	if n := len(w.spans); n > 0 {
		last = w.spans[n-1].To
	}
	for _, c := range w.cells {
		last = max(last, c.Index*s.Grace)
	}
	if n := len(w.entries); n > 0 {
		last = w.entries[n-1].Time
	}
	for _, o := range w.open {
		last = max(last, o.Entries[len(o.Entries)-1].Time)
	}
	return last
}

// Forgot tells a window how far its rule has forgotten, of this key or another: of an event before that, nobody knows any
// more what was beside it. It is told before an event is added.
func (w *Window) Forgot(s *Spec, bound int64) {
	if s.Shape != Silence && s.Deferred() {
		w.decided, w.lost = max(w.decided, bound), bound
	}
}

func (w *Window) find(period int64) (int, bool) {
	return slices.BinarySearchFunc(w.open, period, func(o Open, p int64) int { return cmp.Compare(o.Period, p) })
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
	at, doubled := slices.BinarySearchFunc(w.entries, y, compare)
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
	for i := w.after(y.Time - 1); i < len(w.entries) && w.entries[i].Time < end; i++ {
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
	if !s.Deferred() || watermark <= w.decided {
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
		if due >= w.decided {
			changed = w.judge(s, i, changed)
		}
	}
	w.decided = watermark
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
// whether there was anything.
func (w *Window) Forget(s *Spec, watermark, keep int64) bool {
	bound := back(watermark, keep)
	switch s.Shape {
	case Baseline:
		return w.collapse(s, bound)
	case Silence:
		return w.forgetSpans(s, bound)
	case Gap:
		return w.forgetRuns(s, bound)
	case ClockSkew:
		return false // see addSkew
	}
	old := back(bound, s.reach())
	drop := 0
	for drop < len(w.entries) && w.entries[drop].Time <= old {
		drop++
	}
	w.entries = slices.Delete(w.entries, 0, drop)
	forgot := w.close(s, bound) || drop > 0
	if s.Shape == NewValue && len(w.entries) >= thinFrom {
		return w.thin(back(bound, 1)) || forgot
	}
	return forgot
}

// close drops the alert periods whose last hit has been judged.
func (w *Window) close(s *Spec, bound int64) bool {
	closed := 0
	for closed < len(w.open) && s.Closes(w.open[closed].Period) <= bound {
		closed++
	}
	w.open = slices.Delete(w.open, 0, closed)
	return closed > 0
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
	if len(w.open) > 0 {
		due = min(due, forth(s.Closes(w.open[0].Period), keep))
	}
	if s.Deferred() {
		i := sort.Search(len(w.entries), func(i int) bool { return s.due(&w.entries[i]) >= w.decided })
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

// join adds entries to a period's alert.
func (w *Window) join(period int64, entries []Entry, changed []int64) []int64 {
	i, ok := w.find(period)
	if !ok {
		w.open = slices.Insert(w.open, i, Open{Period: period})
	}
	o := &w.open[i]
	grew := false
	for _, e := range entries {
		if n := len(o.Entries); n == 0 || compare(o.Entries[n-1], e) < 0 {
			o.Entries, grew = append(o.Entries, e), true
			continue
		}
		if at, there := slices.BinarySearchFunc(o.Entries, e, compare); !there {
			o.Entries, grew = slices.Insert(o.Entries, at, e), true
		}
	}
	if grew {
		changed = note(changed, period)
	}
	return changed
}

// clear takes entries out of the alerts: a late event unmade them. An alert that is left without any is withdrawn.
func (w *Window) clear(unmade func(e *Entry) bool, changed []int64) []int64 {
	for i := 0; i < len(w.open); i++ {
		o := &w.open[i]
		n := len(o.Entries)
		o.Entries = slices.DeleteFunc(o.Entries, func(e Entry) bool { return unmade(&e) })
		if len(o.Entries) == n {
			continue
		}
		changed = note(changed, o.Period)
		if len(o.Entries) == 0 {
			w.open = slices.Delete(w.open, i, i+1)
			i--
		}
	}
	return changed
}

func note(changed []int64, period int64) []int64 {
	if slices.Contains(changed, period) {
		return changed
	}
	return append(changed, period)
}
