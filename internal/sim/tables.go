package sim

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"time"
)

// Tables are the nine lookup tables, as exported at the end of the span.
// Assignments and links also have the four weeks before it.
func (f *Force) Tables() []File {
	assignments, links := f.casework()
	return []File{
		f.peopleTable(), f.rosterTable(), f.vehiclesTable(), f.associationsTable(), f.nominalsTable(),
		assignments, links, f.sensitiveTable(), f.honeytokensTable(),
	}
}

// table is a lookup table being written.
type table struct {
	name  string
	about string // the first line, but for the number of rows
	count int    // of lines written
	text  *bytes.Buffer
	rows  *csv.Writer
}

// table begins one. It covers the span and the day before, up to the midnight
// that ends the span.
func (f *Force) table(name string, columns string) *table {
	t := &table{name: name, text: &bytes.Buffer{}}
	at := f.exported(name)
	t.about = fmt.Sprintf("# exported_at=%s covers=%s/%s", rfc3339(at), f.cal.date(-1).iso(), rfc3339(at))
	t.rows = csv.NewWriter(t.text)
	t.row(strings.Split(columns, ",")...)
	return t
}

// row appends one. Writing to memory cannot fail.
func (t *table) row(cells ...string) {
	_ = t.rows.Write(cells)
	t.count++
}

// file is the table behind the line that says what it is; the header is no row.
func (t *table) file() File {
	t.rows.Flush()
	return File{Name: t.name, Data: fmt.Appendf(nil, "%s rows=%d\n%s", t.about, t.count-1, t.text)}
}

func rfc3339(t instant) string { return t.time().Truncate(time.Second).Format(time.RFC3339) }

func (f *Force) peopleTable() File {
	t := f.table("people.csv", "staff_id,accounts,surname,forenames,dob,collar,role,team,station,address_id,postcode,employment,status,start_date,end_date,vetting_expiry,manager_id")
	known := f.cal.dayOf(f.exported(t.name))
	for _, p := range f.people {
		status, ends := p.status, p.ends
		if status == statusLeft && p.lastDay > known {
			status, ends = statusActive, date{}
		}
		if p.firstDay > known {
			continue
		}
		boss := ""
		if p.boss != nil {
			boss = p.boss.id
		}
		t.row(p.id, p.accounts(), p.surname, p.forenames, p.born.iso(), fmt.Sprint(p.collar), p.role.name, p.team, p.station.code, p.home.id(),
			p.home.postcode(), p.employment, status, p.starts.iso(), ends.iso(), p.vetted.iso(), boss)
	}
	return t.file()
}

// accounts of one person in all systems; the table has lost a Crime account
// here and there.
func (p *person) accounts() string {
	all := []string{"niche:" + p.login}
	if p.pncID != "" {
		all = append(all, "pnc:"+p.pncID)
	}
	if p.role.storm {
		all = append(all, "storm:"+p.login)
	}
	if p.n%97 != 96 {
		all = append(all, "crime:"+p.login)
	}
	return strings.Join(append(all, "m365:"+p.mail), ";")
}

// rosterTable says what was planned: unrecorded overtime is missing, and so are
// a few people. Free time between shifts is one row, however long.
func (f *Force) rosterTable() File {
	t := f.table("roster.csv", "staff_id,from,to,duty")
	for _, p := range f.people {
		if p.unlisted {
			continue
		}
		end, over := f.cal.midnight(-1), f.exported(t.name)
		for d := -1; f.cal.midnight(d) < over; d++ {
			w := f.duty(p, d)
			if w.kind == dutyOff {
				continue
			}
			from := max(w.from, end)
			if from > end {
				t.row(p.id, rfc3339(end), rfc3339(from), dutyOff)
			}
			if w.planned > from {
				t.row(p.id, rfc3339(from), rfc3339(w.planned), w.kind)
				end = w.planned
			}
		}
		if over > end {
			t.row(p.id, rfc3339(end), rfc3339(over), dutyOff)
		}
	}
	return t.file()
}

func (f *Force) vehiclesTable() File {
	t := f.table("vehicles.csv", "vrm,staff_id")
	for _, v := range f.staffCars {
		t.row(v.vrm, v.keeper.id)
	}
	return t.file()
}

func (f *Force) associationsTable() File {
	t := f.table("associations.csv", "staff_id,record_ref,relationship,declared_on")
	kinds := []string{"brother", "sister", "former partner", "friend", "parent", "cousin", "business"}
	for _, p := range f.people {
		for _, x := range p.associates {
			h := hash(x.guid)
			t.row(p.id, x.guid, kinds[h%uint64(len(kinds))], f.cal.date(-40-int(h/8%900)).iso())
			if x.pncID != "" {
				t.row(p.id, x.pncID, kinds[h%uint64(len(kinds))], f.cal.date(-40-int(h/8%900)).iso())
			}
		}
	}
	return t.file()
}

// nominalsTable has a second row under the PNC id of those the PNC knows. A
// few dates of birth are not known.
func (f *Force) nominalsTable() File {
	t := f.table("nominals.csv", "record_ref,surname,forenames,dob,address_id")
	for i, list := range [][]*nominal{f.public, f.loud, f.quiet, f.bait, f.frail, f.extras} {
		for k, x := range list {
			born := x.born.iso()
			if i == 0 && k%37 == 36 {
				born = ""
			}
			t.row(x.guid, x.surname, x.forenames, born, x.home.id())
			if x.pncID != "" {
				t.row(x.pncID, x.surname, x.forenames, born, x.home.id())
			}
		}
	}
	return t.file()
}

func (f *Force) sensitiveTable() File {
	t := f.table("sensitive.csv", "record_ref,label,allowed_roles,expires")
	var allowed []string
	for _, r := range roles() {
		if r.trusted {
			allowed = append(allowed, r.name)
		}
	}
	who := strings.Join(allowed, ";")
	labels := []string{"public figure", "case in the press", "officer under inquiry", "protected witness"}
	for i, x := range f.famous {
		expires := ""
		if i%3 == 2 {
			expires = f.cal.date(f.opts.Days + 90).iso()
		}
		t.row(x.guid, labels[i%len(labels)], who, expires)
	}
	t.row(f.famousCase, "case in the press", who, "")
	f.shelter(t)
	return t.file()
}

func (f *Force) honeytokensTable() File {
	t := f.table("honeytokens.csv", "record_ref,planted_on")
	for _, x := range f.bait {
		t.row(x.guid, f.cal.date(-120).iso())
	}
	t.row(f.baitCase, f.cal.date(-120).iso())
	return t.file()
}
