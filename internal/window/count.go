package window

// event_count: an event is a hit if at least AtLeast entries lie in its window.

// addCounted is Add for the shape that most rules have: an event in order costs a few comparisons, not its whole window.
func (w *Window) addCounted(s *Spec, at int, changed []int64) []int64 {
	y := w.entries[at]
	end := forth(y.Time, s.Timespan)
	for i := w.after(y.Time - 1); i < len(w.entries) && w.entries[i].Time < end; i = w.after(w.entries[i].Time) { // a tie has one window
		lo, hi := w.bounds(s, i)
		if hi-lo < s.AtLeast {
			continue
		}
		period := s.PeriodOf(w.entries[i].Time)
		alone := w.entries[i].Time == y.Time && w.after(y.Time) == i+1
		if !alone && hi-lo > s.AtLeast { // it was a hit without y: the rest of its window is in its alert
			lo, hi = at, at+1
		} else if alone {
			lo = max(lo, w.covered(s, at, period))
		}
		changed = w.join(period, w.entries[lo:hi], changed)
	}
	return changed
}

// covered returns up to which entry the alert of the period surely holds what the window of the new entry at holds: its
// predecessor's window, if that was a hit of the same period before.
func (w *Window) covered(s *Spec, at int, period int64) int {
	if at == 0 || s.PeriodOf(w.entries[at-1].Time) != period {
		return 0
	}
	lo, hi := w.bounds(s, at-1)
	if hi-lo < s.AtLeast {
		return 0
	}
	return hi
}
