package sim

import (
	"cmp"
	"iter"
	"slices"
)

// act is something that somebody did in a system, before its line is written
// and numbered.
type act struct {
	arrive instant
	at     instant
	order  uint64 // as thought up; breaks ties
	entry  entry
	plot   int  // 1 + index of the planted misuse it belongs to; 0: legitimate
	again  bool // Microsoft 365 repeats itself
}

// entry is the content of a line.
type entry interface {
	system() system
	// write appends the line, with its ending, and counts.
	write(b []byte, p *press, at instant) []byte
	// native is the identity that the system gave to the line just written.
	native(p *press) string
}

func (a act) compare(b act) int {
	if c := cmp.Compare(a.arrive, b.arrive); c != 0 {
		return c
	}
	if c := cmp.Compare(a.entry.system(), b.entry.system()); c != 0 {
		return c
	}
	if c := cmp.Compare(a.at, b.at); c != 0 {
		return c
	}
	return cmp.Compare(a.order, b.order)
}

// Lines writes the logs in order of arrival, the header of the Niche file
// first. Each call begins anew and gives the same lines. It works day by day
// and keeps the acts of a day or two, whatever Options.Days says.
func (f *Force) Lines() iter.Seq[Line] {
	return func(yield func(Line) bool) {
		p := newPress(f)
		if !yield(p.header()) {
			return
		}
		found := make([]Truth, len(f.plots))
		copy(found, f.plots)
		broken := f.damage()
		w := f.warm()
		w.live() // the day before the span, whose night shift runs into it
		for d := range f.opts.Days {
			w.live()
			slices.SortFunc(w.acts, act.compare)
			over := len(w.acts) // on the last day also what arrives after the end
			if d < f.opts.Days-1 {
				over, _ = slices.BinarySearchFunc(w.acts, f.cal.midnight(d+1), func(a act, t instant) int {
					return cmp.Compare(a.arrive, t)
				})
			}
			for _, a := range w.acts[:over] {
				line := p.line(a)
				if a.plot > 0 && !a.again {
					found[a.plot-1].note(a, p)
				}
				if !broken.pass(a, line, p, yield) {
					return
				}
			}
			left := copy(w.acts, w.acts[over:])
			clear(w.acts[left:])
			w.acts = w.acts[:left]
		}
		if broken.end(yield) {
			f.remember(&revealed{found, broken.known()})
		}
	}
}

// note adds the line just written to the truth.
func (t *Truth) note(a act, p *press) {
	at := a.at.time()
	if t.First.IsZero() || at.Before(t.First) {
		t.First = at
	}
	if at.After(t.Last) {
		t.Last = at
	}
	t.Events = append(t.Events, NativeRef{systemNames[a.entry.system()], a.entry.native(p)})
}

// work is a simulated day being thought up, with what is still to be written of
// the days before.
type work struct {
	f         *Force
	day       int
	yesterday *sheet
	today     *sheet
	plan      *plan
	open      []*inquiry
	acts      []act
	order     uint64
}

// warm opens the inquiries of the days before the span, so that the first day
// is a day like any other. The next day is -1.
func (f *Force) warm() *work {
	w := &work{f: f, day: -backlog - 1, today: f.sheet(-backlog - 1)}
	for w.day < -2 {
		w.turn()
	}
	return w
}

// turn begins the next day.
func (w *work) turn() {
	w.day++
	w.yesterday, w.today = w.today, w.f.sheet(w.day)
	w.plan = w.f.plan(w.day, w.yesterday, w.today)
	w.open = slices.DeleteFunc(w.open, func(q *inquiry) bool { return q.closeDay < w.day })
	w.open = append(w.open, w.plan.inquiries...)
}

// live does the work of the next day.
func (w *work) live() {
	w.turn()
	for i, inc := range w.plan.incidents {
		w.respond(inc, w.f.dice(forResponse, w.day, i))
	}
	for _, q := range w.open {
		w.inquire(q, w.f.dice(forInquiry, w.day, q.number))
	}
	for i := range w.today.stints {
		w.routine(&w.today.stints[i])
	}
	w.offDuty()
	for _, a := range w.f.planted[w.day] {
		w.put(a.at, a.entry, a.plot)
	}
}

// add is something legitimate.
func (w *work) add(at instant, e entry) { w.put(at, e, 0) }

// put files an act by its arrival; acts outside the span are forgotten.
func (w *work) put(at instant, e entry, plot int) {
	if at < w.f.cal.midnight(0) || at >= w.f.last() {
		return
	}
	w.order++
	if plot == 0 {
		w.f.move(e, at)
	}
	a := act{at: at, order: w.order, entry: e, plot: plot}
	cloud, ok := e.(*m365Entry)
	if !ok {
		a.arrive = w.f.delayed(e.system(), e.system().arrival(at))
		w.acts = append(w.acts, a)
		return
	}
	var repeat bool
	if a.arrive, repeat = cloud.arrival(at); repeat {
		second := a
		second.arrive, second.again = w.f.delayed(m365, cloud.second(at)), true
		w.acts = append(w.acts, second)
	}
	a.arrive = w.f.delayed(m365, a.arrive)
	w.acts = append(w.acts, a)
}
