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
	rejects    int64 // bytes of rejects.jsonl
	alerts     int64 // rows of the table: a row that is lost leaves no wrong checksum
	outbox     int64 // likewise
	records    int64 // likewise
	outboxSeq  int64 // the last one given; never given again
	journalSeq int64
	settled    int64 // how often the database was written to after a transaction in doubt
}

func (h *head) row() []any {
	return []any{int64(1), int64(h.commit), h.at, h.generation,
		int64(h.evidence.Seq), h.evidence.Hash, int64(h.evidence.Segment), h.evidence.Size, h.evidence.BodySize,
		int64(h.windows.File), h.windows.Size, h.windows.Base,
		h.rejects, h.alerts, h.outbox, h.records, h.outboxSeq, h.journalSeq, h.settled}
}

func headOf(row []any) head {
	n := func(i int) int64 { return row[i].(int64) }
	return head{commit: uint64(n(1)), at: n(2), generation: row[3].(string),
		evidence: evidence.Head{Seq: uint64(n(4)), Hash: row[5].(string), Segment: int(n(6)), Size: n(7), BodySize: n(8)},
		windows:  windowHead{File: int(n(9)), Size: n(10), Base: n(11)},
		rejects:  n(12), alerts: n(13), outbox: n(14), records: n(15), outboxSeq: n(16), journalSeq: n(17), settled: n(18)}
}

// readHead reads the head on the connection that writes.
func (d *database) readHead() (head, error) {
	var h head
	found := false
	err := d.eachOwn(headTable, "", nil, func(row []any) error {
		h, found = headOf(row), true
		return nil
	})
	if err == nil && !found {
		err = &fsx.Damage{File: d.path, At: "table head", What: "the row that makes a commit is missing", Do: restore}
	}
	return h, err
}

// check reads the whole database and compares every row with its checksum.
func (d *database) check(h head) error {
	if err := d.checkPages(); err != nil {
		return err
	}
	counts := map[*table]int64{}
	for _, t := range tables() {
		err := d.each(t, t.byKey(), nil, func([]any) error { counts[t]++; return nil })
		if err != nil {
			return err
		}
	}
	for t, want := range map[*table]int64{alertTable: h.alerts, outboxTable: h.outbox, recordTable: h.records, journalTable: h.journalSeq} {
		if counts[t] != want {
			return &fsx.Damage{File: d.path, At: "table " + t.name, What: fmt.Sprintf("%d rows; %d were committed", counts[t], want), Do: restore}
		}
	}
	return nil
}

// checkPages has SQLite check the structure of all pages, and the one index that is not itself a table.
func (d *database) checkPages() error {
	rows, err := d.read.Query("PRAGMA integrity_check(1)")
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
			return &fsx.Damage{File: d.path, What: "SQLite says: " + what, Do: restore}
		}
	}
	return d.broken(rows.Err())
}
