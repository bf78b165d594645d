package evaluate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// force draws people of four stations and two roles, who are alerted on in clusters, at a rate for each record that the role
// decides; unfair multiplies the rate of station D.
func force(dice *rand.Rand, people int, unfair float64) []exposed {
	var out []exposed
	for i := range people {
		role := i % 2
		p := exposed{station: string(rune('A' + dice.IntN(4))), stratum: fmt.Sprint(role), bearers: 1 + dice.IntN(40), records: 20 + dice.IntN(400)*(1+2*role)}
		p.quarter = min(3, p.bearers/10)
		mean := float64(p.records) / 400 * float64(1+3*role)
		if p.station == "D" {
			mean *= unfair
		}
		for range poisson(dice, mean/3) { // three alerts at a time
			p.alerts[allAlerts] += 3
		}
		out = append(out, p)
	}
	return out
}

func poisson(dice *rand.Rand, mean float64) (n int) {
	for left := math.Exp(-mean); ; n++ {
		if left = left / max(dice.Float64(), 1e-12); left > 1 {
			return n
		}
	}
}

func comparison(t *testing.T, all []Comparison, by string) Comparison {
	t.Helper()
	for _, c := range all {
		if c.By == by && c.Alerts == setNames[allAlerts] {
			return c
		}
	}
	t.Fatalf("no comparison by %s", by)
	return Comparison{}
}

func TestEqualBehaviourIsSeldomCalledADifferenceThoughAlertsComeInClusters(t *testing.T) {
	const forces = 60
	small := 0
	for seed := range uint64(forces) {
		people := force(rand.New(rand.NewPCG(seed, 1)), 60, 1)
		label, stations := stationGroups(people)
		if compare("station", people, label, stations)[allAlerts].P <= 0.05 {
			small++
		}
	}
	// 3 are expected of 60; 10 or more come once in a thousand times if p is what it says.
	if small > 9 {
		t.Errorf("p was at most 0.05 in %d of %d forces", small, forces)
	}
}

func TestAStationThatIsAlertedOnTwiceAsOftenIsShown(t *testing.T) {
	all := disparity(force(rand.New(rand.NewPCG(7, 7)), 400, 2))
	if c := comparison(t, all, "station"); !c.Differs {
		t.Errorf("p = %g", c.P)
	}
	if c := comparison(t, all, "surname frequency"); c.Differs {
		t.Errorf("by surname, which decides nothing: p = %g", c.P)
	}
}

func TestPIsThatOfAllPermutationsOfASmallForce(t *testing.T) {
	var people []exposed
	for i, alerts := range []int{9, 7, 0, 1, 2, 0} {
		people = append(people, exposed{station: "AB"[i/3 : i/3+1], stratum: "one", records: 10 + i, alerts: [alertSets]int{alerts}})
	}
	label, _ := stationGroups(people)
	expected := expectations(people)
	observed, m := newMeasured(2), newMeasured(2)
	observed.measure(people, expected, label)
	atLeast, all := 0, 0
	for set := range 1 << 6 { // every way to send three of them to A
		var l []int
		ones := 0
		for i := range 6 {
			l = append(l, set>>i&1)
			ones += set >> i & 1
		}
		if ones != 3 {
			continue
		}
		all++
		if m.measure(people, expected, l); m.g(allAlerts) >= observed.g(allAlerts)-1e-9 {
			atLeast++
		}
	}
	exact := float64(atLeast) / float64(all)
	if got := comparison(t, disparity(people), "station").P; math.Abs(got-exact) > 4*math.Sqrt(exact*(1-exact)/permutations) {
		t.Errorf("p = %g, exactly %g", got, exact)
	}
}

func TestARolesRecordsAreComparedWithinTheRole(t *testing.T) {
	// The control room sits at one station and is alerted on ten times as often; nobody there is treated otherwise.
	var people []exposed
	for i := range 60 {
		p := exposed{station: "ABC"[i%3 : i%3+1], stratum: "response", records: 100, alerts: [alertSets]int{1}}
		if i%3 == 0 {
			p.stratum, p.alerts = "control", [alertSets]int{10}
		}
		people = append(people, p)
	}
	if c := comparison(t, disparity(people), "station"); c.G != 0 || c.P != 1 || c.Differs {
		t.Errorf("G = %g, p = %g", c.G, c.P)
	}
}

func TestPeopleOfOneSurnameAreInOneQuarter(t *testing.T) {
	var people []Person
	for i := range 40 {
		bearers := 500 // half the force is called Jones
		if i < 20 {
			bearers = 1 + i/5
		}
		people = append(people, Person{Bearers: bearers})
	}
	if got, want := quartiles(people), [3]int{2, 4, 500}; got != want {
		t.Errorf("bounds %v, want %v", got, want)
	}
	if got := Bearers([]string{"Jones", " JONES ", "Quill"}, []string{"jones", "Marsh"}); fmt.Sprint(got) != "[3 3 1]" {
		t.Errorf("bearers %v", got)
	}
}

func TestWhoIsInATruthOrDidNothingIsNotCompared(t *testing.T) {
	n := NewNotes()
	n.records = map[string]int{"S1": 5, "S2": 5}
	f := Force{People: []Person{{ID: "S1"}, {ID: "S2"}, {ID: "S3"}}, Truths: []Truth{{Person: "S1"}}, Notes: n}
	if got := Assess(f).people; len(got) != 1 || got[0].records != 5 {
		t.Errorf("compared: %+v", got)
	}
}
