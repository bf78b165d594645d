package source

import (
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// life is the model: what a writer has written, generation by generation, whatever became of the files.
type life struct {
	*rig
	t       *rapid.T
	gens    []*written
	number  int      // of the next line
	late    *os.File // the writer's descriptor on a rotated file
	lateGen *written // its generation
	lateFor int      // looks that it may still be held
	undo    []memory // what had been committed after each look
	apart   bool     // a copy and the truncation that follows it are two steps
	copied  int      // bytes of the last generation that were copied, and not truncated yet; -1: none were
}

// written is the content of one generation. One that was cut off may be lost from some line on, but not what was copied.
type written struct {
	text string
	cut  bool
	safe int // bytes that were copied
}

// memory is a commit that a kill can throw the follower back to.
type memory struct {
	state     map[string][]byte
	bytes     map[string]account
	got, gaps int
}

func (l *life) last() *written { return l.gens[len(l.gens)-1] }

func (l *life) line() string {
	l.number++
	return fmt.Sprintf("%d %s", l.number, strings.Repeat("x", rapid.IntRange(0, 40).Draw(l.t, "width")))
}

func (l *life) append(text string) {
	l.write("a.log", text)
	l.last().text += text
}

func (l *life) writeLines(t *rapid.T) {
	var b strings.Builder
	for range rapid.IntRange(1, 12).Draw(t, "lines") {
		b.WriteString(l.line() + "\n")
	}
	l.append(b.String())
}

func (l *life) writePart(*rapid.T) {
	if l.copied < 0 { // a line of which the copy has half may be read whole or not
		l.append(l.line())
	}
}

func (l *life) lookOnce(t *rapid.T) {
	if l.late != nil {
		if l.lateFor--; l.lateFor < 0 {
			l.closeLate()
		}
	}
	if l.look(rapid.SampledFrom([]int{1, 3, 1000}).Draw(t, "most")) {
		l.remember()
	}
}

func (l *life) lookOften(t *rapid.T) {
	for range rapid.IntRange(2, 9).Draw(t, "looks") {
		l.lookOnce(t)
	}
}

func (l *life) remember() {
	l.undo = append(l.undo, memory{state: maps.Clone(l.state), bytes: maps.Clone(l.bytes), got: len(l.got), gaps: len(l.gaps)})
}

// shift renames a.log.N to a.log.N+1, packed or not.
func (l *life) shift() {
	for n := len(l.gens) + 1; n >= 1; n-- {
		for _, ending := range []string{"", ".gz", ".zst"} {
			from := fmt.Sprintf("a.log.%d%s", n, ending)
			if _, err := os.Stat(l.path(from)); err == nil {
				l.rename(from, fmt.Sprintf("a.log.%d%s", n+1, ending))
			}
		}
	}
}

func (l *life) there() bool {
	_, err := os.Stat(l.path("a.log"))
	return err == nil
}

func (l *life) rotate(t *rapid.T) {
	if !l.there() || l.copied >= 0 {
		return
	}
	l.shift()
	if l.late == nil && rapid.Bool().Draw(t, "held") {
		f, err := os.OpenFile(l.path("a.log"), os.O_APPEND|os.O_WRONLY, 0)
		l.must(err)
		l.late, l.lateFor, l.lateGen = f, 10, l.last()
	}
	l.rename("a.log", "a.log.1")
	l.gens = append(l.gens, &written{})
	if rapid.Bool().Draw(t, "created") {
		l.write("a.log", "")
	}
}

// writeLate writes to the file that was rotated away last.
func (l *life) writeLate(*rapid.T) {
	if l.late == nil || l.lateFor <= 0 {
		return
	}
	text := l.line() + "\n"
	_, err := l.late.WriteString(text)
	l.must(err)
	l.lateGen.text += text
}

func (l *life) closeLate() {
	if l.late != nil {
		l.must(l.late.Close())
		l.late = nil
	}
}

func (l *life) copyTruncate(t *rapid.T) {
	l.copyOnly(t)
	if !l.apart {
		l.truncate(t)
	}
}

// copyOnly is the first half of copytruncate; truncate is the other.
func (l *life) copyOnly(*rapid.T) {
	if !l.there() || l.copied >= 0 || l.apart && !strings.HasSuffix(l.last().text, "\n") {
		return
	}
	l.closeLate()
	l.shift()
	l.sinceBirth("a.log")
	l.copy("a.log", "a.log.1")
	l.copied = len(l.last().text)
}

func (l *life) truncate(*rapid.T) {
	if !l.there() {
		return
	}
	l.closeLate()
	l.must(os.Truncate(l.path("a.log"), 0))
	l.last().cut, l.last().safe = l.copied < len(l.last().text), max(l.copied, 0)
	l.copied = -1
	l.gens = append(l.gens, &written{})
}

func (l *life) compress(t *rapid.T) {
	n := rapid.IntRange(1, 6).Draw(t, "generation")
	name := fmt.Sprintf("a.log.%d", n)
	if n == 1 && l.copied >= 0 {
		return
	}
	if _, err := os.Stat(l.path(name)); err != nil {
		return
	}
	l.closeLate()
	l.pack(name, rapid.SampledFrom([]string{".gz", ".zst"}).Draw(t, "ending"))
}

// kill throws away what was not committed: up to five looks.
func (l *life) kill(t *rapid.T) {
	if len(l.undo) == 0 {
		return // the contract begins with the first commit
	}
	back := rapid.IntRange(0, min(5, len(l.undo)-1)).Draw(t, "back")
	l.undo = l.undo[:len(l.undo)-back]
	m := l.undo[len(l.undo)-1]
	l.state, l.bytes, l.got, l.gaps = maps.Clone(m.state), maps.Clone(m.bytes), l.got[:m.got], l.gaps[:m.gaps]
	l.open()
}

// lookInto takes a step while the follower looks: after it has listed the directory, before it opens anything in it.
func (l *life) lookInto(t *rapid.T) {
	steps := []func(*rapid.T){l.writeLines, l.rotate, l.copyTruncate, l.truncate, l.compress, func(*rapid.T) { l.shift() }}
	n, step := rapid.IntRange(1, 4).Draw(t, "list"), rapid.SampledFrom(steps).Draw(t, "step")
	l.meanwhile(n, func() { step(t) })
	l.lookOften(t)
	l.meanwhile(0, nil)
}

// expected are the records of all generations; of a cut one those that were copied or handed on, if that needs no excuse.
func (l *life) expected() []string {
	got := map[string]bool{}
	for _, rec := range l.got {
		got[rec] = true
	}
	var want []string
	for i, g := range l.gens {
		records := strings.Split(g.text, "\n")
		part := records[len(records)-1]
		records = records[:len(records)-1]
		if g.cut {
			copied := strings.Count(g.text[:g.safe], "\n")
			read := copied
			for read < len(records) && got[records[read]] {
				read++
			}
			if copied < read && read < len(records) && len(l.gaps) == 0 {
				l.t.Fatalf("generation %d lost %d lines, and no gap says so", i, len(records)-read)
			}
			records, part = records[:read], ""
		}
		want = append(want, records...)
		if part != "" && i < len(l.gens)-1 {
			want = append(want, part+"~")
		}
	}
	return want
}

// addsUp compares what was measured with what was written. Of a generation that was cut off, what came after the last look was
// seen by nobody.
func (l *life) addsUp() {
	var least, most int64
	for _, g := range l.gens {
		most += int64(len(g.text))
		if !g.cut {
			least += int64(len(g.text))
		} else {
			least += int64(g.safe)
		}
	}
	a := l.bytes["s:"+l.path("a.log")]
	if got := a.all(); got < least || got > most {
		l.t.Fatalf("%d bytes were accounted for, and %d to %d written: %+v", got, least, most, a)
	}
}

// TestWhatIsWrittenIsReadOnce runs random lives of a log against the follower: writes, rotations by rename and by copy,
// writers that hold on, compression, truncation, and kills that throw the follower back to an older commit.
func TestWhatIsWrittenIsReadOnce(t *testing.T) {
	for _, c := range []struct{ noTail, deaf, apart bool }{{true, true, false}, {false, false, false}, {true, false, true}} {
		t.Run(fmt.Sprintf("noTail=%v deaf=%v apart=%v", c.noTail, c.deaf, c.apart), func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				dir, err := os.MkdirTemp(t.TempDir(), "")
				if err != nil {
					rt.Fatal(err)
				}
				l := &life{rig: rigIn(rt, dir, Options{Follow: true, noTail: c.noTail, deaf: c.deaf, listed: func() {}}, "a.log"), t: rt, gens: []*written{{}}, apart: c.apart, copied: -1}
				defer l.close()
				defer l.closeLate()
				l.open()
				l.look(1000) // what exists before the first look is history
				steps := map[string]func(*rapid.T){
					"write":        l.writeLines,
					"write on":     l.writeLines,
					"write part":   l.writePart,
					"look":         l.lookOnce,
					"look often":   l.lookOften,
					"rotate":       l.rotate,
					"write late":   l.writeLate,
					"copytruncate": l.copyTruncate,
					"truncate":     l.truncate,
					"compress":     l.compress,
					"look into":    l.lookInto,
					"kill":         l.kill,
				}
				if c.apart { // a small copy that was outrun cannot be told after a kill: see the package comment
					delete(steps, "kill")
				}
				rt.Repeat(steps)
				l.closeLate()
				if l.copied >= 0 {
					l.truncate(rt)
				}
				l.shift()
				if l.there() {
					l.rename("a.log", "a.log.1")
				}
				l.gens = append(l.gens, &written{})
				l.append("the end\n")
				l.drain()
				if diff := cmp.Diff(l.expected(), l.got); diff != "" {
					rt.Fatalf("records (-want +got):\n%s\ngaps: %+v", diff, l.gaps)
				}
				l.addsUp()
				for _, err := range l.errs {
					rt.Fatalf("error: %v", err)
				}
			})
		})
	}
}
