package source

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"go.uber.org/zap"
)

// archivePatience is how long a compressed file that ends too early is taken to be still under way.
const archivePatience = time.Minute

// openNext opens the file that follows in the chain. It is false if there is none now.
func (c *chain) openNext() (bool, error) {
	if c.follow && !c.due() {
		return false, nil
	}
	c.wake, c.nextLook = false, c.now().Add(lookEvery)
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
		if i := withInode(list, p); i >= 0 {
			return i, nil
		}
		if p.bare() {
			continue // an empty file cannot be told from others; to read it again does no harm
		}
		oldest := 0 // two files with the same bytes: the older one is meant, but none as old as the one before
		for _, older := range c.past[k+1:] {
			oldest = max(oldest, withInode(list, older)+1)
		}
		for i := oldest; i < len(list); i++ {
			same, err := holds(list[i], p, true)
			if same || err != nil && list[i].mtime == p.MTime { // compressing keeps the time, if not the permission to read
				return i, nil
			}
			failed = errors.Join(failed, unlessGone(err))
		}
	}
	return -1, failed
}

// withInode is the index of the file that p is in, if it still has its inode.
func withInode(list []generation, p place) int {
	return slices.IndexFunc(list, func(g generation) bool {
		if g.inode != p.File {
			return false
		}
		same, err := sameFile(g, p)
		return same && err == nil
	})
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
				return i, err
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
		if !(errors.Is(err, errIncomplete) && c.givenUp(list[i])) {
			failed = errors.Join(failed, unlessGone(err))
		}
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
	if err = readBefore(opened, p.Offset, before); err == nil {
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

// readBefore reads the bytes before offset.
func readBefore(from content, offset int64, b []byte) error {
	if a, ok := from.(*archive); ok {
		if err := a.skip(offset); err != nil {
			return err
		}
		copy(b, a.last[len(a.last)-len(b):])
		return nil
	}
	if _, err := from.(*plain).file.ReadAt(b, offset-int64(len(b))); err != nil {
		return err
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

// unlessMoved drops the errors of a file that has been renamed or removed since it was listed: the next look will tell.
func (c *chain) unlessMoved(err error) error {
	if c.follow && (errors.Is(err, errUnsettled) || errors.Is(err, errIncomplete) || errors.Is(err, fs.ErrNotExist)) {
		return nil
	}
	return err
}

// givenUp says of an incomplete archive that it will not be completed.
func (c *chain) givenUp(g generation) bool {
	return !c.follow || c.now().Sub(time.Unix(0, g.mtime)) > archivePatience
}

func gapOf(err error) string {
	if errors.Is(err, errIncomplete) {
		return GapIncomplete
	}
	return GapCorrupt
}

// notYet keeps an error that will pass, such as an archive being written, from being shown.
func (c *chain) notYet(err error) error {
	if c.follow && errors.Is(err, errIncomplete) {
		return nil
	}
	return ignoreUnsettled(err)
}

func ignoreUnsettled(err error) error {
	if errors.Is(err, errUnsettled) {
		return nil
	}
	return err
}

// unlessGone drops the errors of a file that has vanished or changed since it was listed, and of one that is damaged and so
// cannot be the one looked for.
func unlessGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errUnsettled) || errors.Is(err, errCorrupt) {
		return nil
	}
	return err
}
