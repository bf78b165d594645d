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
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		all.Go(func() {
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
	done, total int
	tell        func(done, total int)
}

func (o *Options) counter(total int) *counter { return &counter{total: total, tell: o.Progress} }

func (c *counter) step() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done++
	if c.tell != nil {
		c.tell(c.done, c.total)
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
