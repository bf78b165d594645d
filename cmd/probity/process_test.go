package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/alert"
	"probity/internal/daemon"
	"probity/internal/evidence"
	"probity/internal/sim"
)

// force is an installation in a temporary folder: configuration, a rule, tables; its logs are empty.
type force struct {
	t      *testing.T
	dir    string
	lines  []sim.Line
	public string // key of its evidence
}

const forceConfig = `state_dir: state
identity_key_file: identity.key
sources:
  - {name: niche, format: niche, paths: [niche.csv]}
  - {name: pnc, format: pnc, paths: [pnc.log]}
  - {name: storm, format: storm, paths: [storm.log]}
  - {name: crime, format: crime, paths: [crime.log]}
  - {name: m365, format: m365, paths: [m365.ndjson]}
tables:
  people: {path: people.csv, max_age: 30d}
rules: {paths: [rules]}
sinks:
  - {name: file, type: file, path: alerts.jsonl}
web: {listen_address: "127.0.0.1:0"}
pipeline: {batch: 40, idle_after: 24h} # many commits, so that kills meet them
evidence:
  signing_key_file: evidence.key
  checkpoint_every: 20
  witness: [{name: mount, type: file, path: witness.jsonl}]
`

const busyRule = `id: busy
version: 1
title: Many records
severity: medium
description: Many records were opened within half an hour.
owner: ITSO
review_by: 2027-06-01
proportionality: Needed for the test.
params: {limit: 4}
when: event.action in ["view", "search"]
correlation: {type: event_count, group_by: [actor.id], timespan: 30m, condition: {gte: limit}}
alert: {period: 6h, summary: '{{ .actor.id }} opened {{ .count }} records'}
response: None.
`

func newForce(t *testing.T) *force {
	t.Helper()
	simulated, err := sim.New(sim.Options{Seed: 11, Staff: 40, Days: 2})
	if err != nil {
		t.Fatal(err)
	}
	f := &force{t: t, dir: t.TempDir(), lines: slices.Collect(simulated.Lines())}
	for _, table := range simulated.Tables() {
		f.write(table.Name, string(table.Data))
	}
	for _, l := range f.lines {
		f.write(l.File, "")
	}
	f.write("rules/busy.yaml", busyRule)
	f.write("identity.key", strings.Repeat("k", alert.IdentityKeyBytes))
	f.write("probity.yaml", forceConfig)
	private, public, err := evidence.NewKey("evidence.example.police.uk")
	if err != nil {
		t.Fatal(err)
	}
	f.write("evidence.key", private)
	f.public = public
	return f
}

func (f *force) path(name string) string { return filepath.Join(f.dir, name) }

func (f *force) write(name, text string) {
	f.t.Helper()
	if err := os.MkdirAll(filepath.Dir(f.path(name)), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(f.path(name), []byte(text), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

func (f *force) append(lines ...sim.Line) {
	for _, l := range lines {
		log, err := os.OpenFile(f.path(l.File), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			f.t.Error(err)
			return
		}
		if _, err := log.Write(l.Bytes); err != nil {
			f.t.Error(err)
		}
		log.Close()
	}
}

// delivered returns the last revision of each alert in the file, canonically. A revision twice or out of order is an error.
func (f *force) delivered() (map[string]string, error) {
	b, err := os.ReadFile(f.path("alerts.jsonl"))
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	out, last := map[string]string{}, map[string]int{}
	for line := range strings.Lines(string(b)) {
		if !strings.HasSuffix(line, "\n") {
			break // being written, or torn by a kill
		}
		var a alert.Alert
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
		if a.Revision != last[a.ID]+1 {
			return nil, fmt.Errorf("alert %s: revision %d after %d", a.ID, a.Revision, last[a.ID])
		}
		last[a.ID], out[a.ID] = a.Revision, string(a.Canonical())
	}
	return out, nil
}

// replayed is the oracle: all bytes written, judged at once.
func (f *force) replayed() map[string]string {
	f.t.Helper()
	config, problems := daemon.LoadConfig(f.path("probity.yaml"))
	if err := problems.Err(); err != nil {
		f.t.Fatal(err)
	}
	out := map[string]string{}
	sum, err := daemon.Replay(context.Background(), daemon.ReplayOptions{Config: config}, func(a *alert.Alert) error {
		out[a.ID] = string(a.Canonical())
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	if len(out) < 10 || sum.Late > 0 || sum.Rejects > 0 {
		f.t.Fatalf("a poor test: %+v", sum)
	}
	return out
}

// repeated returns the canonical alerts of replay --journal, which must find that they are those of the state folder.
func (f *force) repeated() map[string]string {
	f.t.Helper()
	binary, err := build()
	if err != nil {
		f.t.Fatal(err)
	}
	cmd := exec.Command(binary, "replay", "-c", "probity.yaml", "--journal", "--canonical")
	cmd.Dir = f.dir
	var said bytes.Buffer
	cmd.Stderr = &said
	text, err := cmd.Output()
	if err != nil {
		f.t.Fatalf("replay --journal: %v\n%s", err, said.String())
	}
	out := map[string]string{}
	for line := range strings.Lines(string(text)) {
		var a alert.Alert
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			f.t.Fatal(err)
		}
		out[a.ID] = string(a.Canonical())
	}
	return out
}

// awaitAll waits until the file holds what the oracle says.
func (f *force) awaitAll(p *process, want map[string]string) {
	f.t.Helper()
	var got map[string]string
	var err error
	if !eventually(func() bool { got, err = f.delivered(); return err != nil || maps.Equal(got, want) }) || err != nil {
		f.t.Fatalf("%v\n(-replay +delivered):\n%s\n%s", err, cmp.Diff(want, got), p.log())
	}
}

// build builds the command once, in a folder that the system clears: the processes that are started and killed here are what
// a force would run.
var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "probity-built-")
	if err != nil {
		return "", err
	}
	built = dir
	binary := filepath.Join(dir, "probity")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
})

// built is the folder of the built command; TestMain removes it.
var built string

// process is the command, running.
type process struct {
	*exec.Cmd
	mu    sync.Mutex
	text  bytes.Buffer
	ended chan error
}

func (f *force) start(args ...string) *process {
	f.t.Helper()
	binary, err := build()
	if err != nil {
		f.t.Fatal(err)
	}
	p := &process{Cmd: exec.Command(binary, args...), ended: make(chan error, 1)}
	p.Dir, p.Stderr, p.Stdout = f.dir, p, p
	if err := p.Start(); err != nil {
		f.t.Fatal(err)
	}
	go func() { p.ended <- p.Wait() }()
	f.t.Cleanup(func() { _ = p.Process.Kill() })
	return p
}

// Write gathers what the process says.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *process) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// listen is the address that the daemon says it listens on, "" before.
func (p *process) listen() string {
	_, rest, _ := strings.Cut(p.log(), `"listen":"`)
	address, _, _ := strings.Cut(rest, `"`)
	return address
}

// terminate sends SIGTERM and demands a good end within a time.
func (p *process) terminate(t *testing.T, within time.Duration) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.ended:
		if err != nil {
			t.Errorf("after SIGTERM: %v\n%s", err, p.log())
		}
	case <-time.After(within):
		t.Errorf("still running %s after SIGTERM\n%s", within, p.log())
	}
}

func eventually(ok func() bool) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			return false
		}
	}
	return true
}

func TestTheDaemonRunsReloadsAndStopsOnSignals(t *testing.T) {
	t.Parallel()
	f := newForce(t)
	p := f.start("run", "-c", "probity.yaml")
	half := len(f.lines) / 2
	f.append(f.lines[:half]...)
	if !eventually(func() bool { return p.listen() != "" }) {
		t.Fatalf("it does not run:\n%s", p.log())
	}
	f.write("rules/busy.yaml", strings.Replace(busyRule, "when:", "whn:", 1))
	if err := p.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if !eventually(func() bool { return strings.Contains(p.log(), `rules/busy.yaml:10:1: unknown key \"whn\"`) }) {
		t.Errorf("the refusal is not logged:\n%s", p.log())
	}
	f.write("rules/busy.yaml", busyRule)
	if err := p.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if !eventually(func() bool { return strings.Contains(p.log(), `"message":"reloaded"`) }) {
		t.Errorf("the reload is not logged:\n%s", p.log())
	}
	f.append(f.lines[half:]...)
	want := f.replayed()
	f.awaitAll(p, want)
	resp, err := http.Get("http://" + p.listen() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("metrics: %s", resp.Status)
	}
	p.terminate(t, 8*time.Second)
	if got, err := f.delivered(); err != nil || !maps.Equal(got, want) {
		t.Errorf("after the end: %v\n%s", err, cmp.Diff(want, got))
	}
	for line := range strings.Lines(p.log()) {
		var entry struct{ Time time.Time }
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Time.Location() != time.UTC {
			t.Errorf("no JSON line in UTC: %q: %v", line, err)
		}
	}
}

func TestSIGTERMInTheMiddleOfTheLoadLosesNothing(t *testing.T) {
	t.Parallel()
	f := newForce(t)
	f.append(f.lines...)
	p := f.start("run", "-c", "probity.yaml")
	if !eventually(func() bool { got, _ := f.delivered(); return len(got) > 0 }) {
		t.Fatalf("no alert:\n%s", p.log())
	}
	p.terminate(t, 12*time.Second)
	p = f.start("run", "-c", "probity.yaml")
	f.awaitAll(p, f.replayed())
	p.terminate(t, 8*time.Second)
}

func TestASecondSignalEndsItAtOnce(t *testing.T) {
	t.Parallel()
	f := newForce(t)
	asked, release := make(chan struct{}, 100), make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked <- struct{}{}; <-release }))
	defer hanging.Close()
	defer close(release)
	f.write("probity.yaml", strings.Replace(forceConfig, "sinks:", "sinks:\n  - {name: hook, type: webhook, timeout: 60s, url: "+hanging.URL+"}", 1))
	f.append(f.lines...)
	p := f.start("run", "-c", "probity.yaml")
	<-asked
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if !eventually(func() bool { return strings.Contains(p.log(), `"message":"stopping`) }) {
		t.Fatalf("it does not stop:\n%s", p.log())
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.ended:
		if err == nil || !strings.Contains(err.Error(), "terminated") {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Errorf("still running\n%s", p.log())
	}
}

// kills is how often the daemon is killed; the instants follow from the seed, which is printed.
const kills = 24

// TestKillAtAnyInstant is fault 12: whatever kill -9 meets, the alerts are those of one replay of all bytes, and no revision
// is delivered twice.
func TestKillAtAnyInstant(t *testing.T) {
	t.Parallel()
	f := newForce(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	share, running := len(f.lines)/kills+1, 0
	for from := 0; from < len(f.lines); from += share {
		lines := f.lines[from:min(from+share, len(f.lines))]
		f.append(lines[:len(lines)/2]...) // some are there at the start, the others come meanwhile
		p := f.start("run", "-c", "probity.yaml")
		after := time.After(time.Duration(dice.Int64N(int64(350 * time.Millisecond))))
		f.append(lines[len(lines)/2:]...)
		select {
		case <-after:
		case err := <-p.ended:
			t.Fatalf("it ended by itself: %v\n%s", err, p.log())
		}
		if err := p.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-p.ended
		if p.listen() != "" {
			running++
		}
	}
	t.Logf("killed %d times, %d of them while running", kills, running)
	f.repeated() // of what the last kill has left
	p := f.start("run", "-c", "probity.yaml")
	f.awaitAll(p, f.replayed())
	if diff := cmp.Diff(f.replayed(), f.repeated()); diff != "" { // while the daemon runs
		t.Errorf("one replay of all bytes (-) and the run, repeated over its %d restarts (+), differ:\n%s", kills, diff)
	}
	p.terminate(t, 8*time.Second)
	if _, err := f.delivered(); err != nil {
		t.Error(err)
	}
	key, err := evidence.NewVerifier(f.public)
	if err != nil {
		t.Fatal(err)
	}
	for _, held := range []string{"witness.jsonl", "state/evidence/checkpoints"} {
		list, err := evidence.ReadCheckpoints(f.path(held))
		if err != nil {
			t.Fatal(err)
		}
		report, err := evidence.VerifyAgainst(f.path("state/evidence"), evidence.Against{Checkpoints: list, Key: key})
		if err != nil || !report.OK() || len(list) == 0 || list[len(list)-1].Size != report.Entries {
			t.Errorf("evidence against %s, %d checkpoints: %v, %+v", held, len(list), err, report.Faults)
		}
	}
}
