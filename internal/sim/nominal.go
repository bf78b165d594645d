package sim

import (
	"fmt"
	"math"
	"strings"
)

// nominal is a person on record, as Niche and perhaps the PNC know them.
type nominal struct {
	guid       string // Niche EntityGUID: the record_ref
	urn        string
	pncID      string // empty when unknown to the PNC
	surname    string
	upper      string
	forenames  string
	sex        byte
	born       date
	home       address
	label      string // EntityLabel
	restricted bool
	staff      *person // who this is, when a member of staff
	frail      bool    // vulnerable: no business of the press office
	kept       bool    // colleagues and famous people: for those assigned or trusted only
}

// populate makes the nominals, and decides which of them have to do with staff.
func (f *Force) populate() {
	r := f.dice(forNominals, 0, 0)
	n := f.opts.Staff
	for i := range 8*n + 200 {
		x := f.nominal(r, often(r, surnames), address(3*n+i/2))
		x.restricted = r.chance(0.06)
		f.public = append(f.public, x)
	}
	f.recordStaff(r)
	f.recordKin(r)
	for i := range max(6, n/100) {
		x := f.nominal(r, often(r, surnames), address(7*n+200+i))
		x.kept, x.restricted = true, i%2 == 0
		f.famous = append(f.famous, x)
		f.sort(x, i)
	}
	for i := range 3 + n/500 {
		f.bait = append(f.bait, f.nominal(r, pick(r, surnames), address(7*n+1000+n/50+i)))
	}
	yy := f.cal.year % 100
	f.famousCase = fmt.Sprintf("CR/%02d/%07d", (yy+99)%100, r.between(11, 499))
	f.baitCase = fmt.Sprintf("CR/%02d/%07d", yy, r.between(500, 999))
}

// recordStaff puts one member of staff in six on record (as a victim or
// witness), and some namesakes who are somebody else.
func (f *Force) recordStaff(r dice) {
	n := f.opts.Staff
	for i, k := range r.Perm(n)[:max(16, n/6)] {
		p := f.people[k]
		x := f.nominal(r, p.surname, p.home)
		x.forenames, x.sex, x.born, x.staff, x.kept = p.forenames, p.sex, p.born, p, true
		x.relabel()
		p.record = x
		f.sort(x, i)
		if i%8 == 0 {
			like := f.nominal(r, p.surname, address(6*n+500+i))
			like.forenames, like.sex = p.forenames, p.sex
			like.relabel()
			f.public = append(f.public, like)
		}
	}
}

// recordKin puts people on record who live with a member of staff, or whom one
// declared as an associate.
func (f *Force) recordKin(r dice) {
	n := f.opts.Staff
	for i, k := range r.Perm(n)[:max(14, n/10)] {
		p := f.people[k]
		f.sort(f.nominal(r, p.surname, p.home), i)
	}
	for i, k := range r.Perm(n)[:max(14, n/12)] {
		p := f.people[k]
		x := f.nominal(r, often(r, surnames), address(8*n+5000+i))
		p.associates = append(p.associates, x)
		f.sort(x, i)
	}
}

// sort puts every other related nominal where incidents do not find it.
func (f *Force) sort(x *nominal, i int) {
	if i%2 == 0 {
		f.quiet = append(f.quiet, x)
	} else {
		f.loud = append(f.loud, x)
	}
}

func (f *Force) nominal(r dice, surname string, home address) *nominal {
	x := &nominal{surname: surname, sex: 'M', forenames: pick(r, forenamesMale), home: home}
	if r.chance(0.4) {
		x.sex, x.forenames = 'F', pick(r, forenamesFemale)
	}
	x.guid = guid(r.Uint64(), r.Uint64())
	x.urn = fmt.Sprintf("N53/%07d", r.IntN(9999999))
	x.born = date{f.cal.year - r.between(14, 80), r.between(1, 12), r.between(1, 28)}
	x.upper = strings.ToUpper(surname)
	if r.chance(0.45) {
		x.pncID = falsePNCID(r, min(x.born.year+r.between(16, 30), f.cal.year-1))
	}
	x.relabel()
	return x
}

// relabel sets what screens show: JONES, Alun (12/05/1987), and now and then a
// nickname in quotes.
func (x *nominal) relabel() {
	nick := ""
	if h := hash(x.guid); h%40 == 0 {
		nick = " \"" + nicknames[h/40%uint64(len(nicknames))] + "\""
	}
	x.label = x.upper + ", " + x.forenames + nick + " (" + x.born.slashed() + ")"
}

// falsePNCID is a PNC id whose check letter is always wrong, so that it can be
// nobody's. The right letter is that of (year, serial) modulo 23.
func falsePNCID(r dice, year int) string {
	const letters = "ZABCDEFGHJKLMNPQRTUVWXY"
	serial := r.IntN(10000000)
	right := (year%100*10000000 + serial) % 23
	return fmt.Sprintf("%04d/%07d%c", year, serial, letters[(right+r.between(1, 22))%23])
}

// someone of the public. Some people are met more often than others: the most
// frequent about ten times as often as most, in a thorough force. A small force
// has fewer and odder regulars.
func (f *Force) someone(r dice) *nominal {
	if !f.opts.Thorough {
		return often(r, f.public)
	}
	return f.public[int(math.Pow(r.Float64(), 1.3)*float64(len(f.public)))]
}

// related says whether x is p, lives with p, or is a declared associate.
func (f *Force) related(p *person, x *nominal) bool {
	if x.staff == p || x.home == p.home {
		return true
	}
	for _, a := range p.associates {
		if a == x {
			return true
		}
	}
	return false
}
