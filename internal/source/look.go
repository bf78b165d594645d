package source

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"go.uber.org/zap"
)

// due says whether it is worth reading. It asks the file system if something has been heard of the file, else now and then,
// and tail in between.
func (c *chain) due() bool {
	if c.ear.rung.Swap(false) { // before the file is asked: what is written from here on rings again
		c.unheard = false
		c.wake = c.wake || c.rotatedAt.IsZero() // the end of a rotated file is waited for with lists of the folder
	}
	if c.wake || !c.follow {
		return true
	}
	if c.live != nil {
		if !c.live.poll(c.seen()) {
			c.stopLive()
		} else if c.live.told > c.seen() {
			c.wake = true
			return true
		}
	}
	now := c.now()
	if now.Before(c.nextLook) {
		return false
	}
	if now.Sub(c.grewAt) > tailFor {
		c.stopLive()
	}
	c.lookAtLeft(now)
	c.wake = !c.asBefore(now)
	c.pace = min(2*c.pace, c.slowest())
	c.nextLook = now.Add(c.pace)
	c.sayUnheard()
	return c.wake
}

// sayUnheard tells once of a file whose writes are not heard, although its folder is watched: an event that is only late has
// come by the time that looks are lookEvery apart.
func (c *chain) sayUnheard() {
	if c.unheard && !c.said && c.pace == lookEvery && c.watch.hears(filepath.Dir(c.base)) {
		c.said = true
		c.log.Info("writes to this file are not heard, as on a network file system; it is looked at five times a second", zap.String("stream", c.id))
	}
}

// slowest is how far apart looks may be.
func (c *chain) slowest() time.Duration {
	if c.unheard || !c.rotatedAt.IsZero() || len(c.left) > 0 || !c.watch.hears(filepath.Dir(c.base)) {
		return lookEvery
	}
	return c.quietEvery
}

// grew notes that bytes have been added: more may follow soon.
func (c *chain) grew() {
	now := c.now()
	if now.Sub(c.grewAt) < lookEvery {
		c.stopLive()
	}
	c.grewAt, c.pace = now, lookFirst
}

// lookLater puts the next look off where something is waited for that is not heard.
func (c *chain) lookLater() {
	c.wake, c.pace = false, lookEvery
	c.nextLook = c.now().Add(c.pace)
}

// asBefore says that nothing has happened to the open file and its path since the last look.
func (c *chain) asBefore(now time.Time) bool {
	p, ok := c.cur.(*plain)
	if !ok || c.whole || !c.rotatedAt.IsZero() || len(c.gaps) > 0 {
		return false
	}
	st, err := p.facts()
	if err != nil || st.mtime != c.mtime || st.size != c.seen() {
		c.unheard = true // till the event comes, which may be a moment behind the look
		return false
	}
	at, err := factsOfPath(c.base)
	return err == nil && at.inode == st.inode && (c.live != nil || !c.mayTail(now))
}

// atEnd decides at the present end of a file: stay, go on with the next one, or start again.
func (c *chain) atEnd() error {
	c.wake, c.nextLook = false, c.now().Add(c.pace)
	p, ok := c.cur.(*plain)
	if !ok || !c.follow {
		return c.endOfCopy(nil)
	}
	st, err := p.facts()
	if err != nil {
		return err
	}
	if st.mtime != c.mtime {
		if same, err := p.still(c.pos, c.before, c.block[:min(len(c.block), beforeBytes)]); err != nil {
			return err
		} else if !same {
			return c.cutBack()
		}
	}
	c.mtime, c.gen.size = st.mtime, st.size
	if c.seen() == 0 && c.checked != st.mtime {
		if behind, err := c.overtaken(); behind || err != nil {
			return err
		}
		c.checked = st.mtime
	}
	if c.live != nil && c.live.told > c.seen() { // lines that tail has seen are gone, and the file is as long as we know it
		c.gaps = append(c.gaps, Gap{Path: c.gen.path, From: c.seen(), To: c.live.told, Reason: GapTruncated, Beyond: true})
		c.stopLive()
	}
	at, err := factsOfPath(c.base)
	switch {
	case err == nil && at.inode == c.gen.inode:
		c.rotatedAt, c.behind = time.Time{}, 0
		if c.whole && c.quiet(st, nil) {
			return c.end()
		}
		c.startLive(p)
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return c.rotatedAway(st)
}

// rotatedAway decides whether a file that no longer stands at the path can be left.
func (c *chain) rotatedAway(st facts) error {
	c.lookLater()
	next, err := c.successors()
	if err != nil {
		return err
	}
	if c.rotatedAt.IsZero() && (len(next) > 0 || c.whole) {
		c.rotatedAt = c.now()
		c.stopLive()
	}
	c.behind = 0
	for _, g := range next {
		c.behind += g.size
	}
	if (c.behind == 0 && !c.whole) || !c.quiet(st, next) {
		c.listing.forget()
		return nil
	}
	// A last write may have come between the last read and the kernel's word that there are no writers.
	grew, err := c.extend()
	switch {
	case errors.Is(err, errCutBack):
		return c.cutBack()
	case err != nil || grew:
		c.wake = true
		return err
	}
	return c.endOfCopy(next)
}

// end makes the present end the end, unless the file has grown meanwhile; the block is framed once more.
func (c *chain) end() (err error) {
	c.wake = true
	if c.size, err = c.cur.size(); err != nil {
		return fmt.Errorf("measure %s: %w", c.gen.path, err)
	}
	if _, ok := c.cur.(*plain); !ok || c.size <= c.seen() {
		c.ending, c.hungry = true, false
	}
	return nil
}

// quiet says that nobody will write to the open file any more.
func (c *chain) quiet(st facts, next []generation) bool {
	now := c.now()
	sinceWrite := now.Sub(time.Unix(0, st.mtime))
	if c.whole {
		return sinceWrite >= c.grace || now.Sub(c.grewAt) >= c.grace
	}
	since := c.rotatedAt
	if c.grewAt.After(since) {
		since = c.grewAt
	}
	if now.Sub(since) >= c.grace {
		return true
	}
	// After a restart: the rotation was at least as long ago as the successor was born.
	if len(next) > 0 && next[0].Born != 0 && now.Sub(time.Unix(0, next[0].Born)) >= c.grace && sinceWrite >= c.grace {
		return true
	}
	p, ok := c.cur.(*plain)
	return ok && nobodyWrites(p.file)
}

// successors are the generations newer than the open file.
func (c *chain) successors() ([]generation, error) {
	list, err := c.list()
	if err != nil {
		return nil, err
	}
	for i, g := range list {
		if g.inode == c.gen.inode {
			c.gone = false
			return list[i+1:], nil
		}
	}
	c.gone = true
	next, err := c.newer(list)
	if err != nil {
		return nil, err
	}
	for i, g := range next {
		if same, err := c.packedCopy(g); err != nil {
			return nil, err
		} else if same {
			return next[i+1:], nil
		}
	}
	return next, nil
}

// packedCopy says whether g is the open file, compressed and removed meanwhile. The answer is kept while g stays as it is.
func (c *chain) packedCopy(g generation) (bool, error) {
	if g.archive == "" {
		return false, nil
	}
	same, known := c.sameAs[g]
	if known {
		return same, nil
	}
	at := c.place()
	at.Offset, at.Before = c.seen(), digestOf(lastBytes(c.before, c.block))
	same, err := holds(g, at, true)
	if err = c.undecided(g, err); err != nil {
		return false, err
	}
	if c.sameAs == nil {
		c.sameAs = map[generation]bool{}
	}
	c.sameAs[g] = same
	return same, nil
}

// overtaken looks behind a file of which nothing has been read: it may have been filled, copied and truncated (copytruncate)
// between two looks, and the copy is then to be read first.
func (c *chain) overtaken() (bool, error) {
	if !c.follow || c.whole {
		return false, nil
	}
	list, err := c.list()
	if err != nil {
		return false, err
	}
	next, err := c.newer(list)
	if err != nil {
		return false, err
	}
	if len(next) == 0 || next[0].inode == c.gen.inode {
		return false, nil
	}
	at := c.place()
	for _, g := range next[1:] {
		same := g.inode == c.gen.inode
		if !same && g.archive != "" && !at.bare() { // or it was compressed meanwhile
			same, err = holds(g, at, false)
			if err = c.undecided(g, err); err != nil {
				return false, err
			}
		}
		if same {
			c.stopLive()
			c.cur.close()
			c.cur, c.wake = nil, true
			return true, nil
		}
	}
	return false, nil
}

// damaged decides about a compressed file that cannot be read on: it may still be being written.
func (c *chain) damaged(err error) error {
	if errors.Is(err, errIncomplete) {
		st, err := c.cur.facts()
		if err != nil {
			return err
		}
		now := c.gen
		now.facts = st
		if !c.givenUp(now) {
			c.lookLater()
			return nil
		}
	}
	c.gaps = append(c.gaps, Gap{Path: c.gen.path, From: c.seen(), To: -1, Reason: gapOf(err)})
	return c.end()
}
