package store

import (
	"errors"
	"fmt"
	"path/filepath"

	"probity/internal/alert"
	"probity/internal/fsx"
)

// Run is what a state folder says of the run that it holds, as of one commit: what has been decided, how far each stream has
// been judged, and what came of it.
type Run struct {
	Commit     uint64
	Generation string
	Evidence   uint64 // the last entry of the evidence log
	Streams    map[string]StreamState
	Journal    []JournalEntry
}

// ReadRun reads a state folder that a daemon may be using. It takes no lock, changes nothing, and sees one commit whole,
// whatever is committed meanwhile; each, unless it is nil, gets the last revision of every alert, by id. Every row that is read is checked.
func ReadRun(dir string, each func(*alert.Alert) error) (*Run, error) {
	path := filepath.Join(dir, databaseName)
	if err := Exists(dir); err != nil {
		return nil, fmt.Errorf("reading the state folder: %w", err)
	}
	d, err := openToRead(path, false)
	if err != nil {
		return nil, fmt.Errorf("reading the state folder: %w", err)
	}
	run, err := d.run(each)
	if err := errors.Join(err, d.close()); err != nil {
		return nil, fmt.Errorf("reading the state folder: %w", err)
	}
	return run, nil
}

// oneCommit has eachOwn read as of one commit until end.
func (d *database) oneCommit() (end func() error, err error) {
	return func() error { return d.exec("ROLLBACK") }, d.exec("BEGIN")
}

// run reads everything in one transaction: that is what makes it one commit.
func (d *database) run(each func(*alert.Alert) error) (r *Run, err error) {
	if version, err := d.version(); err != nil {
		return nil, err
	} else if version == 0 {
		return nil, fmt.Errorf("%s is empty: nothing has been judged yet", d.path)
	} else if version < schemaVersion {
		return nil, fmt.Errorf("%s has format version %d: start the daemon once, which upgrades it", d.path, version)
	}
	end, err := d.oneCommit()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, end()) }()
	h, err := d.readHead(headTable)
	if err != nil {
		return nil, err
	}
	r = &Run{Commit: h.commit, Generation: h.generation, Evidence: h.evidence.Seq, Streams: map[string]StreamState{}}
	err = d.eachOwn(streamTable, streamTable.byKey(), nil, func(row []any) error {
		st := streamOf(row)
		r.Streams[st.ID] = st
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = d.eachOwn(journalTable, journalTable.byKey(), nil, func(row []any) error {
		r.Journal = append(r.Journal, journalEntryOf(row))
		return nil
	})
	if err != nil {
		return nil, err
	}
	if got := int64(len(r.Journal)); got != h.journalSeq {
		return nil, &fsx.Damage{File: d.path, At: "table " + journalTable.name, What: fmt.Sprintf("%d rows; %d were committed", got, h.journalSeq), Do: restore}
	}
	if each == nil {
		return r, nil
	}
	rows := int64(0)
	err = lastOfEach(func(row func([]any) error) error {
		return d.eachOwn(alertTable, alertTable.byKey(), nil, func(r []any) error { rows++; return row(r) })
	}, each)
	if err == nil && rows != h.rows.alerts {
		err = &fsx.Damage{File: d.path, At: "table " + alertTable.name, What: fmt.Sprintf("%d rows; %d were committed", rows, h.rows.alerts), Do: restore}
	}
	return r, err
}
