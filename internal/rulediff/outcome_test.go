package rulediff

import (
	"strings"
	"testing"

	"probity/internal/alert"
	"probity/internal/store"
)

func TestAWarningThatMisuseWouldBeSilencedComesFirst(t *testing.T) {
	s := newSite(t)
	s.write("head/busy.yaml", strings.Replace(busyRule, "limit: 5", "limit: 500", 1))
	before := s.run(Options{Examples: 1000})
	var removed []string
	for _, d := range before.Rules {
		for _, e := range d.Examples {
			if e.Kind == AlertRemoved {
				removed = append(removed, e.ID)
			}
		}
	}
	if before.Outcomes != nil || len(removed) < 3 {
		t.Fatalf("%+v; a poor test if only %d alerts are removed", before.Outcomes, len(removed))
	}
	state, err := store.Open(store.Options{Dir: s.path("state")})
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	for i, closings := range [][]alert.Outcome{{alert.Misuse}, {alert.Misuse, alert.Training}} {
		if err := state.Commit(&store.Commit{Alerts: []*alert.Alert{{ID: removed[i], Revision: 1, Status: alert.Open, Rule: alert.Rule{ID: "busy", Severity: alert.Medium}}}}); err != nil {
			t.Fatal(err)
		}
		for _, o := range closings {
			if _, err := state.CloseAlert(alert.Closing{ID: removed[i], Outcome: o, Note: "n", By: "iso"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	r := s.run(Options{StateDir: s.path("state")}) // a daemon has it open
	if o := r.Outcomes; o.Removed[alert.Misuse] != 1 || o.Removed[alert.Training] != 1 || o.Lost() != 1 || o.Never != len(removed)-2 {
		t.Errorf("%+v of %d", o, len(removed))
	}
	for what, write := range map[string]func(*strings.Builder) error{
		"text":     func(b *strings.Builder) error { return r.WriteText(b) },
		"markdown": func(b *strings.Builder) error { return r.WriteMarkdown(b) },
	} {
		var b strings.Builder
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitN(b.String(), "\n", 5)
		if !strings.Contains(strings.Join(lines[:4], "\n"), "WARNING: this change removes alerts that were closed 1 as misuse.") || !strings.Contains(b.String(), "1 closed as training") {
			t.Errorf("%s: %s", what, b.String())
		}
	}
	if r = s.run(Options{StateDir: s.path("nowhere")}); r.Outcomes.Unknown == "" || !strings.Contains(r.Outcomes.sentence(), "is not known") {
		t.Errorf("%+v", r.Outcomes)
	}
}
