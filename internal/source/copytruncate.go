package source

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"time"

	"go.uber.org/zap"
)

// Copytruncate is three steps of somebody else: older generations are renamed, the log is copied, the log is truncated. The
// follower can look at the directory between any two of them, and between any two renames.

// cutBack goes on in the copy of a file that was truncated; without one the rest is lost, which is said, and the file is read
// from its start.
func (c *chain) cutBack() error {
	c.stopLive()
	var outrun *place
	if c.follow && !c.whole {
		list, err := c.list()
		if err != nil {
			return err
		}
		list = withoutInode(list, c.gen.inode)
		if found, err := c.goOnInCopy(list); found || err != nil {
			return err
		}
		at := c.place()
		at.Offset = c.seen()
		if outrun, err = c.outrunCopy(list, at, c.cur.head()); err != nil {
			return err
		}
	}
	if c.follow && c.whole && c.beingRewritten() {
		return errUnsettled
	}
	c.declareCut()
	c.framer.Reset()
	c.changed = true
	if outrun != nil {
		c.finished(*outrun)
		c.cur.close()
		c.cur = nil
	} else if p, ok := c.cur.(*plain); ok {
		p.first = nil
	}
	c.restart()
	c.gen.size, c.headSum = 0, digest{N: -1}
	return nil
}

// beingRewritten says of a whole file that it is shorter than what was read of it because somebody is writing it again, as cp
// does with a longer version of it: what was read may yet stand there again.
func (c *chain) beingRewritten() bool {
	p, ok := c.cur.(*plain)
	if !ok {
		return false
	}
	st, err := p.facts()
	return err == nil && st.size < c.seen() && c.beingWritten(p.file, st)
}

// beingWritten says that somebody holds a file open for writing, as far as the kernel tells, and has written to it lately.
func (c *chain) beingWritten(f *os.File, st facts) bool {
	return c.now().Sub(time.Unix(0, st.mtime)) < c.grace && !nobodyWrites(f)
}

// declareCut says what was lost of a file that was cut back: as far as it is known to have been, or nobody knows how far.
func (c *chain) declareCut() {
	was := c.wasLong()
	if was == 0 {
		return
	}
	gap := Gap{Path: c.gen.path, From: c.pos, To: -1, Reason: GapTruncated}
	if was > c.pos {
		gap.To = was
	}
	c.gaps = append(c.gaps, gap)
	c.final = &Finished{Path: c.gen.path, Size: was}
	c.log.Warn("file truncated before it was read to its end", zap.String("stream", c.id), zap.Int64("offset", c.pos))
}

// wasLong is how long the open file is known to have been before it was cut back: when it was looked at last, or read.
func (c *chain) wasLong() int64 {
	if _, ok := c.cur.(*plain); ok {
		return max(c.gen.size, c.seen())
	}
	return c.seen()
}

// goOnInCopy looks for what the open file held among others, and goes on there. What is known to have been written between the
// copy and the truncation is lost.
func (c *chain) goOnInCopy(list []generation) (bool, error) {
	at := c.place()
	if at.bare() {
		return false, nil
	}
	i, err := c.locate(list, at)
	if err != nil || i < 0 {
		return false, err
	}
	if was := c.wasLong(); list[i].archive == "" && was > list[i].size {
		c.gaps = append(c.gaps, Gap{Path: c.gen.path, From: list[i].size, To: was, Reason: GapTruncated, Beyond: true})
	}
	return true, c.goOnIn(list[i], at)
}

// goOnIn leaves the open file for another one that holds the same bytes.
func (c *chain) goOnIn(g generation, at place) error {
	point := c.resumePoint()
	c.cur.close()
	c.cur, c.resume, c.wake, c.changed = nil, point, true, true
	_, err := c.openAt(g, at) // or else the committed place is looked for
	return err
}

// outrunCopy looks for a copy of the file at p that ends before p, because the file was read on between the copy and the
// truncation. It is nil if there is none. first is the head of which p has the hash; without it a copy that is shorter than
// the head cannot be told.
func (c *chain) outrunCopy(list []generation, p place, first []byte) (*place, error) {
	if p.Head.N == 0 {
		return nil, nil
	}
	finished, err := c.lastFinished(list)
	if err != nil {
		return nil, err
	}
	for i := len(list) - 1; i > finished; i-- {
		g := list[i]
		if g.size == 0 || g.age.rank == current || g.Born != 0 && g.Born < p.File.Born {
			continue
		}
		ends, head, err := endOf(g, p.Offset)
		if err != nil {
			if err = c.undecided(g, err); err != nil {
				return nil, err
			}
			continue
		}
		same := len(head) >= p.Head.N && digestOf(head[:p.Head.N]) == p.Head || len(head) > 0 && bytes.HasPrefix(first, head)
		if same && ends < p.Offset {
			return &place{Path: g.path, File: g.inode, Head: digestOf(head), Offset: ends, MTime: g.mtime}, nil
		}
	}
	return nil, nil
}

// endOf gives the size of a file's content, and its head; of a compressed one that is longer than limit, limit.
func endOf(g generation, limit int64) (int64, []byte, error) {
	if g.archive == "" {
		f, err := openGeneration(g)
		if err != nil {
			return 0, nil, err
		}
		defer func() { _ = f.Close() }()
		head := make([]byte, min(headBytes, g.size))
		if _, err := f.ReadAt(head, 0); err != nil {
			return 0, nil, fmt.Errorf("read %s: %w", g.path, err)
		}
		return g.size, head, nil
	}
	a, err := openArchive(g)
	if err != nil {
		return 0, nil, err
	}
	defer a.close()
	if err := a.skip(limit); err != nil && !errors.Is(err, errCutBack) {
		return 0, nil, err
	}
	return a.pos, a.first, nil
}

// endOfCopy ends the open file, unless it is a copy whose original, the next file, has not been truncated yet: then the
// follower goes on in the original, which holds the same and perhaps more, and comes back when it is cut. To begin the original
// at 0 would be to read everything twice.
//
// The original is the older of the two files. In a chain of renamed files the successor is the younger one, however alike the
// two are.
func (c *chain) endOfCopy(next []generation) error {
	original, err := c.original(next)
	switch {
	case err != nil:
		return err
	case original == nil:
		return c.end()
	}
	at := c.place()
	c.stopLive()
	return c.goOnIn(*original, at)
}

// original is the file that the open one is a copy of, if it follows in the chain and still holds all of it.
func (c *chain) original(next []generation) (_ *generation, err error) {
	if !c.follow || c.whole || c.gen.age.rank == current {
		return nil, nil
	}
	if next == nil {
		if next, err = c.successors(); err != nil {
			return nil, err
		}
	}
	at := c.place()
	at.Offset, at.Before = c.seen(), digestOf(lastBytes(c.before, c.block))
	if len(next) == 0 || next[0].age.rank != current || next[0].archive != "" || at.bare() {
		return nil, nil
	}
	g := next[0]
	if g.Born != 0 && (g.Born >= c.gen.Born || g.Born > c.gen.mtime) { // compressing a renamed file makes a young one of the old time
		return nil, nil
	}
	same, err := holds(g, at, false)
	if err != nil || !same {
		return nil, c.undecided(g, err)
	}
	return &g, nil
}

func withoutInode(list []generation, not inode) []generation {
	var others []generation
	for _, g := range list {
		if g.inode != not {
			others = append(others, g)
		}
	}
	return others
}
