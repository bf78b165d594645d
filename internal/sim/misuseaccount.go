package sim

// absent casts an offender who should not be there at all, and the days left
// to do it.
func (p *plot) absent(fits func(*person) bool, since func(*person) int) []int {
	for _, k := range p.r.Perm(len(p.f.people)) {
		q := p.f.people[k]
		if p.cast[q] || !fits(q) {
			continue
		}
		var days []int
		for d := max(0, since(q)); d < p.f.opts.Days; d++ {
			days = append(days, d)
		}
		if len(days) > 0 {
			p.who = q
			return days
		}
	}
	return nil
}

// plantLeaver is an account that nobody closed, used days after its owner left.
func plantLeaver(p *plot) bool {
	days := p.absent(func(q *person) bool { return q.status == statusLeft }, func(q *person) int { return q.lastDay + 3 })
	return len(days) > 0 && p.intrude(days, true)
}

// plantSuspended works on, or only reads mail.
func plantSuspended(p *plot) bool {
	days := p.absent(func(q *person) bool { return q.status == statusSuspense }, func(*person) int { return 0 })
	return len(days) > 0 && p.intrude(days, p.variant == obvious)
}

// intrude is an evening session: mail, files and, when asked, records.
func (p *plot) intrude(days []int, niche bool) bool {
	for _, d := range p.sittings(days, p.count(1, 2, 6)) {
		t := p.f.cal.clock(d, 18) + p.r.after(0, 0, 4*hour)
		ip := homeIP(p.who.n)
		p.do(t, signIn(p.r, p.who, ip, false))
		p.do(t+2*minute, readMail(p.r, p.who, ip))
		if p.variant == obvious {
			p.do(t+3*minute, onFile(p.r, fileDownloaded, p.who, ip, p.who.team))
		}
		if !niche {
			continue
		}
		desk := p.f.seat(p.who, d)
		p.do(t+4*minute, session(p.who, desk, "Login"))
		for i := range p.count(4, 2, 1) {
			x := p.f.someone(p.r)
			p.do(t+instant(5+i)*minute, onPerson(p.who, desk, "View", x))
		}
	}
	return true
}

// plantSelfGrant is an administrator of the directory when obvious; otherwise
// the local administrator of Niche, a supervisor or ICT.
func plantSelfGrant(p *plot) bool {
	admin := func(q *person) bool { return q.role.name == ict }
	local := func(q *person) bool { return q.role.name == ict || q.role.name == supervisor }
	cloud := p.variant == obvious && p.choose(admin)
	if !cloud && !p.choose(local) && !p.choose(func(q *person) bool { return q.rank != "PC" }) {
		return false
	}
	if p.variant == patient {
		return p.borrowRights()
	}
	m := p.moments(1, minute)[0]
	if cloud {
		p.do(m.at, grantRole(p.r, p.who, m.desk.ip, p.who, "Global Administrator"))
	}
	p.do(m.at+2*minute, grantNiche(p.who, m.desk, p.who, "SUPER_USER"))
	return true
}

// borrowRights gives an ordinary profile for some minutes, a few times, and
// takes it away again.
func (p *plot) borrowRights() bool {
	for _, m := range p.moments(3, minute) {
		p.do(m.at, grantNiche(p.who, m.desk, p.who, "CID_USER"))
		back := grantNiche(p.who, m.desk, p.who, "CID_USER")
		back.label = p.who.userName + ": revoke CID_USER"
		p.do(m.at+p.r.after(4*minute, 0, 12*minute), back)
	}
	return true
}

// plantAuditOff is an administrator, or somebody who was lent the rights.
func plantAuditOff(p *plot) bool {
	if !p.choose(func(q *person) bool { return q.role.name == ict }) && !p.choose(func(q *person) bool { return q.rank != "PC" }) {
		return false
	}
	m := p.moments(1, minute)[0]
	p.do(m.at, cmdlet(p.r, setAuditConfig, p.who, m.desk.ip, auditObject, pair{"UnifiedAuditLogIngestionEnabled", "False"}))
	return true
}
