package sim

import "slices"

// similarPlate is a check of a vehicle that is the officer's but for a letter.
func (p *plot) similarPlate() bool {
	if !p.choose(func(q *person) bool { return len(q.cars) > 0 && len(q.role.ranks) > 0 && q.pncID == "" }) {
		return false
	}
	m, mine := p.once(), p.who.cars[0].vrm
	v := &vehicle{vrm: mine[:len(mine)-1] + string('W'+rune(p.r.IntN(4)))} // letters that no vehicle of this force ends with
	p.do(m.at, vehicleCheck(p.room(m.at), p.r, p.plainly(pick(p.r, stops)), v))
	return true
}

// colleagueStopped is a colleague's car in a road check.
func (p *plot) colleagueStopped() bool { return p.colleagueCar(pick(p.r, stops)) }

// colleagueVictim is a colleague whose car was hit: somebody else deals with it.
func (p *plot) colleagueVictim() bool { return p.colleagueCar("RTC") }

func (p *plot) colleagueCar(why string) bool {
	if !p.choose(func(q *person) bool { return q.role.name == response || q.role.name == neighbourhood }) {
		return false
	}
	for {
		v := pick(p.r, p.f.staffCars)
		m := p.once()
		operator := p.room(m.at)
		if v.keeper != p.who && v.keeper != operator && v.keeper.home != p.who.home {
			p.do(m.at, vehicleCheck(operator, p.r, p.plainly(why), v))
			return true
		}
	}
}

// overtime is an hour or so that nobody planned, on the officer's own job.
func (p *plot) overtime() bool { return p.stayOn(10*minute, 105*minute) }

// courtOverrun is an officer who comes back late from court to finish a file.
func (p *plot) courtOverrun() bool {
	for _, k := range p.r.Perm(len(p.f.people)) {
		q := p.f.people[k]
		if p.cast[q] {
			continue
		}
		for d := range p.f.opts.Days {
			if w := p.f.duty(q, d); w.kind == dutyCourt && len(p.f.docket.jobs(q, w.to)) > 0 {
				p.who = q
				p.finish(w.to+p.r.after(0, 10*minute, 90*minute), p.f.seat(q, d))
				return true
			}
		}
	}
	return false
}

func (p *plot) stayOn(lo, hi instant) bool {
	for _, k := range p.r.Perm(len(p.f.docket.all)) {
		inc := p.f.docket.all[k]
		if len(inc.crew) == 0 || inc.occurrence == "" || p.cast[inc.crew[0].who] || inc.crew[0].day < 0 {
			continue
		}
		s := inc.crew[0]
		if p.who = s.who; inc.opened+writingUp > s.to+hi {
			p.finish(s.to+p.r.after(0, lo, hi-10*minute), s.desk)
			return true
		}
	}
	return false
}

// finish is writing on a job of one's own.
func (p *plot) finish(t instant, at *desk) {
	inc := pick(p.r, p.f.docket.jobs(p.who, t))
	for range p.r.between(3, 7) {
		switch p.r.IntN(3) {
		case 0:
			p.do(t, p.f.onOccurrence(p.who, at, "Update", inc.occurrence, inc.title))
		default:
			p.do(t, p.f.onDocument(p.who, at, "View", inc.occurrence, p.r.IntN(8)))
		}
		t = p.r.after(t, 30*second, 2*minute)
	}
}

// calledIn is a free day that ended with a call: the roster never learns of it.
func (p *plot) calledIn() bool {
	if !p.choose(func(q *person) bool { return q.role.name == response || q.role.name == cid }) {
		return false
	}
	free := p.idle(p.who)
	if len(free) == 0 {
		return false
	}
	t := pick(p.r, free)
	at := p.f.seat(p.who, p.f.cal.dayOf(t))
	x := p.stranger()
	inc := p.newLog(t-20*minute, p.who.station, pick(p.r, offences))
	inc.crew, inc.people = []*stint{{who: p.who, day: p.f.cal.dayOf(t), from: t, to: t + 4*hour, desk: at}}, []*nominal{x}
	p.do(t, session(p.who, at, "Login"))
	for i := range p.r.between(3, 6) {
		p.view(moment{t + instant(4+3*i)*minute, at}, x, inc.occurrence, "")
	}
	p.do(t+30*minute, session(p.who, at, "Logout"))
	return true
}

// returner is back from long leave, days before the roster and the people table
// say so.
func (p *plot) returner() bool {
	away := slices.DeleteFunc(slices.Clone(p.f.people), func(q *person) bool { return q.status != statusLeave || p.cast[q] })
	if len(away) == 0 {
		return false
	}
	p.who = pick(p.r, away)
	for d := p.f.opts.Days - min(p.f.opts.Days, 4); d < p.f.opts.Days-1; d++ {
		at, t := p.f.seat(p.who, d), p.f.cal.clock(d, 9)+p.r.after(0, 0, 2*hour)
		p.do(t, signIn(p.r, p.who, at.ip, false))
		p.do(t+minute, session(p.who, at, "Login"))
		for i := range p.r.between(2, 5) {
			if log := p.logOf(t, func(inc *incident) bool { return inc.occurrence != "" }); log != nil {
				p.do(t+instant(5+9*i)*minute, p.f.onOccurrence(p.who, at, "View", log.occurrence, log.title))
			}
		}
		p.do(t+2*hour, session(p.who, at, "Logout"))
	}
	return true
}

// mutualAid is an officer lent to another station for some days, who is sent to
// its incidents.
func (p *plot) mutualAid() bool {
	if !p.inRole(response, neighbourhood) {
		return false
	}
	other := pick(p.r, p.f.stations)
	if other == p.who.station {
		return false
	}
	from := p.r.IntN(max(1, p.f.opts.Days-6))
	for _, d := range p.visits(from, from+6, 3) {
		for _, m := range p.sitting(d, p.r.between(3, 6), 20*minute) {
			inc := p.newLog(m.at-5*minute, other, pick(p.r, offences))
			inc.crew = []*stint{p.f.stint(p.who, d)}
			p.do(m.at, stormLine(p.r, p.who, "VIEW", inc))
		}
	}
	return true
}

// watchByRole is a supervisor or the duty command, who see the whole force.
func (p *plot) watchByRole() bool {
	if !p.inRole(supervisor, dutyCommand, intelligence) {
		return false
	}
	for _, d := range p.visits(0, p.f.opts.Days, 3) {
		for _, m := range p.sitting(d, p.r.between(6, 15), 3*minute) {
			if log := p.logOf(m.at, func(inc *incident) bool { return inc.station != p.who.station }); log != nil {
				p.do(m.at, stormLine(p.r, p.who, "VIEW", log))
			}
		}
	}
	return true
}

// phoneKeepsTrying is the leaver's old phone: the account is closed, and says so.
func (p *plot) phoneKeepsTrying() bool {
	days := p.absent(func(q *person) bool { return q.status == statusLeft }, func(q *person) int { return q.lastDay + 1 })
	for _, d := range days[:min(len(days), 4)] {
		p.do(p.f.cal.clock(d, 7)+p.r.after(0, 0, 10*hour), signIn(p.r, p.who, homeIP(p.who.n), true))
	}
	return len(days) > 0
}

// managerReadsBox is the leaver's manager, whom ICT gave the mailbox.
func (p *plot) managerReadsBox() bool {
	left := slices.DeleteFunc(slices.Clone(p.f.people), func(q *person) bool { return q.status != statusLeft || q.boss == nil || p.cast[q.boss] })
	if len(left) == 0 {
		return false
	}
	owner := pick(p.r, left)
	p.who = owner.boss
	for i, d := range p.visits(max(0, owner.lastDay+1), p.f.opts.Days, 3) {
		m := p.sitting(d, 1, 10*minute)[0]
		if i == 0 {
			admin := pick(p.r, p.f.inRole[ict])
			p.do(m.at-p.r.after(0, 4*hour, 40*hour), cmdlet(p.r, addPermission, admin, admin.desk.ip, mailboxObject(owner),
				pair{"Identity", owner.mail}, pair{"User", p.who.mail}, pair{"AccessRights", "FullAccess"}))
		}
		p.do(m.at, readFor(p.r, p.who, m.desk.ip, owner))
	}
	return len(p.acts) > 0
}
