package window

// clock_skew: the clock of a key's host is wrong. Events that were read as they were written are gathered by the time at
// which they were read, in buckets of the timespan. A bucket is a hit if it holds at least AtLeast events and all of them are
// older than Tolerance when they are read, or all of them are ahead by more. It is told when an event of a later bucket is
// read. The time of an entry is the time of reading, its value the event's age in nanoseconds as a two's complement.
//
// It is the one shape that is no function of the events: it tells of the clock that wrote them and the one that reads.

// drift is the bucket that is being read.
type drift struct {
	index      int64
	n          int64
	least, top int64 // ages
}

func (w *Window) addSkew(s *Spec, y Entry, changed []int64) (_ []int64, added bool) {
	index, age := floorDiv(y.Time, s.Timespan), int64(y.Value)
	switch {
	case w.drift() == nil:
		w.sums().drift = &drift{index: index, least: age, top: age}
	case index > w.drift().index:
		w.close(s, w.drift().index*s.Timespan)
		changed = w.judgeSkew(s, changed)
		w.sums().drift = &drift{index: index, least: age, top: age}
	}
	d := w.drift()
	d.n, d.least, d.top = d.n+1, min(d.least, age), max(d.top, age)
	return changed, true
}

func (w *Window) judgeSkew(s *Spec, changed []int64) []int64 {
	d := w.drift()
	m := Measure{From: d.index * s.Timespan, To: (d.index + 1) * s.Timespan}
	switch {
	case d.n < int64(s.AtLeast):
		return changed
	case d.least > s.Tolerance:
		m.Observed = d.least
	case d.top < -s.Tolerance:
		m.Observed = d.top
	default:
		return changed
	}
	p := s.PeriodOf(m.From)
	return w.joinMeasures(p, []Measure{m}, w.join(p, []Entry{{Time: m.From, Value: uint64(d.n)}}, changed))
}
