package source

import (
	"os"
	"strings"
	"testing"
)

// steps of copytruncate, to be taken while the follower is at work.
func (r *rig) cut() { r.t.Helper(); r.must(os.Truncate(r.path("a.log"), 0)) }

// meanwhile does something once, after the directory has been listed for the n-th time from now, and before anything in it is
// opened.
func (r *rig) meanwhile(n int, do func()) {
	r.opts.listed = func() {
		if n--; n == 0 {
			do()
		}
	}
	r.set.shared.listed = r.opts.listed
}

// followed is a log whose first ten lines have been handed on, with a copy of older ones that was read as well.
func followed(t *testing.T) *rig {
	r := follow(t, "a.log")
	r.opts.listed = func() {}
	r.write("a.log", lines(0, 10))
	r.open()
	r.live()
	r.copy("a.log", "a.log.1")
	r.cut()
	r.drain()
	r.write("a.log", lines(10, 20))
	r.live()
	return r
}

func TestACopyBetweenTheListAndTheLookOfARestartIsNotReadTwice(t *testing.T) {
	r := follow(t, "a.log")
	r.opts.listed = func() {}
	r.write("a.log", "")
	r.open()
	r.live()
	r.write("a.log", lines(0, 10))
	r.live()
	r.open()
	r.meanwhile(1, func() {
		r.copy("a.log", "a.log.1")
		r.cut()
	})
	r.drain()
	r.write("a.log", lines(10, 20))
	r.drain()
	r.want(t, lineList(0, 20))
}

func TestARotationBetweenTheListAndTheLookAtACopyLosesAndDoublesNothing(t *testing.T) {
	for n := 1; n <= 8; n++ { // whichever list it comes after
		for _, unread := range []bool{false, true} {
			r := followed(t)
			r.write("a.log", lines(20, 25))
			if !unread {
				r.live()
			}
			r.rename("a.log.1", "a.log.2")
			r.copy("a.log", "a.log.1")
			r.cut()
			done := false
			again := func() {
				done = true
				r.rename("a.log.2", "a.log.3")
				r.rename("a.log.1", "a.log.2")
				r.write("a.log", lines(25, 30))
				r.copy("a.log", "a.log.1")
				r.cut()
			}
			r.meanwhile(n, again)
			r.drain()
			if !done {
				again()
			}
			r.write("a.log", lines(30, 35))
			r.drain()
			r.open()
			r.drain()
			r.want(t, lineList(0, 35))
		}
	}
}

// The follower is quicker than whoever rotates.
func TestACopyIsReadBeforeItsOriginalIsTruncated(t *testing.T) {
	for name, pack := range map[string]func(*rig){
		"plain": func(r *rig) { r.copy("a.log", "a.log.1") },
		"compressed at once": func(r *rig) {
			b, err := os.ReadFile(r.path("a.log"))
			r.must(err)
			r.must(os.WriteFile(r.path("a.log.1.gz"), compressed(".gz", b), 0o644))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := follow(t, "a.log")
			r.write("a.log", "")
			r.open()
			r.live()
			r.write("a.log", lines(0, 10)+"line 1")
			r.sinceBirth("a.log")
			pack(r)
			r.live() // the copy, and nothing of the log twice
			r.write("a.log", "0\n")
			r.live()
			r.want(t, lineList(0, 11))
			r.open() // a restart
			r.live()
			r.cut()
			r.write("a.log", lines(11, 20))
			r.drain()
			if len(r.gaps) == 0 { // line 10 was in no copy, and nobody can know whether more was
				t.Error("nothing says that something may be lost")
			}
			r.gaps = nil
			r.want(t, lineList(0, 20))
		})
	}
}

// What was written and read between the copy and the truncation is not in the copy, so the copy ends before the place of the
// follower. It is no other file for that.
func TestACopyThatWasOutrunIsNotReadAgain(t *testing.T) {
	for name, c := range map[string]struct {
		lines   int
		restart bool
	}{"of a small file": {10, false}, "of a large one": {300, false}, "over a restart": {300, true}} {
		t.Run(name, func(t *testing.T) {
			r := follow(t, "a.log")
			r.write("a.log", lines(0, c.lines))
			r.open()
			r.live()
			r.copy("a.log", "a.log.1")
			r.write("a.log", lines(c.lines, c.lines+5))
			r.live()
			if c.restart {
				r.close()
			}
			r.write("a.log", "lost to every reader\n")
			r.cut()
			if c.restart {
				r.open()
			}
			r.live()
			r.write("a.log", lines(c.lines+5, c.lines+9))
			r.drain()
			if len(r.gaps) != 1 || r.gaps[0].Reason != GapTruncated {
				t.Errorf("gaps: %v", r.gaps)
			}
			r.gaps = nil
			r.want(t, lineList(0, c.lines+9))
		})
	}
}

// A generation with the bytes of the one before is a generation.
func TestAFileLikeTheRenamedOneIsNotTakenForItsOriginal(t *testing.T) {
	r := follow(t, "a.log")
	r.write("a.log", "")
	r.open()
	r.live()
	var want []string
	for n := 3; n > 0; n-- {
		for i := 3; i >= 1; i-- {
			if _, err := os.Stat(r.path("a.log." + string(rune('0'+i)))); err == nil {
				r.rename("a.log."+string(rune('0'+i)), "a.log."+string(rune('1'+i)))
			}
		}
		r.write("a.log", lines(0, 10))
		r.rename("a.log", "a.log.1")
		want = append(want, lineList(0, 10)...)
	}
	r.write("a.log", lines(0, 10))
	r.drain()
	r.want(t, append(want, lineList(0, 10)...))
}

// The head by which a file is found again is of the bytes that were read, not of those that came to stand there since.
func TestTheHeadIsOfWhatWasRead(t *testing.T) {
	r := follow(t, "a.log")
	r.write("a.log", strings.Repeat("old\n", 300))
	st, err := factsOfPath(r.path("a.log"))
	r.must(err)
	p, err := openPlain(generation{facts: st, path: r.path("a.log")})
	r.must(err)
	defer p.close()
	r.cut()
	r.write("a.log", strings.Repeat("new\n", 400))
	block, _, err := p.extend(0, nil, nil, blockBytes)
	r.must(err)
	if got := p.head(); len(got) != headBytes || string(got) != string(block[:headBytes]) {
		t.Errorf("the head %.20q… is not that of the block %.20q…", got, block)
	}
}

// cp writes a longer version of a whole file over it: for a moment the file is shorter than what was read of it.
func TestAWholeFileThatIsBeingRewrittenIsNotTakenForAnother(t *testing.T) {
	for name, restarted := range map[string]bool{"after its end": false, "over a restart": true} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, Options{Follow: true, WholeFiles: true}, "drop")
			r.must(os.Mkdir(r.path("drop"), 0o755))
			r.write("drop/a.ndjson", lines(0, 100))
			r.open()
			r.drain()
			if restarted {
				r.close()
			}
			f, err := os.OpenFile(r.path("drop/a.ndjson"), os.O_WRONLY|os.O_TRUNC, 0)
			r.must(err)
			if restarted {
				r.open()
			}
			for n := 0; n < 120; n += 40 {
				r.drainBriefly()
				_, err = f.WriteString(lines(n, n+40))
				r.must(err)
			}
			r.must(f.Close())
			r.drain()
			r.want(t, lineList(0, 120))
		})
	}
}

// sinceBirth waits until a file that is made now would be younger than this one: file systems count in ticks.
func (r *rig) sinceBirth(name string) {
	r.t.Helper()
	was, err := factsOfPath(r.path(name))
	r.must(err)
	for born := was.Born; born != 0 && born == was.Born; {
		r.write("tick", "")
		now, err := factsOfPath(r.path("tick"))
		r.must(err)
		born = now.Born
		r.remove("tick")
	}
}

// drainBriefly looks for two seconds of the rig's clock, which passes no grace.
func (r *rig) drainBriefly() { r.t.Helper(); r.live() }
