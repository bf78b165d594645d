package ruletest

import (
	"runtime"
	"sync"
	"sync/atomic"

	"probity/internal/decode"
)

// onAllCores calls do for 0 to n-1, as many at a time as there are cores. Rules are tested apart from each other, so the
// order in which they finish changes no result.
func onAllCores(n int, do func(i int)) {
	onEachCore(n, func() func(int) { return do })
}

// onEachCore is onAllCores where each goroutine has a do of its own, which may keep what only one goroutine may use.
func onEachCore(n int, start func() (do func(i int))) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		all.Go(func() {
			do := start()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	all.Wait()
}

// counter tells progress.
type counter struct {
	mu          sync.Mutex
	step        string
	done, total int
	tell        Progress
}

// Progress is told how far a long work has come: what is done, in which step of it ("rules read"). One goroutine at a time
// calls it.
type Progress func(step string, done, total int)

// of is the progress of one step; nil if nobody is told.
func (p Progress) of(step string) func(done, total int) {
	if p == nil {
		return nil
	}
	return func(done, total int) { p(step, done, total) }
}

func (p Progress) counter(step string, total int) *counter {
	return &counter{step: step, total: total, tell: p}
}

func (c *counter) count() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done++
	if c.tell != nil {
		c.tell(c.step, c.done, c.total)
	}
}

// remembered reads each format once.
func remembered(formats func(string) (*decode.Format, bool)) func(string) (*decode.Format, bool) {
	if formats == nil {
		return nil
	}
	type found struct {
		format *decode.Format
		ok     bool
	}
	var mu sync.Mutex
	known := map[string]found{}
	return func(name string) (*decode.Format, bool) {
		mu.Lock()
		defer mu.Unlock()
		f, ok := known[name]
		if !ok {
			f.format, f.ok = formats(name)
			known[name] = f
		}
		return f.format, f.ok
	}
}
