package table

import "probity/internal/event"

// vehicles is whose vehicle it is. A vehicle may have several keepers.
type vehicles struct {
	scope
	keepers map[pair]struct{} // vrm without spaces, staff_id
}

func newVehicles(t *Table, sc scope) *vehicles {
	v := &vehicles{sc, make(map[pair]struct{}, t.Rows())}
	for i := range t.Rows() {
		c := t.row(i) // vrm, staff_id
		v.keepers[pair{c[0], c[1]}] = struct{}{}
	}
	return v
}

func (s *Set) registeredTo(args []event.Value, at int64) verdict {
	v := s.vehicles
	if v == nil || !v.answers(at) {
		return unknownTable
	}
	var bufPlate, bufStaff [keyBytes]byte
	mark, keeper := foldPlate(bufPlate[:0], args[0].Str), fold(bufStaff[:0], args[1].Str)
	if _, ok := v.keepers[pair{string(mark), string(keeper)}]; ok {
		return yes
	}
	return v.miss()
}
