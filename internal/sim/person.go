package sim

import (
	"fmt"
	"strings"
)

// person is a member of staff.
type person struct {
	n          int
	id         string // S00042
	surname    string
	upper      string // the surname as systems print it
	forenames  string
	sex        byte // M or F
	born       date
	collar     int
	rank       string // PC, or CS of a civilian
	role       *role
	team       string
	group      int // of the rota
	station    *station
	home       address
	employment string
	status     string
	starts     date
	ends       date // of leavers
	firstDay   int  // of work
	lastDay    int
	vetted     date
	boss       *person
	login      string // c4821
	userName   string // EVANS, Alun PC4821
	mail       string
	pncID      string // DP4821; empty without an account
	terminal   string // of the PNC
	position   string // of STORM
	desk       *desk
	roams      bool // sits anywhere
	unlisted   bool // missing from the roster
	record     *nominal
	cars       []*vehicle
	associates []*nominal
}

const forever = 1 << 20

// recruit fills the posts.
func (f *Force) recruit() {
	r := f.dice(forStaff, 0, 0)
	collars := r.Perm(max(9000, 3*f.opts.Staff))[:f.opts.Staff]
	mails := map[string]int{}
	f.inRole = map[string][]*person{}
	f.byAddr = map[address]*person{}
	all := roles()
	for i, posts := range establishment(f.opts.Staff, all) {
		for k := range posts {
			p := &person{n: len(f.people), role: all[i], group: k % 5, collar: 1000 + collars[len(f.people)]}
			p.station = f.stations[(k/5)%len(f.stations)]
			f.name(p, r, mails)
			f.equip(p, r, k)
			f.people = append(f.people, p)
			f.inRole[p.role.name] = append(f.inRole[p.role.name], p)
		}
	}
	f.career(r)
	for _, p := range f.people {
		if bosses := f.inRole[supervisor]; p.role.name != supervisor {
			p.boss = bosses[(p.n*7+p.group)%len(bosses)]
		}
	}
}

// name gives a person an identity. Some couples live together.
func (f *Force) name(p *person, r dice, mails map[string]int) {
	p.id = fmt.Sprintf("S%05d", p.n+1)
	p.surname, p.sex = often(r, surnames), 'M'
	p.forenames = pick(r, forenamesMale)
	if r.chance(0.45) {
		p.sex, p.forenames = 'F', pick(r, forenamesFemale)
	}
	p.born = date{f.cal.year - r.between(21, 60), r.between(1, 12), r.between(1, 28)}
	p.home = address(p.n * 3)
	if p.n > 0 && r.chance(0.04) {
		p.home = f.people[p.n-1].home
	}
	if f.byAddr[p.home] == nil {
		f.byAddr[p.home] = p
	}
	mail := strings.ToLower(p.forenames[:1] + "." + unaccent.Replace(p.surname))
	mails[mail]++
	if n := mails[mail]; n > 1 {
		mail = fmt.Sprintf("%s%d", mail, n)
	}
	p.mail = mail + "@example.police.uk"
	p.upper = strings.ToUpper(p.surname)
}

// equip gives a person rank, accounts, desk and terminal; k counts the role.
func (f *Force) equip(p *person, r dice, k int) {
	p.rank, p.employment = "CS", policeStaff
	if len(p.role.ranks) > 0 {
		p.rank, p.employment = p.role.ranks[k%len(p.role.ranks)], policeOfficer
	}
	p.team = fmt.Sprintf("%s-%s-%d", strings.ToUpper(p.role.name), p.station.code, p.group+1)
	p.login = fmt.Sprintf("c%d", p.collar)
	p.userName = fmt.Sprintf("%s, %s %s%d", p.upper, p.forenames, p.rank, p.collar)
	if p.role.pnc != "" {
		p.pncID = fmt.Sprintf("DP%d", p.collar)
		p.terminal = fmt.Sprintf("%s%02d", p.role.pnc, 1+k/p.role.terminal)
	}
	p.position = fmt.Sprintf("MDT-%03d", 1+k)
	if p.role.name == controlRoom {
		p.position = fmt.Sprintf("CR-%02d", 1+k)
	}
	p.desk = &p.station.desks[r.IntN(len(p.station.desks))]
	p.roams = r.chance(0.25)
	p.unlisted = r.chance(0.02)
}

// career decides who came, left, is away or suspended. Two leavers in three
// left before the span, the others during its first half. At least one person
// has left and one is suspended, neither from the control room.
func (f *Force) career(r dice) {
	for _, p := range f.people {
		p.status, p.firstDay, p.lastDay = statusActive, -forever, forever
		p.starts = f.cal.date(-r.between(400, 9000))
		p.vetted = f.cal.date(r.between(-30, 1500))
		if r.chance(0.01) {
			p.firstDay = r.between(0, max(1, f.opts.Days/2))
			p.starts = f.cal.date(p.firstDay)
		}
	}
	n := f.opts.Staff
	from := len(f.inRole[controlRoom])
	for i, k := range r.Perm(n - from) {
		p := f.people[from+k]
		switch {
		case i < max(1, n/40):
			p.status, p.lastDay = statusLeft, -r.between(8, 200)
			if i%3 == 2 {
				p.lastDay = r.between(0, f.opts.Days/2)
			}
			p.firstDay = -forever
			p.starts, p.ends = f.cal.date(-r.between(400, 9000)), f.cal.date(p.lastDay)
		case i < max(1, n/40)+max(1, n/110):
			p.status = statusSuspense
		case i < max(1, n/40)+max(1, n/110)+n/50:
			p.status = statusLeave
		}
	}
}

// serves says whether p works at all around day d. The last day of service is
// not worked, so that no night shift runs over it.
func (p *person) serves(d int) bool {
	return d >= p.firstDay && d < p.lastDay && (p.status == statusActive || p.status == statusLeft)
}
