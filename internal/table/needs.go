package table

import "slices"

// Need is what one answer of a lookup asks of one table, beside that it is there and answers for the time. Without it the
// lookup never gives that answer, whatever it is asked.
type Need struct {
	Table    string
	Rows     bool     // it must have rows
	Complete bool     // a miss must mean no
	Columns  []string // each must be filled in some row
	Either   []string // at least one of these must be
}

// Needs lists what a lookup asks of the tables to say yes (or, where it gives a value, to give one), and to say no: one of
// several sets of needs. column is "" where none is chosen. What answers for members of staff asks for their accounts, too,
// because an actor whom nobody could resolve is unknown to every table.
func Needs(lookup, column string) (yes, no [][]Need) {
	yes, no = needs(lookup, column)
	for _, q := range questions() {
		if q.Name != lookup || !slices.Contains(q.Params, staffParam()) {
			continue
		}
		who := Need{Table: People, Rows: true, Either: []string{"accounts", "collar"}}
		for _, sets := range [][][]Need{yes, no} {
			for i := range sets {
				sets[i] = append(slices.Clone(sets[i]), who)
			}
		}
	}
	return yes, no
}

func needs(lookup, column string) (yes, no [][]Need) {
	rows := func(table string, columns ...string) Need { return Need{Table: table, Rows: true, Columns: columns} }
	either := func(table string, columns ...string) Need { return Need{Table: table, Rows: true, Either: columns} }
	full := func(table string, columns ...string) Need {
		return Need{Table: table, Complete: true, Columns: columns}
	}
	one := func(n ...Need) [][]Need { return [][]Need{n} }
	both := func(n ...Need) ([][]Need, [][]Need) { return one(n...), one(n...) }
	list := func(table string, columns ...string) ([][]Need, [][]Need) { // a list of which a miss means no
		return one(rows(table, columns...)), one(full(table))
	}
	// Of a record and a person: no, where both are there to be compared, or where one of two complete lists lacks its own.
	apart := [][]Need{{rows(Nominals), rows(People)}, {full(Nominals)}, {full(People)}}
	identity := []string{"surname", "forenames", "dob"}
	switch lookup {
	case "person":
		return both(rows(People, column))
	case "known_person":
		return list(People)
	case "has_account":
		return list(People, "accounts")
	case "is_person":
		return one(rows(Nominals, identity...), rows(People, identity...)), apart
	case "is_staff":
		return one(rows(Nominals, identity...), rows(People, identity...)), [][]Need{{full(Nominals)}, {rows(Nominals), full(People)}}
	case "staff_of":
		return both(rows(Nominals, identity...), rows(People, identity...))
	case "same_address":
		return one(rows(Nominals, "address_id"), rows(People, "address_id"), either(Nominals, identity...), either(People, identity...)), apart
	case "same_surname":
		return one(rows(Nominals, "surname"), rows(People, "surname")), apart
	case "namesakes":
		return both(rows(Nominals, "surname"))
	case "associated":
		return list(Associations, "declared_on")
	case "relationship":
		return both(rows(Associations, "relationship", "declared_on"))
	case "registered_to":
		return list(Vehicles)
	case "assigned":
		return list(Assignments)
	case "linked":
		return list(Links)
	case "party_to":
		return one(rows(Links), rows(Nominals, identity...), rows(People, identity...)), [][]Need{
			{{Table: Links}, {Table: Nominals}, full(People)}, {full(Links), {Table: Nominals}, rows(People)},
		}
	case "assigned_to_record":
		return one(rows(Assignments)), one(full(Assignments), full(Links))
	case "assignment_over":
		return one(Need{Table: Assignments, Rows: true, Complete: true, Columns: []string{"to"}}, full(Links)), one(Need{Table: Assignments}, Need{Table: Links})
	case "duty", "on_duty":
		return both(rows(Roster))
	case "sensitive":
		return list(Sensitive)
	case "sensitive_label":
		return both(rows(Sensitive, "label"))
	case "role_allowed":
		return [][]Need{{full(Sensitive)}, {rows(Sensitive, "allowed_roles")}}, one(rows(Sensitive, "allowed_roles"))
	case "honeytoken":
		return list(Honeytokens)
	}
	return nil, nil
}

// ColumnsOf lists the columns of a table.
func ColumnsOf(name string) []string {
	l, _ := layoutOf(name)
	out := make([]string, len(l.columns))
	for i, c := range l.columns {
		out[i] = c.name
	}
	return out
}

// Held is what there is of a table.
type Held struct {
	Rows     int
	Complete bool           // a miss means no
	Filled   map[string]int // by column: rows in which it is not empty
}

// Held says what there is of a table; false if there is none.
func (s *Set) Held(name string) (Held, bool) {
	h, ok := s.held[name]
	return h, ok
}

func heldOf(t *Table) Held {
	h := Held{Rows: t.Rows(), Complete: t.config.Miss == MissNo, Filled: map[string]int{}}
	for i := range t.Rows() {
		for c, cell := range t.row(i) {
			if cell != "" {
				h.Filled[t.layout.columns[c].name]++
			}
		}
	}
	return h
}

// Meets says what of a need a table does not meet, in words, "" if it meets all of it.
func (h Held) Meets(n Need) string {
	filled := func(column string) bool { return h.Filled[column] > 0 }
	switch empty := slices.IndexFunc(n.Columns, func(c string) bool { return !filled(c) }); {
	case n.Rows && h.Rows == 0:
		return "has no rows"
	case h.Rows > 0 && empty >= 0:
		return "has no " + n.Columns[empty] + " in any row"
	case h.Rows > 0 && len(n.Either) > 0 && !slices.ContainsFunc(n.Either, filled):
		return "has neither " + orList(n.Either) + " in any row"
	case n.Complete && !h.Complete:
		return "is not said to be complete (miss: no)"
	}
	return ""
}

func orList(names []string) string {
	out := names[0]
	for _, n := range names[1:] {
		out += " nor " + n
	}
	return out
}
