package sim

// inquire is the work of one day on an open inquiry: those assigned come back
// to the same people, less often as days go by; towards the end the file is
// prepared and printed.
func (w *work) inquire(q *inquiry, r dice) {
	age := w.day - q.openDay
	if age == 0 {
		return
	}
	for _, p := range q.everyone() {
		s := w.today.of[p.n]
		if s == nil {
			continue
		}
		keen := 0.55
		switch q.part(p) {
		case "OIC":
			keen = 0.8
		case "supervisor":
			keen = 0.35
		case "file-preparation":
			keen = 0.6
			if q.closeDay-w.day > 4 {
				keen = 0
			}
		}
		if r.chance(max(keen/float64(1+age/3), keen*0.3)) {
			w.visit(q, s, r)
		}
	}
}

// visit is one sitting at an inquiry.
func (w *work) visit(q *inquiry, s *stint, r dice) {
	t := r.within(s.from+10*minute, s.to-hour)
	step := func() instant {
		t = r.after(t, 20*second, 5*minute)
		return t
	}
	w.add(step(), crimeLine(r, s.who, s.desk, "view", q))
	w.add(step(), w.f.onOccurrence(s.who, s.desk, "View", q.occurrence, q.title))
	switch q.part(s.who) {
	case "supervisor":
		if r.chance(0.5) {
			w.add(step(), crimeLine(r, s.who, s.desk, "update", q))
		}
		return
	case "file-preparation":
		w.prepare(q, s, r, t)
		return
	}
	for _, x := range q.people {
		if r.chance(0.3) {
			w.add(step(), searchFor(s.who, s.desk, r, x))
		}
		w.look(step(), s, r, "View", x, q.occurrence, true)
		if r.chance(0.25) {
			w.look(step(), s, r, "Update", x, q.occurrence, true)
		}
		if s.who.pncID != "" && r.chance(0.2) {
			w.check(step(), s, r, originator(r, s.who, "CID ENQ", q.ref), x, true)
		}
	}
	for range r.IntN(4) {
		verb := [...]string{"View", "View", "Create", "Update", "Print"}[r.IntN(5)]
		e := w.f.onDocument(s.who, s.desk, verb, q.occurrence, r.IntN(12))
		e.reason = r.reason()
		w.add(step(), e)
	}
	if r.chance(0.6) {
		w.add(step(), crimeLine(r, s.who, s.desk, "update", q))
	}
	if r.chance(0.3) {
		w.add(step(), onFile(r, fileUploaded, s.who, s.desk.ip, q.teamName))
	}
}

// prepare prints the whole file, as file preparation does all day, and sends it
// to the prosecutor.
func (w *work) prepare(q *inquiry, s *stint, r dice, t instant) {
	for k := range r.between(6, 22) {
		t = r.after(t, 8*second, 70*second)
		w.add(t, w.f.onDocument(s.who, s.desk, "Print", q.occurrence, k))
	}
	w.add(t+minute, crimeLine(r, s.who, s.desk, "print", q))
	if r.chance(0.4) {
		w.add(t+2*minute, onFile(r, fileUploaded, s.who, s.desk.ip, "CASE-FILES"))
		w.add(t+4*minute, share(r, sharingSet, s.who, s.desk.ip, "CASE-FILES", "casework@cps.example"))
	}
}
