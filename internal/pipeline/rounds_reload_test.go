package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"probity/internal/alert"
	"probity/internal/rule"
	"probity/internal/store"
)

// revised are all alerts of a store: rule, key, status, count.
func revised(t *testing.T, st *store.Memory) (out []string) {
	t.Helper()
	must(t, st.EachAlert(func(a *alert.Alert) error {
		out = append(out, fmt.Sprint(a.Rule.ID, " ", a.Group[0].Value, " ", a.Status, " ", a.Count))
		return nil
	}))
	slices.Sort(out)
	return out
}

const peopleHead = "staff_id,accounts,surname,forenames,dob,collar,role,team,station,address_id,postcode,employment,status,start_date,end_date,vetting_expiry,manager_id\n"

func writePeople(t *testing.T, dir string) {
	t.Helper()
	text := "# exported_at=2026-03-03T00:00:00Z\n" + peopleHead + "S00042,plain:c1,Quill,Mara,1990-01-01,4821,cid,T,LLA,A1,QX1 1AA,officer,active,2020-01-01,,,\n"
	must(t, os.WriteFile(filepath.Join(dir, "people.csv"), []byte(text), 0o600))
}

func verb(at, user, verb, object string) string {
	return fmt.Sprintf("ts=2026-03-02T%sZ user=%s verb=%s object=%s", at, user, verb, object)
}

var pointed = shapeFiles(map[string]string{
	"print": `when: event.action == "print"
points: 30`,
	"unlinked": `when: event.action == "view"
correlation: {type: absence, absence: {link: event.action == "login", before: 5m, after: 10m}}
points: 20`,
	"risk": `when: event.dataset == "probity"
correlation: {type: value_sum, field: event.risk_score, timespan: 1d, condition: {gte: 50}}`,
})

// A person's score and an account's are both told anew when the account is resolved: the account's alert goes, the person's
// comes. The score changed in both rounds of that commit, and two bodies under one revision stopped the daemon for good.
func TestAScoreMovesWithTheAccountThatWasResolved(t *testing.T) {
	tables, st := t.TempDir(), store.NewMemory()
	newRig(t, pointed, tables).run(t, st, 2, time.Time{},
		[]string{verb("10:00:00", "c1", "print", "a")}, []string{verb("10:30:00", "c1", "print", "b")})
	before := []string{"print plain:c1 open 1", "print plain:c1 open 1", "risk plain:c1 open 2"}
	if diff := gocmp.Diff(before, revised(t, st)); diff != "" {
		t.Fatal(diff)
	}
	writePeople(t, tables)
	newRig(t, pointed, tables).run(t, st, 2, time.Time{})
	want := []string{"print S00042 open 1", "print S00042 open 1", "print plain:c1 withdrawn 0", "print plain:c1 withdrawn 0", "risk S00042 open 2", "risk plain:c1 withdrawn 0"}
	if diff := gocmp.Diff(want, revised(t, st)); diff != "" {
		t.Fatal(diff)
	}
	newRig(t, pointed, tables).run(t, st, 1, time.Time{}, []string{verb("10:50:00", "c1", "print", "c")})
	if got := revised(t, st); !slices.Contains(got, "risk S00042 open 3") {
		t.Errorf("a further alert does not count beside those that were the account's: %v", got)
	}
}

// A threshold and a people table change in one reload: the account's alert grows and goes at once, and is told once.
func TestAReloadThatLowersAThresholdAndResolvesTellsAnAlertOnce(t *testing.T) {
	rules := func(limit string) []rule.File {
		return shapeFiles(map[string]string{"burst": `when: event.action == "view"
correlation: {type: event_count, timespan: 5m, condition: {gte: ` + limit + `}}`})
	}
	tables, st := t.TempDir(), store.NewMemory()
	newRig(t, rules("2"), tables).run(t, st, 1, time.Time{}, []string{
		verb("10:00:00", "c1", "view", "a"), verb("10:01:00", "c1", "view", "a"), verb("10:07:00", "c1", "view", "a"),
	})
	if diff := gocmp.Diff([]string{"burst plain:c1 open 2"}, revised(t, st)); diff != "" {
		t.Fatal(diff)
	}
	writePeople(t, tables)
	newRig(t, rules("1"), tables).run(t, st, 1, time.Time{})
	if diff := gocmp.Diff([]string{"burst S00042 open 3", "burst plain:c1 withdrawn 0"}, revised(t, st)); diff != "" {
		t.Error(diff)
	}
}

// The alert of an absence is withdrawn by a link that comes later than allowed, and its points go with it.
func TestALateLinkTakesThePointsAway(t *testing.T) {
	st := store.NewMemory()
	r := newRig(t, pointed, "")
	r.run(t, st, 1, time.Time{},
		[]string{verb("10:00:00", "c1", "view", "a"), verb("10:00:10", "c1", "print", "a")},
		[]string{verb("10:19:00", "c2", "x", "a"), verb("10:19:00", "c2", "y", "a"), verb("10:19:00", "c2", "z", "a")})
	want := []string{"print plain:c1 open 1", "risk plain:c1 open 2", "unlinked plain:c1 open 1"}
	if diff := gocmp.Diff(want, revised(t, st)); diff != "" {
		t.Fatal(diff)
	}
	r.run(t, st, 1, time.Time{}, []string{verb("10:01:00", "c1", "login", "")})
	want = []string{"print plain:c1 open 1", "risk plain:c1 withdrawn 0", "unlinked plain:c1 withdrawn 0"}
	if diff := gocmp.Diff(want, revised(t, st)); diff != "" {
		t.Error(diff)
	}
}

// Fewer points, from a reload on: what is told anew counts with the new ones, and with none not at all.
func TestARevisionThatNoLongerCountsIsTakenOut(t *testing.T) {
	rules := func(points string) []rule.File {
		return shapeFiles(map[string]string{
			"print": "when: event.action == \"print\"\npoints: " + points,
			"risk":  "when: event.dataset == \"probity\" and event.risk_score > 0\ncorrelation: {type: value_sum, field: event.risk_score, timespan: 1d, condition: {gte: 20}}",
		})
	}
	st := store.NewMemory()
	newRig(t, rules("30"), "").run(t, st, 1, time.Time{}, []string{verb("10:00:00", "c1", "print", "a")})
	newRig(t, rules("0"), "").run(t, st, 1, time.Time{}, []string{verb("10:01:00", "c1", "print", "a")})
	if diff := gocmp.Diff([]string{"print plain:c1 open 2", "risk plain:c1 withdrawn 0"}, revised(t, st)); diff != "" {
		t.Error(diff)
	}
}

// A nightly table decides what a day's bucket holds after the day is over: the bucket waits for it.
func TestABaselineWaitsForTheTableThatItsEventsWaitFor(t *testing.T) {
	rules := shapeFiles(map[string]string{"usual": `when: sensitive(object.id)
correlation: {type: baseline, baseline: {every: 1h, history: 5h, least: 2, above: 0}}
decide_within: 12h`})
	tables := t.TempDir()
	export := func(at string) {
		text := "# exported_at=" + at + " covers=2026-02-01T00:00:00Z/" + at + "\nrecord_ref,label,allowed_roles,expires\nr,public figure,vetting,\n"
		must(t, os.WriteFile(filepath.Join(tables, "sensitive.csv"), []byte(text), 0o600))
	}
	export("2026-03-02T09:30:00Z")
	var day []string
	for _, at := range []string{"07:00", "08:00", "10:00", "10:01", "10:02", "10:03", "10:04", "12:00", "12:01", "12:02"} {
		day = append(day, verb(at+":00", "c1", "view", "r"))
	}
	st := store.NewMemory()
	newRig(t, rules, tables).run(t, st, 1, time.Time{}, day)
	export("2026-03-03T00:00:00Z")
	newRig(t, rules, tables).run(t, st, 1, time.Date(2026, 3, 3, 3, 0, 0, 0, time.UTC))
	if got := strings.Join(revised(t, st), "; "); !strings.Contains(got, "usual plain:c1 open 5") {
		t.Errorf("got %q", got)
	}
}

// Two silences of one period are two hits.
func TestEachSilenceOfAPeriodCounts(t *testing.T) {
	rules := shapeFiles(map[string]string{"silent": "when: event.dataset == \"plain\"\ncorrelation: {type: silence, timespan: 2m}"})
	st := store.NewMemory()
	newRig(t, rules, "").run(t, st, 1, time.Date(2026, 3, 2, 10, 20, 0, 0, time.UTC),
		[]string{verb("10:00:00", "c1", "view", "a"), verb("10:05:00", "c1", "view", "a"), verb("10:10:00", "c1", "view", "a")})
	must(t, st.EachAlert(func(a *alert.Alert) error {
		if a.Count != 3 || len(a.Measures) != 3 || !a.First.Equal(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)) || !a.Last.Equal(time.Date(2026, 3, 2, 10, 10, 0, 0, time.UTC)) {
			t.Errorf("count %d, %d measures, from %s to %s", a.Count, len(a.Measures), a.First, a.Last)
		}
		return nil
	}))
}

// A bucket of seven hours is told long after its events: the alert that it shares with the one before is whole, with
// its measures and its evidence, however the batches fell.
func TestABucketLongerThanAPeriodKeepsItsEvidence(t *testing.T) {
	rules := []rule.File{{Name: "weekly", Data: []byte(prose + `id: weekly
when: event.dataset == "plain"
correlation: {type: baseline, baseline: {every: 7h, history: 70h, least: 2, above: 0}}
alert: {summary: '{{ .measured }}', period: 5h, evidence: 20}
`)}}
	r := newRig(t, rules, "")
	var lines []string
	start := time.Unix(14_064*35*3600, 0).UTC() // where buckets and periods begin together
	add := func(hours float64, n int) {
		for i := range n {
			at := start.Add(time.Duration(hours*3600)*time.Second + time.Duration(i)*time.Second)
			lines = append(lines, fmt.Sprintf("ts=%s user=c1 verb=view object=o%d", at.Format(time.RFC3339), len(lines)))
		}
	}
	for _, at := range []float64{0, 7, 14} {
		add(at, 1)
	}
	add(21, 3)   // at the beginning of a bucket
	add(27.9, 3) // and its last events …
	add(28.1, 9) // … in one hour with all of the next one
	for at := 30.0; at < 60; at++ {
		lines = append(lines, fmt.Sprintf("ts=%s user=c2 verb=view object=x", start.Add(time.Duration(at)*time.Hour).Format(time.RFC3339)))
	}
	until := time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)
	whole, single := store.NewMemory(), store.NewMemory()
	r.run(t, whole, 1, until, lines)
	r.run(t, single, 1, until, slices.Collect(slices.Chunk(lines, 1))...)
	want := told(whole)
	if diff := gocmp.Diff(want, told(single)); diff != "" || len(want) == 0 {
		t.Errorf("%d alerts; at once (-), line by line (+):\n%s", len(want), diff)
	}
}

// What a table could not say of an alert's first revision is decided of its last one: that one is no longer what the rule
// looks for, and nothing waits.
func TestAnUndecidedRevisionWaitsNoLongerThanItStands(t *testing.T) {
	rules := shapeFiles(map[string]string{
		"print": "when: event.action == \"print\"\npoints: 30",
		"risk":  "when: event.dataset == \"probity\" and event.time.Minute() < 1 and sensitive(rule.id)\ncorrelation: {type: value_sum, field: event.risk_score, timespan: 1d, condition: {gte: 30}}",
	})
	waiting := func(st *store.Memory) (n int) {
		must(t, st.EachPending(func(store.PendingMatch) error { n++; return nil }))
		return n
	}
	tables, st := t.TempDir(), store.NewMemory()
	r := newRig(t, rules, tables)
	r.run(t, st, 1, time.Time{}, []string{verb("10:00:00", "c1", "print", "a")})
	if waiting(st) != 1 {
		t.Fatal("nothing waits for the table")
	}
	r.run(t, st, 1, time.Time{}, []string{verb("10:01:00", "c1", "print", "b")})
	if n := waiting(st); n != 0 {
		t.Errorf("%d wait for the table of a revision that is no more", n)
	}
	text := "# exported_at=2026-03-03T00:00:00Z covers=2026-02-01T00:00:00Z/2026-03-03T00:00:00Z\nrecord_ref,label,allowed_roles,expires\nprint,bait,,\n"
	must(t, os.WriteFile(filepath.Join(tables, "sensitive.csv"), []byte(text), 0o600))
	newRig(t, rules, tables).run(t, st, 1, time.Time{})
	if diff := gocmp.Diff([]string{"print plain:c1 open 2"}, revised(t, st)); diff != "" {
		t.Error(diff)
	}
}

// A table decides, in one commit, an alert and what an alert before it counts for: the score is told once, with both.
func TestAReloadThatDecidesInBothRoundsTellsAScoreOnce(t *testing.T) {
	rules := shapeFiles(map[string]string{
		"print":  "when: event.action == \"print\"\npoints: 30",
		"listed": "when: event.action == \"view\" and sensitive(object.id)\npoints: 30",
		"risk":   "when: event.dataset == \"probity\" and sensitive(rule.id)\ncorrelation: {type: value_sum, field: event.risk_score, timespan: 1d, condition: {gte: 30}}",
	})
	tables, st := t.TempDir(), store.NewMemory()
	newRig(t, rules, tables).run(t, st, 1, time.Time{}, []string{verb("10:00:00", "c1", "print", "a"), verb("10:01:00", "c1", "view", "r")})
	text := "# exported_at=2026-03-03T00:00:00Z covers=2026-02-01T00:00:00Z/2026-03-03T00:00:00Z\nrecord_ref,label,allowed_roles,expires\nprint,bait,,\nlisted,bait,,\nr,bait,,\n"
	must(t, os.WriteFile(filepath.Join(tables, "sensitive.csv"), []byte(text), 0o600))
	newRig(t, rules, tables).run(t, st, 2, time.Time{})
	if diff := gocmp.Diff([]string{"listed plain:c1 open 1", "print plain:c1 open 1", "risk plain:c1 open 2"}, revised(t, st)); diff != "" {
		t.Error(diff)
	}
}
