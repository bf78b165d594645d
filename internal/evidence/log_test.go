package evidence

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/fsx"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 123e6, time.UTC)

func open(t *testing.T, fs *fsx.FS, dir string, head Head) *Log {
	t.Helper()
	l, err := Open(fs, dir, head)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func appendN(t *testing.T, l *Log, n int) Head {
	t.Helper()
	for i := range n {
		if _, err := l.Append(noon.Add(time.Duration(i)*time.Second), []Entry{
			{Kind: "alert", Body: map[string]any{"id": fmt.Sprintf("a%d", i), "who": "O'Brien <x>\u2028"}},
			{Kind: "delivery", Body: i},
		}); err != nil {
			t.Fatal(err)
		}
	}
	return l.Head()
}

func verify(t *testing.T, dir string) Report {
	t.Helper()
	r, err := Verify(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAChainAcrossSegmentsVerifiesAndReopens(t *testing.T) {
	dir := t.TempDir()
	l := open(t, &fsx.FS{}, dir, Head{})
	l.segmentBytes = 700
	head := appendN(t, l, 5)
	l.Close()
	if head.Segment != 3 || head.Seq != 10 {
		t.Fatalf("head %+v", head)
	}
	want := Report{
		Segments: 3, Entries: 10, First: "2026-03-02T12:00:00.123Z", Last: "2026-03-02T12:00:04.123Z",
		Seq: 10, Hash: head.Hash, Caveat: caveat,
	}
	if diff := cmp.Diff(want, verify(t, dir)); diff != "" {
		t.Error(diff)
	}
	again := open(t, &fsx.FS{}, dir, head)
	if diff := cmp.Diff(head, again.Head()); diff != "" {
		t.Error(diff)
	}
	appendN(t, again, 1)
	if r := verify(t, dir); !r.OK() || r.Entries != 12 {
		t.Errorf("after reopening: %+v", r)
	}
}

func TestUncommittedTailsAreCutWhateverTheyHold(t *testing.T) {
	dir := t.TempDir()
	l := open(t, &fsx.FS{}, dir, Head{})
	l.segmentBytes = 700
	head := appendN(t, l, 1)
	appendN(t, l, 1) // begins segment 2 in its last append
	appendN(t, l, 1)
	if l.Head().Segment != 2 {
		t.Fatalf("head %+v", l.Head())
	}
	l.Close()
	f, err := os.OpenFile(bodiesPath(dir, 2), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString("\x00\x00garbage")
	f.Close()

	again := open(t, &fsx.FS{}, dir, head)
	if diff := cmp.Diff(head, again.Head()); diff != "" {
		t.Error(diff)
	}
	if r := verify(t, dir); !r.OK() || r.Segments != 1 || r.Entries != 2 || len(r.Notes) != 0 {
		t.Errorf("after cutting: %+v", r)
	}
}

func TestAnAppendThatFailsAddsNothingAndIsRepeated(t *testing.T) {
	for n := 1; ; n++ {
		dir := t.TempDir()
		fs := &fsx.FS{}
		l := open(t, fs, dir, Head{})
		l.segmentBytes = 300
		before := appendN(t, l, 1) // the next append begins a segment
		steps := 0
		fs.Fault = func(op, path string) error {
			if steps++; steps == n {
				return &fsx.ShortWrite{Bytes: 40, Err: syscall.ENOSPC}
			}
			return nil
		}
		_, err := l.Append(noon, []Entry{{Kind: "gap", Body: "x"}})
		if err == nil {
			if n < 8 {
				t.Errorf("only %d steps", n-1)
			}
			return
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("step %d: %v", n, err)
		}
		if diff := cmp.Diff(before, l.Head()); diff != "" {
			t.Errorf("step %d: %s", n, diff)
		}
		fs.Fault = nil
		if _, err := l.Append(noon, []Entry{{Kind: "gap", Body: "x"}}); err != nil {
			t.Fatalf("step %d, repeated: %v", n, err)
		}
		if r := verify(t, dir); !r.OK() || r.Entries != 3 || len(r.Notes) != 0 {
			t.Errorf("step %d: %+v", n, r)
		}
	}
}

func TestABadEntryIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	dir := t.TempDir()
	l := open(t, &fsx.FS{}, dir, Head{})
	for _, e := range []Entry{{Kind: "Alert"}, {Kind: ""}, {Kind: "alert", Body: make(chan int)}} {
		if _, err := l.Append(noon, []Entry{{Kind: "start"}, e}); err == nil {
			t.Errorf("kind %q was accepted", e.Kind)
		}
	}
	if r := verify(t, dir); r.Entries != 0 || len(r.Notes) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestDamageInCommittedBytesRefusesToOpenAndNamesThePlace(t *testing.T) {
	build := func(t *testing.T) (string, Head) {
		dir := t.TempDir()
		l := open(t, &fsx.FS{}, dir, Head{})
		l.segmentBytes = 700
		head := appendN(t, l, 3)
		l.Close()
		if head.Segment != 2 {
			t.Fatalf("head %+v", head)
		}
		return dir, head
	}
	for _, name := range []string{"000002.log", "bodies/000002.jsonl"} {
		dir, head := build(t)
		path := filepath.Join(dir, name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range whole {
			bad := append([]byte(nil), whole...)
			bad[i] ^= 1 << (i % 8)
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Open(&fsx.FS{}, dir, head)
			var d *fsx.Damage
			if !errors.As(err, &d) {
				t.Fatalf("%s: flip in byte %d: %v", name, i, err)
			}
			named := strings.HasPrefix(filepath.Base(d.File), "000002.") || strings.Contains(d.What, "or entry 5,")
			if !named || d.At == "" {
				t.Errorf("%s: flip in byte %d: place %q, %q", name, i, d.File, d.At)
			}
		}
		if err := os.WriteFile(path, whole[:len(whole)-1], 0o600); err != nil {
			t.Fatal(err)
		}
		var d *fsx.Damage
		if _, err := Open(&fsx.FS{}, dir, head); !errors.As(err, &d) || !strings.Contains(d.What, "the file ends here") {
			t.Errorf("%s cut by a byte: %v", name, err)
		}
	}
	for _, name := range []string{"000001.log", "000002.log", "bodies/000002.jsonl"} {
		dir, head := build(t)
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		var d *fsx.Damage
		if name == "000001.log" {
			os.Remove(filepath.Join(dir, "bodies/000001.jsonl"))
		}
		if _, err := Open(&fsx.FS{}, dir, head); !errors.As(err, &d) || !strings.Contains(d.What, "missing") {
			t.Errorf("without %s: %v", name, err)
		}
	}
}
