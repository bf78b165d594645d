package engine

import (
	"slices"

	"probity/internal/window"
)

// due is a window and the watermark from which on something of it can be judged or forgotten.
type due struct {
	at int64
	h  *held
}

// dueHeap has the earliest first: container/heap for one type, without an allocation for each that is pushed.
type dueHeap []due

func (q *dueHeap) push(d due) {
	*q = append(*q, d)
	list := *q
	for i := len(list) - 1; i > 0; {
		parent := (i - 1) / 2
		if list[parent].at <= list[i].at {
			break
		}
		list[parent], list[i] = list[i], list[parent]
		i = parent
	}
}

func (q *dueHeap) pop() due {
	list := *q
	n := len(list) - 1
	list[0], list[n] = list[n], list[0]
	first := list[n]
	list[n] = due{}
	*q = list[:n]
	q.sink(0)
	return first
}

// sink moves one down to where it belongs.
func (q dueHeap) sink(i int) {
	for {
		least := 2*i + 1
		if least >= len(q) {
			return
		}
		if right := least + 1; right < len(q) && q[right].at < q[least].at {
			least = right
		}
		if q[i].at <= q[least].at {
			return
		}
		q[i], q[least] = q[least], q[i]
		i = least
	}
}

// grow makes room for so many more.
func (q *dueHeap) grow(n int) { *q = slices.Grow(*q, n) }

// shrink takes out what was dropped, and gives its memory back.
func (q *dueHeap) shrink() {
	*q = slices.Clip(slices.DeleteFunc(*q, func(d due) bool { return d.h.dropped }))
	for i := len(*q)/2 - 1; i >= 0; i-- {
		q.sink(i)
	}
}

// schedule notes when a window of a rule is due next, unless it is scheduled as early already.
func (s *State) schedule(ws *windows, rule int, h *held) {
	if at := h.Due(s.specs[rule], s.gen.keep[rule]); at < h.at {
		h.at = at
		ws.due.push(due{at, h})
	}
}

// dueWindows are those of a rule that its watermark has reached.
type dueWindows struct {
	rule int
	list []*held
}

// takeDue takes the windows off the schedules that the watermarks have reached, in the order of the rules.
func (sh *shard) takeDue(watermarks []int64) (out []dueWindows) {
	for i := range sh.rules {
		q, w := &sh.rules[i].due, watermarks[i]
		if w == Never || len(*q) == 0 || (*q)[0].at > w {
			continue
		}
		d := dueWindows{rule: i}
		for len(*q) > 0 && (*q)[0].at <= w {
			if first := q.pop(); !first.h.dropped && first.h.at == first.at { // else it was scheduled anew
				first.h.at = unscheduled
				d.list = append(d.list, first.h)
			}
		}
		out = append(out, d)
	}
	return out
}

// decide judges what waited for the watermarks.
func (s *State) decide(sh *shard, p *part, watermarks []int64, peers map[int]window.Peers) {
	var periods []int64
	for _, d := range p.due {
		for _, h := range d.list {
			periods = h.Decide(s.specs[d.rule], watermarks[d.rule], peers[d.rule], periods[:0])
			if len(periods) > 0 {
				sh.touch(d.rule, h)
				p.changes = appendChanges(p.changes, s.gen.Rules.Rules[d.rule], h.key, periods)
			}
		}
	}
}

// forgotten is how many entries were taken from the front of a window, of which nothing else was forgotten.
type forgotten struct {
	rule, taken int
	h           *held
}

// forget drops what the watermarks have passed, and schedules what is left.
func (s *State) forget(sh *shard, p *part, watermarks []int64) {
	for _, d := range p.due {
		spec, keep, ws := s.specs[d.rule], s.gen.keep[d.rule], &sh.rules[d.rule]
		for _, h := range d.list {
			taken, other := h.Forget(spec, watermarks[d.rule], keep)
			if taken > 0 || other {
				ws.forgot = max(ws.forgot, watermarks[d.rule]-keep)
			}
			empty := h.Empty()
			switch {
			case other || empty && taken > 0:
				sh.touch(d.rule, h)
			case taken > 0:
				p.forgotten = append(p.forgotten, forgotten{d.rule, taken, h})
			}
			if empty {
				sh.drop(d.rule, h)
				continue
			}
			s.schedule(ws, d.rule, h)
		}
	}
}
