package sim

// overrun is how long people stay on after a shift to finish something.
const overrun = 80 * minute

// may is the guard on legitimate work: nobody touches a relation, and records
// of colleagues and of the famous only when assigned or trusted.
func (w *work) may(p *person, x *nominal, assigned bool) bool {
	return !w.f.related(p, x) && (assigned || p.role.trusted || !x.kept)
}

// look is a verb on a person's record, if that is legitimate work. Access
// control refuses restricted records to those who are neither assigned nor
// trusted.
func (w *work) look(at instant, s *stint, r dice, verb string, x *nominal, occurrence string, assigned bool) {
	if !s.around(at, overrun) || !w.may(s.who, x, assigned) {
		return
	}
	e := onPerson(s.who, s.desk, verb, x)
	e.occurrence, e.reason = occurrence, r.reason()
	e.denied = x.restricted && !assigned && !s.who.role.trusted
	w.add(at, e)
}

// check asks the PNC about a person on behalf of another, if legitimate.
func (w *work) check(at instant, s *stint, r dice, from string, x *nominal, assigned bool) {
	if s.around(at, overrun) && w.may(s.who, x, assigned) {
		w.add(at, nameCheck(s.who, r, from, x))
	}
}

// controller is somebody in the control room at t; nil at a quiet hour of a
// small force.
func (w *work) controller(r dice, t instant, people []*nominal) *stint {
	lists := [2][]*stint{w.yesterday.inRole[controlRoom], w.today.inRole[controlRoom]}
	return onDuty(r, lists, t, func(s *stint) bool {
		for _, x := range people {
			if w.f.related(s.who, x) {
				return false
			}
		}
		return true
	})
}

// respond is an incident from the call to the closing of its log.
func (w *work) respond(inc *incident, r dice) {
	if inc.controller != nil {
		w.add(inc.opened, stormLine(r, inc.controller.who, "CREATE", inc))
	}
	t := inc.opened
	for range r.between(2, 6) {
		t = r.after(t, 20*second, 25*minute)
		if t >= inc.closed {
			break
		}
		if c := w.controller(r, t, inc.people); c != nil {
			w.add(t, stormLine(r, c.who, "UPDATE", inc))
		}
	}
	for i, s := range inc.crew {
		w.attend(inc, s, r, i == 0)
	}
	if c := w.controller(r, inc.closed, inc.people); c != nil {
		w.add(inc.closed, stormLine(r, c.who, "CLOSE", inc))
	}
	w.takeInterest(inc, r)
}

// attend is what an officer who was sent does; the first of them writes.
func (w *work) attend(inc *incident, s *stint, r dice, writes bool) {
	t := r.after(inc.opened, minute, 10*minute)
	if s.around(t, overrun) && r.chance(0.7) {
		w.add(t, stormLine(r, s.who, "VIEW", inc))
	}
	if !writes && r.chance(0.5) {
		return
	}
	for _, x := range inc.people {
		if t = r.after(t, 2*minute, 12*minute); !s.around(t, overrun) {
			return
		}
		if r.chance(0.6) {
			w.add(t, searchFor(s.who, s.desk, r, x))
		}
		w.look(t+r.after(0, 4*second, 40*second), s, r, "View", x, inc.occurrence, true)
		if c := w.controller(r, t, inc.people); c != nil && writes && r.chance(0.5) {
			w.check(t+r.after(0, second, minute), c, r, w.askedBy(inc, s, r), x, true)
		}
	}
	if v := inc.vehicle; v != nil && writes {
		t = r.after(t, minute, 9*minute)
		if c := w.controller(r, t, inc.people); c != nil && c.who != v.keeper {
			w.add(t, vehicleCheck(c.who, r, w.askedBy(inc, s, r), v))
		}
	}
	if writes && inc.occurrence != "" {
		w.report(inc, s, r, t)
	}
}

// askedBy is the originator text of a check at an incident; four in ten give
// the number of the log.
func (w *work) askedBy(inc *incident, s *stint, r dice) string {
	if r.chance(0.4) {
		return originator(r, s.who, inc.log, pick(r, stops))
	}
	return originator(r, s.who, pick(r, roads), pick(r, stops))
}

// report is the writing up: an occurrence, its people, statements, a crime.
func (w *work) report(inc *incident, s *stint, r dice, t instant) {
	step := func() bool {
		t = r.after(t, minute, 14*minute)
		return s.around(t, overrun)
	}
	if !step() {
		return
	}
	title := inc.title + ", " + inc.place
	w.add(t, w.f.onOccurrence(s.who, s.desk, "Create", inc.occurrence, title))
	for _, x := range inc.people {
		if step() && r.chance(0.5) {
			w.look(t, s, r, "Update", x, inc.occurrence, true)
		}
	}
	if v := inc.vehicle; v != nil && step() {
		w.add(t, &nicheEntry{who: s.who, desk: s.desk, verb: "View", kind: "Vehicle", guid: v.guid, urn: v.urn, label: v.vrm + " " + v.make, occurrence: inc.occurrence, rows: -1})
	}
	if r.chance(0.3) && step() {
		w.add(t, &nicheEntry{
			who: s.who, desk: s.desk, verb: "Update", kind: "Address", guid: w.f.guidOf(inc.place), urn: "L" + inc.occurrence, rows: -1,
			label: inc.place + ",\nsee map", occurrence: inc.occurrence, reason: r.reason(),
		})
	}
	if q := inc.inquiry; q != nil && step() {
		w.add(t, crimeLine(r, s.who, s.desk, "create", q))
	}
	if step() {
		e := w.f.onOccurrence(s.who, s.desk, "Update", inc.occurrence, title)
		e.reason = r.reason()
		w.add(t, e)
	}
	if r.chance(0.15) && step() {
		w.add(t, w.f.onDocument(s.who, s.desk, "Print", inc.occurrence, r.IntN(4)))
	}
}

// takeInterest is others with a legitimate view of the log: supervisors, and
// the command and the press office when a famous name is in it.
func (w *work) takeInterest(inc *incident, r dice) {
	famous := false
	for _, x := range inc.people {
		famous = famous || x.kept && x.staff == nil
	}
	for _, name := range []string{supervisor, dutyCommand, media} {
		if name != supervisor && !famous {
			continue
		}
		t := r.after(inc.opened, 20*minute, 4*hour)
		lists := [2][]*stint{w.yesterday.inRole[name], w.today.inRole[name]}
		s := onDuty(r, lists, t, func(s *stint) bool { return true })
		if s == nil || !w.unrelated(s.who, inc.people) || name == supervisor && r.chance(0.6) {
			continue
		}
		if s.who.role.storm {
			w.add(t, stormLine(r, s.who, "VIEW", inc))
		}
		if name == supervisor {
			continue
		}
		for _, x := range inc.people {
			t = r.after(t, 20*second, 3*minute)
			if name != media || !x.frail {
				w.look(t, s, r, "View", x, inc.occurrence, false)
			}
		}
	}
}

func (w *work) unrelated(p *person, people []*nominal) bool {
	for _, x := range people {
		if w.f.related(p, x) {
			return false
		}
	}
	return true
}
