package fsx

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Appender is a file that only grows, and is cut back where a failed append left bytes. It is for one goroutine; ReadAt
// may be called beside it.
type Appender struct {
	fs   *FS
	file *os.File
	path string
	size int64
}

// OpenAppend opens the file for appending and creates it if it is not there, in which case its name is durable on return.
func (f *FS) OpenAppend(path string, perm os.FileMode) (*Appender, error) {
	_, err := os.Stat(path)
	created := errors.Is(err, fs.ErrNotExist)
	op := OpOpen
	if created {
		op = OpCreate
	}
	if err := f.Point(op, path); err != nil {
		return nil, err
	}
	// O_APPEND, not writes at a remembered place: if someone else cuts the file, no hole of zeroes comes into it.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, perm)
	if err != nil {
		return nil, err
	}
	a := &Appender{fs: f, file: file, path: path}
	if created {
		err = f.syncDir(filepath.Dir(path))
	}
	if err == nil {
		err = a.stat()
	}
	if err != nil {
		file.Close()
		if created {
			os.Remove(path) // so that the next attempt creates it again, and makes its name durable
		}
		return nil, err
	}
	return a, nil
}

func (a *Appender) stat() error {
	info, err := a.file.Stat()
	if err != nil {
		return err
	}
	a.size = info.Size()
	return nil
}

// Append adds p at the end, whole or with an error; after an error any part of p may be in the file, Size does not count
// it, and the caller cuts it off with Truncate before the next Append.
func (a *Appender) Append(p []byte) error {
	if err := a.fs.write(a.file, a.path, p); err != nil {
		return fmt.Errorf("appending %d bytes to %s: %w", len(p), a.path, err)
	}
	a.size += int64(len(p))
	return nil
}

// Sync makes what was appended durable. After an error nothing may be claimed about any byte since the last Sync.
func (a *Appender) Sync() error {
	if err := a.fs.sync(a.file, a.path); err != nil {
		return fmt.Errorf("fsync of %s: %w", a.path, err)
	}
	return nil
}

// Rewrite writes p once more where it stands, at off. After a Sync that failed the kernel takes the bytes since the last one
// for written and would make the next Sync succeed without them; writing them again makes it try again. Readers see no
// change.
func (a *Appender) Rewrite(p []byte, off int64) (err error) {
	if err := a.fs.Point(OpWrite, a.path); err != nil {
		return err
	}
	again, err := os.OpenFile(a.path, os.O_WRONLY, 0) // O_APPEND would write at the end
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, again.Close()) }()
	if _, err := again.WriteAt(p, off); err != nil {
		return fmt.Errorf("writing %d bytes again to %s: %w", len(p), a.path, err)
	}
	return nil
}

// Settle counts what a failed Append left in the file as appended, for a caller that goes on behind it: a reader may have
// seen these bytes already, so that they cannot be cut off. It returns the file's size.
func (a *Appender) Settle() (int64, error) {
	if err := a.stat(); err != nil {
		return 0, fmt.Errorf("size of %s: %w", a.path, err)
	}
	return a.size, nil
}

// Size is the file's size in bytes when it was opened, plus what was appended whole.
func (a *Appender) Size() int64 { return a.size }

// Path is the file's path as it was opened.
func (a *Appender) Path() string { return a.path }

// Truncate cuts the file to n bytes. A file that is shorter is an error: it has lost what the caller believes it has.
func (a *Appender) Truncate(n int64) error {
	if err := a.fs.Point(OpTruncate, a.path); err != nil {
		return err
	}
	if err := a.stat(); err != nil {
		return err
	}
	if n > a.size {
		return fmt.Errorf("cutting %s to %d bytes: it has only %d", a.path, n, a.size)
	}
	if n == a.size {
		return nil
	}
	if err := a.file.Truncate(n); err != nil {
		return err
	}
	a.size = n
	return nil
}

// ReadAt reads as io.ReaderAt.
func (a *Appender) ReadAt(p []byte, off int64) (int, error) { return a.file.ReadAt(p, off) }

// Close closes the file without a Sync.
func (a *Appender) Close() error { return a.file.Close() }
