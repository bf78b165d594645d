package main

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

// hoardRule never fires: its windows are there to fill the window log, until it is written anew.
const hoardRule = `id: hoard
version: 1
title: A hoard
severity: low
description: A window for each line, so that the log of windows grows until a snapshot is due.
owner: ITSO
review_by: 2027-06-01
proportionality: Needed for the test.
when: event.dataset == "flood" and event.action == "touch"
correlation: {type: event_count, group_by: [object.id], timespan: 7d, condition: {gte: 1000}}
alert: {period: 24h, summary: '{{ .object.id }}'}
response: None.
`

// pointed is a small run through every step of a commit: lines that alert, lines that are rejected, and so many windows that
// their log is written anew; delivered to a file and to a receiver.
func pointed(t *testing.T) (*flood, *receiver) {
	t.Helper()
	f, hook := newFlood(t), newReceiver(t)
	f.write("probity.yaml", strings.Replace(hook.also(floodConfig), "batch: 40", "batch: 2000", 1))
	f.write("rules/hoard.yaml", hoardRule)
	var text strings.Builder
	for n := range 24 { // the rejects lie between the others
		text.WriteString(f.next(3) + "no JSON\n")
		for k := range 1000 {
			text.WriteString(floodLine(1_000_000+n*1000+k, floodBegins, "touch"))
		}
	}
	f.add(log, text.String())
	return f, hook
}

// startFaulty starts the daemon with one fault of the disk: see fsx.PlanVariable.
func (f *flood) startFaulty(plan string) *process {
	f.t.Helper()
	return f.startBuilt(buildFaulty, []string{"PROBITY_FAULT=" + plan}, "run", "-c", "probity.yaml")
}

// Fault 13, some points; fault_kill_test.go has all of them.
func TestAKillAtAPointOfACommitLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	for _, at := range []struct {
		outcome, step string
		n             int
	}{
		{"kill", "sync windows-*", 3}, {"kill", "commit state.db", 4}, {"kill", "committed state.db", 5}, {"torn", "write alerts.jsonl", 1},
	} {
		t.Run(at.outcome+" "+at.step, func(t *testing.T) {
			t.Parallel()
			killedAt(t, at.outcome, at.step, at.n)
		})
	}
}

// killedAt kills the daemon before, or in the middle of, the n-th time that it comes to a step, starts it again, and holds
// both runs together against the oracle. Of what it sends, at most one attempt a kill is repeated.
func killedAt(t *testing.T, outcome, step string, n int) {
	f, hook := pointed(t)
	p := f.startFaulty(fmt.Sprintf("%s %s %d %d", outcome, step, n, n))
	died := false
	select {
	case <-p.ended:
		died = strings.Contains(p.log(), "killed before") || outcome == "torn" && strings.Contains(p.log(), "torn") // as it started
		if !died {
			t.Errorf("it ended by itself:\n%s", p.log())
		}
	case <-f.delivers(p, hook): // a step that this run did not come to so often
		p.kill(t)
	}
	p = f.run()
	f.holdBoth(p, hook)
	again := 0
	for _, attempts := range hook.attempts {
		again += attempts - 1
	}
	if again > 1 {
		t.Errorf("%d attempts were repeated", again)
	}
	if !died {
		t.Logf("%s was not reached %d times", step, n)
	}
}

// delivers is closed when every line has its alert at both sinks, or the process has ended, or long after.
func (f *flood) delivers(p *process, hook *receiver) <-chan struct{} {
	done := make(chan struct{})
	in, want := f.inbox(), f.wanted()
	go func() {
		defer close(done)
		eventually(func() bool {
			return len(p.ended) > 0 || in.read() != nil || maps.Equal(in.each, want) && maps.Equal(in.last, hook.got())
		})
	}()
	return done
}
