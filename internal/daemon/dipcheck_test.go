package daemon

import (
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/dipcheck"
	"probity/internal/evidence"
	"probity/internal/store"
)

// anyResponse is the teams of response officers, which in so small a force have one or two members.
var anyResponse = regexp.MustCompile(`RESPONSE-[A-Z]+-[0-9]+`)

// dipSite is a site with full logs, a rule of low severity, and one team of all response officers.
func dipSite(t *testing.T) (s *site, team string, members []string) {
	t.Helper()
	s, team = newSite(t), "RESPONSE-1"
	s.append(s.lines...)
	s.write("rules/busy.yaml", strings.Replace(busyRule, "severity: medium", "severity: low", 1))
	people := anyResponse.ReplaceAllString(s.read("tables/people.csv"), team)
	s.write("tables/people.csv", people)
	for row := range strings.Lines(people) {
		if cells := strings.Split(row, ","); slices.Contains(cells, team) {
			members = append(members, cells[0])
		}
	}
	return s, team, members
}

func (s *site) dipcheck(c *Config, o DipcheckOptions) *dipcheck.List {
	s.t.Helper()
	o.Config, o.From, o.To = c, "2026-03-01", "2026-03-31"
	list, err := Dipcheck(context.Background(), o)
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

func TestTheSameDipCheckTwiceFromTheSameSeed(t *testing.T) {
	t.Parallel()
	s, team, members := dipSite(t)
	o := DipcheckOptions{Team: strings.ToLower(team), N: 12, Seed: "hat"}
	first := s.dipcheck(s.config(), o)
	reversed := s.config()
	slices.Reverse(reversed.Sources)
	if first.Draw.Team != team {
		t.Errorf("the team is called %s, in the table %s", first.Draw.Team, team)
	}
	if diff := cmp.Diff(first.Draw, s.dipcheck(reversed, o).Draw) + cmp.Diff(first.Transactions, s.dipcheck(s.config(), o).Transactions); diff != "" {
		t.Error("the same seed, and the sources in another order", diff)
	}
	if len(first.Transactions) != 12 || first.Draw.Size < 12 {
		t.Fatalf("%d of %d transactions", len(first.Transactions), first.Draw.Size)
	}
	marked := 0
	for _, x := range first.Transactions {
		if !slices.Contains(members, x.Subject) {
			t.Errorf("%s is not of the team", x.Subject)
		}
		if x.Path == "" || x.Line == 0 || x.Person == "" || x.Action == "" {
			t.Errorf("a reviewer cannot find it: %+v", x)
		}
		marked += len(x.Marks)
	}
	if marked == 0 {
		t.Error("nothing that the rule of low severity marked is in the sample")
	}
	o.Seed = "another"
	if other := s.dipcheck(s.config(), o); other.Draw.Frame != first.Draw.Frame || other.Draw.Sample == first.Draw.Sample {
		t.Error("another seed has to draw another sample from the same frame")
	}
	s.append(s.lines[:40]...) // the same records once more: a source that repeats itself adds no transaction
	if again := s.dipcheck(s.config(), DipcheckOptions{Team: o.Team, N: 12, Seed: "hat"}); again.Draw.Frame != first.Draw.Frame && again.Draw.Size == first.Draw.Size {
		t.Error("the frame changed, and its size did not")
	}
}

func TestNobodyAuditsThemselves(t *testing.T) {
	t.Parallel()
	s, team, members := dipSite(t)
	all := s.dipcheck(s.config(), DipcheckOptions{Team: team, N: 10_000, Seed: "hat"})
	manager := all.Transactions[0].Subject
	without := s.dipcheck(s.config(), DipcheckOptions{Team: team, N: 10_000, Seed: "hat", Manager: strings.ToLower(manager)})
	for _, x := range without.Transactions {
		if x.Subject == manager || x.Operator == manager {
			t.Errorf("the reviewer's own: %+v", x)
		}
	}
	if without.Draw.Excluded == 0 || without.Draw.Size+without.Draw.Excluded != all.Draw.Size {
		t.Errorf("%d and %d left out, of %d", without.Draw.Size, without.Draw.Excluded, all.Draw.Size)
	}
	if !strings.Contains(strings.Join(without.Notes, "\n"), "are left out: nobody audits themselves") {
		t.Errorf("it is not said: %q", without.Notes)
	}
	// a manager who is in the sample, and nobody said who reviews
	people := strings.Split(strings.TrimRight(s.read("tables/people.csv"), "\n"), "\n")
	for i, row := range people {
		if cells := strings.Split(row, ","); slices.Contains(members, cells[0]) {
			cells[len(cells)-1] = manager
			people[i] = strings.Join(cells, ",")
		}
	}
	s.write("tables/people.csv", strings.Join(people, "\n")+"\n")
	own := s.dipcheck(s.config(), DipcheckOptions{Team: team, N: 10_000, Seed: "hat"})
	if text := strings.Join(own.Notes, "\n"); !strings.Contains(text, "cannot review their own transactions") || !strings.Contains(text, manager) {
		t.Errorf("the manager in the sample is not named: %q", own.Notes)
	}
}

func TestADrawIsRecordedBeforeAnybodySeesIt(t *testing.T) {
	t.Parallel()
	s, team, _ := dipSite(t)
	list := s.dipcheck(s.config(), DipcheckOptions{Team: team, N: 5, Seed: "hat"})
	if _, err := s.config().RecordDraw(context.Background(), list.Draw); err == nil {
		t.Error("without a state folder it is taken as recorded")
	}
	d, stop := s.start(Options{})
	beside := s.config()
	if before, err := beside.RecordDraw(context.Background(), list.Draw); err != nil || before != 0 {
		t.Errorf("beside the daemon: %d before, %v", before, err)
	}
	if status, _ := s.get(d, http.MethodPost, "/-/dipcheck"); status == http.StatusOK {
		t.Error("the listener takes a draw")
	}
	if err := beside.askDaemon(context.Background(), "/-/dipcheck", dipcheck.Draw{}); err == nil || !strings.Contains(err.Error(), "a draw of schema") {
		t.Errorf("a draw of nothing: %v", err)
	}
	beside.Web.AdminSocket = s.path("nobody.sock")
	if _, err := beside.RecordDraw(context.Background(), list.Draw); err == nil || !strings.Contains(err.Error(), "cannot be asked") {
		t.Errorf("with a daemon that does not answer: %v", err)
	}
	stop()
	if before, err := s.config().RecordDraw(context.Background(), list.Draw); err != nil || before != 1 {
		t.Errorf("after the daemon: %d before, %v", before, err)
	}
	run, err := store.ReadRun(s.path("state"), nil)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := evidence.OfKind(filepath.Join(s.path("state"), "evidence"), dipcheckKind, time.Time{}, run.Evidence)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		var got dipcheck.Draw
		if err := json.Unmarshal(e.Body, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(list.Draw, got); diff != "" {
			t.Error(diff)
		}
		for _, x := range list.Transactions {
			if strings.Contains(string(e.Body), x.Subject) {
				t.Errorf("the entry names %s", x.Subject)
			}
		}
	}
	if len(entries) != 2 {
		t.Errorf("%d entries, want 2", len(entries))
	}
}

func TestATeamThatIsNotThereIsAnErrorThatNamesTheNearest(t *testing.T) {
	t.Parallel()
	s, team, _ := dipSite(t)
	_, err := Dipcheck(context.Background(), DipcheckOptions{Config: s.config(), Team: team + "X", From: "2026-03-01", To: "2026-03-31", N: 1, Seed: "s"})
	if err == nil || !strings.Contains(err.Error(), "did you mean") {
		t.Error(err)
	}
}

func TestARuleThatCannotFireIsToldOfInReadinessAndMetrics(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write("rules/gone.yaml", strings.NewReplacer("id: busy", "id: gone", `event.action == "view"`, `not assigned(actor.id, purpose.ref)`).Replace(busyRule))
	d, _ := s.start(Options{})
	want := []inactiveRule{{"gone", []string{"no table assignments"}}}
	if diff := cmp.Diff(want, s.inForce(d).Inactive); diff != "" {
		t.Error(diff)
	}
	_, text := s.get(d, http.MethodGet, "/metrics")
	for _, line := range []string{`probity_rule_active{rule="gone"} 0`, `probity_rule_active{rule="busy"} 1`} {
		if !strings.Contains(text, line) {
			t.Errorf("/metrics does not say %s", line)
		}
	}
}
