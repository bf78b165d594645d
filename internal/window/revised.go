package window

import (
	"slices"

	"probity/internal/event"
)

// Revised windows count alerts, in a second round: an entry is an alert, its id is the alert's, and its time that of the
// alert's last event. With each revision the alert moves, and it may be withdrawn, so entries are replaced and taken out
// again, and the alerts of the periods that this concerns are worked out anew: they are what the definition makes of the
// entries as they now are, however they came to be so. A person has few alerts: no index is needed.

// reached reports whether a window is a hit of a shape that more entries only add to.
func (s *Spec) reached(window []Entry) bool {
	if s.Shape == EventCount {
		return len(window) >= s.AtLeast
	}
	return s.hit(window) != nil
}

// put puts an entry in the place of the one with its id.
func (w *Window) put(s *Spec, y Entry, changed []int64) (_ []int64, added bool) {
	if i, ok := w.index(y); ok && w.entries[i] == y {
		return changed, false
	}
	periods := w.takeOut(s, y)
	i, _ := w.index(y)
	w.entries = slices.Insert(w.entries, i, y)
	return w.workOut(s, append(periods, w.periodsFrom(s, y.Time)...), changed), true
}

// Remove takes the entry with an id out: an alert was withdrawn.
func (w *Window) Remove(s *Spec, y Entry, changed []int64) (_ []int64, removed bool) {
	n := len(w.entries)
	periods := w.takeOut(s, y)
	return w.workOut(s, periods, changed), len(w.entries) < n
}

// Find returns the entries whose ids are among these.
func (w *Window) Find(ids map[event.ID]bool) (out []Entry) {
	for _, e := range w.entries {
		if ids[e.ID] {
			out = append(out, e)
		}
	}
	return out
}

func (w *Window) takeOut(s *Spec, y Entry) (periods []int64) {
	i := slices.IndexFunc(w.entries, func(e Entry) bool { return e.ID == y.ID })
	if i < 0 {
		return nil
	}
	periods = w.periodsFrom(s, w.entries[i].Time)
	w.entries = slices.Delete(w.entries, i, i+1)
	return periods
}

// workAllOut works out every alert: the threshold or the period has changed.
func (w *Window) workAllOut(s *Spec) (changed []int64) {
	periods := w.Periods()
	for i := range w.entries {
		periods = append(periods, s.PeriodOf(w.entries[i].Time))
	}
	return w.workOut(s, periods, nil)
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
