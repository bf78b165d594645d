package store

import (
	"strings"
	"testing"

	"github.com/klauspost/compress/s2"
	"pgregory.net/rapid"
)

func TestAPackIsFoundAtEveryTimeOfIts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.Int64Range(-1<<61, 1<<61).Draw(t, "first")
		last := first + rapid.Int64Range(0, 1<<rapid.IntRange(0, 61).Draw(t, "bits")).Draw(t, "span")
		at := rapid.Int64Range(first, last).Draw(t, "at")
		level := levelOf(first, last)
		if got, want := bucketAt(level, at), bucketAt(level, first); got != want {
			t.Errorf("level %d: a record in bucket %d, its pack in %d", level, got, want)
		}
		if level > 0 && bucketAt(level-1, first) == bucketAt(level-1, last) {
			t.Errorf("it fits on level %d", level-1)
		}
	})
}

// keptUntil are n records, of numbers from a number on, that are kept until the same time.
func keptUntil(from, n int, until int64) (records []KeptRecord) {
	for i := from; i < from+n; i++ {
		records = append(records, KeptRecord{ID: idOf(i), Time: timeOf(i), Until: until, Record: recordOf(i)})
	}
	return records
}

func TestManyRecordsLieInFewRowsAndAllAreFound(t *testing.T) {
	s := openStore(t, t.TempDir(), nil)
	must(t, s.Commit(&Commit{Records: append(keptUntil(0, 130, 10), keptUntil(130, 110, 20)...)}))
	must(t, s.Commit(&Commit{Records: keptUntil(240, 15, 20)}))
	if s.head.rows.packs != 3 || s.head.rows.records != 15 {
		t.Errorf("%d packs and %d rows", s.head.rows.packs, s.head.rows.records)
	}
	var keys []RecordKey
	for n := range 255 {
		keys = append(keys, RecordKey{timeOf(n), idOf(n)})
	}
	found, err := s.Record(append(keys, RecordKey{timeOf(5), idOf(6)}, RecordKey{timeOf(1000), idOf(7)}))
	must(t, err)
	for n := range 255 {
		if found[idOf(n)] == nil || textOf(found[idOf(n)]) != textOf(recordOf(n)) {
			t.Errorf("record %d: %v", n, found[idOf(n)])
		}
	}
	must(t, s.Commit(&Commit{Forget: 15}))
	found, err = s.Record(keys)
	must(t, err)
	if len(found) != 125 || s.head.rows.packs != 1 {
		t.Errorf("%d records in %d packs are left", len(found), s.head.rows.packs)
	}
}

func TestARecordThatIsProlongedOutlivesItsPack(t *testing.T) {
	s := openStore(t, t.TempDir(), nil)
	must(t, s.Commit(&Commit{Records: keptUntil(0, 20, 10)}))
	prolonged := KeptRecord{ID: idOf(3), Time: timeOf(3), Until: 30}
	unknown := KeptRecord{ID: idOf(50), Time: timeOf(50), Until: 30}
	must(t, s.Commit(&Commit{Records: []KeptRecord{prolonged, unknown}}))
	must(t, s.Commit(&Commit{Forget: 20}))
	found, err := s.Record([]RecordKey{prolonged.key(), unknown.key(), {timeOf(4), idOf(4)}})
	must(t, err)
	if len(found) != 1 || textOf(found[idOf(3)]) != textOf(recordOf(3)) {
		t.Errorf("%v", found)
	}
	if s.head.rows.packs != 0 || s.head.rows.records != 1 {
		t.Errorf("%d packs, %d rows", s.head.rows.packs, s.head.rows.records)
	}
}

func TestARecordThatAnAlertHoldsHasARowAtOnce(t *testing.T) {
	s := openStore(t, t.TempDir(), nil)
	records := keptUntil(0, 20, 10)
	must(t, s.Commit(&Commit{Records: records}))
	for range 2 { // the second revision changes nothing
		held := records[3]
		held.Until, held.Held = 30, true
		must(t, s.Commit(&Commit{Records: []KeptRecord{held}}))
		if s.head.rows.records != 1 || s.head.rows.packs != 1 {
			t.Errorf("%d rows, %d packs", s.head.rows.records, s.head.rows.packs)
		}
	}
	must(t, s.Commit(&Commit{Forget: 20}))
	found, err := s.Record([]RecordKey{records[3].key(), records[4].key()})
	must(t, err)
	if len(found) != 1 || textOf(found[idOf(3)]) != textOf(recordOf(3)) {
		t.Errorf("%v", found)
	}
}

func TestMorePacksAreReadThanAreRemembered(t *testing.T) {
	const size, packs = 1 << 20, 3 * maxUnpacked >> 20
	var u unpacked
	asked := 0
	for n := range int64(packs) {
		for range 2 {
			o, err := u.of(packKey{commit: n}, func() (*opened, error) { asked++; return &opened{size: size + int(n)}, nil })
			if err != nil || o.size != size+int(n) {
				t.Fatal(n, o.size, err)
			}
		}
		if u.bytes > maxUnpacked {
			t.Fatal(u.bytes)
		}
	}
	if asked != packs {
		t.Errorf("%d packs were unpacked", asked)
	}
	if u.forget(); u.bytes != 0 || u.packs != nil {
		t.Error("something is remembered")
	}
}

// A kept record may be as large as a record may be. Sixty-four of them in one pack could not be read again.
func TestLargeRecordsLieInSmallPacksOrAlone(t *testing.T) {
	s := openStore(t, t.TempDir(), nil)
	var records []KeptRecord
	var keys []RecordKey
	for n := range 40 {
		r := quotedOf(n)
		r.Original = strings.Repeat(string(rune('a'+n%26)), 300<<10)
		if n%8 == 0 {
			r.Original = strings.Repeat("x", packBytes)
		}
		k, err := r.Keep()
		must(t, err)
		records = append(records, KeptRecord{ID: idOf(n), Time: timeOf(n), Until: 10, Record: k})
		keys = append(keys, records[n].key())
	}
	must(t, s.Commit(&Commit{Records: records}))
	found, err := s.Record(keys)
	must(t, err)
	for n := range records {
		if got := found[idOf(n)]; got == nil || textOf(got) != textOf(records[n].Record) {
			t.Errorf("record %d is not as it was", n)
		}
	}
	if s.head.rows.records != 5 || s.head.rows.packs < 12 {
		t.Errorf("%d rows, %d packs", s.head.rows.records, s.head.rows.packs)
	}
}

// Whatever the bytes, reading ends with records or an error, and holds no more memory than they are worth.
func FuzzUnpackingAPack(f *testing.F) {
	codec := codecOf(f)
	f.Add((&packer{}).pack(keptUntil(0, 3, 1), []int{0, 1, 2}), timeOf(0))
	f.Add(storedPack(f), timeOf(20))
	f.Add(zstdOf(f, []byte{200, 1, 2, 3}), int64(0))
	f.Add(append([]byte{squeezed, 1}, make([]byte, 40)...), int64(0))
	f.Add(append([]byte{squeezed, 0}, s2.Encode(nil, make([]byte, 2*maxPackBytes))...), int64(0))
	f.Fuzz(func(t *testing.T, p []byte, first int64) {
		row, err := packRowOf([]any{0, 0, 0, 0, first, 0, 0, p})
		if err != nil {
			return
		}
		o, err := codec.open(row)
		if err != nil {
			return
		}
		for i := range o.keys {
			if k, err := o.record(i); err == nil {
				_, _ = k.Record()
			}
		}
	})
}

// storedPack is one that version 3 wrote.
func storedPack(t testing.TB) (packed []byte) {
	s := openStore(t, stored(t, "state-v3"), nil)
	must(t, s.db.each(packTable, packTable.byKey()+" LIMIT 1", nil, func(row []any) error {
		packed = bytesOf(row[7])
		return nil
	}))
	if len(packed) == 0 {
		t.Fatal("there is none")
	}
	return packed
}
