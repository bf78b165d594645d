package store

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"probity/internal/alert"
	"probity/internal/fsx"
)

// places looks at what the checksums of rows do not say: whether each row reads, and stands where it belongs.
func (in *inspector) places() error {
	codec, err := newRecordCodec()
	if err != nil {
		return err
	}
	defer codec.close()
	in.db.noted = func(error) {} // rows has told of these
	for _, look := range []func() error{in.alerts, in.outbox, in.journal, in.tallies, in.cases,
		func() error { return in.packs(codec) },
		func() error { return in.packed(codec, recordTableOf(in.Version)) },
		func() error { return in.packed(codec, pendingTable) }} {
		if err := in.found(look()); err != nil {
			return err
		}
	}
	return nil
}

func (in *inspector) wrong(t *table, format string, args ...any) {
	in.note(&fsx.Damage{File: in.db.path, At: "table " + t.name, What: fmt.Sprintf(format, args...), Do: restore})
}

// alerts: the revisions of each are numbered from 1 without a gap, and the body is of that revision.
func (in *inspector) alerts() error {
	id, last := "", int64(0)
	return in.db.each(alertTable, alertTable.byKey(), nil, func(row []any) error {
		if row[0].(string) != id {
			id, last = row[0].(string), 0
		}
		revision := row[1].(int64)
		if revision != last+1 {
			in.wrong(alertTable, "alert %s: revision %d follows %d", id, revision, last)
		}
		last = revision
		if n := row[2].(int64); n < 1 || uint64(n) > in.head.commit {
			in.wrong(alertTable, "revision %s/%d is of commit %d; the last is %d", id, revision, n, in.head.commit)
		}
		a, err := decodeAlert([]byte(row[6].(string)))
		if err != nil || a.ID != id || int64(a.Revision) != revision {
			in.wrong(alertTable, "the body of revision %s/%d is of another, or cannot be read", id, revision)
		}
		return nil
	})
}

// outbox: every row has its revision, and a number that was given.
func (in *inspector) outbox() error {
	type revision struct {
		id string
		n  int
	}
	queuedFor := map[revision]bool{} // what waits is little: an outbox that grows stops the reading
	t := outboxTableOf(in.Version)
	err := in.db.each(t, t.byKey(), nil, func(row []any) error {
		q := queuedOf(row)
		queuedFor[revision{q.alertID, q.revision}] = true
		if q.seq < 1 || q.seq > in.head.outboxSeq {
			in.wrong(outboxTable, "number %d; the last one given is %d", q.seq, in.head.outboxSeq)
		}
		return nil
	})
	if err != nil || len(queuedFor) == 0 {
		return err
	}
	err = in.db.each(alertTable, "", nil, func(row []any) error {
		delete(queuedFor, revision{row[0].(string), int(row[1].(int64))})
		return nil
	})
	for r := range queuedFor {
		in.wrong(outboxTable, "revision %s/%d waits to be delivered and is not in the table alerts", r.id, r.n)
	}
	return err
}

// journal: numbered from 1 without a gap, in the order of commits.
func (in *inspector) journal() error {
	seq, commit := int64(0), int64(0)
	return in.db.each(journalTable, journalTable.byKey(), nil, func(row []any) error {
		if n := row[0].(int64); n != seq+1 {
			in.wrong(journalTable, "entry %d follows entry %d", n, seq)
		}
		if n := row[1].(int64); n < commit || uint64(n) > in.head.commit {
			in.wrong(journalTable, "entry %d is of commit %d, after one of %d; the last is %d", row[0], n, commit, in.head.commit)
		}
		seq, commit = row[0].(int64), row[1].(int64)
		if !json.Valid([]byte(row[3].(string))) {
			in.wrong(journalTable, "the body of entry %d is not JSON", seq)
		}
		return nil
	})
}

func (in *inspector) tallies() error {
	if in.Version < 2 {
		return nil
	}
	return in.db.each(tallyTable, tallyTable.byKey(), nil, func(row []any) error {
		return eachTally(in.db.path, "", bytesOf(row[4]), func(Tally) error { return nil })
	})
}

// cases: every alert has one, of its last revision, and every closing is counted in one.
func (in *inspector) cases() error {
	if in.Version < 3 {
		return nil
	}
	open := map[string]alert.Case{}
	err := in.db.each(caseTable, caseTable.byKey(), nil, func(row []any) error {
		c, err := caseOf(row)
		if err != nil {
			in.wrong(caseTable, "%v", err)
		}
		open[c.ID] = c
		return nil
	})
	if err != nil {
		return err
	}
	last, closings := map[string]int{}, map[string]int{}
	err = in.db.each(alertTable, "", nil, func(row []any) error {
		last[row[0].(string)] = max(last[row[0].(string)], int(row[1].(int64)))
		return nil
	})
	if err != nil {
		return err
	}
	err = in.db.each(dispositionTable, "", nil, func(row []any) error {
		closings[row[0].(string)]++
		return nil
	})
	for _, id := range slices.Sorted(maps.Keys(open)) {
		if c := open[id]; c.Revision != last[id] || c.Closings != closings[id] {
			in.wrong(caseTable, "the case of alert %s has %d revisions and %d closings; there are %d and %d", id, c.Revision, c.Closings, last[id], closings[id])
		}
	}
	if len(open) != len(last) {
		in.wrong(caseTable, "%d cases of %d alerts", len(open), len(last))
	}
	return err
}

// packs: each stands where its times are looked for, and its records can be unpacked.
func (in *inspector) packs(codec *recordCodec) error {
	if in.Version < 3 {
		return nil
	}
	n := 0
	return in.db.each(packTable, packTable.byKey(), nil, func(row []any) error {
		n++
		if wrong := checkPack(codec, row, in.head.commit); wrong != "" {
			in.wrong(packTable, "row %d: %s", n, wrong)
		}
		return nil
	})
}

// packed: each record can be unpacked and read. It is the last column.
func (in *inspector) packed(codec *recordCodec, t *table) error {
	n, record := 0, len(t.columns)-1
	id := slices.IndexFunc(t.columns, func(c string) bool { return c == "id" || c == "event_id" })
	return in.db.each(t, t.byKey(), nil, func(row []any) error {
		n++
		r, err := codec.decode(bytesOf(row[record]), idIn(row[id]))
		if err == nil && r != nil {
			_, err = r.Record()
		}
		if err != nil {
			in.wrong(t, "row %d: %v", n, err)
		}
		return nil
	})
}
