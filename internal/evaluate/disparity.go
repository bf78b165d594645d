package evaluate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"probity/internal/alert"
)

// Person is a row of the people table, as far as the disparity check asks.
type Person struct {
	ID, Station, Role string
	Bearers           int // staff and subjects of the same surname, this person among them
}

// Bearers counts for each member of staff how many staff and subjects bear their surname. Both lists are of persons, once each.
func Bearers(staff, subjects []string) []int {
	fold := func(s string) string { return strings.ToLower(strings.ToUpper(strings.TrimSpace(s))) }
	n := map[string]int{}
	for _, list := range [][]string{staff, subjects} {
		for _, surname := range list {
			n[fold(surname)]++
		}
	}
	out := make([]int, len(staff))
	for i, surname := range staff {
		out[i] = n[fold(surname)]
	}
	return out
}

// exposed is a person who is not known to have misused anything: what alerts were raised, over how many records.
type exposed struct {
	station, stratum string
	bearers, quarter int // quarter of the force by how many bear the surname, from 0, the rarest
	records          int
	alerts           [alertSets]int
}

// The sets of alerts that are compared.
const (
	allAlerts = iota
	interrupting
	alertSets
)

var setNames = [alertSets]string{"all", "interrupting"}

// alerted counts alerts by the persons whom their keys name.
type alerted map[string]*[alertSets]int

// newAlerted prepares to count for everybody who is in the people table and in no truth.
func newAlerted(f Force) alerted {
	out := alerted{}
	for _, p := range f.People {
		out[p.ID] = &[alertSets]int{}
	}
	for _, t := range f.Truths {
		delete(out, t.Person)
	}
	return out
}

func (c alerted) add(a *alert.Alert, k kind) {
	if k != ofMisuse {
		return
	}
	named := persons(a)
	slices.Sort(named)
	for _, id := range slices.Compact(named) {
		n := c[id]
		if n == nil {
			continue
		}
		n[allAlerts]++
		if interrupts(a.Rule.Severity) {
			n[interrupting]++
		}
	}
}

// exposed lists the innocent who used anything or were alerted on, in the order of the people table.
func (c alerted) exposed(f Force) []exposed {
	bounds := quartiles(f.People)
	var out []exposed
	for _, p := range f.People {
		n, records := c[p.ID], f.Notes.records[p.ID]
		if n == nil || records == 0 && n[allAlerts] == 0 {
			continue
		}
		quarter := 0
		for _, b := range bounds {
			if p.Bearers > b {
				quarter++
			}
		}
		out = append(out, exposed{station: p.Station, stratum: f.Name + "\x00" + p.Role, bearers: p.Bearers, quarter: quarter, records: max(1, records), alerts: *n})
	}
	return out
}

// quartiles are the greatest frequencies of the first three quarters of people; who shares a frequency is in one quarter.
func quartiles(people []Person) (bounds [3]int) {
	if len(people) == 0 {
		return bounds
	}
	var all []int
	for _, p := range people {
		all = append(all, p.Bearers)
	}
	slices.Sort(all)
	for i := range bounds {
		bounds[i] = all[(i+1)*(len(all)-1)/4]
	}
	return bounds
}

// Comparison is of the alerts about groups of people, none of whom misused anything, with what would be expected if every
// record of a role led to an alert as often in one group as in another.
type Comparison struct {
	By           string  `json:"by"`
	Alerts       string  `json:"alerts"`
	Groups       []Group `json:"groups"`
	G            float64 `json:"g"`
	P            float64 `json:"p"`
	Permutations int     `json:"permutations"`
	Differs      bool    `json:"differs"`
}

// Group is one of the groups compared.
type Group struct {
	Name     string  `json:"name"`
	People   int     `json:"people"`
	Alerted  int     `json:"people_alerted"`
	Records  int     `json:"records"`
	Alerts   int     `json:"alerts"`
	Expected float64 `json:"expected_alerts"`
}

const (
	permutations  = 1999
	disparitySeed = 62
	significance  = 0.05 // over all comparisons together: each is held against its part (Bonferroni)
)

// disparity compares by surname and by station.
func disparity(people []exposed) []Comparison {
	if len(people) == 0 {
		return nil
	}
	bySurname, names := surnameGroups(people)
	out := compare("surname frequency", people, bySurname, names)
	byStation, stations := stationGroups(people)
	out = append(out, compare("station", people, byStation, stations)...)
	for i := range out {
		out[i].Differs = out[i].P < significance/float64(len(out))
	}
	return out
}

func surnameGroups(people []exposed) (label []int, names []string) {
	var least, most [4]int
	for _, p := range people {
		label = append(label, p.quarter)
		if q := p.quarter; least[q] == 0 || p.bearers < least[q] {
			least[q] = p.bearers
		}
		most[p.quarter] = max(most[p.quarter], p.bearers)
	}
	for q, name := range []string{"rarest quarter", "second quarter", "third quarter", "commonest quarter"} {
		names = append(names, fmt.Sprintf("%s (%d–%d bearers)", name, least[q], most[q]))
	}
	return label, names
}

func stationGroups(people []exposed) (label []int, names []string) {
	for _, p := range people {
		names = append(names, p.station)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	for _, p := range people {
		i, _ := slices.BinarySearch(names, p.station)
		label = append(label, i)
	}
	return label, names
}

func groups(people []exposed, label []int, names []string, set int, m *measured) []Group {
	all := make([]Group, len(names))
	for i, p := range people {
		g := &all[label[i]]
		g.People, g.Records = g.People+1, g.Records+p.records
		if p.alerts[set] > 0 {
			g.Alerted++
		}
	}
	var out []Group
	for i, g := range all {
		if g.People > 0 {
			g.Name, g.Alerts, g.Expected = cmp.Or(names[i], "(none)"), int(m.observed[set][i]), round4(m.expected[set][i])
			out = append(out, g)
		}
	}
	return out
}
