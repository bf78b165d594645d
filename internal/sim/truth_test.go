package sim

import (
	"encoding/csv"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var pncNative = regexp.MustCompile(`^ *(\d+)\|[^|]*\|[^|]*\|[^|]*\|(\S+) *\|`)
var stormNative = regexp.MustCompile(`(storm-app0\d) .* seq="(\d+)"`)
var cloudNative = regexp.MustCompile(`"Id":"([0-9a-f-]{36})"`)
var crimeNative = regexp.MustCompile(` id=([0-9a-f]{8}) `)

// native reads the identity of a line from the line itself.
func native(l Line) NativeRef {
	id := ""
	switch l.System {
	case "niche":
		id, _, _ = strings.Cut(string(l.Bytes), ",")
	case "pnc":
		m := pncNative.FindSubmatch(l.Bytes)
		id = string(m[2]) + "/" + string(m[1])
	case "storm":
		m := stormNative.FindSubmatch(l.Bytes)
		id = string(m[1]) + "/" + string(m[2])
	case "crime":
		id = string(crimeNative.FindSubmatch(l.Bytes)[1])
	case "m365":
		id = string(cloudNative.FindSubmatch(l.Bytes)[1])
	}
	return NativeRef{l.System, id}
}

func TestEachTruthIsInTheLogsAndDoneByItsPerson(t *testing.T) {
	for _, o := range []Options{small, {Seed: 2, Staff: 200, Days: 30}} {
		f := force(t, o)
		lines := map[NativeRef]string{}
		for l := range f.Lines() {
			lines[native(l)] = string(l.Bytes)
		}
		var names []string
		for _, tr := range f.Truth() {
			names = append(names, tr.Typology)
			who := f.people[number(t, tr.Person[1:])-1]
			if len(tr.Events) == 0 || tr.First.After(tr.Last) || tr.First.Before(f.cal.midnight(0).time()) || !tr.Last.Before(f.last().time()) {
				t.Errorf("%s: %d events from %s to %s", tr.Typology, len(tr.Events), tr.First, tr.Last)
			}
			for _, e := range tr.Events {
				line := lines[e]
				if !strings.Contains(line, who.login) && !strings.Contains(line, who.mail) && !strings.Contains(line, who.login[1:]) {
					t.Errorf("%s of %s: event %v is %q", tr.Typology, who.login, e, line)
				}
			}
		}
		var want []string
		for _, ty := range typologies() {
			if !ty.thorough {
				want = append(want, ty.name)
			}
		}
		if !slices.Equal(names, want) {
			t.Errorf("%+v plants %v, want one of each", o, names)
		}
	}
}

func TestTruthNeedsNoDrainedLines(t *testing.T) {
	a, b := force(t, small), force(t, small)
	logs(b)
	x, _ := json.Marshal(a.Truth())
	y, _ := json.Marshal(b.Truth())
	if string(x) != string(y) {
		t.Error("truth differs when lines were not drained before")
	}
}

func TestMisuseScalesWithStaffAndDays(t *testing.T) {
	f := force(t, Options{Seed: 2, Staff: 4000, Days: 180})
	count, variants, offenders := map[string]int{}, map[string]bool{}, map[string]bool{}
	for _, p := range f.plots {
		count[p.Typology]++
		variants[p.Variant] = true
		if offenders[p.Person] {
			t.Errorf("%s offends twice", p.Person)
		}
		offenders[p.Person] = true
	}
	for _, ty := range typologies() {
		if !ty.thorough && count[ty.name] != 4 {
			t.Errorf("%d of %s, want 4", count[ty.name], ty.name)
		}
	}
	if len(variants) != 3 {
		t.Errorf("variants %v", variants)
	}
}

func TestPatientMisuseSpansTheWholeTime(t *testing.T) {
	f := force(t, Options{Seed: 9, Staff: 100, Days: 60})
	found := false
	for _, tr := range f.Truth() {
		if tr.Variant != patient {
			continue
		}
		found = true
		if span := tr.Last.Sub(tr.First); span < 25*24*time.Hour {
			t.Errorf("%s lasts %s", tr.Typology, span)
		}
	}
	if !found {
		t.Error("nobody is patient")
	}
}

// rowsOf reads a table by column name.
func rowsOf(t *testing.T, f *Force, name string) []map[string]string {
	t.Helper()
	for _, table := range f.Tables() {
		if table.Name != name {
			continue
		}
		r := csv.NewReader(strings.NewReader(string(table.Data)))
		r.Comment = '#'
		rows, err := r.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var all []map[string]string
		for _, row := range rows[1:] {
			m := map[string]string{}
			for i, column := range rows[0] {
				m[column] = row[i]
			}
			all = append(all, m)
		}
		return all
	}
	t.Fatalf("no table %s", name)
	return nil
}
