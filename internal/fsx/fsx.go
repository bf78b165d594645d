package fsx

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/renameio/v2"
)

// The steps that Fault is asked about.
const (
	OpCreate   = "create"   // a temporary file, or a file opened for appending that was not there
	OpOpen     = "open"     // a file opened for appending
	OpWrite    = "write"    // bytes; the one step that a *ShortWrite shortens
	OpSync     = "sync"     // fsync of a file
	OpSyncDir  = "syncdir"  // fsync of a directory
	OpRename   = "rename"   // a file given another name, as the temporary file that of the old one
	OpTruncate = "truncate" // a file cut
	OpRemove   = "remove"   // a file removed
	OpMkdir    = "mkdir"    // a directory made
	OpLock     = "lock"     // a lock taken
)

// FS does the disk's work. The zero value is the real disk.
type FS struct {
	// Fault is nil in production. See the package comment.
	Fault func(op, path string) error
}

// ShortWrite is a fault that lets the first Bytes bytes of a write reach the file.
type ShortWrite struct {
	Bytes int
	Err   error
}

func (s *ShortWrite) Error() string {
	return fmt.Sprintf("short write of %d bytes: %v", s.Bytes, s.Err)
}
func (s *ShortWrite) Unwrap() error { return s.Err }

// Point announces a step of the caller's own that is worth a fault.
func (f *FS) Point(op, path string) error {
	fault := planned
	if f != nil && f.Fault != nil {
		fault = f.Fault
	}
	if err := fault(op, path); err != nil {
		return fmt.Errorf("%s %s: %w", op, path, err)
	}
	return nil
}

// write writes p whole, or what a fault leaves of it.
func (f *FS) write(file *os.File, name string, p []byte) error {
	err := f.Point(OpWrite, name)
	var short *ShortWrite
	if errors.As(err, &short) {
		if _, werr := file.Write(p[:min(short.Bytes, len(p))]); werr != nil {
			return werr
		}
	}
	if err != nil {
		return err
	}
	_, err = file.Write(p)
	return err
}

func (f *FS) sync(file *os.File, name string) error {
	if err := f.Point(OpSync, name); err != nil {
		return err
	}
	return file.Sync()
}

// WriteFile replaces the file at path by data, so that a reader, or a start after a crash, sees the old file or the new one
// whole.
func (f *FS) WriteFile(path string, data []byte, perm os.FileMode) error {
	if err := f.replace(path, data, perm); err != nil {
		return fmt.Errorf("replacing %s: %w", path, err)
	}
	return f.syncDir(filepath.Dir(path))
}

// WriteFiles writes files into a directory, by name, each whole or not at all. All are durable on return; that takes one fsync
// of the directory, where WriteFile takes one a file.
func (f *FS) WriteFiles(dir string, files map[string][]byte, perm os.FileMode) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := f.replace(filepath.Join(dir, name), files[name], perm); err != nil {
			return fmt.Errorf("writing %s: %w", filepath.Join(dir, name), err)
		}
	}
	return f.syncDir(dir)
}

func (f *FS) replace(path string, data []byte, perm os.FileMode) error {
	return f.create(path, perm, func(file *os.File) error { return f.write(file, path, data) })
}

// Create makes the file at path of what fn writes, whole or not at all: nobody sees it before it is complete and durable. A
// file that is there already is replaced.
func (f *FS) Create(path string, perm os.FileMode, fn func(io.Writer) error) error {
	err := f.create(path, perm, func(file *os.File) error { return fn(seam{f, file, path}) })
	if err != nil {
		return fmt.Errorf("making %s: %w", path, err)
	}
	return f.syncDir(filepath.Dir(path))
}

// seam writes to a file through the faults.
type seam struct {
	fs   *FS
	file *os.File
	path string
}

func (s seam) Write(p []byte) (int, error) {
	if err := s.fs.write(s.file, s.path, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (f *FS) create(path string, perm os.FileMode, fill func(*os.File) error) (err error) {
	if err := f.Point(OpCreate, path); err != nil {
		return err
	}
	// The temporary file lies beside the old one: a rename does not cross file systems.
	tmp, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(perm))
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tmp.Cleanup())
		}
	}()
	if err := fill(tmp.File); err != nil {
		return err
	}
	if err := f.Point(OpSync, path); err != nil {
		return err
	}
	if err := f.Point(OpRename, path); err != nil {
		return err
	}
	return tmp.CloseAtomicallyReplace() // fsyncs before it renames
}

// MkdirAll makes the directory and its missing parents.
func (f *FS) MkdirAll(dir string, perm os.FileMode) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := f.MkdirAll(parent, perm); err != nil {
			return err
		}
	}
	if err := f.Point(OpMkdir, dir); err != nil {
		return err
	}
	if err := os.Mkdir(dir, perm); err != nil && !errors.Is(err, fs.ErrExist) {
		return err // an *os.PathError: it names the operation and the path
	}
	return f.syncDir(filepath.Dir(dir))
}

// Remove removes the file; that it was not there is not an error.
func (f *FS) Remove(path string) error {
	if err := f.Point(OpRemove, path); err != nil {
		return err
	}
	if err := os.Remove(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	return f.syncDir(filepath.Dir(path))
}

// Rename gives the file another name on the same disk, durably, in place of what may have had it. After an error the file has
// one of the two names.
func (f *FS) Rename(from, to string) error {
	if err := f.Point(OpRename, to); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err // an *os.LinkError: it names both
	}
	if err := f.syncDir(filepath.Dir(to)); err != nil || filepath.Dir(from) == filepath.Dir(to) {
		return err
	}
	return f.syncDir(filepath.Dir(from))
}

func (f *FS) syncDir(dir string) error {
	if err := f.Point(OpSyncDir, dir); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("fsync of directory %s: %w", dir, err)
	}
	return nil
}
