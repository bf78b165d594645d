package sim

import (
	"fmt"
	"sync"
	"time"
)

// Options say how large a force to simulate and for how long.
type Options struct {
	Seed     uint64    // everything follows from it
	Staff    int       // people employed, 20 to 20000
	Days     int       // length of the span in UK local days, 1 to 400
	Start    time.Time // a moment of the first UK local day; zero is 2026-03-02
	NoMisuse bool      // plant none
}

func (o Options) validate() error {
	if o.Staff < 20 || o.Staff > 20000 {
		return fmt.Errorf("sim: staff %d is outside 20 to 20000", o.Staff)
	}
	if o.Days < 1 || o.Days > 400 {
		return fmt.Errorf("sim: days %d is outside 1 to 400", o.Days)
	}
	if !o.Start.IsZero() && (o.Start.Year() < 2001 || o.Start.Year() > 2090) {
		return fmt.Errorf("sim: start %s is outside the years 2001 to 2090", o.Start.Format(time.DateOnly))
	}
	return nil
}

// Force is a simulated police force. What New built is never changed, so that
// its methods may be called in any order, repeatedly and concurrently.
type Force struct {
	opts Options
	cal  calendar

	stations []*station
	people   []*person
	inRole   map[string][]*person // by role name
	byAddr   map[address]*person  // first member of staff living there

	public     []*nominal // nobody's relation: any work may touch them
	loud       []*nominal // staff, their families, the famous: incidents may involve them
	quiet      []*nominal // the same, but never part of an incident
	famous     []*nominal // on the sensitive table
	bait       []*nominal // honeytokens
	famousCase string     // crime_ref on the sensitive table
	baitCase   string     // crime_ref that is a honeytoken
	traffic    []*vehicle // of the public
	staffCars  []*vehicle

	plots   []Truth       // without their events
	planted map[int][]act // misuse by day

	mu    sync.Mutex
	truth []Truth
}

// New builds the force and plans its misuse. Errors are about Options.
func New(o Options) (*Force, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	cal, err := newCalendar(o.Start)
	if err != nil {
		return nil, err
	}
	f := &Force{opts: o, cal: cal, planted: map[int][]act{}}
	f.build()
	f.recruit()
	f.populate()
	f.register()
	if !o.NoMisuse {
		f.conspire()
	}
	return f, nil
}

// Truth lists the planted misuse with the native ids of its lines, in the order
// of the typologies. It is known once all lines were written: if Lines was not
// drained before, Truth runs through them itself.
func (f *Force) Truth() []Truth {
	if t := f.known(); t != nil {
		return t
	}
	for range f.Lines() {
	}
	return f.known()
}

func (f *Force) known() []Truth {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.truth
}

func (f *Force) reveal(t []Truth) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.truth = t
}

// last is the end of the span: no event is at or after it.
func (f *Force) last() instant { return f.cal.midnight(f.opts.Days) }
