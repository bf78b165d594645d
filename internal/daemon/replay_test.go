package daemon

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/rule"
)

func TestAReplayDoesNotDependOnHowTheWorkIsCut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.append(s.lines...)
	want, sum := s.replay(ReplayOptions{})
	if len(want) < 5 {
		t.Fatalf("a poor test: %d alerts", len(want))
	}
	for _, o := range []ReplayOptions{
		{Batch: 1},
		{Batch: 7, Shards: 1, Workers: 1},
		{Batch: 1000, Turn: 3, Shards: 5, Workers: 4},
		{Batch: 100, Reverse: true},
		{Batch: 1 << 20, Turn: 1, Shards: 64},
		{Files: []string{"niche=" + s.path("logs/niche.csv"), s.path("logs/pnc.log"), s.path("logs/m365.ndjson"), s.path("logs/storm.log"), s.path("logs/crime.log")}},
	} {
		t.Run(fmt.Sprintf("%d %d %d %d %v", o.Batch, o.Turn, o.Shards, o.Workers, o.Reverse), func(t *testing.T) {
			got, again := s.replay(o)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			sum.Took, again.Took = 0, 0
			sum.Revisions, again.Revisions = 0, 0 // one for each batch that changed an alert
			if diff := cmp.Diff(sum, again); diff != "" {
				t.Errorf("summary (-want +got):\n%s", diff)
			}
		})
	}
}

// What is committed to a disk is what stays in memory otherwise, and what was read and compiled once judges twice.
func TestAReplayIntoAStateFolderGivesTheSameAlerts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.append(s.lines...)
	want, _ := s.replay(ReplayOptions{Batch: 100})
	p, err := PrepareReplay(ReplayOptions{Config: s.config()})
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"", "one", "two"} {
		o, got := ReplayOptions{Batch: 100}, map[string]string{}
		if folder != "" {
			o.StateDir = s.path(folder)
		}
		if _, err := p.Run(t.Context(), o, func(a *alert.Alert) error { got[a.ID] = string(a.Canonical()); return nil }); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-memory +disk):\n%s", folder, diff)
		}
	}
	if _, err := p.Run(t.Context(), ReplayOptions{StateDir: s.path("logs/pnc.log")}, func(*alert.Alert) error { return nil }); err == nil {
		t.Error("a file is taken for a state folder")
	}
}

func TestAReplayTellsOfEveryEventOnceAndOfEveryRevisionInOrder(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.append(s.lines...)
	var mu sync.Mutex
	events, resolved, revisions := 0, 0, map[string]int{}
	want, sum := s.replay(ReplayOptions{
		Batch: 50, Workers: 4,
		Matched: func(e *event.Event) {
			mu.Lock()
			defer mu.Unlock()
			events++
			if e.Text(event.FieldUserID) != "" {
				resolved++
			}
		},
		Revision: func(a *alert.Alert) {
			if revisions[a.ID]++; a.Revision != revisions[a.ID] {
				t.Errorf("alert %s: revision %d comes as number %d", a.ID, a.Revision, revisions[a.ID])
			}
		},
	})
	if events != sum.Events || resolved == 0 || len(revisions) != len(want) {
		t.Errorf("%d events, %d with a person, %d alerts; want %d events, some, and %d alerts", events, resolved, len(revisions), sum.Events, len(want))
	}
}

func TestAReplayOfOneFileJudgesThatFileAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.append(s.lines...)
	_, all := s.replay(ReplayOptions{})
	_, one := s.replay(ReplayOptions{Files: []string{s.path("logs/pnc.log")}})
	if one.Records == 0 || one.Records >= all.Records {
		t.Errorf("one file has %d records, all have %d", one.Records, all.Records)
	}
}

func TestAReplayOfAFileThatNoSourceReadsIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write("other.log", "x\n")
	_, err := Replay(context.Background(), ReplayOptions{Config: s.config(), Files: []string{s.path("other.log")}}, func(*alert.Alert) error { return nil })
	want := fmt.Sprintf("no source reads %[1]s; write SOURCE=%[1]s, with one of the sources niche, pnc, storm, crime, m365", s.path("other.log"))
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestAReplayUntilATimeForgetsWhatIsOver(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.append(s.lines...)
	want, _ := s.replay(ReplayOptions{})
	got, _ := s.replay(ReplayOptions{Until: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alerts that only count do not depend on the end (-without +until):\n%s", diff)
	}
}

func TestAReplayWithOtherRulesJudgesByThoseAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.append(s.lines...)
	all, sum := s.replay(ReplayOptions{})
	told := 0
	one, same := s.replay(ReplayOptions{
		Rules:    []rule.File{{Name: "busy.yaml", Data: []byte(busyRule)}},
		Progress: func(events int) { told = events },
	})
	none, _ := s.replay(ReplayOptions{Rules: []rule.File{}})
	if len(one) == 0 || len(one) >= len(all) || len(none) > 0 {
		t.Errorf("%d alerts by the configuration's rules, %d by one of them, %d by none", len(all), len(one), len(none))
	}
	if sum.Events != same.Events || told != same.Events || same.Days < 1 || same.Days > 3 {
		t.Errorf("one day's log: %+v, %d events told", same, told)
	}
}
