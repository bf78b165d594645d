package table

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The model answers every yes-or-no lookup by looking at all rows, without indexes and without this package's verdicts.
// Its clock counts hours from an epoch; -1 is an open end.

const (
	tTrue, tFalse, tField, tTable = "true", "false", "unknown field", "unknown table"
	hours                         = 72
)

var epoch = time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC) // the clocks change within the model's days

func hourText(h int) string {
	if h < 0 {
		return ""
	}
	return epoch.Add(time.Duration(h) * time.Hour).Format(time.RFC3339)
}

// modelTable is the rows of one table, the last cells of dated ones being hours.
type modelTable struct {
	name           string
	absent         bool
	complete       bool
	exported, days int // max_age
	from, to       int // covers
	rows           []modelRow
}

type modelRow struct {
	cells    []string
	from, to int
}

func (m *modelTable) knows(h int) bool {
	if m.absent {
		return false
	}
	if m.from <= h && h < m.to {
		return true
	}
	l, _ := layoutOf(m.name)
	return !l.dated && m.exported-24*m.days <= h && h <= m.exported+24*m.days
}

func (m *modelTable) miss() string {
	if m.complete {
		return tFalse
	}
	return tTable
}

// has looks for a row whose first cells are these and which holds at h.
func (m *modelTable) has(h int, cells ...string) string {
	if !m.knows(h) {
		return tTable
	}
	for _, r := range m.rows {
		if strings.Join(r.cells[:len(cells)], "|") == strings.Join(cells, "|") && (r.from < 0 || r.from <= h) && (r.to < 0 || h < r.to) {
			return tTrue
		}
	}
	return m.miss()
}

func (m *modelTable) load(t *rapid.T) *Table {
	l, _ := layoutOf(m.name)
	var b strings.Builder
	fmt.Fprintf(&b, "# exported_at=%s covers=%s/%s\n", hourText(m.exported), hourText(m.from), hourText(m.to))
	at := map[string]int{}
	var names []string
	for i, c := range l.columns {
		at[c.name] = i
		names = append(names, c.name)
	}
	b.WriteString(strings.Join(names, ",") + "\n")
	for _, r := range m.rows {
		cells := make([]string, len(names))
		for i, name := range modelColumns()[m.name] {
			cells[at[name]] = r.cells[i]
		}
		for name, h := range map[string]int{"from": r.from, "planted_on": r.from, "declared_on": r.from, "to": r.to, "expires": r.to} {
			if i, ok := at[name]; ok {
				cells[i] = hourText(h)
			}
		}
		b.WriteString(strings.Join(cells, ",") + "\n")
	}
	c := Config{Miss: MissUnknown}
	if m.complete {
		c.Miss = MissNo
	}
	if err := c.MaxAge.FromScalar(fmt.Sprintf("%dd", m.days)); err != nil {
		t.Fatal(err)
	}
	tab, err := Parse(m.name, c, m.name+".csv", []byte(b.String()))
	if err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	return tab
}

// modelColumns says which columns the cells of a model's row are.
func modelColumns() map[string][]string {
	return map[string][]string{
		People:       {"staff_id", "surname", "forenames", "dob", "address_id"},
		Nominals:     {"record_ref", "surname", "forenames", "dob", "address_id"},
		Roster:       {"staff_id", "duty"},
		Vehicles:     {"vrm", "staff_id"},
		Associations: {"staff_id", "record_ref"},
		Assignments:  {"staff_id", "purpose_ref"},
		Links:        {"record_ref", "purpose_ref"},
		Sensitive:    {"record_ref", "allowed_roles"},
		Honeytokens:  {"record_ref"},
	}
}

// values says what a cell of the model may be. Names and ids are few, so that rows meet.
func values(name string, i int, column string) []string {
	switch column {
	case "staff_id":
		if name == People {
			return []string{fmt.Sprintf("S%d", i)}
		}
		return []string{"S0", "S1", "S2"}
	case "record_ref":
		if name == Nominals {
			return []string{fmt.Sprintf("r%d", i)}
		}
		return []string{"r0", "r1", "p0"}
	case "purpose_ref":
		return []string{"p0", "p1"}
	case "vrm":
		return []string{"QQ00ABC", "QQ01ABC"}
	case "duty":
		return duties()
	case "allowed_roles":
		return []string{"", "cid", "media", "cid;media"}
	case "dob":
		return []string{"", "1990-01-01", "1991-01-01"}
	}
	return []string{"", "x", "y"}
}

func drawTable(t *rapid.T, name string) *modelTable {
	l, _ := layoutOf(name)
	m := &modelTable{
		name: name, absent: rapid.IntRange(0, 9).Draw(t, "absent") == 0, complete: rapid.Bool().Draw(t, "complete"),
		exported: rapid.IntRange(0, hours).Draw(t, "exported"), days: rapid.IntRange(1, 2).Draw(t, "days"),
		from: rapid.IntRange(0, hours/2).Draw(t, "covers from"),
	}
	m.to = rapid.IntRange(m.from+1, hours).Draw(t, "covers to")
	for i := range rapid.IntRange(0, 6).Draw(t, "rows") {
		r := modelRow{from: -1, to: -1}
		for _, c := range modelColumns()[name] {
			r.cells = append(r.cells, rapid.SampledFrom(values(name, i, c)).Draw(t, c))
		}
		if l.dated {
			r.from = rapid.IntRange(0, hours).Draw(t, "from")
			r.to = rapid.IntRange(r.from, hours).Draw(t, "to")
			if optional := name == Assignments || name == Links; optional && rapid.Bool().Draw(t, "open") {
				r.from, r.to = -1, rapid.SampledFrom([]int{-1, r.to}).Draw(t, "end")
			}
			if name == Honeytokens || name == Associations {
				r.to = -1
			}
			if name == Sensitive {
				r.from = -1
			}
		}
		m.rows = append(m.rows, r)
	}
	return m
}

type model map[string]*modelTable

// not, all and some are Kleene's, of two unknowns preferring the table's.
func not(a string) string {
	switch a {
	case tTrue:
		return tFalse
	case tFalse:
		return tTrue
	}
	return a
}

func all(vs ...string) string {
	count := map[string]int{}
	for _, v := range vs {
		count[v]++
	}
	for _, v := range []string{tFalse, tTable, tField} {
		if count[v] > 0 {
			return v
		}
	}
	return tTrue
}

func some(vs ...string) string {
	for i := range vs {
		vs[i] = not(vs[i])
	}
	return not(all(vs...))
}

func equal(a, b string) string {
	if a == "" || b == "" {
		return tField
	}
	return fmt.Sprint(a == b)
}

// rows returns the cells of the row with that key, after the verdict on whether there is one.
func (m model) row(name, key string, h int) ([]string, string) {
	for _, r := range m[name].rows {
		if r.cells[0] == key && m[name].knows(h) {
			return r.cells, tTrue
		}
	}
	return nil, m[name].has(h, key)
}

func samePerson(a, b []string) string {
	return all(equal(a[1], b[1]), equal(a[2], b[2]), equal(a[3], b[3]))
}

func (m model) isStaff(record string, h int) string {
	nom, found := m.row(Nominals, record, h)
	if found != tTrue {
		return found
	}
	if !m[People].knows(h) {
		return tTable
	}
	is := m[People].miss()
	for _, r := range m[People].rows {
		is = some(is, samePerson(nom, r.cells))
	}
	return is
}

// pairwise compares a nominal with a person.
func (m model) pairwise(record, staff string, h int, compare func(nom, who []string) string) string {
	nom, isNominal := m.row(Nominals, record, h)
	who, isPerson := m.row(People, staff, h)
	if both := all(isNominal, isPerson); both != tTrue {
		return both
	}
	return compare(nom, who)
}

// namesakes counts all rows with the record's surname.
func (m model) namesakes(record string, h int) string {
	nom, found := m.row(Nominals, record, h)
	switch {
	case found == tTable:
		return tTable
	case found != tTrue || nom[1] == "":
		return tField
	}
	n := 0
	for _, r := range m[Nominals].rows {
		if r.cells[1] == nom[1] {
			n++
		}
	}
	return fmt.Sprint(n)
}

func (m model) partyTo(staff, purpose string, h int) string {
	l := m[Links]
	if !l.knows(h) || !m[Nominals].knows(h) {
		return tTable
	}
	who, found := m.row(People, staff, h)
	if found != tTrue {
		return found
	}
	is := l.miss()
	for _, record := range []string{"r0", "r1", "r2", "p0"} {
		if l.has(h, record, purpose) != tTrue {
			continue
		}
		nom, known := m.row(Nominals, record, h)
		if known == tTrue {
			known = samePerson(nom, who)
		}
		is = some(is, known)
	}
	return is
}

func (m model) assignedToRecord(staff, record string, h int) string {
	a, l := m[Assignments], m[Links]
	if a.has(h, staff, record) == tTrue {
		return tTrue
	}
	if !a.knows(h) || !l.knows(h) {
		return tTable
	}
	for _, p := range []string{"p0", "p1"} {
		if l.has(h, record, p) == tTrue && a.has(h, staff, p) == tTrue {
			return tTrue
		}
	}
	return some(a.miss(), l.miss())
}

func (m model) assignmentOver(staff, record string, grace, h int) string {
	a, l := m[Assignments], m[Links]
	if !a.knows(h) || !l.knows(h) {
		return tTable
	}
	worked := false
	for _, p := range []string{"r0", "r1", "r2", "p0", "p1"} {
		belongs := p == record
		for _, r := range l.rows {
			belongs = belongs || r.cells[0] == record && r.cells[1] == p && r.from <= h
		}
		for _, r := range a.rows {
			if !belongs || r.cells[0] != staff || r.cells[1] != p || r.from > h || r.from >= 0 && r.from == r.to {
				continue
			}
			if worked = true; r.to < 0 || r.to+grace > h {
				return tFalse
			}
		}
	}
	if !a.complete || !l.complete {
		return tTable
	}
	return fmt.Sprint(worked)
}

func (m model) roleAllowed(record, role string, h int) string {
	x := m[Sensitive]
	if is := x.has(h, record); is != tTrue {
		return not(is)
	}
	is := tFalse
	for _, r := range x.rows {
		if r.cells[0] != record || r.to >= 0 && h >= r.to {
			continue
		}
		if r.cells[1] == "" {
			is = some(is, tField)
		}
		is = some(is, fmt.Sprint(strings.Contains(r.cells[1], role)))
	}
	return is
}

func (m model) onDuty(staff string, grace, h int) string {
	x := m[Roster]
	if !x.knows(h) {
		return tTable
	}
	listed, anyRow := true, false
	for half := 2 * (h - grace); half <= 2*(h+grace); half++ {
		found := false
		for _, r := range x.rows {
			if r.cells[0] != staff {
				continue
			}
			anyRow = true
			if 2*r.from <= half && half < 2*r.to {
				found = true
				if strings.Contains("on court training", r.cells[1]) {
					return tTrue
				}
			}
		}
		listed = listed && found
	}
	if !x.knows(h-grace) || !x.knows(h+grace) {
		return tTable
	}
	if listed || anyRow && x.complete {
		return tFalse
	}
	return tTable
}

func TestEveryYesOrNoLookupAgreesWithAModelThatLooksAtAllRows(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := model{}
		var tables []*Table
		for _, name := range Names() {
			m[name] = drawTable(rt, name)
			if !m[name].absent {
				tables = append(tables, m[name].load(rt))
			}
		}
		s := NewSet(london(t), tables...)
		for range 8 {
			h := rapid.IntRange(0, hours).Draw(rt, "hour")
			staff := rapid.SampledFrom([]string{"S0", "S1", "S2", "S5"}).Draw(rt, "staff")
			record := rapid.SampledFrom([]string{"r0", "r1", "r2", "p0"}).Draw(rt, "record")
			purpose := rapid.SampledFrom([]string{"p0", "p1"}).Draw(rt, "purpose")
			grace := rapid.IntRange(0, 5).Draw(rt, "grace")
			for call, want := range map[string]string{
				"known_person(" + staff + ")":                                         m[People].has(h, staff),
				"is_person(" + record + "," + staff + ")":                             m.pairwise(record, staff, h, samePerson),
				"is_staff(" + record + ")":                                            m.isStaff(record, h),
				"same_surname(" + record + "," + staff + ")":                          m.pairwise(record, staff, h, func(a, b []string) string { return equal(a[1], b[1]) }),
				"same_address(" + record + "," + staff + ")":                          m.pairwise(record, staff, h, func(a, b []string) string { return all(equal(a[4], b[4]), not(samePerson(a, b))) }),
				"associated(" + staff + "," + record + ")":                            m[Associations].has(h, staff, record),
				"registered_to(QQ00 ABC," + staff + ")":                               m[Vehicles].has(h, "QQ00ABC", staff),
				"assigned(" + staff + "," + purpose + ")":                             m[Assignments].has(h, staff, purpose),
				"linked(" + record + "," + purpose + ")":                              m[Links].has(h, record, purpose),
				"party_to(" + staff + "," + purpose + ")":                             m.partyTo(staff, purpose, h),
				"assigned_to_record(" + staff + "," + record + ")":                    m.assignedToRecord(staff, record, h),
				"sensitive(" + record + ")":                                           m[Sensitive].has(h, record),
				"role_allowed(" + record + ", media)":                                 m.roleAllowed(record, "media", h),
				"honeytoken(" + record + ")":                                          m[Honeytokens].has(h, record),
				fmt.Sprintf("on_duty(%s, %d)", staff, grace*3600):                     m.onDuty(staff, grace, h),
				fmt.Sprintf("assignment_over(%s, %s, %d)", staff, record, grace*3600): m.assignmentOver(staff, record, grace, h),
				"namesakes(" + record + ")":                                           m.namesakes(record, h),
			} {
				if got := ask(t, s, call, hourText(h)); got != want {
					rt.Fatalf("%s in hour %d: got %s, want %s", call, h, got, want)
				}
			}
		}
	})
}
