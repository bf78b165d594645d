package sim

import (
	"slices"
	"strings"
	"testing"
)

// thorough is a force in which nearly every typology finds somebody.
var thorough = Options{Seed: 5, Staff: 300, Days: 35, Thorough: true}

func TestAThoroughForceHasEveryVariantOnceAndTwentyLookalikesOfEachKind(t *testing.T) {
	f := force(t, Options{Seed: 3, Staff: 2000, Days: 90, Thorough: true})
	count := map[[2]string]int{}
	for _, p := range f.plots {
		count[[2]string{p.Typology, p.Variant}]++
	}
	want := map[[2]string]int{}
	for _, ty := range typologies() {
		for _, v := range ty.variants {
			want[[2]string{ty.name, v}] = 1
		}
	}
	for _, l := range lookalikes() {
		want[[2]string{l.typology, legitimate}] = 20
		i := slices.IndexFunc(typologies(), func(ty typology) bool { return ty.name == l.typology })
		if i < 0 || len(typologies()[i].variants) != 3 {
			t.Errorf("%s is not planted in three variants", l.typology)
		}
	}
	for k, n := range want {
		if count[k] != n {
			t.Errorf("%d of %v, want %d", count[k], k, n)
		}
	}
	if len(count) != len(want) {
		t.Errorf("%d kinds, want %d", len(count), len(want))
	}
}

func TestNobodyWhoOffendsIsCastAsALookalike(t *testing.T) {
	f := force(t, thorough)
	offends := map[string]bool{}
	for _, p := range f.plots[:f.misuses] {
		if offends[p.Person] {
			t.Errorf("%s offends twice", p.Person)
		}
		offends[p.Person] = true
	}
	for _, p := range f.plots[f.misuses:] {
		if p.Variant != legitimate || offends[p.Person] {
			t.Errorf("look-alike of %s, variant %s, is done by an offender: %t", p.Typology, p.Variant, offends[p.Person])
		}
	}
}

func TestEachPlannedEventIsInTheLogsOnceInItsTimeAndInOnePlotOnly(t *testing.T) {
	f := force(t, thorough)
	lines, seen := map[NativeRef]string{}, map[NativeRef]int{}
	for l := range f.Lines() {
		if l.System == "niche" && strings.HasPrefix(string(l.Bytes), "AuditID") {
			continue
		}
		ref := native(l)
		if before, known := lines[ref]; !known || before != string(l.Bytes) { // Microsoft 365 repeats itself
			seen[ref]++
		}
		lines[ref] = string(l.Bytes)
	}
	planned := map[NativeRef]string{}
	names := map[string]bool{}
	for _, tr := range append(f.Truth(), f.Lookalikes()...) {
		names[tr.Typology+tr.Variant] = true
		who := f.people[number(t, tr.Person[1:])-1]
		if len(tr.Events) == 0 || tr.First.After(tr.Last) || tr.First.Before(f.cal.midnight(0).time()) || !tr.Last.Before(f.last().time()) {
			t.Errorf("%s %s: %d events from %s to %s", tr.Variant, tr.Typology, len(tr.Events), tr.First, tr.Last)
		}
		theirs := 0
		for _, e := range tr.Events {
			if other, taken := planned[e]; taken {
				t.Errorf("%v belongs to %s and to %s", e, other, tr.Typology)
			}
			planned[e] = tr.Typology
			if seen[e] != 1 {
				t.Errorf("%s %s: event %v is in the logs %d times", tr.Variant, tr.Typology, e, seen[e])
			}
			if line := lines[e]; strings.Contains(line, who.login) || strings.Contains(line, who.mail) || strings.Contains(line, who.login[1:]) {
				theirs++
			}
		}
		// The control room opens the log that a look-alike is sent to.
		if theirs == 0 || tr.Variant != legitimate && theirs != len(tr.Events) {
			t.Errorf("%s %s: %d of %d events are done by its person", tr.Variant, tr.Typology, theirs, len(tr.Events))
		}
	}
	if len(names) < 70 {
		t.Errorf("%d kinds of plots", len(names))
	}
}

func TestAThoroughForceIsAFunctionOfItsOptions(t *testing.T) {
	o := Options{Seed: 6, Staff: 120, Days: 10, Thorough: true, Faults: FaultKinds()}
	a, b := force(t, o), force(t, o)
	x, y := logs(a), logs(b)
	for name := range x {
		if string(x[name]) != string(y[name]) {
			t.Errorf("%s differs", name)
		}
	}
	for i, table := range a.Tables() {
		if string(table.Data) != string(b.Tables()[i].Data) {
			t.Errorf("%s differs", table.Name)
		}
	}
}

func TestWithoutMisuseTheLookalikesStayAsTheyAre(t *testing.T) {
	o := Options{Seed: 6, Staff: 200, Days: 30, Thorough: true}
	dirty := force(t, o)
	o.NoMisuse = true
	clean := force(t, o)
	persons := func(f *Force) (all []string) {
		for _, p := range f.plots[f.misuses:] {
			all = append(all, p.Typology+" "+p.Person)
		}
		return all
	}
	if clean.misuses != 0 || dirty.misuses == 0 || !slices.Equal(persons(clean), persons(dirty)) {
		t.Errorf("%d and %d misuses, %d and %d look-alikes", clean.misuses, dirty.misuses, len(persons(clean)), len(persons(dirty)))
	}
}

func TestAPatientOffenderTakesHisTimeAndALittleOnly(t *testing.T) {
	f := force(t, Options{Seed: 8, Staff: 2000, Days: 90, Thorough: true})
	days := map[int]map[int]int{}
	for d, acts := range f.planted {
		for _, a := range acts {
			if days[a.plot] == nil {
				days[a.plot] = map[int]int{}
			}
			days[a.plot][d]++
		}
	}
	for i, p := range f.plots[:f.misuses] {
		if p.Variant != patient || p.Typology == "external-auto-forward" { // a single act
			continue
		}
		most, first, last := 0, 1<<20, 0
		for d, n := range days[i+1] {
			most, first, last = max(most, n), min(first, d), max(last, d)
		}
		if last-first < 20 || most > 20 {
			t.Errorf("%s: at most %d acts a day, from day %d to day %d", p.Typology, most, first, last)
		}
	}
}

func TestWhoHasMovedToAnotherDeskLeavesNothingOnTheFirst(t *testing.T) {
	f := force(t, thorough)
	if len(f.moves) == 0 {
		t.Fatal("nobody moves")
	}
	who, mine := (*person)(nil), []move(nil)
	for _, p := range f.people {
		if mine = f.moves[p]; mine != nil {
			who = p
			break
		}
	}
	seen := 0
	for l := range f.Lines() {
		if l.System != "niche" || !strings.Contains(string(l.Bytes), ","+who.login+",") {
			continue
		}
		at := instant(l.At.UnixMilli())
		for i, m := range mine {
			if at < m.from+2*second || at >= m.to || i+1 < len(mine) && at >= mine[i+1].from {
				continue
			}
			if seen++; !strings.Contains(string(l.Bytes), ","+m.desk.name+",") && !strings.Contains(string(l.Bytes), ",Logout,") {
				t.Errorf("not at %s: %s", m.desk.name, l.Bytes)
			}
		}
	}
	if seen == 0 {
		t.Error("nothing was done after a move")
	}
}
