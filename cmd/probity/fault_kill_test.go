//go:build fault

package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"probity/internal/fsx"
)

// Fault 12 in full, over five formats with their tables.
func TestFaultKillAtAnyInstant(t *testing.T) {
	t.Parallel()
	killedOften(newForce(t), share(200), diceOf(t))
}

// Fault 12 where each line is told apart, while a writer rotates the log.
func TestFaultKillAtAnyInstantOfARotatedFlood(t *testing.T) {
	t.Parallel()
	r := &rotating{flood: newFlood(t), dice: diceOf(t)}
	p := r.run()
	for range share(200) {
		after := time.After(time.Duration(r.dice.Int64N(int64(300 * time.Millisecond))))
		for writing := true; writing; {
			r.add(log, r.next(1+r.dice.IntN(6)))
			if r.dice.IntN(40) == 0 {
				r.byRename()
			}
			select {
			case <-after:
				writing = false
			case <-time.After(5 * time.Millisecond):
			}
		}
		p.kill(t)
		p = r.start("run", "-c", "probity.yaml")
	}
	r.hold(p)
	t.Logf("%d kills, %d rotations, %d lines, 0 lost, 0 doubled", share(200), r.generations, r.n)
}

// point is a step of the disk by its name, and how often a run comes to it.
type point struct {
	name  string // operation and file
	times int
}

// traced lists the steps of a whole run.
func traced(t *testing.T) (points []point) {
	t.Helper()
	f, hook := pointed(t)
	p := f.startFaulty("trace * * 1 1000000")
	f.hold(p)
	hook.agrees(t, f.in, p)
	times := map[string]int{}
	for line := range strings.Lines(p.log()) {
		if name, ok := strings.CutPrefix(line, "step "); ok {
			times[strings.TrimSpace(name)]++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(times)) {
		points = append(points, point{name, times[name]})
	}
	return points
}

// mustPass are the steps that make a commit and its delivery, by their names without the numbers of files. A run that does
// not come to one of them proves nothing about it.
var mustPass = []string{
	fsx.OpLock + " lock",
	fsx.OpWrite + " 0", fsx.OpSync + " 0", // the evidence
	fsx.OpWrite + " windows-", fsx.OpSync + " windows-",
	fsx.OpWrite + " rejects.jsonl", fsx.OpSync + " rejects.jsonl",
	"begin state.db", "commit state.db", "committed state.db", // the pointer
	fsx.OpCreate + " windows-000002", // a snapshot
	fsx.OpRemove + " windows-000001",
	fsx.OpSyncDir + " state",
	fsx.OpCreate + " alerts.jsonl", fsx.OpWrite + " alerts.jsonl", fsx.OpSync + " alerts.jsonl",
}

func demandPoints(t *testing.T, points []point) {
	t.Helper()
	for _, name := range mustPass {
		if !slices.ContainsFunc(points, func(p point) bool { return strings.HasPrefix(p.name, name) }) {
			t.Errorf("the run does not come to %q: %v", name, points)
		}
	}
}

// Fault 13: a kill before each step of a commit and of a delivery, the first, the second, a middle and the last time that a
// run comes to it, and in the middle of each write.
func TestFaultKillAtEachPoint(t *testing.T) {
	t.Parallel()
	points := traced(t)
	demandPoints(t, points)
	killed := 0
	for _, at := range points {
		times := map[int]bool{1: true, 2: true, (at.times + 1) / 2: true, at.times: true}
		for n := range times {
			if n > at.times || killed%max(1, int(1 / *faultShare)) > 0 {
				killed++
				continue
			}
			killed++
			outcomes := []string{"kill"}
			if strings.HasPrefix(at.name, "write ") {
				outcomes = append(outcomes, "torn")
			}
			for _, outcome := range outcomes {
				t.Run(fmt.Sprintf("%s %s %d", outcome, at.name, n), func(t *testing.T) {
					t.Parallel()
					killedAt(t, outcome, at.name, n)
				})
			}
		}
	}
}

// Fault 13, between send and mark: the receiver has the revision, and the daemon dies before it can note so, or even before
// it has the answer.
func TestFaultKillBetweenSendAndMark(t *testing.T) {
	t.Parallel()
	for name, answered := range map[string]bool{"before the answer": false, "after the answer": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, hook := newFlood(t), newReceiver(t)
			f.write("probity.yaml", hook.also(floodConfig))
			dice := diceOf(t)
			var running atomic.Pointer[process]
			var fatal atomic.Int64 // the attempt at which it dies
			hook.answer = func(n int, _ http.ResponseWriter, _ *http.Request, take func()) {
				take()
				p := running.Load()
				switch {
				case int64(n) != fatal.Load() || p == nil:
				case answered:
					go func() { _ = p.Process.Kill() }()
				default:
					_ = p.Process.Kill()
				}
			}
			kills := share(40)
			for range kills {
				hook.mu.Lock()
				fatal.Store(int64(hook.asked + 1 + dice.IntN(12)))
				hook.mu.Unlock()
				p := f.start("run", "-c", "probity.yaml")
				running.Store(p)
				f.add(log, f.next(20))
				<-p.ended
			}
			fatal.Store(0)
			p := f.run()
			f.holdBoth(p, hook)
			again := 0
			for key, n := range hook.attempts {
				if again += n - 1; n > 1+kills {
					t.Errorf("%s was sent %d times", key, n)
				}
			}
			if again > kills {
				t.Errorf("%d attempts were repeated in %d kills", again, kills)
			}
			t.Logf("%d kills, %d revisions, %d attempts repeated with the same body", kills, len(hook.bodies), again)
		})
	}
}
