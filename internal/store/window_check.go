package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"probity/internal/fsx"
)

const restore = "Keep the folder for the investigation and restore the state folder from a backup; " +
	"without one, move it away and let the daemon read the logs again from the start"

func windowDamage(file string, offset int64, what string) error {
	return &fsx.Damage{File: file, At: fmt.Sprintf("byte %d", offset), What: what, Do: restore}
}

// check compares the files with a committed head. It changes nothing: the tail is the proof that the database has lost
// commits, if it has.
func (l *windowLog) check(commit uint64) error {
	if h := l.head; h.Old != 0 && (h.Done < 0 || h.Done >= h.Shards || h.Shards > maxShards) {
		return &fsx.Damage{File: filepath.Join(l.dir, databaseName), At: "table head",
			What: fmt.Sprintf("of the window log, %d shards of %d are written anew, which no program writes", h.Done, h.Shards), Do: restore}
	}
	files, err := windowFiles(l.dir)
	if err != nil {
		return err
	}
	for _, n := range files {
		switch {
		case n > l.head.File+1:
			return windowDamage(windowsPath(l.dir, n), 0, fmt.Sprintf("the file is ahead of the database, which ends in file %d", l.head.File))
		case n == l.head.File+1:
			if err := l.checkTail(n, 0, commit); err != nil {
				return err
			}
		}
	}
	if err := l.checkCommitted(commit); err != nil {
		return err
	}
	return l.checkTail(l.head.File, l.head.Size, commit)
}

// checkCommitted reads every committed frame.
func (l *windowLog) checkCommitted(commit uint64) error {
	last := uint64(0)
	if l.head.Old != 0 {
		if err := l.checkFile(l.head.Old, l.head.OldSize, commit, &last); err != nil {
			return err
		}
	}
	if l.head.Size == 0 {
		return nil
	}
	if err := l.checkFile(l.head.File, l.head.Size, commit, &last); err != nil {
		return err
	}
	if last != commit {
		return windowDamage(windowsPath(l.dir, l.head.File), l.head.Size, fmt.Sprintf("the last committed frame is of commit %d; the database is at %d", last, commit))
	}
	return nil
}

// checkFile reads the frames of one file, which follow those of commit last.
func (l *windowLog) checkFile(n int, size int64, commit uint64, last *uint64) error {
	path := windowsPath(l.dir, n)
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return &fsx.Damage{File: path, What: fmt.Sprintf("the file is missing; %d bytes of it were committed", size), Do: restore}
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() < size {
		return windowDamage(path, info.Size(), fmt.Sprintf("the file ends here; %d bytes were committed", size))
	}
	err = eachFrame(part{n, f, size}, func(f frame) error {
		if f.commit < *last || f.commit > commit || *last != 0 && f.commit > *last+1 {
			return windowDamage(path, f.offset, fmt.Sprintf("a frame of commit %d after one of %d; the database is at %d", f.commit, *last, commit))
		}
		*last = f.commit
		if l.frames != nil {
			*l.frames++
		}
		return eachState(f, func(int, savedState) error { return nil })
	})
	return l.damaged(err)
}

// checkTail reads what was not committed. One commit ahead is a kill between two steps; more than that is a database that
// has gone back, which SQLite does in silence when its write-ahead log is damaged.
func (l *windowLog) checkTail(file int, from int64, commit uint64) error {
	path := windowsPath(l.dir, file)
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	frames := frameReader{r: f, at: from, end: info.Size()}
	for {
		got, err := frames.next()
		if err != nil {
			return nil // the end, or bytes of an append that was cut short
		}
		if got.commit > commit+1 {
			return windowDamage(path, got.offset, fmt.Sprintf("a whole frame of commit %d; the database is only at %d: it has lost commits", got.commit, commit))
		}
	}
}

// checkChanges tells bad of each file with changes of window states that lie behind no state, because that one is missing. No
// checksum says so, but whoever puts the states together refuses them: a start, which reads the whole log, or a commit that
// writes the old file anew, which reads that one alone. As they do, it sorts the log and has a shard in memory at a time; in
// place of the states it sorts where they stand, so that the scratch file in dir, a folder, is small.
func (l *windowLog) checkChanges(dir string, bad func(error)) error {
	var parts []part
	for _, p := range []part{{file: l.head.Old, size: l.head.OldSize}, {file: l.head.File, size: l.head.Size}} {
		if p.file == 0 || p.size == 0 {
			continue
		}
		f, err := os.Open(windowsPath(l.dir, p.file))
		if err != nil {
			return err
		}
		defer f.Close()
		p.r = f
		parts = append(parts, p)
		changes, first, err := l.loneChanges(dir, parts)
		if err != nil {
			return l.damaged(err)
		}
		if changes > 0 {
			bad(windowDamage(f.Name(), first, fmt.Sprintf("%v (%d changes in this file, the first in the frame here)", errLone, changes)))
		}
	}
	return nil
}

// loneChanges counts the changes in the last of these parts that lie behind no state in any of them, and says where the frame of
// the first is.
func (l *windowLog) loneChanges(dir string, parts []part) (changes int, first int64, err error) {
	s := newSorter(l.fs, dir, l.sizes, parts)
	s.placesOnly = true
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.all(); err != nil {
		return 0, 0, err
	}
	for shard := range s.shards {
		states, err := s.statesOf(shard)
		if err != nil {
			return 0, 0, err
		}
		err = bury(states, func(change *sorted) error {
			if int(change.rank)/ranks < len(parts)-1 {
				return nil // of a file before: it was found when that was looked at
			}
			at, _ := binary.Uvarint(change.state)
			if changes++; changes == 1 || int64(at) < first {
				first = int64(at)
			}
			return nil
		})
		if err != nil {
			return 0, 0, err
		}
	}
	return changes, first, nil
}
