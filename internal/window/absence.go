package window

// absence: an event (step 0) is a hit if no link (step 1) lies in [e.time − Before, e.time + After]. It is told when the
// watermark has passed e.time + After. A link that comes later than allowed unmakes the hits around it; a late event is
// judged at once if its time has passed. The hits alone belong to the alert.

const linkStep = 1

func (w *Window) addAround(s *Spec, y Entry, changed []int64) []int64 {
	if y.Step == linkStep {
		from, to := back(y.Time, s.After), forth(y.Time, s.Before)
		return w.clear(func(e *Entry) bool { return from <= e.Time && e.Time <= to }, changed)
	}
	if s.due(&y) < w.decided() && forth(y.Time, s.After) >= w.lost() { // else its link may have been forgotten
		if i, ok := w.index(y); ok {
			changed = w.judge(s, i, changed)
		}
	}
	return changed
}

// index finds an entry.
func (w *Window) index(e Entry) (int, bool) { return place(w.entries, &e) }

func (w *Window) unlinked(s *Spec, i int) bool {
	e := &w.entries[i]
	if e.Step == linkStep || s.unheld(back(e.Time, s.Before)) {
		return false
	}
	to := forth(e.Time, s.After)
	for k := w.after(back(e.Time, s.Before) - 1); k < len(w.entries) && w.entries[k].Time <= to; k++ {
		if w.entries[k].Step == linkStep {
			return false
		}
	}
	return true
}
