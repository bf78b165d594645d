package main

import (
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

const log = "logs/flood.log"

// rotating is a flood with a writer that rotates its log. The writer is one goroutine, and writes nothing between a copy and
// the truncation that follows it: what is written there is lost to every reader, which README.md says of copytruncate.
type rotating struct {
	*flood
	dice        *rand.Rand
	generations int        // that were rotated away
	held        []*os.File // logs that were renamed, and are still written to
}

// rotationStyles are the ways of logrotate, rsyslog and the loggers of applications.
var rotationStyles = map[string]func(*rotating){
	"rename and create":               (*rotating).byRename,
	"copytruncate":                    (*rotating).byCopy,
	"rename, the old descriptor held": (*rotating).byRenameHeld,
	"rename and gzip":                 (*rotating).byGzip,
	"dated names":                     (*rotating).byDate,
}

// shift makes room for generation 1.
func (r *rotating) shift(suffix string) {
	for n := r.generations; n >= 1; n-- {
		r.rename(fmt.Sprintf("%s.%d%s", log, n, suffix), fmt.Sprintf("%s.%d%s", log, n+1, suffix))
	}
	r.generations++
}

func (r *rotating) byRename() {
	r.shift("")
	r.rename(log, log+".1")
	r.add(log, r.next(1))
}

func (r *rotating) byCopy() {
	r.shift("")
	whole, err := os.ReadFile(r.path(log))
	r.must(err)
	r.add(log+".1", string(whole))
	r.must(os.Truncate(r.path(log), 0))
}

// byRenameHeld goes on writing to the renamed log, beside the new one: a service that was not told yet.
func (r *rotating) byRenameHeld() {
	r.letGo(2)
	old, err := os.OpenFile(r.path(log), os.O_APPEND|os.O_WRONLY, 0)
	r.must(err)
	r.held = append(r.held, old)
	r.byRename()
	r.late()
}

// late writes a line to each log that is still held.
func (r *rotating) late() {
	for _, old := range r.held {
		_, err := old.WriteString(r.next(1))
		r.must(err)
	}
}

// letGo closes the held logs but the newest few.
func (r *rotating) letGo(but int) {
	for len(r.held) > but {
		r.must(r.held[0].Close())
		r.held = r.held[1:]
	}
}

// byGzip compresses as gzip does: the copy grows beside the plain file, which is then removed.
func (r *rotating) byGzip() {
	r.shift(".gz")
	r.rename(log, log+".1")
	r.add(log, r.next(1))
	r.compress(log + ".1")
}

func (r *rotating) compress(name string) {
	whole, err := os.ReadFile(r.path(name))
	r.must(err)
	out, err := os.Create(r.path(name + ".gz"))
	r.must(err)
	z := gzip.NewWriter(out)
	_, err = z.Write(whole)
	r.must(err)
	r.must(z.Close())
	r.must(out.Close())
	r.must(os.Remove(r.path(name)))
}

func (r *rotating) byDate() {
	at := floodBegins.Add(time.Duration(r.generations) * time.Second)
	r.generations++
	r.rename(log, log+"-"+at.Format("20060102150405"))
	r.add(log, r.next(1))
}

// rotateOften lets the daemon read a log that is rotated so often under load, with pauses of up to so long between the lines:
// a reader that is at the end meets other races than one that is behind.
func rotateOften(t *testing.T, style func(*rotating), times int, longest time.Duration) {
	r := &rotating{flood: newFlood(t), dice: diceOf(t)}
	p := r.run()
	for range times {
		for range 4 {
			r.add(log, r.next(1+r.dice.IntN(8)))
			r.late()
			pause(r.dice, longest)
		}
		style(r)
	}
	r.letGo(0)
	r.add(log, r.next(5))
	r.hold(p)
	if n := r.in.rules["bytes_lost"]; n > 0 {
		t.Errorf("%d alerts of lost bytes, and none were", n)
	}
	t.Logf("%d rotations, %d lines, 0 lost, 0 doubled", times, r.n)
}

// pause lets time pass in the world that the daemon lives in. It waits for nothing: what is awaited is awaited elsewhere.
func pause(dice *rand.Rand, longest time.Duration) {
	<-time.After(time.Duration(dice.Int64N(int64(longest))))
}

// Faults 1, 2 and 4.
func TestRotationLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	for name, style := range rotationStyles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rotateOften(t, style, 12, 10*time.Millisecond)
		})
	}
}
