package table

import "slices"

// kind is how a column's cells are read.
type kind uint8

const (
	text      kind = iota // as written, without surrounding space
	key                   // required; folded
	staff                 // required; folded; never the "dataset:account" of an unresolved actor
	staffName             // as staff, but as written: what actor.id becomes
	plate                 // required; folded without spaces
	folded                // optional; folded
	begin                 // optional time; a date is its first instant
	end                   // optional time; a date is through its end
	mustDate              // a begin that may not be empty
	mustEnd               // an end that may not be empty
	dutyWord              // one of duties
)

type column struct {
	name string
	kind kind
}

// layout is what is particular to one table.
type layout struct {
	columns []column
	dated   bool   // rows hold as of event time, so the table must say what it covers
	unique  bool   // the first column is a key of its own
	miss    string // what a miss means unless configured
}

// The names of the tables.
const (
	People       = "people"
	Roster       = "roster"
	Vehicles     = "vehicles"
	Associations = "associations"
	Nominals     = "nominals"
	Assignments  = "assignments"
	Links        = "links"
	Sensitive    = "sensitive"
	Honeytokens  = "honeytokens"
)

// Names lists the tables.
func Names() []string {
	return []string{People, Roster, Vehicles, Associations, Nominals, Assignments, Links, Sensitive, Honeytokens}
}

// layoutOf returns the layout of a table. The dates of people are text here: one that cannot be read is a finding and an
// unknown, and does not keep everybody else's row out.
func layoutOf(name string) (layout, bool) {
	switch name {
	case People:
		l := layout{unique: true, miss: MissUnknown}
		for _, c := range peopleColumns() {
			l.columns = append(l.columns, column{c, text})
		}
		l.columns[0].kind = staffName
		return l, true
	case Roster:
		return layout{dated: true, miss: MissUnknown, columns: []column{{"staff_id", staff}, {"from", mustDate}, {"to", mustEnd}, {"duty", dutyWord}}}, true
	case Vehicles:
		return layout{miss: MissUnknown, columns: []column{{"vrm", plate}, {"staff_id", staff}}}, true
	case Associations:
		return layout{dated: true, miss: MissUnknown, columns: []column{{"staff_id", staff}, {"record_ref", key}, {"relationship", text}, {"declared_on", begin}}}, true
	case Nominals:
		return layout{unique: true, miss: MissUnknown, columns: []column{{"record_ref", key}, {"surname", folded}, {"forenames", folded}, {"dob", text}, {"address_id", folded}}}, true
	case Assignments:
		return layout{dated: true, miss: MissNo, columns: []column{{"purpose_ref", key}, {"staff_id", staff}, {"role", text}, {"from", begin}, {"to", end}}}, true
	case Links:
		return layout{dated: true, miss: MissNo, columns: []column{{"record_ref", key}, {"purpose_ref", key}, {"from", begin}, {"to", end}}}, true
	case Sensitive:
		return layout{dated: true, miss: MissNo, columns: []column{{"record_ref", key}, {"label", text}, {"allowed_roles", folded}, {"expires", end}}}, true
	case Honeytokens:
		return layout{dated: true, miss: MissNo, columns: []column{{"record_ref", key}, {"planted_on", mustDate}}}, true
	}
	return layout{}, false
}

// column returns the index of the column of that name, -1 if there is none.
func (l layout) column(name string) int {
	return slices.IndexFunc(l.columns, func(c column) bool { return c.name == name })
}

func duties() []string { return []string{"on", "off", "leave", "sick", "court", "training"} }
