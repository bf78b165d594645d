package pipeline

import (
	"context"
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"probity/internal/alert"
	"probity/internal/store"
)

// about withholds what is about one person, and sends nothing anywhere.
type about string

func (a about) To(alert.Case) ([]string, bool) { return nil, false }
func (a about) Withheld(c alert.Case) bool     { return a.Party(c.Concerned) }
func (a about) Party(c alert.Concerned) bool   { return c.About([]string{string(a)}) }
func (a about) Staffed() bool                  { return true }

func did(second int, user, more string) string {
	return fmt.Sprintf("ts=2026-03-02T10:00:%02dZ user=%s %s", second, user, more)
}

// What may be a match of somebody who may not be told, and is none, does not take others' matches out of the metrics.
func TestOnlyWhatIsCountedIsTakenOutOfACount(t *testing.T) {
	rules := oneRule("first", `when: event.dataset == "plain" and event.action != "print"
correlation: {type: new_value, group_by: [actor.id], field: object.id, timespan: 1h, min_history: 5m}`)
	p, _ := scripted(t, store.NewMemory(), rules, "", []string{did(1, "iso", "object=a"), did(2, "iso", "object=b")}, []string{did(3, "c1", "verb=view object=a")})
	p.Routing = about("plain:iso")
	must(t, p.Run(context.Background()))
	if got := testutil.ToFloat64(p.metrics.matches.WithLabelValues("first", "high")); got != 1 {
		t.Errorf("%v matches are counted; one is somebody else's", got)
	}
}

// An undecided match would announce the alert.
func TestWhatIsUndecidedAboutSomebodyWhoMayNotBeToldIsInNoMetric(t *testing.T) {
	rules := oneRule("listed_record", "when: sensitive(object.id)\ndecide_within: 24h")
	p, _ := scripted(t, store.NewMemory(), rules, t.TempDir(), []string{did(1, "iso", "object=a"), did(2, "c1", "object=a")})
	p.Routing = about("plain:iso")
	must(t, p.Run(context.Background()))
	if got := testutil.ToFloat64(p.metrics.undecided.WithLabelValues("listed_record", "high")); got != 1 {
		t.Errorf("%v undecided matches are counted; one is somebody else's", got)
	}
}

// Of the events of a log that a rule of silence hears, one stands for many: all of them are withheld.
func TestWhatIsHeardOfSomebodyWhoMayNotBeToldIsInNoMetric(t *testing.T) {
	rules := oneRule("quiet", `when: event.dataset == "plain"
correlation: {type: silence, group_by: [user.id], timespan: 1h}`)
	var lines []string
	for second := range 20 {
		lines = append(lines, did(second, "iso", "object=a"))
	}
	p, _ := scripted(t, store.NewMemory(), rules, "", append(lines, did(30, "c1", "object=a"), did(31, "c1", "object=b")))
	p.Routing = about("plain:iso")
	must(t, p.Run(context.Background()))
	if got := testutil.ToFloat64(p.metrics.matches.WithLabelValues("quiet", "high")); got != 2 {
		t.Errorf("%v matches are counted; two are of somebody else", got)
	}
}
