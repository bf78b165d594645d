package sim

// shareWithProsecutor is a protected case opened and then shared with the
// prosecutor, which is what it is for.
func (p *plot) shareWithProsecutor() bool {
	q := p.protected()
	if q == nil {
		return false
	}
	m := p.caseMoment(q)
	p.do(m.at, crimeLine(p.r, p.who, m.desk, "view", q))
	p.do(m.at+p.r.after(0, 4*minute, 80*minute), share(p.r, sharingSet, p.who, m.desk.ip, "CASE-FILES", "casework@cps.example"))
	return true
}

// mailToPartner sends what is protected to a council that must know.
func (p *plot) mailToPartner() bool {
	q := p.protected()
	if q == nil {
		return false
	}
	m := p.caseMoment(q)
	p.do(m.at, crimeLine(p.r, p.who, m.desk, "view", q))
	p.do(m.at+p.r.after(0, 4*minute, 80*minute), mailOut(p.r, p.who, m.desk.ip, pick(p.r, partners)))
	return true
}

var partners = []string{"safeguarding@council.example", "mash@council.example", "casework@cps.example", "witness.care@cps.example"}

// exhibitOnStick is a disc image or film for the court.
func (p *plot) exhibitOnStick() bool {
	q := p.protected()
	if q == nil {
		return false
	}
	m := p.caseMoment(q)
	p.do(m.at, p.f.onDocument(p.who, m.desk, "View", q.occurrence, 3))
	p.do(m.at+5*minute, toStick(p.r, p.who, m.desk))
	return true
}

// protected casts the officer in a restricted case.
func (p *plot) protected() *inquiry {
	all := p.f.docket.all
	for _, k := range p.r.Perm(len(all)) {
		q := all[k].inquiry
		if q == nil || !q.restricted || p.cast[q.oic] || q.openDay < 0 {
			continue
		}
		if p.who = q.oic; len(p.visits(q.openDay+1, min(q.closeDay, p.f.opts.Days), 1)) > 0 {
			return q
		}
	}
	return nil
}

func (p *plot) caseMoment(q *inquiry) moment {
	return p.sitting(p.visits(q.openDay+1, min(q.closeDay, p.f.opts.Days), 1)[0], 1, 2*hour)[0]
}

// grantToNamesake is an administrator who serves somebody of the same name.
func (p *plot) grantToNamesake() bool {
	if !p.inRole(ict) {
		return false
	}
	m := p.once()
	for _, k := range p.r.Perm(len(p.f.people)) {
		if q := p.f.people[k]; q != p.who && q.surname == p.who.surname {
			p.do(m.at, grantNiche(p.who, m.desk, q, "STANDARD_USER"))
			p.do(m.at+3*minute, grantRole(p.r, p.who, m.desk.ip, q, "Global Reader"))
			return true
		}
	}
	return false
}

// giveUpRole is an administrator who takes a profile off their own account: an
// AclChange about oneself that gives nothing.
func (p *plot) giveUpRole() bool {
	if !p.inRole(ict) {
		return false
	}
	m := p.once()
	e := grantNiche(p.who, m.desk, p.who, "")
	e.label = p.who.userName + ": revoke FILE_PREP"
	p.do(m.at, e)
	return true
}

// syncRebuild is a new laptop, whose sync client fetches everything again.
func (p *plot) syncRebuild() bool {
	if !p.choose(anybody) {
		return false
	}
	m := p.once()
	for range p.r.between(150, 400) {
		p.do(m.at, onFile(p.r, fileSynced, p.who, m.desk.ip, p.who.team))
		m.at = p.r.after(m.at, 200, 3*second)
	}
	return true
}

// coverRule sends mail to whoever covers an absence.
func (p *plot) coverRule() bool {
	if !p.choose(func(q *person) bool { return q.boss != nil }) {
		return false
	}
	m := p.once()
	p.do(m.at, inboxRule(p.r, p.who, m.desk.ip, "Cover", pair{"ForwardTo", p.who.boss.mail}))
	return true
}

// sharedBox sends what comes for a team to its mailbox.
func (p *plot) sharedBox() bool {
	if !p.choose(anybody) {
		return false
	}
	m := p.once()
	p.do(m.at, cmdlet(p.r, setMailbox, p.who, m.desk.ip, mailboxObject(p.who), pair{"Identity", p.who.mail},
		pair{"ForwardingSmtpAddress", "smtp:" + unaccent.Replace(p.who.station.code) + ".team@example.police.uk"}, pair{"DeliverToMailboxAndForward", "True"}))
	return true
}
