package engine

import (
	"math"
	"slices"
	"unsafe"

	"probity/internal/rule"
)

// Horizon is memory that a rule gave up: what it held of the time before At.
type Horizon struct {
	Rule *rule.Compiled
	At   int64 // event time
}

// keyBytes is about what a window takes beside what it holds: itself, its place in the index, of which a third is free, and
// in the schedule, of which an eighth is. See TestWhatWindowsTakeIsWhatTheHeapHas.
const keyBytes = int64(unsafe.Sizeof(held{})) + 26 + int64(unsafe.Sizeof(due{}))*9/8

// weigh notes what a window takes.
func (s *State) weigh(ws *windows, h *held) {
	now := int32(min(keyBytes+int64(len(h.key)+7)&^7+h.Bytes(), math.MaxInt32))
	ws.bytes += int64(now - h.bytes)
	h.bytes = now
}

// weighMore notes that a window takes so much more.
func (ws *windows) weighMore(h *held, bytes int64) {
	now := int32(max(0, min(int64(h.bytes)+bytes, math.MaxInt32)))
	ws.bytes += int64(now - h.bytes)
	h.bytes = now
}

// Bytes is about how much memory the windows take.
func (s *State) Bytes() (total int64) {
	for i := range s.specs {
		total += s.bytesOf(i)
	}
	return total
}

func (s *State) bytesOf(index int) (n int64) {
	for _, sh := range s.shards {
		n += sh.rules[index].bytes
	}
	return n
}

// Windows is how many windows are held.
func (s *State) Windows() (n int) {
	for _, sh := range s.shards {
		for i := range sh.rules {
			n += sh.rules[i].byKey.len()
		}
	}
	return n
}

// room is how much of a budget is left free when memory is given up, so that it is not given up again at once.
const room = 4

// Economise brings the windows under a budget of bytes: it raises the horizon of whichever rule takes most, until there is
// room. It returns the horizons, which are decisions that a replay must repeat, and what is to be saved.
func (s *State) Economise(budget int64) (raised []Horizon, saved []Saved) {
	if s.Bytes() <= budget {
		return nil, nil
	}
	for range s.specs {
		excess := s.Bytes() - (budget - budget/room)
		i := s.largest(raised)
		if excess <= 0 || i < 0 {
			break
		}
		h := Horizon{s.gen.Rules.Rules[i], s.horizonFor(i, excess)}
		saved = append(saved, s.Raise(h)...)
		raised = append(raised, h)
	}
	return raised, saved
}

// largest is the rule that takes most and has not given up anything yet.
func (s *State) largest(raised []Horizon) int {
	most, bytes := -1, int64(0)
	for i, r := range s.gen.Rules.Rules {
		n := s.bytesOf(i)
		if n > bytes && !r.OfAlerts && !r.Measured() && !slices.ContainsFunc(raised, func(h Horizon) bool { return h.Rule == r }) {
			most, bytes = i, n
		}
	}
	return most
}

// horizonFor finds the instant before which a rule's windows were last touched that take so many bytes.
func (s *State) horizonFor(index int, bytes int64) int64 {
	each := func(do func(last, bytes int64)) {
		for _, sh := range s.shards {
			for _, h := range sh.rules[index].byKey.byHash {
				do(h.Last(s.specs[index]), int64(h.bytes))
			}
		}
	}
	oldest, newest := int64(math.MaxInt64), int64(math.MinInt64+1)
	each(func(last, _ int64) { oldest, newest = min(oldest, max(last, math.MinInt64+1)), max(newest, last) })
	var sums [4096]int64
	step := newest/int64(len(sums)) - oldest/int64(len(sums)) + 1
	each(func(last, bytes int64) { sums[min((max(last, oldest)-oldest)/step, int64(len(sums)-1))] += bytes })
	at := oldest
	for _, n := range sums {
		at += step
		if bytes -= n; bytes <= 0 {
			break
		}
	}
	return min(at, newest+1)
}

// Raise gives up what a rule holds of the time before a horizon.
func (s *State) Raise(h Horizon) (saved []Saved) {
	index := h.Rule.Index
	spec := s.specs[index]
	spec.Horizon = max(spec.Horizon, h.At)
	for _, sh := range s.shards {
		ws := &sh.rules[index]
		for _, win := range ws.byKey.all() {
			if !win.GiveUp(spec) {
				continue
			}
			sh.touch(index, win)
			if win.Empty() {
				sh.drop(index, win)
			}
		}
		saved = append(saved, s.flush(sh, &part{})...)
		ws.byKey.shrink()
		ws.due.shrink()
		ws.dirty = nil
	}
	f := s.fed[index]
	if f == nil {
		f = s.gen.newFeed(h.Rule, Never)
		s.know(h.Rule.Feed, f)
	}
	f.Horizon = spec.Horizon
	return append(saved, f.save(h.Rule.Feed))
}

// Horizon is the event time before which a rule gave up what it held; 0 if it gave up nothing.
func (s *State) Horizon(r *rule.Compiled) int64 { return s.specs[r.Index].Horizon }
