package fsx

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestAScratchFileHasNoNameAndIsReadAsItWasWritten(t *testing.T) {
	dir := t.TempDir()
	fs, _ := failAt(3, &ShortWrite{Bytes: 2, Err: syscall.ENOSPC}) // create, write, then this write
	s, err := fs.Scratch(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("it is seen: %v", got)
	}
	if at, err := s.Append([]byte("one")); at != 0 || err != nil {
		t.Fatal(at, err)
	}
	if _, err := s.Append([]byte("two")); !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if at, err := s.Append([]byte("three")); at != 3 || err != nil { // what was cut short is written over
		t.Fatal(at, err)
	}
	p := make([]byte, 8)
	if _, err := s.ReadAt(p, 0); err != nil || string(p) != "onethree" {
		t.Errorf("%q %v", p, err)
	}
}

func TestAFileIsCreatedWholeOrNotAtAll(t *testing.T) {
	for n := 1; ; n++ {
		dir := t.TempDir()
		path := filepath.Join(dir, "archive")
		fs, _ := failAt(n, syscall.EIO)
		err := fs.Create(path, 0o600, func(w io.Writer) error {
			for i := range 3 {
				if _, err := fmt.Fprintf(w, "part %d\n", i); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil {
			if got := read(t, path); got != "part 0\npart 1\npart 2\n" || n != 8 { // create, three writes, sync, rename, syncdir
				t.Errorf("step %d: %q", n, got)
			}
			return
		}
		if !errors.Is(err, syscall.EIO) {
			t.Errorf("step %d: %v", n, err)
		}
		if got := names(t, dir); len(got) != 0 && n < 7 {
			t.Errorf("step %d left %v", n, got)
		}
	}
}

func TestARenameIsDurableInBothFolders(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "a", "x"), filepath.Join(dir, "b", "x")
	for _, path := range []string{from, to} {
		if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(from, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	fs, steps := failAt(0, nil)
	if err := fs.Rename(from, to); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(*steps); got != "[rename x syncdir b syncdir a]" || read(t, to) != "x" {
		t.Errorf("steps %s", got)
	}
}
