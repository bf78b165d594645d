package sim

// casework writes the assignments and links tables from the plans of all days:
// who worked on what, and which record belongs to what.
func (f *Force) casework() (assignments, links File) {
	a := f.table("assignments.csv", "purpose_ref,staff_id,role,from,to")
	l := f.table("links.csv", "record_ref,purpose_ref,from,to")
	yesterday := f.sheet(-backlog - 1)
	for d := -backlog; d < f.opts.Days; d++ {
		today := f.sheet(d)
		for _, inc := range f.plan(d, yesterday, today).incidents {
			inc.assign(a)
			inc.link(f, l)
		}
		yesterday = today
	}
	f.sidework(a, l)
	return a.file(), l.file()
}

// deployment ends a day after the incident: there is writing up to do.
const writingUp = 24 * hour

// assign writes a row for everyone on the incident and its inquiry, under each
// reference that logs may carry.
func (inc *incident) assign(t *table) {
	from := rfc3339(inc.opened)
	for _, s := range inc.crew {
		to := rfc3339(inc.closed + writingUp)
		t.row(inc.log, s.who.id, "deployed", from, to)
		if inc.occurrence != "" {
			t.row(inc.occurrence, s.who.id, "deployed", from, to)
		}
	}
	q := inc.inquiry
	if q == nil {
		return
	}
	to := rfc3339(q.opened + instant(q.closeDay-q.openDay+7)*24*hour)
	for _, p := range q.everyone() {
		t.row(q.ref, p.id, q.part(p), from, to)
		t.row(q.occurrence, p.id, q.part(p), from, to)
	}
}

// link writes which people, vehicles, occurrences and crimes belong to the
// incident; links stay open.
func (inc *incident) link(f *Force, t *table) {
	from := rfc3339(inc.opened)
	purposes := []string{inc.log}
	if inc.occurrence != "" {
		purposes = append(purposes, inc.occurrence)
		t.row(f.guidOf(inc.occurrence), inc.occurrence, from, "")
		t.row(f.guidOf(inc.occurrence), inc.log, from, "")
	}
	if q := inc.inquiry; q != nil {
		purposes = append(purposes, q.ref)
		t.row(q.ref, q.occurrence, from, "")
		t.row(q.ref, inc.log, from, "")
	}
	var refs []string
	for _, x := range inc.people {
		refs = append(refs, x.guid)
		if x.pncID != "" {
			refs = append(refs, x.pncID)
		}
	}
	if v := inc.vehicle; v != nil {
		refs = append(refs, v.guid, v.vrm)
	}
	for _, ref := range refs {
		for _, purpose := range purposes {
			t.row(ref, purpose, from, "")
		}
	}
}
