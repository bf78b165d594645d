package window

import "slices"

// new_value: an event is a hit if no event of its key before it, within the look-back [e.time − Timespan, e.time), has its
// value, and the key's first event is at least History older. It is told when the watermark has passed e.time. A late event
// unmakes the hits with its value that follow within the look-back; it is judged itself only if nothing with its value
// followed, because what preceded may be thinned out. The hits alone belong to the alert.
//
// An event of which it is not known whether it counts (step 1) is no hit and does not make the key known, but its value has
// been seen: unknown never accuses.

// AlibiStep is the step of such an event.
const AlibiStep = 1

func (w *Window) addValue(s *Spec, y Entry, changed []int64) []int64 {
	if y.Step != AlibiStep {
		w.rest().began = earliest(w.began(), y.Time)
	}
	if y.Time >= w.decided() {
		return changed
	}
	until := forth(y.Time, s.Timespan)
	changed = w.clear(func(e *Entry) bool { return e.Value == y.Value && y.Time < e.Time && e.Time <= until }, changed)
	followed := slices.ContainsFunc(w.entries[w.after(y.Time):], func(e Entry) bool { return e.Value == y.Value })
	if i, ok := w.index(y); ok && !followed && y.Time >= w.lost() { // else what preceded may have been forgotten
		changed = w.judge(s, i, changed)
	}
	return changed
}

func (w *Window) unseen(s *Spec, i int) bool {
	e := &w.entries[i]
	if e.Step == AlibiStep || w.began() > back(e.Time, s.History) || s.unheld(back(e.Time, s.Timespan)) {
		return false
	}
	from := w.after(back(e.Time, s.Timespan) - 1)
	for k := i - 1; k >= from; k-- {
		if w.entries[k].Value == e.Value && w.entries[k].Time < e.Time {
			return false
		}
	}
	return true
}

// thin drops entries that a later one with the same value stands for: only the newest before an event decides about it.
// What a late event or a repeat may still ask for, back to bound, stays.
func (w *Window) thin(bound int64) bool {
	end := w.after(bound)
	newest := make(map[uint64]bool)
	keep := make([]bool, end)
	for i := end - 1; i >= 0; i-- {
		keep[i] = !newest[w.entries[i].Value]
		newest[w.entries[i].Value] = true
	}
	i := -1
	before := len(w.entries)
	w.entries = slices.DeleteFunc(w.entries, func(Entry) bool { i++; return i < end && !keep[i] })
	return len(w.entries) < before
}
