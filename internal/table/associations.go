package table

import (
	"time"

	"probity/internal/event"
)

// associations is whom members of staff have declared to know.
type associations struct {
	scope
	declared map[pair][]association // staff_id, record_ref
}

type association struct {
	on           int64 // declared_on
	undated      bool
	relationship string
}

func newAssociations(t *Table, sc scope, zone *time.Location) *associations {
	a := &associations{sc, make(map[pair][]association, t.Rows())}
	for i := range t.Rows() {
		c := t.row(i) // staff_id, record_ref, relationship, declared_on
		k := pair{c[0], c[1]}
		a.declared[k] = append(a.declared[k], association{beginOf(c[3], zone), c[3] == "", c[2]})
	}
	return a
}

// find returns the latest declaration made by then. One without a date may have been made or not, so that it is unknown.
func (a *associations) find(args []event.Value, at int64) (latest association, found verdict) {
	if a == nil || !a.answers(at) {
		return association{}, unknownTable
	}
	var bufStaff, bufRecord [keyBytes]byte
	staff, record := fold(bufStaff[:0], args[0].Str), fold(bufRecord[:0], args[1].Str)
	found = a.miss()
	undated := false
	for _, d := range a.declared[pair{string(staff), string(record)}] {
		switch {
		case d.undated:
			undated = true
		case d.on <= at && (found != yes || d.on >= latest.on):
			latest, found = d, yes
		}
	}
	if found != yes && undated {
		found = unknownField
	}
	return latest, found
}

func (s *Set) associated(args []event.Value, at int64) verdict {
	_, found := s.associations.find(args, at)
	return found
}

func (s *Set) relationship(args []event.Value, at int64) (event.Value, event.Unknown) {
	latest, found := s.associations.find(args, at)
	if found != yes {
		return event.Value{}, found.why()
	}
	if latest.relationship == "" {
		return event.Value{}, event.UnknownField
	}
	return event.StringValue(latest.relationship), event.Known
}
