package main

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/alert"
	"probity/internal/daemon"
)

var faultSeed = flag.Uint64("fault.seed", 0, "repeat a fault test with the seed that its failure printed; 0: a new one")

// diceOf gives a test its random numbers; a failure says how to have the same again.
func diceOf(t *testing.T) *rand.Rand {
	seed := *faultSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("repeat with: -run '^%s$' -fault.seed %d", t.Name(), seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0))
}

// flood is a log whose lines can be told apart: line n makes the alert of rule each whose key is n, with one event. A line
// that is lost has no alert; one that is read twice counts twice, because lines without a native id that are alike are
// different events.
type flood struct {
	*force
	n     int             // lines written
	ahead time.Duration   // that the time of the lines has skipped
	lost  map[string]bool // lines that nobody can have judged
	twice map[string]int  // lines that were written more than once, and how often
	in    *inbox
}

const floodConfig = `state_dir: state
identity_key_file: identity.key
sources:
  - name: flood
    paths: [logs/flood.log]
    format:
      name: flood
      dataset: flood
      decoder: json
      time: {from: t}
      map: {user.name: u, event.action: a, object.id: n}
rules: {paths: [rules]}
sinks:
  - {name: file, type: file, path: alerts.jsonl}
web: {listen_address: "127.0.0.1:0"}
pipeline: {batch: 40, idle_after: 24h} # many commits, so that faults meet them
`

const eachRule = `id: each
version: 1
title: A line
severity: low
description: An alert for each line, so that one that is lost or doubled shows.
owner: ITSO
review_by: 2027-06-01
proportionality: Needed for the test.
when: event.dataset == "flood" and event.action == "view"
correlation: {type: event_count, group_by: [object.id], timespan: 1s, condition: {gte: 1}}
alert: {period: 24h, summary: 'Line {{ .object.id }}'}
response: None.
`

const spellRule = `id: spell
version: 1
title: A spell
severity: low
description: Many lines of one user, so that windows are kept over a kill.
owner: ITSO
review_by: 2027-06-01
proportionality: Needed for the test.
when: event.dataset == "flood" and event.action == "view"
correlation: {type: event_count, group_by: [actor.id], timespan: 30s, condition: {gte: 20}}
alert: {period: 1m, summary: '{{ .actor.id }} {{ .count }}'}
response: None.
`

const bytesLostRule = `id: bytes_lost
version: 1
title: Bytes were lost
severity: high
description: Bytes were lost before they could be read.
owner: ITSO
review_by: 2027-06-01
proportionality: Needed for the test.
when: event.dataset == "probity" and event.action == "gap"
correlation: {type: event_count, group_by: [object.id, event.reason], timespan: 1s, condition: {gte: 1}}
alert: {period: 24h, summary: 'Lost: {{ .event.reason }}'}
response: None.
`

func newFlood(t *testing.T) *flood {
	t.Helper()
	f := &flood{force: newFolder(t), lost: map[string]bool{}, twice: map[string]int{}}
	f.in = f.inbox()
	f.write("rules/each.yaml", eachRule)
	f.write("rules/spell.yaml", spellRule)
	f.write("rules/bytes_lost.yaml", bytesLostRule)
	f.write("probity.yaml", floodConfig)
	f.write("logs/flood.log", "")
	return f
}

// floodBegins is the time of the first line. The others follow at tenths of a second, so that a spell is some lines.
var floodBegins = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// floodLine is line n.
func floodLine(n int, at time.Time, action string) string {
	return fmt.Sprintf(`{"t":%q,"u":"u%d","a":%q,"n":"%d"}`+"\n", at.Format(time.RFC3339Nano), n%3, action, n)
}

// next are the next k lines.
func (f *flood) next(k int) string {
	var text []byte
	for range k {
		text = append(text, floodLine(f.n, f.now(), "view")...)
		f.n++
	}
	return string(text)
}

// now is the event time of the next line; skip moves it.
func (f *flood) now() time.Time {
	return floodBegins.Add(f.ahead + time.Duration(f.n)*100*time.Millisecond)
}

func (f *flood) skip(by time.Duration) { f.ahead += by }

// stranger is the next line, of a time of its own and of a user of its own. What is later than allowed may or may not share a
// window with others, and so is no part of what a live run and a replay must agree on.
func (f *flood) stranger(at time.Time) string {
	line := floodLine(f.n, at, "view")
	f.n++
	return strings.Replace(line, `"u":"u`, fmt.Sprintf(`"u":"stranger%d-`, f.n), 1)
}

// add appends text to a file, which it makes if need be.
func (f *flood) add(name, text string) {
	f.t.Helper()
	log, err := os.OpenFile(f.path(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = log.WriteString(text)
	}
	if err == nil {
		err = log.Close()
	}
	f.must(err)
}

func (f *force) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// rename moves a file.
func (f *flood) rename(from, to string) { f.t.Helper(); f.must(os.Rename(f.path(from), f.path(to))) }

// wanted is how many events the alert of each line written must have.
func (f *flood) wanted() map[string]int {
	want := map[string]int{}
	for n := range f.n {
		key := strconv.Itoa(n)
		if !f.lost[key] {
			want[key] = max(1, f.twice[key])
		}
	}
	return want
}

// differences lists lines that are lost, doubled or invented.
func differences(want, got map[string]int) (lost, doubled []string) {
	for n := range maps.Keys(want) {
		if got[n] < want[n] {
			lost = append(lost, n)
		}
	}
	for n, count := range got {
		if count > want[n] {
			doubled = append(doubled, n)
		}
	}
	slices.Sort(lost)
	slices.Sort(doubled)
	return lost, doubled
}

// run starts the daemon and waits until it follows the log: what was rotated away before a source is first seen is history,
// and not read.
func (f *flood) run() *process {
	f.t.Helper()
	p := f.start("run", "-c", "probity.yaml")
	f.awaitText(p, `"message":"following"`)
	return p
}

// awaitText waits until the daemon has said something.
func (f *force) awaitText(p *process, text string) {
	f.t.Helper()
	if !eventually(func() bool { return strings.Contains(p.log(), text) }) {
		f.t.Fatalf("it does not say %s:\n%s", text, p.log())
	}
}

// some are the first of many.
func some(list []string) []string { return list[:min(len(list), 20)] }

// await waits until every line that was written has made its alert, once.
func (f *flood) await(p *process) {
	f.t.Helper()
	f.awaitWithin(p, time.Minute+time.Duration(f.n)*20*time.Millisecond) // a busy machine; who is quicker waits for less
}

func (f *flood) awaitWithin(p *process, limit time.Duration) {
	f.t.Helper()
	want := f.wanted()
	var err error
	complete := func() bool { err = f.in.read(); return err != nil || maps.Equal(f.in.each, want) }
	if !eventuallyWithin(limit, complete) || err != nil {
		lost, doubled := differences(want, f.in.each)
		f.t.Fatalf("%v: of %d lines %d are lost %v, %d doubled %v; %v records read, %v bytes wait, and %v revisions\n%.20000s",
			err, len(want), len(lost), some(lost), len(doubled), some(doubled),
			p.metric("probity_records_total"), p.metric("probity_source_lag_bytes"), p.metric("probity_outbox_revisions"), p.log())
	}
}

// hold waits for the last alert, ends the daemon, and holds the run against the oracle: the alerts of one replay of every
// byte that was written, no revision twice, no further line, and a chain that verifies.
func (f *flood) hold(p *process) {
	f.t.Helper()
	f.await(p)
	want := f.replays()
	f.awaitAll(p, want)
	f.must(f.in.read())
	p.terminate(f.t, 12*time.Second)
	f.judgeEnded(want)
}

// judgeEnded holds what a daemon that has ended left behind against the oracle.
func (f *flood) judgeEnded(want map[string]string) {
	f.t.Helper()
	again := f.inbox() // from the beginning: what was read once might have been cut since
	if err := again.read(); err != nil {
		f.t.Fatal(err)
	}
	if diff := cmp.Diff(want, again.last); diff != "" {
		f.t.Errorf("(-replay +delivered):\n%.4000s", diff)
	}
	lost, doubled := differences(f.wanted(), again.each)
	if len(lost)+len(doubled) > 0 {
		f.t.Errorf("%d lost %v, %d doubled %v", len(lost), some(lost), len(doubled), some(doubled))
	}
	f.wholeChain()
}

// replays is the oracle: all bytes that were written and are still there, judged at once. The lines are counted besides, so
// that a fault of the replay does not excuse the same fault of the daemon.
func (f *flood) replays() map[string]string {
	f.t.Helper()
	config, problems := daemon.LoadConfig(f.path("probity.yaml"))
	f.must(problems.Err())
	out := map[string]string{}
	_, err := daemon.Replay(f.t.Context(), daemon.ReplayOptions{Config: config}, func(a *alert.Alert) error {
		out[a.ID] = string(a.Canonical())
		return nil
	})
	f.must(err)
	return out
}
