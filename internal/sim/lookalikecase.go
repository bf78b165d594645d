package sim

import (
	"fmt"
	"slices"
)

// reference is an occurrence of its own.
func (p *plot) reference(t instant) string {
	return fmt.Sprintf("53%02d/%07d", p.f.cal.date(p.f.cal.dayOf(t)).year%100, 8_000_000+len(p.f.postings))
}

// visitingPlan is a neighbourhood officer who looks after somebody who keeps
// calling, and is named in the plan.
func (p *plot) visitingPlan() bool {
	if !p.inRole(neighbourhood, response) {
		return false
	}
	x := p.stranger()
	from := p.f.cal.midnight(-5)
	ref := p.reference(from)
	p.post(ref, "problem-solving plan", from, p.f.last(), x)
	for _, d := range p.visits(0, p.f.opts.Days, p.r.between(8, 16)) {
		p.view(p.sitting(d, 1, 30*minute)[0], x, ref, "Visit")
	}
	return true
}

// profileByRole is an analyst who follows somebody for weeks.
func (p *plot) profileByRole() bool {
	if !p.inRole(intelligence) {
		return false
	}
	x := p.stranger()
	from := p.r.IntN(max(1, p.f.opts.Days-30))
	for _, d := range p.visits(from, from+30, p.r.between(6, 12)) {
		p.view(p.sitting(d, 1, 30*minute)[0], x, "", "")
	}
	return true
}

// longInquiry is an investigation that goes on for the whole span.
func (p *plot) longInquiry() bool {
	if !p.inRole(cid) {
		return false
	}
	x := p.stranger()
	ref := p.reference(p.f.cal.midnight(-20))
	p.post(ref, "OIC", p.f.cal.midnight(-20), p.f.last(), x)
	for i, d := range p.visits(0, p.f.opts.Days, p.r.between(10, 20)) {
		linked := ref
		if i%3 == 2 {
			linked = "" // not everybody fills it in
		}
		p.view(p.sitting(d, 1, 30*minute)[0], x, linked, p.r.reason())
	}
	return true
}

// courtPreparation takes a case up again for the trial.
func (p *plot) courtPreparation() bool {
	inc, x := p.closed()
	if x == nil {
		return false
	}
	over := p.f.cal.dayOf(inc.over()) + 1
	days := p.visits(over+7, p.f.opts.Days, 4)
	if len(days) == 0 {
		return false
	}
	p.post(inc.occurrence, "trial", p.f.cal.midnight(days[0]), p.f.last())
	for _, d := range days {
		p.view(p.sitting(d, 1, 30*minute)[0], x, inc.occurrence, "Court file")
	}
	return true
}

// newIncident brings the same victim and the same officer together again.
func (p *plot) newIncident() bool {
	inc, x := p.closed()
	if x == nil {
		return false
	}
	days := p.visits(p.f.cal.dayOf(inc.over())+5, p.f.opts.Days, 1)
	if len(days) == 0 {
		return false
	}
	p.sentTo(x, p.sitting(days[0], 1, 20*minute)[0])
	return true
}

// lastCall tells the victim how it ended, on the days after the case is over.
func (p *plot) lastCall() bool {
	inc, x := p.closed()
	if x == nil {
		return false
	}
	d := p.f.cal.dayOf(inc.over()) + 1
	days := p.visits(d, d+5, p.r.between(1, 2))
	for _, d := range days {
		p.view(p.sitting(d, 1, 30*minute)[0], x, inc.occurrence, "Update to victim")
	}
	return len(days) > 0
}

// safeguardingList is the month's visits to those at risk, each of them
// assigned.
func (p *plot) safeguardingList() bool {
	if !p.inRole(neighbourhood, response, cid) {
		return false
	}
	from := p.r.IntN(max(1, p.f.opts.Days-20))
	days := p.visits(from, from+20, p.r.between(6, 10))
	for _, d := range days {
		for _, m := range p.sitting(d, 2, 12*minute) {
			if x := pick(p.r, p.f.frail); !p.f.related(p.who, x) {
				ref := p.reference(m.at)
				p.post(ref, "safeguarding visit", p.f.cal.midnight(d-1), p.f.cal.midnight(d+7), x)
				p.view(m, x, ref, "Safeguarding visit")
			}
		}
	}
	return len(p.acts) > 0
}

// riskByRole is who reviews the risk of all of them.
func (p *plot) riskByRole() bool {
	if !p.inRole(intelligence, records, dutyCommand) {
		return false
	}
	from := p.r.IntN(max(1, p.f.opts.Days-15))
	for _, d := range p.visits(from, from+15, 5) {
		for _, m := range p.sitting(d, p.r.between(3, 6), 6*minute) {
			p.view(m, pick(p.r, p.f.frail), "", "Risk review")
		}
	}
	return len(p.acts) > 0
}

// officerBundle is a detective who prints the trial bundle of a case of theirs.
func (p *plot) officerBundle() bool {
	all := p.f.docket.all
	for _, k := range p.r.Perm(len(all)) {
		q := all[k].inquiry
		if q == nil || p.cast[q.oic] || q.openDay < 0 {
			continue
		}
		p.who = q.oic
		days := p.visits(q.openDay+2, min(q.closeDay, p.f.opts.Days), 1)
		if len(days) == 0 {
			continue
		}
		for i, m := range p.sitting(days[0], p.r.between(35, 80), 40*second) {
			p.do(m.at, p.f.onDocument(p.who, m.desk, "Print", q.occurrence, i))
		}
		return true
	}
	return false
}

// trialBundle is file preparation, which prints all day.
func (p *plot) trialBundle() bool {
	if !p.inRole(filePrep) {
		return false
	}
	jobs := slices.DeleteFunc(slices.Clone(p.f.docket.all), func(inc *incident) bool { return inc.inquiry == nil })
	m := p.once()
	ref := pick(p.r, jobs).occurrence
	for i := range p.r.between(60, 150) {
		p.do(m.at, p.f.onDocument(p.who, m.desk, "Print", ref, i))
		m.at = p.r.after(m.at, 6*second, 50*second)
	}
	return true
}
