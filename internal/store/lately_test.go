package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/fsx"
)

// What is remembered is what a table says that holds all: never what a commit that failed would have made of it, and never what
// was read before a commit that changed it.
func TestWhatIsRememberedIsWhatWasCommitted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l, table := newLately[int, int](100), map[int]int{}
		key, value := rapid.IntRange(0, 20), rapid.IntRange(1, 1000)
		size := rapid.SampledFrom([]int{1, 5, 20, 49, 50, 51, 99, 1000})
		type look struct {
			k, v int
			asOf uint64
		}
		var looks []look // under way
		t.Repeat(map[string]func(*rapid.T){
			"commit": func(t *rapid.T) {
				l.begin()
				next := map[int]int{}
				for range rapid.IntRange(0, 5).Draw(t, "rows") {
					k, v := key.Draw(t, "key"), value.Draw(t, "value")
					if next[k] = v; rapid.Bool().Draw(t, "known") {
						l.write(k, v, size.Draw(t, "bytes"))
					} else {
						l.unknow(k)
					}
				}
				if rapid.Bool().Draw(t, "succeeds") {
					for k, v := range next {
						table[k] = v
					}
					l.committed()
				}
			},
			"look": func(t *rapid.T) {
				k := key.Draw(t, "key")
				if _, ok := l.find(k); !ok {
					looks = append(looks, look{k, table[k], l.asOf()})
				}
			},
			"see": func(t *rapid.T) {
				if len(looks) == 0 {
					t.Skip("nobody looks")
				}
				if x := looks[0]; x.v != 0 {
					l.read(x.k, x.v, size.Draw(t, "bytes"), x.asOf)
				}
				looks = looks[1:]
			},
			"": func(t *rapid.T) {
				for k := range 21 {
					if v, ok := l.find(k); ok && v != table[k] {
						t.Fatalf("%d is remembered as %d; it is %d", k, v, table[k])
					}
				}
				bytes := 0
				for _, r := range l.young {
					bytes += r.bytes
				}
				if bytes != l.bytes || bytes > 50 {
					t.Fatalf("%d bytes, said to be %d", bytes, l.bytes)
				}
			},
		})
	})
}

func TestWhatWasAskedForLatelyIsRememberedLonger(t *testing.T) {
	l := newLately[int, int](100)
	for k := range 100 {
		l.begin()
		l.write(k, k, 10)
		l.committed()
		if v, ok := l.find(0); !ok || v != 0 {
			t.Fatalf("after %d others it is forgotten although it is asked for all the time", k)
		}
	}
	if _, ok := l.find(50); ok || len(l.young)+len(l.old) > 10 {
		t.Errorf("%d and %d rows are held", len(l.young), len(l.old))
	}
}

// plain is what the tables say, asked past all that is remembered.
func plain(s *Store) (cases map[string]alert.Case, records map[event.ID]string, err error) {
	cases, records = map[string]alert.Case{}, map[event.ID]string{}
	err = s.EachCase(func(c alert.Case) error { cases[c.ID] = c; return nil })
	if err != nil {
		return nil, nil, err
	}
	err = s.db.each(recordTable, "", nil, func(row []any) error {
		k, err := s.records.decode(bytesOf(row[3]), idIn(row[1]))
		records[idIn(row[1])] = textOf(k)
		return err
	})
	return cases, records, err
}

// sameAsPlain says where an answer of the store is not what the tables say.
func sameAsPlain(s *Store) error {
	cases, records, err := plain(s)
	if err != nil {
		return err
	}
	for n := range idCount {
		id := alertOf(n, 1).ID
		c, found, err := s.Case(id)
		if err != nil {
			return err
		}
		want, there := cases[id]
		if diff := cmp.Diff(want, c); diff != "" || found != there {
			return fmt.Errorf("the case of %s: %v, %s", id, found, diff)
		}
		of, err := s.Record([]RecordKey{{timeOf(n), idOf(n)}})
		if err != nil {
			return err
		}
		if want, own := records[idOf(n)]; own && want != textOf(of[idOf(n)]) {
			return fmt.Errorf("record %d is %s; its row says %s", n, textOf(of[idOf(n)]), want)
		}
		if row, ok := s.keptLately(RecordKey{timeOf(n), idOf(n)}); ok && textOf(row.record) != records[idOf(n)] {
			return fmt.Errorf("record %d is remembered as %s; its row says %q", n, textOf(row.record), records[idOf(n)])
		}
	}
	return nil
}

func TestReadersBesideCommitsNeverSeeARevisionGoBack(t *testing.T) {
	t.Parallel()
	fs := &fsx.FS{}
	s := openStore(t, t.TempDir(), fs)
	s.cases.half, s.own.half = 2000, 4000 // so that most must be read again
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			var seen [idCount]int
			for {
				for n := range idCount {
					last, err := s.Revision(alertOf(n, 1).ID)
					if err != nil || last < seen[n] {
						t.Errorf("revision %d after %d: %v", last, seen[n], err)
						return
					}
					seen[n] = last
					if _, err := s.Record([]RecordKey{{timeOf(n), idOf(n)}}); err != nil {
						t.Error(err)
						return
					}
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for i := range 120 {
		n := i % idCount
		k := KeptRecord{ID: idOf(n), Time: timeOf(n), Until: int64(100 + i), Record: revised(n, i%256), Held: true, Revised: i%3 == 0}
		c := &Commit{Alerts: []*alert.Alert{alertOf(n, i/idCount+1)}, Records: []KeptRecord{k}, Forget: int64(90 + i)}
		for fail := i%4 == 0; ; fail = false {
			broken := errors.New("the disk is broken")
			if fs.Fault = nil; fail {
				fs.Fault = func(op, path string) error {
					if op == opCommit {
						return broken
					}
					return nil
				}
			}
			if err := s.Commit(c); err == nil {
				break
			} else if !errors.Is(err, broken) {
				t.Fatal(err)
			}
		}
	}
	close(done)
	readers.Wait()
	must(t, sameAsPlain(s))
}
