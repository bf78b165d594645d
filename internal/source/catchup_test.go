package source

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// backlog writes so many lines into so many files of one chain, oldest last, in the numbers and .gz of logrotate. The files
// seem to be a minute old.
func (r *rig) backlog(files, each int, packed bool) {
	r.t.Helper()
	for n := range files {
		name, text := fmt.Sprintf("a.log.%d", n), []byte(lines((files-1-n)*each, (files-n)*each))
		switch {
		case n == 0:
			name = "a.log"
		case packed && n > 1:
			name, text = name+".gz", compressed(".gz", text)
		}
		r.must(os.WriteFile(r.path(name), text, 0o644))
	}
	r.must(os.Chtimes(r.dir, time.Time{}, time.Now().Add(-time.Minute)))
}

// catchUp reads until nothing is left. Its clock stands still while there is something.
func (r *rig) catchUp(each func(*Chunk)) {
	r.t.Helper()
	found, err := r.set.Discover()
	r.must(err)
	for idle := 0; idle < 3; {
		chunk, err := found[0].Next(8192)
		r.must(err)
		if idle++; chunk == nil {
			r.now = r.now.Add(lookEvery)
			continue
		}
		each(chunk)
		idle = 0
	}
}

// A list of the directory costs a call of the file system a file, so that a list a file is a cost by the square.
func TestADirectoryIsReadOnceAndNotForEachFile(t *testing.T) {
	for _, packed := range []bool{false, true} {
		const files = 300
		r := newRig(t, Options{Follow: true, Oldest: true}, "a.log")
		r.backlog(files, 3, packed)
		r.open()
		reads := 0
		first := true
		r.set.shared.listed = func() {
			c := r.set.chains[r.path("a.log")]
			if read := c.listing.read; first {
				c.listing.read = func() ([]generation, error) { reads++; return read() }
				first = false
			}
		}
		r.catchUp(func(c *Chunk) {
			for _, rec := range c.Records {
				r.got = append(r.got, text(rec))
			}
		})
		if diff := cmp.Diff(lineList(0, files*3), r.got); diff != "" {
			t.Fatalf("(-want +got):\n%.2000s", diff)
		}
		if reads > 20 {
			t.Errorf("packed=%v: %d files, and the directory was read %d times", packed, files, reads)
		}
	}
}

// What has changed in a directory since it was read is not overlooked.
func TestAListIsMadeAnewWhenTheDirectoryChanges(t *testing.T) {
	r := newRig(t, Options{}, "a.log")
	r.backlog(3, 1, false)
	now := time.Now()
	l := listing{base: r.path("a.log"), now: func() time.Time { return now }}
	reads := 0
	l.read = func() ([]generation, error) {
		reads++
		return siblings(l.base, func(string) bool { return false })
	}
	names := func(want ...string) {
		t.Helper()
		list, err := l.list()
		r.must(err)
		var got []string
		for _, g := range list {
			got = append(got, fmt.Sprintf("%s %d", g.path[len(r.dir)+1:], g.size))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	settle := func() { r.must(os.Chtimes(r.dir, time.Time{}, time.Now().Add(-time.Second))) }
	names("a.log.2 7", "a.log.1 7", "a.log 7")
	r.write("a.log", "more\n")
	names("a.log.2 7", "a.log.1 7", "a.log 12")
	if reads != 1 {
		t.Errorf("read %d times while nothing but a file changed", reads)
	}
	r.rename("a.log.2", "a.log.3")
	names("a.log.3 7", "a.log.1 7", "a.log 12")
	r.rename("a.log.1", "a.log.2") // in the tick of the last change, perhaps: such a list is not kept
	names("a.log.3 7", "a.log.2 7", "a.log 12")
	settle()
	names("a.log.3 7", "a.log.2 7", "a.log 12")
	r.remove("a.log")
	settle()
	names("a.log.3 7", "a.log.2 7")
	before := reads
	names("a.log.3 7", "a.log.2 7")
	now = now.Add(2 * listedFor)
	names("a.log.3 7", "a.log.2 7")
	if reads != before+1 {
		t.Errorf("read %d times in two seconds", reads-before)
	}
}

// BenchmarkCatchUpFiles reads the same million lines from one file and from a thousand.
func BenchmarkCatchUpFiles(b *testing.B) {
	const count = 1_000_000
	for _, files := range []int{1, 1000} {
		b.Run(fmt.Sprint(files), func(b *testing.B) {
			r := rigIn(b, b.TempDir(), Options{Follow: true, Oldest: true}, "a.log")
			r.backlog(files, count/files, false)
			defer r.close()
			for b.Loop() {
				r.open()
				read := 0
				r.catchUp(func(c *Chunk) { read += len(c.Records) })
				if read != count {
					b.Fatalf("%d lines", read)
				}
			}
			b.ReportMetric(float64(count)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}
