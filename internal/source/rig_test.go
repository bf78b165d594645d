package source

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"

	"probity/internal/decode"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lineFramer cuts lines and pieces of lines over a limit. With header, the first line of a file is no record, and State
// carries it, as with CSV.
type lineFramer struct {
	header, inside bool
	columns        string
	limit          int
}

func newLines() decode.Framer { return &lineFramer{limit: 1 << 20} }
func newCSV() decode.Framer   { return &lineFramer{limit: 1 << 20, header: true} }

func (l *lineFramer) Frame(block []byte, base int64, atEOF bool, most int, out []decode.Record) (int, []decode.Record) {
	used := 0
	for len(out) < most {
		rest := block[used:]
		rec := decode.Record{Offset: base + int64(used)}
		n := bytes.IndexByte(rest, '\n')
		switch {
		case n >= 0 && n <= l.limit:
			rec.Data, used = rest[:n], used+n+1
		case len(rest) > l.limit:
			rec.Data, rec.Reject, used = rest[:l.limit], "too-long", used+l.limit
		case atEOF && len(rest) > 0:
			rec.Data, rec.Partial, used = rest, true, len(block)
		default:
			return used, out
		}
		if l.header && !l.inside {
			l.inside, l.columns = true, string(rec.Data)
			continue
		}
		rec.Header = nil
		out = append(out, rec)
	}
	return used, out
}

func (l *lineFramer) State() []byte {
	if !l.inside {
		return nil
	}
	return []byte("h" + l.columns)
}

func (l *lineFramer) Restore(state []byte) error {
	l.inside, l.columns = len(state) > 0, ""
	if l.inside {
		l.columns = string(state[1:])
	}
	return nil
}

func (l *lineFramer) Reset() { l.inside, l.columns = false, "" }

// failer is what rapid.T and testing.T share.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// rig is a set over a temporary directory with a clock that tests move (an hour behind that of the files, so that no file
// seems old to it), and what has been committed of it.
type rig struct {
	t       failer
	dir     string
	opts    Options
	now     time.Time
	set     *Set
	streams []Stream
	ended   map[Stream]bool
	state   map[string][]byte
	bytes   map[string]account
	got     []string // "[path] text", with ~ after a partial record and ! after a rejected one
	gaps    []Gap
	chunks  []*Chunk
	errs    []error
}

func newRig(t *testing.T, opts Options, paths ...string) *rig {
	r := rigIn(t, t.TempDir(), opts, paths...)
	t.Cleanup(r.close)
	return r
}

func rigIn(t failer, dir string, opts Options, paths ...string) *rig {
	r := &rig{t: t, dir: dir, opts: opts, now: time.Now().Add(-time.Hour), state: map[string][]byte{}, bytes: map[string]account{}, ended: map[Stream]bool{}}
	if opts.Framer == nil {
		r.opts.Framer = newLines
	}
	for _, p := range paths {
		r.opts.Paths = append(r.opts.Paths, filepath.Join(r.dir, p))
	}
	r.opts.Name = "s"
	r.opts.From = func(id string) []byte { return r.state[id] }
	r.opts.now = func() time.Time { return r.now }
	if r.opts.quietEvery == 0 {
		r.opts.quietEvery = lookEvery // at each look of the test, whatever is heard by then
	}
	return r
}

func (r *rig) path(name string) string { return filepath.Join(r.dir, name) }

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatalf("%v", err)
	}
}

// open starts the source, or starts it again from what has been committed.
func (r *rig) open() {
	r.t.Helper()
	r.close()
	set, err := Open(r.opts)
	r.must(err)
	r.set, r.streams, r.ended = set, nil, map[Stream]bool{}
}

func (r *rig) close() {
	if r.set != nil {
		_ = r.set.Close()
		r.set = nil
	}
}

// look lets 250 ms pass and takes one chunk of each stream; it says whether there was any.
func (r *rig) look(most int) bool {
	r.t.Helper()
	r.now = r.now.Add(250 * time.Millisecond)
	found, err := r.set.Discover()
	if err != nil {
		r.errs = append(r.errs, err)
	}
	r.streams = append(r.streams, found...)
	any := false
	for _, s := range r.streams {
		if r.ended[s] {
			continue
		}
		chunk, err := s.Next(most)
		switch {
		case err == io.EOF:
			r.ended[s] = true
		case err != nil:
			r.errs = append(r.errs, err)
		case chunk != nil:
			any = true
			r.commit(s, chunk, most)
		}
	}
	return any
}

func (r *rig) commit(s Stream, c *Chunk, most int) {
	r.t.Helper()
	if len(c.Records) > most {
		r.t.Fatalf("%d records in a chunk, at most %d asked for", len(c.Records), most)
	}
	r.state[s.ID()] = c.State
	a := r.bytes[s.ID()]
	a.book(r.t, c)
	r.bytes[s.ID()] = a
	r.chunks = append(r.chunks, c)
	for _, rec := range c.Records {
		r.got = append(r.got, text(rec))
	}
	r.gaps = append(r.gaps, c.Gaps...)
}

func text(rec decode.Record) string {
	s := string(rec.Data)
	if rec.Partial {
		s += "~"
	}
	if rec.Reject != "" {
		s += "!"
	}
	return s
}

// drain looks until nothing has come for longer than the grace.
func (r *rig) drain() {
	r.t.Helper()
	for idle := 0; idle < 25; idle++ {
		if r.look(1000) {
			idle = 0
		}
	}
}

// live looks a few times only: not as long as the grace.
func (r *rig) live() {
	r.t.Helper()
	for range 8 {
		r.look(1000)
	}
}

func (r *rig) write(name, text string) {
	r.t.Helper()
	f, err := os.OpenFile(r.path(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	r.must(err)
	_, err = f.WriteString(text)
	r.must(err)
	r.must(f.Close())
}

func (r *rig) rename(from, to string) {
	r.t.Helper()
	r.must(os.Rename(r.path(from), r.path(to)))
}

func (r *rig) remove(name string) {
	r.t.Helper()
	r.must(os.Remove(r.path(name)))
}

func (r *rig) copy(from, to string) {
	r.t.Helper()
	b, err := os.ReadFile(r.path(from))
	r.must(err)
	r.must(os.WriteFile(r.path(to), b, 0o644))
}

// pack compresses a file and removes it, as gzip and zstd do: a new inode with the old time.
func (r *rig) pack(name, ending string) {
	r.t.Helper()
	b, err := os.ReadFile(r.path(name))
	r.must(err)
	st, err := os.Stat(r.path(name))
	r.must(err)
	r.must(os.WriteFile(r.path(name+ending), compressed(ending, b), 0o644))
	r.must(os.Chtimes(r.path(name+ending), st.ModTime(), st.ModTime()))
	r.remove(name)
}

func compressed(ending string, b []byte) []byte {
	var out bytes.Buffer
	if ending == ".gz" {
		w := gzip.NewWriter(&out)
		_, _ = w.Write(b)
		_ = w.Close()
		return out.Bytes()
	}
	w, err := zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err)
	}
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

// lines are numbered so that none is like another.
func lines(from, to int) string {
	var b bytes.Buffer
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "line %d\n", i)
	}
	return b.String()
}

func lineList(from, to int) []string {
	var out []string
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprintf("line %d", i))
	}
	return out
}
