package sim

import "slices"

// lookUp opens a record again and again; an obvious offender searches first and
// prints it too.
func (p *plot) lookUp(x *nominal, n int) bool {
	for i, m := range p.moments(n, 4*minute) {
		if i == 0 && p.variant != ordinary {
			p.do(m.at-8*second, searchFor(p.who, m.desk, p.r, x))
		}
		p.do(m.at, p.excuse(onPerson(p.who, m.desk, "View", x), m.at))
		if i == n-1 && p.variant == obvious {
			p.do(m.at+20*second, onPerson(p.who, m.desk, "Print", x))
		}
	}
	return true
}

func plantHoneytoken(p *plot) bool {
	if !p.choose(func(q *person) bool { return !q.role.trusted }) {
		return false
	}
	if p.variant == ordinary && p.r.chance(0.3) {
		m := p.moments(1, minute)[0]
		p.do(m.at, oldCase(p.r, p.who, m.desk, "view", p.f.baitCase))
		return true
	}
	return p.lookUp(pick(p.r, p.f.bait), p.count(2, 1, 1))
}

// plantSelfLookup has offenders with a PNC account check themselves there too.
func plantSelfLookup(p *plot) bool {
	x := p.about(func(q *person, x *nominal) bool { return x.staff == q })
	if x == nil {
		return false
	}
	p.lookUp(x, p.count(3, 2, 6))
	if p.who.pncID != "" && p.variant == obvious {
		m := p.moments(1, minute)[0]
		p.do(m.at, nameCheck(p.who, p.r, p.plainly("ENQ"), x))
	}
	return true
}

func plantAssociation(p *plot) bool {
	x := p.about(func(q *person, x *nominal) bool {
		for _, a := range q.associates {
			if a == x {
				return true
			}
		}
		return false
	})
	return x != nil && p.lookUp(x, p.count(4, 2, 8))
}

func plantHousehold(p *plot) bool {
	x := p.about(func(q *person, x *nominal) bool { return x.staff == nil && x.home == q.home })
	return x != nil && p.lookUp(x, p.count(4, 2, 8))
}

func plantColleague(p *plot) bool {
	x := p.about(func(q *person, x *nominal) bool {
		return x.staff != nil && x.staff != q && x.home != q.home && !q.role.trusted
	})
	return x != nil && p.lookUp(x, p.count(4, 2, 10))
}

// plantHighProfile looks at somebody famous; in a thorough force at one whom
// access control does not keep from the offender.
func plantHighProfile(p *plot) bool {
	x := p.about(func(q *person, x *nominal) bool { return x.kept && x.staff == nil && !q.role.trusted })
	if k := p.f.docket; k != nil {
		x = pick(p.r, slices.DeleteFunc(slices.Clone(p.f.famous), func(x *nominal) bool { return x.restricted }))
		if !p.choose(func(q *person) bool { return !q.role.trusted && !k.met(q, x) && !p.f.related(q, x) }) {
			return false
		}
	}
	if x == nil {
		return false
	}
	p.lookUp(x, p.count(3, 1, 5))
	if p.variant == obvious {
		m := p.moments(1, minute)[0]
		p.do(m.at, oldCase(p.r, p.who, m.desk, "view", p.f.famousCase))
	}
	return true
}

// plantOwnVehicle is typed by the keeper when obvious; otherwise the keeper
// asks the control room, and is the requester only.
func plantOwnVehicle(p *plot) bool {
	direct := p.variant == obvious
	keeps := func(q *person) bool { return len(q.cars) > 0 && q.n%2 == 1 }
	types := func(q *person) bool { return keeps(q) && q.pncID != "" }
	asks := func(q *person) bool { return keeps(q) && len(q.role.ranks) > 0 && q.pncID == "" }
	switch {
	case direct && p.choose(types):
	case p.choose(asks):
		direct = false
	case p.choose(types):
		direct = true
	default:
		return false
	}
	for _, m := range p.moments(p.count(2, 1, 5), 3*minute) {
		operator := p.who
		if !direct {
			operator = p.room(m.at)
		}
		p.do(m.at, vehicleCheck(operator, p.r, p.plainly(pick(p.r, stops)), p.who.cars[0]))
	}
	return true
}

// room is somebody in the control room at t, on duty if at all possible.
func (p *plot) room(t instant) *person {
	d, staff := p.f.cal.dayOf(t), p.f.inRole[controlRoom]
	first := p.r.IntN(len(staff))
	for k := range staff {
		q := staff[(first+k)%len(staff)]
		for _, day := range []int{d, d - 1} {
			if s := p.f.stint(q, day); s != nil && s.around(t, 0) && q != p.who {
				return q
			}
		}
	}
	return staff[first]
}

// plainly is a well-formed originator naming the offender.
func (p *plot) plainly(why string) string {
	for {
		s := originator(p.r, p.who, pick(p.r, roads), why)
		if len(s) > len(p.who.rank) && s[:len(p.who.rank)] == p.who.rank && s[len(p.who.rank)] != ' ' {
			return s
		}
	}
}
