package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"probity/internal/fsx"
)

// windowHead is where the window log ends, and how far it has come in being written anew.
type windowHead struct {
	File         int   // number of the file that is appended to
	Size         int64 // its committed bytes
	Base         int64 // how many of them are snapshots of shards
	Old          int   // number of the file before, while its live states are being written into File; 0: there is none
	OldSize      int64 // its bytes, all of them committed
	Shards, Done int   // into how many shards the old file's states are cut, and how many of these stand in File
}

// windowSizes says when and in what pieces the log is written anew; tests have their own.
type windowSizes struct {
	least int64 // bytes below which a log is left as it is
	shard int64 // bytes of the old file that make a shard, about
	step  int64 // bytes of the old file that a commit sorts, at least
	room  int   // bytes of sorted states kept in memory before a scratch file takes them
}

var usualSizes = windowSizes{least: 1 << 20, shard: 2 << 20, step: 4 << 20, room: 4 << 20}

// outgrown is how many times its snapshot a log has when it is written anew. A start reads as much, at most; at twice, what is
// written anew for a byte that is appended costs half as much again.
const outgrown = 3

// maxKeptBuffer is what the memory of a great commit may hold on to.
const maxKeptBuffer = 8 << 20

// windowLog is the log of changed window states. It is for one goroutine, and keeps nothing in memory of the states.
type windowLog struct {
	fs    *fsx.FS
	dir   string
	sizes windowSizes
	head  windowHead // of what was appended whole
	file  *fsx.Appender
	cycle *cycle // nil: not begun since the start
	due   bool   // the log is written anew, whatever it has outgrown
	buf   []byte

	frames *int64 // nil, or counts the frames that check reads
}

func windowsPath(dir string, n int) string {
	return filepath.Join(dir, fmt.Sprintf("windows-%06d.log", n))
}

// windowFiles lists the numbers of the window log's files.
func windowFiles(dir string) ([]int, error) {
	paths, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []int
	for _, p := range paths {
		if n := windowsNumber(p.Name()); n != 0 {
			list = append(list, n)
		}
	}
	return list, nil
}

// windowsNumber is the number of a window log's file, 0 if it is none.
func windowsNumber(name string) int {
	digits, _ := strings.CutPrefix(strings.TrimSuffix(name, ".log"), "windows-")
	if n, err := strconv.Atoi(digits); err == nil && windowsPath("", n) == name {
		return n
	}
	return 0
}

// openWindows opens the log that ends, committed, at head with commit's frames. Nothing is cut yet: see rewind.
func openWindows(fs *fsx.FS, dir string, head windowHead, commit uint64) (*windowLog, error) {
	l := &windowLog{fs: fs, dir: dir, sizes: usualSizes, head: head}
	if err := l.check(commit); err != nil {
		return nil, err
	}
	return l, l.openFile(head.File)
}

func (l *windowLog) openFile(n int) (err error) {
	if err := l.closeFile(); err != nil {
		return err
	}
	l.file, err = l.fs.OpenAppend(windowsPath(l.dir, n), 0o600)
	return err
}

func (l *windowLog) closeFile() error {
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}

func (l *windowLog) close() error { return errors.Join(l.closeFile(), l.endCycle()) }

// append adds the states of a commit and makes them durable. A log that has outgrown its live states goes on in a new file,
// into which each commit also writes the live states of one shard of the old.
func (l *windowLog) append(commit uint64, states []WindowState) (windowHead, error) {
	next := l.head
	if next.Old == 0 && (l.due || next.Size > l.sizes.least && next.Size > outgrown*next.Base) {
		var err error
		if next, err = l.begin(next); err != nil {
			return windowHead{}, fmt.Errorf("beginning a new window log: %w", err)
		}
	}
	if cap(l.buf) > maxKeptBuffer {
		l.buf = nil
	}
	var err error
	if l.buf, err = encodeFrames(l.buf[:0], commit, states); err != nil {
		return windowHead{}, err
	}
	if next.Old != 0 {
		if next, err = l.snapshot(commit, next); err != nil {
			return windowHead{}, fmt.Errorf("writing a snapshot of window states: %w", err)
		}
	}
	if err := l.file.Append(l.buf); err != nil {
		return windowHead{}, err
	}
	if err := l.file.Sync(); err != nil {
		return windowHead{}, err
	}
	next.Size = l.file.Size()
	l.head = next
	return next, nil
}

// rewind takes the log back to an earlier head: it cuts what lies behind, and removes every other file.
func (l *windowLog) rewind(to windowHead) error {
	if l.file == nil || l.file.Path() != windowsPath(l.dir, to.File) {
		if err := l.openFile(to.File); err != nil {
			return err
		}
	}
	if err := l.file.Truncate(to.Size); err != nil {
		return err
	}
	if l.cycle != nil && l.cycle.file != to.Old {
		if err := l.endCycle(); err != nil {
			return err
		}
	}
	l.head = to
	return l.removeOthers()
}

// removeOthers removes the files that were replaced, and those that were never committed.
func (l *windowLog) removeOthers() error {
	files, err := windowFiles(l.dir)
	if err != nil {
		return err
	}
	for _, n := range files {
		if n != l.head.File && n != l.head.Old {
			if err := l.fs.Remove(windowsPath(l.dir, n)); err != nil {
				return err
			}
		}
	}
	return nil
}

// part is committed bytes of one file.
type part struct {
	file int
	r    io.ReaderAt
	size int64
}

// each calls fn for every live state, from up to so many workers at once; the state lives until fn returns. What it needs of
// memory does not grow with the log: the states are sorted into shards on the disk, and each worker has one in memory.
func (l *windowLog) each(workers int, fn func(worker int, s savedState) error) (err error) {
	parts := []part{{l.head.File, l.file, l.head.Size}}
	if l.head.Old != 0 {
		old, err := os.Open(windowsPath(l.dir, l.head.Old))
		if err != nil {
			return err
		}
		defer old.Close()
		parts = []part{{l.head.Old, old, l.head.OldSize}, parts[0]}
	}
	s := newSorter(l.fs, l.dir, l.sizes, parts)
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.all(); err != nil {
		return l.damaged(err)
	}
	failed := make([]error, workers)
	var stop atomic.Bool
	byWorkers(workers, s.shards, func(worker, shard int) {
		if stop.Load() {
			return
		}
		if err := s.live(shard, func(w savedState) error { return fn(worker, w) }); err != nil {
			failed[worker] = l.damaged(err)
			stop.Store(true)
		}
	})
	return errors.Join(failed...)
}

// damaged turns a fault inside committed bytes into damage.
func (l *windowLog) damaged(err error) error {
	if errors.Is(err, errLone) {
		return &fsx.Damage{File: windowsPath(l.dir, l.head.File), What: err.Error(), Do: restore}
	}
	var at *frameError
	if errors.As(err, &at) {
		return windowDamage(windowsPath(l.dir, at.file), at.offset, at.err.Error())
	}
	return err
}

// frameError is a fault in the bytes at an offset.
type frameError struct {
	file   int
	offset int64
	err    error
}

func (e *frameError) Error() string { return fmt.Sprintf("byte %d: %v", e.offset, e.err) }
func (e *frameError) Unwrap() error { return e.err }

// eachFrame calls fn for every frame of p.
func eachFrame(p part, fn func(frame) error) error {
	frames := frameReader{r: p.r, end: p.size}
	for {
		f, err := frames.nextOf(p.file)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := fn(f); errors.Is(err, errState) {
			return &frameError{file: p.file, offset: f.offset, err: err}
		} else if err != nil {
			return err
		}
	}
}

// nextOf is next for committed bytes: what is wrong with them has its place.
func (r *frameReader) nextOf(file int) (frame, error) {
	f, err := r.next()
	if errors.Is(err, errTorn) || errors.Is(err, errMagic) || errors.Is(err, errSum) {
		err = &frameError{file: file, offset: r.at, err: err}
	}
	return f, err
}
