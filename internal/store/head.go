package store

import (
	"fmt"

	"probity/internal/evidence"
	"probity/internal/fsx"
)

// head is the one row that makes a commit: its number, and how much of each file is part of it.
type head struct {
	commit     uint64
	at         int64 // when, ns
	generation string
	evidence   evidence.Head
	windows    windowHead
	rejects    int64  // bytes of rejects.jsonl
	summed     int64  // from which byte on its lines have checksums
	rows       counts // of the tables: a row that is lost leaves no wrong checksum
	outboxSeq  int64  // the last one given; never given again
	journalSeq int64
	settled    int64 // how often the database was written to after a transaction in doubt
}

// counts are numbers of rows.
type counts struct {
	alerts, outbox, records, streams, tallies, pending, marks, cases, dispositions, packs int64
}

func (h *head) row() []any {
	return append(h.rowV1(),
		int64(h.windows.Old), h.windows.OldSize, int64(h.windows.Shards), int64(h.windows.Done), h.summed,
		h.rows.streams, h.rows.tallies, h.rows.pending, h.rows.marks, h.rows.cases, h.rows.dispositions, h.rows.packs)
}

// rowV1 is the part that version 1 had.
func (h *head) rowV1() []any {
	return []any{int64(1), int64(h.commit), h.at, h.generation,
		int64(h.evidence.Seq), h.evidence.Hash, int64(h.evidence.Segment), h.evidence.Size, h.evidence.BodySize,
		int64(h.windows.File), h.windows.Size, h.windows.Base,
		h.rejects, h.rows.alerts, h.rows.outbox, h.rows.records, h.outboxSeq, h.journalSeq, h.settled}
}

func headOf(row []any) head {
	n := func(i int) int64 { return row[i].(int64) }
	h := head{commit: uint64(n(1)), at: n(2), generation: row[3].(string),
		evidence: evidence.Head{Seq: uint64(n(4)), Hash: row[5].(string), Segment: int(n(6)), Size: n(7), BodySize: n(8)},
		windows:  windowHead{File: max(1, int(n(9))), Size: n(10), Base: n(11)},
		rejects:  n(12), rows: counts{alerts: n(13), outbox: n(14), records: n(15)}, outboxSeq: n(16), journalSeq: n(17), settled: n(18)}
	if len(row) >= len(headTableV2.columns) {
		h.windows.Old, h.windows.OldSize, h.windows.Shards, h.windows.Done = int(n(19)), n(20), int(n(21)), int(n(22))
		h.summed = n(23)
		h.rows.streams, h.rows.tallies, h.rows.pending, h.rows.marks = n(24), n(25), n(26), n(27)
	}
	if len(row) == len(headTable.columns) {
		h.rows.cases, h.rows.dispositions, h.rows.packs = n(28), n(29), n(30)
	}
	return h
}

// readHead reads the head on the connection that writes.
func (d *database) readHead(from *table) (head, error) {
	var h head
	found := false
	err := d.eachOwn(from, "", nil, func(row []any) error {
		h, found = headOf(row), true
		return nil
	})
	if err == nil && !found {
		err = &fsx.Damage{File: d.path, At: "table head", What: "the row that makes a commit is missing", Do: restore}
	}
	return h, err
}

// check reads the whole database and compares every row with its checksum.
func (d *database) check(h head, version int) error {
	if err := d.checkPages(); err != nil {
		return err
	}
	for _, t := range tablesOf(version) {
		var n int64
		err := d.each(t, t.byKey(), nil, func([]any) error { n++; return nil })
		if err != nil {
			return err
		}
		if want, counted := h.counted(t, version); counted && n != want {
			return &fsx.Damage{File: d.path, At: "table " + t.name, What: fmt.Sprintf("%d rows; %d were committed", n, want), Do: restore}
		}
	}
	return nil
}

// counted is how many rows of t were committed, if that version counts them.
func (h *head) counted(t *table, version int) (int64, bool) {
	later, latest := version >= 2, version >= 3
	switch t {
	case alertTable:
		return h.rows.alerts, true
	case outboxTable, outboxTableV1:
		return h.rows.outbox, true
	case recordTable, recordTableV1:
		return h.rows.records, true
	case journalTable:
		return h.journalSeq, true
	case streamTable:
		return h.rows.streams, later
	case tallyTable:
		return h.rows.tallies, later
	case pendingTable:
		return h.rows.pending, later
	case markTable:
		return h.rows.marks, later
	case caseTable:
		return h.rows.cases, latest
	case dispositionTable:
		return h.rows.dispositions, latest
	case packTable:
		return h.rows.packs, latest
	}
	return 1, true // head
}

// checkPages has SQLite check the structure of all pages, and the indexes that are not themselves tables.
func (d *database) checkPages() (first error) {
	err := d.eachFault(func(err error) {
		if first == nil {
			first = err
		}
	})
	if first != nil {
		return first
	}
	return err
}

// eachFault calls fn for what SQLite finds wrong with the structure of the pages, a hundred faults at most.
func (d *database) eachFault(fn func(error)) error {
	rows, err := d.read.Query("PRAGMA integrity_check(100)")
	if err != nil {
		return d.broken(err)
	}
	defer rows.Close()
	for rows.Next() {
		var what string
		if err := rows.Scan(&what); err != nil {
			return d.broken(err)
		}
		if what != "ok" {
			fn(&fsx.Damage{File: d.path, What: "SQLite says: " + what, Do: restore})
		}
	}
	return d.broken(rows.Err())
}
