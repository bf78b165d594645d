package sim

import "slices"

// plantTrawl goes through the vulnerable: on record, and in the logs of their
// troubles.
func plantTrawl(p *plot) bool {
	fits := func(q *person) bool {
		return slices.Contains([]string{response, neighbourhood, supervisor, filePrep}, q.role.name)
	}
	if !p.choose(fits) {
		return false
	}
	n, span := p.r.between(25, 40), 3
	switch p.variant {
	case ordinary:
		n, span = p.r.between(12, 18), 24
	case patient:
		n, span = p.slowly(11, 18), p.f.opts.Days
	}
	strangers := slices.DeleteFunc(slices.Clone(p.f.frail), func(x *nominal) bool { return p.f.docket.met(p.who, x) || p.f.related(p.who, x) })
	order := p.r.Perm(len(strangers))
	from := p.r.IntN(max(1, p.f.opts.Days-4*span/3))
	days := p.visits(from, min(p.f.opts.Days, from+max(span, 6)), p.count(2, 6, n))
	for i, d := range days {
		share := (i+1)*n/len(days) - i*n/len(days)
		for _, m := range p.sitting(d, share, 4*minute) {
			if log := p.logOf(m.at, func(inc *incident) bool { return slices.Contains(troubles, inc.title) }); log != nil && p.who.role.storm && p.r.chance(0.3) {
				p.do(m.at, stormLine(p.r, p.who, "VIEW", log))
				continue
			}
			if len(order) > 0 {
				p.do(m.at, p.excuse(onPerson(p.who, m.desk, "View", strangers[order[0]]), m.at))
				order = order[1:]
			}
		}
	}
	return len(days) > 0
}

// logOf is a log of the last three days that fits and that the offender was not
// sent to; nil if there is none.
func (p *plot) logOf(t instant, fits func(*incident) bool) *incident {
	var all []*incident
	d := p.f.cal.dayOf(t)
	for _, day := range []int{d - 2, d - 1, d} {
		for _, inc := range p.f.docket.days[day] {
			if inc.opened < t && fits(inc) && !slices.Contains(inc.staff(), p.who) && !slices.ContainsFunc(inc.people, func(x *nominal) bool { return p.f.related(p.who, x) }) {
				all = append(all, inc)
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	return pick(p.r, all)
}

// plantBrowse reads what happens at other stations.
func plantBrowse(p *plot) bool {
	if !p.choose(func(q *person) bool { return q.role.name == response || q.role.name == neighbourhood }) {
		return false
	}
	n, span := p.r.between(40, 60), 3
	switch p.variant {
	case ordinary:
		n, span = p.r.between(15, 22), 7
	case patient:
		n, span = p.slowly(20, 35), p.f.opts.Days
	}
	from := p.r.IntN(max(1, p.f.opts.Days-2*span))
	days := p.visits(from, min(p.f.opts.Days, from+max(span, 6)), p.count(2, 4, max(1, n*2/3)))
	planted := false
	for i, d := range days {
		share := (i+1)*n/len(days) - i*n/len(days)
		for _, m := range p.sitting(d, share, 3*minute) {
			if log := p.logOf(m.at, func(inc *incident) bool { return inc.station != p.who.station }); log != nil {
				p.do(m.at, stormLine(p.r, p.who, "VIEW", log))
				planted = true
			}
		}
	}
	return planted
}
