package engine

import (
	"container/heap"

	"probity/internal/rule"
)

// due is a window and the watermark from which on something of it can be forgotten.
type due struct {
	at  int64
	key windowKey
}

type dueHeap []due

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].at < h[j].at }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)        { *h = append(*h, x.(due)) }
func (h *dueHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// schedule notes when the window has something to forget. A window is scheduled once: expire schedules it anew.
func (sh *shard) schedule(r *rule.Compiled, k windowKey, g *Generation) {
	h := sh.windows[k]
	if h.scheduled || h.count.Empty() {
		return
	}
	h.scheduled = true
	heap.Push(&sh.due[r.Index], due{h.count.First(spec(r), g.keep[r.Index]), k})
}

// expire forgets what the watermarks have passed.
func (sh *shard) expire(g *Generation, watermarks []int64) {
	for i := range sh.due {
		r, q, w := g.Rules.Rules[i], &sh.due[i], watermarks[i]
		if w == Never {
			continue
		}
		for q.Len() > 0 && (*q)[0].at <= w {
			k := heap.Pop(q).(due).key
			h, ok := sh.windows[k]
			if !ok {
				continue
			}
			h.scheduled = false
			if h.count.Expire(spec(r), w, g.keep[i]) {
				sh.touch(k, h)
			}
			if h.count.Empty() {
				delete(sh.windows, k)
				continue
			}
			sh.schedule(r, k, g)
		}
	}
}
