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
		return !w.collapsed(s, y.Time) && !w.preceded(s, &y, n)
	}
	return true
}

// seen reports whether the value of an entry was seen before it, within the look-back. What is seen again was mostly seen a
// little while ago.
func (w *Window) seen(s *Spec, y Entry) bool {
	since := back(y.Time, s.Timespan)
	for k := w.after(back(y.Time, 1)) - 1; k >= 0 && w.entries[k].Time >= since; k-- {
		if w.entries[k].Value == y.Value {
			return true
		}
	}
	return false
}

// preceded reports whether n other events come before an entry in its bucket.
func (w *Window) preceded(s *Spec, y *Entry, n int) bool {
	at, _ := place(w.entries, y)
	if at < n {
		return false // the common case, with the next: no bucket's beginning is worked out
	}
	bucket := s.Normal.bucketOf(y.Time)
	if !s.Normal.Values { // an event is one entry
		return s.Normal.bucketOf(w.entries[at-n].Time) == bucket
	}
	events, next := 0, y.ID
	for k := at - 1; k >= 0 && events < n && s.Normal.bucketOf(w.entries[k].Time) == bucket; k-- {
		e := &w.entries[k]
		if e.ID != next && e.ID != y.ID { // an event with several values is several entries
			events++
		}
		next = e.ID
	}
	return events >= n
}
