package store

import (
	"fmt"
	"testing"
	"time"
)

func benchStore(b *testing.B) *Store {
	s, err := Open(Options{Dir: b.TempDir(), Now: time.Now})
	must(b, err)
	b.Cleanup(func() { s.Close() })
	return s
}

func BenchmarkCommitOf5000WindowsOf100Bytes(b *testing.B) {
	s := benchStore(b)
	windows := make([]WindowState, 5000)
	n := 0
	for b.Loop() {
		for i := range windows {
			windows[i] = WindowState{Feed: "0123456789abcdef", Key: fmt.Sprintf("user-%07d", (n*5000+i)%100_000), State: make([]byte, 100)}
		}
		n++
		must(b, s.Commit(&Commit{Streams: []StreamState{{ID: "s", State: []byte("position")}}, Windows: windows}))
	}
}

func BenchmarkCommitOfOneStream(b *testing.B) {
	s := benchStore(b)
	for b.Loop() {
		must(b, s.Commit(&Commit{Streams: []StreamState{{ID: "s", State: []byte("position")}}}))
	}
}

func BenchmarkCommitOfOneAlertAndItsRecords(b *testing.B) {
	s := benchStore(b)
	n := 0
	for b.Loop() {
		n++
		c := oneOfEach(n)
		must(b, s.Commit(c))
	}
}

func BenchmarkOpenWith100000KeptRecords(b *testing.B) {
	dir := b.TempDir()
	s, err := Open(Options{Dir: dir})
	must(b, err)
	for lot := range 20 {
		c := &Commit{}
		for i := range 5000 {
			n := lot*5000 + i
			r := KeptRecord{Until: int64(n), Record: recordOf(n)}
			r.ID[0], r.ID[1], r.ID[2] = byte(n), byte(n>>8), byte(n>>16)
			c.Records = append(c.Records, r)
		}
		must(b, s.Commit(c))
	}
	must(b, s.Close())
	for b.Loop() {
		s, err := Open(Options{Dir: dir})
		must(b, err)
		b.StopTimer()
		s.Close()
		b.StartTimer()
	}
}
