package notify

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// dueLines are the lines that are due, and which of them were found standing in a file. Each is a revision with its id and
// number in it, so no two are equal, and one that is found is the proof of its arrival.
type dueLines struct {
	lines   [][]byte
	index   map[string]int // line → its place in lines
	found   []bool
	longest int
}

func newDueLines(lines [][]byte) *dueLines {
	d := &dueLines{lines: lines, index: make(map[string]int, len(lines)), found: make([]bool, len(lines))}
	for i, line := range lines {
		d.index[string(line)] = i
		d.longest = max(d.longest, len(line))
	}
	return d
}

// remaining returns the lines that were not found, in their order.
func (d *dueLines) remaining() [][]byte {
	var rest [][]byte
	for i, line := range d.lines {
		if !d.found[i] {
			rest = append(rest, line)
		}
	}
	return rest
}

// start says where to begin looking: at the mark, or at 0 if this is not the file that the mark was taken in. A mark of the
// same file has a line's end before it and no due line at the file's beginning; of a mark of 0 nobody can tell.
func (d *dueLines) start(file io.ReaderAt, size, mark int64) (at int64, sameFile bool, err error) {
	if mark == 0 || mark > size {
		return 0, false, nil
	}
	if aligned, err := endsLine(file, mark); err != nil || !aligned {
		return 0, false, err
	}
	if due, err := d.dueAt(file, 0, size); err != nil || due {
		return 0, false, err
	}
	return mark, true, nil
}

func endsLine(file io.ReaderAt, mark int64) (bool, error) {
	var before [1]byte
	if _, err := file.ReadAt(before[:], mark-1); err != nil {
		return false, err
	}
	return before[0] == '\n', nil
}

// dueAt says whether the line that begins at off is a due one.
func (d *dueLines) dueAt(file io.ReaderAt, off, size int64) (bool, error) {
	line, err := bufio.NewReader(io.NewSectionReader(file, off, min(size-off, int64(d.longest)))).ReadBytes('\n')
	if err != nil && err != io.EOF {
		return false, err
	}
	_, due := d.index[string(line)]
	return due, nil
}

// standing is what a scan found.
type standing struct {
	first, end int64 // where the first found line begins (-1: none) and the last one ends
	whole      int64 // where the last line of the file that has an end ends
	torn       bool  // what follows whole is the beginning of a due line
}

// scan reads the file from start on and notes which due lines stand there. It keeps one line of the longest due one's
// length in memory, however long the lines of others are.
func (d *dueLines) scan(file io.ReaderAt, start, size int64) (standing, error) {
	s := standing{first: -1, end: start, whole: start}
	r := bufio.NewReaderSize(io.NewSectionReader(file, start, size-start), d.longest)
	at, tooLong := start, false
	for {
		line, err := r.ReadSlice('\n')
		at += int64(len(line))
		switch {
		case err == nil:
			if i, due := d.index[string(line)]; due && !tooLong {
				d.found[i] = true
				if s.first < 0 {
					s.first = s.whole
				}
				s.end = at
			}
			s.whole, tooLong = at, false
		case errors.Is(err, bufio.ErrBufferFull):
			tooLong = true
		case err == io.EOF:
			s.torn = !tooLong && len(line) > 0 && d.begins(line)
			return s, nil
		default:
			return s, err
		}
	}
}

// begins says whether rest is the beginning of a due line. A power cut can leave zeroes where bytes were to come.
func (d *dueLines) begins(rest []byte) bool {
	rest = bytes.TrimRight(rest, "\x00")
	for i, line := range d.lines {
		if !d.found[i] && bytes.HasPrefix(line, rest) {
			return true
		}
	}
	return false
}

// findInPredecessors looks for due lines in the files that rotation made of this one. They stand at the mark, or at the
// beginning of a file that was begun after it, if they were written, but not recorded, before the rename.
func (s *fileSink) findInPredecessors(mark int64, due *dueLines) error {
	entries, err := os.ReadDir(filepath.Dir(s.path))
	if err != nil {
		return fmt.Errorf("looking for predecessors of %s: %w", s.path, err)
	}
	for _, e := range entries {
		if e.Type().IsRegular() && e.Name() != filepath.Base(s.path) && strings.HasPrefix(e.Name(), filepath.Base(s.path)) {
			path := filepath.Join(filepath.Dir(s.path), e.Name())
			if err := due.findIn(path, mark); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("reading a predecessor of %s: %w", s.path, err)
			}
		}
	}
	return nil
}

func (d *dueLines) findIn(path string, mark int64) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	at, _, err := d.start(file, info.Size(), mark)
	if err != nil {
		return err
	}
	if due, err := d.dueAt(file, at, info.Size()); err != nil || !due {
		return err
	}
	if _, err := d.scan(file, at, info.Size()); err != nil {
		return err
	}
	return file.Sync() // they are taken for delivered: make that true
}
