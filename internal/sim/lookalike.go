package sim

// legitimate is the variant of look-alikes.
const legitimate = "legitimate"

// lookalike is honest work that resembles a typology, in several ways which
// take turns. A way casts somebody who never offends and does the work, with
// the assignments, links and duties that make it honest, as far as a force
// would have them on file. False says that this force has nobody for it.
type lookalike struct {
	typology string
	ways     []func(*plot) bool
}

// lookalikes by typology, in an order that their dice depend on.
func lookalikes() []lookalike {
	type ways = []func(*plot) bool
	return []lookalike{
		{"self-lookup", ways{(*plot).ownArrest, (*plot).namesake, (*plot).trainingRecord, (*plot).ownNameSought}},
		{"own-case-access", ways{(*plot).namesakeCase, (*plot).witnessOnTeam, (*plot).ownArrest}},
		{"declared-association-lookup", ways{(*plot).sentToAssociate, (*plot).associateNamesake}},
		{"household-kin-lookup", ways{(*plot).sentToHousehold, (*plot).nextDoor}},
		{"colleague-lookup", ways{(*plot).vetColleague, (*plot).sentToColleague, (*plot).colleagueNamesake}},
		{"own-vehicle-check", ways{(*plot).similarPlate, (*plot).colleagueStopped, (*plot).colleagueVictim}},
		{"high-profile-access", ways{(*plot).famousByRole, (*plot).sentToFamous}},
		{"repeat-subject-unassigned", ways{(*plot).visitingPlan, (*plot).profileByRole, (*plot).longInquiry}},
		{"victim-return-after-closure", ways{(*plot).courtPreparation, (*plot).newIncident, (*plot).lastCall}},
		{"vulnerable-person-trawl", ways{(*plot).safeguardingList, (*plot).riskByRole}},
		{"sensitive-view-then-egress", ways{(*plot).shareWithProsecutor, (*plot).mailToPartner, (*plot).exhibitOnStick}},
		{"bulk-print-export", ways{(*plot).trialBundle, (*plot).officerBundle}},
		{"role-self-grant", ways{(*plot).grantToNamesake, (*plot).giveUpRole}},
		{"external-auto-forward", ways{(*plot).coverRule, (*plot).sharedBox}},
		{"offduty-or-absent-access", ways{(*plot).overtime, (*plot).calledIn, (*plot).courtOverrun, (*plot).returner}},
		{"storm-out-of-area-browse", ways{(*plot).mutualAid, (*plot).watchByRole}},
		{"shared-credentials", ways{(*plot).hotDesk, (*plot).citrix, (*plot).tablet}},
		{"leaver-account-used", ways{(*plot).phoneKeepsTrying, (*plot).managerReadsBox}},
		{"mass-download", ways{(*plot).syncRebuild}},
	}
}

// resemble plans the look-alikes: of each typology twenty for 2000 people and
// 90 days.
func (f *Force) resemble(cast map[*person]bool) {
	for i, l := range lookalikes() {
		for k := range f.each(20) {
			for try := range 4 { // who was cast may have no such case, or no time for it
				p := &plot{f: f, r: f.dice(forLookalikes, 100*i+try, k), variant: legitimate, cast: cast}
				if l.ways[(k+try)%len(l.ways)](p) && p.inSpan() {
					f.schedule(l.typology, p)
					break
				}
			}
		}
	}
}

// inSpan drops what would happen outside the span, and says whether anything
// is left.
func (p *plot) inSpan() bool {
	kept := p.acts[:0]
	for _, a := range p.acts {
		if a.at >= p.f.cal.midnight(0) && a.at < p.f.last() {
			kept = append(kept, a)
		}
	}
	p.acts = kept
	return len(p.acts) > 0
}

// once is a moment in a shift of the person cast.
func (p *plot) once() moment {
	days := p.shifts(p.who)
	return p.sitting(pick(p.r, days), 1, 20*minute)[0]
}

// inRole casts somebody of one of the roles.
func (p *plot) inRole(names ...string) bool {
	return p.choose(func(q *person) bool {
		for _, n := range names {
			if q.role.name == n {
				return true
			}
		}
		return false
	})
}

// sentTo is an incident about x to which the person cast is sent; what is
// looked up there carries its number.
func (p *plot) sentTo(x *nominal, m moment) *incident {
	inc := p.newLog(m.at-p.r.after(0, 3*minute, 9*minute), p.who.station, pick(p.r, offences))
	inc.crew, inc.people = []*stint{p.on(m.at)}, []*nominal{x}
	p.do(inc.opened, stormLine(p.r, p.room(inc.opened), "CREATE", inc))
	if p.who.role.storm {
		p.do(m.at-minute, stormLine(p.r, p.who, "VIEW", inc))
	}
	for range p.r.between(1, 3) {
		e := onPerson(p.who, m.desk, "View", x)
		e.occurrence = inc.occurrence
		p.do(m.at, e)
		m.at = p.r.after(m.at, minute, 15*minute)
	}
	return inc
}

// on is the shift of the person cast that holds t.
func (p *plot) on(t instant) *stint {
	d := p.f.cal.dayOf(t)
	if s := p.f.stint(p.who, d); s != nil && t >= s.from {
		return s
	}
	return p.f.stint(p.who, d-1)
}

// post assigns the person cast to a reference of its own for some days, and
// ties records to it.
func (p *plot) post(ref, role string, from, to instant, about ...*nominal) {
	p.f.postings = append(p.f.postings, posting{ref, p.who, role, from, to})
	for _, x := range about {
		p.f.ties = append(p.f.ties, tie{x.guid, ref, from})
		if x.pncID != "" {
			p.f.ties = append(p.f.ties, tie{x.pncID, ref, from})
		}
	}
}

// view opens a record under a reference, which may be empty.
func (p *plot) view(m moment, x *nominal, ref, reason string) {
	e := onPerson(p.who, m.desk, "View", x)
	e.occurrence, e.reason = ref, reason
	p.do(m.at, e)
}
