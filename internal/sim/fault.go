package sim

import "time"

// Kinds of what goes wrong with the data. None of them is anybody's misuse.
const (
	faultLate    = "late"    // a source holds its lines back for hours, then delivers them at once
	faultDoubled = "doubled" // a stretch of lines is delivered twice
	faultMissing = "missing" // a stretch of lines is never delivered; the counters went on
	faultStale   = "stale"   // a table is an export of long ago
	faultSkew    = "skew"    // the clock of a source is wrong for days
	faultDead    = "dead"    // a source delivers nothing more, to the end of the span
)

// FaultKinds are the names that Options.Faults may have, in their order.
func FaultKinds() []string {
	return []string{faultLate, faultDoubled, faultMissing, faultStale, faultSkew, faultDead}
}

// Fault is one thing that went wrong: a line of faults.jsonl. Who evaluates
// alerts tells by it what could not be seen, or should not be believed.
type Fault struct {
	Kind        string      `json:"fault"`
	Source      string      `json:"source,omitempty"`
	Table       string      `json:"table,omitempty"`
	From        time.Time   `json:"from"` // UTC; of arrival, of a wrong clock event time; of a table since when it lacks what happened
	To          time.Time   `json:"to"`
	Lines       int         `json:"lines,omitempty"`        // touched
	SkewSeconds int         `json:"skew_seconds,omitempty"` // how far the clock is fast
	Planted     []NativeRef `json:"planted,omitempty"`      // events of truth.jsonl and lookalikes.jsonl among them
}

// fault is one as it is planned. Which source has which is fixed, so that they
// do not hide each other; when is chance.
type fault struct {
	kind     string
	source   system
	tables   []string
	from, to instant
	ahead    instant
}

// breakDown plans the faults.
func (f *Force) breakDown() {
	for i, kind := range FaultKinds() {
		for _, wanted := range f.opts.Faults {
			if wanted == kind {
				f.faults = append(f.faults, f.fault(kind, f.dice(forFaults, i, 0)))
				break
			}
		}
	}
}

func (f *Force) fault(kind string, r dice) *fault {
	t := r.within(f.cal.midnight(0)+2*hour, f.last()-8*hour)
	x := &fault{kind: kind, from: t}
	switch kind {
	case faultLate:
		x.source, x.to = crime, t+r.after(0, 6*hour, 8*hour)
	case faultDoubled:
		x.source, x.to = niche, t+r.after(0, 30*minute, 3*hour)
	case faultMissing:
		x.source, x.to = pnc, t+r.after(0, hour, 6*hour)
	case faultStale:
		x.tables, x.from, x.to = []string{"roster.csv", "people.csv"}, f.cal.midnight(f.opts.Days*2/3), f.last()
	case faultSkew:
		x.source, x.to, x.ahead = storm, min(f.last(), t+72*hour), r.after(0, 5*minute, 12*minute)
	case faultDead:
		x.source, x.from, x.to = m365, f.last()-min(f.last()-f.cal.midnight(0), 48*hour)/2, f.last()+3*hour
	}
	return x
}

// faulty finds the fault of a kind, nil if the force has none.
func (f *Force) faulty(kind string) *fault {
	for _, x := range f.faults {
		if x.kind == kind {
			return x
		}
	}
	return nil
}

func (x *fault) holds(s system, at instant) bool {
	return x != nil && x.tables == nil && x.source == s && at >= x.from && at < x.to
}

// delayed is when a line arrives that is ready at t.
func (f *Force) delayed(s system, t instant) instant {
	if x := f.faulty(faultLate); x.holds(s, t) {
		return x.to
	}
	return t
}

// skew is how far the clock of the source is fast at t.
func (f *Force) skew(s system, t instant) instant {
	if x := f.faulty(faultSkew); x.holds(s, t) {
		return x.ahead
	}
	return 0
}

// exported is when a table was exported.
func (f *Force) exported(name string) instant {
	if x := f.faulty(faultStale); x != nil {
		for _, t := range x.tables {
			if t == name {
				return x.from
			}
		}
	}
	return f.last()
}
