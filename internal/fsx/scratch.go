package fsx

import (
	"fmt"
	"io"
	"os"
)

// Scratch is a file without a name: it takes room on the disk of its directory while it is open, and a kill leaves nothing of
// it. It is for one goroutine.
type Scratch struct {
	fs   *FS
	file *os.File
	dir  string
	size int64
}

// Scratch makes one on the disk that dir lies on.
func (f *FS) Scratch(dir string) (*Scratch, error) {
	if err := f.Point(OpCreate, dir); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(dir, ".scratch-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		file.Close()
		return nil, err
	}
	return &Scratch{fs: f, file: file, dir: dir}, nil
}

// Append adds p at the end and returns where it stands.
func (s *Scratch) Append(p []byte) (at int64, err error) {
	if _, err := s.file.Seek(s.size, io.SeekStart); err != nil { // an append that failed may have left bytes
		return 0, err
	}
	if err := s.fs.write(s.file, s.dir, p); err != nil {
		return 0, fmt.Errorf("writing %d bytes to a scratch file in %s: %w", len(p), s.dir, err)
	}
	at = s.size
	s.size += int64(len(p))
	return at, nil
}

// ReadAt reads as io.ReaderAt.
func (s *Scratch) ReadAt(p []byte, off int64) (int, error) { return s.file.ReadAt(p, off) }

// Close gives its room back.
func (s *Scratch) Close() error { return s.file.Close() }
