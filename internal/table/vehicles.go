package table

import "probity/internal/event"

// vehicles is whose vehicle it is. A vehicle may have several keepers.
type vehicles struct {
	scope
	keepers map[keeper]struct{}
}

type keeper struct {
	mark  string // without spaces
	staff event.Place
}

func newVehicles(t *Table, at keys, sc scope) *vehicles {
	v := &vehicles{sc, make(map[keeper]struct{}, t.Rows())}
	for i := range t.Rows() {
		v.keepers[keeper{t.row(i)[0], at[1][i]}] = struct{}{} // vrm, staff_id
	}
	return v
}

func (s *Set) registeredTo(q query) verdict {
	v := s.vehicles
	if v == nil || !v.answers(q.at) {
		return unknownTable
	}
	var buf [keyBytes]byte
	mark := foldPlate(buf[:0], q.args[0].Str)
	if _, ok := v.keepers[keeper{string(mark), q.second}]; ok {
		return yes
	}
	return v.miss()
}
