package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"probity/internal/fsx"
)

const defaultSegmentBytes = 32 << 20

// Head is where the log ends. The zero Head is an empty log's.
type Head struct {
	Seq            uint64 // of the last entry
	Hash           string // of its line
	Segment        int    // number of the current segment
	Size, BodySize int64  // bytes of its two files
}

// Log appends to the chain. It is for one goroutine.
type Log struct {
	fs           *fsx.FS
	dir          string
	segmentBytes int64
	head         Head          // of what was appended whole
	torn         bool          // an Append failed: bytes may lie behind head
	links        *fsx.Appender // of segment head.Segment, or of the next while it is being begun
	bodies       *fsx.Appender
}

// Open opens the log in dir for appending after committed, and cuts whatever lies behind it. A log that is shorter than
// committed, or not the same, is refused as *fsx.Damage. Only the current segment is walked: Verify walks all.
func Open(fs *fsx.FS, dir string, committed Head) (*Log, error) {
	l := &Log{fs: fs, dir: dir, segmentBytes: defaultSegmentBytes, head: committed}
	if committed.Segment == 0 {
		l.head = Head{Hash: zeroHash, Segment: 1}
	}
	if err := fs.MkdirAll(filepath.Join(dir, bodiesDir), 0o700); err != nil {
		return nil, err
	}
	if err := finishErasing(fs, dir); err != nil {
		return nil, err
	}
	if err := check(dir, l.head); err != nil {
		return nil, err
	}
	if err := l.Rewind(l.head); err != nil {
		return nil, errors.Join(fmt.Errorf("cutting what was not committed: %w", err), l.Close())
	}
	return l, nil
}

// Head is where the log ends, appended but perhaps not committed.
func (l *Log) Head() Head { return l.head }

// Append adds the entries and makes them durable, bodies first. They are not committed until the caller has stored the
// Head that it returns; a caller that fails to do so goes back with Rewind. After an error nothing was added.
func (l *Log) Append(at time.Time, entries []Entry) (Head, error) {
	if len(entries) == 0 {
		return l.head, nil
	}
	next := l.head
	var links, bodies bytes.Buffer
	for i, e := range entries {
		next.Seq++
		linkLine, bodyLine, own, err := encode(e, next.Seq, next.Hash, at)
		if err != nil {
			return Head{}, fmt.Errorf("evidence entry %d of %d (%s): %w", i+1, len(entries), e.Kind, err)
		}
		next.Hash = own
		links.Write(linkLine)
		bodies.Write(bodyLine)
	}
	if l.torn {
		if err := l.Rewind(l.head); err != nil {
			return Head{}, err
		}
	}
	l.torn = true
	if next.Size >= l.segmentBytes {
		next.Segment, next.Size, next.BodySize = next.Segment+1, 0, 0
		if err := l.openSegment(next.Segment); err != nil {
			return Head{}, fmt.Errorf("beginning evidence segment %d: %w", next.Segment, err)
		}
	}
	if err := appendSynced(l.bodies, bodies.Bytes()); err != nil {
		return Head{}, err
	}
	if err := appendSynced(l.links, links.Bytes()); err != nil {
		return Head{}, err
	}
	next.Size, next.BodySize = l.links.Size(), l.bodies.Size()
	l.head, l.torn = next, false
	return next, nil
}

func appendSynced(a *fsx.Appender, p []byte) error {
	if err := a.Append(p); err != nil {
		return err
	}
	return a.Sync()
}

// Rewind takes the log back to an earlier head, in the current segment or the one before.
func (l *Log) Rewind(to Head) error {
	l.torn = true
	numbers, err := segments(l.dir)
	if err != nil {
		return err
	}
	for _, n := range numbers {
		if n <= to.Segment {
			continue
		}
		for _, path := range []string{linksPath(l.dir, n), bodiesPath(l.dir, n)} {
			if err := l.fs.Remove(path); err != nil {
				return err
			}
		}
	}
	if l.links == nil || l.links.Path() != linksPath(l.dir, to.Segment) {
		if err := l.openSegment(to.Segment); err != nil {
			return err
		}
	}
	if err := l.links.Truncate(to.Size); err != nil {
		return err
	}
	if err := l.bodies.Truncate(to.BodySize); err != nil {
		return err
	}
	l.head, l.torn = to, false
	return nil
}

// openSegment makes segment n the one that is appended to.
func (l *Log) openSegment(n int) error {
	if err := l.Close(); err != nil {
		return err
	}
	var err error
	if l.bodies, err = l.fs.OpenAppend(bodiesPath(l.dir, n), 0o600); err != nil {
		return err
	}
	l.links, err = l.fs.OpenAppend(linksPath(l.dir, n), 0o600)
	return err
}

// Close closes the files.
func (l *Log) Close() error {
	var errs []error
	for _, a := range []**fsx.Appender{&l.links, &l.bodies} {
		if *a != nil {
			errs = append(errs, (*a).Close())
			*a = nil
		}
	}
	return errors.Join(errs...)
}

// Dir is the log's folder.
func (l *Log) Dir() string { return l.dir }
