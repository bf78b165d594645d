package sim

import "fmt"

// fileRoutine is little: file preparation lives from inquiries.
func (w *work) fileRoutine(s *stint, r dice) {
	w.browse(s, r, 3)
	if r.chance(0.1) {
		t := s.some(r)
		for k := range r.between(20, 60) { // a trial bundle
			if len(w.open) == 0 {
				return
			}
			q := w.open[k%min(3, len(w.open))]
			w.add(t, w.f.onDocument(s.who, s.desk, "Print", q.occurrence, k))
			t = r.after(t, 6*second, 50*second)
		}
	}
}

// vettingRoutine opens entries of colleagues and applicants, as vetting must.
func (w *work) vettingRoutine(s *stint, r dice) {
	for range r.around(4) {
		t, p := s.some(r), pick(r, w.f.people)
		x := p.record
		if x == nil {
			x = w.anyone(r)
		}
		if !w.may(s.who, x, false) {
			continue
		}
		e := searchFor(s.who, s.desk, r, x)
		e.reason = fmt.Sprintf("Vetting ref V/%05d", r.IntN(100000))
		w.add(t, e)
		w.look(r.after(t, 5*second, minute), s, r, "View", x, "", false)
		w.check(r.after(t, 2*minute, 9*minute), s, r, originator(r, s.who, "VETTING", "RENEWAL"), x, false)
	}
}

// firearmsRoutine checks applicants.
func (w *work) firearmsRoutine(s *stint, r dice) {
	for range r.around(5) {
		t, x := s.some(r), w.anyone(r)
		if !w.may(s.who, x, false) {
			continue
		}
		w.add(t, searchFor(s.who, s.desk, r, x))
		w.look(r.after(t, 5*second, minute), s, r, "View", x, "", false)
		w.check(r.after(t, 2*minute, 9*minute), s, r, originator(r, s.who, "FIREARMS LIC", "GRANT"), x, false)
	}
}

// recordsRoutine merges, corrects, and deletes what is due.
func (w *work) recordsRoutine(s *stint, r dice) {
	w.sift(s, r, 6, 0)
	for range r.around(3) {
		w.look(s.some(r), s, r, "Update", w.anyone(r), "", false)
	}
	for range r.around(2) {
		e := w.f.onDocument(s.who, s.desk, "Delete", fmt.Sprintf("53%02d/%07d", (w.f.cal.year-8)%100, r.IntN(90000)), r.IntN(9))
		e.reason = "Scheduled review, retention expired"
		w.add(s.some(r), e)
	}
	if r.chance(0.1) {
		e := &nicheEntry{who: s.who, desk: s.desk, verb: "Export", kind: "Task", label: "Monthly return, crime", rows: r.between(200, 4000)}
		e.guid = w.f.guidOf("return")
		w.add(s.some(r), e)
	}
	if x := w.anyone(r); r.chance(0.4) && w.may(s.who, x, false) && x.pncID != "" {
		e := nameCheck(s.who, r, originator(r, s.who, "PNC BUREAU", "RESULT"), x)
		e.code = "UP"
		w.add(s.some(r), e)
	}
}

// ictRoutine is administration of others' accounts.
func (w *work) ictRoutine(s *stint, r dice) {
	ip := s.desk.ip
	other := func() *person {
		for {
			if p := pick(r, w.f.people); p != s.who {
				return p
			}
		}
	}
	for range r.around(2) {
		w.add(s.some(r), newPassword(r, s.who, ip, other()))
	}
	if r.chance(0.15) {
		w.add(s.some(r), grantRole(r, s.who, ip, other(), pick(r, []string{"Global Reader", "Helpdesk Administrator", "Security Reader"})))
	}
	for range r.around(0.5) {
		w.add(s.some(r), grantNiche(s.who, s.desk, other(), pick(r, []string{"STANDARD_USER", "FILE_PREP", "CID_USER"})))
	}
	if p := other(); r.chance(0.05) && p.boss != nil {
		w.add(s.some(r), cmdlet(r, setMailbox, s.who, ip, mailboxObject(p),
			pair{"Identity", p.mail}, pair{"ForwardingAddress", p.boss.mail}, pair{"DeliverToMailboxAndForward", "True"}))
	}
	if r.chance(0.01) {
		w.add(s.some(r), cmdlet(r, setAuditConfig, s.who, ip, auditObject, pair{"UnifiedAuditLogIngestionEnabled", "True"}))
	}
}

const auditObject = `EXAMPLE.PROD/Configuration/Admin Audit Log Settings`

// grantNiche changes the access rights of an account in Niche: EntityGUID is
// the account.
func grantNiche(who *person, at *desk, target *person, profile string) *nicheEntry {
	return &nicheEntry{
		who: who, desk: at, verb: "AclChange", kind: "Account", guid: target.login, urn: target.login,
		label: target.userName + ": grant " + profile, rows: -1,
	}
}

// standardsRoutine looks into colleagues, which is the work of this department,
// and into what others did on the PNC.
func (w *work) standardsRoutine(s *stint, r dice) {
	for range r.around(1.5) {
		if p := pick(r, w.f.people); p.record != nil {
			w.look(s.some(r), s, r, "View", p.record, "", false)
		}
	}
	if r.chance(0.3) {
		p := pick(r, w.f.people)
		w.add(s.some(r), &pncEntry{
			operator: s.who, originator: originator(r, s.who, "PSD", "AUDIT"), code: "TE", reason: r.between(1, 9),
			key: "OPERATOR " + p.login, hits: r.IntN(90),
		})
	}
	w.browse(s, r, 2)
}
