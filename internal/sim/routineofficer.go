package sim

import "fmt"

// patrolRoutine is response and neighbourhood: briefing, and stops by the road
// that no incident explains, checked by the control room.
func (w *work) patrolRoutine(s *stint, r dice) {
	w.browse(s, r, 1.5)
	w.watch(s, r, 3)
	w.sift(s, r, 1.2, 0)
	for range r.around(1.3) {
		w.stop(s, r)
	}
}

// stop is a roadside check through the control room. The driver may be anyone,
// so that now and then it is a colleague's car; it is never the officer's own.
func (w *work) stop(s *stint, r dice) {
	t, v := s.some(r), pick(r, w.f.traffic)
	if r.chance(0.004) {
		if own := pick(r, w.f.staffCars); own.keeper != s.who && own.keeper.home != s.who.home {
			v = own
		}
	}
	c := w.controller(r, t, nil)
	if c == nil || c.who == v.keeper {
		return
	}
	from := originator(r, s.who, pick(r, roads), pick(r, stops))
	check := vehicleCheck(c.who, r, from, v)
	if r.chance(0.03) { // foreign, or misread
		check.pncID, check.vrm, check.hits = "", "", 0
	}
	w.add(t, check)
	if x := w.anyone(r); r.chance(0.45) && w.may(s.who, x, false) {
		w.check(r.after(t, 40*second, 4*minute), c, r, from, x, false)
	}
}

// controlRoutine is the desk between calls: looking at logs, searching them.
func (w *work) controlRoutine(s *stint, r dice) {
	w.watch(s, r, 14)
	for range r.around(5) {
		e := stormLine(r, s.who, "SEARCH", &incident{host: r.IntN(2)}).bare()
		e.query, e.hits = "addr=\""+pick(r, streets)+"\"", r.IntN(30)
		if r.chance(0.3) {
			e.query = fmt.Sprintf("tel=01632 960%03d [7 days]", r.IntN(1000))
		}
		w.add(s.some(r), e)
	}
	w.sift(s, r, 2, 0)
}

// supervisorRoutine is review.
func (w *work) supervisorRoutine(s *stint, r dice) {
	w.browse(s, r, 5)
	w.watch(s, r, 6)
	w.sift(s, r, 0.8, 0)
}

// detectiveRoutine is what inquiries do not explain: old cases, intelligence.
func (w *work) detectiveRoutine(s *stint, r dice) {
	w.browse(s, r, 3)
	w.sift(s, r, 3, 0.03)
	for range r.around(0.4) {
		t, x := s.some(r), w.anyone(r)
		w.check(t, s, r, originator(r, s.who, "CID ENQ", "INTEL"), x, false)
	}
	if r.chance(0.05) {
		e := &crimeEntry{who: s.who, desk: s.desk, verb: "search", query: "mo=\"" + pick(r, offences) + "\" area=" + s.who.station.code}
		w.add(s.some(r), e)
	}
}

// intelligenceRoutine sees everything, all day.
func (w *work) intelligenceRoutine(s *stint, r dice) {
	w.browse(s, r, 8)
	w.watch(s, r, 6)
	w.sift(s, r, 22, 0.06)
	for range r.around(3) {
		x := w.anyone(r)
		w.check(s.some(r), s, r, originator(r, s.who, "INTEL CELL", "RESEARCH"), x, false)
	}
	if r.chance(0.5) {
		w.add(s.some(r), &pncEntry{
			operator: s.who, originator: originator(r, s.who, "INTEL CELL", "RESEARCH"), code: pick(r, []string{"VODS", "QUEST"}),
			reason: r.between(1, 9), key: pick(r, makes) + " BLUE 201*", hits: r.IntN(60),
		})
	}
	if r.chance(0.15) {
		w.look(s.some(r), s, r, "View", pick(r, w.f.famous), "", false)
	}
	if r.chance(0.05) {
		w.add(s.some(r), oldCase(r, s.who, s.desk, "view", w.f.famousCase))
	}
}

// commandRoutine is duty command and the press office: the famous, by role.
func (w *work) commandRoutine(s *stint, r dice) {
	w.browse(s, r, 3)
	if s.who.role.storm {
		w.watch(s, r, 5)
	}
	for range r.around(0.7) {
		w.look(s.some(r), s, r, "View", pick(r, w.f.famous), "", false)
	}
	if r.chance(0.1) {
		w.add(s.some(r), oldCase(r, s.who, s.desk, "view", w.f.famousCase))
	}
}
