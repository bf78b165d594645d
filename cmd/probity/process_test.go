package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
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
	f := newFolder(t)
	f.lines = slices.Collect(simulated.Lines())
	for _, table := range simulated.Tables() {
		f.write(table.Name, string(table.Data))
	}
	for _, l := range f.lines {
		f.write(l.File, "")
	}
	f.write("rules/busy.yaml", busyRule)
	f.write("probity.yaml", forceConfig)
	private, public, err := evidence.NewKey("evidence.example.police.uk")
	if err != nil {
		t.Fatal(err)
	}
	f.write("evidence.key", private)
	f.public = public
	return f
}

// newFolder is an installation that still lacks everything but its key.
func newFolder(t *testing.T) *force {
	f := &force{t: t, dir: t.TempDir()}
	f.write("identity.key", strings.Repeat("k", alert.IdentityKeyBytes))
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
	in := f.inbox()
	return in.last, in.read()
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
// a force would run. buildFaulty builds the one whose environment can ask for a fault of the disk: fsx.PlanVariable.
var (
	build       = sync.OnceValues(func() (string, error) { return buildIn("probity") })
	buildFaulty = sync.OnceValues(func() (string, error) { return buildIn("probity-faulty", "-tags", "fault") })
)

func buildIn(name string, args ...string) (string, error) {
	dir, err := buildFolder()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, name)
	if out, err := exec.Command("go", append(append([]string{"build", "-o", binary}, args...), ".")...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
}

var buildFolder = sync.OnceValues(func() (dir string, err error) {
	built, err = os.MkdirTemp("", "probity-built-")
	return built, err
})

// built is the folder of the built commands; TestMain removes it.
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
	return f.startBuilt(build, nil, args...)
}

// startBuilt starts what a function of the build made, with more in its environment.
func (f *force) startBuilt(build func() (string, error), environment []string, args ...string) *process {
	f.t.Helper()
	binary, err := build()
	if err != nil {
		f.t.Fatal(err)
	}
	p := &process{Cmd: exec.Command(binary, args...), ended: make(chan error, 1)}
	p.Dir, p.Stderr, p.Stdout = f.dir, p, p
	p.Env = append(os.Environ(), environment...)
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

// kill is kill -9.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.ended
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

func eventually(ok func() bool) bool { return eventuallyWithin(20*time.Second, ok) }

func eventuallyWithin(limit time.Duration, ok func() bool) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(limit)
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
