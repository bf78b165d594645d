package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"probity/internal/alert"
	"probity/internal/event"
)

// The index of alerts is the one tree without sums. It is read beside the table, so it must not say which revision is the last.
func TestAFlippedBitInTheIndexOfAlertsPassesNoOlderRevision(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	for n := 1; n <= 3; n++ {
		for r := 1; r <= 3; r++ {
			must(t, s.Commit(&Commit{Alerts: []*alert.Alert{alertOf(n, r)}}))
		}
	}
	_, err := s.db.conn.ExecContext(context.Background(), "PRAGMA wal_checkpoint(TRUNCATE)")
	must(t, err)
	must(t, s.Close())
	good, err := os.ReadFile(filepath.Join(dir, databaseName))
	must(t, err)
	key, entries := []byte("alert0"), 0 // of an entry of the index: 4 bytes of header, of which two are known, and the key
	for at := bytes.Index(good, key); at >= 0; {
		if at > 4 && good[at-4] == 4 && good[at-3] == 0x1b {
			entries++
			for bit := range 8 * 13 {
				damaged := bytes.Clone(good)
				damaged[at-4+bit/8] ^= 1 << (bit % 8)
				lastOfDamaged(t, damaged)
			}
		}
		next := bytes.Index(good[at+1:], key)
		if next < 0 {
			break
		}
		at += 1 + next
	}
	if entries != 9 {
		t.Fatalf("a poor test: %d entries of the index were found", entries)
	}
}

// lastOfDamaged asks for the last revisions as a store does that has been open since before the damage.
func lastOfDamaged(t *testing.T, database []byte) {
	path := filepath.Join(t.TempDir(), databaseName)
	must(t, os.WriteFile(path, database, 0o600))
	d, err := openToRead(path, true)
	must(t, err)
	defer d.close()
	s := &Store{db: d, cases: newLately[string, alert.Case](latelyCases), own: newLately[RecordKey, keptRow](latelyRecords)}
	s.forgot.Store(math.MinInt64)
	got := ""
	err = s.EachAlert(func(a *alert.Alert) error { got += fmt.Sprintf("%s/%d ", a.ID, a.Revision); return nil })
	if err == nil && got != "alert01/3 alert02/3 alert03/3 " {
		t.Errorf("%s, and no error", got)
	}
	last, err := s.LastAlerts([]string{"alert02"})
	if err == nil && (last["alert02"] == nil || last["alert02"].Revision != 3) {
		t.Errorf("%v, and no error", last)
	}
	if list, err := Revisions(filepath.Dir(path), "alert02"); err == nil && len(list) != 3 {
		t.Errorf("%d revisions, and no error", len(list))
	}
}

// forged is a row of a few bytes, of an event with one megabyte for its line and its first native field.
func forged(s *Store, shape, texts []byte) []byte {
	const line = 1 << 20
	b := append([]byte{2, 0, 0, 0, 0, 0, 1, 's', 1, 'p'}, binary.AppendUvarint(nil, uint64(len(shape)))...)
	b = append(binary.AppendUvarint(append(b, shape...), line), bytes.Repeat([]byte{'a'}, line)...)
	b = append(binary.AppendUvarint(b, line<<2), texts...)
	return append([]byte{squeezed}, s.records.dictionary.Encode(nil, b)...)
}

// natives is a row whose native fields all have the whole line for their text.
func natives(s *Store, n int) []byte {
	const line = 1 << 20
	shape, texts := binary.AppendUvarint([]byte{0}, uint64(n)), []byte(nil)
	for i := range n {
		shape = append(shape, 1, 'n')
		if i > 0 {
			texts = binary.AppendVarint(binary.AppendUvarint(texts, line<<2|1), -line)
		}
	}
	return forged(s, shape, texts)
}

// listed is a row with a list of so many texts: forms are those that package event has for a text, 3 for what repeats the native
// field.
func listed(s *Store, n int, form byte) []byte {
	shape := []byte{1, 1, 'l', byte(event.List), 1, 1, 'n'}
	return forged(s, shape, append(binary.AppendUvarint(nil, uint64(n)), bytes.Repeat([]byte{form}, n)...))
}

func TestAForgedRowDoesNotBecomeGigabytes(t *testing.T) {
	s := openStore(t, t.TempDir(), nil)
	for name, row := range map[string]func(n int) []byte{
		"the line over and over": func(n int) []byte { return natives(s, n) },
		"a field that repeats":   func(n int) []byte { return listed(s, n, 3) },
	} {
		few, err := s.records.decode(row(20), idOf(1))
		must(t, err)
		if body, err := few.AppendJSON(nil); err != nil || len(body) < 20<<20 {
			t.Errorf("%s: a poor test: %d bytes, %v", name, len(body), err)
		}
		many, err := s.records.decode(row(2000), idOf(1))
		must(t, err)
		if body, err := many.AppendJSON(nil); err == nil {
			t.Errorf("%s: %d MiB of a row of %d bytes", name, len(body)>>20, len(row(2000)))
		}
	}
}

func TestAListIsReadNoFurtherThanItsFirstFault(t *testing.T) {
	s := openStore(t, t.TempDir(), nil)
	const most = 8 << 20
	r, err := s.records.decode(listed(s, most, 1<<2|3), idOf(1)) // there is one native field, of number 0
	must(t, err)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = r.AppendJSON(nil)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; err == nil || took > most {
		t.Errorf("%d MiB were taken, and the error is %v", took>>20, err)
	}
}

func TestACheckReadsWhatIsKept(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	must(t, s.Commit(&Commit{Records: []KeptRecord{{ID: idOf(1), Time: timeOf(1), Until: 1e9, Record: recordOf(1), Held: true}}}))
	cut := recordOf(1).AppendTo(nil)
	id := idOf(1)
	must(t, s.db.put(recordTable, timeOf(1), id[:], int64(1e9), append([]byte{squeezed}, s.records.dictionary.Encode(nil, cut[:len(cut)-1])...)))
	must(t, s.Close())
	found, err := Inspect(dir)
	must(t, err)
	if found.OK() {
		t.Error("a record that is cut short is found in order")
	}
}
