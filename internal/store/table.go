package store

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"probity/internal/fsx"
)

// table is a table of the database. Every row ends in sum, a checksum of its other columns, because SQLite does not
// notice a flipped bit.
type table struct {
	name    string
	columns []string // without sum; the first ones are the primary key
	key     int      // how many are
	create  string   // the statements that make it
	insert  string   // the statement that adds a row, in the order of columns and sum
	keep    string   // insert that does nothing if there is a row with the same key
	replace string   // insert that takes the place of a row with the same key
}

// newTable declares a table by its columns' definitions in SQL. The key is the tree that its rows stand in.
func newTable(name string, key int, definitions ...string) *table {
	t := &table{name: name, key: key}
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s (", name)
	for _, d := range definitions {
		column, typ, _ := strings.Cut(d, " ")
		t.columns = append(t.columns, column)
		fmt.Fprintf(&b, "%s %s NOT NULL, ", column, typ)
	}
	fmt.Fprintf(&b, "sum INTEGER NOT NULL, PRIMARY KEY (%s)) STRICT, WITHOUT ROWID;", strings.Join(t.columns[:key], ", "))
	t.create = b.String()
	t.insert = fmt.Sprintf("INSERT INTO %s VALUES (%s?)", name, strings.Repeat("?, ", len(definitions)))
	t.keep = t.insert + " ON CONFLICT DO NOTHING"
	t.replace = "INSERT OR REPLACE" + strings.TrimPrefix(t.insert, "INSERT")
	return t
}

// newLongTable declares a table of long rows that are looked for by their keys. They stand in the order in which they came, and their
// keys in an index: in a tree of keys, SQLite reads the whole of each long row that it compares a key with.
func newLongTable(name string, key int, definitions ...string) *table {
	t := newTable(name, key, definitions...)
	t.create = strings.Replace(t.create, ", WITHOUT ROWID", "", 1)
	return t
}

var (
	headColumnsV1 = []string{"one INTEGER", "commit_no INTEGER", "committed_at INTEGER", "generation TEXT",
		"evidence_seq INTEGER", "evidence_hash TEXT", "evidence_segment INTEGER", "evidence_bytes INTEGER", "evidence_body_bytes INTEGER",
		"windows_file INTEGER", "windows_bytes INTEGER", "windows_base INTEGER", "rejects_bytes INTEGER",
		"alerts INTEGER", "outbox INTEGER", "records INTEGER", "outbox_seq INTEGER", "journal_seq INTEGER", "settled INTEGER"}
	headColumnsV2 = []string{"windows_old INTEGER", "windows_old_bytes INTEGER", "windows_shards INTEGER", "windows_done INTEGER",
		"rejects_summed INTEGER", "streams INTEGER", "tallies INTEGER", "pending INTEGER", "marks INTEGER"}
	headColumnsV3 = []string{"cases INTEGER", "dispositions INTEGER", "packs INTEGER"}

	outboxColumnsV1 = []string{"sink TEXT", "failed INTEGER", "seq INTEGER", "alert_id TEXT", "revision INTEGER", "queued_at INTEGER", "attempts INTEGER", "reason BLOB"}
	outboxColumnsV3 = []string{"folded INTEGER", "reopened INTEGER"}
)

// The tables. doc.go says what they hold. Text that comes from logs is in BLOBs: it may be any bytes.
var (
	headTable     = newTable("head", 1, slices.Concat(headColumnsV1, headColumnsV2, headColumnsV3)...)
	headTableV2   = newTable("head", 1, slices.Concat(headColumnsV1, headColumnsV2)...)
	headTableV1   = newTable("head", 1, headColumnsV1...)
	streamTable   = newTable("streams", 1, "id BLOB", "source BLOB", "state BLOB")
	tallyTable    = newTable("tallies", 4, "stream BLOB", "until INTEGER", "commit_no INTEGER", "part INTEGER", "tallies BLOB")
	alertTable    = newLongTable("alerts", 2, "id TEXT", "revision INTEGER", "commit_no INTEGER", "rule TEXT", "severity TEXT", "status TEXT", "body TEXT")
	outboxTable   = newTable("outbox", 3, slices.Concat(outboxColumnsV1, outboxColumnsV3)...)
	outboxTableV1 = newTable("outbox", 3, outboxColumnsV1...)
	markTable     = newTable("marks", 1, "sink TEXT", "mark INTEGER")
	recordTable   = newTable("records", 2, "time INTEGER", "id BLOB", "until INTEGER", "record BLOB")
	recordTableV1 = newTable("records", 1, "id BLOB", "until INTEGER", "record BLOB")
	packTable     = newTable("packs", 4, "level INTEGER", "bucket INTEGER", "commit_no INTEGER", "part INTEGER", "first INTEGER", "last INTEGER", "until INTEGER", "records BLOB")
	pendingTable  = newTable("pending", 3, "rule TEXT", "actor BLOB", "event_id BLOB", "until INTEGER", "record BLOB")
	journalTable  = newTable("journal", 1, "seq INTEGER", "commit_no INTEGER", "kind TEXT", "body TEXT")
	caseTable     = newTable("cases", 1, "id TEXT", "rule TEXT", "severities TEXT", "status TEXT", "revision INTEGER", "opened_at INTEGER",
		"folded INTEGER", "closings INTEGER", "closed_revision INTEGER", "concerned BLOB", "over TEXT", "surroundings TEXT", "surrounded INTEGER")
	dispositionTable = newTable("dispositions", 2, "alert_id TEXT", "n INTEGER", "rule TEXT", "severity TEXT", "outcome TEXT", "revision INTEGER",
		"closed_at INTEGER", "closed_by TEXT", "evidence_seq INTEGER")
)

// The only indexes: Forget would read all records without them.
const (
	recordsByUntil = "CREATE INDEX records_until ON records (until)"
	packsByUntil   = "CREATE INDEX packs_until ON packs (until)"
)

func tables() []*table { return tablesOf(schemaVersion) }

// tablesOf are the tables of a version.
func tablesOf(version int) []*table {
	all := []*table{streamTable, alertTable, outboxTableOf(version), markTable, recordTableOf(version), pendingTable, journalTable, headTableOf(version)}
	if version >= 2 {
		all = append(all, tallyTable)
	}
	if version >= 3 {
		all = append(all, caseTable, dispositionTable, packTable)
	}
	return all
}

func headTableOf(version int) *table {
	switch version {
	case 1:
		return headTableV1
	case 2:
		return headTableV2
	}
	return headTable
}

func outboxTableOf(version int) *table {
	if version < 3 {
		return outboxTableV1
	}
	return outboxTable
}

func recordTableOf(version int) *table {
	if version < 3 {
		return recordTableV1
	}
	return recordTable
}

// selects is the statement that reads rows: their columns and sum.
func (t *table) selects(clause string) string {
	return fmt.Sprintf("SELECT %s, sum FROM %s %s", strings.Join(t.columns, ", "), t.name, clause)
}

// byKey is the clause that reads all rows in the order of their primary key.
func (t *table) byKey() string { return "ORDER BY " + strings.Join(t.columns[:t.key], ", ") }

// sum is the checksum of a row's columns: int64, string or []byte each.
func (t *table) sum(row []any) int64 {
	var d xxhash.Digest
	d.Reset()
	part := func(kind byte, p []byte) {
		var head [9]byte
		head[0] = kind
		binary.LittleEndian.PutUint64(head[1:], uint64(len(p)))
		d.Write(head[:])
		d.Write(p)
	}
	part('t', []byte(t.name))
	for _, v := range row {
		switch x := v.(type) {
		case int64:
			part('i', binary.LittleEndian.AppendUint64(nil, uint64(x)))
		case string:
			part('s', []byte(x))
		case []byte:
			part('b', x)
		case nil:
			part('b', nil) // the driver reads an empty BLOB so
		default: // a flipped bit can make a number of a page a fraction; nothing that was written has this letter
			part('?', nil)
		}
	}
	return int64(d.Sum64())
}

// check compares a row, as read, with its sum, which is its last column. Damage names the row's number among those read, not
// its key: keys may name persons, and the error goes to a log.
func (t *table) check(row []any, file string, number int) error {
	values := row[:len(t.columns)]
	if sum, ok := row[len(t.columns)].(int64); ok && t.sum(values) == sum {
		return nil
	}
	return &fsx.Damage{File: file, At: fmt.Sprintf("table %s, row %d of those read", t.name, number), What: "the row's checksum does not fit", Do: restore}
}
