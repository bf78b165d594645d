package alert

import (
	"slices"
	"strings"

	"probity/internal/event"
)

// Join makes a, drafted from events that came later than allowed after its period's windows were forgotten, a revision that
// also holds what last held. It reports false if last holds all of it already. quote bounds the evidence.
func (a *Alert) Join(last *Alert, quote int) bool {
	known := map[string]bool{}
	for _, id := range last.EventIDs {
		known[id] = true
	}
	fresh := 0
	for _, id := range a.EventIDs {
		if !known[id] {
			fresh++
		}
	}
	if fresh == 0 {
		return false
	}
	added := len(a.EventIDs) == fresh
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
			if !added { // some events are in both: what last counted stands
				a.Facts[i] = f
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
	const late = "an event came later than its source is allowed; it is counted with those of the revision before"
	if !slices.Contains(a.Unknowns, late) {
		a.Unknowns = append(a.Unknowns, late)
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

// joinIDs keeps last's order and adds the new ones behind: their times are not known here.
func joinIDs(a, last []string) []string {
	out := slices.Clone(last)
	for _, id := range a {
		if !slices.Contains(last, id) {
			out = append(out, id)
		}
	}
	return out[:min(len(out), MaxEventIDs)]
}

// MaxEventIDs bounds the ids that an alert lists; Count says how many there are.
const MaxEventIDs = 1000
