package bench

import (
	"bytes"
	"context"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/pprof/profile"

	"probity/internal/alert"
	"probity/internal/daemon"
)

func TestEveryLineHasItsLengthAndFollowsFromTheSeed(t *testing.T) {
	for _, l := range logs {
		t.Run(l.name, func(t *testing.T) {
			written := func(seed uint64) string {
				dir := t.TempDir()
				if err := l.write(dir, seed, 3000); err != nil {
					t.Fatal(err)
				}
				b, err := os.ReadFile(filepath.Join(dir, l.file))
				if err != nil {
					t.Fatal(err)
				}
				return string(b)
			}
			text := written(1)
			if text != written(1) {
				t.Error("the same seed gives other lines")
			}
			if text == written(2) {
				t.Error("another seed gives the same lines")
			}
			n := 0
			for line := range strings.Lines(strings.TrimPrefix(text, l.header)) {
				if n++; len(line) != l.length {
					t.Fatalf("line %d has %d bytes instead of %d", n, len(line), l.length)
				}
			}
			if n != 3000 {
				t.Errorf("%d lines", n)
			}
		})
	}
}

// What people do in these logs is their work: the shipped rules see all of it, and none of it is rejected, undecided, or late.
func TestTheShippedRulesFindNothingInWhatPeopleArePaidFor(t *testing.T) {
	s, err := build(t.TempDir(), 1, 2000, LogNames())
	if err != nil {
		t.Fatal(err)
	}
	config, err := s.configure("shipped.yaml", "{builtin: true}", true)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range logs {
		sum, err := daemon.Replay(t.Context(), daemon.ReplayOptions{Config: config, Files: []string{l.name + "=" + s.path(l.file)}},
			func(a *alert.Alert) error {
				t.Errorf("%s: an alert of %s: %s", l.name, a.Rule.ID, a.Summary)
				return nil
			})
		if err != nil {
			t.Fatal(err)
		}
		if sum.Events != 2000 || sum.Rejects+sum.Late > 0 || len(sum.Undecided) > 0 {
			t.Errorf("%s: %+v", l.name, sum)
		}
	}
}

// The whole of it on little, with all that can be asked for: each part is timed, each stage is seen, and what is kept can be
// replayed by hand.
func TestARunTimesEverythingOnce(t *testing.T) {
	dir, written := t.TempDir(), &bytes.Buffer{}
	r, err := Run(t.Context(), Options{
		Workload: Peers, Generated: []int{20, 40}, Lines: 40_000, Rounds: 2, Cores: []int{1, DefaultCores()}, Seed: 1, Dir: dir, Profile: written,
	})
	if err != nil {
		t.Fatal(err)
	}
	if DefaultCores() == 1 {
		t.Skip("one core: nothing scales")
	}
	var got []string
	seen := map[string]float64{} // a profile of a moment can be without a stage, but not all of them
	for _, res := range r.Results {
		got = append(got, res.Log+" "+res.Rules)
		if res.PerSecond <= 0 || res.Slowest > res.PerSecond || res.Fastest < res.PerSecond || res.Allocs <= 0 {
			t.Errorf("%+v", res)
		}
		if keys := slices.Sorted(maps.Keys(res.Ratios)); !slices.Equal(keys, []string{"decode", "fastjson", "newline"}) {
			t.Errorf("floors %v", keys)
		}
		sum := 0.0
		for stage, ns := range res.Stages {
			sum += ns
			seen[stage] += ns
		}
		if math.Abs(sum-res.CPU) > res.CPU/1000 {
			t.Errorf("the stages are %.0f ns and all of it %.0f", sum, res.CPU)
		}
	}
	once := []string{"rms peers", "rms generated-20", "rms generated-40"}
	if diff := cmp.Diff(slices.Concat(once, once), got); diff != "" {
		t.Error(diff)
	}
	if first := r.Results[0]; first.RuleCount != 10 || first.Alerts == 0 {
		t.Errorf("%+v", first)
	}
	if seen["decode"] == 0 || seen["match"] == 0 {
		t.Errorf("stages %v", seen)
	}
	if len(r.Scaling) != 3 || r.Scaling[0].Against <= 0 {
		t.Errorf("%+v", r.Scaling)
	}
	if r.Results[2].Beside != "generated-20" || r.Results[2].Cost <= 0 || r.Results[0].Cost != 1 {
		t.Errorf("%+v", r.Results[2])
	}
	if p, err := profile.Parse(written); err != nil || len(p.Sample) == 0 {
		t.Errorf("the profile: %v", err)
	}
	for _, name := range []string{"peers.yaml", "rms.ndjson", "rules-peers/peer_0.yaml", "state"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

// Somebody may name the folder of an installation: its state is not a former run's.
func TestAFolderThatHoldsSomethingIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	kept := filepath.Join(dir, "state")
	if err := os.Mkdir(kept, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), Options{Logs: []string{"m365"}, Lines: 1000, Rounds: 1, Cores: []int{1}, Dir: dir}); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Error(err)
	}
	if found, err := os.ReadDir(dir); err != nil || len(found) != 1 {
		t.Error(found, err)
	}
}

func TestAFloorThatMissesLinesIsNoFloor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	for _, text := range []string{"", "a\n", "a\nbb\n", strings.Repeat("a line\n", 1000)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if n, err := eachShare(path, newlines); err != nil || n != strings.Count(text, "\n") {
			t.Errorf("%d lines of %d: %v", n, strings.Count(text, "\n"), err)
		}
	}
	if _, err := Run(t.Context(), Options{Logs: []string{"nowhere"}, Lines: 10, Rounds: 1, Cores: []int{1}}); err == nil {
		t.Error("a log that there is not")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ended, Options{Workload: Shipped, Logs: []string{"m365"}, Lines: 1000, Rounds: 1, Cores: []int{1}}); err == nil {
		t.Error("a run that was interrupted has a result")
	}
}

func TestMediansAndRatiosAreTakenWithinARound(t *testing.T) {
	if got := median([]float64{3, 1, 2}); got != 2 {
		t.Error(got)
	}
	if got := median([]float64{4, 1, 2, 3}); got != 2.5 {
		t.Error(got)
	}
	if got := against([]float64{2, 9}, []float64{1, 3}); !slices.Equal(got, []float64{2, 3}) {
		t.Error(got)
	}
}

func TestAStackBelongsToTheStageNearestItsTop(t *testing.T) {
	stack := func(names ...string) *profile.Sample {
		s := &profile.Sample{Value: []int64{1, 10}}
		for _, n := range names {
			s.Location = append(s.Location, &profile.Location{Line: []profile.Line{{Function: &profile.Function{Name: n}}}})
		}
		return s
	}
	const judge = "probity/internal/pipeline.(*worker).judge"
	p := &profile.Profile{SampleType: []*profile.ValueType{{Type: "samples"}, {Type: "cpu"}}, Sample: []*profile.Sample{
		stack("runtime.mallocgc", "probity/internal/decode.(*Worker).Decode", judge),
		stack("probity/internal/engine.(*Matcher).Match", judge),
		stack("probity/internal/store.(*Store).Commit", "probity/internal/pipeline.(*Pipeline).commit"),
		stack("runtime.gcDrain", "runtime.gcBgMarkWorker"),
		stack(judge),
	}}
	got, err := stagesOf(p)
	if diff := cmp.Diff(map[string]float64{"decode": 0.2, "match": 0.2, "commit": 0.2, "garbage": 0.2, "rest": 0.2}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for _, m := range marks {
		if !slices.Contains(stageNames, m.stage) {
			t.Errorf("%s is no stage", m.stage)
		}
	}
}
