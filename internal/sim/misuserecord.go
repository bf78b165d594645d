package sim

import "fmt"

// plantBulkPrint prints whole files without being file preparation.
func plantBulkPrint(p *plot) bool {
	if !p.choose(func(q *person) bool { return q.role.name != filePrep && q.role.name != records }) {
		return false
	}
	for _, m := range p.moments(p.count(140, 90, 84), 40*second) {
		verb := "Print"
		if p.variant != obvious && p.r.chance(0.3) {
			verb = "Export"
		}
		p.do(m.at, p.f.onDocument(p.who, m.desk, verb, p.elsewhere(), p.r.IntN(12)))
	}
	return true
}

// elsewhere is an occurrence of the year before, nobody's work any more.
func (p *plot) elsewhere() string {
	return fmt.Sprintf("53%02d/%07d", (p.f.cal.year+99)%100, p.r.between(100, 9000))
}

// plantDenied tries restricted records one after the other.
func plantDenied(p *plot) bool {
	if !p.choose(func(q *person) bool { return !q.role.trusted }) {
		return false
	}
	m := p.moments(1, 15*minute)[0]
	tries, gap := p.count(16, 8, 8), instant(p.count(30, 70, 70))*second
	for _, k := range p.r.Perm(len(p.f.public)) {
		x := p.f.public[k]
		if !x.restricted || p.f.related(p.who, x) {
			continue
		}
		e := onPerson(p.who, m.desk, "View", x)
		e.denied = true
		p.do(m.at, e)
		m.at = p.r.after(m.at, gap/3, gap)
		if tries--; tries == 0 {
			break
		}
	}
	return true
}

// plantAlteration changes the own record.
func plantAlteration(p *plot) bool {
	x := p.about(func(q *person, x *nominal) bool { return x.staff == q })
	if x == nil {
		return false
	}
	m := p.moments(1, 4*minute)[0]
	p.do(m.at, onPerson(p.who, m.desk, "View", x))
	for i := range p.count(3, 1, 1) {
		p.do(m.at+instant(i+1)*minute, onPerson(p.who, m.desk, "Update", x))
	}
	return true
}

// plantErasure deletes what records management did not ask to be deleted.
func plantErasure(p *plot) bool {
	if !p.choose(func(q *person) bool { return q.role.name != records && q.role.name != ict }) {
		return false
	}
	occurrence := p.elsewhere()
	for i, m := range p.moments(p.count(8, 1, 1), 2*minute) {
		p.do(m.at, p.f.onDocument(p.who, m.desk, "Delete", occurrence, i))
	}
	return true
}
