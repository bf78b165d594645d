package source

import (
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// From may be as old as the set: a whole file that was moved away and back was read again from its beginning.
func TestAWholeFileThatComesBackIsNotReadAgain(t *testing.T) {
	r := newRig(t, Options{Follow: true, WholeFiles: true}, "drop")
	r.must(os.Mkdir(r.path("drop"), 0o755))
	r.open()
	r.set.opts.From = func(string) []byte { return nil } // as it was at the start
	r.write("drop/m.json", "1\n2\n")
	r.drain()
	r.rename("drop/m.json", "away")
	r.drain()
	r.rename("away", "drop/m.json")
	r.drain()
	r.want(t, []string{"1", "2"})
	r.write("drop/m.json", "3\n")
	r.drain()
	r.want(t, []string{"1", "2", "3"})

	r.remove("drop/m.json")
	r.drain()
	r.now = r.now.Add(leftLong)
	r.drain()
	if len(r.set.left) != 0 {
		t.Errorf("%d files that have gone are still known", len(r.set.left))
	}
}

func TestRemainsOfAWholeFile(t *testing.T) {
	r := newRig(t, Options{Follow: true, WholeFiles: true, Framer: newCSV}, "drop")
	r.must(os.Mkdir(r.path("drop"), 0o755))
	r.write("drop/m.csv", "name\n1\n2\n")
	r.write("drop/bad.gz", "this is no gzip")
	r.must(os.Chtimes(r.path("drop/bad.gz"), time.Time{}, time.Now().Add(-48*time.Hour)))
	r.open()
	r.drain()
	look := func(name string) Remains {
		t.Helper()
		got, ok := RemainsOf(r.state["s:"+r.path("drop/"+name)])
		if !ok {
			t.Fatalf("no remains of %s in %s", name, r.state["s:"+r.path("drop/"+name)])
		}
		return got
	}
	want := func(what string, got Remains, offset int64, ended, gone bool) {
		t.Helper()
		got.Path, got.State = "", nil
		if diff := cmp.Diff(Remains{Offset: offset, Ended: ended, Gone: gone}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	want("there", look("m.csv"), 9, true, false)
	want("unreadable", look("bad.gz"), 0, true, false)

	r.state["s:"+r.path("drop/m.csv")] = look("m.csv").State // what is kept is enough to go on
	r.write("drop/m.csv", "3\n")
	r.open()
	r.drain()
	r.want(t, []string{"1", "2", "3"}, r.gaps...)

	r.remove("drop/m.csv")
	want("gone", look("m.csv"), 11, true, true)
	r.rename("drop", "elsewhere")
	want("with its folder", look("m.csv"), 11, true, false)
	if _, ok := RemainsOf([]byte(`{"v":1}`)); ok {
		t.Error("a stream without a file has remains")
	}
}

// A file that is cut back is measured as it was when it was looked at last, and counted anew from its start.
func TestATruncatedFileIsMeasuredAsItWas(t *testing.T) {
	r := follow(t, "a.log")
	r.write("a.log", lines(0, 10))
	r.open()
	r.look(3)
	r.must(os.Truncate(r.path("a.log"), 0))
	r.write("a.log", "new\n")
	r.drain()
	r.want(t, append(lineList(0, 10), "new"), r.gaps...) // it was in the block already
	a := r.bytes["s:"+r.path("a.log")]
	if a.all() != 70+4 {
		t.Errorf("%d bytes were there, of 74; gaps %+v", a.all(), r.gaps)
	}
}

// A write that falls between the decision that a rotated file has ended and its last measurement belongs to nobody's count.
func TestAWriteAtTheLastMomentIsLateAndMeasured(t *testing.T) {
	r := follow(t, "a.log")
	r.write("a.log", "one\ntwo\n")
	r.open()
	r.live()
	c := r.streams[0].(*chain)
	r.rename("a.log", "a.log.1")
	r.write("a.log", "three\n")
	r.must(c.end()) // as rotatedAway decides
	r.write("a.log.1", "late\n")
	r.drain()
	r.want(t, []string{"one", "two", "three"}, Gap{Path: r.path("a.log"), From: 8, To: 13, Reason: GapLate})
	if a := r.bytes[c.id]; a.all() != 8+5+6 || a.gaps != 5 {
		t.Errorf("%+v", a)
	}
}
