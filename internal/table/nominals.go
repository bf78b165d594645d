package table

import "probity/internal/event"

// nominals is who a record is about.
type nominals struct {
	scope
	at   byPlace // of a record_ref, in rows
	rows []nominal
	bear []int // how many records bear a surname, by its number
}

type nominal struct {
	identity identity
	address  string // folded
	surname  int32  // its number
	named    int32  // those of people who are called so, in people.named; -1 if nobody is
}

func newNominals(t *Table, at keys, sc scope, staff *people, n *notes) *nominals {
	x, surnames := &nominals{scope: sc, rows: make([]nominal, 0, t.Rows())}, map[string]int32{}
	for i := range t.Rows() {
		c := t.row(i) // record_ref, surname, forenames, dob, address_id
		nom := nominal{identity: newIdentity(c[1], c[2], c[3]), address: c[4], named: -1}
		if nom.identity.born == unreadable {
			n.add(dobFault, dobRemedy, int32(i))
		}
		number, ok := surnames[nom.identity.surname]
		if !ok {
			number = int32(len(x.bear))
			surnames[nom.identity.surname] = number
			x.bear = append(x.bear, 0)
		}
		nom.surname = number
		x.bear[number]++
		if staff != nil {
			if named, ok := staff.names[pair{nom.identity.surname, nom.identity.forename}]; ok {
				nom.named = named
			}
		}
		x.at.put(at[0][i], int32(len(x.rows)))
		x.rows = append(x.rows, nom)
	}
	return x
}

// find returns what the table has of a record; found is yes where there is something.
func (x *nominals) find(record event.Place, at int64) (nom *nominal, found verdict) {
	if x == nil || !x.answers(at) {
		return nil, unknownTable
	}
	row := x.at.of(record)
	if row < 0 {
		return nil, x.miss()
	}
	return &x.rows[row], yes
}

// both finds the nominal of the first argument and the person of the second; found is yes only where there are both.
func (s *Set) both(q query) (nom *nominal, who *person, found verdict) {
	nom, isNominal := s.nominals.find(q.first, q.at)
	who, isPerson := s.people.find(q.second, q.at)
	return nom, who, isNominal.and(isPerson)
}

func (s *Set) isPerson(q query) verdict {
	nom, who, found := s.both(q)
	if found != yes {
		return found
	}
	return nom.identity.same(&who.identity)
}

func (s *Set) sameAddress(q query) verdict {
	nom, who, found := s.both(q)
	if found != yes {
		return found
	}
	return sameText(nom.address, who.address).and(nom.identity.same(&who.identity).not())
}

func (s *Set) sameSurname(q query) verdict {
	nom, who, found := s.both(q)
	if found != yes {
		return found
	}
	return sameText(nom.identity.surname, who.identity.surname)
}

// namesakes counts records, not persons: somebody who is on record in two systems is counted twice.
func (s *Set) namesakes(q query) (event.Value, event.Unknown) {
	nom, found := s.nominals.find(q.first, q.at)
	if found != yes || nom.identity.surname == "" {
		return event.Value{}, found.why()
	}
	return event.IntValue(int64(s.nominals.bear[nom.surname])), event.Known
}

func (s *Set) isStaff(q query) verdict {
	_, is := s.match(q)
	return is
}

// staffOf is unknown where two members of staff match equally.
func (s *Set) staffOf(q query) (event.Value, event.Unknown) {
	who, is := s.match(q)
	switch {
	case is != yes:
		return event.Value{}, is.why()
	case who == nil:
		return event.Value{}, event.UnknownTable
	}
	return event.StringValue(who.cells[colStaffID]), event.Known
}

// match looks for the member of staff whom a record is about; who is nil unless there is exactly one.
func (s *Set) match(q query) (who *person, is verdict) {
	nom, found := s.nominals.find(q.first, q.at)
	if found == no {
		return nil, no
	}
	if found != yes || s.people == nil || !s.people.answers(q.at) {
		return nil, unknownTable
	}
	matches := 0
	is = s.people.miss()
	try := func(row int32) {
		p := &s.people.rows[row]
		same := nom.identity.same(&p.identity)
		if is = is.or(same); same == yes {
			matches++
			who = p
		}
	}
	if nom.identity.surname == "" || nom.identity.forename == "" {
		for row := range s.people.rows { // rare: a nominal without a name can be anybody
			try(int32(row))
		}
	} else {
		if nom.named >= 0 {
			for _, row := range s.people.named[nom.named] {
				try(row)
			}
		}
		for _, row := range s.people.nameless {
			try(row)
		}
	}
	if matches != 1 {
		who = nil
	}
	return who, is
}
