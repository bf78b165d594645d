package engine

import (
	"container/heap"
	"math"

	"probity/internal/rule"
	"probity/internal/window"
)

// due is a window and the watermark from which on something of it can be judged or forgotten.
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

// schedule notes when the window is due next, unless it is scheduled as early already.
func (sh *shard) schedule(r *rule.Compiled, k windowKey, s *State) {
	h := sh.windows[k]
	at := h.Due(s.specs[r.Index], s.gen.keep[r.Index])
	if at == math.MaxInt64 || h.scheduled && h.at <= at {
		return
	}
	h.scheduled, h.at = true, at
	heap.Push(&sh.due[r.Index], due{at, k})
}

// takeDue takes the windows off the heaps that the watermarks have reached, by rule index.
func (sh *shard) takeDue(watermarks []int64) [][]windowKey {
	out := make([][]windowKey, len(sh.due))
	for i := range sh.due {
		q, w := &sh.due[i], watermarks[i]
		if w == Never {
			continue
		}
		for q.Len() > 0 && (*q)[0].at <= w {
			d := heap.Pop(q).(due)
			if h, ok := sh.windows[d.key]; ok && h.scheduled && h.at == d.at { // else it was scheduled anew
				h.scheduled = false
				out[i] = append(out[i], d.key)
			}
		}
	}
	return out
}

// decide judges what waited for the watermarks.
func (sh *shard) decide(s *State, due [][]windowKey, watermarks []int64, peers map[int]window.Peers, changes []Change) []Change {
	for i, keys := range due {
		for _, k := range keys {
			h := sh.windows[k]
			if periods := h.Decide(s.specs[i], watermarks[i], peers[i], nil); len(periods) > 0 {
				sh.touch(k, h)
				changes = appendChanges(changes, s.gen.Rules.Rules[i], k.key, periods)
			}
		}
	}
	return changes
}

// forget drops what the watermarks have passed, and schedules what is left.
func (sh *shard) forget(s *State, due [][]windowKey, watermarks []int64) {
	for i, keys := range due {
		for _, k := range keys {
			h := sh.windows[k]
			if h.Forget(s.specs[i], watermarks[i], s.gen.keep[i]) {
				sh.touch(k, h)
				sh.forgot[i] = max(sh.forgot[i], watermarks[i]-s.gen.keep[i])
			}
			if h.Empty() {
				sh.drop(i, k, h)
				continue
			}
			sh.schedule(s.gen.Rules.Rules[i], k, s)
		}
	}
}
