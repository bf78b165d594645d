package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"probity/internal/fsx"
)

const importingPrefix = "importing-"

// Import unpacks an archive of Export into dir, which is empty or not there, and checks everything in it before the first file
// is put in its place. The database comes last, and without it a folder is no state folder: a kill leaves nothing that a
// daemon would take for one.
func Import(from, dir string) (*Inspection, error) {
	return importInto(&fsx.FS{}, from, dir)
}

func importInto(fs *fsx.FS, from, dir string) (found *Inspection, err error) {
	in, err := os.Open(from)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := refuseFull(dir); err != nil { // before the lock puts a file there
		return nil, err
	}
	lock, err := fs.Lock(filepath.Join(dir, lockName))
	if err != nil {
		return nil, err
	}
	defer lock.Release() //nolint:errcheck // the end of the process releases it too
	if err := refuseFull(dir); err != nil {
		return nil, err
	}
	stage, err := os.MkdirTemp(dir, importingPrefix+"*")
	if err != nil {
		return nil, err
	}
	names, found, err := unpack(fs, in, stage)
	if err != nil {
		return found, errors.Join(fmt.Errorf("archive %s: %w", from, err), os.RemoveAll(stage))
	}
	if err := putInPlace(fs, stage, dir, names); err != nil {
		return found, fmt.Errorf("putting the files of %s in their places: %w. Empty the folder %s and import again", from, err, dir)
	}
	found.Dir = dir
	return found, nil
}

// refuseFull refuses a folder that holds more than a lock.
func refuseFull(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { return e.Name() == lockName })
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty (%s is in it): a state is imported into an empty folder only, so that none is overwritten; name another, or move away what is there", dir, entries[0].Name())
	}
	return nil
}

// unpack writes the files durably and inspects them as a state folder.
func unpack(fs *fsx.FS, in io.Reader, stage string) (names []string, found *Inspection, err error) {
	a, err := openArchive(in)
	if err != nil {
		return nil, nil, err
	}
	defer a.close()
	err = a.each(func(f ArchivedFile, content io.Reader) error {
		path := filepath.Join(stage, filepath.FromSlash(f.Name))
		if err := fs.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		names = append(names, f.Name)
		return fs.Create(path, 0o600, func(w io.Writer) error { return copyExactly(w, content, f.Size) })
	})
	if err != nil {
		return nil, nil, err
	}
	if !slices.Contains(names, databaseName) {
		return nil, nil, fmt.Errorf("it holds no %s", databaseName)
	}
	db, done, err := openStill(stage)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	if found, err = inspect(stage, db); err != nil {
		return nil, nil, err
	}
	if !found.OK() {
		return nil, found, fmt.Errorf("the state in it is damaged, as it was when it was exported; nothing was imported. %w", errors.New(found.Findings[0].String()))
	}
	if found.Commit != a.Commit || found.Version != a.Version {
		return nil, found, fmt.Errorf("it holds commit %d of format version %d; its manifest says commit %d of version %d", found.Commit, found.Version, a.Commit, a.Version)
	}
	return names, found, nil
}

// putInPlace moves what was unpacked, the database last.
func putInPlace(fs *fsx.FS, stage, dir string, names []string) error {
	entries, err := os.ReadDir(stage)
	if err != nil {
		return err
	}
	var tops []string
	for _, e := range entries {
		if e.Name() != databaseName {
			tops = append(tops, e.Name())
		}
	}
	for _, name := range append(tops, databaseName) {
		if err := fs.Rename(filepath.Join(stage, name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return fs.Remove(stage)
}
