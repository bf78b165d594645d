package store

import (
	"fmt"
	"os"
	"path/filepath"
)

// Revision is one revision of an alert as it was committed.
type Revision struct {
	Number int
	Commit int64
	Body   []byte // the alert's JSON
}

// Revisions reads all revisions of an alert from the state folder, oldest first, without taking its lock: a daemon may be at
// work in it.
func Revisions(dir, alertID string) ([]Revision, error) {
	path := filepath.Join(dir, databaseName)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("no state folder: %w", err)
	}
	d, err := openToRead(path, false)
	if err != nil {
		return nil, err
	}
	defer d.close()
	var list []Revision
	err = d.each(alertTable, "WHERE id = ? ORDER BY revision", []any{alertID}, func(row []any) error {
		list = append(list, Revision{Number: int(row[1].(int64)), Commit: row[2].(int64), Body: []byte(row[6].(string))})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the revisions of an alert: %w", err)
	}
	return list, nil
}
