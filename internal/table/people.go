package table

import (
	"slices"
	"strings"
	"time"

	"probity/internal/event"
)

// The columns of people, in order.
const (
	colStaffID = iota
	colAccounts
	colSurname
	colForenames
	colDOB
	colCollar
	colRole
	colTeam
	colStation
	colAddressID
	colPostcode
	colEmployment
	colStatus
	colStartDate
	colEndDate
	colVettingExpiry
	colManagerID
	numPeopleColumns
)

func peopleColumns() []string {
	return []string{
		"staff_id", "accounts", "surname", "forenames", "dob", "collar", "role", "team", "station", "address_id", "postcode",
		"employment", "status", "start_date", "end_date", "vetting_expiry", "manager_id",
	}
}

// people is who is who.
type people struct {
	scope
	now      span // when the status on the day of the export holds
	rows     []person
	columns  [numPeopleColumns]answers
	ids      []string // by row
	systems  []system
	bySystem map[string]*texts // the same
	collars  *texts            // the row of each number; disputed if several people claim it
	names    map[pair]int32    // surname and first forename, in named
	named    [][]int32         // the rows of those who are called alike
	nameless []int32           // rows that lack one of the two
}

// system is one in which people have accounts. There are so few that going through them is quicker than a map, unless a table has
// them the wrong way round.
type system struct {
	dataset  string // folded
	accounts *texts // the row of each; disputed if several people claim it
}

const fewSystems = 16

// disputed stands for the row of an account or collar number that several people claim.
const disputed = -1

// pair is a key of two folded texts.
type pair struct{ left, right string }

// person is one row of people.
type person struct {
	cells    []string // as written
	identity identity
	address  string // folded
	accounts []pair // dataset and account, folded
}

func newPeople(t *Table, sc scope, zone *time.Location, n *notes) *people {
	p := &people{
		scope: sc, now: around(t), rows: make([]person, t.Rows()),
		ids:     make([]string, t.Rows()),
		collars: newTexts(), names: make(map[pair]int32, t.Rows()), bySystem: map[string]*texts{},
	}
	for c := range p.columns {
		p.columns[c] = newAnswers(t.Rows())
	}
	for i := range p.rows {
		row := int32(i)
		p.rows[i] = p.newPerson(t.row(i), row, zone, n)
		p.ids[i] = p.rows[i].cells[colStaffID]
		p.addAccounts(row, n)
		p.addCollar(row, n)
		p.addName(row, n)
	}
	for c := range p.columns {
		p.columns[c].index = nil // it was for adding
	}
	return p
}

func (all *people) newPerson(cells []string, row int32, zone *time.Location, n *notes) person {
	p := person{cells: cells, address: foldText(cells[colAddressID])}
	for c, cell := range cells {
		switch c {
		case colStartDate, colEndDate, colVettingExpiry:
			all.columns[c].date(cell, c == colStartDate, zone, func() {
				n.add(peopleColumns()[c]+" is not a date; it is read as unknown", "write it as 2026-03-02", row)
			})
		case colStatus: // below
		default:
			all.columns[c].add(event.StringValue(cell))
		}
	}
	status := foldText(cells[colStatus])
	if status == "" || slices.Contains([]string{"active", "suspended", "left", "leave"}, status) {
		all.columns[colStatus].add(event.StringValue(status))
	} else {
		all.columns[colStatus].unreadable()
		n.add("status is not a known word; it is read as unknown", "write one of active, suspended, left, leave", row)
	}
	p.identity = newIdentity(foldText(cells[colSurname]), foldText(cells[colForenames]), cells[colDOB])
	if p.identity.born == unreadable {
		n.add(dobFault, dobRemedy, row)
	}
	return p
}

// addAccounts reads "niche:c4821;pnc:DP4821".
func (p *people) addAccounts(row int32, n *notes) {
	for entry := range strings.SplitSeq(p.rows[row].cells[colAccounts], ";") {
		dataset, account, ok := strings.Cut(entry, ":")
		dataset, account = foldText(dataset), foldText(account)
		if dataset == "" && account == "" && !ok {
			continue
		}
		if !ok || dataset == "" || account == "" {
			n.add("an account without its system; it is left out", "write accounts as niche:c4821;pnc:DP4821", row)
			continue
		}
		of := p.system(dataset)
		if of == nil {
			of = newTexts()
			p.systems = append(p.systems, system{dataset, of})
			p.bySystem[dataset] = of
		}
		p.rows[row].accounts = append(p.rows[row].accounts, pair{dataset, account})
		p.enter(of, account, row, n, "an account that another person has too; it is resolved to nobody")
	}
}

func (p *people) addCollar(row int32, n *notes) {
	if collar := foldText(p.rows[row].cells[colCollar]); collar != "" {
		p.enter(p.collars, collar, row, n, "a collar number that another person has too; it is resolved to nobody")
	}
}

// enter claims k for row. A second person's claim makes it disputed.
func (p *people) enter(of *texts, k string, row int32, n *notes, fault string) {
	const remedy = "leave it with the person who has it now"
	switch first := of.put(k, row); first {
	case row:
	case disputed:
		n.add(fault, remedy, row)
	default:
		of.set(k, disputed)
		n.add(fault, remedy, first, row)
	}
}

func (p *people) addName(row int32, n *notes) {
	id := p.rows[row].identity
	if id.surname == "" || id.forename == "" {
		p.nameless = append(p.nameless, row)
		n.add("no surname or no forenames; whether a record is about this person is unknown", "fill both", row)
		return
	}
	k := pair{id.surname, id.forename}
	at, ok := p.names[k]
	if !ok {
		at = int32(len(p.named))
		p.names[k] = at
		p.named = append(p.named, nil)
	}
	for _, other := range p.named[at] {
		if id.born > 0 && p.rows[other].identity.born == id.born {
			n.add("the surname, first forename and date of birth of another person; staff_of cannot tell them apart", "check that this is not one person twice", other, row)
		}
	}
	p.named[at] = append(p.named[at], row)
}

// find returns the person; found is yes where there is one.
func (p *people) find(staff event.Place, at int64) (who *person, found verdict) {
	row, found := p.row(staff, at)
	if found != yes {
		return nil, found
	}
	return &p.rows[row], yes
}

// row is find, of the row: see index.
func (p *people) row(staff event.Place, at int64) (row int32, found verdict) {
	if p == nil || !p.answers(at) {
		return 0, unknownTable
	}
	row = int32(staff) - 1
	if row < 0 || int(row) >= len(p.rows) {
		return 0, p.miss()
	}
	return row, yes
}

// column answers person(staff_id).name.
func (s *Set) column(name string) func(query) (event.Value, event.Unknown) {
	c := slices.Index(peopleColumns(), name)
	return func(q query) (event.Value, event.Unknown) {
		row, found := s.people.row(q.first, q.at)
		switch {
		case found != yes:
			return event.Value{}, found.why()
		case c == colStatus && q.at < s.people.now.from:
			return event.Value{}, event.UnknownField // a newer export is of a later day still
		case c == colStatus && !s.people.now.holds(q.at):
			return event.Value{}, event.UnknownTable
		}
		return s.people.columns[c].of(row)
	}
}

func (s *Set) knownPerson(q query) verdict {
	_, found := s.people.row(q.first, q.at)
	return found
}

// hasAccount is about accounts that only this person claims. Somebody of whom no account is listed is one whose accounts
// nobody knows, and not one who has none.
func (s *Set) hasAccount(q query) verdict {
	who, found := s.people.find(q.first, q.at)
	if found != yes {
		return found
	}
	var buf [keyBytes]byte
	dataset := fold(buf[:0], q.args[1].Str)
	for i := range who.accounts {
		a := &who.accounts[i]
		if a.left != string(dataset) {
			continue
		}
		if row, _ := s.people.system(a.left).find(a.right); row != disputed {
			return yes
		}
	}
	if len(who.accounts) > 0 && s.people.complete {
		return no
	}
	return unknownTable
}

// Member is somebody of a team, as the people table has them on the day of its export.
type Member struct {
	ID, Name, Manager string // Manager is the staff id of the line manager, "" if the table does not say
}

// Team lists the members of a team by staff id.
func (s *Set) Team(name string) (out []Member) {
	if s.people == nil {
		return nil
	}
	want := foldText(name)
	for i := range s.people.rows {
		p := &s.people.rows[i]
		if foldText(p.cells[colTeam]) != want {
			continue
		}
		c := p.cells
		full := strings.Join(strings.Fields(c[colForenames]+" "+strings.ToUpper(c[colSurname])+" "+c[colCollar]), " ")
		out = append(out, Member{ID: c[colStaffID], Name: full, Manager: c[colManagerID]})
	}
	slices.SortFunc(out, func(a, b Member) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// Teams lists the names of the teams, for whoever has mistyped one.
func (s *Set) Teams() (out []string) {
	if s.people == nil {
		return nil
	}
	for i := range s.people.rows {
		if t := s.people.rows[i].cells[colTeam]; t != "" {
			out = append(out, t)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
