package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"probity/internal/fsx"
)

// eachWritten calls fn for every state in the bytes of a window log with its frame's place; what fn changes gets a checksum that
// fits.
func eachWritten(log []byte, fn func(frame int64, s savedState)) {
	for at := 0; at < len(log); {
		end := at + frameHead + int(binary.LittleEndian.Uint32(log[at+4:]))
		_ = eachState(frame{payload: log[at+frameHead : end]}, func(_ int, s savedState) error {
			fn(int64(at), s)
			return nil
		})
		endFrame(log[at:end])
		at = end
	}
}

// In each folder the whole state of key k is gone from the log, and what changed of it is still there.
func TestACheckFindsTheChangesOfAStateThatIsMissing(t *testing.T) {
	whole := func(key string) WindowState { return WindowState{Feed: "f", Key: key, State: []byte("state")} }
	more := func(key string) WindowState {
		return WindowState{Feed: "f", Key: key, State: []byte("more"), More: true}
	}
	for _, test := range []struct {
		name    string
		commits [][]WindowState
		anew    bool // the log is written anew before the last commit
		want    string
	}{
		{"in a commit before", [][]WindowState{{whole("k"), whole("a")}, {more("a"), more("k")}, {more("k")}}, false, "(2 changes in this file, the first in the frame here)"},
		{"in the same commit", [][]WindowState{{whole("a"), whole("k"), more("k")}}, false, "(1 changes in this file, the first in the frame here)"},
		{"in a snapshot", [][]WindowState{{whole("k")}, {more("k")}, {more("k")}}, true, "(1 changes in this file, the first in the frame here)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			s := openStore(t, dir, nil)
			for i, windows := range test.commits {
				if test.anew && i == len(test.commits)-1 {
					_, err := s.Compact()
					must(t, err)
				}
				must(t, s.Commit(&Commit{Windows: windows}))
			}
			must(t, s.Check())
			path := windowsPath(dir, s.head.windows.File)
			must(t, s.Close())

			log, first := readFile(t, path), int64(-1)
			eachWritten(log, func(frame int64, s savedState) {
				if string(s.key) == "k" && !s.more {
					s.key[0] = 'x'
				}
				if string(s.key) == "k" && first < 0 {
					first = frame
				}
			})
			must(t, os.WriteFile(path, log, 0o600))

			r, err := Inspect(dir)
			must(t, err)
			want := Finding{File: path, At: fmt.Sprintf("byte %d", first), What: errLone.Error() + " " + test.want, Do: restore}
			if len(r.Findings) != 1 || r.Findings[0] != want {
				t.Errorf("found %+v, want %+v", r.Findings, want)
			}
			s = openStore(t, dir, nil)
			var said, refused *fsx.Damage
			if err := s.EachWindow(1, func(int, string, string, []byte) error { return nil }); !errors.As(err, &refused) || refused.File != path {
				t.Errorf("a start says %v", err)
			}
			if err := s.Check(); !errors.As(err, &said) || Finding(*said) != want {
				t.Errorf("the store says %v", err)
			}
		})
	}
}

// While a log is written anew, a change that lies behind nothing may have been overtaken by a state in the new file: a start goes on
// with that, and the commits that read the old file alone do not.
func TestACheckReadsTheOldFileAsItIsWrittenAnew(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	s.windows.sizes = windowSizes{least: 1 << 40, shard: 1 << 20, step: 1, room: 1 << 20}
	k := WindowState{Feed: "f", Key: "k", State: []byte("state")}
	must(t, s.Commit(&Commit{Windows: []WindowState{k, {Feed: "f", Key: "a", State: make([]byte, 1000)}}}))
	must(t, s.Commit(&Commit{Windows: []WindowState{{Feed: "f", Key: "k", State: []byte("more"), More: true}}}))
	s.windows.sizes.least = 0 // and one commit does not sort all of that
	must(t, s.Commit(&Commit{Windows: []WindowState{k}}))
	if s.head.windows.Old != 1 {
		t.Fatalf("head %+v: the log is not being written anew", s.head.windows)
	}
	must(t, s.Close())
	path := windowsPath(dir, 1)
	log := readFile(t, path)
	eachWritten(log, func(_ int64, s savedState) {
		if !s.more {
			s.key[0] = 'x'
		}
	})
	must(t, os.WriteFile(path, log, 0o600))
	r, err := Inspect(dir)
	must(t, err)
	if len(r.Findings) != 1 || r.Findings[0].File != path {
		t.Errorf("found %+v", r.Findings)
	}
	s = openStore(t, dir, nil)
	must(t, s.EachWindow(1, func(int, string, string, []byte) error { return nil }))
	var d *fsx.Damage
	if err := s.Commit(&Commit{}); !errors.As(err, &d) {
		t.Errorf("a commit says %v", err)
	}
}

// Of any log that is being written anew or not, and has lost any states: a check finds damage just where a start or the commits that
// follow would not go on.
func TestACheckFindsWhatAStartOrACommitRefuses(t *testing.T) {
	t.Parallel()
	base, run, found, none := t.TempDir(), 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		x := &logModel{fs: &fsx.FS{}, dir: filepath.Join(base, fmt.Sprint(run)), states: map[string]string{}, sizes: windowSizes{
			least: int64(rapid.IntRange(0, 800).Draw(rt, "least")), shard: 200, step: int64(rapid.IntRange(1, 200).Draw(rt, "step")), room: rapid.IntRange(1, 500).Draw(rt, "room")}}
		must(t, os.Mkdir(x.dir, 0o700))
		x.open(rt, windowHead{File: 1})
		defer func() { x.log.close() }()
		for range rapid.IntRange(1, 40).Draw(rt, "commits") {
			x.append(rt)
		}
		head := x.log.head
		must(t, x.log.close())
		for _, n := range []int{head.Old, head.File} {
			if n == 0 {
				continue
			}
			lost := rapid.StringMatching(`([1-3]?[0-9])?`).Draw(rt, "lost") // a key
			after := rapid.IntRange(0, 3).Draw(rt, "after")
			log := readFile(t, windowsPath(x.dir, n))
			eachWritten(log, func(_ int64, s savedState) {
				if after--; after < 0 && string(s.key) == lost && !s.more {
					s.key[0] = 'x'
				}
			})
			must(t, os.WriteFile(windowsPath(x.dir, n), log, 0o600))
		}
		x.open(rt, head)

		check := &windowLog{fs: x.fs, dir: x.dir, sizes: x.sizes, head: head}
		said := ""
		must(t, check.checkCommitted(x.commit))
		must(t, check.checkChanges(x.dir, func(err error) { said += err.Error() }))
		err := x.log.each(1, func(int, savedState) error { return nil })
		for range 300 { // until the old file, if there is one, is written anew
			if err != nil || x.log.head.Old == 0 {
				break
			}
			x.commit++
			_, err = x.log.append(x.commit, nil)
		}
		var d *fsx.Damage
		if err != nil && !errors.As(err, &d) {
			rt.Fatal(err)
		}
		// Of an old file, the shards that are written anew already are not read again.
		if (err != nil) != (said != "") && (err != nil || head.Done == 0) {
			rt.Fatalf("head %+v: a check says %q, and otherwise %v", head, said, err)
		}
		if said == "" {
			none++
		} else if found++; !strings.Contains(said, errLone.Error()) || strings.Contains(said, `"`) {
			rt.Fatalf("a check says %s", said)
		}
	})
	if found == 0 || none == 0 {
		t.Errorf("a poor test: damage was found in %d logs, and in %d not", found, none)
	}
}

// What a check sorts is names and places, whatever is in the states.
func TestACheckSortsNoStates(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	var windows []WindowState
	for n := range 2000 {
		windows = append(windows, WindowState{Feed: "f", Key: fmt.Sprint(n), State: make([]byte, 4000)})
	}
	must(t, s.Commit(&Commit{Windows: windows}))
	must(t, s.Close())
	written := 0
	fs := &fsx.FS{Fault: func(op, _ string) error {
		if op == fsx.OpWrite {
			written++
		}
		return nil
	}}
	l := &windowLog{fs: fs, dir: dir, sizes: windowSizes{shard: 2 << 20, room: 64 << 10}, head: s.head.windows}
	must(t, l.checkChanges(t.TempDir(), func(err error) { t.Error(err) }))
	if written > 1 {
		t.Errorf("%d writes to the scratch file for %d bytes of names", written, 2000*8)
	}
}

// Nobody but a forger writes such numbers, as the row has a checksum; a commit is not to fall over them.
func TestShardsThatNobodyWritesAreDamage(t *testing.T) {
	for _, n := range [][2]int{{0, 0}, {4, 4}, {4, -1}, {1 << 40, 0}} {
		dir, _ := halfSnapshot(t)
		s := openStore(t, dir, nil)
		s.head.windows.Shards, s.head.windows.Done = n[0], n[1]
		must(t, s.db.put(headTable, s.head.row()...))
		must(t, s.Close())
		r, err := Inspect(dir)
		must(t, err)
		if len(r.Findings) != 1 || r.Findings[0].At != "table head" {
			t.Errorf("%v: found %+v", n, r.Findings)
		}
		s, err = Open(Options{Dir: dir})
		var d *fsx.Damage
		if !errors.As(err, &d) {
			t.Errorf("%v: a start says %v", n, err)
			s.Close()
		}
	}
}
