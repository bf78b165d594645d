package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"probity/internal/alert"
	"probity/internal/fsx"
)

const (
	filePerm = 0o640
	dirPerm  = 0o750
)

// fileSink appends each revision as a line, exactly once: the package comment says how.
type fileSink struct {
	name, path string
	form       format
	fs         *fsx.FS

	// doubtful: a write or its fsync failed and could not be undone. The kernel may since have dropped the lines that it
	// failed to write while still showing them, so they are cut and written again, not counted.
	doubtful bool

	claimed bool      // it delivers under its lock only: see exclusive
	lock    *fsx.Lock // nil: not taken, or not yet
}

func fileKind() kind {
	return kind{keys: []string{"path", "format"}, check: checkFile, build: newFileSink}
}

func checkFile(c Config) []Flaw {
	switch {
	case c.Path == "":
		return []Flaw{{"path", "a file sink needs one", "name the file that revisions are appended to"}}
	case !filepath.IsAbs(c.Path):
		return []Flaw{{"path", "is relative, and would depend on where the daemon was started", "write it from /"}}
	}
	return checkFormat(c, "json", "ocsf")
}

func newFileSink(c Config, fs *fsx.FS) (Sink, error) {
	return &fileSink{name: c.Name, path: filepath.Clean(c.Path), form: formatNamed(c.Format), fs: fs}, nil
}

// Name implements Sink.
func (s *fileSink) Name() string { return s.name }

// Deliver appends what of batch does not stand in the file yet, with one write and one fsync.
func (s *fileSink) Deliver(ctx context.Context, mark int64, batch []alert.Delivery) (done int, newMark int64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, mark, err
	}
	if s.claimed {
		if err := s.claim(); err != nil {
			return 0, mark, err
		}
	}
	lines, unfit := linesOf(s.form, batch)
	if len(lines) == 0 {
		return 0, mark, unfit
	}
	newMark, err = s.write(mark, lines)
	if err != nil {
		return 0, mark, err
	}
	if unfit != nil {
		return len(lines), newMark, unfit
	}
	return len(lines), newMark, nil
}

// linesOf returns the bodies as lines, up to the first that is no JSON document.
func linesOf(form format, batch []alert.Delivery) ([][]byte, error) {
	lines := make([][]byte, 0, len(batch))
	for _, d := range batch {
		body, err := form.body(d)
		if err != nil {
			return lines, err
		}
		var line bytes.Buffer
		line.Grow(len(body) + 1)
		if !bytes.ContainsAny(body, "\r\n") && json.Valid(body) {
			line.Write(body)
		} else if err := json.Compact(&line, body); err != nil {
			return lines, failure(Refused, "the body is no JSON: %w", err)
		}
		line.WriteByte('\n')
		lines = append(lines, line.Bytes())
	}
	return lines, nil
}

// write makes every line stand in the file once and durably, and returns the file's size up to which that is so.
func (s *fileSink) write(mark int64, lines [][]byte) (newMark int64, err error) {
	if err := s.fs.MkdirAll(filepath.Dir(s.path), dirPerm); err != nil {
		return 0, fmt.Errorf("making the directory of %s: %w", s.path, err)
	}
	file, err := s.fs.OpenAppend(s.path, filePerm)
	if err != nil {
		return 0, fmt.Errorf("opening %s: %w", s.path, err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()

	missing, end, err := s.missing(file, mark, lines)
	if err != nil {
		return 0, err
	}
	if len(missing) > 0 {
		if err := s.append(file, missing); err != nil {
			return 0, err
		}
		return file.Size(), nil
	}
	// All stand there already; but the last process may have been killed between its write and its fsync.
	if err := file.Sync(); err != nil {
		s.doubtful = true
		return 0, err
	}
	return end, nil
}

// append writes the lines durably, or leaves the file as it was.
func (s *fileSink) append(file *fsx.Appender, lines [][]byte) error {
	before := file.Size()
	err := file.Append(slices.Concat(lines...))
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		return nil
	}
	s.doubtful = true
	if cut := file.Truncate(before); cut != nil {
		return errors.Join(err, fmt.Errorf("cutting it off again: %w", cut))
	}
	return err
}

// missing returns what has to be appended: the lines that do not stand in the file. If it is nothing, the last of them ends
// at end. A torn line is cut before.
func (s *fileSink) missing(file *fsx.Appender, mark int64, lines [][]byte) (missing [][]byte, end int64, err error) {
	due := newDueLines(lines)
	start, sameFile, err := due.start(file, file.Size(), mark)
	if err != nil {
		return nil, 0, fmt.Errorf("reading %s: %w", s.path, err)
	}
	if s.doubtful { // and whatever stands in predecessors is in doubt too
		if err := s.cutDoubtful(file, start, lines); err != nil {
			return nil, 0, err
		}
	} else if !sameFile {
		if err := s.findInPredecessors(mark, due); err != nil {
			return nil, 0, err
		}
	}
	found, err := due.scan(file, start, file.Size())
	if err != nil {
		return nil, 0, fmt.Errorf("reading %s: %w", s.path, err)
	}
	missing = due.remaining()
	switch {
	case len(missing) == 0:
	case found.torn:
		if err := file.Truncate(found.whole); err != nil {
			return nil, 0, fmt.Errorf("cutting a torn line off %s: %w", s.path, err)
		}
	case found.whole < file.Size(): // somebody else's line without an end: it gets one, so that ours begins a line
		missing = slices.Insert(missing, 0, []byte("\n"))
	}
	return missing, found.end, nil
}

// cutDoubtful cuts the file at the first due line, so that all of them are written anew.
func (s *fileSink) cutDoubtful(file *fsx.Appender, start int64, lines [][]byte) error {
	found, err := newDueLines(lines).scan(file, start, file.Size())
	if err == nil && found.first >= 0 {
		err = file.Truncate(found.first)
	}
	if err != nil {
		return fmt.Errorf("cutting doubtful lines off %s: %w", s.path, err)
	}
	s.doubtful = false
	return nil
}
