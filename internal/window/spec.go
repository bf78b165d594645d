package window

import "math"

// Shape is what makes an event a hit.
type Shape uint8

// The shapes; each has a file with its definition.
const (
	EventCount Shape = iota
	ValueCount
	Temporal
	TemporalOrdered
	Absence
	NewValue
	ValueSum
	Baseline
	Silence
	Gap
	ClockSkew
)

// Spec is what a rule says of its windows. Times are nanoseconds.
type Spec struct {
	Shape    Shape
	Timespan int64 // of the window (t − Timespan, t]; for NewValue the look-back; at least 1
	Period   int64 // of an alert; at least 1
	AtLeast  int   // the counts, the sum: how many make a hit; Baseline, ClockSkew: fewer say nothing; at least 1
	AtMost   int   // EventCount, ValueCount: more make none; 0: no bound
	Steps    int   // Temporal, TemporalOrdered: how many there are

	// Revised: entries are alerts, which move with each revision and may be withdrawn; see revised.go. The counts and the sum.
	Revised bool

	// Where says whether entries, one for each step in their order, belong together; nil: all do.
	Where func(tuple []*Captured) bool

	// Wait: Baseline, and counts with an upper bound: for how long a newer table may still bring an event that belongs to
	// what is judged. Before that it says nothing: what is unknown may account for it.
	Wait int64

	Before, After int64 // Absence: where the link may be, around the event; else 0
	History       int64 // NewValue: for how long the key must have been known
	Normal        Normal
	Grace         int64 // Gap: how far times and numbers may be out of step; at least 1
	Tolerance     int64 // ClockSkew: what is no skew yet

	Horizon int64 // what lies before may have been given up; 0: nothing; see horizon.go
}

// Deferred reports whether a hit can only be told when the watermark has passed: more events can unmake it.
func (s *Spec) Deferred() bool {
	switch s.Shape {
	case Absence, NewValue, Baseline, Silence, Gap:
		return true
	}
	return s.AtMost > 0
}

// Measured reports whether it is measures that the alerts hold, of whatever the events were, and not the events: of the
// shapes that watch the sources themselves. Their windows hold no events, and their entries no ids.
func (s *Spec) Measured() bool { return s.Shape == Silence || s.Shape == Gap || s.Shape == ClockSkew }

// reach is for how long after its time an entry can still matter to an event that is not late.
func (s *Spec) reach() int64 {
	switch s.Shape {
	case Absence:
		return s.Before + s.After + 1 // a link is asked for until the last event that it can clear is judged
	case NewValue:
		return s.Timespan + 1 // its look-back is closed at both ends
	}
	if s.AtMost > 0 || s.Revised {
		return s.Timespan + s.Period // an alert that is still open may be worked out anew
	}
	return s.Timespan
}

// Leaves is the watermark from which on an entry of time t is in no window any more, but only in alerts that hold it; keep is
// as in Forget.
func (s *Spec) Leaves(t, keep int64) int64 {
	if s.Shape == Baseline {
		b := s.Normal.bucketOf(t)
		return max(s.over(b), forth(s.Normal.end(b), keep))
	}
	return forth(forth(t, s.reach()), keep)
}

// due is the watermark that must have been passed before a deferred entry is judged: up to it, a fact may still come.
func (s *Spec) due(e *Entry) int64 {
	if s.Shape == Absence {
		return forth(e.Time, s.After)
	}
	return forth(e.Time, s.Wait)
}

// PeriodOf returns the index of the alert period that holds time t.
func (s *Spec) PeriodOf(t int64) int64 {
	p := t / s.Period
	if t%s.Period < 0 {
		p--
	}
	return p
}

// Closes is the watermark, beside what the rule keeps, at which the last hit of a period has been judged.
func (s *Spec) Closes(p int64) int64 {
	if p >= math.MaxInt64/s.Period-1 {
		return math.MaxInt64
	}
	return forth((p+1)*s.Period, s.Settles())
}

// Settles is for how long after the end of a period, beside what the rule keeps, a hit of it may still be told: a baseline's
// bucket ends long after its last event.
func (s *Spec) Settles() int64 { return s.After + 2*s.Grace + s.Normal.longest() }

// never is before every watermark, endOfTime behind each.
const (
	never     = math.MinInt64
	endOfTime = math.MaxInt64
)
