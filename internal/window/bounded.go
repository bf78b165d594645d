package window

import "slices"

// event_count and value_count with an upper bound (lt, lte, eq): an event is a hit if its window holds at least AtLeast and
// at most AtMost. More events can unmake it, so it is told when the watermark has passed its time by Wait. An event that comes later
// than allowed takes the hits away that it unmakes, and makes none: what it lacks beside it may have been forgotten.

// within reports whether a window holds neither too few nor too many.
func (s *Spec) within(window []Entry) bool {
	n := len(window)
	if s.Shape == ValueCount {
		distinct := make(map[uint64]struct{}, s.AtMost)
		for _, e := range window {
			distinct[e.Value] = struct{}{}
		}
		n = len(distinct)
	}
	return s.AtLeast <= n && n <= s.AtMost
}

func (w *Window) addBounded(s *Spec, y Entry, changed []int64) []int64 {
	if s.due(&y) >= w.decided() {
		return changed
	}
	for _, period := range w.periodsFrom(s, y.Time) {
		if old := w.Alert(period); old != nil {
			still := w.worked(s, period, func(e *Entry) bool { return s.due(e) < w.decided() })
			changed = w.replace(period, common(old, still), changed)
		}
	}
	return changed
}

// absorbBounded joins the entries of both, and judges all windows anew that have been judged.
func (w *Window) absorbBounded(s *Spec, other *Window, changed []int64) []int64 {
	w.rest().decided = max(w.decided(), other.decided())
	w.entries = union(w.entries, other.entries)
	var periods []int64
	for _, o := range append(slices.Clone(w.open()), other.open()...) {
		periods = note(periods, o.Period)
	}
	for _, e := range w.entries {
		periods = note(periods, s.PeriodOf(e.Time))
	}
	for _, p := range periods {
		changed = w.replace(p, w.worked(s, p, func(e *Entry) bool { return s.due(e) < w.decided() }), changed)
	}
	return changed
}

// worked works out what the alert of a period holds from the entries held: those in the windows of its hits. judged says
// which events may be hits.
func (w *Window) worked(s *Spec, period int64, judged func(*Entry) bool) (out []Entry) {
	for i := range w.entries {
		e := &w.entries[i]
		if s.PeriodOf(e.Time) != period || !judged(e) {
			continue
		}
		lo, hi := w.bounds(s, i)
		if window := w.entries[lo:hi]; s.AtMost > 0 && s.within(window) || s.AtMost == 0 && s.reached(window) {
			out = union(out, window)
		}
	}
	return out
}

// periodsFrom are the periods of the events whose windows hold an event of time t.
func (w *Window) periodsFrom(s *Spec, t int64) (periods []int64) {
	end := forth(t, s.Timespan)
	for i := w.after(back(t, 1)); i < len(w.entries) && w.entries[i].Time < end; i++ {
		periods = note(periods, s.PeriodOf(w.entries[i].Time))
	}
	return periods
}

// replace makes entries those of a period's alert, which is withdrawn if there are none.
func (w *Window) replace(period int64, entries []Entry, changed []int64) []int64 {
	i, there := w.find(period)
	switch {
	case !there && len(entries) == 0:
		return changed
	case !there:
		w.rest().open = slices.Insert(w.open(), i, Open{Period: period})
	case slices.EqualFunc(w.open()[i].Entries, entries, func(a, b Entry) bool { return compare(a, b) == 0 && a.Facts == b.Facts }):
		return changed
	case len(entries) == 0:
		w.rest().open = slices.Delete(w.open(), i, i+1)
		return note(changed, period)
	}
	w.open()[i].Entries = entries
	return note(changed, period)
}

// union returns the entries of both, in order.
func union(a, b []Entry) []Entry {
	out := append(slices.Clone(a), b...)
	slices.SortFunc(out, compare)
	return slices.CompactFunc(out, func(a, b Entry) bool { return compare(a, b) == 0 })
}

// common returns the entries of a that b holds, too.
func common(a, b []Entry) (out []Entry) {
	for _, e := range a {
		if _, in := slices.BinarySearchFunc(b, e, compare); in {
			out = append(out, e)
		}
	}
	return out
}
