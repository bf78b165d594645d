package sim

import (
	"fmt"
	"slices"
	"strings"
)

// plantEgress opens what is protected and takes it out: somebody else's case at
// once, on a stick or by an open link; the own case by mail to a private
// address within the hours; or, by somebody who may see everything, a little of
// it now and then on another day.
func plantEgress(p *plot) bool {
	if p.variant == patient {
		return p.leak()
	}
	all := p.f.docket.all
	for _, k := range p.r.Perm(len(all)) {
		q := all[k].inquiry
		if q == nil || !q.restricted || p.cast[q.oic] || q.openDay < 0 {
			continue
		}
		p.who = q.oic
		if p.variant == obvious && !p.choose(func(s *person) bool {
			return !s.role.trusted && s.role.name != filePrep && !slices.Contains(all[k].staff(), s) &&
				!slices.ContainsFunc(q.people, func(x *nominal) bool { return p.f.related(s, x) })
		}) {
			return false
		}
		days := p.visits(q.openDay+1, min(q.closeDay, p.f.opts.Days), p.count(1, 2, 0))
		if len(days) == 0 {
			continue
		}
		for _, d := range days {
			m := p.sitting(d, 1, 3*hour)[0]
			p.do(m.at, crimeLine(p.r, p.who, m.desk, "view", q))
			p.do(m.at+2*minute, p.f.onDocument(p.who, m.desk, p.pickVerb(), q.occurrence, p.r.IntN(12)))
			p.takeOut(m.at+p.r.after(2*minute, instant(p.count(3, 20, 0))*minute, instant(p.count(25, 90, 1))*minute), m)
		}
		return true
	}
	return false
}

func (p *plot) pickVerb() string {
	if p.variant == obvious {
		return "Print"
	}
	return "View"
}

// takeOut is how it leaves.
func (p *plot) takeOut(t instant, m moment) {
	switch {
	case p.variant == obvious && p.r.chance(0.5):
		for range p.r.between(6, 14) {
			p.do(t, toStick(p.r, p.who, m.desk))
			t = p.r.after(t, second, 8*second)
		}
	case p.variant == obvious:
		p.do(t, share(p.r, anonymousLink, p.who, m.desk.ip, "CASE-FILES", ""))
	default:
		p.do(t, mailOut(p.r, p.who, m.desk.ip, p.private()))
	}
}

// private is a mailbox of the offender's own. A careful one does not use the
// name.
func (p *plot) private() string {
	if p.variant == patient || p.variant == ordinary && p.r.chance(0.3) {
		return fmt.Sprintf("%s%d@webmail.example", pick(p.r, handles), p.r.between(10, 99))
	}
	name := strings.ToLower(p.who.forenames[:1] + "." + unaccent.Replace(p.who.surname))
	return fmt.Sprintf("%s%d@webmail.example", name, p.r.between(10, 99))
}

var handles = []string{"bluekite", "rugbyfan", "gardenshed", "seaview", "oldmill", "redfox"}

// leak is one of those who may see everything.
func (p *plot) leak() bool {
	if !p.choose(func(q *person) bool { return q.role.trusted }) {
		return false
	}
	secret := slices.DeleteFunc(slices.Clone(p.f.public), func(x *nominal) bool { return !x.restricted || p.f.related(p.who, x) })
	for _, d := range p.visits(0, p.f.opts.Days-2, p.slowly(4, 7)) {
		m := p.sitting(d, 1, 30*minute)[0]
		p.do(m.at, p.excuse(onPerson(p.who, m.desk, "View", pick(p.r, secret)), m.at))
		t := m.at + p.r.after(0, hour, 5*hour)
		if p.r.chance(0.5) {
			t = m.at + p.r.after(0, 18*hour, 30*hour)
		}
		p.do(t, mailOut(p.r, p.who, m.desk.ip, p.private()))
	}
	return len(p.acts) > 0
}
