package source

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"probity/internal/decode"
)

func ids(r *rig, streams []Stream) []string {
	var out []string
	for _, s := range streams {
		id, err := filepath.Rel("s:"+r.dir, s.ID())
		r.must(err)
		out = append(out, id)
	}
	return out
}

func TestDiscoverGivesEachChainOnceAndSorted(t *testing.T) {
	for name, paths := range map[string]string{"glob": "*.log*", "directory": "."} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, Options{Follow: true}, paths)
			for _, name := range []string{"b.log", "a.log.1", "a.log.2.gz", "a.log", "c.log.1", ".hidden.log", "d-20260302.log"} {
				r.write(name, "")
			}
			r.must(os.Mkdir(r.path("e.log"), 0o755))
			r.open()
			r.look(1)
			r.look(1)
			want := []string{"a.log", "b.log", "c.log", "d-20260302.log"} // c.log itself is missing just now
			if diff := cmp.Diff(want, ids(r, r.streams)); diff != "" {
				t.Errorf("streams (-want +got):\n%s", diff)
			}
			r.write("new.log", "")
			r.write("c.log", "")
			r.rename("b.log", "b.log.1")
			r.live()
			if diff := cmp.Diff(append(want, "new.log"), ids(r, r.streams)); diff != "" {
				t.Errorf("streams later (-want +got):\n%s", diff)
			}
		})
	}
}

func TestANewSourceBeginsWithTheCurrentFile(t *testing.T) {
	r := follow(t, "*.log*")
	r.write("a.log.1", "history\n")
	r.write("a.log", "one\n")
	r.open()
	r.live()
	r.write("b.log.1", "not history\n") // it came, and rotated, while the set was open
	r.write("b.log", "two\n")
	r.drain()
	r.open()
	r.drain()
	r.want(t, []string{"one", "not history", "two"})
}

func TestAnIdleStreamIsDueAtItsNextLook(t *testing.T) {
	r := newRig(t, Options{Follow: true, deaf: true}, "a.log")
	r.write("a.log", "one\n")
	r.open()
	if r.set.Due().After(r.now) {
		t.Error("not due to discover")
	}
	r.live()
	if got := r.set.Due().Sub(r.now); got != lookEvery {
		t.Errorf("due in %v, although nothing has happened", got)
	}
	r.write("a.log", "two\n")
	r.now = r.set.Due()
	if chunk, err := r.streams[0].Next(1); err != nil || chunk == nil {
		t.Errorf("nothing at the look after a write: %v", err)
	}
}

func TestWholeFilesEnd(t *testing.T) {
	r := newRig(t, Options{Follow: true, WholeFiles: true}, ".")
	r.write("m-20260301.json", "1\n2")
	r.write("m-20260302.json.gz", string(compressed(".gz", []byte("3\n4\n"))))
	r.open()
	r.live()
	r.want(t, []string{"1", "3", "4"})
	r.drain()
	r.want(t, []string{"1", "3", "4", "2~"})
	if len(r.ended) != 2 {
		t.Errorf("ended: %v", r.ended)
	}
	r.open()
	r.drain() // nothing twice
	r.want(t, []string{"1", "3", "4", "2~"})

	r.write("m-20260301.json", "\n5\n") // grown after its end
	r.drain()
	r.want(t, []string{"1", "3", "4", "2~", "", "5"})

	r.write("next", "6\n")
	r.rename("next", "m-20260301.json") // replaced
	r.drain()
	r.want(t, []string{"1", "3", "4", "2~", "", "5", "6"})
}

// Whoever opened the set may tell where streams stood then, and not what has been read since: a whole file that grows was read
// again from its beginning, and records without a native id counted twice.
func TestAWholeFileThatGrowsIsReadOnFromItsEnd(t *testing.T) {
	r := newRig(t, Options{Follow: true, WholeFiles: true}, ".")
	r.write("m.json", "1\n2\n")
	r.open()
	r.set.opts.From = func(string) []byte { return nil } // as it was at the start
	r.drain()
	r.want(t, []string{"1", "2"})
	r.write("m.json", "3\n")
	r.drain()
	r.want(t, []string{"1", "2", "3"})
	r.write("m.json", "4\n")
	r.drain()
	r.want(t, []string{"1", "2", "3", "4"})
	r.write("next", "5\n")
	r.rename("next", "m.json") // another file
	r.drain()
	r.want(t, []string{"1", "2", "3", "4", "5"})
}

func TestFiniteChainsAreReadOldestFirst(t *testing.T) {
	r := newRig(t, Options{})
	r.write("x.log", "5\n6")
	r.write("x.log.1", "4~\n")
	r.write("x.log.2.gz", string(compressed(".gz", []byte("3\n"))))
	r.write("x.log-20260301", "1\n2")
	r.write("y-2026-03-02.csv", "b\n")
	r.write("y-2026-03-01.csv.zst", string(compressed(".zst", []byte("a\n"))))
	r.write("z.1.log", "server 1\n")
	r.write("z.2.log", "server 2\n")
	var files []string
	entries, err := os.ReadDir(r.dir)
	r.must(err)
	for _, e := range entries {
		files = append(files, r.path(e.Name()))
	}
	streams, err := OpenFiles("s", newLines, files)
	r.must(err)
	if diff := cmp.Diff([]string{"x.log", "y.csv", "z.1.log", "z.2.log"}, ids(r, streams)); diff != "" {
		t.Errorf("streams (-want +got):\n%s", diff)
	}
	for _, s := range streams {
		for {
			chunk, err := s.Next(1)
			if err == io.EOF {
				break
			}
			r.must(err)
			r.commit(s, chunk, 1)
		}
		r.must(s.Close())
	}
	r.want(t, []string{"1", "2~", "3", "4~", "5", "6~", "a", "b", "server 1", "server 2"})
	if _, err := OpenFiles("s", newLines, []string{r.path("nothing")}); err == nil {
		t.Error("no error for a missing file")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	good := Options{Name: "s", Paths: []string{"x"}, Framer: newLines}
	for name, spoil := range map[string]func(*Options){
		"no name":   func(o *Options) { o.Name = "" },
		"no paths":  func(o *Options) { o.Paths = nil },
		"no framer": func(o *Options) { o.Framer = nil },
		"bad glob":  func(o *Options) { o.Paths = []string{"a[.log"} },
	} {
		o := good
		spoil(&o)
		if _, err := Open(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := Open(good); err != nil {
		t.Error(err)
	}
}

func FuzzResumePoint(f *testing.F) {
	at := place{Path: "/a", Head: digestOf([]byte("a")), Offset: 1, Before: digestOf([]byte("a"))}
	f.Add((&resumePoint{Version: stateVersion, Open: &at, Framing: []byte("h"), Past: []place{at}, History: 1}).encode())
	f.Add([]byte(`{"v":1,"open":{"offset":-1}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodeResumePoint(b)
		if err != nil || r == nil {
			return
		}
		again, err := decodeResumePoint(r.encode())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r.encode(), again.encode()); diff != "" {
			t.Errorf("changed:\n%s", diff)
		}
		dir := t.TempDir()
		path := filepath.Join(dir, "a.log")
		if err := os.WriteFile(path, []byte(lines(0, 10)), 0o644); err != nil {
			t.Fatal(err)
		}
		set, err := Open(Options{Name: "s", Paths: []string{path}, Framer: func() decode.Framer { return newLines() }, From: func(string) []byte { return b }})
		if err != nil {
			t.Fatal(err)
		}
		streams, err := set.Discover()
		if err != nil || len(streams) != 1 {
			t.Fatalf("%d streams, %v", len(streams), err)
		}
		for calls := 0; err == nil; calls++ {
			if _, err = streams[0].Next(10); calls > 100 {
				t.Fatal("a finite stream does not end")
			}
		}
		_ = set.Close()
	})
}
