package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// backupName is what the folder was before its upgrade to a version.
func backupName(version int) string { return fmt.Sprintf("before-version-%d%s", version, archiveExt) }

// upgrade takes a folder, that an older version has left in order, to this version: a copy of all of it first, then one
// transaction. A kill in between leaves the folder as it was.
func (s *Store) upgrade(from int) error {
	if err := s.rewind(); err != nil {
		return err
	}
	if cut, err := filepath.Glob(filepath.Join(s.opts.Dir, exportingPrefix+"*")); err == nil {
		for _, dir := range cut {
			os.RemoveAll(dir) // of an upgrade that a kill cut short; what cannot be removed does no harm
		}
	}
	backup := filepath.Join(s.opts.Dir, backupName(schemaVersion))
	if _, err := export(s.opts.FS, s.opts.Dir, backup, ""); err != nil {
		return fmt.Errorf("before its upgrade from version %d to %d the state folder is saved in %s, and that failed; nothing has been changed: %w", from, schemaVersion, backup, err)
	}
	next := s.head
	next.summed = next.rejects // what stands there has no checksums
	var err error
	if next.rows, err = s.db.countRows(s.head.rows); err != nil {
		return err
	}
	err = s.db.transaction(func() error {
		for _, statement := range []string{"DROP TABLE head", headTable.create, tallyTable.create} {
			if _, err := s.db.conn.ExecContext(context.Background(), statement); err != nil {
				return s.db.broken(err)
			}
		}
		if err := s.db.put(headTable, next.row()...); err != nil {
			return err
		}
		return s.db.setVersion()
	})
	if err != nil {
		return fmt.Errorf("upgrading the database from version %d to %d, in one transaction: %w", from, schemaVersion, err)
	}
	s.head = next
	return nil
}

// countRows counts the tables that version 1 did not count.
func (d *database) countRows(rows counts) (counts, error) {
	for t, n := range map[*table]*int64{streamTable: &rows.streams, pendingTable: &rows.pending, markTable: &rows.marks} {
		if err := d.each(t, "", nil, func([]any) error { *n++; return nil }); err != nil {
			return rows, err
		}
	}
	return rows, nil
}
