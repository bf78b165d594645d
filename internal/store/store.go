package store

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"probity/internal/alert"
	"probity/internal/evidence"
	"probity/internal/fsx"
)

const (
	lockName    = "lock"
	evidenceDir = "evidence"
	rejectsName = "rejects.jsonl"
)

// How many bytes are kept in memory of what was committed lately, about: of cases, and of records; see shareOfLately.
const (
	latelyCases   = 8 << 20
	latelyRecords = 32 << 20
)

// Options of Open.
type Options struct {
	Dir   string
	FS    *fsx.FS          // nil: the real disk
	Sinks []string         // configured sinks: Outstanding lists them even when nothing waits
	Now   func() time.Time // nil: time.Now
}

// Store is the state folder, open. Its methods may be called by several goroutines; changes are made one at a time.
type Store struct {
	opts     Options
	lock     *fsx.Lock
	db       *database
	records  *recordCodec
	evidence *evidence.Log

	acknowledged *acknowledged
	packAtLeast  int                         // records that make a pack: tests make small ones
	levels       [packLevels + 1]atomic.Bool // that have packs
	unpacked     unpacked
	cases        *lately[string, alert.Case]
	own          *lately[RecordKey, keptRow] // records that have rows of their own
	forgot       atomic.Int64                // the largest Commit.Forget: what own knows of earlier ones is gone

	mu        sync.Mutex // held by whatever changes, and for what is below
	windows   *windowLog
	rejects   *fsx.Appender
	head      head            // of the last commit
	unsettled bool            // a commit failed: bytes may lie behind head
	inDoubt   bool            // … in its transaction: SQLite's write-ahead log may hold it whole
	stopped   error           // why no further commit is taken
	holds     map[string]Hold // legal holds in force; nil until it is asked
	closed    bool
}

// Open opens the state folder, makes it if it is not there, and cuts what was not committed. Damage inside what was
// committed is refused as *fsx.Damage, another process at work as *fsx.LockedError. It reads the whole database, the window
// log, and the current segment of the evidence.
func Open(o Options) (*Store, error) {
	if o.FS == nil {
		o.FS = &fsx.FS{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Store{opts: o, packAtLeast: packAtLeast, cases: newLately[string, alert.Case](latelyCases / shareOfLately()), own: newLately[RecordKey, keptRow](latelyRecords / shareOfLately())}
	s.forgot.Store(math.MinInt64)
	if err := s.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the state folder: %w", err), s.Close())
	}
	return s, nil
}

func (s *Store) open() (err error) {
	dir, fs := s.opts.Dir, s.opts.FS
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if s.lock, err = fs.Lock(filepath.Join(dir, lockName)); err != nil {
		return err
	}
	if s.records, err = newRecordCodec(); err != nil {
		return err
	}
	if s.db, err = openDatabase(fs, dir); err != nil {
		return err
	}
	version, err := s.db.version()
	if err != nil {
		return err
	}
	if version == 0 {
		if err := s.refuseOrphans(); err != nil {
			return err
		}
		if err := s.db.create(); err != nil {
			return fmt.Errorf("making the tables of %s: %w", s.db.path, err)
		}
		version = schemaVersion
	}
	if err := s.openVersion(version); err != nil {
		return err
	}
	if version == schemaVersion {
		err = s.rewind()
	} else {
		err = s.upgrade(version)
	}
	if err != nil {
		return err
	}
	return s.findLevels()
}

// openVersion reads the head that a version wrote, checks what it is the head of, and opens the files beside the database.
func (s *Store) openVersion(version int) (err error) {
	if s.head, err = s.db.readHead(headTableOf(version)); err != nil {
		return err
	}
	if err := s.db.check(s.head, version); err != nil {
		return err
	}
	if err := checkAcknowledged(s.opts.Dir, s.db.path, s.head.commit); err != nil {
		return err
	}
	if s.acknowledged, err = openAcknowledged(s.opts.Dir); err != nil {
		return err
	}
	return s.openFiles()
}

// openFiles opens the files beside the database. The window log comes first: it tells whether the database has gone back,
// and nothing may be cut before that is known.
func (s *Store) openFiles() (err error) {
	dir, fs := s.opts.Dir, s.opts.FS
	if s.windows, err = openWindows(fs, dir, s.head.windows, s.head.commit); err != nil {
		return err
	}
	if s.evidence, err = evidence.Open(fs, filepath.Join(dir, evidenceDir), s.head.evidence); err != nil {
		return err
	}
	s.head.evidence = s.evidence.Head()
	if err := finishRejects(fs, dir, s.head.rejects); err != nil {
		return err
	}
	if s.rejects, err = fs.OpenAppend(filepath.Join(dir, rejectsName), 0o600); err != nil {
		return err
	}
	if n := s.rejects.Size(); n < s.head.rejects {
		return rejectsShort(s.rejects.Path(), n, s.head.rejects)
	}
	return nil
}

// refuseOrphans refuses a folder whose database was lost: what lies beside it must not be taken for uncommitted tails. The
// database is made before anything else is written.
func (s *Store) refuseOrphans() error {
	if cut, err := filepath.Glob(filepath.Join(s.opts.Dir, importingPrefix+"*")); err != nil {
		return err
	} else if len(cut) > 0 {
		return &fsx.Damage{File: s.opts.Dir, What: "an import into it was cut short", Do: "Empty the folder and import again"}
	}
	for _, name := range []string{rejectsName, filepath.Join(evidenceDir, "000001.log")} {
		path := filepath.Join(s.opts.Dir, name)
		if info, err := os.Stat(path); err == nil && info.Size() > 0 {
			return &fsx.Damage{File: s.db.path, What: "the database is new or empty, but " + path + " beside it is not", Do: restore}
		}
	}
	if files, err := windowFiles(s.opts.Dir); err != nil {
		return err
	} else if len(files) > 0 {
		return &fsx.Damage{File: s.db.path, What: "the database is new or empty, but there are window states beside it", Do: restore}
	}
	return nil
}

// rewind cuts every file to the last commit.
func (s *Store) rewind() error {
	if err := s.evidence.Rewind(s.head.evidence); err != nil {
		return err
	}
	if err := s.windows.rewind(s.head.windows); err != nil {
		return err
	}
	return s.rejects.Truncate(s.head.rejects)
}

// Close closes the folder. It saves nothing: what was committed is durable already.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.stopped = errors.New("the state folder is closed")
	var errs []error
	if s.rejects != nil {
		errs = append(errs, s.rejects.Close())
	}
	if s.windows != nil {
		errs = append(errs, s.windows.close())
	}
	if s.evidence != nil {
		errs = append(errs, s.evidence.Close())
	}
	if s.db != nil {
		errs = append(errs, s.db.close())
	}
	if s.acknowledged != nil {
		errs = append(errs, s.acknowledged.close())
	}
	if s.records != nil {
		s.records.close()
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Release()) // last: until here nobody else may open it
	}
	return errors.Join(errs...)
}

// Check reads everything, old segments of the evidence too, and says what is damaged first. Inspect says all of it, of a folder
// that nobody has open.
func (s *Store) Check() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped != nil {
		return s.stopped
	}
	if err := s.db.check(s.head, schemaVersion); err != nil {
		return err
	}
	if err := s.windows.checkCommitted(s.head.commit); err != nil {
		return err
	}
	var first error
	note := func(err error) { first = cmp.Or(first, err) }
	if err := s.windows.checkChanges(s.opts.Dir, note); err != nil || first != nil {
		return cmp.Or(err, first)
	}
	_, err := checkRejects(s.rejects.Path(), s.head.rejects, s.head.summed, func(d *fsx.Damage) { note(d) })
	if err := errors.Join(err, first); err != nil {
		return err
	}
	report, err := evidence.Verify(filepath.Join(s.opts.Dir, evidenceDir))
	if err == nil && !report.OK() {
		f := report.Faults[0]
		err = &fsx.Damage{File: f.File, At: fmt.Sprintf("line %d (byte %d)", f.Line, f.Offset), What: f.What, Do: "`probity evidence verify` lists everything"}
	}
	return err
}
