package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"probity/internal/alert"
	"probity/internal/fsx"
)

// aboutPerson is an alert of a rule and severity about somebody.
func aboutPerson(n, revision int, rule, person string, severity alert.Severity) *alert.Alert {
	a := alertOf(n, revision)
	a.Rule.ID, a.Rule.Severity = rule, severity
	a.Evidence = nil
	if person != "" {
		a.Person = &alert.Person{ID: person, ManagerID: "M-" + person}
	}
	return a
}

func caseNow(t *testing.T, s *Store, id string) alert.Case {
	t.Helper()
	c, found, err := s.Case(id)
	must(t, err)
	if !found {
		t.Fatalf("alert %s has no case", id)
	}
	return c
}

func TestACaseGathersWhomItIsAboutOverAllRevisions(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	withdrawn := aboutPerson(1, 3, "r", "", alert.High)
	withdrawn.Status, withdrawn.Group = alert.Withdrawn, nil
	c := &Commit{Alerts: []*alert.Alert{aboutPerson(1, 1, "r", "S1", alert.Medium), aboutPerson(1, 2, "r", "S2", alert.Critical)}}
	must(t, s.Commit(c))
	must(t, s.Commit(&Commit{Alerts: []*alert.Alert{withdrawn}}))
	must(t, s.Close())
	s = openStore(t, dir, nil)
	want := alert.Case{ID: "alert01", Rule: "r", Had: []alert.Severity{alert.Medium, alert.High, alert.Critical}, Status: alert.Withdrawn, Revision: 3,
		OpenedAt:  time.Unix(1772452800, 0).UTC(),
		Concerned: alert.Concerned{Persons: []string{"S1", "S2"}, Managers: []string{"M-S1", "M-S2"}, Main: "S2"}}
	if diff := cmp.Diff(want, caseNow(t, s, "alert01")); diff != "" {
		t.Error(diff)
	}
	if got := c.Cases["alert01"].Revision; got != 2 {
		t.Errorf("the commit was told of revision %d", got)
	}
}

func TestARevisionIsQueuedWhereItsCaseIsRoutedTo(t *testing.T) {
	s := openStore(t, t.TempDir(), nil)
	to := func(c alert.Case) []string {
		if slices.Contains(c.Persons, "S1") {
			return []string{"hook"}
		}
		return []string{"file", "hook"}
	}
	gone := aboutPerson(1, 2, "r", "", alert.High)
	gone.Status = alert.Withdrawn
	must(t, s.Commit(&Commit{Sinks: []string{"file", "hook"}, Routing: Routing{To: to}, Alerts: []*alert.Alert{
		aboutPerson(1, 1, "r", "S1", alert.High), aboutPerson(2, 1, "r", "S2", alert.High), gone}}))
	for sink, want := range map[string][]string{"file": {"alert02/1"}, "hook": {"alert01/1", "alert02/1", "alert01/2"}} {
		due, err := s.Due(sink, 10)
		must(t, err)
		var got []string
		for _, d := range due {
			got = append(got, d.Key())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", sink, diff)
		}
	}
	for _, wrong := range [][]string{{"nowhere"}, {"file", "file"}} {
		err := s.Commit(&Commit{Sinks: []string{"file"}, Alerts: []*alert.Alert{alertOf(3, 1)}, Routing: Routing{To: func(alert.Case) []string { return wrong }}})
		if !errors.Is(err, ErrRefused) {
			t.Errorf("routed to %q: %v", wrong, err)
		}
	}
}

func TestAClosedAlertIsReopenedByARevisionAndSaysSo(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	commit := func(revision int) {
		must(t, s.Commit(&Commit{Sinks: []string{"hook"}, Alerts: []*alert.Alert{aboutPerson(1, revision, "r", "S1", alert.High)}}))
	}
	commit(1)
	before, err := s.CloseAlert(alert.Closing{ID: "alert01", Outcome: alert.Misuse, Note: "see file 7", By: "iso", UID: new(uint32(7)), Roles: []string{"iso"}})
	must(t, err)
	if c := caseNow(t, s, "alert01"); before.State() != alert.Open || c.State() != alert.Closed {
		t.Errorf("%s, then %s", before.State(), c.State())
	}
	commit(2)
	commit(3)
	if c := caseNow(t, s, "alert01"); c.State() != alert.Reopened {
		t.Errorf("after a revision: %s", c.State())
	}
	due, err := s.Due("hook", 10)
	must(t, err)
	var reopened []bool
	for _, d := range due {
		reopened = append(reopened, d.Reopened)
	}
	if diff := cmp.Diff([]bool{false, true, false}, reopened); diff != "" {
		t.Error(diff)
	}
	must(t, s.Failed("hook", due[1].Seq, "503", false)) // and the flag stays
	if due, _ = s.Due("hook", 10); !due[1].Reopened {
		t.Error("an attempt took the flag away")
	}
	_, err = s.CloseAlert(alert.Closing{ID: "alert01", Revision: 2, Outcome: alert.Training})
	if !errors.Is(err, alert.ErrRevised) {
		t.Errorf("closed a revision that was not looked at: %v", err)
	}
	_, err = s.CloseAlert(alert.Closing{ID: "alert01", Revision: 3, Outcome: alert.Training, Note: "an exercise", By: "iso"})
	must(t, err)
	if _, err := s.CloseAlert(alert.Closing{ID: "nobody", Outcome: alert.Training}); !errors.Is(err, alert.ErrUnknown) {
		t.Errorf("closed what is not there: %v", err)
	}
	got, err := s.Dispositions("alert01")
	must(t, err)
	want := []alert.Disposition{
		{AlertID: "alert01", N: 1, Rule: "r", Severity: alert.High, Outcome: alert.Misuse, Revision: 1, By: "iso"},
		{AlertID: "alert01", N: 2, Rule: "r", Severity: alert.High, Outcome: alert.Training, Revision: 3, By: "iso"}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(alert.Disposition{}, "At", "Evidence")); diff != "" {
		t.Error(diff)
	}
	for i, note := range []string{`"note":"see file 7"`, `"note":"an exercise"`} {
		e, err := s.EvidenceEntry(got[i].Evidence)
		must(t, err)
		if e.Kind != "disposition" || !strings.Contains(string(e.Body), note) {
			t.Errorf("entry %d is %s %s", got[i].Evidence, e.Kind, e.Body)
		}
	}
	if kinds := kindsOf(t, s); !slices.Equal(kinds, []string{"alert", "disposition", "alert", "reopened", "alert", "disposition"}) {
		t.Errorf("evidence: %v", kinds)
	}
	must(t, s.Check())
	must(t, s.Close())
	found, err := Inspect(dir)
	must(t, err)
	if !found.OK() || found.Rows["dispositions"] != 2 || found.Rows["cases"] != 1 {
		t.Errorf("%+v", found)
	}
}

func kindsOf(t *testing.T, s *Store) (kinds []string) {
	for seq := uint64(1); seq <= s.EvidenceHead().Seq; seq++ {
		e, err := s.EvidenceEntry(seq)
		must(t, err)
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// budgetModel counts by brute force.
type budgetModel struct {
	opened []struct {
		at           time.Time
		rule, person string
	}
	folded map[string]int
}

func (m *budgetModel) open(id, rule, person string, severity alert.Severity, at time.Time, perWeek int) {
	m.opened = append(m.opened, struct {
		at           time.Time
		rule, person string
	}{at, rule, person})
	byRule, byPerson := 0, 0
	for _, o := range m.opened {
		if !o.at.After(at.Add(-7 * 24 * time.Hour)) {
			continue
		}
		if o.rule == rule {
			byRule++
		}
		if person != "" && o.person == person {
			byPerson++
		}
	}
	if n := max(byRule, byPerson); perWeek > 0 && n > perWeek && severity != alert.Critical {
		m.folded[id] = n
	}
}

func TestWhatIsBeyondTheBudgetIsFoldedAsByCounting(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		now := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
		s, err := Open(Options{Dir: t.TempDir(), Sinks: []string{"file"}, Now: func() time.Time { return now }})
		must(t, err)
		defer s.Close()
		perWeek := rapid.IntRange(0, 4).Draw(rt, "per week")
		m := &budgetModel{folded: map[string]int{}}
		queued := 0
		for n := 0; n < 25; {
			now = now.Add(time.Duration(rapid.IntRange(0, 60).Draw(rt, "hours")) * time.Hour)
			c := &Commit{Sinks: []string{"file"}, Routing: Routing{PerWeek: perWeek}}
			for range rapid.IntRange(1, 3).Draw(rt, "alerts") {
				rule, person := rapid.SampledFrom([]string{"r1", "r2"}).Draw(rt, "rule"), rapid.SampledFrom([]string{"", "S1", "S2"}).Draw(rt, "person")
				severity := rapid.SampledFrom(alert.Severities).Draw(rt, "severity")
				n++
				a := aboutPerson(n, 1, rule, person, severity)
				c.Alerts = append(c.Alerts, a)
				m.open(a.ID, rule, person, severity, now, perWeek)
			}
			queued += len(c.Alerts)
			must(t, s.Commit(c))
		}
		got := map[string]int{}
		due, err := s.Due("file", 1000)
		must(t, err)
		for _, d := range due {
			if d.Folded > 0 {
				got[d.AlertID] = d.Folded
			}
		}
		if diff := cmp.Diff(m.folded, got, cmpopts.EquateEmpty()); diff != "" {
			rt.Error(diff)
		}
		if len(due) != queued {
			rt.Errorf("%d of %d alerts are queued: one was dropped", len(due), queued)
		}
	})
}

func TestAFoldedAlertThatBecomesCriticalWaitsNoLonger(t *testing.T) {
	s := openStore(t, t.TempDir(), nil)
	c := &Commit{Sinks: []string{"file"}, Routing: Routing{PerWeek: 1}, Alerts: []*alert.Alert{
		aboutPerson(1, 1, "r", "S1", alert.High), aboutPerson(2, 1, "r", "S2", alert.High),
		aboutPerson(2, 2, "r", "S2", alert.High), aboutPerson(2, 3, "r", "S2", alert.Critical)}}
	must(t, s.Commit(c))
	due, err := s.Due("file", 10)
	must(t, err)
	got := map[string]int{}
	for _, d := range due {
		got[d.Key()] = d.Folded
	}
	if diff := cmp.Diff(map[string]int{"alert01/1": 0, "alert02/1": 2, "alert02/2": 2, "alert02/3": 0}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAWithheldAlertIsInNobodyElsesNumber(t *testing.T) {
	s := openStore(t, t.TempDir(), nil)
	r := Routing{PerWeek: 1, Withheld: func(c alert.Case) bool { return c.Main == "ISO" && c.Closings == 0 }}
	commit := func(n int, person string) int {
		c := &Commit{Sinks: []string{"file"}, Routing: r, Alerts: []*alert.Alert{aboutPerson(n, 1, "r", person, alert.High)}}
		must(t, s.Commit(c))
		return c.Cases[c.Alerts[0].ID].Folded
	}
	if got := []int{commit(1, "ISO"), commit(2, "ISO"), commit(3, "S1"), commit(4, "S2")}; !slices.Equal(got, []int{0, 0, 0, 2}) {
		t.Errorf("folded %v", got)
	}
	_, err := s.CloseAlert(alert.Closing{ID: "alert01", Outcome: alert.Misuse, Note: "n", By: "second"})
	must(t, err)
	if got := commit(5, "S3"); got != 4 {
		t.Errorf("after one was closed: %d", got)
	}
}

func TestAClosingOnAFailingDiskIsMadeWholeOrNotAtAll(t *testing.T) {
	for step := 1; ; step++ {
		dir := t.TempDir()
		fs := &fsx.FS{}
		s := openStore(t, dir, fs)
		must(t, s.Commit(&Commit{Alerts: []*alert.Alert{aboutPerson(1, 1, "r", "S1", alert.High)}}))
		left := step
		fs.Fault = func(string, string) error {
			if left--; left == 0 {
				return &fsx.ShortWrite{Bytes: 9, Err: syscall.ENOSPC}
			}
			return nil
		}
		_, failed := s.CloseAlert(alert.Closing{ID: "alert01", Outcome: alert.Misuse, Note: "n", By: "iso"})
		fs.Fault = nil
		killed := image(t, dir)
		over := left > 0
		for _, at := range []string{"going on", "killed"} {
			if at == "killed" {
				s = openStore(t, killed, nil)
			}
			c := caseNow(t, s, "alert01")
			list, err := s.Dispositions("alert01")
			must(t, err)
			if len(list) != c.Closings || failed == nil && c.Closings != 1 {
				t.Errorf("step %d, %s: %d closings, %d dispositions, error %v", step, at, c.Closings, len(list), failed)
			}
			must(t, s.Commit(&Commit{}))
			must(t, s.Check())
		}
		if over {
			if step < 5 {
				t.Errorf("a poor test: a closing has %d steps", step-1)
			}
			return
		}
	}
}

func TestAStoredStateOfVersion2IsUpgradedWithACaseForEachAlert(t *testing.T) {
	dir := stored(t, "state-v2")
	s := openStore(t, dir, nil)
	v := viewOf(t, s)
	if len(v.Alerts) != 6 || len(v.Outbox["file"])+len(v.Outbox["hook"]) != 17 || len(v.Tallies) == 0 {
		t.Errorf("%d alerts, %v", len(v.Alerts), v.Outbox)
	}
	n := 0
	must(t, s.EachCase(func(c alert.Case) error {
		n++
		if c.Rule != "denied" || c.State() != alert.Open || c.Severity() != alert.High || !slices.Equal(c.Persons, []string{"u"}) || c.OpenedAt.Year() != 2026 {
			t.Errorf("%+v", c)
		}
		if c.ID == "alert00" && c.Revision != 5 {
			t.Errorf("%+v", c)
		}
		return nil
	}))
	if n != len(v.Alerts) {
		t.Errorf("%d cases of %d alerts", n, len(v.Alerts))
	}
	must(t, s.Check())
	must(t, s.Commit(oneOfEach(6)))
	_, err := s.CloseAlert(alert.Closing{ID: "alert01", Outcome: alert.Erroneous, Note: "n", By: "iso"})
	must(t, err)
	must(t, s.Close())
	found, err := Inspect(dir)
	must(t, err)
	if !found.OK() || found.Version != schemaVersion {
		t.Errorf("%+v", found)
	}
	found, err = Import(filepath.Join(dir, backupName(schemaVersion)), filepath.Join(t.TempDir(), "back"))
	must(t, err)
	if found.Version != 2 {
		t.Errorf("saved was version %d", found.Version)
	}
}

func TestInspectFindsACaseThatDisagrees(t *testing.T) {
	for name, spoil := range map[string]func(s *Store, c alert.Case, next *head) error{
		"a revision more":             func(s *Store, c alert.Case, next *head) error { c.Revision++; return s.putCase(c, false, next) },
		"a closing that is not there": func(s *Store, c alert.Case, next *head) error { c.Closings++; return s.putCase(c, false, next) },
		"a case of no alert":          func(s *Store, c alert.Case, next *head) error { c.ID = "other"; return s.putCase(c, true, next) },
		"a case that is lost": func(s *Store, c alert.Case, next *head) error {
			next.rows.cases--
			return s.db.exec("DELETE FROM cases")
		},
		"an outcome without its checksum": func(s *Store, c alert.Case, next *head) error {
			return s.db.exec("UPDATE dispositions SET outcome = 'training'")
		},
		"a disposition that is lost": func(s *Store, c alert.Case, next *head) error { return s.db.exec("DELETE FROM dispositions") },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := openStore(t, dir, nil)
			must(t, s.Commit(&Commit{Alerts: []*alert.Alert{aboutPerson(1, 1, "r", "S1", alert.High)}}))
			_, err := s.CloseAlert(alert.Closing{ID: "alert01", Outcome: alert.Misuse, Note: "n", By: "iso"})
			must(t, err)
			must(t, s.write(change{rows: func(next *head) error { return spoil(s, caseNow(t, s, "alert01"), next) }}))
			must(t, s.Close())
			found, err := Inspect(dir)
			must(t, err)
			if found.OK() {
				t.Error("nothing is found")
			}
		})
	}
}

func TestARedactedAlertIsAboutEverybodyWhoMayNotSeeTheirOwn(t *testing.T) {
	s := withSecret(t, t.TempDir(), nil)
	_, err := s.Redact(orderOf(1))
	must(t, err)
	c := caseNow(t, s, fmt.Sprintf("alert%02d", 7))
	if diff := cmp.Diff(alert.Concerned{Redacted: true}, c.Concerned); diff != "" {
		t.Error(diff)
	}
	if !c.About([]string{"S9"}) || c.About(nil) {
		t.Error("nobody can tell whom it is about, so it is about whoever asks")
	}
}
