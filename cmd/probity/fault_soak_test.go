//go:build fault

package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var (
	faultSoak  = flag.Duration("fault.soak", 2*time.Minute, "how long the soak goes on")
	soakRounds = 4 * time.Minute // of one folder: the log's generations would become more than any force keeps
)

// Fault 25: all faults at random, the kill among them, and each round is held against the oracle. A process lives for about a
// second here, so what it holds says how much a start needs; TestFaultSoakOfOneProcess says what becomes of it later.
func TestFaultSoak(t *testing.T) {
	t.Parallel()
	dice := diceOf(t)
	var all []sample
	end := time.Now().Add(time.Duration(float64(*faultSoak) * *faultShare))
	for round := 1; time.Now().Before(end) && !t.Failed(); round++ {
		t.Run(fmt.Sprint("round ", round), func(t *testing.T) {
			s := newSoak(t, rand.New(rand.NewPCG(dice.Uint64(), 0)))
			s.until(time.Now().Add(min(soakRounds, time.Until(end))))
			all = append(all, s.samples...)
		})
	}
	flat(t, all, false) // an alert's period is a day: each line's window stays until the round ends
}

// soak is one round.
type soak struct {
	*rotating
	hook    *receiver
	p       *process
	samples []sample
	counts  map[string]int
}

func newSoak(t *testing.T, dice *rand.Rand) *soak {
	s := &soak{rotating: &rotating{flood: newFlood(t), dice: dice}, hook: newReceiver(t), counts: map[string]int{}}
	var mu sync.Mutex
	roll := rand.New(rand.NewPCG(dice.Uint64(), 1))
	s.hook.answer = func(_ int, w http.ResponseWriter, req *http.Request, take func()) {
		mu.Lock()
		bad := roll.IntN(200) == 0
		mu.Unlock()
		if bad {
			refusals["taken, then reset"](w, req, take)
			return
		}
		take()
	}
	s.write("probity.yaml", s.hook.also(floodConfig))
	return s
}

// befalls is something that happens, and how often relative to the others.
type befalls struct {
	name   string
	weight int
	do     func(*soak)
}

var faults = []befalls{
	{"lines", 60, func(s *soak) { s.add(log, s.next(1+s.dice.IntN(8))) }},
	{"burst", 4, func(s *soak) { s.add(log, s.next(60)) }},
	{"rename", 4, func(s *soak) { s.byRename() }},
	{"copytruncate", 4, func(s *soak) { s.byCopy() }},
	{"kill", 3, func(s *soak) { s.p.kill(s.t); s.p = s.start("run", "-c", "probity.yaml") }},
	{"stop", 1, func(s *soak) { s.p.stop(s.t); s.p = s.start("run", "-c", "probity.yaml") }},
	{"frozen", 3, (*soak).frozen},
	{"failing disk", 2, (*soak).failingDisk},
	{"hostile lines", 4, func(s *soak) { s.add(log, "\xff\x00\x1b[2J no JSON "+fmt.Sprint(s.n)+"\n") }},
	{"another century", 3, func(s *soak) { s.add(log, s.stranger(time.Unix(0, 0))) }},
	{"half a line", 3, func(s *soak) {
		line := s.next(1)
		s.add(log, line[:20])
		pause(s.dice, 50*time.Millisecond)
		s.add(log, line[20:])
	}},
}

func (s *soak) until(end time.Time) {
	s.p = s.run()
	s.befall(faults, end)
	s.endure()
}

// befall makes things happen at random, by their weights.
func (s *soak) befall(what []befalls, end time.Time) {
	total := 0
	for _, f := range what {
		total += f.weight
	}
	for steps := 0; time.Now().Before(end); steps++ {
		n := s.dice.IntN(total)
		i := slices.IndexFunc(what, func(f befalls) bool { n -= f.weight; return n < 0 })
		what[i].do(s)
		s.counts[what[i].name]++
		pause(s.dice, 60*time.Millisecond)
		if steps%5 == 0 {
			s.look()
		}
	}
}

// endure ends the round: everything arrives at both sinks, and is what the oracle says.
func (s *soak) endure() {
	s.await(s.p)
	want := s.replays()
	s.awaitAll(s.p, want)
	s.must(s.in.read())
	s.hook.agrees(s.t, s.in, s.p)
	s.look()
	s.p.terminate(s.t, 15*time.Second)
	s.judgeEnded(want)
	s.t.Logf("%d lines, %d revisions, 0 lost, 0 doubled; %v", s.n, len(s.in.bodies), s.counts)
}

// look samples what the process holds, if it answers.
func (s *soak) look() {
	if now, ok := s.p.sample(); ok {
		s.samples = append(s.samples, now)
	}
}

// frozen stops the process for a moment, while its log is rotated.
func (s *soak) frozen() {
	s.must(s.p.Process.Signal(syscall.SIGSTOP))
	s.add(log, s.next(3))
	s.byRename()
	s.must(s.p.Process.Signal(syscall.SIGCONT))
}

// failingDisk ends the daemon, and starts one whose disk will fail for some steps; a start that meets the fault is repeated.
func (s *soak) failingDisk() {
	s.p.kill(s.t)
	d := diskFaults[s.dice.IntN(len(diskFaults))]
	first := 1 + s.dice.IntN(60)
	s.p = s.startFaulty(fmt.Sprintf("%s %s * %d %d", d.outcome, d.op, first, first+1))
	s.add(log, s.next(30))
	select {
	case <-s.p.ended:
		if !strings.Contains(s.p.log(), d.says) {
			s.t.Errorf("it ended without saying %q:\n%s", d.says, s.p.log())
		}
		s.p = s.start("run", "-c", "probity.yaml")
	case <-time.After(time.Duration(s.dice.Int64N(int64(2 * time.Second)))):
	}
}
