package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/daemon"
	"probity/internal/evidence"
	"probity/internal/pipeline"
	"probity/internal/store"
)

// allAccounted waits until the accounts of all sources, as the command shows them beside the daemon, hold every byte of their
// logs.
func (f *force) allAccounted(p *process) {
	f.t.Helper()
	want := map[string]int64{}
	for _, l := range f.lines {
		info, err := os.Stat(f.path(l.File))
		if err != nil {
			f.t.Fatal(err)
		}
		name, _, _ := strings.Cut(l.File, ".")
		want[name] = info.Size()
	}
	got := map[string]int64{}
	if !eventually(func() bool {
		status, stdout, stderr := said("evidence", "completeness", "-c", f.path("probity.yaml"), "--days", "2", "--output", "json")
		var found daemon.Completeness
		if err := json.Unmarshal([]byte(stdout), &found); status != 0 || err != nil || !found.AddsUp() {
			f.t.Fatalf("completeness: %d %v %s %s\n%s", status, err, stdout, stderr, p.log())
		}
		clear(got)
		for _, d := range found.Days {
			got[d.Source] += d.Judged + d.Rejected + d.Framing
		}
		return cmp.Equal(want, got)
	}) {
		f.t.Fatalf("bytes in the logs (-) and in the accounts (+):\n%s\n%s", cmp.Diff(want, got), p.log())
	}
}

func TestCompletenessShowsDaysAndFindsWhatDoesNotAddUp(t *testing.T) {
	t.Parallel()
	f := newForce(t)
	st, err := store.Open(store.Options{Dir: f.path("state")})
	if err != nil {
		t.Fatal(err)
	}
	day := func(ago int) string { return time.Now().UTC().AddDate(0, 0, -ago).Format(time.DateOnly) }
	entry := func(a pipeline.Account) evidence.Entry {
		return evidence.Entry{Kind: pipeline.KindCompleteness, Body: a}
	}
	if err := st.Commit(&store.Commit{
		Evidence: []evidence.Entry{
			entry(pipeline.Account{Source: "niche", Day: day(9), There: 1}), // long ago
			entry(pipeline.Account{Source: "niche", Day: day(2), There: 100, Judged: 80, Rejected: 9, Framing: 1, Lost: 10, LostUnknown: 1, Records: 4, Events: 3, Rejects: 1}),
			entry(pipeline.Account{Source: "pnc", Day: day(2), There: 7, Judged: 6, Framing: 1, Records: 1, Events: 1}),
			entry(pipeline.Account{Source: "niche", Day: day(2), There: 10, Judged: 10, Records: 1, Events: 1}), // the clock was set back
			entry(pipeline.Account{Source: "storm", Day: day(1), There: 30, Judged: 20, Records: 3, Events: 2}),
		},
		Streams: []store.StreamState{{ID: "crime:f", Source: "crime", State: []byte(`{"at":"","ledger":{"file":0,"measured":0,"days":[{"day":"` + day(0) + `","there":5,"judged":5,"records":1,"events":1}]}}`)}},
	}); err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	config := f.path("probity.yaml")
	for _, c := range []struct {
		args   []string
		status int
		want   []string
	}{
		{nil, exitFindings, []string{
			day(2) + " niche 110 90 9 1 10 0 5 adds up, 1 losses of unknown length",
			day(2) + " pnc 7 6 0 1 0 0 1 adds up",
			day(1) + " storm 30 20 0 0 0 10 3 DOES NOT ADD UP, 1 records neither judged nor rejected",
			day(0) + " crime 5 5 0 0 0 0 1 adds up, so far",
		}},
		{[]string{"--source", "pnc"}, 0, []string{day(2) + " pnc 7 6 0 1 0 0 1 adds up"}},
		{[]string{"--days", "1"}, 0, []string{day(0) + " crime 5 5 0 0 0 0 1 adds up, so far"}},
		{[]string{"--days", "10", "--source", "niche"}, exitFindings, []string{
			day(9) + " niche 1 0 0 0 0 1 0 DOES NOT ADD UP",
			day(2) + " niche 110 90 9 1 10 0 5 adds up, 1 losses of unknown length",
		}},
		{[]string{"--days", "0"}, exitUsage, nil},
	} {
		status, stdout, stderr := said(append([]string{"evidence", "completeness", "-c", config}, c.args...)...)
		var got []string
		for i, line := range strings.Split(strings.TrimSpace(stdout), "\n") {
			if text := strings.Join(strings.Fields(line), " "); i > 0 {
				got = append(got, text)
			}
		}
		if diff := cmp.Diff(c.want, got); status != c.status || diff != "" {
			t.Errorf("%v: status %d, want %d; %s\n%s", c.args, status, c.status, stderr, diff)
		}
	}
	if status, stdout, _ := said("evidence", "completeness", "-c", config, "--output", "json"); status != exitFindings || !strings.Contains(stdout, `"unaccounted":10`) {
		t.Errorf("%d %s", status, stdout)
	}
	f.write("none.yaml", strings.Replace(forceConfig, "state_dir: state", "state_dir: none", 1))
	if status, _, stderr := said("evidence", "completeness", "-c", f.path("none.yaml")); status != exitFailure || !strings.Contains(stderr, "state folder") {
		t.Errorf("without a state folder: %d %s", status, stderr)
	}
}
