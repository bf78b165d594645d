package store

import (
	"errors"
	"fmt"
	"path/filepath"

	"probity/internal/alert"
	"probity/internal/fsx"
)

// Revision is one revision of an alert as it was committed.
type Revision struct {
	Number int
	Commit int64
	Body   []byte // the alert's JSON
}

// ReadOutcomes reads how alerts were closed last, by their ids, from a state folder in which a daemon may be at work. It takes no
// lock.
func ReadOutcomes(dir string) (map[string]alert.Outcome, error) {
	if err := Exists(dir); err != nil {
		return nil, err
	}
	d, err := openToRead(filepath.Join(dir, databaseName), false)
	if err != nil {
		return nil, err
	}
	defer d.close()
	if version, err := d.version(); err != nil || version < 3 {
		return nil, err // nobody could close anything yet
	}
	last := map[string]alert.Outcome{}
	err = d.each(dispositionTable, dispositionTable.byKey(), nil, func(row []any) error {
		last[row[0].(string)] = alert.Outcome(row[4].(string)) // in order
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading how alerts were closed: %w", err)
	}
	return last, nil
}

// Revisions reads all revisions of an alert from the state folder, oldest first, without taking its lock: a daemon may be at
// work in it.
func Revisions(dir, alertID string) ([]Revision, error) {
	path := filepath.Join(dir, databaseName)
	if err := Exists(dir); err != nil {
		return nil, err
	}
	d, err := openToRead(path, false)
	if err != nil {
		return nil, err
	}
	defer d.close()
	list, err := d.revisions(alertID)
	if err != nil {
		return nil, fmt.Errorf("reading the revisions of an alert: %w", err)
	}
	return list, nil
}

// revisions compares what it finds with the alert's case: they are found by an index without sums, and a flipped bit there could
// hide one.
func (d *database) revisions(alertID string) (list []Revision, err error) {
	version, err := d.version()
	if err != nil {
		return nil, err
	}
	end, err := d.oneCommit()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, end()) }()
	err = d.eachOwn(alertTable, "WHERE id = ? ORDER BY revision", []any{alertID}, func(row []any) error {
		list = append(list, Revision{Number: int(row[1].(int64)), Commit: row[2].(int64), Body: []byte(row[6].(string))})
		return nil
	})
	if err != nil || version < 3 { // which had no cases
		return list, err
	}
	want := 0
	err = d.eachOwn(caseTable, "WHERE id = ?", []any{alertID}, func(row []any) error {
		want = int(row[4].(int64))
		return nil
	})
	if err == nil && len(list) != want {
		err = &fsx.Damage{File: d.path, At: "table " + alertTable.name, What: fmt.Sprintf("%d revisions of alert %s; its case says %d", len(list), alertID, want), Do: restore}
	}
	return list, err
}
