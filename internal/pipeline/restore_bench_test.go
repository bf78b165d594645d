package pipeline

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"probity/internal/event"
	"probity/internal/store"
	"probity/internal/window"
)

// BenchmarkRestore measures what a start does with the windows: the check of their log, and taking them in. PROBITY_KEYS says
// how many there are, a million unless said.
func BenchmarkRestore(b *testing.B) {
	n := 1_000_000
	if s := os.Getenv("PROBITY_KEYS"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	w := newWorld(b, narrowRules)
	dir := b.TempDir()
	st, err := store.Open(store.Options{Dir: dir})
	must(b, err)
	spec := &window.Spec{Timespan: 1e12, Period: 1e12, AtLeast: 1000}
	const lot = 10_000
	for at := 0; at < n; at += lot {
		c := &store.Commit{Generation: w.gen.Hash}
		for i := at; i < min(n, at+lot); i++ {
			one := window.New()
			one.Add(spec, window.Entry{Time: 1.7e18 + int64(i)*1e6, ID: event.ID{byte(i), byte(i >> 8), byte(i >> 16), byte(i >> 24)}}, nil)
			key := fmt.Sprintf("user-%08d", i)
			c.Windows = append(c.Windows, store.WindowState{Feed: w.gen.Rules.Rules[0].Feed, Key: string(rune(len(key))) + key, State: one.Append(nil)})
		}
		must(b, st.Commit(c))
	}
	must(b, st.Close())
	for b.Loop() {
		st, err := store.Open(store.Options{Dir: dir})
		must(b, err)
		p, err := New(Options{Store: st, Identity: w.identity, Generation: w.gen})
		must(b, err)
		must(b, p.restore())
		if got := p.state.Windows(); got != n {
			b.Fatalf("%d windows, not %d", got, n)
		}
		must(b, st.Close())
	}
}
