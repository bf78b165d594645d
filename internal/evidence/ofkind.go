package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// OfKind returns the entries of a kind up to entry upTo, oldest first, without those of segments that ended before since. The
// lines that it passes must be a chain, and each body what its entry says; one that was redacted is nil. It may go beside a
// Log that appends.
func OfKind(dir, kind string, since time.Time, upTo uint64) ([]Stored, error) {
	c, err := cursorSince(dir, since)
	if err != nil || c.seq >= upTo {
		return nil, err
	}
	var list []Stored
	hashes := map[uint64]string{}
	needle := []byte(`"kind":"` + kind + `"`)
	err = c.advance(upTo, func(line []byte) error {
		if !bytes.Contains(line, needle) {
			return nil
		}
		l, err := decodeLink(line)
		if err != nil {
			return err
		}
		list = append(list, Stored{Seq: l.Seq, Kind: l.Kind, Line: bytes.Clone(line), segment: c.segment})
		hashes[l.Seq] = l.BodyHash
		return nil
	})
	for rest := list; err == nil && len(rest) > 0; {
		n := 0
		for n < len(rest) && rest[n].segment == rest[0].segment {
			n++
		}
		err = readBodies(bodiesPath(dir, rest[0].segment), rest[:n], hashes)
		rest = rest[n:]
	}
	if err != nil {
		return nil, err
	}
	return list, nil
}

// cursorSince stands before the last segment that began at since or before.
func cursorSince(dir string, since time.Time) (cursor, error) {
	return cursorBefore(dir, func(first link) bool {
		at, err := time.Parse(time.RFC3339Nano, first.At)
		return err != nil || at.After(since)
	})
}

// readBodies reads the bodies of entries of one segment, in one pass.
func readBodies(path string, entries []Stored, hashes map[uint64]string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	bodies := readLines(f, path)
	for i := range entries {
		s := &entries[i]
		prefix := bodyPrefix(s.Seq)
		for s.BodyLine == nil {
			p, err := bodies.next()
			if errors.Is(err, io.EOF) {
				return damage(path, fmt.Sprintf("byte %d", bodies.end), fmt.Sprintf("the body of entry %d is missing", s.Seq))
			}
			if err != nil {
				return err
			}
			if !bytes.HasPrefix(p, prefix) {
				continue
			}
			at := fmt.Sprintf("line %d (byte %d)", bodies.number, bodies.offset)
			b, err := decodeBody(p)
			if err != nil {
				return damage(path, at, fmt.Sprintf("not a body: %v", err))
			}
			s.BodyLine, s.offset = p, bodies.offset
			if b.redacted() {
				break
			}
			if b.hash() != hashes[s.Seq] {
				return damage(path, at, fmt.Sprintf("the body of entry %d was changed", s.Seq))
			}
			s.Body = []byte(b.Text)
		}
	}
	return nil
}
