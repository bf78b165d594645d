package table

import (
	"time"

	"probity/internal/event"
)

// associations is whom members of staff have declared to know.
type associations struct {
	scope
	declared map[two][]association // staff_id, record_ref
}

type association struct {
	on           int64 // declared_on
	undated      bool
	relationship string
}

func newAssociations(t *Table, at keys, sc scope, zone *time.Location) *associations {
	a := &associations{sc, make(map[two][]association, t.Rows())}
	for i := range t.Rows() {
		c := t.row(i) // staff_id, record_ref, relationship, declared_on
		k := pairOf(at[0][i], at[1][i])
		a.declared[k] = append(a.declared[k], association{beginOf(c[3], zone), c[3] == "", c[2]})
	}
	return a
}

// find returns the latest declaration made by then. One without a date may have been made or not, so that it is unknown.
func (a *associations) find(q query) (latest association, found verdict) {
	if a == nil || !a.answers(q.at) {
		return association{}, unknownTable
	}
	found = a.miss()
	undated := false
	for _, d := range a.declared[pairOf(q.first, q.second)] {
		switch {
		case d.undated:
			undated = true
		case d.on <= q.at && (found != yes || d.on >= latest.on):
			latest, found = d, yes
		}
	}
	if found != yes && undated {
		found = unknownField
	}
	return latest, found
}

func (s *Set) associated(q query) verdict {
	_, found := s.associations.find(q)
	return found
}

func (s *Set) relationship(q query) (event.Value, event.Unknown) {
	latest, found := s.associations.find(q)
	if found != yes {
		return event.Value{}, found.why()
	}
	if latest.relationship == "" {
		return event.Value{}, event.UnknownField
	}
	return event.StringValue(latest.relationship), event.Known
}
