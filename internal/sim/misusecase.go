package sim

import "slices"

// plantOwnCase follows a case that the offender is a party to, as a suspect, a
// victim or a witness, and that others work on.
func plantOwnCase(p *plot) bool {
	inc := p.ownCase()
	if inc == nil {
		return false
	}
	from := p.f.cal.dayOf(inc.opened) + 1
	until := p.count(from+7, from+14, p.f.opts.Days)
	days := p.visits(from, until, p.count(1, 3, 8))
	for i, d := range days {
		for k, m := range p.sitting(d, p.count(5, 2, 1), 4*minute) {
			p.readCase(inc, m, i+k)
		}
	}
	return len(days) > 0
}

// ownCase casts somebody who is named in an incident with time left to follow it.
func (p *plot) ownCase() *incident {
	all := p.f.docket.all
	for _, k := range p.r.Perm(len(all)) {
		inc := all[k]
		d := p.f.cal.dayOf(inc.opened)
		if inc.occurrence == "" || inc.inquiry == nil || d < -7 || d+p.count(8, 15, patientDays) > p.f.opts.Days {
			continue
		}
		for _, x := range inc.people {
			q := x.staff
			if q == nil || q.role.trusted || p.cast[q] || slices.Contains(inc.staff(), q) {
				continue
			}
			if p.who = q; len(p.visits(d+1, p.f.opts.Days, 1)) > 0 && len(p.visits(d+1, p.count(d+8, d+15, p.f.opts.Days), 1)) > 0 {
				return inc
			}
		}
	}
	return nil
}

// readCase looks at the case by one of the ways in which it is on record.
func (p *plot) readCase(inc *incident, m moment, k int) {
	verb := "View"
	if p.variant == obvious && k == 3 {
		verb = "Print"
	}
	switch {
	case k%3 == 0:
		p.do(m.at, crimeLine(p.r, p.who, m.desk, "view", inc.inquiry))
	case k%3 == 1 && p.variant == patient && p.who.role.storm:
		p.do(m.at, stormLine(p.r, p.who, "VIEW", inc))
	case k%3 == 1:
		p.do(m.at, p.f.onOccurrence(p.who, m.desk, "View", inc.occurrence, inc.title))
	default:
		p.do(m.at, p.f.onDocument(p.who, m.desk, verb, inc.occurrence, k))
	}
}

// plantRepeat comes back to somebody of the public whom no work explains: a
// former partner, a woman met on duty, a neighbour.
func plantRepeat(p *plot) bool {
	if !p.choose(func(q *person) bool { return !q.role.trusted }) {
		return false
	}
	x := p.stranger()
	n, span := 12, 10
	switch p.variant {
	case ordinary:
		n, span = p.r.between(6, 9), 30
	case patient:
		n, span = p.slowly(7, 14), p.f.opts.Days
	}
	from := p.r.IntN(max(1, p.f.opts.Days-span+1))
	days := p.visits(from, from+span, n)
	for i, d := range days {
		for _, m := range p.sitting(d, p.count(2, 1, 1), 9*minute) {
			if i == 0 {
				p.do(m.at-9*second, searchFor(p.who, m.desk, p.r, x))
			}
			p.do(m.at, p.excuse(onPerson(p.who, m.desk, "View", x), m.at))
			if p.who.pncID != "" && x.pncID != "" && i%4 == 1 {
				p.do(m.at+2*minute, nameCheck(p.who, p.r, p.plainly("ENQ"), x))
			}
		}
	}
	return len(days) > 0
}

// stranger is somebody of the public whom the offender never met on duty.
func (p *plot) stranger() *nominal {
	for {
		if x := pick(p.r, p.f.public); !x.restricted && !p.f.related(p.who, x) && !p.f.docket.met(p.who, x) {
			return x
		}
	}
}

// plantReturn goes back to a victim once the case is over.
func plantReturn(p *plot) bool {
	inc, x := p.closed()
	if x == nil {
		return false
	}
	from := p.f.cal.dayOf(inc.over()) + 1
	n := p.count(9, 5, 0)
	if p.variant == patient {
		n = p.slowly(6, 11)
	}
	for i, d := range p.visits(from, min(p.f.opts.Days, p.count(from+14, from+30, p.f.opts.Days)), n) {
		for _, m := range p.sitting(d, 1, 9*minute) {
			e := onPerson(p.who, m.desk, "View", x)
			if p.variant != obvious && p.r.chance(0.4) {
				e.occurrence = inc.occurrence // the old number
			}
			p.do(m.at, p.excuse(e, m.at))
			if p.variant == obvious && i%3 == 1 {
				p.do(m.at+2*minute, crimeLine(p.r, p.who, m.desk, "view", inc.inquiry))
			}
		}
	}
	return true
}

// closed casts an investigator of a case that ends early in the span, and a
// victim whom nothing else brings to the police again.
func (p *plot) closed() (*incident, *nominal) {
	all := p.f.docket.all
	for _, k := range p.r.Perm(len(all)) {
		inc := all[k]
		over := p.f.cal.dayOf(inc.over()) + 1
		if inc.inquiry == nil || over < 0 || over+p.count(14, 30, patientDays) > p.f.opts.Days {
			continue
		}
		for _, x := range inc.people {
			if x.kept || x.staff != nil || x.restricted || len(p.f.docket.about[x]) > 1 {
				continue
			}
			for _, q := range append([]*person{inc.inquiry.oic}, inc.inquiry.team...) {
				if p.cast[q] || p.f.related(q, x) {
					continue
				}
				if p.who = q; len(p.visits(over, over+p.count(14, 30, patientDays), 3)) == 3 {
					return inc, x
				}
			}
		}
	}
	return nil, nil
}
