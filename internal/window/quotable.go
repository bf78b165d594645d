package window

// Quotable reports whether an alert that quotes its first n entries may ever quote an entry that was just added. What follows
// from the entries beside it cannot be unmade: later ones only take hits away from these shapes, or make them none that are
// earlier. Of other shapes any entry may become part of a hit.
//
//   - absence: a link accounts for others, and is itself no hit.
//   - new_value: an entry is no hit if its value was seen before it, within the look-back.
//   - baseline: a bucket belongs to its alert whole, so n entries of it that are earlier come first; what is added to a bucket
//     whose events are no longer held is but counted.
func (w *Window) Quotable(s *Spec, y Entry, n int) bool {
	if s.Revised || s.AtMost > 0 {
		return true
	}
	switch s.Shape {
	case Absence:
		return y.Step != linkStep
	case NewValue:
		return y.Step != AlibiStep && !w.seen(s, y)
	case Baseline:
		return !w.collapsed(s, y.Time) && w.before(s, y, n) < n
	}
	return true
}

// seen reports whether the value of an entry was seen before it, within the look-back.
func (w *Window) seen(s *Spec, y Entry) bool {
	for k := w.after(back(y.Time, s.Timespan) - 1); k < len(w.entries) && w.entries[k].Time < y.Time; k++ {
		if w.entries[k].Value == y.Value {
			return true
		}
	}
	return false
}

// before counts the other events that come before an entry in its bucket, up to n of them.
func (w *Window) before(s *Spec, y Entry, n int) (events int) {
	last := y.ID
	for k := w.after(s.Normal.start(s.Normal.bucketOf(y.Time)) - 1); k < len(w.entries) && events < n; k++ {
		e := &w.entries[k]
		if compare(*e, y) >= 0 {
			break
		}
		if e.ID != last && e.ID != y.ID { // an event with several values is several entries
			events++
		}
		last = e.ID
	}
	return events
}
