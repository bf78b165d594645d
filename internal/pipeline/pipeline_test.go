package pipeline

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"probity/internal/alert"
	"probity/internal/decode"
	"probity/internal/engine"
	"probity/internal/event"
	"probity/internal/evidence"
	"probity/internal/rule"
	"probity/internal/sim"
	"probity/internal/source"
	"probity/internal/store"
	"probity/internal/table"
)

// nxadm/tail keeps one watcher of its own for the whole process.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/nxadm/tail/watch.(*InotifyTracker).run"),
		goleak.IgnoreAnyFunction("github.com/fsnotify/fsnotify.(*inotify).readEvents"))
}

const prose = `version: 1
title: T
severity: high
description: D
owner: ITSO
review_by: 2027-06-01
proportionality: P
response: R
`

// Broad on purpose: thousands of matches, so that order, ties, doubled records and late records have something to spoil.
var broadRules = []rule.File{
	{Name: "a", Data: []byte(prose + `id: many_views
when: event.action == "view"
correlation: {type: event_count, timespan: 2h, condition: {gte: 4}}
facts: [{say: on duty, when: 'on_duty(actor.id, 3600)', speaks: against}, {say: restricted, when: object.restricted, speaks: for}]
alert: {summary: "{{ .actor.id }} viewed {{ .count }} records, the first {{ .object.id }}", evidence: 5}
`)},
	{Name: "b", Data: []byte(prose + `id: crowd
actors: [operator, requestor]
when: has(object.id) and not (actor.role in ["control-room"])
correlation: {type: event_count, timespan: 1d, group_by: [object.id], condition: {gt: 6}}
alert: {summary: "{{ .count }} accesses to {{ .object.id }}", period: 12h}
`)},
	{Name: "c", Data: []byte(prose + `id: egress
when: event.dataset == "m365" and operation == "disclosure" and not assigned(actor.id, object.id)
alert: {summary: "{{ .user.name }} {{ .fields.Operation }} {{ .object.id }}", period: 6h}
`)},
}

// world is a simulated force on disk and what the pipeline needs to judge it.
type world struct {
	dir      string
	identity *alert.Identity
	gen      *engine.Generation
	formats  map[string]*decode.Decoder
}

var systems = []string{"niche", "pnc", "storm", "crime", "m365"}

var logFiles = map[string]string{"niche": "niche.csv", "pnc": "pnc.log", "storm": "storm.log", "crime": "crime.log", "m365": "m365.ndjson"}

func newWorld(t testing.TB, rules []rule.File) *world {
	t.Helper()
	dir := t.TempDir()
	force, err := sim.New(sim.Options{Seed: 7, Staff: 60, Days: 2})
	must(t, err)
	must(t, force.Write(dir))
	identity, err := alert.NewIdentity([]byte(strings.Repeat("k", 32)))
	must(t, err)
	w := &world{dir: dir, identity: identity, formats: map[string]*decode.Decoder{}}
	w.gen = w.generation(t, rules, filepath.Join(dir, "tables"))
	for _, s := range systems {
		f, ok := decode.Builtin(s)
		if !ok {
			t.Fatal("no format", s)
		}
		w.formats[s], err = decode.New(decode.Options{Source: s, Format: f, Schema: w.gen.Rules.Schema})
		must(t, err)
	}
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) generation(t testing.TB, rules []rule.File, tables string) *engine.Generation {
	t.Helper()
	var loaded []*table.Table
	for _, name := range table.Names() {
		path := filepath.Join(tables, name+".csv")
		if _, err := os.Stat(path); err != nil {
			continue
		}
		tb, err := table.Load(name, table.Config{Path: path})
		must(t, err)
		loaded = append(loaded, tb)
	}
	london, err := time.LoadLocation("Europe/London")
	must(t, err)
	set := table.NewSet(london, loaded...)
	schema, err := event.NewSchema()
	must(t, err)
	schema.AddLookups(set.Lookups()...)
	compiled, problems := rule.Load(schema, rules)
	must(t, problems.Err())
	var versions []alert.Table
	for _, v := range set.Versions() {
		versions = append(versions, alert.Table{Name: v.Name, ExportedAt: v.ExportedAt, SHA256: v.SHA256})
	}
	return engine.NewGeneration(engine.GenerationOptions{Rules: compiled, People: set, Tables: versions, Repeats: map[string]time.Duration{"m365": 48 * time.Hour}})
}

// sources opens the logs of a folder, in the order of names.
func (w *world) sources(t testing.TB, dir string, names []string, follow bool, st committer) []Source {
	t.Helper()
	from, err := Positions(st)
	must(t, err)
	var out []Source
	for _, s := range names {
		set, err := source.Open(source.Options{Name: s, Paths: []string{filepath.Join(dir, logFiles[s])}, Framer: w.formats[s].NewFramer, Follow: follow, From: from})
		must(t, err)
		lateness := 5 * time.Minute
		if s == "m365" {
			lateness = 3 * time.Hour
		}
		out = append(out, Source{Name: s, Dataset: s, Streams: set, Decoder: w.formats[s], Lateness: lateness})
	}
	return out
}

// lastRevisions are the alerts of a store, canonically, by id.
func lastRevisions(t testing.TB, st interface {
	EachAlert(func(*alert.Alert) error) error
}) map[string]string {
	t.Helper()
	out := map[string]string{}
	must(t, st.EachAlert(func(a *alert.Alert) error { out[a.ID] = string(a.Canonical()); return nil }))
	return out
}

func (w *world) replay(t testing.TB, o Options, names []string) map[string]string {
	t.Helper()
	st := store.NewMemory()
	o.Sources, o.Store, o.Identity, o.Generation = w.sources(t, filepath.Join(w.dir, "logs"), names, false, st), st, w.identity, w.gen
	p, err := New(o)
	must(t, err)
	must(t, p.Run(context.Background()))
	return lastRevisions(t, st)
}

// The same bytes give the same last revisions at any batch size, number of shards and workers, and interleaving.
func TestReplayDoesNotDependOnBatchesShardsOrInterleaving(t *testing.T) {
	w := newWorld(t, broadRules)
	want := w.replay(t, Options{Batch: 1000, Shards: 1, Workers: 1}, systems)
	if len(want) < 50 {
		t.Fatalf("%d alerts only: too few to test anything", len(want))
	}
	backwards := slices.Clone(systems)
	slices.Reverse(backwards)
	for _, c := range []struct {
		name  string
		o     Options
		order []string
	}{
		{"batch 1", Options{Batch: 1, Shards: 1, Workers: 1}, systems},
		{"batch 7, four shards", Options{Batch: 7, Shards: 4, Workers: 2}, systems},
		{"batch 10000, four shards", Options{Batch: 10000, Shards: 4, Workers: 4}, systems},
		{"batch 10000, one shard", Options{Batch: 10000, Shards: 1, Workers: 2}, systems},
		{"one record a turn", Options{Batch: 10000, Turn: 1, Shards: 2, Workers: 2}, systems},
		{"sources backwards", Options{Batch: 777, Turn: 50, Shards: 3, Workers: 2}, backwards},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(want, w.replay(t, c.o, c.order)); diff != "" {
				t.Errorf("alerts differ:\n%.3000s", diff)
			}
		})
	}
}

// A live run over growing files, stopped and restarted on a store on disk, gives what one replay gives.
func TestALiveRunWithRestartsEqualsReplay(t *testing.T) {
	w := newWorld(t, broadRules)
	want := w.replay(t, Options{}, systems)

	live := t.TempDir()
	state := filepath.Join(t.TempDir(), "state")
	files, contents := map[string]*os.File{}, map[string][]byte{}
	total := 0
	for _, s := range systems {
		f, err := os.Create(filepath.Join(live, logFiles[s]))
		must(t, err)
		defer f.Close()
		files[s] = f
		contents[s], err = os.ReadFile(filepath.Join(w.dir, "logs", logFiles[s]))
		must(t, err)
		total += len(contents[s])
	}
	written := 0
	for part := range 4 {
		for _, s := range systems { // parts end anywhere, also within a line
			n := len(contents[s])
			from, to := n*part/4, n*(part+1)/4
			_, err := files[s].Write(contents[s][from:to])
			must(t, err)
			written += to - from
		}
		st, err := store.Open(store.Options{Dir: state, Sinks: []string{"file"}})
		must(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		p, err := New(Options{
			Sources: w.sources(t, live, systems, true, st), Store: st, Identity: w.identity, Generation: w.gen, Sinks: []string{"file"}, Follow: true, Batch: 500,
		})
		must(t, err)
		done := make(chan error, 1)
		go func() { done <- p.Run(ctx) }()
		waitUntil(t, func() bool {
			turned, busy := p.Pulse()
			return busy.Unix() > 0 && turned.Sub(busy) > 300*time.Millisecond // the follower looks at its files every 200 ms
		})
		cancel()
		must(t, <-done)
		must(t, st.Close())
	}
	st, err := store.Open(store.Options{Dir: state, Sinks: []string{"file"}})
	must(t, err)
	defer st.Close()
	if diff := cmp.Diff(want, lastRevisions(t, st)); diff != "" {
		t.Errorf("live (+) and replay (-) differ:\n%.3000s", diff)
	}
	if got := sums(t, st); got.There != int64(total) || !got.AddsUp() || got.Lost != 0 || got.Records == 0 {
		t.Errorf("%d bytes were written; the account is %+v", total, got)
	}
}

// waitUntil looks again after each look of the loop, up to a bound.
func waitUntil(t testing.TB, ok func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the pipeline did not come to rest")
		}
	}
}

// A store that fails for a while loses nothing and doubles nothing: the same commit is tried again.
func TestAFailingStoreStopsReadingAndLosesNothing(t *testing.T) {
	w := newWorld(t, broadRules)
	want := w.replay(t, Options{}, systems)
	st := &flaky{Memory: store.NewMemory()}
	p, err := New(Options{Sources: w.sources(t, filepath.Join(w.dir, "logs"), systems, false, st), Store: st, Identity: w.identity, Generation: w.gen, Batch: 3000})
	must(t, err)
	must(t, p.Run(context.Background()))
	if st.failed == 0 {
		t.Fatal("no commit failed")
	}
	if diff := cmp.Diff(want, lastRevisions(t, st)); diff != "" {
		t.Errorf("%.3000s", diff)
	}
}

type flaky struct {
	*store.Memory
	n, failed int
}

func (f *flaky) Commit(c *store.Commit) error {
	if f.n++; f.n%2 == 0 {
		f.failed++
		return fmt.Errorf("no space left on device")
	}
	return f.Memory.Commit(c)
}

// Records that cannot be decoded are kept whole with their place, and the others are judged all the same.
func TestRejectsAreKeptAndStopNothing(t *testing.T) {
	w := newWorld(t, broadRules)
	want := w.replay(t, Options{}, systems)
	path := filepath.Join(w.dir, "logs", logFiles["crime"])
	b, err := os.ReadFile(path)
	must(t, err)
	lines := strings.SplitAfter(string(b), "\n")
	bad := []string{"no time and no key\n", "ts=2026-13-45T00:00:00Z id=1 verb=view\n", "ts=\x00\xff\n", strings.Repeat("x", 3<<20) + "\n"}
	for i, x := range bad {
		lines = slices.Insert(lines, 3+5*i, x)
	}
	must(t, os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600))

	st := &keeping{Memory: store.NewMemory()}
	p, err := New(Options{Sources: w.sources(t, filepath.Join(w.dir, "logs"), systems, false, st), Store: st, Identity: w.identity, Generation: w.gen})
	must(t, err)
	must(t, p.Run(context.Background()))
	var kept []byte
	for _, r := range st.rejects {
		kept = append(kept, r.Data...)
		if got := b2(t, path)[r.Offset : r.Offset+int64(len(r.Data))]; string(got) != string(r.Data) {
			t.Errorf("reject of %d bytes at %d (%s) is not what stands there", len(r.Data), r.Offset, r.Reason)
		}
	}
	if wantKept := strings.ReplaceAll(strings.Join(bad, ""), "\n", ""); string(kept) != wantKept {
		t.Errorf("kept %d bytes of rejects, want %d", len(kept), len(wantKept))
	}
	if diff := cmp.Diff(want, lastRevisions(t, st)); diff != "" {
		t.Errorf("%.2000s", diff)
	}
}

func b2(t testing.TB, path string) []byte {
	b, err := os.ReadFile(path)
	must(t, err)
	return b
}

type keeping struct {
	*store.Memory
	rejects  []store.Reject
	evidence []evidence.Entry
}

func (k *keeping) Commit(c *store.Commit) error {
	k.rejects = append(k.rejects, c.Rejects...)
	k.evidence = append(k.evidence, c.Evidence...)
	return k.Memory.Commit(c)
}
