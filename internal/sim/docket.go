package sim

import (
	"fmt"
	"slices"
)

// docket is what came to the police in the whole span and the weeks before it:
// who was sent, and whom it was about. Misuse and its look-alikes are cast from
// it, so that both stand among the same assignments.
type docket struct {
	days  map[int][]*incident
	all   []*incident
	by    map[*person][]*incident // those sent, and those on the inquiry
	about map[*nominal][]*incident
}

// recall works out the plans of all days, as Lines and Tables will.
func (f *Force) recall() *docket {
	k := &docket{days: map[int][]*incident{}, by: map[*person][]*incident{}, about: map[*nominal][]*incident{}}
	yesterday := f.sheet(-backlog - 1)
	for d := -backlog; d < f.opts.Days; d++ {
		today := f.sheet(d)
		k.days[d] = f.plan(d, yesterday, today).incidents
		for _, inc := range k.days[d] {
			k.enter(inc)
		}
		yesterday = today
	}
	return k
}

func (k *docket) enter(inc *incident) {
	k.all = append(k.all, inc)
	for _, p := range inc.staff() {
		k.by[p] = append(k.by[p], inc)
	}
	for _, x := range inc.people {
		k.about[x] = append(k.about[x], inc)
	}
}

// staff are all who are assigned to the incident or its inquiry.
func (inc *incident) staff() []*person {
	var all []*person
	for _, s := range inc.crew {
		all = append(all, s.who)
	}
	if inc.inquiry != nil {
		for _, p := range inc.inquiry.everyone() {
			if !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	return all
}

// jobs are what p is working on at t and has an occurrence.
func (k *docket) jobs(p *person, t instant) []*incident {
	if k == nil {
		return nil
	}
	var open []*incident
	for _, inc := range k.by[p] {
		if inc.occurrence != "" && inc.opened <= t && t < inc.over() {
			open = append(open, inc)
		}
	}
	return open
}

// over is when nobody is assigned any more.
func (inc *incident) over() instant {
	end := inc.closed + writingUp
	if q := inc.inquiry; q != nil {
		end = max(end, q.opened+instant(q.closeDay-q.openDay+7)*24*hour)
	}
	return end
}

// met says whether p was ever sent to or assigned to something about x.
func (k *docket) met(p *person, x *nominal) bool {
	return slices.ContainsFunc(k.about[x], func(inc *incident) bool { return slices.Contains(inc.staff(), p) })
}

// posting is an assignment that no incident makes: a welfare plan, a trial.
type posting struct {
	ref      string
	who      *person
	role     string
	from, to instant
}

// tie says that a record belongs to a reference.
type tie struct {
	record, ref string
	from        instant
}

// sidework writes the rows that look-alikes need to be legitimate.
func (f *Force) sidework(assignments, links *table) {
	for _, inc := range f.sideline {
		inc.assign(assignments)
		inc.link(f, links)
	}
	for _, p := range f.postings {
		assignments.row(p.ref, p.who.id, p.role, rfc3339(p.from), rfc3339(p.to))
	}
	for _, t := range f.ties {
		links.row(t.record, t.ref, rfc3339(t.from), "")
	}
}

// expose puts vulnerable people on record. They have lists of their own, so
// that nobody comes across them by chance.
func (f *Force) expose() {
	r := f.dice(forNominals, 1, 0)
	for i := range max(40, f.opts.Staff/4) {
		x := f.nominal(r, often(r, surnames), address(9*f.opts.Staff+9000+i))
		x.frail = true
		f.frail = append(f.frail, x)
	}
}

// troubles are the incidents that vulnerable people have.
var troubles = []string{"Domestic incident", "Missing person", "Concern for safety"}

// shelter lists the vulnerable with why, and the roles whose work they are.
func (f *Force) shelter(t *table) {
	why := []string{"domestic abuse victim", "vulnerable", "child at risk", "missing person"}
	for i, x := range f.frail {
		t.row(x.guid, why[i%len(why)], "intelligence;records;control-room;professional-standards;duty-command;vetting", "")
	}
}

// newNominal puts somebody else on record, for one look-alike.
func (p *plot) newNominal(surname, forenames string, home address) *nominal {
	x := p.f.nominal(p.r, surname, home)
	if forenames != "" {
		x.forenames = forenames
		x.relabel()
	}
	p.f.extras = append(p.f.extras, x)
	return x
}

// newLog is a STORM log of the day that no caller rang in.
func (p *plot) newLog(t instant, s *station, title string) *incident {
	serial := 9000 + len(p.f.sideline)
	on := p.f.cal.date(p.f.cal.dayOf(t))
	inc := &incident{
		log: fmt.Sprintf("DPP-%s-%04d", on.packedISO(), serial), on: on, station: s, title: title, grade: p.r.between(1, 4), opened: t,
		closed: t + p.r.after(0, 40*minute, 4*hour), closeCode: 200 + p.r.IntN(40), host: p.r.IntN(2), units: s.sector + "9",
		occurrence: fmt.Sprintf("53%02d/%07d", on.year%100, 9_000_000+serial),
	}
	inc.openCode = openCode(title, p.r.IntN(60))
	home := address(p.r.IntN(9 * p.f.opts.Staff))
	inc.place = home.street() + ", " + home.town()
	p.f.sideline = append(p.f.sideline, inc)
	return inc
}

// openCode is the code under which a log of the title is opened; k is below 60.
func openCode(title string, k int) int { return 100 + 5*slices.Index(offences, title) + k/12 }
