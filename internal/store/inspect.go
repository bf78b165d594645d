package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"probity/internal/evidence"
	"probity/internal/fsx"
)

// Finding is something in a state folder that is not as it was committed.
type Finding struct {
	File string `json:"file"`
	At   string `json:"at,omitempty"` // where in the file
	What string `json:"what"`
	Do   string `json:"do,omitempty"`
}

func (f Finding) String() string {
	return (&fsx.Damage{File: f.File, At: f.At, What: f.What, Do: f.Do}).Error()
}

// Inspection is what a look at everything in a state folder has found.
type Inspection struct {
	Dir         string           `json:"dir"`
	Version     int              `json:"version"` // of the format
	Commit      uint64           `json:"commit"`
	CommittedAt time.Time        `json:"committed_at"`
	Generation  string           `json:"generation,omitempty"`
	Rows        map[string]int64 `json:"rows,omitempty"` // by table
	WindowBytes int64            `json:"window_bytes"`
	WindowFiles int              `json:"window_files"`
	Frames      int64            `json:"window_frames"`
	Evidence    uint64           `json:"evidence_entries"`
	Rejects     int              `json:"rejects"`
	Findings    []Finding        `json:"findings"`
	LeftOff     int              `json:"findings_left_off,omitempty"` // beyond the first maxFindings
	Notes       []string         `json:"notes,omitempty"`             // remarkable and no damage
}

const maxFindings = 1000

// OK says whether nothing is damaged.
func (r *Inspection) OK() bool { return len(r.Findings) == 0 }

// Exists says whether dir is a state folder. Open would make one.
func Exists(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, databaseName)); err != nil {
		return noFolder(dir, err)
	}
	return nil
}

// noFolder says why the database of dir cannot be looked at. A folder that is empty, or not there, is most often one before its
// first start; where anything else stands, something was lost.
func noFolder(dir string, err error) error {
	if entries, unread := os.ReadDir(dir); errors.Is(err, os.ErrNotExist) && len(entries) == 0 && (unread == nil || errors.Is(unread, os.ErrNotExist)) {
		return fmt.Errorf("%s is not a state folder: nothing is there yet; it begins with the first start of the daemon (probity run)", dir)
	}
	return fmt.Errorf("%s is not a state folder, or has lost its database: %w", dir, err)
}

// Inspect reads everything in a state folder that nobody is using, changes nothing, and says all that is damaged. Its error is
// for what could not be looked at.
func Inspect(dir string) (*Inspection, error) {
	if err := Exists(dir); err != nil {
		return nil, err
	}
	fs := &fsx.FS{}
	lock, err := fs.Lock(filepath.Join(dir, lockName))
	if err != nil {
		var locked *fsx.LockedError
		if errors.As(err, &locked) {
			return nil, fmt.Errorf("the folder is in use: %w. While a daemon runs, check a copy: probity state export FILE, probity state import FILE DIR", err)
		}
		return nil, err
	}
	defer lock.Release() //nolint:errcheck // nothing was changed
	db, done, err := openStill(dir)
	if err != nil {
		return nil, err
	}
	defer done()
	return inspect(dir, db)
}

// openStill opens the database of a folder without changing a byte of it. What a kill has left in a write-ahead log would be
// merged: then a copy is opened.
func openStill(dir string) (db *database, done func(), err error) {
	path := filepath.Join(dir, databaseName)
	if info, err := os.Stat(path + walSuffix); err != nil || info.Size() == 0 {
		db, err := openToRead(path, true)
		if err != nil {
			return nil, nil, err
		}
		return db, func() { db.close() }, nil
	}
	tmp, err := os.MkdirTemp("", "probity-check-*")
	if err != nil {
		return nil, nil, err
	}
	remove := func() { os.RemoveAll(tmp) }
	for _, name := range []string{databaseName, databaseName + walSuffix} {
		if err := copyFile(filepath.Join(dir, name), filepath.Join(tmp, name)); err != nil {
			remove()
			return nil, nil, fmt.Errorf("copying the database to look at it (TMPDIR says where to): %w", err)
		}
	}
	if db, err = openDatabase(&fsx.FS{}, tmp); err != nil {
		remove()
		return nil, nil, err
	}
	db.path = path // as it is called in what is found
	return db, func() { db.close(); remove() }, nil
}

const walSuffix = "-wal"

// inspector gathers what inspect finds.
type inspector struct {
	*Inspection
	db   *database
	head head
}

// inspect reads a database and the files in dir that belong to it.
func inspect(dir string, db *database) (*Inspection, error) {
	in := &inspector{Inspection: &Inspection{Dir: dir, Rows: map[string]int64{}, Findings: []Finding{}}, db: db}
	db.noted = in.note
	defer func() { db.noted = nil }()
	readable, err := in.readHead()
	if err != nil || !readable {
		return in.Inspection, err
	}
	for _, part := range []func() error{in.pages, func() error { return checkAcknowledged(dir, db.path, in.head.commit) }, in.rows, in.places, in.windows, in.chain, in.rejects, in.strangers} {
		if err := in.found(part()); err != nil {
			return in.Inspection, err
		}
	}
	return in.Inspection, nil
}

// note takes an error that says damage.
func (in *inspector) note(err error) {
	var d *fsx.Damage
	f := Finding{What: err.Error()}
	if errors.As(err, &d) {
		f = Finding(*d)
	}
	if len(in.Findings) == maxFindings {
		in.LeftOff++
		return
	}
	in.Findings = append(in.Findings, f)
}

// found takes damage as a finding, and returns any other error.
func (in *inspector) found(err error) error {
	var d *fsx.Damage
	if errors.As(err, &d) {
		in.note(d)
		return nil
	}
	return err
}

// readHead reads what everything else is compared with; false if that cannot be.
func (in *inspector) readHead() (bool, error) {
	version, err := in.db.version()
	in.Version = version
	if err == nil && version == 0 {
		err = &fsx.Damage{File: in.db.path, What: "the database is empty", Do: restore}
	}
	if err == nil {
		in.head, err = in.db.readHead(headTableOf(version))
	}
	if err != nil {
		return false, in.found(err)
	}
	in.Commit, in.CommittedAt, in.Generation = in.head.commit, time.Unix(0, in.head.at).UTC(), in.head.generation
	return true, nil
}

func (in *inspector) pages() error { return in.db.eachFault(in.note) }

// rows reads every row and counts them.
func (in *inspector) rows() error {
	for _, t := range tablesOf(in.Version) {
		before := len(in.Findings) + in.LeftOff
		var n int64
		err := in.db.each(t, t.byKey(), nil, func([]any) error { n++; return nil })
		if err := in.found(err); err != nil {
			return err
		}
		in.Rows[t.name] = n
		want, counted := in.head.counted(t, in.Version)
		if counted && n != want && before == len(in.Findings)+in.LeftOff {
			in.note(&fsx.Damage{File: in.db.path, At: "table " + t.name, What: fmt.Sprintf("%d rows; %d were committed", n, want), Do: restore})
		}
	}
	return nil
}

// windows reads the window log.
func (in *inspector) windows() error {
	l := &windowLog{fs: &fsx.FS{}, dir: in.Dir, sizes: usualSizes, head: in.head.windows, frames: &in.Frames}
	in.WindowBytes, in.WindowFiles = l.head.OldSize+l.head.Size, 1
	if l.head.Old != 0 {
		in.WindowFiles = 2
	}
	if err := l.check(in.head.commit); err != nil {
		return err
	}
	if err := l.checkChanges(os.TempDir(), in.note); err != nil {
		return fmt.Errorf("sorting the window states to look at them (TMPDIR says where): %w", err)
	}
	path := windowsPath(in.Dir, l.head.File)
	if info, err := os.Stat(path); err == nil && info.Size() > l.head.Size {
		in.Notes = append(in.Notes, fmt.Sprintf("%s: %d bytes behind commit %d: a commit that a kill cut short; they go at the next start", path, info.Size()-l.head.Size, in.head.commit))
	}
	return nil
}

// chain walks the evidence, and compares it with the head.
func (in *inspector) chain() error {
	dir := filepath.Join(in.Dir, evidenceDir)
	if in.head.evidence.Seq == 0 {
		return evidence.Check(dir, evidence.Head{Segment: 1}) // whether there is more than a kill leaves
	}
	r, err := evidence.Verify(dir)
	if err != nil {
		return &fsx.Damage{File: dir, What: err.Error(), Do: restore}
	}
	in.Evidence = in.head.evidence.Seq
	for _, f := range r.Faults {
		in.note(&fsx.Damage{File: f.File, At: fmt.Sprintf("line %d (byte %d)", f.Line, f.Offset), What: f.What,
			Do: "Keep the folder for the investigation: this is what the chain is there to show. To go on, restore the state folder from a backup"})
	}
	in.LeftOff += r.FaultsLeftOff
	in.Notes = append(in.Notes, r.Notes...)
	if len(r.Faults) > 0 {
		return nil
	}
	return evidence.Check(dir, in.head.evidence)
}

func (in *inspector) rejects() error {
	n, err := checkRejects(rejectsPath(in.Dir, in.head.rejects), in.head.rejects, in.summedFrom(), func(d *fsx.Damage) { in.note(d) })
	in.Rejects = n
	return err
}

func (in *inspector) summedFrom() int64 {
	if in.Version == 1 {
		return in.head.rejects
	}
	return in.head.summed
}

// strangers notes what a kill or somebody else has left in the folder.
func (in *inspector) strangers() error {
	entries, err := os.ReadDir(in.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		switch {
		case strings.HasPrefix(name, importingPrefix), strings.HasPrefix(name, exportingPrefix), strings.HasPrefix(name, "."):
			in.Notes = append(in.Notes, fmt.Sprintf("%s: left over from something that was cut short; it can be removed", filepath.Join(in.Dir, name)))
		case isCopy(name):
			in.Notes = append(in.Notes, fmt.Sprintf("%s: the folder as it was before an upgrade; what was redacted or has expired since is still in it, so remove it once nobody wants to go back", filepath.Join(in.Dir, name)))
		case windowsNumber(name) != 0 && windowsNumber(name) != in.head.windows.File && windowsNumber(name) != in.head.windows.Old:
			in.Notes = append(in.Notes, fmt.Sprintf("%s: replaced, or never committed; it goes at the next start", filepath.Join(in.Dir, name)))
		}
	}
	return nil
}
