package main

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// wideRule counts for each key what no key ever reaches: a window for each, and nothing else.
const wideRule = `id: wide
version: 1
title: Wide
severity: low
description: A window for each key that a hostile log makes up.
owner: ITSO
review_by: 2027-06-01
proportionality: Needed for the test.
when: event.dataset == "flood" and event.action == "touch"
correlation: {type: event_count, group_by: [object.id], timespan: 7d, condition: {gte: 1000}}
alert: {period: 24h, summary: '{{ .object.id }}'}
response: None.
`

// Fault 24, a tenth of it.
func TestHostileKeysStayUnderTheMemoryBudget(t *testing.T) {
	t.Parallel()
	hostileKeys(t, 60_000, 8<<20, 300)
}

// hostileKeys floods the daemon with keys that nobody has, between two lines of the flood. The windows stay under their
// budget, the process under its limit, and the horizon is logged, journalled, shown and alerted on; the ordinary lines before
// and after are judged.
func hostileKeys(t *testing.T, keys, budget, limitMiB int) {
	f := newFlood(t)
	f.write("probity.yaml", strings.Replace(floodConfig, "batch: 40", "memory_bytes: "+strconv.Itoa(budget), 1))
	f.write("rules/wide.yaml", wideRule)
	horizon, err := os.ReadFile("../../rules/all/memory_horizon_raised.yaml")
	f.must(err)
	f.write("rules/memory_horizon_raised.yaml", string(horizon))
	p := f.run()
	f.add(log, f.next(10))
	began := time.Now()
	f.addKeys(keys)
	f.add(log, f.next(10))
	f.awaitWithin(p, max(10*time.Minute, time.Duration(keys)*time.Millisecond/2))
	took := time.Since(began)
	if !eventually(func() bool { f.must(f.in.read()); return f.in.rules["memory_horizon_raised"] > 0 }) {
		t.Errorf("no alert says that memory was given up:\n%s", p.log())
	}
	m, peak := p.metrics(), p.peak()
	state, windows := m["probity_state_bytes"], m["probity_state_windows"]
	t.Logf("%d keys in %s: %.0f windows of %.1f MiB left, budget %d MiB; of the process %.0f MiB of heap live and in use %.0f, resident %.0f, at most %d",
		keys, took, windows, state/(1<<20), budget>>20, m["go_memstats_next_gc_bytes"]/2/(1<<20), m["go_memstats_heap_inuse_bytes"]/(1<<20), p.memory("VmRSS:"), peak)
	if state > float64(budget) || windows >= float64(keys) {
		t.Errorf("%.0f bytes in %.0f windows, budget %d", state, windows, budget)
	}
	if peak > limitMiB {
		t.Errorf("peak %d MiB, limit %d", peak, limitMiB)
	}
	if p.metric("probity_rule_horizon_timestamp_seconds") <= 0 {
		t.Error("the metric does not tell the horizon")
	}
	if !f.evidenced(`"kind":"horizon"`) {
		t.Error("the evidence does not hold the horizon")
	}
	p.terminate(t, 30*time.Second)
	f.judgeEnded(f.in.last) // the replay here has no budget, and other windows
}

// addKeys writes lines of keys that all differ, over six hours of event time.
func (f *flood) addKeys(keys int) {
	f.t.Helper()
	file, err := os.OpenFile(f.path(log), os.O_APPEND|os.O_WRONLY, 0)
	f.must(err)
	w := bufio.NewWriterSize(file, 1<<20)
	at := f.now()
	for k := range keys {
		_, err = w.WriteString(floodLine(1_000_000+k, at.Add(time.Duration(k)*6*time.Hour/time.Duration(keys)), "touch"))
		f.must(err)
	}
	f.must(w.Flush())
	f.must(file.Close())
	f.skip(6 * time.Hour)
}

// evidenced reports whether a body of the evidence holds a text.
func (f *flood) evidenced(text string) bool {
	names, err := filepath.Glob(f.path("state/evidence/bodies/*"))
	f.must(err)
	links, err := filepath.Glob(f.path("state/evidence/0*"))
	f.must(err)
	for _, name := range append(names, links...) {
		b, err := os.ReadFile(name)
		f.must(err)
		if strings.Contains(string(b), text) {
			return true
		}
	}
	return false
}
