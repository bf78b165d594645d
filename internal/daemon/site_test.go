package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nxadm/tail"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"probity/internal/alert"
	"probity/internal/sim"
)

// TestMain starts one nxadm/tail first, because the library keeps two goroutines for ever.
func TestMain(m *testing.M) {
	warmTail()
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent())
}

func warmTail() {
	f, err := os.CreateTemp("", "tail")
	if err != nil {
		panic(err)
	}
	defer os.Remove(f.Name())
	warm, err := tail.TailFile(f.Name(), tail.Config{Follow: true, Logger: tail.DiscardingLogger})
	if err != nil {
		panic(err)
	}
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for told := false; !told; { // a line written before the library's watch exists is told of with the next one
		_, _ = f.WriteString("warm\n")
		select {
		case <-warm.Lines:
			told = true
		case <-again.C:
		}
	}
	_ = warm.Stop()
	warm.Cleanup()
}

// The test's own rules: one that counts, one that asks a table. They speak of nothing that a shipped rule depends on.
const (
	busyRule = `
id: busy
version: 1
title: Many views
severity: medium
description: Many records were viewed within half an hour.
owner: ITSO
review_by: 2027-06-01
proportionality: Needed for the test.
params: {limit: 6}
when: event.action == "view"
correlation:
  type: event_count
  group_by: [actor.id]
  timespan: 30m
  condition: {gte: limit}
alert: {summary: '{{ .actor.id }} viewed {{ .count }} records'}
response: None.
`
	baitRule = `
id: bait
version: 1
title: A honeytoken was touched
severity: high
description: Nobody has a reason to open this record.
owner: ITSO
review_by: 2027-06-01
proportionality: Needed for the test.
when: honeytoken(object.id)
alert: {summary: '{{ .actor.id }} touched a honeytoken'}
response: None.
`
)

// site is a force's installation in a temporary folder: tables are there, logs are empty.
type site struct {
	t     *testing.T
	dir   string
	lines []sim.Line
	log   *syncBuffer // what the daemon logs
}

// files are the five systems' logs.
var files = []string{"niche.csv", "pnc.log", "storm.log", "crime.log", "m365.ndjson"}

var rowsDeclared = regexp.MustCompile(` rows=\d+`)

func newSite(t *testing.T) *site {
	t.Helper()
	force, err := sim.New(sim.Options{Seed: 7, Staff: 40, Days: 1})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, dir: t.TempDir(), lines: slices.Collect(force.Lines()), log: &syncBuffer{}}
	for _, table := range force.Tables() {
		// Tests change rows, so the tables do not say how many there are.
		s.write("tables/"+table.Name, rowsDeclared.ReplaceAllString(string(table.Data), ""))
	}
	for _, file := range files {
		s.write("logs/"+file, "")
	}
	s.write("rules/busy.yaml", busyRule)
	s.write("rules/niche/bait.yaml", baitRule)
	s.write("identity.key", strings.Repeat("k", alert.IdentityKeyBytes))
	s.write("probity.yaml", siteConfig)
	return s
}

const siteConfig = `state_dir: state
identity_key_file: identity.key
sources:
  - {name: niche, format: niche, paths: [logs/niche.csv]}
  - {name: pnc, format: pnc, paths: [logs/pnc.log]}
  - {name: storm, format: storm, paths: [logs/storm.log]}
  - {name: crime, format: crime, paths: [logs/crime.log]}
  - {name: m365, format: m365, paths: [logs/m365.ndjson]}
tables:
  people: {path: tables/people.csv, max_age: 30d, miss: no}
  honeytokens: {path: tables/honeytokens.csv}
rules: {paths: [rules]}
sinks:
  - {name: file, type: file, path: alerts.jsonl}
web: {listen_address: "127.0.0.1:0"}
pipeline: {idle_after: 24h}
`

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

// write replaces a file as exports and editors do: by rename.
func (s *site) write(name, text string) {
	s.t.Helper()
	file := s.path(name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(file+".new", []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) read(name string) string {
	s.t.Helper()
	b, err := os.ReadFile(s.path(name))
	if err != nil && !os.IsNotExist(err) {
		s.t.Fatal(err)
	}
	return string(b)
}

// append writes log lines in their order of arrival.
func (s *site) append(lines ...sim.Line) {
	s.t.Helper()
	for _, l := range lines {
		f, err := os.OpenFile(s.path("logs/"+l.File), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			s.t.Fatal(err)
		}
		if _, err := f.Write(l.Bytes); err != nil {
			s.t.Fatal(err)
		}
		f.Close()
	}
}

// config is the site's, with substitutions (old, new, …).
func (s *site) config(replace ...string) *Config {
	s.t.Helper()
	if len(replace) > 0 {
		s.write("probity.yaml", strings.NewReplacer(replace...).Replace(s.read("probity.yaml")))
	}
	c, problems := LoadConfig(s.path("probity.yaml"))
	if err := problems.Err(); err != nil {
		s.t.Fatal(err)
	}
	return c
}

// start runs the daemon until the test ends, or stop is called; stop fails the test if it does not end well.
func (s *site) start(o Options) (d *Daemon, stop func()) {
	s.t.Helper()
	if o.Config == nil {
		o.Config = s.config()
	}
	if o.Logger == nil {
		var err error
		if o.Logger, err = (Log{Level: "debug"}).NewLogger(s.log); err != nil {
			s.t.Fatal(err)
		}
	}
	d, err := New(o)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				s.t.Errorf("run: %v", err)
			}
		case <-time.After(drainWithin + 5*time.Second):
			s.t.Error("the daemon did not stop")
		}
	})
	s.t.Cleanup(stop)
	return d, stop
}

// drain waits until all is read and delivered.
func (s *site) drain(d *Daemon) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := d.Drain(ctx); err != nil {
		s.t.Fatal(err)
	}
}

// get asks the daemon's listener, or its admin socket for what changes something.
func (s *site) get(d *Daemon, method, path string, header ...string) (status int, body string) {
	s.t.Helper()
	r, err := http.NewRequest(method, "http://"+d.Addr()+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	transport := &http.Transport{DisableKeepAlives: true}
	if strings.HasPrefix(path, "/-/") {
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", d.admin.Addr().String())
		}
	}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// replay returns the canonical alerts of all that stands in the logs.
func (s *site) replay(o ReplayOptions) (map[string]string, Summary) {
	s.t.Helper()
	o.Config = s.config()
	o.Logger = zap.NewNop()
	out := map[string]string{}
	sum, err := Replay(context.Background(), o, func(a *alert.Alert) error {
		out[a.ID] = string(a.Canonical())
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return out, sum
}

// delivered reads alert revisions, one a line, and returns the last of each alert canonically. One revision twice, or out of
// order, is an error.
func delivered(text string) (map[string]string, error) {
	out, last := map[string]string{}, map[string]int{}
	for line := range strings.Lines(text) {
		var a alert.Alert
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
		if a.Revision != last[a.ID]+1 {
			return nil, fmt.Errorf("alert %s: revision %d after %d", a.ID, a.Revision, last[a.ID])
		}
		last[a.ID] = a.Revision
		out[a.ID] = string(a.Canonical())
	}
	return out, nil
}

// eventually waits for what other goroutines bring about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(15 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("still not so: %s", what)
		}
	}
}

// syncBuffer is a log that can be read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
