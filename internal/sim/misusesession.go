package sim

import "fmt"

// idle are moments at which p has been off work for hours and will be: at rest,
// on leave or ill.
func (p *plot) idle(q *person) []instant {
	var all []instant
	for d := range p.f.opts.Days {
		if w := p.f.duty(q, d); !q.serves(d) || w.kind != dutyOff && w.kind != dutyLeave && w.kind != dutySick {
			continue
		}
		t := p.r.after(p.f.cal.clock(d, 10), 0, 11*hour)
		before, after := p.f.duty(q, d-1), p.f.duty(q, d+1)
		if (before.kind == dutyOn && t < before.to+5*hour) || after.kind == dutyOn && t > after.from-5*hour {
			continue
		}
		if t+2*hour < p.f.last() {
			all = append(all, t)
		}
	}
	return all
}

// plantOffDuty works when there is no work: in the station on a free day, or at
// home. A patient offender takes a look now and then.
func plantOffDuty(p *plot) bool {
	if !p.choose(func(q *person) bool { return !q.role.trusted && len(p.f.inRole[q.role.name]) > 3 }) {
		return false
	}
	free := p.idle(p.who)
	visits := p.count(1, 3, 0)
	if p.variant == patient {
		visits = p.slowly(5, 9)
	}
	if visits = min(visits, len(free)); visits == 0 {
		return false
	}
	first := p.r.IntN(len(free) - visits + 1)
	for i := range visits {
		t := free[first+i]
		if p.variant == patient {
			t = free[i*len(free)/visits]
		}
		at := p.f.seat(p.who, p.f.cal.dayOf(t))
		if p.variant != obvious {
			at = &desk{fmt.Sprintf("LAP-%04d", p.who.n), homeIP(p.who.n)}
		}
		p.do(t, session(p.who, at, "Login"))
		for range p.count(18, 5, 2) {
			t = p.r.after(t, 30*second, 4*minute)
			p.peek(t, at)
		}
		p.do(t+5*minute, session(p.who, at, "Logout"))
	}
	return true
}

// peek searches for and opens somebody who is nobody's work.
func (p *plot) peek(t instant, at *desk) {
	x := p.stranger()
	if p.r.chance(0.5) {
		p.do(t-12*second, searchFor(p.who, at, p.r, x))
	}
	p.do(t, p.excuse(onPerson(p.who, at, "View", x), t))
}

// plantShared is an account that a second person uses, elsewhere, while its
// owner is at work; the owner answers for it.
func plantShared(p *plot) bool {
	busy := func(q *person) bool {
		return q.role.name == cid || q.role.name == intelligence || q.role.name == controlRoom || q.role.name == records
	}
	if !p.choose(busy) {
		return false
	}
	sittings := p.count(2, 4, 0)
	if p.variant == patient {
		sittings = p.slowly(7, 12)
	}
	days := p.visits(0, p.f.opts.Days, sittings)
	if p.variant != patient {
		all := p.shifts(p.who)
		sittings = min(sittings, len(all))
		first := p.r.IntN(len(all) - sittings + 1)
		days = all[first : first+sittings]
	}
	other := p.who.station
	if p.variant == obvious {
		other = p.f.stations[(p.r.IntN(len(p.f.stations)))]
	}
	for _, d := range days {
		n := p.count(45, 12, 2)
		mine := p.sitting(d, n, 5*minute)
		at := p.elseDesk(other, mine[0].desk)
		p.do(mine[0].at-minute, session(p.who, at, "Login"))
		for _, m := range mine {
			p.peek(m.at, at)
		}
		p.do(mine[n-1].at+minute, session(p.who, at, "Logout"))
	}
	return true
}

// elseDesk is another desk of the station.
func (p *plot) elseDesk(s *station, not *desk) *desk {
	for {
		if d := &s.desks[p.r.IntN(len(s.desks))]; d.name != not.name {
			return d
		}
	}
}
