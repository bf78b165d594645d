package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"probity/internal/fsx"
)

const (
	databaseName  = "state.db"
	schemaVersion = 4
	applicationID = 0x50524f42 // "PROB"; `file` and auditors can tell whose database it is
)

// The steps of a transaction that a fault can hit.
const (
	opBegin     = "begin"
	opCommit    = "commit"
	opCommitted = "committed"
	opWipe      = "wipe" // free pages, after a redaction
)

// database is the SQLite file: one connection that writes, under the store's mutex, and some that read what is committed.
type database struct {
	fs     *fsx.FS
	path   string
	write  *sql.DB
	conn   *sql.Conn // the only one of write
	read   *sql.DB
	stmts  map[string]*sql.Stmt // of conn
	intact bool                 // false while a transaction could neither be committed nor rolled back

	often     sync.Mutex           // held for what is below
	readStmts map[string]*sql.Stmt // of read

	// noted is told of a row whose checksum does not fit, and the reading goes on; nil: it ends there.
	noted func(error)
}

func openDatabase(fs *fsx.FS, dir string) (*database, error) {
	path := filepath.Join(dir, databaseName)
	d := &database{fs: fs, path: path, stmts: map[string]*sql.Stmt{}, readStmts: map[string]*sql.Stmt{}, intact: true}
	// SQLite would make it readable to all; its companions get the permissions of the file itself.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	file.Close()
	if d.write, err = open(path, "_txlock=immediate&_pragma=cache_size(-4096)"); err != nil {
		return nil, err
	}
	d.write.SetMaxOpenConns(1)
	if d.conn, err = d.write.Conn(context.Background()); err == nil {
		d.read, err = open(path, "_pragma=query_only(1)")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the database: %w", d.broken(err)), d.close())
	}
	d.read.SetMaxOpenConns(4)
	return d, nil
}

func open(path, more string) (*sql.DB, error) {
	// The driver applies what _pragma names in alphabetical order and _journal_mode after it; once the journal is a write-ahead log, the
	// size of the pages is fixed.
	return openWith(path, "_pragma=page_size(8192)&_journal_mode=WAL&_pragma=synchronous(FULL)&_pragma=foreign_keys(0)&"+more)
}

func openWith(path, more string) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	dsn := url.URL{Scheme: "file", Path: abs,
		RawQuery: "_dqs=0&_defensive=1&_error_rc=1&_pragma=busy_timeout(10000)&_pragma=cell_size_check(1)&" + more}
	return sql.Open("sqlite", dsn.String())
}

// openToRead opens a database that is only read: beside a daemon at work, or, if still, one that nobody has open and that has
// no write-ahead log, of which not a byte is then touched.
func openToRead(path string, still bool) (*database, error) {
	more := "mode=ro"
	if still {
		more += "&immutable=1"
	}
	d := &database{path: path, stmts: map[string]*sql.Stmt{}, readStmts: map[string]*sql.Stmt{}, intact: true}
	var err error
	if d.read, err = openWith(path, more); err != nil {
		return nil, err
	}
	if d.conn, err = d.read.Conn(context.Background()); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the database: %w", d.broken(err)), d.close())
	}
	return d, nil
}

func (d *database) close() error {
	var errs []error
	for _, stmts := range []map[string]*sql.Stmt{d.stmts, d.readStmts} {
		for _, s := range stmts {
			errs = append(errs, s.Close())
		}
	}
	if d.conn != nil {
		errs = append(errs, d.conn.Close())
	}
	if d.read != nil {
		errs = append(errs, d.read.Close())
	}
	if d.write != nil {
		errs = append(errs, d.write.Close())
	}
	return errors.Join(errs...)
}

// version is the format's version, 0 in a new database.
func (d *database) version() (int, error) {
	var version int
	if err := d.conn.QueryRowContext(context.Background(), "PRAGMA user_version").Scan(&version); err != nil {
		return 0, d.broken(err)
	}
	return version, checkVersion(d.path, version)
}

// plausible is more versions than there will ever be.
const plausible = 1000

func checkVersion(path string, version int) error {
	switch {
	case version < 0 || version > plausible:
		return &fsx.Damage{File: path, At: "byte 60 (user_version)", What: fmt.Sprintf("format version %d, which no program writes", version), Do: restore}
	case version > schemaVersion:
		return &versionError{path, version}
	}
	return nil
}

// versionError is a database of a version that this program does not know.
type versionError struct {
	path    string
	version int
}

func (e *versionError) Error() string {
	return fmt.Sprintf("%s has format version %d; this program knows the versions up to %d. Use the program that wrote it or a newer one; "+
		"or import what that one saved before its upgrade (before-version-%d%s in the state folder) into an empty folder: probity state import FILE DIR. "+
		"If there was no newer program, byte 60 of the file is damaged: restore a backup",
		e.path, e.version, schemaVersion, e.version, archiveExt)
}

// create makes the tables in a new database.
func (d *database) create() error {
	return d.transaction(func() error {
		for _, t := range tables() {
			if _, err := d.conn.ExecContext(context.Background(), t.create); err != nil {
				return err
			}
		}
		for _, index := range []string{recordsByUntil, packsByUntil} {
			if _, err := d.conn.ExecContext(context.Background(), index); err != nil {
				return err
			}
		}
		if err := d.put(headTable, (&head{}).row()...); err != nil {
			return err
		}
		return d.setVersion()
	})
}

func (d *database) setVersion() error {
	_, err := d.conn.ExecContext(context.Background(), fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, schemaVersion))
	return err
}

// transaction runs fn in one transaction. After an error it may still have been committed, if the error came at the very
// end: the head row tells.
func (d *database) transaction(fn func() error) error {
	if err := d.fs.Point(opBegin, d.path); err != nil {
		return err
	}
	if err := d.rollback(); err != nil { // of a transaction that an earlier error left open
		return err
	}
	if err := d.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	d.intact = false
	err := fn()
	if err == nil {
		err = d.fs.Point(opCommit, d.path)
	}
	if err == nil {
		err = d.exec("COMMIT")
	}
	if err == nil {
		d.intact = true
		return d.fs.Point(opCommitted, d.path)
	}
	return errors.Join(err, d.rollback())
}

func (d *database) rollback() error {
	if d.intact {
		return nil
	}
	if err := d.exec("ROLLBACK"); err != nil {
		// SQLite rolls back by itself after some errors, and then has nothing left to roll back.
		if again := d.exec("BEGIN IMMEDIATE"); again != nil {
			return err
		}
		if err := d.exec("ROLLBACK"); err != nil {
			return err
		}
	}
	d.intact = true
	return nil
}

// stmt returns the prepared statement, on the connection that writes.
func (d *database) stmt(query string) (*sql.Stmt, error) {
	if s, ok := d.stmts[query]; ok {
		return s, nil
	}
	s, err := d.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, fmt.Errorf("preparing %q: %w", query, d.broken(err))
	}
	d.stmts[query] = s
	return s, nil
}

func (d *database) exec(query string, args ...any) error {
	_, err := d.execCount(query, args...)
	return err
}

// execCount also returns how many rows were changed.
func (d *database) execCount(query string, args ...any) (int64, error) {
	s, err := d.stmt(query)
	if err != nil {
		return 0, err
	}
	res, err := s.Exec(args...)
	if err != nil {
		return 0, d.broken(err)
	}
	return res.RowsAffected()
}

// put adds or replaces a row.
func (d *database) put(t *table, row ...any) error {
	return d.exec(t.replace, append(row, t.sum(row))...)
}

// add adds a row that must be new.
func (d *database) add(t *table, row ...any) error {
	return d.exec(t.insert, append(row, t.sum(row))...)
}

// keep adds a row unless there is one with its key.
func (d *database) keep(t *table, row ...any) (added bool, err error) {
	n, err := d.execCount(t.keep, append(row, t.sum(row))...)
	return n > 0, err
}

// each calls fn for the rows of t that the clause selects, each checked, as the last commit left them. The row is fn's to
// keep.
func (d *database) each(t *table, clause string, args []any, fn func(row []any) error) error {
	rows, err := d.read.Query(t.selects(clause), args...)
	return d.drain(t, rows, err, fn)
}

// eachOften is each for a clause that is asked again and again: its statement is prepared once.
func (d *database) eachOften(t *table, clause string, args []any, fn func(row []any) error) error {
	query := t.selects(clause)
	d.often.Lock()
	s := d.readStmts[query]
	if s == nil {
		var err error
		if s, err = d.read.Prepare(query); err != nil {
			d.often.Unlock()
			return d.broken(err)
		}
		d.readStmts[query] = s
	}
	d.often.Unlock()
	rows, err := s.Query(args...)
	return d.drain(t, rows, err, fn)
}

// eachOwn is each as the transaction under way sees the rows. fn does not use the connection.
func (d *database) eachOwn(t *table, clause string, args []any, fn func(row []any) error) error {
	s, err := d.stmt(t.selects(clause))
	if err != nil {
		return err
	}
	rows, err := s.Query(args...)
	return d.drain(t, rows, err, fn)
}

func (d *database) drain(t *table, rows *sql.Rows, err error, fn func(row []any) error) error {
	if err != nil {
		return d.broken(err)
	}
	defer rows.Close()
	for number := 1; rows.Next(); number++ {
		row, err := scan(rows, len(t.columns)+1)
		if err != nil {
			return d.broken(err)
		}
		if err := t.check(row, d.path, number); err != nil && d.noted != nil {
			d.noted(err)
			continue
		} else if err != nil {
			return err
		}
		if err := fn(row[:len(t.columns)]); err != nil {
			return err
		}
	}
	return d.broken(rows.Err())
}

func scan(rows *sql.Rows, n int) ([]any, error) {
	row := make([]any, n)
	at := make([]any, n)
	for i := range row {
		at[i] = &row[i]
	}
	return row, rows.Scan(at...)
}

// broken turns what SQLite says of damaged pages into damage.
func (d *database) broken(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_SCHEMA:
		return &fsx.Damage{File: d.path, What: "SQLite says: " + e.Error(), Do: restore}
	case sqlite3.SQLITE_ERROR:
		// The statements are ours and do not change: what they do not find was there.
		if strings.Contains(e.Error(), "no such ") || strings.Contains(e.Error(), "malformed") || strings.Contains(e.Error(), "unsupported file format") {
			return &fsx.Damage{File: d.path, At: "its schema", What: "SQLite says: " + e.Error(), Do: restore}
		}
	}
	return fmt.Errorf("%s: %w", d.path, err)
}
