package store

import (
	"errors"
	"os"
)

// cycle writes the live states of an old file into the new one, shard by shard, a shard a commit. After a restart it sorts the
// old file again and goes on behind the shards that are committed.
type cycle struct {
	file   int // the old one's number
	old    *os.File
	sorter *sorter
}

// begin goes on in a new file. The old one stays until a commit has every shard of it in the new one.
func (l *windowLog) begin(from windowHead) (windowHead, error) {
	n := from.File + 1
	if err := l.fs.Remove(windowsPath(l.dir, n)); err != nil { // of an attempt that was given up
		return windowHead{}, err
	}
	if err := l.openFile(n); err != nil {
		return windowHead{}, err
	}
	return windowHead{File: n, Old: from.File, OldSize: from.Size, Shards: l.sizes.shards(from.Size)}, nil
}

// snapshot adds the frames of the next shard to the buffer, once the old file is sorted; until then it sorts a piece of it,
// greater than what the commit itself adds to the log, so that the end comes nearer.
func (l *windowLog) snapshot(commit uint64, next windowHead) (windowHead, error) {
	if err := l.beginCycle(next); err != nil {
		return next, err
	}
	if done, err := l.cycle.sorter.step(l.sizes.step + 4*int64(len(l.buf))); err != nil || !done {
		return next, l.damaged(err)
	}
	before, begin := len(l.buf), -1 // begin: of the frame that is not ended; -1: there is none
	flush := func() {
		endFrame(l.buf[begin:])
		begin = -1
	}
	err := l.cycle.sorter.live(next.Done, func(s savedState) error {
		if begin < 0 {
			begin = len(l.buf)
			l.buf = beginFrame(l.buf, snapshotMagic, commit)
		}
		if l.buf = append(l.buf, s.whole...); len(l.buf)-begin >= frameHead+targetFrame {
			flush()
		}
		return nil
	})
	if err != nil {
		return next, l.damaged(err)
	}
	if begin >= 0 {
		flush()
	}
	next.Base += int64(len(l.buf) - before)
	if next.Done++; next.Done == next.Shards {
		next.Old, next.OldSize, next.Shards, next.Done = 0, 0, 0, 0
	}
	return next, nil
}

func (l *windowLog) beginCycle(h windowHead) error {
	if l.cycle != nil && l.cycle.file == h.Old {
		return nil
	}
	if err := l.endCycle(); err != nil {
		return err
	}
	old, err := os.Open(windowsPath(l.dir, h.Old))
	if err != nil {
		return err
	}
	s := newSorter(l.fs, l.dir, l.sizes, []part{{h.Old, old, h.OldSize}})
	s.shards = h.Shards // as they were counted when it was begun
	l.cycle = &cycle{file: h.Old, old: old, sorter: s}
	return nil
}

func (l *windowLog) endCycle() error {
	if l.cycle == nil {
		return nil
	}
	err := errors.Join(l.cycle.sorter.close(), l.cycle.old.Close())
	l.cycle = nil
	return err
}
