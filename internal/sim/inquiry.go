package sim

import "fmt"

// inquiry is a recorded crime under investigation.
type inquiry struct {
	ref        string // CR/26/0012345
	occurrence string
	log        string
	title      string
	teamName   string
	oic        *person
	team       []*person
	supervisor *person
	clerk      *person // prepares the file for the prosecutor
	opened     instant
	openDay    int
	closeDay   int
	people     []*nominal
	restricted bool
	number     int
}

// inquiry opens one for an incident: serious crime goes to CID, the rest stays
// with the officer who attended.
func (f *Force) inquiry(r dice, d, number int, inc *incident) *inquiry {
	q := &inquiry{
		ref: fmt.Sprintf("CR/%02d/%07d", inc.on.year%100, number), occurrence: inc.occurrence, log: inc.log,
		title: inc.title, opened: inc.opened, openDay: d, closeDay: d + r.between(4, backlog-2), number: number,
	}
	q.oic = inc.crew[0].who
	if r.chance(0.45) {
		if p := f.colleague(r, cid, d); p != nil {
			q.oic = p
		}
	}
	q.teamName = q.oic.team
	for range r.between(0, 2) {
		if p := f.colleague(r, q.oic.role.name, d); p != nil && p != q.oic {
			q.team = append(q.team, p)
		}
	}
	q.supervisor = f.colleague(r, supervisor, d)
	q.clerk = f.colleague(r, filePrep, d)
	return q
}

// colleague draws somebody of a role who serves around day d; nil if none turns up.
func (f *Force) colleague(r dice, role string, d int) *person {
	for range 6 {
		if p := pick(r, f.inRole[role]); p.serves(d) && p.serves(d+backlog) {
			return p
		}
	}
	return nil
}

// everyone who is assigned to the inquiry.
func (q *inquiry) everyone() []*person {
	all := append([]*person{q.oic}, q.team...)
	if q.supervisor != nil {
		all = append(all, q.supervisor)
	}
	if q.clerk != nil {
		all = append(all, q.clerk)
	}
	return all
}

// part is what p does in the inquiry, as the assignments table says it.
func (q *inquiry) part(p *person) string {
	switch p {
	case q.oic:
		return "OIC"
	case q.supervisor:
		return "supervisor"
	case q.clerk:
		return "file-preparation"
	}
	return "team"
}
