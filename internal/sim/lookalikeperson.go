package sim

import (
	"fmt"
	"slices"
)

// ownArrest is an officer's entry about an arrest they made: it bears their
// name, and is about somebody else.
func (p *plot) ownArrest() bool {
	if !p.inRole(response, neighbourhood, cid) {
		return false
	}
	m := p.once()
	inc := p.sentTo(p.stranger(), m)
	e := p.f.onDocument(p.who, m.desk, "Update", inc.occurrence, 3)
	e.label = "Arrest entry, arresting officer " + p.who.userName
	p.do(m.at+12*minute, e)
	return true
}

// namesake is a record of somebody who has the officer's very name and another
// date of birth. In Wales that means nothing.
func (p *plot) namesake() bool {
	if !p.inRole(response, neighbourhood, cid, supervisor) {
		return false
	}
	m := p.once()
	x := p.newNominal(p.who.surname, p.who.forenames, address(9*p.f.opts.Staff+20000+len(p.f.extras)))
	p.do(m.at-9*second, searchFor(p.who, m.desk, p.r, x))
	p.view(m, x, "", "")
	return true
}

// trainingRecord is a test nominal, opened to show somebody how it is done.
func (p *plot) trainingRecord() bool {
	if !p.choose(anybody) {
		return false
	}
	m := p.once()
	x := p.newNominal("Training", "Test Nominal", address(9*p.f.opts.Staff+20000+len(p.f.extras)))
	for range p.r.between(2, 6) {
		p.view(m, x, "", "Training")
		m.at = p.r.after(m.at, 20*second, 3*minute)
	}
	return true
}

// ownNameSought is an officer who looks for their own jobs.
func (p *plot) ownNameSought() bool {
	if !p.inRole(response, neighbourhood, cid) {
		return false
	}
	m := p.once()
	e := searchFor(p.who, m.desk, p.r, &nominal{surname: p.who.surname, upper: p.who.upper, forenames: p.who.forenames})
	e.kind, e.terms = "Occurrence", fmt.Sprintf("OIC=%s %d", p.who.upper, p.who.collar)
	p.do(m.at, e)
	return true
}

// namesakeCase is a case about a namesake of the officer, who works on it.
func (p *plot) namesakeCase() bool {
	if !p.inRole(response, neighbourhood, cid) {
		return false
	}
	m := p.once()
	x := p.newNominal(p.who.surname, p.who.forenames, address(9*p.f.opts.Staff+20000+len(p.f.extras)))
	inc := p.sentTo(x, m)
	p.do(m.at+20*minute, p.f.onOccurrence(p.who, m.desk, "View", inc.occurrence, inc.title))
	return true
}

// witnessOnTeam is an officer who is a witness in the case that they work on,
// as those who attend an assault often are.
func (p *plot) witnessOnTeam() bool {
	if !p.choose(func(q *person) bool { return q.record != nil && len(q.role.ranks) > 0 && !q.role.trusted }) {
		return false
	}
	m := p.once()
	inc := p.sentTo(p.stranger(), m)
	inc.people = append(inc.people, p.who.record)
	p.do(m.at+15*minute, p.f.onOccurrence(p.who, m.desk, "Update", inc.occurrence, inc.title))
	p.do(m.at+19*minute, p.f.onDocument(p.who, m.desk, "Create", inc.occurrence, 0))
	return true
}

// sentToAssociate is a call that turns out to be about a declared associate.
// The unit that was nearest had no choice.
func (p *plot) sentToAssociate() bool {
	if !p.choose(func(q *person) bool { return len(q.associates) > 0 && q.role.storm && len(q.role.ranks) > 0 }) {
		return false
	}
	p.sentTo(p.who.associates[0], p.once())
	return true
}

// associateNamesake has the name of a declared associate.
func (p *plot) associateNamesake() bool {
	if !p.choose(func(q *person) bool { return len(q.associates) > 0 && !q.role.trusted }) {
		return false
	}
	a := p.who.associates[0]
	p.view(p.once(), p.newNominal(a.surname, a.forenames, address(9*p.f.opts.Staff+20000+len(p.f.extras))), "", p.r.reason())
	return true
}

// sentToHousehold is a call about somebody who lives with the officer.
func (p *plot) sentToHousehold() bool {
	all := append(slices.Clone(p.f.quiet), p.f.loud...)
	for _, k := range p.r.Perm(len(all)) {
		x := all[k]
		if x.staff == nil && p.choose(func(q *person) bool { return q.home == x.home && q.role.storm && len(q.role.ranks) > 0 }) {
			p.sentTo(x, p.once())
			return true
		}
	}
	return false
}

// nextDoor lives in the same street.
func (p *plot) nextDoor() bool {
	if !p.inRole(response, neighbourhood, cid) {
		return false
	}
	p.view(p.once(), p.newNominal(pick(p.r, surnames), "", p.who.home+address(7*len(streets))), "", p.r.reason())
	return true
}

// vetColleague is vetting or standards at a colleague's record.
func (p *plot) vetColleague() bool {
	if !p.inRole(vetting, profStandards) {
		return false
	}
	x := p.colleague()
	m := p.once()
	p.do(m.at-9*second, searchFor(p.who, m.desk, p.r, x))
	p.view(m, x, "", "Renewal of vetting")
	return true
}

// colleague is the record of another member of staff.
func (p *plot) colleague() *nominal {
	for {
		if x := pick(p.r, p.f.people).record; x != nil && !p.f.related(p.who, x) {
			return x
		}
	}
}

// sentToColleague is a colleague who is the victim this time.
func (p *plot) sentToColleague() bool {
	if !p.inRole(response, neighbourhood) {
		return false
	}
	p.sentTo(p.colleague(), p.once())
	return true
}

// colleagueNamesake has a colleague's name.
func (p *plot) colleagueNamesake() bool {
	if !p.inRole(response, neighbourhood, cid) {
		return false
	}
	c := pick(p.r, p.f.people)
	p.view(p.once(), p.newNominal(c.surname, c.forenames, address(9*p.f.opts.Staff+20000+len(p.f.extras))), "", p.r.reason())
	return true
}

// famousByRole is somebody whose role is to know.
func (p *plot) famousByRole() bool {
	if !p.inRole(media, dutyCommand, intelligence) {
		return false
	}
	p.view(p.once(), pick(p.r, p.f.famous), "", p.r.reason())
	return true
}

// sentToFamous is a call about somebody famous.
func (p *plot) sentToFamous() bool {
	if !p.inRole(response, neighbourhood) {
		return false
	}
	p.sentTo(pick(p.r, p.f.famous), p.once())
	return true
}
