package main

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/evidence"
)

// Fault 12: whatever kill -9 meets, the alerts are those of one replay of all bytes, and no revision is delivered twice.
func TestKillAtAnyInstant(t *testing.T) {
	t.Parallel()
	f := newForce(t)
	killedOften(f, 24, diceOf(t))
}

// killedOften kills the daemon so often, each time up to a third of a second after its start, while lines come.
func killedOften(f *force, kills int, dice *rand.Rand) {
	t := f.t
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
		p.kill(t)
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
	f.allAccounted(p)
	p.terminate(t, 8*time.Second)
	if _, err := f.delivered(); err != nil {
		t.Error(err)
	}
	f.wholeChain()
	f.witnessed()
}

// witnessed demands that the evidence stands against every signed checkpoint, the newest of the whole log.
func (f *force) witnessed() {
	f.t.Helper()
	key, err := evidence.NewVerifier(f.public)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, held := range []string{"witness.jsonl", "state/evidence/checkpoints"} {
		list, err := evidence.ReadCheckpoints(f.path(held))
		if err != nil {
			f.t.Fatal(err)
		}
		report, err := evidence.VerifyAgainst(f.path("state/evidence"), evidence.Against{Checkpoints: list, Key: key})
		if err != nil || !report.OK() || len(list) == 0 || list[len(list)-1].Size != report.Entries {
			f.t.Errorf("evidence against %s, %d checkpoints: %v, %+v", held, len(list), err, report.Faults)
		}
	}
}
