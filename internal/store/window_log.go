package store

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"probity/internal/fsx"
)

// minCompact is the size in bytes below which a window log is left as it is.
const minCompact = 1 << 20

// windowHead is where the window log ends.
type windowHead struct {
	File int   // number of the file
	Size int64 // its committed bytes
	Base int64 // how many of them are the snapshot that it began with
}

// windowLog is the log of changed window states. It is for one goroutine.
type windowLog struct {
	fs         *fsx.FS
	dir        string
	minCompact int64
	head       windowHead // of what was appended whole
	file       *fsx.Appender
	buf        []byte
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
		digits, _ := strings.CutPrefix(strings.TrimSuffix(p.Name(), ".log"), "windows-")
		if n, err := strconv.Atoi(digits); err == nil && filepath.Base(windowsPath(dir, n)) == p.Name() {
			list = append(list, n)
		}
	}
	return list, nil
}

// openWindows opens the log that ends, committed, at head with commit's frames. Nothing is cut yet: see rewind.
func openWindows(fs *fsx.FS, dir string, head windowHead, commit uint64) (*windowLog, error) {
	l := &windowLog{fs: fs, dir: dir, minCompact: minCompact, head: head}
	if err := l.check(commit); err != nil {
		return nil, err
	}
	return l, l.openFile(head.File)
}

func (l *windowLog) openFile(n int) (err error) {
	if err := l.close(); err != nil {
		return err
	}
	l.file, err = l.fs.OpenAppend(windowsPath(l.dir, n), 0o600)
	return err
}

func (l *windowLog) close() error {
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}

// append adds the states of a commit and makes them durable. If the log has outgrown its snapshot, the live states are
// written to a new file first, and the commit's states go there.
func (l *windowLog) append(commit uint64, states []WindowState) (windowHead, error) {
	next := l.head
	if next.Size > l.minCompact && next.Size > 2*next.Base {
		var err error
		if next, err = l.compact(commit - 1); err != nil {
			return windowHead{}, fmt.Errorf("writing a snapshot of the window states: %w", err)
		}
	}
	var err error
	if l.buf, err = encodeFrames(l.buf[:0], commit, states); err != nil {
		return windowHead{}, err
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

// compact writes the live states into the next file, as frames of the last commit, and goes on there. The old file stays
// until the commit that points to the new one is in the database. One whole snapshot in one commit: it will be written
// shard by shard, a shard a commit, when one pause is too long; the database then points to a file a shard.
func (l *windowLog) compact(commit uint64) (windowHead, error) {
	old := l.file
	l.file = nil
	defer old.Close()
	n := l.head.File + 1
	if err := l.fs.Remove(windowsPath(l.dir, n)); err != nil { // of an attempt that was given up
		return windowHead{}, err
	}
	if err := l.openFile(n); err != nil {
		return windowHead{}, err
	}
	var payload []byte
	flush := func() error {
		l.buf = appendFrame(l.buf[:0], commit, payload)
		payload = payload[:0]
		return l.file.Append(l.buf)
	}
	err := eachLive(old, l.head.Size, func(s savedState) error {
		payload = appendState(payload, &WindowState{Feed: string(s.feed), Key: string(s.key), State: s.state})
		if len(payload) >= targetFrame {
			return flush()
		}
		return nil
	})
	if err == nil {
		err = flush() // perhaps empty: a file without states is whole too
	}
	if err != nil {
		return windowHead{}, l.damaged(err)
	}
	return windowHead{File: n, Base: l.file.Size()}, nil
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
	l.head = to
	return l.removeOthers()
}

// removeOthers removes the files that the committed one has replaced, and those that were never committed.
func (l *windowLog) removeOthers() error {
	files, err := windowFiles(l.dir)
	if err != nil {
		return err
	}
	for _, n := range files {
		if n != l.head.File {
			if err := l.fs.Remove(windowsPath(l.dir, n)); err != nil {
				return err
			}
		}
	}
	return nil
}

// each calls fn for every live state.
func (l *windowLog) each(fn func(s savedState) error) error {
	return l.damaged(eachLive(l.file, l.head.Size, fn))
}

// damaged turns a frame's fault inside committed bytes into damage.
func (l *windowLog) damaged(err error) error {
	var at *frameError
	if errors.As(err, &at) {
		return windowDamage(windowsPath(l.dir, l.head.File), at.offset, at.err.Error())
	}
	return err
}

// frameError is a fault in the bytes at an offset.
type frameError struct {
	offset int64
	err    error
}

func (e *frameError) Error() string { return fmt.Sprintf("byte %d: %v", e.offset, e.err) }
func (e *frameError) Unwrap() error { return e.err }

// eachFrame calls fn for every frame in the first size bytes.
func eachFrame(r io.ReaderAt, size int64, fn func(frame) error) error {
	frames := frameReader{r: r, end: size}
	for {
		f, err := frames.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if errors.Is(err, errTorn) || errors.Is(err, errMagic) || errors.Is(err, errSum) {
			return &frameError{offset: frames.at, err: err}
		}
		if err != nil {
			return err
		}
		if err := fn(f); errors.Is(err, errState) {
			return &frameError{offset: f.offset, err: err}
		} else if err != nil {
			return err
		}
	}
}

// eachLive calls fn for the last state of every key that is not gone, in the order of the file. It reads the file twice and
// remembers a place a key, under a keyed 128-bit hash: a plain one would let whoever chooses keys hide one behind another.
func eachLive(r io.ReaderAt, size int64, fn func(savedState) error) error {
	type name [2]uint64
	seeds := [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}
	var buf []byte
	nameOf := func(s savedState) (n name) {
		buf = appendText(buf[:0], string(s.feed))
		buf = append(buf, s.key...)
		return name{maphash.Bytes(seeds[0], buf), maphash.Bytes(seeds[1], buf)}
	}
	last := map[name]int64{}
	err := eachFrame(r, size, func(f frame) error {
		return eachState(f.payload, func(offset int, s savedState) error {
			if s.state == nil {
				delete(last, nameOf(s))
			} else {
				last[nameOf(s)] = f.offset + int64(offset)
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	return eachFrame(r, size, func(f frame) error {
		return eachState(f.payload, func(offset int, s savedState) error {
			if at, ok := last[nameOf(s)]; !ok || at != f.offset+int64(offset) {
				return nil
			}
			return fn(s)
		})
	})
}
