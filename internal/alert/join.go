package alert

import (
	"slices"
	"strings"

	"probity/internal/event"
)

// Fresh lists the events of a that last does not list.
func (a *Alert) Fresh(last *Alert) map[string]bool {
	fresh := map[string]bool{}
	for _, id := range a.EventIDs {
		fresh[id] = true
	}
	for _, id := range last.EventIDs {
		delete(fresh, id)
	}
	return fresh
}

// Join makes a, drafted after its period's windows were forgotten, a revision that also holds what last held. It reports false
// if last holds all of it already. quote bounds the evidence; a's facts are those of its fresh events alone.
//
// late says why it was forgotten: the events came later than allowed.
func (a *Alert) Join(last *Alert, quote int, late bool) bool {
	fresh := len(a.Fresh(last))
	if fresh == 0 {
		return false
	}
	a.Count = last.Count + fresh
	if last.First.Before(a.First) {
		a.First = last.First
	}
	if last.Last.After(a.Last) {
		a.Last = last.Last
	}
	a.Evidence = joinEvidence(a.Evidence, last.Evidence, quote)
	a.EventIDs = joinIDs(a.EventIDs, last.EventIDs)
	for i := range a.Facts {
		for _, f := range last.Facts {
			if f.Say != a.Facts[i].Say {
				continue
			}
			a.Facts[i].True += f.True
			a.Facts[i].False += f.False
			a.Facts[i].Unknown += f.Unknown
		}
	}
	for _, u := range last.Unknowns {
		if !slices.Contains(a.Unknowns, u) {
			a.Unknowns = append(a.Unknowns, u)
		}
	}
	const note = "an event came later than its source is allowed; it is counted with those of the revision before"
	if late && !slices.Contains(a.Unknowns, note) {
		a.Unknowns = append(a.Unknowns, note)
	}
	return true
}

func joinEvidence(a, b []event.Record, quote int) []event.Record {
	all := append(slices.Clone(a), b...)
	slices.SortStableFunc(all, func(x, y event.Record) int {
		if c := x.Time.Compare(y.Time); c != 0 {
			return c
		}
		return strings.Compare(x.ID, y.ID)
	})
	all = slices.CompactFunc(all, func(x, y event.Record) bool { return x.ID == y.ID })
	return all[:min(len(all), quote)]
}

// joinIDs joins both in the order of the ids: the times of last's are not known here, and the order must not depend on how
// often something was joined.
func joinIDs(a, last []string) []string {
	out := append(slices.Clone(last), a...)
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), MaxEventIDs)]
}

// MaxEventIDs bounds the ids that an alert lists; Count says how many there are.
const MaxEventIDs = 1000
