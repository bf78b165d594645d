package source

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func follow(t *testing.T, paths ...string) *rig {
	return newRig(t, Options{Follow: true}, paths...)
}

func (r *rig) want(t *testing.T, want []string, gaps ...Gap) {
	t.Helper()
	if diff := cmp.Diff(want, r.got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(gaps, r.gaps); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
	for _, err := range r.errs {
		t.Errorf("error: %v", err)
	}
}

func TestLinesAreReadAsTheyAreWritten(t *testing.T) {
	for _, without := range []Options{{}, {noTail: true}, {deaf: true}, {noTail: true, deaf: true}} {
		without.Follow = true
		r := newRig(t, without, "a.log")
		r.open()
		r.live() // not there yet
		r.write("a.log", "one\ntw")
		r.live()
		r.write("a.log", "o\n\nfour\n")
		r.live()
		r.want(t, []string{"one", "two", "", "four"})
	}
}

func TestTailTellsOfNewLinesBetweenTwoLooks(t *testing.T) {
	r := newRig(t, Options{Follow: true, deaf: true}, "a.log")
	r.write("a.log", "one\n")
	r.open()
	r.live()
	c := r.set.chains[r.path("a.log")]
	if c.live == nil {
		t.Skip("nxadm/tail cannot be started here")
	}
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	deadline := time.After(5 * time.Second)
	for ready := false; !ready; ready = c.due() { // the clock stands still: no look falls due
		select {
		case <-again.C:
			r.write("a.log", "two\n")
		case <-deadline:
			t.Fatal("tail never told")
		}
	}
	chunk, err := r.streams[0].Next(1)
	if err != nil || chunk == nil {
		t.Fatalf("Next: %v, %v", chunk, err)
	}
	r.commit(r.streams[0], chunk, 1)
	r.want(t, []string{"one", "two"})
}

func TestRotationByRename(t *testing.T) {
	t.Run("the rest of the old file comes before the new one", func(t *testing.T) {
		r := follow(t, "a.log")
		r.write("a.log", lines(0, 10))
		r.open()
		r.live()
		r.write("a.log", lines(10, 20))
		r.rename("a.log", "a.log.1")
		r.write("a.log", lines(20, 30))
		r.live()
		r.want(t, lineList(0, 30))
	})
	t.Run("three times between two looks", func(t *testing.T) {
		r := follow(t, "a.log")
		r.write("a.log", lines(0, 10))
		r.open()
		r.live()
		for i := 1; i <= 3; i++ {
			r.write("a.log", lines(i*10, i*10+5))
			for n := i - 1; n >= 1; n-- {
				r.rename("a.log."+string(rune('0'+n)), "a.log."+string(rune('1'+n)))
			}
			r.rename("a.log", "a.log.1")
			r.write("a.log", lines(i*10+5, i*10+10))
		}
		r.drain()
		r.want(t, lineList(0, 40))
	})
	t.Run("a last line without newline comes once, partial", func(t *testing.T) {
		r := follow(t, "a.log")
		r.write("a.log", "one\ntwo")
		r.open()
		r.live()
		r.rename("a.log", "a.log.1")
		r.live()
		r.want(t, []string{"one"}) // no successor yet
		r.write("a.log", "three\n")
		r.drain()
		r.open()
		r.drain()
		r.want(t, []string{"one", "two~", "three"})
	})
	t.Run("a deleted file is read to its end", func(t *testing.T) {
		r := follow(t, "a.log")
		r.write("a.log", "one\n")
		r.open()
		r.live()
		r.write("a.log", "two\n")
		r.remove("a.log")
		r.write("a.log", "three\n")
		r.drain()
		r.want(t, []string{"one", "two", "three"})
	})
	t.Run("compressed at once while it is followed", func(t *testing.T) {
		r := follow(t, "a.log")
		r.write("a.log", lines(0, 10))
		r.open()
		r.live()
		r.write("a.log", lines(10, 20))
		r.rename("a.log", "a.log.1")
		r.pack("a.log.1", ".gz")
		r.write("a.log", lines(20, 30))
		r.drain()
		r.want(t, lineList(0, 30))
	})
}

func TestAWriterThatHoldsTheOldDescriptor(t *testing.T) {
	held := func(t *testing.T) (*rig, *os.File) {
		r := follow(t, "a.log")
		r.write("a.log", "one\n")
		old, err := os.OpenFile(r.path("a.log"), os.O_APPEND|os.O_WRONLY, 0)
		r.must(err)
		t.Cleanup(func() { _ = old.Close() })
		r.open()
		r.live()
		r.rename("a.log", "a.log.1")
		r.write("a.log", "new\n")
		return r, old
	}
	t.Run("within the grace its lines come first", func(t *testing.T) {
		r, old := held(t)
		for range 3 {
			r.live()
			_, err := old.WriteString("late\n")
			r.must(err)
		}
		r.live()
		r.must(old.Close())
		r.live()
		r.want(t, []string{"one", "late", "late", "late", "new"})
	})
	t.Run("after the grace its lines are a gap", func(t *testing.T) {
		r, old := held(t)
		r.drain()
		_, err := old.WriteString("late\n")
		r.must(err)
		r.drain()
		r.want(t, []string{"one", "new"}, Gap{Path: r.path("a.log"), From: 4, To: 9, Reason: GapLate, Beyond: true})
	})
}

func TestCopyTruncate(t *testing.T) {
	truncate := func(r *rig, copied bool) {
		if copied {
			r.copy("a.log", "a.log.1")
		}
		r.must(os.Truncate(r.path("a.log"), 0))
	}
	t.Run("reader at the end", func(t *testing.T) {
		r := follow(t, "a.log")
		r.write("a.log", lines(0, 10))
		r.open()
		r.live()
		truncate(r, true)
		r.live()
		r.write("a.log", lines(10, 20))
		r.drain()
		r.want(t, lineList(0, 10+10))
	})
	t.Run("unread lines are read from the copy", func(t *testing.T) {
		r := follow(t, "a.log")
		r.write("a.log", lines(0, 10))
		r.open()
		r.live()
		r.write("a.log", lines(10, 20))
		truncate(r, true)
		r.write("a.log", lines(20, 25))
		r.drain()
		r.want(t, lineList(0, 25))
	})
	t.Run("regrown past the old offset", func(t *testing.T) {
		r := follow(t, "a.log")
		r.write("a.log", lines(0, 10))
		r.open()
		r.live()
		r.write("a.log", lines(10, 20))
		truncate(r, true)
		r.write("a.log", lines(20, 60))
		r.drain()
		r.want(t, lineList(0, 60))
	})
	t.Run("filled, copied and truncated between two looks", func(t *testing.T) {
		r := follow(t, "a.log")
		r.write("a.log", "")
		r.open()
		r.live()
		r.write("a.log", lines(0, 10))
		truncate(r, true)
		r.live()
		r.write("a.log", lines(10, 20))
		r.drain()
		r.want(t, lineList(0, 20))
	})
	t.Run("without a copy what was lost is said", func(t *testing.T) {
		r := follow(t, "a.log")
		r.write("a.log", lines(0, 10))
		r.open()
		r.live()
		truncate(r, false)
		r.write("a.log", lines(50, 90))
		r.drain()
		r.want(t, append(lineList(0, 10), lineList(50, 90)...),
			Gap{Path: r.path("a.log"), From: 70, To: -1, Reason: GapTruncated})
	})
	t.Run("of lines that only tail has seen", func(t *testing.T) { // the follower went round for ever here
		r := follow(t, "a.log")
		r.write("a.log", "one\n")
		r.open()
		r.live()
		c := r.set.chains[r.path("a.log")]
		if c.live == nil {
			t.Skip("nxadm/tail cannot be started here")
		}
		c.live.told = 100
		r.drain()
		r.write("a.log", "two\n")
		r.drain()
		r.want(t, []string{"one", "two"}, Gap{Path: r.path("a.log"), From: 4, To: 100, Reason: GapTruncated, Beyond: true})
	})
	t.Run("to the same size", func(t *testing.T) {
		r := follow(t, "a.log")
		r.write("a.log", lines(10, 20))
		r.open()
		r.live()
		truncate(r, false)
		r.write("a.log", lines(20, 30))
		r.drain()
		r.want(t, lineList(10, 30), Gap{Path: r.path("a.log"), From: 80, To: -1, Reason: GapTruncated})
	})
	t.Run("while the daemon was down", func(t *testing.T) {
		r := follow(t, "a.log")
		r.write("a.log", lines(0, 10))
		r.open()
		r.live()
		r.close()
		r.write("a.log", lines(10, 20))
		truncate(r, true)
		r.write("a.log", lines(20, 60))
		r.open()
		r.drain()
		r.want(t, lineList(0, 60))
	})
}

func TestRestart(t *testing.T) {
	begun := func(t *testing.T) *rig {
		r := follow(t, "a.log")
		r.write("a.log", lines(0, 10))
		r.open()
		r.live()
		r.close()
		r.write("a.log", lines(10, 20))
		return r
	}
	t.Run("goes on at the committed offset", func(t *testing.T) {
		r := begun(t)
		r.open()
		r.drain()
		r.want(t, lineList(0, 20))
	})
	t.Run("inside a compressed file", func(t *testing.T) {
		for _, ending := range []string{".gz", ".zst"} {
			r := begun(t)
			r.rename("a.log", "a.log-20260302")
			r.pack("a.log-20260302", ending)
			r.write("a.log", lines(20, 30))
			r.rename("a.log", "a.log-20260303")
			r.write("a.log", lines(30, 40))
			r.open()
			r.drain()
			r.want(t, lineList(0, 40))
		}
	})
	t.Run("with the committed file deleted", func(t *testing.T) {
		r := begun(t)
		r.remove("a.log")
		r.write("a.log.1", lines(20, 30))
		r.write("a.log", lines(30, 40))
		r.open()
		r.drain()
		r.want(t, append(lineList(0, 10), lineList(20, 40)...),
			Gap{Path: r.path("a.log"), From: 70, To: -1, Reason: GapDeleted})
	})
	t.Run("with another file in its place", func(t *testing.T) {
		r := begun(t)
		r.remove("a.log")
		r.write("a.log", lines(30, 40))
		r.open()
		r.drain()
		r.want(t, append(lineList(0, 10), lineList(30, 40)...),
			Gap{Path: r.path("a.log"), From: 70, To: -1, Reason: GapReplaced})
	})
	t.Run("keeps the header of a file that it is in the middle of", func(t *testing.T) {
		r := newRig(t, Options{Follow: true, Framer: newCSV}, "a.csv")
		r.write("a.csv", "h1,h2\n")
		r.open()
		r.live() // a chunk without records
		r.open()
		r.write("a.csv", "1,2\n")
		r.live()
		r.rename("a.csv", "a-2026-03-02.csv")
		r.pack("a-2026-03-02.csv", ".gz")
		r.write("a.csv", "h1,h2\n3,4\n")
		r.open()
		r.drain()
		r.want(t, []string{"1,2", "3,4"})
	})
	t.Run("between identical headers", func(t *testing.T) {
		r := newRig(t, Options{Follow: true, Framer: newCSV}, "a.csv")
		for day := 1; day <= 3; day++ { // the second day has no row
			r.write("a.csv", "h1,h2\n")
			r.open()
			r.drain()
			r.close()
			if day != 2 {
				r.write("a.csv", "row,"+string(rune('0'+day))+"\n")
			}
			dated := "a-2026-03-0" + string(rune('0'+day)) + ".csv"
			r.rename("a.csv", dated)
			r.pack(dated, ".gz")
		}
		r.write("a.csv", "h1,h2\nrow,4\n")
		r.open()
		r.drain()
		r.want(t, []string{"row,1", "row,3", "row,4"})
	})
	t.Run("refuses a position that it cannot read", func(t *testing.T) {
		r := begun(t)
		r.state["s:"+r.path("a.log")] = []byte(`{"v":2}`)
		r.open()
		if _, err := r.set.Discover(); err == nil || !strings.Contains(err.Error(), "version 2") {
			t.Errorf("err = %v", err)
		}
	})
}

func TestAnInodeGivenOutAgainIsAnotherFile(t *testing.T) {
	r := follow(t, "a.log")
	r.write("a.log", lines(0, 10))
	r.open()
	r.live()
	r.close()
	ino := func() uint64 {
		var st syscall.Stat_t
		r.must(syscall.Stat(r.path("a.log"), &st))
		return st.Ino
	}
	before := ino()
	r.remove("a.log")
	r.write("a.log", lines(100, 200))
	if ino() != before {
		t.Skip("this file system gives inodes out later")
	}
	r.open()
	r.drain()
	r.want(t, append(lineList(0, 10), lineList(100, 200)...), Gap{Path: r.path("a.log"), From: 70, To: -1, Reason: GapReplaced})
}

func TestFilesWithAnIdenticalFirstKiBAreToldApart(t *testing.T) {
	head := strings.Repeat("same\n", 400)
	heads := strings.Split(strings.TrimSpace(head), "\n")
	r := follow(t, "a.log")
	r.write("a.log", head+lines(0, 5))
	r.open()
	r.live()
	r.close()
	r.write("a.log", lines(5, 10))
	r.rename("a.log", "a.log.1")
	r.pack("a.log.1", ".gz")
	r.write("a.log", head+lines(10, 20))
	r.open()
	r.drain()
	want := append(append([]string{}, heads...), lineList(0, 10)...)
	want = append(append(want, heads...), lineList(10, 20)...)
	r.want(t, want)
}

func TestATenMegabyteLineIsHandedOnInPieces(t *testing.T) {
	r := follow(t, "a.log")
	r.write("a.log", "one\n")
	r.open()
	r.live()
	for range 10 {
		r.write("a.log", strings.Repeat("x", 1<<20))
		r.look(1000)
	}
	r.write("a.log", "\ntwo\n")
	r.drain()
	total := 0
	for _, rec := range r.got[1 : len(r.got)-1] {
		total += len(strings.TrimSuffix(rec, "!"))
	}
	if total != 10<<20 || r.got[len(r.got)-1] != "two" {
		t.Errorf("%d bytes of the line, last record %.20q", total, r.got[len(r.got)-1])
	}
	for _, c := range r.chunks {
		if c.Bytes > 4<<20 {
			t.Errorf("a chunk of %d bytes", c.Bytes)
		}
	}
}

func TestAnUnreadableFileDoesNotStopTheOthers(t *testing.T) {
	r := follow(t, "a.log", "b.log", "nowhere/c.log")
	r.must(os.Symlink("b.log", r.path("b.log"))) // unreadable for root too
	r.write("a.log", "one\n")
	r.open()
	r.live()
	if len(r.errs) == 0 {
		t.Error("nothing was said of b.log")
	}
	r.remove("b.log")
	r.write("b.log", "two\n")
	r.drain()
	r.errs = nil
	r.want(t, []string{"one", "two"})
}

func TestLagIsWhatIsKnownToWait(t *testing.T) {
	r := follow(t, "a.log")
	r.write("a.log", lines(0, 10))
	r.open()
	r.look(3)
	if c := r.chunks[len(r.chunks)-1]; c.Lag != 7*7 || c.Bytes != 3*7 {
		t.Errorf("lag %d after %d bytes", c.Lag, c.Bytes)
	}
}
