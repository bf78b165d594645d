package window

import (
	"cmp"
	"slices"
	"sort"
)

// silence: an event is a hit if no event of its key follows within the timespan, (e.time, e.time + Timespan]. It is told when
// the watermark has passed that end, whether or not anything follows later; what follows then says how long it lasted. An
// event that is later than allowed unmakes the silence that it breaks; one before all that is remembered says nothing.
//
// No event is held, only spans: from one event to another with no silence between them.

// Span is from an event to an event.
type Span struct{ From, To int64 }

func (w *Window) addSpan(s *Spec, y Entry, changed []int64) (_ []int64, added bool) {
	t := y.Time
	i := sort.Search(len(w.spans()), func(i int) bool { return forth(w.spans()[i].To, s.Timespan) >= t }) // the first that t may join
	switch {
	case i == 0 && t < w.decided() && (len(w.spans()) == 0 || w.spans()[0].From > forth(t, s.Timespan)):
		return changed, false // later than allowed, and what followed it may have been forgotten
	case i == len(w.spans()) || w.spans()[i].From > forth(t, s.Timespan):
		w.sums().spans = slices.Insert(w.spans(), i, Span{t, t})
	case w.spans()[i].From <= t && t <= w.spans()[i].To:
		return changed, false
	default:
		changed = w.unmakeSpan(s, w.spans()[i].To, t, changed)
		w.spans()[i] = Span{min(w.spans()[i].From, t), max(w.spans()[i].To, t)}
		if next := i + 1; next < len(w.spans()) && w.spans()[next].From <= forth(w.spans()[i].To, s.Timespan) {
			changed = w.unmakeSpan(s, w.spans()[i].To, w.spans()[next].To, changed)
			w.spans()[i].To = w.spans()[next].To
			w.sums().spans = slices.Delete(w.spans(), next, next+1)
		}
	}
	return w.tellSpans(s, w.decided(), changed), true
}

// unmakeSpan withdraws the silence after an event that is followed after all.
func (w *Window) unmakeSpan(s *Spec, end, by int64, changed []int64) []int64 {
	if by <= end {
		return changed
	}
	return w.unmeasure(s, end, func(m *Measure) bool { return m.From == end }, changed)
}

// unmeasure takes measures out of the alert of a hit at t, and its entry.
func (w *Window) unmeasure(s *Spec, t int64, which func(*Measure) bool, changed []int64) []int64 {
	i, ok := w.find(s.PeriodOf(t))
	if !ok {
		return changed
	}
	o := &w.open()[i]
	n := len(o.Measures)
	o.Measures = slices.DeleteFunc(o.Measures, func(m Measure) bool { return which(&m) })
	if len(o.Measures) == n {
		return changed
	}
	return w.clear(func(e *Entry) bool { return e.Time == t }, changed)
}

// tellSpans brings the alerts to what the spans say by a watermark.
func (w *Window) tellSpans(s *Spec, watermark int64, changed []int64) []int64 {
	for i, sp := range w.spans() {
		if forth(sp.To, s.Timespan) >= watermark {
			break
		}
		m := Measure{From: sp.To, To: never}
		if i+1 < len(w.spans()) {
			m.To = w.spans()[i+1].From
		}
		p := s.PeriodOf(sp.To)
		changed = w.joinMeasures(p, []Measure{m}, w.join(p, []Entry{{Time: sp.To}}, changed))
	}
	return changed
}

// absorbSpans joins the spans of both, and what that makes of their silences.
func (w *Window) absorbSpans(s *Spec, other *Window, changed []int64) []int64 {
	all := append(slices.Clone(w.spans()), other.spans()...)
	slices.SortFunc(all, func(a, b Span) int { return cmp.Compare(a.From, b.From) })
	var joined []Span
	for _, sp := range all {
		if n := len(joined); n > 0 && sp.From <= forth(joined[n-1].To, s.Timespan) {
			joined[n-1].To = max(joined[n-1].To, sp.To)
		} else {
			joined = append(joined, sp)
		}
	}
	for _, sp := range w.spans() {
		if !slices.ContainsFunc(joined, func(j Span) bool { return j.To == sp.To }) {
			changed = w.unmakeSpan(s, sp.To, forth(sp.To, 1), changed)
		}
	}
	w.sums().spans, w.rest().decided = joined, max(w.decided(), other.decided())
	return w.tellSpans(s, w.decided(), changed)
}

func (w *Window) decideSpans(s *Spec, watermark int64, changed []int64) []int64 {
	changed = w.tellSpans(s, watermark, changed)
	w.rest().decided = watermark
	return changed
}

// keepSilent is for how long a key that fell silent is remembered, so that its alert can say when it spoke again.
const keepSilent = 366 * day

// forgetSpans drops spans whose silence has been told and whose alert is closed; the last one is kept to tell its end.
func (w *Window) forgetSpans(s *Spec, bound int64) bool {
	drop := 0
	for drop < len(w.spans()) && w.spanClosed(s, drop) <= bound {
		drop++
	}
	w.sums().spans = slices.Delete(w.spans(), 0, drop)
	closed := 0
	for closed < len(w.open()) && s.Closes(w.open()[closed].Period) <= bound && (len(w.spans()) == 0 || w.open()[closed].Period < s.PeriodOf(w.spans()[0].To)) {
		closed++
	}
	w.rest().open = slices.Delete(w.open(), 0, closed)
	return drop+closed > 0
}

// spanClosed is the watermark from which on a span says nothing more.
func (w *Window) spanClosed(s *Spec, i int) int64 {
	if i == len(w.spans())-1 {
		return forth(w.spans()[i].To, keepSilent)
	}
	return forth(max(s.Closes(s.PeriodOf(w.spans()[i].To)), w.spans()[i+1].From), s.Timespan)
}

func (w *Window) dueSpan(s *Spec, keep int64) int64 {
	due := int64(endOfTime)
	if len(w.open()) > 0 && (len(w.spans()) == 0 || w.open()[0].Period < s.PeriodOf(w.spans()[0].To)) {
		due = forth(s.Closes(w.open()[0].Period), keep)
	}
	for i, sp := range w.spans() {
		if end := forth(sp.To, s.Timespan); end >= w.decided() {
			return min(due, forth(end, 1))
		}
		due = min(due, forth(w.spanClosed(s, i), keep))
	}
	return due
}
