package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"probity/internal/evidence"
	"probity/internal/fsx"
)

// compactSoon makes the next commit write a snapshot, so that its steps are hit too.
func compactSoon(s *Store) {
	s.windows.sizes.least = 0
	s.head.windows.Base = 0
	s.windows.head.Base = 0
}

// prepared is a store after two commits whose third will write a snapshot, and the views of both outcomes.
func prepared(t *testing.T, fs *fsx.FS) (s *Store, dir string, before, after view) {
	dir = t.TempDir()
	s = openStore(t, dir, fs)
	s.packAtLeast = 1
	must(t, s.Commit(oneOfEach(1)))
	must(t, s.Commit(oneOfEach(2)))
	compactSoon(s)
	before = viewOf(t, s)

	twin := openStore(t, t.TempDir(), nil)
	for n := 1; n <= 3; n++ {
		must(t, twin.Commit(oneOfEach(n)))
	}
	return s, dir, before, viewOf(t, twin)
}

func wholeChain(t *testing.T, dir string) {
	t.Helper()
	r, err := evidence.Verify(filepath.Join(dir, evidenceDir))
	must(t, err)
	if !r.OK() || len(r.Notes) != 0 {
		t.Errorf("the chain: %+v", r)
	}
}

// The order of the steps is the promise: no fault that a test can make shows that an fsync is missing.
func TestACommitMakesEveryFileDurableBeforeItsTransaction(t *testing.T) {
	fs := &fsx.FS{}
	s, _, _, _ := prepared(t, fs)
	var steps []string
	fs.Fault = func(op, path string) error {
		steps = append(steps, op+" "+strings.TrimPrefix(path, s.opts.Dir))
		return nil
	}
	must(t, s.Commit(oneOfEach(3)))
	want := []string{
		"write /evidence/bodies/000001.jsonl", "sync /evidence/bodies/000001.jsonl",
		"write /evidence/000001.log", "sync /evidence/000001.log",
		"remove /windows-000002.log", "create /windows-000002.log", "syncdir ", // a snapshot is due
		"write /windows-000002.log", "sync /windows-000002.log",
		"write /rejects.jsonl", "sync /rejects.jsonl",
		"begin /state.db", "commit /state.db", "committed /state.db",
		"remove /windows-000001.log", "syncdir ",
	}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Error(diff)
	}
	steps = nil
	must(t, s.Commit(&Commit{}))
	want = []string{"write /windows-000002.log", "sync /windows-000002.log", "begin /state.db", "commit /state.db", "committed /state.db"}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Error(diff)
	}
}

func TestACommitThatFailsAtAnyStepLeavesTheStateAndCanBeRepeated(t *testing.T) {
	t.Parallel()
	faults := map[string]error{"no space": syscall.ENOSPC, "short write": &fsx.ShortWrite{Bytes: 30, Err: syscall.EIO}}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			for n := 1; ; n++ {
				fs := &fsx.FS{}
				s, dir, before, after := prepared(t, fs)
				steps, failed := 0, ""
				fs.Fault = func(op, path string) error {
					if steps++; steps == n {
						failed = op + " " + filepath.Base(path)
						return fault
					}
					return nil
				}
				err := s.Commit(oneOfEach(3))
				fs.Fault = nil
				if failed == "" {
					if n < 16 {
						t.Errorf("only %d steps", n-1)
					}
					return
				}
				if err != nil {
					if diff := cmp.Diff(before, viewOf(t, s)); diff != "" {
						t.Fatalf("after the fault at %s: %s", failed, diff)
					}
					must(t, s.Commit(oneOfEach(3)))
				} // else the fault came after the point of no return, and was rightly passed over
				if diff := cmp.Diff(after, viewOf(t, s)); diff != "" {
					t.Fatalf("after the commit was repeated, fault at %s: %s", failed, diff)
				}
				must(t, s.Close())
				wholeChain(t, dir)
				if diff := cmp.Diff(after, viewOf(t, openStore(t, dir, nil))); diff != "" {
					t.Fatalf("after reopening, fault at %s: %s", failed, diff)
				}
			}
		})
	}
}

func TestAKillAtAnyStepOfACommitLeavesTheStateBeforeOrAfter(t *testing.T) {
	t.Parallel()
	fs := &fsx.FS{}
	s, dir, before, after := prepared(t, fs)
	var images, steps []string
	fs.Fault = func(op, path string) error {
		if op == fsx.OpWrite { // a kill can also come in the middle of a write
			images = append(images, torn(t, image(t, dir), dir, path))
			steps = append(steps, "in the middle of "+op+" "+filepath.Base(path))
		}
		images = append(images, image(t, dir))
		steps = append(steps, op+" "+filepath.Base(path))
		return nil
	}
	must(t, s.Commit(oneOfEach(3)))
	seen := map[uint64]int{}
	for i, dir := range images {
		s := openStore(t, dir, nil)
		got := viewOf(t, s)
		seen[got.Commit]++
		want := before
		if got.Commit == after.Commit {
			want = after
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("killed at step %d, %s: %s", i, steps[i], diff)
		}
		wholeChain(t, dir)
		if got.Commit == before.Commit {
			must(t, s.Commit(oneOfEach(3)))
			if diff := cmp.Diff(after, viewOf(t, s)); diff != "" {
				t.Errorf("killed at step %d, %s, and repeated: %s", i, steps[i], diff)
			}
		}
		must(t, s.Close())
	}
	if seen[2] < 15 || seen[3] < 1 {
		t.Errorf("outcomes by commit: %v", seen)
	}
}

// torn adds the beginning of a write to the image.
func torn(t *testing.T, img, dir, path string) string {
	rel, err := filepath.Rel(dir, path)
	must(t, err)
	f, err := os.OpenFile(filepath.Join(img, rel), os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	defer f.Close()
	_, err = f.WriteString(`{"seq":99,"prev":"` + frameMagic)
	must(t, err)
	return img
}

func TestAKillDuringTheFirstOpenLeavesAFolderThatOpens(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	var images []string
	fs := &fsx.FS{Fault: func(op, path string) error {
		if _, err := os.Stat(dir); err == nil {
			images = append(images, image(t, dir))
		}
		return nil
	}}
	want := viewOf(t, openStore(t, dir, fs))
	if len(images) < 8 {
		t.Errorf("only %d steps", len(images))
	}
	for _, dir := range images {
		s := openStore(t, dir, nil)
		if diff := cmp.Diff(want, viewOf(t, s)); diff != "" {
			t.Error(diff)
		}
		must(t, s.Commit(oneOfEach(1)))
		must(t, s.Close())
	}
}

func TestDeliveriesSurviveAKillAtAnyStep(t *testing.T) {
	t.Parallel()
	fs := &fsx.FS{}
	s, dir, before, _ := prepared(t, fs)
	var images []string
	fs.Fault = func(op, path string) error { images = append(images, image(t, dir)); return nil }
	must(t, s.Delivered("file", 77, 1, 3))
	after := viewOf(t, s)
	if after.Marks["file"] != 77 || len(after.Outbox["file"]) != len(before.Outbox["file"])-2 {
		t.Fatalf("%+v", after.Outbox)
	}
	for i, dir := range images {
		s := openStore(t, dir, nil)
		if got := viewOf(t, s); !cmp.Equal(got, before) && !cmp.Equal(got, after) {
			t.Errorf("killed at step %d: %s", i, cmp.Diff(after, got))
		}
		must(t, s.Delivered("file", 77, 1, 3))
		must(t, s.Close())
	}
}

// A transaction whose fsync failed is invisible, and yet whole in the write-ahead log. If the files beside the database
// were cut and the process then killed, the database would be ahead of them.
func TestADoubtfulTransactionIsOverwrittenBeforeTheFilesAreCut(t *testing.T) {
	fs := &fsx.FS{}
	s, dir, before, _ := prepared(t, fs)
	fs.Fault = func(op, path string) error {
		if op == opCommit {
			return syscall.EIO
		}
		return nil
	}
	if err := s.Commit(oneOfEach(3)); !errors.Is(err, syscall.EIO) {
		t.Fatalf("got %v", err)
	}
	var ops []string
	fs.Fault = func(op, path string) error {
		ops = append(ops, op)
		return nil
	}
	must(t, s.Commit(&Commit{}))
	if len(ops) < 4 || fmt.Sprint(ops[:3]) != "[begin commit committed]" {
		t.Errorf("steps: %v", ops)
	}
	if s.head.settled != 1 {
		t.Errorf("settled %d times", s.head.settled)
	}
	must(t, s.Close())
	got := viewOf(t, openStore(t, dir, nil))
	before.Commit++
	if diff := cmp.Diff(before, got); diff != "" {
		t.Error(diff)
	}
}
