package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"probity/internal/alert"
)

const backupPrefix = "before-version-"

// backupName is what the folder was before its upgrade to a version.
func backupName(version int) string { return fmt.Sprintf("%s%d%s", backupPrefix, version, archiveExt) }

func isCopy(name string) bool {
	return strings.HasPrefix(name, backupPrefix) && strings.HasSuffix(name, archiveExt)
}

// copies are the folders that upgrades have saved and nobody has removed.
func (s *Store) copies() (list []string, err error) {
	entries, err := os.ReadDir(s.opts.Dir)
	for _, e := range entries {
		if isCopy(e.Name()) {
			list = append(list, filepath.Join(s.opts.Dir, e.Name()))
		}
	}
	return list, err
}

// copiesLast is how long a retention leaves the copy of an upgrade: whoever is to go back a version does so by then.
const copiesLast = 30 * 24 * time.Hour

// expireCopies removes copies that are older: what has been destroyed on the record since is still in them.
func (s *Store) expireCopies(now time.Time) error {
	list, err := s.copies()
	for _, c := range list {
		info, unread := os.Stat(c)
		if unread == nil && info.ModTime().Before(now.Add(-copiesLast)) {
			unread = s.opts.FS.Remove(c)
		}
		err = errors.Join(err, unread)
	}
	return err
}

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
	err := s.db.transaction(func() error {
		if from < 2 {
			if err := s.upgradeTo2(&next); err != nil {
				return err
			}
		}
		if from < 3 {
			if err := s.upgradeTo3(&next); err != nil {
				return err
			}
		}
		if err := s.upgradeTo4(); err != nil {
			return err
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

func (s *Store) define(statements ...string) error {
	for _, statement := range statements {
		if _, err := s.db.conn.ExecContext(context.Background(), statement); err != nil {
			return s.db.broken(err)
		}
	}
	return nil
}

// upgradeTo2 counts the tables that version 1 did not count.
func (s *Store) upgradeTo2(next *head) (err error) {
	next.summed = next.rejects // what stands there has no checksums
	if next.rows, err = s.db.countRows(s.head.rows); err != nil {
		return err
	}
	return s.define(tallyTable.create)
}

// upgradeTo3 adds what is kept of an alert beside its revisions, and puts the kept records into another order. When an alert came was not kept; the time of its first
// revision's last event stands for it.
func (s *Store) upgradeTo3(next *head) error {
	var waiting []queued
	err := s.db.eachOwn(outboxTableV1, outboxTableV1.byKey(), nil, func(row []any) error {
		waiting = append(waiting, queuedOf(row))
		return nil
	})
	if err != nil {
		return err
	}
	cases, err := s.casesOfRevisions()
	if err != nil {
		return err
	}
	if err := s.define("DROP TABLE head", headTable.create, "DROP TABLE outbox", outboxTable.create, "DROP TABLE records", recordTable.create, recordsByUntil,
		packTable.create, packsByUntil, caseTable.create, dispositionTable.create); err != nil {
		return err
	}
	for _, q := range waiting {
		if err := s.db.add(outboxTable, q.row()...); err != nil {
			return err
		}
	}
	for _, c := range cases {
		if err := s.putCase(c, true, next); err != nil {
			return err
		}
	}
	return s.rekeyRecords(next)
}

// upgradeTo4 puts the revisions of alerts, as they are, into the order in which they came. The records that version 3 kept are
// read as they stand, and so is its window log. Keys are sorted, and not rows: what SQLite sorts it puts into the folder for
// temporary files, which may be small. LIMIT -1 is no limit, and keeps the order.
func (s *Store) upgradeTo4() error {
	return s.define("ALTER TABLE alerts RENAME TO alerts_by_id", alertTable.create,
		"INSERT INTO alerts SELECT a.* FROM (SELECT id, revision FROM alerts_by_id ORDER BY commit_no, id, revision LIMIT -1) AS k "+
			"CROSS JOIN alerts_by_id AS a ON a.id = k.id AND a.revision = k.revision", "DROP TABLE alerts_by_id")
}

// rekeyRecords puts the kept records into the order of their event times. They are read as the last commit left them, beside
// the transaction that has dropped them.
func (s *Store) rekeyRecords(next *head) error {
	next.rows.records = 0
	return s.db.each(recordTableV1, recordTableV1.byKey(), nil, func(row []any) error {
		k := KeptRecord{ID: idIn(row[0]), Until: row[1].(int64)}
		var err error
		if k.Record, err = s.records.decode(bytesOf(row[2]), k.ID); err != nil || k.Record == nil {
			return err
		}
		k.Time = k.Record.Time()
		return s.putRecord(&k, s.records.encode(k.Record), asKept{}, next)
	})
}

func (s *Store) casesOfRevisions() (list []alert.Case, err error) {
	err = s.db.eachOwn(alertTable, alertTable.byKey(), nil, func(row []any) error {
		a, err := decodeAlert([]byte(row[6].(string)))
		if err != nil {
			return err
		}
		concerned := a.Concerned()
		concerned.Redacted = IsRedacted(a)
		n := len(list)
		if n == 0 || list[n-1].ID != a.ID {
			opened := a.Last
			if opened.IsZero() { // of a measure
				opened = time.Unix(0, s.head.at)
			}
			list = append(list, alert.Case{ID: a.ID, Rule: a.Rule.ID, OpenedAt: opened})
			n++
		}
		c := &list[n-1]
		c.Have(a.Rule.Severity)
		c.Concerned = c.Concerned.Join(concerned)
		c.Revision, c.Status = a.Revision, a.Status
		return nil
	})
	return list, err
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
