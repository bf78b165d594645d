package source

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"go.uber.org/zap"

	"probity/internal/decode"
)

// shared is what the chains of one set have in common.
type shared struct {
	follow, whole bool
	grace         time.Duration
	now           func() time.Time
	log           *zap.Logger
	tails         bool // nxadm/tail can be started
	floors        int  // see startLive
	watch         *watch
	quietEvery    time.Duration
	listed        func()
}

// chain is the Stream of a file and its rotated predecessors. It always stands in one of three places: between two files
// (cur is nil), within a file (the block holds whole records, or more can be read), or at the present end of a file, where
// it looks whether the file has been written to, cut back, rotated away or ended.
type chain struct {
	*shared
	id, base string
	listing  listing
	framer   decode.Framer

	resume  *resumePoint // committed, and not looked for yet
	fresh   bool         // nothing committed: the start is still to be chosen
	past    []place      // finished files, newest first
	history int64        // Unix ns; see resumePoint; 0 while not known

	cur     content // nil between two files
	gen     generation
	pos     int64  // offset of block's first byte
	before  []byte // up to beforeBytes before pos
	block   []byte // read, not handed on yet; the memory of chunks, so never written to
	hungry  bool   // the block holds no further whole record
	want    int    // bytes that the block may have
	ending  bool   // the present end is the end
	size    int64  // with ending: of the file, measured when that was decided
	headSum digest // of cur.head(), N = -1: not known

	wake      bool          // worth reading or looking now
	nextLook  time.Time     // at the file and the path
	pace      time.Duration // from the last look to the next, while nothing happens
	ear       *ear          // rung when something was heard of the file
	unheard   bool          // a look has found what had not been heard of, and nothing has been heard since
	said      bool          // that it stays so
	grewAt    time.Time     // when bytes were last seen to be added
	rotatedAt time.Time     // when the file was first seen not to stand at the path; zero while it does
	gone      bool          // from the directory, or under another inode
	mtime     int64         // at the last look
	checked   int64         // mtime at which an empty file was last looked behind
	sameAs    map[generation]bool
	live      *live
	liveAfter time.Time // no tail before
	left      []leftFile
	behind    int64 // bytes of newer generations at the last look

	gaps    []Gap
	final   *Finished // to be reported before anything else is read
	changed bool      // the resume point, without a chunk to carry it
	over    bool      // all has been read
	told    bool      // and io.EOF returned
	closed  bool
	retryAt time.Time
}

// nothingIsHistory as a chain's history: all its generations are read.
const nothingIsHistory = 1

func newChain(s *shared, id, base string, list func() ([]generation, error), framer decode.Framer) *chain {
	l := listing{base: base, read: list, now: s.now}
	return &chain{shared: s, id: id, base: base, listing: l, framer: framer, fresh: true, hungry: true, wake: true, want: blockBytes, pace: lookFirst, ear: s.watch.ear(base)}
}

// list gives the generations, oldest first.
func (c *chain) list() ([]generation, error) {
	if c.listed != nil {
		defer c.listed()
	}
	return c.listing.list()
}

func (c *chain) ID() string { return c.id }

// Begins is the byte of its first file at which the chain begins: its committed offset, or 0. It is asked before the first Next.
func (c *chain) Begins() int64 {
	if c.resume == nil {
		return 0
	}
	return orZero(c.resume.Open).Offset
}

// dueAt is when Next may have something, as far as is known without asking the file; false: it never will.
func (c *chain) dueAt(now time.Time) (time.Time, bool) {
	switch {
	case c.closed, c.told:
		return time.Time{}, false
	case c.follow && now.Before(c.retryAt):
		return c.retryAt, true
	case c.wake, c.over, c.cur != nil && !c.hungry, len(c.gaps) > 0, c.final != nil, c.changed, c.ear.rung.Load():
		return now, true
	}
	return c.nextLook, true
}

func (c *chain) Next(maxRecords int) (*Chunk, error) {
	if c.closed {
		return nil, fmt.Errorf("follow %s: %w", c.id, os.ErrClosed)
	}
	if c.follow && c.now().Before(c.retryAt) {
		return nil, nil
	}
	chunk, err := c.step(max(maxRecords, 1))
	if err != nil && err != io.EOF {
		c.retryAt = c.now().Add(retryAfter)
		err = fmt.Errorf("follow %s: %w", c.id, err)
	}
	return chunk, err
}

// step goes on until there is a chunk, or nothing to be done now.
func (c *chain) step(maxRecords int) (*Chunk, error) {
	for {
		if c.final != nil { // what is read next belongs to another file
			return c.report(), nil
		}
		if c.over {
			if chunk := c.report(); chunk != nil {
				return chunk, nil
			}
			c.told = true
			return nil, io.EOF
		}
		if c.cur == nil {
			opened, err := c.openNext()
			if err != nil {
				return nil, err
			}
			if !opened && !c.over {
				c.listing.forget()
				return c.report(), nil
			}
			continue
		}
		if !c.hungry {
			if chunk := c.frame(maxRecords); chunk != nil {
				return chunk, nil
			}
			c.hungry = true
		}
		if c.ending {
			return c.finish(), nil
		}
		if !c.due() {
			return c.report(), nil
		}
		switch err := c.advance(); {
		case errors.Is(err, errUnsettled): // the next look will tell
			c.lookLater()
			c.listing.forget()
			return c.report(), nil
		case err != nil:
			return nil, err
		}
	}
}

// advance reads on, or finds out at the present end of the file what has become of it.
func (c *chain) advance() error {
	for len(c.block) >= c.want {
		if c.want >= recordReach {
			return fmt.Errorf("%s: no record ends within %d bytes of offset %d", c.gen.path, c.want, c.pos)
		}
		c.want *= 2
	}
	grew, err := c.extend()
	switch {
	case errors.Is(err, errCutBack):
		return c.cutBack()
	case errors.Is(err, errIncomplete), errors.Is(err, errCorrupt):
		return c.damaged(err)
	case err != nil:
		return err
	case grew:
		return nil
	}
	return c.atEnd()
}

// extend lengthens the block.
func (c *chain) extend() (grew bool, err error) {
	longer, _, err := c.cur.extend(c.pos, c.before, c.block, c.want)
	grew = len(longer) > len(c.block)
	if !grew {
		return false, err
	}
	if c.pos == 0 && len(c.block) == 0 {
		if behind, err := c.overtaken(); err != nil || behind {
			return behind, err
		}
	}
	c.grew()
	c.block, c.hungry = longer, false
	return true, err
}

// seen is the offset up to which the file has been read.
func (c *chain) seen() int64 { return c.pos + int64(len(c.block)) }

// frame hands on whole records from the block, and at the end of a file the unterminated one.
func (c *chain) frame(maxRecords int) *Chunk {
	if len(c.block) == 0 {
		return nil
	}
	room := min(maxRecords, len(c.block)/256+8)
	used, records := c.framer.Frame(c.block, c.pos, c.ending, maxRecords, make([]decode.Record, 0, room))
	if used == 0 && len(records) == 0 {
		return nil
	}
	c.before = lastBytes(c.before, c.block[:used])
	c.block = c.block[used:]
	c.pos += int64(used)
	c.want = blockBytes
	chunk := &Chunk{Path: c.gen.path, Records: records, Bytes: int64(used)}
	if c.ending && len(c.block) == 0 {
		c.leave()
	}
	return c.sealed(chunk)
}

// finish leaves a file that has been handed on to its end.
func (c *chain) finish() *Chunk {
	if len(c.block) > 0 {
		c.gaps = append(c.gaps, Gap{Path: c.gen.path, From: c.pos, To: c.seen(), Reason: GapUnframed})
		c.before = lastBytes(c.before, c.block)
		c.pos, c.block = c.seen(), nil
	}
	chunk := &Chunk{Path: c.gen.path}
	c.leave()
	return c.sealed(chunk)
}

// leave goes to between this file and the next, or ends a whole file, whose place is kept in case it grows.
func (c *chain) leave() {
	c.stopLive()
	unwritten := c.unwritten() // before the file is measured
	c.measure()
	if c.whole && (c.rotatedAt.IsZero() || c.behind == 0) {
		c.over = true
		return
	}
	if at := c.place(); !at.bare() || !c.gone {
		c.finished(at)
	} // Nothing was read of an empty file that is gone: what was read before it still tells where to go on.
	c.keepEye(unwritten)
	c.cur = nil
	c.restart()
	c.framer.Reset()
}

// measure takes the final size of the file that is left. What was written since its end was decided is late; a whole file is
// read on instead. A file that was cut back after it had been read was as long as what was read.
func (c *chain) measure() {
	c.size = max(c.size, c.seen())
	if now, err := c.cur.size(); err == nil && now > c.size && c.follow && !c.whole {
		c.gaps = append(c.gaps, Gap{Path: c.gen.path, From: c.size, To: now, Reason: GapLate})
		c.size = now
	}
	c.final = &Finished{Path: c.gen.path, Size: c.size}
}

// finished puts a file among those that have been read.
func (c *chain) finished(p place) {
	c.past = append([]place{p}, c.past[:min(len(c.past), pastKept-1)]...)
}

// restart forgets what was read of a file.
func (c *chain) restart() {
	c.pos, c.before, c.block = 0, nil, nil
	c.hungry, c.ending, c.want = true, false, blockBytes
	c.wake, c.checked, c.sameAs = true, 0, nil
	c.rotatedAt, c.grewAt, c.pace, c.gone = time.Time{}, c.now(), lookFirst, false
}

// report is a chunk without records, if there is something to be committed.
func (c *chain) report() *Chunk {
	if len(c.gaps) == 0 && c.final == nil && !c.changed {
		return nil
	}
	return c.sealed(&Chunk{Path: c.gen.path})
}

// sealed completes a chunk with the resume point, gaps and lag.
func (c *chain) sealed(chunk *Chunk) *Chunk {
	chunk.Gaps, chunk.Finished = c.gaps, c.final
	c.gaps, c.final, c.changed = nil, nil, false
	chunk.State = c.resumePoint().encode()
	chunk.Lag = c.behind
	if c.cur != nil {
		chunk.Lag += max(c.gen.size, c.seen()) - c.pos
	}
	return chunk
}

func (c *chain) resumePoint() *resumePoint {
	r := &resumePoint{Version: stateVersion, Past: c.past, History: c.history}
	switch {
	case c.resume != nil: // not found again yet
		return c.resume
	case c.cur != nil:
		at := c.place()
		r.Open, r.Framing, r.Ended = &at, c.framer.State(), c.over
	}
	return r
}

// place is where the chain stands in the open file.
func (c *chain) place() place {
	if head := c.cur.head(); len(head) != c.headSum.N {
		c.headSum = digestOf(head)
	}
	return place{Path: c.gen.path, File: c.gen.inode, Head: c.headSum, Offset: c.pos, Before: digestOf(c.before), MTime: c.mtime}
}

func (c *chain) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	c.stopLive()
	if c.cur != nil {
		c.cur.close()
		c.cur = nil
	}
	for _, l := range c.left {
		l.file.close()
	}
	c.left = nil
	return nil
}
