package source

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"go.uber.org/zap"
)

// openNext opens the file that follows in the chain. It is false if there is none now.
func (c *chain) openNext() (bool, error) {
	if c.follow && !c.due() {
		return false, nil
	}
	c.lookLater()
	list, err := c.list()
	if err != nil {
		return false, ignoreUnsettled(err)
	}
	var next []generation
	switch {
	case c.resume != nil:
		return c.openCommitted(list)
	case c.fresh:
		next = c.firstOf(list)
	default:
		if next, err = c.newer(list); err != nil {
			return false, c.notYet(err)
		}
	}
	if len(next) == 0 {
		c.over = !c.follow
		return false, nil
	}
	return c.open(next[0])
}

// firstOf chooses where a chain without a committed position begins; see the package comment.
func (c *chain) firstOf(list []generation) []generation {
	if len(list) == 0 || !c.follow {
		return list
	}
	last := len(list) - 1
	if c.history == 0 {
		for _, g := range list[:last] {
			c.history = max(c.history, g.mtime)
		}
		return list[last:]
	}
	for i, g := range list[:last] {
		if g.mtime > c.history {
			return list[i:]
		}
	}
	return list[last:]
}

// newer are the generations that have not been read: those after the newest finished one; if none of these can be found
// any more, those written since.
func (c *chain) newer(list []generation) ([]generation, error) {
	i, err := c.lastFinished(list)
	if err != nil || i >= 0 {
		return list[i+1:], err
	}
	since := c.history + 1
	switch {
	case c.whole:
		since = 0
	case len(c.past) > 0:
		since = c.past[0].MTime
	}
	for i, g := range list {
		if g.mtime >= since {
			return list[i:], nil
		}
	}
	return nil, nil
}

// lastFinished is the index of the newest finished generation, -1 if none of them is left.
func (c *chain) lastFinished(list []generation) (int, error) {
	var failed error
	for k, p := range c.past {
		if i, err := withInode(list, p); i >= 0 || err != nil {
			return i, err
		}
		if p.bare() {
			continue // an empty file cannot be told from others; to read it again does no harm
		}
		oldest := 0 // two files with the same bytes: the older one is meant, but none as old as the one before
		for _, older := range c.past[k+1:] {
			i, err := withInode(list, older)
			if err != nil {
				return -1, err
			}
			oldest = max(oldest, i+1)
		}
		for i := oldest; i < len(list); i++ {
			same, err := holds(list[i], p, true)
			if same || err != nil && list[i].mtime == p.MTime { // compressing keeps the time, if not the permission to read
				return i, nil
			}
			failed = errors.Join(failed, c.undecided(list[i], err))
		}
	}
	return -1, failed
}

// withInode is the index of the file that p is in, if it still has its inode, else -1.
func withInode(list []generation, p place) (int, error) {
	for i, g := range list {
		if g.inode != p.File {
			continue
		}
		same, err := sameFile(g, p)
		if err = moved(err); errors.Is(err, errUnsettled) {
			return -1, err
		}
		if same && err == nil {
			return i, nil
		}
	}
	return -1, nil
}

// sameFile verifies a file of the same inode, which may have been given out again or cut back.
func sameFile(g generation, p place) (bool, error) {
	if g.archive != "" && g.Born != 0 {
		return true, nil
	}
	return holds(g, p, false)
}

// locate finds the file that p is in: by inode, else by content, and then the oldest that has not been finished.
func (c *chain) locate(list []generation, p place) (int, error) {
	for i, g := range list {
		if g.inode == p.File {
			if same, err := sameFile(g, p); same || err != nil {
				return i, moved(err)
			}
		}
	}
	if p.bare() {
		return -1, nil
	}
	finished, err := c.lastFinished(list)
	if err != nil {
		return -1, err
	}
	var failed error
	for i := finished + 1; i < len(list); i++ {
		same, err := holds(list[i], p, false)
		if same {
			return i, nil
		}
		failed = errors.Join(failed, c.undecided(list[i], err))
	}
	return -1, failed
}

// openCommitted goes back to the committed position.
func (c *chain) openCommitted(list []generation) (bool, error) {
	if c.resume.Open == nil {
		c.resume = nil
		c.wake = true
		return c.openNext()
	}
	if len(list) == 0 && c.follow {
		return false, nil // a rotation may be under way
	}
	p := *c.resume.Open
	i, err := c.locate(list, p)
	if err != nil {
		return false, c.notYet(err)
	}
	if i >= 0 {
		return c.openAt(list[i], p)
	}
	if c.follow {
		if same, err := c.listsAgain(list); err != nil || !same {
			return false, ignoreUnsettled(err)
		}
	}
	if c.whole && c.follow && c.rewritten(list, p) {
		return false, nil
	}
	outrun, err := c.outrunCopy(list, p, nil)
	if err != nil {
		return false, c.notYet(err)
	}
	if p.Offset > 0 && !c.resume.Ended {
		c.gaps = append(c.gaps, Gap{Path: p.Path, From: p.Offset, To: -1, Reason: c.lostHow(list, p)})
		c.log.Warn("committed position not found in any file of the chain", zap.String("stream", c.id), zap.Int64("offset", p.Offset))
	}
	if p.Offset > 0 {
		c.final = &Finished{Path: p.Path, Size: p.Offset} // nobody can measure it any more
	}
	c.framer.Reset()
	if !p.bare() {
		c.finished(p)
	}
	if outrun != nil {
		c.finished(*outrun)
	}
	c.resume, c.changed = nil, true
	next, err := c.newer(list)
	if err != nil {
		return false, c.notYet(err)
	}
	if len(next) == 0 && len(list) > 0 {
		next = list[len(list)-1:]
	}
	if len(next) == 0 {
		c.over = !c.follow
		return false, nil
	}
	return c.open(next[0])
}

// listsAgain reports whether the directory holds the files that it held when it was listed. If not, what was not found in them may
// be in one that has come since: a log that was copied and truncated after the list is shorter than its position, and the copy,
// which holds it, is not in the list.
func (c *chain) listsAgain(list []generation) (bool, error) {
	c.listing.forget()
	again, err := c.list()
	return slices.EqualFunc(list, again, func(a, b generation) bool { return a.path == b.path && a.inode == b.inode }), err
}

// rewritten says that a whole file is shorter than p and being written: see beingRewritten.
func (c *chain) rewritten(list []generation, p place) bool {
	for _, g := range list {
		if g.archive != "" || g.size >= p.Offset {
			continue
		}
		f, err := openGeneration(g)
		if err != nil {
			return true // replaced, or removed: the next look will tell
		}
		writing := c.beingWritten(f, g.facts)
		_ = f.Close()
		if writing {
			return true
		}
	}
	return false
}

// lostHow names the reason why the file at p is nowhere.
func (c *chain) lostHow(list []generation, p place) string {
	switch {
	case slices.ContainsFunc(list, func(g generation) bool { return g.inode == p.File }):
		return GapTruncated
	case len(list) == 1 && list[0].path == p.Path:
		return GapReplaced
	}
	return GapDeleted
}

// openAt opens the file of the committed position, at that position.
func (c *chain) openAt(g generation, p place) (bool, error) {
	opened, err := openContent(g)
	if err != nil {
		return false, c.unlessMoved(err)
	}
	before := make([]byte, p.Before.N)
	if err = comeBack(opened, p, before); err == nil {
		err = c.framer.Restore(c.resume.Framing)
	}
	if err != nil {
		opened.close()
		if errors.Is(err, errCutBack) || errors.Is(err, io.EOF) {
			return false, nil // it has changed meanwhile
		}
		return false, fmt.Errorf("go back to offset %d of %s: %w", p.Offset, g.path, err)
	}
	ended := c.resume.Ended && g.size == p.Offset
	c.enter(g, opened)
	c.pos, c.before, c.over = p.Offset, before, ended
	return true, nil
}

// comeBack reads the bytes before the offset of p, and of a plain file the head, by which it is known from then on. They are
// compared once more: the file that was found may have been truncated since. io.EOF and errCutBack say that it is another.
func comeBack(to content, p place, before []byte) error {
	if a, ok := to.(*archive); ok {
		if err := a.skip(p.Offset); err != nil {
			return err
		}
		copy(before, a.last[len(a.last)-len(before):])
	} else {
		file := to.(*plain)
		if _, err := file.file.ReadAt(before, p.Offset-int64(len(before))); err != nil {
			return err
		}
		file.first = make([]byte, p.Head.N)
		if _, err := file.file.ReadAt(file.first, 0); err != nil {
			return err
		}
		if digestOf(file.first) != p.Head {
			return errCutBack
		}
	}
	if digestOf(before) != p.Before {
		return errCutBack
	}
	return nil
}

// open opens g at its start.
func (c *chain) open(g generation) (bool, error) {
	opened, err := openContent(g)
	switch {
	case errors.Is(err, errIncomplete) && !c.givenUp(g):
		return false, nil
	case errors.Is(err, errIncomplete), errors.Is(err, errCorrupt):
		c.gaps = append(c.gaps, Gap{Path: g.path, From: 0, To: -1, Reason: gapOf(err)})
		c.finished(place{Path: g.path, File: g.inode, MTime: g.mtime})
		c.fresh, c.wake, c.changed = false, true, true
		c.over = c.whole
		return false, nil
	case err != nil:
		return false, c.unlessMoved(err)
	}
	c.changed = c.changed || c.fresh // so that the chain has a committed beginning before its first record
	c.enter(g, opened)
	return true, nil
}

func openContent(g generation) (content, error) {
	if g.archive != "" {
		return openArchive(g)
	}
	return openPlain(g)
}

// enter makes an opened file the current one.
func (c *chain) enter(g generation, opened content) {
	c.restart()
	c.cur, c.gen, c.mtime, c.headSum = opened, g, g.mtime, digest{N: -1}
	c.fresh, c.resume = false, nil
}
