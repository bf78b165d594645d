//go:build fault

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"probity/internal/store"
)

// warm is how long the soak of one process takes at least: in the first seconds what a process holds is what a start leaves.
const warm = time.Minute

// kept is how many rotated logs there are: logrotate would delete the others.
const kept = 12

// TestFaultSoakOfOneProcess is the soak without what ends a process, and with reloads: one process has to last. Its load is
// steady (an alert's period is a minute, not a day, of event time) and what the store remembers is soon full (store.LatelyVariable),
// so whatever grows is a leak.
//
//	go test -tags fault ./cmd/probity -run FaultSoakOfOneProcess -fault.soak 25m -timeout 40m -v
func TestFaultSoakOfOneProcess(t *testing.T) {
	t.Parallel()
	s := newSoak(t, rand.New(rand.NewPCG(diceOf(t).Uint64(), 0)))
	s.write("rules/each.yaml", strings.Replace(eachRule, "period: 24h", "period: 1m", 1))
	s.p = s.startBuilt(buildFaulty, []string{store.LatelyVariable + "=1"}, "run", "-c", "probity.yaml")
	s.awaitText(s.p, `"message":"following"`)
	enduring := []befalls{{"reload", 1, (*soak).reload}, {"bad rule", 1, (*soak).badRule}}
	for _, f := range faults {
		switch f.name {
		case "kill", "stop", "failing disk", "another century": // the last: a window of 1970 stays until the end
		default:
			do := f.do
			f.do = func(s *soak) { do(s); s.deleteOld() }
			enduring = append(enduring, f)
		}
	}
	s.befall(enduring, time.Now().Add(max(warm, time.Duration(float64(*faultSoak)**faultShare))))
	s.await(s.p)
	s.must(s.in.read())
	s.look()
	s.p.terminate(t, 15*time.Second)
	lost, doubled := differences(s.wanted(), s.in.each)
	if len(lost)+len(doubled) > 0 {
		t.Errorf("%d lost %v, %d doubled %v", len(lost), some(lost), len(doubled), some(doubled))
	}
	s.wholeChain()
	t.Logf("%d lines, %d lost, %d doubled; %v", s.n, len(lost), len(doubled), s.counts)
	flat(t, s.samples, true)
}

// reload puts another generation in force: the daemon sees the change by itself.
func (s *soak) reload() {
	text := strings.NewReplacer("id: spell", "id: never", `"view"`, `"never"`, "title: A spell", fmt.Sprintf("title: Never %d", s.n)).Replace(spellRule)
	s.write("rules/never.yaml.new", text)
	s.rename("rules/never.yaml.new", "rules/never.yaml")
}

// badRule is there for a moment; the generation in force stays.
func (s *soak) badRule() {
	s.write("rules/bad.yaml", "id: bad\nwhen: event.action ==\n")
	s.add(log, s.next(3))
	pause(s.dice, 700*time.Millisecond)
	s.must(os.Remove(s.path("rules/bad.yaml")))
}

// deleteOld deletes the oldest of the rotated logs.
func (s *soak) deleteOld() {
	for ; s.generations > kept; s.generations-- {
		s.must(os.Remove(fmt.Sprintf("%s.%d", s.path(log), s.generations)))
	}
}
