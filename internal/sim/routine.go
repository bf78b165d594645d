package sim

// routine is a stint apart from incidents and inquiries: logons, mail, files,
// and what the role does.
func (w *work) routine(s *stint) {
	r := w.f.dice(forRoutine, w.day, s.who.n)
	begin := r.after(s.from, 0, 8*minute)
	if r.chance(0.04) {
		w.add(begin-30*second+second, signIn(r, s.who, s.desk.ip, true))
	}
	w.add(begin, signIn(r, s.who, s.desk.ip, false))
	w.add(r.after(begin, minute, 6*minute), session(s.who, s.desk, "Login"))
	if s.who.role.storm {
		w.add(r.after(begin, minute, 4*minute), stormLine(r, s.who, "LOGIN", &incident{host: s.who.n % 2}).bare())
		w.add(r.within(s.to-4*minute, s.to), stormLine(r, s.who, "LOGOUT", &incident{host: s.who.n % 2}).bare())
	}
	w.office(s, r)
	s.who.role.routine(w, s, r)
	w.add(r.within(s.to-5*minute, s.to), session(s.who, s.desk, "Logout"))
}

// bare takes the incident away, from a line that is about none.
func (e *stormEntry) bare() *stormEntry {
	e.inc, e.note = nil, ""
	return e
}

// some moment in the body of a stint.
func (s *stint) some(r dice) instant { return r.within(s.from+12*minute, s.to-12*minute) }

// office is mail and files, the same for everyone.
func (w *work) office(s *stint, r dice) {
	p, ip := s.who, s.desk.ip
	for range r.around(4) {
		w.add(s.some(r), readMail(r, p, ip))
	}
	for range r.around(1.5) {
		w.add(s.some(r), sendMail(r, p, ip))
	}
	for range r.around(2.5) {
		kind := [...]*m365Kind{fileAccessed, fileAccessed, fileAccessed, fileModified, fileModified, fileUploaded, fileDownloaded}[r.IntN(7)]
		w.add(s.some(r), onFile(r, kind, p, ip, p.team))
	}
	if r.chance(0.02) {
		w.add(s.some(r), share(r, sharingSet, p, ip, p.team, pick(r, w.f.people).mail))
	}
	if r.chance(0.004) {
		w.add(s.some(r), inboxRule(r, p, ip, "Newsletters", pair{"SubjectContainsWords", "newsletter"}, pair{"MoveToFolder", p.login + `:\Archive`}))
	}
	if r.chance(0.002) && p.boss != nil {
		w.add(s.some(r), inboxRule(r, p, ip, "Cover", pair{"ForwardTo", p.boss.mail}))
	}
	if r.chance(0.003) { // a new laptop: the sync client fetches everything again
		t := r.within(s.from+hour, s.to-2*hour)
		for range r.between(120, 350) {
			t += r.after(0, second, 6*second)
			w.add(t, onFile(r, fileSynced, p, ip, p.team))
		}
	}
}

// offDuty is the few who read their mail at home on a free day.
func (w *work) offDuty() {
	r := w.f.dice(forRoutine, w.day, -1)
	for range r.around(0.003 * float64(len(w.f.people))) {
		p := pick(r, w.f.people)
		if w.today.of[p.n] != nil || !p.serves(w.day) {
			continue
		}
		t := w.f.cal.clock(w.day, 9) + r.after(0, 0, 12*hour)
		w.add(t, signIn(r, p, homeIP(p.n), false))
		w.add(t+minute, readMail(r, p, homeIP(p.n)))
	}
}

// anyone of the public, met without an incident.
func (w *work) anyone(r dice) *nominal { return w.f.someone(r) }

// sift searches for and opens people of the public, n times on average.
func (w *work) sift(s *stint, r dice, n float64, prints float64) {
	for range r.around(n) {
		t, x := s.some(r), w.anyone(r)
		if !w.may(s.who, x, false) {
			continue
		}
		w.add(t, searchFor(s.who, s.desk, r, x))
		if r.chance(0.75) {
			w.look(r.after(t, 3*second, 50*second), s, r, "View", x, "", false)
		}
		if r.chance(prints) {
			w.look(r.after(t, minute, 3*minute), s, r, "Print", x, "", false)
		}
	}
}

// watch looks at today's incidents of the own sector, n on average.
func (w *work) watch(s *stint, r dice, n float64) {
	for range r.around(n) {
		t := s.some(r)
		if len(w.plan.incidents) == 0 {
			return
		}
		inc := pick(r, w.plan.incidents)
		if inc.opened <= t && (inc.station == s.who.station || s.who.role.name == controlRoom) && w.unrelated(s.who, inc.people) {
			w.add(t, stormLine(r, s.who, "VIEW", inc))
		}
	}
}

// browse reads occurrences that others work on: briefing, review, curiosity
// within reason. It opens no person.
func (w *work) browse(s *stint, r dice, n float64) {
	for range r.around(n) {
		if len(w.open) == 0 {
			return
		}
		q, t := pick(r, w.open), s.some(r)
		if q.opened >= t || !w.unrelated(s.who, q.people) {
			continue
		}
		w.add(t, w.f.onOccurrence(s.who, s.desk, "View", q.occurrence, q.title))
		if r.chance(0.5) {
			w.add(r.after(t, 10*second, 3*minute), crimeLine(r, s.who, s.desk, "view", q))
		}
	}
}
