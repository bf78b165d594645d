package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"probity/internal/evidence"
	"probity/internal/fsx"
)

const (
	exportingPrefix = ".exporting-"
	exportTries     = 5
)

// Export writes a copy of the state folder, as one commit left it, to the file to. A daemon may be at work in the folder. program
// is noted in the manifest.
func Export(dir, to, program string) (*Manifest, error) {
	if err := Exists(dir); err != nil {
		return nil, err
	}
	if _, err := os.Stat(to); err == nil {
		return nil, fmt.Errorf("%s is there already: name another file, or remove it", to)
	}
	fs := &fsx.FS{}
	lock, err := fs.Lock(filepath.Join(dir, lockName))
	var locked *fsx.LockedError
	switch {
	case errors.As(err, &locked): // a daemon keeps the database open, and is read beside
	case err != nil:
		return nil, err
	default:
		defer lock.Release() //nolint:errcheck // nothing was changed
		// What a kill has left in the write-ahead log is merged, as a start would.
		db, err := openDatabase(fs, dir)
		if err != nil {
			return nil, err
		}
		defer db.close() //nolint:errcheck // likewise
	}
	return export(fs, dir, to, program)
}

// export tries again when the daemon has replaced a file that was to be copied.
func export(fs *fsx.FS, dir, to, program string) (m *Manifest, err error) {
	for range exportTries {
		if m, err = exportOnce(fs, dir, to, program); !errors.Is(err, errChanged) && !errors.Is(err, os.ErrNotExist) {
			break
		}
	}
	return m, err
}

func exportOnce(fs *fsx.FS, dir, to, program string) (*Manifest, error) {
	e := &exporter{dir: dir, open: map[string]*os.File{}}
	defer e.close()
	var err error
	if e.stage, err = os.MkdirTemp(filepath.Dir(to), exportingPrefix+"*"); err != nil {
		return nil, err
	}
	// First the descriptors, then the database: a file that the daemon replaces meanwhile can still be read.
	if err := e.openWindows(); err != nil {
		return nil, err
	}
	if err := e.copyDatabase(); err != nil {
		return nil, err
	}
	if err := e.gather(); err != nil {
		return nil, err
	}
	e.manifest.Program = program
	for _, f := range e.files {
		if err := f.sumUp(); err != nil {
			return nil, err
		}
		e.manifest.Files = append(e.manifest.Files, f.ArchivedFile)
	}
	err = fs.Create(to, 0o600, func(w io.Writer) error { return writeArchive(w, &e.manifest, e.files) })
	return &e.manifest, err
}

// exporter gathers the files of one commit.
type exporter struct {
	dir, stage string
	open       map[string]*os.File // by name
	head       head
	manifest   Manifest
	files      []*archived
}

func (e *exporter) close() {
	for _, f := range e.open {
		f.Close()
	}
	if e.stage != "" {
		os.RemoveAll(e.stage)
	}
}

func (e *exporter) openWindows() error {
	numbers, err := windowFiles(e.dir)
	if err != nil {
		return err
	}
	for _, n := range numbers {
		if f, err := os.Open(windowsPath(e.dir, n)); err == nil { // else it has been replaced just now
			e.open[windowsPath("", n)] = f
		}
	}
	return nil
}

// copyDatabase copies the database as its last commit left it, and reads the head in the copy.
func (e *exporter) copyDatabase() error {
	live, err := openToRead(filepath.Join(e.dir, databaseName), false)
	if err != nil {
		return err
	}
	path := filepath.Join(e.stage, databaseName)
	_, err = live.conn.ExecContext(context.Background(), "VACUUM INTO ?", path)
	if err := errors.Join(live.broken(err), live.close()); err != nil {
		return fmt.Errorf("copying the database: %w", err)
	}
	db, err := openToRead(path, true)
	if err != nil {
		return err
	}
	defer db.close() //nolint:errcheck // it was only read
	version, err := db.version()
	if err != nil {
		return err
	}
	if e.head, err = db.readHead(headTableOf(version)); err != nil {
		return err
	}
	db.path = live.path // as it is called in damage
	if err := db.check(e.head, version); err != nil {
		return fmt.Errorf("what would be exported is damaged: %w", err)
	}
	h := &e.head
	e.manifest = Manifest{Archive: archiveVersion, Version: version, Commit: h.commit, CommittedAt: time.Unix(0, h.at).UTC(), Generation: h.generation}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	e.open[databaseName] = f
	return e.add(databaseName, info.Size())
}

// gather lists all else that belongs to the commit: of what grows, the part that was committed.
func (e *exporter) gather() error {
	if err := e.addWindows(); err != nil {
		return err
	}
	sizes := map[string]int64{rejectsName: e.head.rejects}
	for name, size := range evidence.Files(e.head.evidence) {
		sizes[filepath.Join(evidenceDir, name)] = size
	}
	err := filepath.WalkDir(e.dir, func(path string, entry fs.DirEntry, err error) error {
		name, relErr := filepath.Rel(e.dir, path)
		switch {
		case err != nil || relErr != nil:
			return errors.Join(err, relErr)
		case name == ".":
			return nil
		case strings.HasPrefix(name, "."), strings.HasPrefix(name, importingPrefix), e.elsewhere(name):
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case !entry.Type().IsRegular():
			return nil
		}
		size, committed := sizes[name]
		if !committed {
			if size, err = e.wholeSize(name, entry); err != nil || size < 0 {
				return err
			}
		}
		delete(sizes, name)
		return e.add(name, size)
	})
	for name, size := range sizes {
		if err == nil && size > 0 {
			path := filepath.Join(e.dir, name)
			if _, statErr := os.Stat(path); statErr == nil {
				return fmt.Errorf("%s: %w", path, errChanged) // it came while the folder was walked
			}
			err = &fsx.Damage{File: path, What: fmt.Sprintf("the file is missing; %d bytes of it were committed", size), Do: restore}
		}
	}
	return err
}

// addWindows adds the window log, by the descriptors that were opened before the database was read.
func (e *exporter) addWindows() error {
	w := e.head.windows
	for _, f := range []struct {
		n    int
		size int64
	}{{w.Old, w.OldSize}, {w.File, w.Size}} {
		if f.size == 0 {
			continue
		}
		err := e.add(windowsPath("", f.n), f.size)
		if errors.Is(err, os.ErrNotExist) { // either it came and went meanwhile, or it is lost
			err = fmt.Errorf("%w: %w", errChanged, &fsx.Damage{File: windowsPath(e.dir, f.n), What: fmt.Sprintf("the file is missing; %d bytes of it were committed", f.size), Do: restore})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// elsewhere says that a file of the folder is not copied as it stands: database and window log are, and lock and earlier
// archives belong to no commit.
func (e *exporter) elsewhere(name string) bool {
	return slices.Contains([]string{lockName, acknowledgedName, databaseName, databaseName + walSuffix, databaseName + "-shm"}, name) ||
		windowsNumber(name) != 0 || strings.HasSuffix(name, archiveExt)
}

// wholeSize is the size of a file of which no commit says how much belongs to it; -1 if it is not to be copied.
func (e *exporter) wholeSize(name string, entry fs.DirEntry) (int64, error) {
	if evidence.Segment(strings.TrimPrefix(name, evidenceDir+string(filepath.Separator))) > e.head.evidence.Segment {
		return -1, nil
	}
	info, err := entry.Info()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (e *exporter) add(name string, size int64) error {
	f := e.open[name]
	if f == nil {
		var err error
		if f, err = os.Open(filepath.Join(e.dir, name)); err != nil {
			return err
		}
		e.open[name] = f
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() < size {
		return &fsx.Damage{File: filepath.Join(e.dir, name), At: fmt.Sprintf("byte %d", info.Size()), What: fmt.Sprintf("the file ends here; %d bytes were committed", size), Do: restore}
	}
	e.files = append(e.files, &archived{ArchivedFile: ArchivedFile{Name: filepath.ToSlash(name), Size: size}, file: f})
	return nil
}
