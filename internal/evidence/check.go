package evidence

import (
	"errors"
	"fmt"
	"io"
	"os"

	"probity/internal/fsx"
)

// Check compares the log in dir with a committed head, and changes nothing. What is wrong comes as *fsx.Damage.
func Check(dir string, committed Head) error { return check(dir, committed) }

// check compares the files with a committed head.
func check(dir string, head Head) error {
	numbers, err := segments(dir)
	if err != nil {
		return err
	}
	for i, n := range numbers {
		if n != i+1 {
			return damage(linksPath(dir, i+1), "", "the segment is missing")
		}
	}
	if len(numbers) > head.Segment+1 {
		return damage(linksPath(dir, len(numbers)), "", fmt.Sprintf("the segment is more than one commit ahead of the database, which ends in segment %d", head.Segment))
	}
	if head.Seq == 0 {
		return nil
	}
	var faults []Fault
	w := newWalk(func(f Fault) { faults = append(faults, f) })
	if head.Segment > 1 {
		if err := w.startAfter(dir, head.Segment-1); err != nil {
			return err
		}
	}
	if err := walkCommitted(w, dir, head); err != nil {
		return err
	}
	if len(faults) > 0 {
		f := faults[0]
		return damage(f.File, fmt.Sprintf("line %d (byte %d)", f.Line, f.Offset), f.What)
	}
	if w.seq != head.Seq || w.hash != head.Hash {
		return damage(w.last.File, fmt.Sprintf("line %d (byte %d)", w.last.Line, w.last.Offset),
			fmt.Sprintf("the last committed entry is not the one that the database knows (entry %d, hash %.16s…)", head.Seq, head.Hash))
	}
	return nil
}

func damage(file, at, what string) error {
	return &fsx.Damage{File: file, At: at, What: what, Do: "Keep the folder for the investigation; " +
		"`probity evidence verify` lists everything that is wrong; restore the state folder from a backup to go on"}
}

// walkCommitted walks the committed bytes of the current segment.
func walkCommitted(w *walk, dir string, head Head) error {
	var readers [2]*lines
	for i, part := range []struct {
		path string
		size int64
	}{{linksPath(dir, head.Segment), head.Size}, {bodiesPath(dir, head.Segment), head.BodySize}} {
		f, err := os.Open(part.path)
		if errors.Is(err, os.ErrNotExist) {
			return damage(part.path, "", fmt.Sprintf("the file is missing; %d bytes of it were committed", part.size))
		}
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		if info.Size() < part.size {
			return damage(part.path, fmt.Sprintf("byte %d", info.Size()), fmt.Sprintf("the file ends here; %d bytes were committed", part.size))
		}
		readers[i] = readLines(io.LimitReader(f, part.size), part.path)
	}
	orphans, err := w.walkSegment(readers[0], readers[1])
	for _, l := range readers {
		if l.torn {
			w.note(l.fault(0, "the last committed line is not whole (byte %d)", l.end))
		}
	}
	if err == nil && orphans > 0 {
		w.note(readers[1].fault(0, "%d committed bodies have no entry", orphans))
	}
	return err
}

// startAfter takes the walk to the last line of segment n, unseen what is before it.
func (w *walk) startAfter(dir string, n int) error {
	path := linksPath(dir, n)
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	log := readLines(f, path)
	var last []byte
	for {
		p, err := log.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		last = p
	}
	l, err := decodeLink(last)
	if err != nil {
		return damage(path, fmt.Sprintf("line %d (byte %d)", log.number, log.offset), fmt.Sprintf("not an entry: %v", err))
	}
	w.step(l.Seq, hash(last), log)
	return nil
}
