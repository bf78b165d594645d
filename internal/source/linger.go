package source

import "time"

const (
	leftKept = 4           // rotated files that are still watched for late writers
	leftFor  = time.Minute // each
)

// leftFile is a rotated file that has been read to its end, left, and is watched so that a late write is at least known.
type leftFile struct {
	file  *plain
	path  string
	end   int64
	until time.Time
}

// unwritten says that nobody will write to the open file any more.
func (c *chain) unwritten() bool {
	p, ok := c.cur.(*plain)
	return !ok || !c.follow || c.whole || nobodyWrites(p.file)
}

// keepEye closes the open file, unless somebody may still write to it.
func (c *chain) keepEye(unwritten bool) {
	p, ok := c.cur.(*plain)
	if !ok || unwritten {
		c.cur.close()
		return
	}
	if len(c.left) == leftKept {
		c.lookAtLeft(c.now())
	}
	if len(c.left) == leftKept {
		c.left[0].file.close()
		c.left = c.left[1:]
	}
	c.left = append(c.left, leftFile{p, c.gen.path, c.size, c.now().Add(leftFor)})
}

// lookAtLeft declares what was written to files after they were left.
func (c *chain) lookAtLeft(now time.Time) {
	kept := c.left[:0]
	for _, l := range c.left {
		if st, err := l.file.facts(); err == nil && st.size > l.end {
			c.gaps = append(c.gaps, Gap{Path: l.path, From: l.end, To: st.size, Reason: GapLate, Beyond: true})
			l.end = st.size
		}
		if now.After(l.until) {
			l.file.close()
			continue
		}
		kept = append(kept, l)
	}
	c.left = kept
}

// tailFor is how long after its last line a file has a tail. The library asks the file system four times a second for each, and
// a hundred quiet files would cost more so than all looks at them.
const tailFor = 5 * time.Second

// mayTail says whether nxadm/tail is to be used now: from a moment after bytes have come, because under a steady stream it would
// read all of them a second time, until the file is quiet.
func (c *chain) mayTail(now time.Time) bool {
	since := now.Sub(c.grewAt)
	return c.tails && !now.Before(c.liveAfter) && since >= lookEvery && since <= tailFor
}

// startLive hands the end of a file over to nxadm/tail. If it cannot be started, the watch and the looks remain.
func (c *chain) startLive(p *plain) {
	now := c.now()
	if c.live != nil && c.seen()-c.live.told > tailReach {
		c.stopLive()
	}
	if c.live != nil || !c.mayTail(now) || len(c.block) > tailReach {
		return
	}
	c.floors = (c.floors + 1) % 448
	var err error
	if c.live, err = startLive(p, c.pos, 64+c.floors); err != nil {
		c.live, c.liveAfter = nil, now.Add(time.Minute)
	}
}

// stopLive ends nxadm/tail, for at least a second: under a steady burst block reads are the better follower.
func (c *chain) stopLive() {
	if c.live != nil {
		c.live.stop()
		c.live, c.liveAfter = nil, c.now().Add(retryAfter)
	}
}
