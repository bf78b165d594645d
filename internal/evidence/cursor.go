package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"probity/internal/fsx"
)

// cursor goes along the chain from entry to entry, and refuses what is not the next one. What is committed never changes, so
// it may go beside a Log that appends, up to a committed Head.
type cursor struct {
	dir     string
	segment int
	offset  int64  // of the next line in it
	seq     uint64 // of the entry before
	hash    string // of its line
	start   []byte // room for how the next line begins
}

func newCursor(dir string) cursor { return cursor{dir: dir, segment: 1, hash: zeroHash} }

// advance calls fn for every line after the cursor up to entry upTo. The line lives until fn returns.
func (c *cursor) advance(upTo uint64, fn func(line []byte) error) error {
	for c.seq < upTo {
		if err := c.advanceInSegment(upTo, fn); err != nil {
			return err
		}
		if c.seq < upTo {
			c.segment, c.offset = c.segment+1, 0
		}
	}
	return nil
}

func (c *cursor) advanceInSegment(upTo uint64, fn func(line []byte) error) error {
	path := linksPath(c.dir, c.segment)
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return damage(path, "", fmt.Sprintf("the log ends at entry %d; there were %d", c.seq, upTo))
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Seek(c.offset, io.SeekStart); err != nil {
		return err
	}
	log := readLines(f, path)
	log.end = c.offset
	for c.seq < upTo {
		p, err := log.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := c.step(p, log); err != nil {
			return err
		}
		if err := fn(p); err != nil {
			return err
		}
	}
	return nil
}

// step takes the line for the next entry. Its number and prev stand where every line has them; the rest is covered by the
// next entry's prev, so a line is decoded only to say what is wrong with it: ten million are walked when a tree is lost.
func (c *cursor) step(p []byte, log *lines) error {
	start := strconv.AppendUint(append(c.start[:0], `{"seq":`...), c.seq+1, 10)
	start = append(append(append(start, `,"prev":"`...), c.hash...), `",`...)
	if c.start = start; !bytes.HasPrefix(p, start) {
		return c.misplaced(p, log)
	}
	c.seq, c.hash, c.offset = c.seq+1, hash(p), log.end
	return nil
}

// misplaced says why the line is not that of the next entry.
func (c *cursor) misplaced(p []byte, log *lines) error {
	at := fmt.Sprintf("byte %d", log.offset)
	switch l, err := decodeLink(p); {
	case err != nil:
		return damage(log.file, at, fmt.Sprintf("not an entry: %v", err))
	case l.Seq != c.seq+1:
		return damage(log.file, at, fmt.Sprintf("entry %d stands after entry %d", l.Seq, c.seq))
	}
	return damage(log.file, at, fmt.Sprintf("entry %d was changed, or entry %d, which records another hash of it", c.seq, c.seq+1))
}

// cursorAt returns a cursor that stands behind entry seq. It reads the one segment that holds the entry.
func cursorAt(dir string, seq uint64) (cursor, error) {
	c, err := cursorBefore(dir, func(first link) bool { return first.Seq > seq })
	if err != nil {
		return c, err
	}
	return c, c.advance(seq, func([]byte) error { return nil })
}

// cursorBefore returns a cursor that stands before the last segment whose first entry, and those of all before it, are not
// beyond what is looked for.
func cursorBefore(dir string, beyond func(first link) bool) (cursor, error) {
	c := newCursor(dir)
	numbers, err := segments(dir)
	if err != nil {
		return c, err
	}
	for _, n := range numbers {
		first, err := firstLink(linksPath(dir, n))
		if errors.Is(err, io.EOF) || errors.Is(err, os.ErrNotExist) {
			break // about to be begun
		}
		if err != nil {
			return c, err
		}
		if first.Seq == 0 || beyond(first) {
			break
		}
		c = cursor{dir: dir, segment: n, seq: first.Seq - 1, hash: first.Prev}
	}
	return c, nil
}

func firstLink(path string) (link, error) {
	f, err := os.Open(path)
	if err != nil {
		return link{}, err
	}
	defer f.Close()
	p, err := readLines(f, path).next()
	if err != nil {
		return link{}, err
	}
	l, err := decodeLink(p)
	if err != nil {
		return link{}, &fsx.Damage{File: path, At: "line 1", What: fmt.Sprintf("not an entry: %v", err), Do: "`probity evidence verify` lists everything that is wrong"}
	}
	return l, nil
}
