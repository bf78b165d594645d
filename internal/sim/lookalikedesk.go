package sim

import "fmt"

// hotDesk is one person at several desks in turn.
func (p *plot) hotDesk() bool {
	if !p.inRole(cid, response, records, intelligence) {
		return false
	}
	ms := p.sitting(pick(p.r, p.shifts(p.who)), 6, 25*minute)
	at := ms[0].desk
	if p.f.moves == nil {
		p.f.moves = map[*person][]move{}
	}
	for i, m := range ms {
		if i%3 == 2 {
			p.do(m.at-2*minute, session(p.who, at, "Logout"))
			at = p.elseDesk(p.who.station, at)
			p.do(m.at-30*second, session(p.who, at, "Login"))
			p.f.moves[p.who] = append(p.f.moves[p.who], move{m.at - 2*minute, ms[0].at + 14*hour, at})
		}
		p.view(moment{m.at, at}, p.stranger(), "", p.r.reason())
	}
	return true
}

// move is a desk that somebody goes on at, to the end of the shift.
type move struct {
	from, to instant
	desk     *desk
}

// move puts what somebody does at the desk that they have moved to.
func (f *Force) move(e entry, at instant) {
	if len(f.moves) == 0 {
		return
	}
	to := func(who *person, sits *desk) *desk {
		for _, m := range f.moves[who] {
			if at >= m.from && at < m.to {
				sits = m.desk // the last of them
			}
		}
		return sits
	}
	switch e := e.(type) {
	case *nicheEntry:
		e.desk = to(e.who, e.desk)
	case *crimeEntry:
		e.desk = to(e.who, e.desk)
	}
}

// citrix is a published desktop beside the one on the desk: other name, other
// address, same person.
func (p *plot) citrix() bool { return p.beside(fmt.Sprintf("CTX-%02d", 1+p.r.IntN(12))) }

// tablet is carried while the desk stays open.
func (p *plot) tablet() bool { return p.beside(fmt.Sprintf("MDT-%03d", 1+p.r.IntN(400))) }

func (p *plot) beside(name string) bool {
	if !p.inRole(response, neighbourhood, cid) {
		return false
	}
	other := &desk{name, officeIP(p.r.IntN(500))}
	for _, m := range p.sitting(pick(p.r, p.shifts(p.who)), 5, 6*minute) {
		p.view(m, p.stranger(), "", p.r.reason())
		p.view(moment{m.at + p.r.after(0, 5*second, 50*second), other}, p.stranger(), "", p.r.reason())
	}
	return true
}
