package sim

import (
	"fmt"
	"slices"
	"strings"
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

	// Thorough plants every typology in each of its variants, and look-alikes of
	// each. Otherwise there is one misuse of each of the first eighteen that were
	// written, the variants in turn, and none of the records that only the others
	// need: little enough to watch.
	Thorough bool

	Faults []string // kinds of what goes wrong with the data, out of FaultKinds
	Gzip   bool     // Write compresses the logs
}

func (o Options) validate() error {
	if o.Staff < 20 || o.Staff > 20000 {
		return fmt.Errorf("sim: staff %d is outside 20 to 20000", o.Staff)
	}
	if o.Days < 1 || o.Days > 400 {
		return fmt.Errorf("sim: days %d is outside 1 to 400", o.Days)
	}
	for _, kind := range o.Faults {
		if !slices.Contains(FaultKinds(), kind) {
			return fmt.Errorf("sim: no fault is called %q; there are %s", kind, strings.Join(FaultKinds(), ", "))
		}
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

	frail    []*nominal  // the vulnerable, on the sensitive table
	docket   *docket     // of a thorough force
	sideline []*incident // that look-alikes were sent to
	postings []posting   // assignments apart from incidents
	ties     []tie       // links apart from incidents
	extras   []*nominal  // on record for a look-alike
	moves    map[*person][]move

	plots   []Truth       // without their events; look-alikes after all misuse
	misuses int           // how many of the plots are misuse
	planted map[int][]act // of the plots, by day
	faults  []*fault

	mu    sync.Mutex
	known *revealed
}

// revealed is what is known once all lines were written.
type revealed struct {
	plots  []Truth
	faults []Fault
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
	if o.Thorough {
		f.expose()
		f.docket = f.recall()
	}
	cast := map[*person]bool{}
	if o.Thorough || !o.NoMisuse {
		f.conspire(cast)
	}
	if o.Thorough {
		f.resemble(cast)
	}
	f.breakDown()
	return f, nil
}

// Truth lists the planted misuse with the native ids of its lines, in the order
// of the typologies. It is known once all lines were written: if Lines was not
// drained before, Truth runs through them itself.
func (f *Force) Truth() []Truth { return f.reveal().plots[:f.misuses:f.misuses] }

// Lookalikes lists legitimate work that resembles misuse, in the form of Truth
// and with the variant "legitimate": who alerts on it is mistaken.
func (f *Force) Lookalikes() []Truth { return f.reveal().plots[f.misuses:] }

// Faults lists what went wrong with the data, in the order of FaultKinds.
func (f *Force) Faults() []Fault { return f.reveal().faults }

func (f *Force) reveal() *revealed {
	if r := f.revealed(); r != nil {
		return r
	}
	for range f.Lines() {
	}
	return f.revealed()
}

func (f *Force) revealed() *revealed {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.known
}

func (f *Force) remember(r *revealed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known = r
}

// last is the end of the span: no event is at or after it.
func (f *Force) last() instant { return f.cal.midnight(f.opts.Days) }
