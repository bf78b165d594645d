package store

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"
)

// benchKeys are how many keys live; pick one with -bench 'Keys/1000000$'.
var benchKeys = []int{1_000_000, 10_000_000}

const dirtyKeys = 5000

func heap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// fill opens a store and puts so many keys of 100 bytes of state into it.
func fill(b *testing.B, dir string, keys int) *Store {
	s, err := Open(Options{Dir: dir})
	must(b, err)
	windows := make([]WindowState, dirtyKeys)
	for n := 0; n < keys; n += dirtyKeys {
		for i := range windows {
			windows[i] = windowOf(n+i, n)
		}
		must(b, s.Commit(&Commit{Windows: windows}))
	}
	return s
}

func windowOf(key, n int) WindowState {
	state := make([]byte, 100)
	state[0], state[1], state[2], state[3] = byte(n), byte(n>>8), byte(n>>16), byte(n>>24)
	return WindowState{Feed: "0123456789abcdef", Key: fmt.Sprintf("user-%08d", key), State: state}
}

// The commit of 5,000 changed of all keys, snapshots included: the mean is ns/op, and the slowest are given.
func BenchmarkCommitOf5000DirtyOfKeys(b *testing.B) {
	for _, keys := range benchKeys {
		b.Run(fmt.Sprint(keys), func(b *testing.B) {
			before := heap()
			s := fill(b, b.TempDir(), keys)
			defer s.Close()
			b.ReportMetric((heap()-before)/float64(keys), "heap-B/key")
			random := rand.New(rand.NewPCG(1, 2))
			windows := make([]WindowState, dirtyKeys)
			var took, plain, sorting, shards []time.Duration
			files := s.head.windows.File
			for n := 0; b.Loop(); n++ {
				b.StopTimer()
				for i := range windows {
					windows[i] = windowOf(random.IntN(keys), n)
				}
				b.StartTimer()
				began := time.Now()
				must(b, s.Commit(&Commit{Streams: []StreamState{{ID: "s", State: []byte("position")}}, Windows: windows}))
				took = append(took, time.Since(began))
				switch w := s.head.windows; {
				case w.Old == 0:
					plain = append(plain, took[n])
				case w.Done == 0:
					sorting = append(sorting, took[n])
				default:
					shards = append(shards, took[n])
				}
			}
			slices.Sort(took)
			for name, share := range map[string]float64{"p50": 0.5, "p99": 0.99, "max": 1} {
				b.ReportMetric(float64(took[int(share*float64(len(took)-1))].Microseconds())/1000, name+"-ms")
			}
			for name, of := range map[string][]time.Duration{"plain": plain, "sorting": sorting, "shard": shards} {
				if len(of) > 0 {
					slices.Sort(of)
					b.ReportMetric(float64(of[len(of)/2].Microseconds())/1000, name+"-p50-ms")
				}
			}
			b.ReportMetric(float64(s.head.windows.File-files), "files")
			b.ReportMetric((heap()-before)/float64(keys), "heap-B/key")
		})
	}
}

// What a start reads: the check of the log, and every live state once. The heap at its highest is given beside.
func BenchmarkRestoreOfKeys(b *testing.B) {
	for _, keys := range benchKeys {
		b.Run(fmt.Sprint(keys), func(b *testing.B) {
			dir := b.TempDir()
			must(b, fill(b, dir, keys).Close())
			before, highest := heap(), 0.0
			for b.Loop() {
				s, err := Open(Options{Dir: dir})
				must(b, err)
				n := 0
				must(b, s.EachWindow(1, func(int, string, string, []byte) error {
					if n++; n%(keys/16) == 0 {
						highest = max(highest, heap()-before)
					}
					return nil
				}))
				if n != keys {
					b.Fatalf("%d keys", n)
				}
				must(b, s.Close())
			}
			b.ReportMetric(highest/float64(keys), "peak-heap-B/key")
			b.ReportMetric(highest/(1<<20), "peak-heap-MiB")
		})
	}
}
