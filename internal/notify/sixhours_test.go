package notify

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/alert"
	"probity/internal/page"
)

func rowsIn(t *testing.T, dir string) (rows []page.Row) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.html"))
	must(t, err)
	for _, f := range files {
		row, ok, err := readRow(f)
		must(t, err)
		if ok {
			rows = append(rows, row)
		}
	}
	return rows
}

// commitOf is what is committed in three minutes: 15 alerts in turn, each with revisions that end in a withdrawal.
func commitOf(i int) alert.Delivery {
	const alerts = 15
	a := sample(i/alerts + 1)
	if i >= 7*alerts {
		a = withdrawn(i/alerts + 1)
	}
	a.ID = fmt.Sprintf("alert%02d", i%alerts)
	a.Period.End = time.Now().Add(24 * time.Hour)
	return sampled(a)
}

// lastOf are the last of each alert's revisions, in no order of theirs.
func lastOf(keys []string) []string {
	last := map[string]string{}
	for _, k := range keys {
		id, _, _ := strings.Cut(k, "/")
		last[id] = k
	}
	var out []string
	for _, k := range last {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// Each kind of sink is dead for six hours in its turn, beside one of every other kind.
func TestASinkOfAnyKindThatIsDeadForSixHoursLosesNothingAndDelaysNoOther(t *testing.T) {
	for _, victim := range Types() {
		t.Run(victim, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				all, box := places(t, dir), newMemory()
				var sinks []Sink
				for _, kind := range Types() {
					sinks = append(sinks, all[kind].Sink)
				}
				n := mustNotifier(t, Options{Outbox: box, Sinks: sinks})
				running(t, n)
				all[victim].dead.Store(true)
				var due []string
				for i := range 120 {
					d := commitOf(i)
					due = append(due, d.Key())
					for _, kind := range Types() {
						box.add(kind, d)
					}
					n.Wake()
					time.Sleep(3 * time.Minute) // virtual
					synctest.Wait()
					for kind, p := range all {
						if left := box.outstanding(kind); kind != victim && left != 0 {
							t.Fatalf("after %d commits %d revisions wait for %s", i+1, left, p.Name())
						}
					}
				}
				if got := all[victim].all(t, dir); len(got) != 0 {
					t.Errorf("%d revisions came to a dead %s", len(got), victim)
				}
				all[victim].dead.Store(false)
				time.Sleep(2 * DefaultLongestRetry)
				synctest.Wait()
				for kind, p := range all {
					want, got := due, p.all(t, dir)
					if p.states {
						want, got = lastOf(due), lastOf(got)
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("%s (-want +got):\n%s", kind, diff)
					}
					if left := box.outstanding(kind); left != 0 {
						t.Errorf("%d revisions wait for %s", left, kind)
					}
				}
			})
		})
	}
}
