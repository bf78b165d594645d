package table

import "probity/internal/event"

// nominals is who a record is about.
type nominals struct {
	scope
	rows map[string]nominal // by record_ref
	bear map[string]int     // how many records bear a surname
}

type nominal struct {
	identity identity
	address  string // folded
}

func newNominals(t *Table, sc scope, n *notes) *nominals {
	x := &nominals{scope: sc, rows: make(map[string]nominal, t.Rows()), bear: map[string]int{}}
	for i := range t.Rows() {
		c := t.row(i) // record_ref, surname, forenames, dob, address_id
		nom := nominal{identity: newIdentity(c[1], c[2], c[3]), address: c[4]}
		if nom.identity.born == unreadable {
			n.add(dobFault, dobRemedy, int32(i))
		}
		x.rows[c[0]] = nom
		x.bear[nom.identity.surname]++
	}
	return x
}

func (x *nominals) find(record string, at int64) (nom nominal, found verdict) {
	if x == nil || !x.answers(at) {
		return nominal{}, unknownTable
	}
	var buf [keyBytes]byte
	nom, ok := x.rows[string(fold(buf[:0], record))]
	if !ok {
		return nominal{}, x.miss()
	}
	return nom, yes
}

// both finds the nominal of args[0] and the person of args[1]; found is yes only where there are both.
func (s *Set) both(args []event.Value, at int64) (nom nominal, who *person, found verdict) {
	nom, isNominal := s.nominals.find(args[0].Str, at)
	who, isPerson := s.people.find(args[1].Str, at)
	return nom, who, isNominal.and(isPerson)
}

func (s *Set) isPerson(args []event.Value, at int64) verdict {
	nom, who, found := s.both(args, at)
	if found != yes {
		return found
	}
	return nom.identity.same(&who.identity)
}

func (s *Set) sameAddress(args []event.Value, at int64) verdict {
	nom, who, found := s.both(args, at)
	if found != yes {
		return found
	}
	return sameText(nom.address, who.address).and(nom.identity.same(&who.identity).not())
}

func (s *Set) sameSurname(args []event.Value, at int64) verdict {
	nom, who, found := s.both(args, at)
	if found != yes {
		return found
	}
	return sameText(nom.identity.surname, who.identity.surname)
}

// namesakes counts records, not persons: somebody who is on record in two systems is counted twice.
func (s *Set) namesakes(args []event.Value, at int64) (event.Value, event.Unknown) {
	nom, found := s.nominals.find(args[0].Str, at)
	if found != yes || nom.identity.surname == "" {
		return event.Value{}, found.why()
	}
	return event.IntValue(int64(s.nominals.bear[nom.identity.surname])), event.Known
}

func (s *Set) isStaff(args []event.Value, at int64) verdict {
	_, is := s.match(args[0].Str, at)
	return is
}

// staffOf is unknown where two members of staff match equally.
func (s *Set) staffOf(args []event.Value, at int64) (event.Value, event.Unknown) {
	who, is := s.match(args[0].Str, at)
	switch {
	case is != yes:
		return event.Value{}, is.why()
	case who == nil:
		return event.Value{}, event.UnknownTable
	}
	return event.StringValue(who.cells[colStaffID]), event.Known
}

// match looks for the member of staff whom a record is about; who is nil unless there is exactly one.
func (s *Set) match(record string, at int64) (who *person, is verdict) {
	nom, found := s.nominals.find(record, at)
	if found == no {
		return nil, no
	}
	if found != yes || s.people == nil || !s.people.answers(at) {
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
		for _, row := range s.people.byName[pair{nom.identity.surname, nom.identity.forename}] {
			try(row)
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
