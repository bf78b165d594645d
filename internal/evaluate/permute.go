package evaluate

import (
	"math"
	"math/rand/v2"
	"slices"
)

// compare gives a comparison for each set of alerts. Its p is the share of permutations whose G is at least the one observed:
// a person's records and alerts stay together and change places with those of another of the same force and role. So it asks
// nothing of how alerts are distributed; they come in clusters, which the chi-square distribution of G takes for a difference.
func compare(by string, people []exposed, label []int, names []string) []Comparison {
	expected := expectations(people)
	observed := newMeasured(len(names))
	observed.measure(people, expected, label)
	strata := byStratum(people)
	dice := rand.New(rand.NewPCG(disparitySeed, uint64(len(people))))
	shuffled := slices.Clone(label)
	m := newMeasured(len(names))
	var atLeast [alertSets]int
	for range permutations {
		for _, members := range strata {
			dice.Shuffle(len(members), func(i, k int) {
				a, b := members[i], members[k]
				shuffled[a], shuffled[b] = shuffled[b], shuffled[a]
			})
		}
		m.measure(people, expected, shuffled)
		for set := range alertSets {
			if m.g(set) >= observed.g(set)-1e-9 {
				atLeast[set]++
			}
		}
	}
	var out []Comparison
	for set := range alertSets {
		out = append(out, Comparison{
			By: by, Alerts: setNames[set], Groups: groups(people, label, names, set, observed), G: round4(observed.g(set)),
			P: round4(float64(atLeast[set]+1) / (permutations + 1)), Permutations: permutations,
		})
	}
	return out
}

// expectations are the alerts of each person if those of a role in a force fell on its records evenly.
func expectations(people []exposed) [][alertSets]float64 {
	records, alerts := map[string]int{}, map[string]*[alertSets]int{}
	for _, p := range people {
		records[p.stratum] += p.records
		if alerts[p.stratum] == nil {
			alerts[p.stratum] = &[alertSets]int{}
		}
		for set := range alertSets {
			alerts[p.stratum][set] += p.alerts[set]
		}
	}
	out := make([][alertSets]float64, len(people))
	for i, p := range people {
		for set := range alertSets {
			out[i][set] = float64(p.records) * float64(alerts[p.stratum][set]) / float64(records[p.stratum])
		}
	}
	return out
}

func byStratum(people []exposed) [][]int {
	of := map[string]int{}
	var out [][]int
	for i, p := range people {
		k, known := of[p.stratum]
		if !known {
			k, out = len(out), append(out, nil)
			of[p.stratum] = k
		}
		out[k] = append(out[k], i)
	}
	return out
}

// measured are the alerts observed and expected, by set and group.
type measured struct{ observed, expected [alertSets][]float64 }

func newMeasured(groups int) *measured {
	m := &measured{}
	for set := range alertSets {
		m.observed[set], m.expected[set] = make([]float64, groups), make([]float64, groups)
	}
	return m
}

func (m *measured) measure(people []exposed, expected [][alertSets]float64, label []int) {
	for set := range alertSets {
		clear(m.observed[set])
		clear(m.expected[set])
		for i := range people {
			m.observed[set][label[i]] += float64(people[i].alerts[set])
			m.expected[set][label[i]] += expected[i][set]
		}
	}
}

// g is the log likelihood ratio, twice the sum of O ln(O/E).
func (m *measured) g(set int) float64 {
	sum := 0.0
	for i, o := range m.observed[set] {
		if o > 0 {
			sum += o * math.Log(o/m.expected[set][i])
		}
	}
	return 2 * sum
}
