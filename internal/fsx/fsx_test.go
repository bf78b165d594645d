package fsx

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// failAt returns an FS whose n-th step (from 1) fails with err, and the list of steps asked about.
func failAt(n int, err error) (*FS, *[]string) {
	var steps []string
	return &FS{Fault: func(op, path string) error {
		steps = append(steps, op+" "+filepath.Base(path))
		if len(steps) == n {
			return err
		}
		return nil
	}}, &steps
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestWriteFileReplacesWholeOrNotAtAll(t *testing.T) {
	for n := 1; ; n++ {
		dir := t.TempDir()
		path := filepath.Join(dir, "config")
		if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		fs, steps := failAt(n, syscall.ENOSPC)
		err := fs.WriteFile(path, []byte("newer"), 0o640)
		if err == nil {
			want := []string{"create config", "write config", "sync config", "rename config", "syncdir " + filepath.Base(dir)}
			if diff := cmp.Diff(want, *steps); diff != "" {
				t.Error(diff)
			}
			if got := read(t, path); got != "newer" {
				t.Errorf("content %q", got)
			}
			if n != len(want)+1 {
				t.Errorf("failing step %d made no error", n)
			}
			return
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("step %d: %v", n, err)
		}
		if got := read(t, path); got != "old" && n <= 4 {
			t.Errorf("step %d left %q", n, got)
		}
		if diff := cmp.Diff([]string{"config"}, names(t, dir)); diff != "" {
			t.Errorf("step %d left files behind: %s", n, diff)
		}
	}
}

func TestAppendAfterAShortWriteIsCutAndRepeated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	fs, _ := failAt(4, &ShortWrite{Bytes: 2, Err: syscall.ENOSPC}) // create, syncdir, write, then this write
	a, err := fs.OpenAppend(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := a.Append([]byte("one\n")); err != nil {
		t.Fatal(err)
	}
	if err := a.Append([]byte("two\n")); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("got %v", err)
	}
	if got := read(t, path); got != "one\ntw" || a.Size() != 4 {
		t.Errorf("file %q, size %d", got, a.Size())
	}
	if err := a.Truncate(4); err != nil {
		t.Fatal(err)
	}
	if err := a.Append([]byte("two\n")); err != nil {
		t.Fatal(err)
	}
	if err := a.Sync(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path); got != "one\ntwo\n" || a.Size() != 8 {
		t.Errorf("file %q, size %d", got, a.Size())
	}
}

func TestTruncateRefusesToLengthenAFile(t *testing.T) {
	a, err := (&FS{}).OpenAppend(filepath.Join(t.TempDir(), "log"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := a.Truncate(1); err == nil || !strings.Contains(err.Error(), "it has only 0") {
		t.Errorf("got %v", err)
	}
}

func TestASecondLockIsRefusedAndNamesTheHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	var fs FS
	first, err := fs.Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = fs.Lock(path)
	var locked *LockedError
	if !errors.As(err, &locked) {
		t.Fatalf("got %v", err)
	}
	if diff := cmp.Diff(LockedError{Path: path, PID: os.Getpid()}, *locked); diff != "" {
		t.Error(diff)
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	again, err := fs.Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	again.Release()
}

// What a child of this process has for a moment, between its fork and what it executes, is the same open file.
func TestALockThatIsReleasedIsFreeWhileAChildStillHasItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	var fs FS
	first, err := fs.Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	child, err := unix.Dup(int(first.file.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(child)
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	again, err := fs.Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	again.Release()
}

func TestMkdirAllMakesMissingParentsAndFailsCleanly(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "a", "b")
	fs, steps := failAt(0, nil)
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	want := []string{"mkdir a", "syncdir " + filepath.Base(base), "mkdir b", "syncdir a"}
	if diff := cmp.Diff(want, *steps); diff != "" {
		t.Error(diff)
	}
	failing, _ := failAt(1, syscall.EIO)
	if err := failing.MkdirAll(filepath.Join(base, "c"), 0o700); !errors.Is(err, syscall.EIO) {
		t.Errorf("got %v", err)
	}
}

func TestRemoveOfAMissingFileIsNoError(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var fs FS
	for range 2 {
		if err := fs.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("left %v", got)
	}
}

func TestAppendAfterAShortWriteGoesOnBehindItAndIsWrittenAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	fs := &FS{}
	a, err := fs.OpenAppend(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	fs.Fault = func(op, _ string) error {
		if op == OpWrite {
			return &ShortWrite{Bytes: 2, Err: syscall.ENOSPC}
		}
		return nil
	}
	if err := a.Append([]byte("abcd\n")); !errors.Is(err, syscall.ENOSPC) || a.Size() != 0 {
		t.Errorf("short append: %v, size %d", err, a.Size())
	}
	if n, err := a.Settle(); n != 2 || err != nil {
		t.Fatalf("settled at %d, %v", n, err)
	}
	if err := a.Rewrite([]byte("abcd\n"), 0); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("rewrite: %v", err)
	}
	fs.Fault = nil
	for _, err := range []error{a.Append([]byte("cd\n")), a.Rewrite([]byte("abcd\n"), 0), a.Append([]byte("e\n"))} {
		if err != nil {
			t.Error(err)
		}
	}
	if got := read(t, path); got != "abcd\ne\n" || a.Size() != 7 {
		t.Errorf("%q, size %d", got, a.Size())
	}
}

func TestARenamedFileHasOneOfTheTwoNames(t *testing.T) {
	for n, want := range []string{"new", "old", "new"} { // no fault; before; in the fsync of the folder
		dir := t.TempDir()
		from, to := filepath.Join(dir, "old"), filepath.Join(dir, "new")
		if err := os.WriteFile(from, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		fs, steps := failAt(n, syscall.EIO)
		if err := fs.Rename(from, to); (err != nil) != (n > 0) {
			t.Errorf("fault at %d: %v", n, err)
		}
		if diff := cmp.Diff([]string{want}, names(t, dir)); diff != "" {
			t.Errorf("fault at %d, %v: %s", n, *steps, diff)
		}
	}
}
