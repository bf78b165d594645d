package window

import "slices"

// Revised windows count alerts, in a second round: an entry is an alert as it last was, its time that of the alert's last
// event, and its first captured field says which alert it is. With each revision the alert moves, and it may be withdrawn, so
// entries are replaced and taken out again, and the alerts of the periods that this concerns are worked out anew: they are what the definition makes of the
// entries as they now are, however they came to be so. A person has few alerts: no index is needed.

// reached reports whether a window is a hit of a shape that more entries only add to.
func (s *Spec) reached(window []Entry) bool {
	if s.Shape == EventCount {
		return len(window) >= s.AtLeast
	}
	return s.hit(window) != nil
}

// ofAlert returns the entry of an alert.
func (w *Window) ofAlert(y Entry) int {
	return slices.IndexFunc(w.entries, func(e Entry) bool { return (*e.Captured)[0] == (*y.Captured)[0] })
}

// put puts an entry in the place of its alert's.
func (w *Window) put(s *Spec, y Entry, changed []int64) (_ []int64, added bool) {
	if i := w.ofAlert(y); i >= 0 && compare(w.entries[i], y) == 0 && w.entries[i].Facts == y.Facts {
		return changed, false
	}
	periods := w.takeOut(s, y)
	i, _ := w.index(y)
	w.entries = slices.Insert(w.entries, i, y)
	return w.workOut(s, append(periods, w.periodsFrom(s, y.Time)...), changed), true
}

// Remove takes an alert's entry out: it was withdrawn.
func (w *Window) Remove(s *Spec, y Entry, changed []int64) (_ []int64, removed bool) {
	n := len(w.entries)
	periods := w.takeOut(s, y)
	return w.workOut(s, periods, changed), len(w.entries) < n
}

func (w *Window) takeOut(s *Spec, y Entry) (periods []int64) {
	i := w.ofAlert(y)
	if i < 0 {
		return nil
	}
	periods = w.periodsFrom(s, w.entries[i].Time)
	w.entries = slices.Delete(w.entries, i, i+1)
	return periods
}

func (w *Window) workOut(s *Spec, periods, changed []int64) []int64 {
	for i, p := range periods {
		if slices.Contains(periods[:i], p) {
			continue
		}
		changed = w.replace(p, w.worked(s, p, func(*Entry) bool { return true }), changed)
	}
	return changed
}
