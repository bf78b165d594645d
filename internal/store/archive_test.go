package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"probity/internal/fsx"
)

func exported(t testing.TB, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "state"+archiveExt)
	_, err := Export(dir, to, "test")
	must(t, err)
	return to
}

func TestWhatIsExportedAndImportedIsTheSame(t *testing.T) {
	dir, h, want := closed(t)
	must(t, os.MkdirAll(filepath.Join(dir, "generations", "abc"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "generations", "abc", "rule.yaml"), []byte("id: x\n"), 0o600))
	to := filepath.Join(t.TempDir(), "new", "state")
	found, err := Import(exported(t, dir), to)
	must(t, err)
	if !found.OK() || found.Commit != h.commit || found.Dir != to {
		t.Errorf("%+v", found)
	}
	for _, name := range []string{rejectsName, "windows-000001.log", "evidence/000001.log", "evidence/bodies/000001.jsonl", "generations/abc/rule.yaml"} {
		if !bytes.Equal(readFile(t, dir, name), readFile(t, to, name)) {
			t.Errorf("%s differs", name)
		}
	}
	s := openStore(t, to, nil)
	if diff := cmp.Diff(want, viewOf(t, s)); diff != "" {
		t.Error(diff)
	}
	must(t, s.Commit(oneOfEach(4)))
	must(t, s.Check())
}

func TestAStateIsExportedWhileCommitsAreMade(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	s.windows.sizes = windowSizes{least: 3000, shard: 700, step: 300, room: 200}
	stop, done := make(chan struct{}), make(chan error, 1)
	must(t, s.Commit(&Commit{}))
	go func() {
		for n := 2; ; n++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			var windows []WindowState
			for i := range 8 {
				windows = append(windows, WindowState{Feed: "f", Key: fmt.Sprint((n + i) % 30), State: fmt.Appendf(nil, "%d", n)})
			}
			if err := s.Commit(&Commit{Windows: windows, Generation: fmt.Sprint(n), Rejects: []Reject{{Reason: "r"}}}); err != nil {
				done <- err
				return
			}
		}
	}()
	for range 12 {
		to := t.TempDir()
		found, err := Import(exported(t, dir), to)
		must(t, err)
		if found.Commit > 1 && found.Generation != fmt.Sprint(found.Commit) {
			t.Errorf("commit %d with the generation of commit %s", found.Commit, found.Generation)
		}
		// Every key holds what the last commit that touched it wrote: the window log is of the same commit.
		copied := openStore(t, to, nil)
		for name, state := range viewOf(t, copied).Windows {
			want := uint64(0)
			for n := uint64(2); n <= found.Commit; n++ {
				for i := range uint64(8) {
					if name[1] == fmt.Sprint((n+i)%30) {
						want = n
					}
				}
			}
			if state != fmt.Sprint(want) {
				t.Fatalf("export of commit %d: key %s is of commit %s, not %d", found.Commit, name[1], state, want)
			}
		}
		must(t, copied.Close())
	}
	close(stop)
	must(t, <-done)
	if s.head.windows.File < 3 {
		t.Error("no file was replaced meanwhile: the test looks at nothing")
	}
}

// Some bits of a compressed stream mean nothing: what is unpacked is then what its sums say.
func TestAnArchiveWithAFlippedBitIsRefusedOrTheSame(t *testing.T) {
	t.Parallel()
	dir, _, want := closed(t)
	whole := readFile(t, exported(t, dir))
	path, to := filepath.Join(t.TempDir(), "bad"), t.TempDir()
	refused := 0
	for i := 0; i < len(whole); i += max(1, len(whole)/tier(150, len(whole))) {
		bad := bytes.Clone(whole)
		bad[i] ^= 1 << (i % 8)
		must(t, os.WriteFile(path, bad, 0o600))
		if _, err := Import(path, to); err != nil {
			if !strings.Contains(err.Error(), path) {
				t.Fatalf("byte %d: %v", i, err)
			}
			must(t, refuseFull(to))
			refused++
			continue
		}
		s := openStore(t, to, nil)
		if diff := cmp.Diff(want, viewOf(t, s)); diff != "" {
			t.Errorf("byte %d: %s", i, diff)
		}
		must(t, s.Close())
		to = t.TempDir()
	}
	if refused < 100 {
		t.Errorf("only %d were refused: the test looks at nothing", refused)
	}
	must(t, os.WriteFile(path, whole[:len(whole)-10], 0o600))
	if _, err := Import(path, to); err == nil {
		t.Error("an archive that was cut was imported")
	}
	must(t, os.WriteFile(path, whole, 0o600))
	_, err := Import(path, to)
	must(t, err)
}

func TestImportRefusesAFolderThatIsNotEmptyOrInUse(t *testing.T) {
	dir, _, _ := closed(t)
	archive := exported(t, dir)
	if _, err := Import(archive, dir); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("got %v", err)
	}
	to := t.TempDir()
	lock, err := (&fsx.FS{}).Lock(filepath.Join(to, lockName))
	must(t, err)
	defer lock.Release()
	var locked *fsx.LockedError
	if _, err := Import(archive, to); !errors.As(err, &locked) || locked.PID != os.Getpid() {
		t.Errorf("got %v", err)
	}
}

func TestExportOverwritesNothing(t *testing.T) {
	dir, _, _ := closed(t)
	to := exported(t, dir)
	if _, err := Export(dir, to, ""); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("got %v", err)
	}
}

func TestADamagedStateIsNotExported(t *testing.T) {
	dir, _, _ := closed(t)
	path := filepath.Join(dir, databaseName)
	b := readFile(t, path)
	must(t, os.WriteFile(path, bytes.ReplaceAll(b, []byte("PC 0 "), []byte("PC 1 ")), 0o600))
	to := filepath.Join(t.TempDir(), "x"+archiveExt)
	var d *fsx.Damage
	if _, err := Export(dir, to, ""); !errors.As(err, &d) || d.File != path {
		t.Errorf("got %v", err)
	}
	if left, _ := os.ReadDir(filepath.Dir(to)); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A kill of an import leaves an empty folder, the whole state, or a folder that a daemon refuses to take for a state.
func TestAKillAtAnyStepOfAnImportIsNeverTakenForAState(t *testing.T) {
	t.Parallel()
	source, _, want := closed(t)
	archive, to := exported(t, source), t.TempDir()
	var images, steps []string
	fs := &fsx.FS{Fault: func(op, path string) error {
		images, steps = append(images, image(t, to)), append(steps, op+" "+filepath.Base(path))
		return nil
	}}
	_, err := importInto(fs, archive, to)
	must(t, err)
	images, steps = append(images, to), append(steps, "the end")
	outcomes := map[string]int{}
	for i, dir := range images {
		s, err := Open(Options{Dir: dir, Sinks: []string{"file", "hook"}})
		var d *fsx.Damage
		switch {
		case errors.As(err, &d) && strings.Contains(d.What, "cut short"):
			outcomes["refused"]++
			continue
		case err != nil:
			t.Errorf("killed at %s: %v", steps[i], err)
			continue
		}
		if got := viewOf(t, s); got.Commit == 0 {
			outcomes["empty"]++
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("killed at %s: %s", steps[i], diff)
		} else {
			outcomes["whole"]++
		}
		must(t, s.Close())
	}
	if outcomes["refused"] < 5 || outcomes["whole"] < 1 || outcomes["empty"] > 3 {
		t.Errorf("outcomes: %v", outcomes)
	}
}

func TestAnImportOntoAFullDiskLeavesTheFolderEmpty(t *testing.T) {
	source, _, _ := closed(t)
	archive, to := exported(t, source), t.TempDir()
	for n := 1; ; n++ {
		writes := 0
		fs := &fsx.FS{Fault: func(op, path string) error {
			if op == fsx.OpWrite {
				if writes++; writes == n {
					return syscall.ENOSPC
				}
			}
			return nil
		}}
		_, err := importInto(fs, archive, to)
		if err == nil {
			if n < 5 {
				t.Errorf("only %d writes", n-1)
			}
			return
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("write %d: %v", n, err)
		}
		must(t, refuseFull(to))
	}
}

func TestCompactingKeepsTheStateAndGivesRoomBack(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	s.windows.sizes.shard = 2000 // several shards
	for n := range 200 {
		must(t, s.Commit(&Commit{Windows: []WindowState{{Feed: "f", Key: fmt.Sprint(n % 20), State: bytes.Repeat([]byte{byte(n)}, 200)}},
			Records: []KeptRecord{{ID: idOf(n % 256), Time: timeOf(n % 256), Until: int64(n), Record: recordOf(n)}}}))
	}
	must(t, s.Commit(&Commit{Forget: 190}))
	want := viewOf(t, s)
	c, err := s.Compact()
	must(t, err)
	if c.WindowsAfter > 6000 || c.WindowsBefore < 40000 || c.DatabaseAfter >= c.DatabaseBefore {
		t.Errorf("%+v", c)
	}
	must(t, s.Commit(&Commit{}))
	got := viewOf(t, s)
	want.Commit = got.Commit
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	must(t, s.Check())
	must(t, s.Close())
	if diff := cmp.Diff(want, viewOf(t, openStore(t, dir, nil))); diff != "" {
		t.Error(diff)
	}
}
