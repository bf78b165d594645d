package engine

import (
	"hash/maphash"
	"math"
	"slices"
	"strings"

	"probity/internal/window"
)

// held is a window in its shard. There are as many as there are people and things in the logs, or as somebody who writes to
// them makes up: its size counts, and it fills 64 bytes.
type held struct {
	window.Window
	key     string // encoded group key
	at      int64  // where it stands in the schedule; unscheduled if it does not
	bytes   int32  // in windows.bytes; at most 2 GiB, and no window is as large that the store takes
	behind  uint16 // how much may still be saved behind what was saved whole, in behindUnit bytes; see savedWhole
	dirty   bool   // in windows.dirty: it is saved whole
	dropped bool   // no longer in windows.byKey
}

// What is saved of a window whole may be followed by changes, up to as many bytes again; then it is saved whole anew. So what a
// batch writes is about what it has changed, and what a start reads at most about twice what there is. A small one is always
// saved whole: a change would say little less.
const (
	behindUnit = 16 // bytes
	leastWhole = 96 // bytes
)

// savedWhole notes that a window was saved whole, in so many bytes.
func (h *held) savedWhole(bytes int) {
	h.behind = 0
	if bytes >= leastWhole {
		h.behind = uint16(min(bytes/behindUnit, math.MaxUint16))
	}
}

// unscheduled is the watermark of what is never due.
const unscheduled = math.MaxInt64

// windows are those of one rule in a shard.
type windows struct {
	byKey  index
	due    dueHeap
	dirty  []*held // changed since they were saved, also those that were dropped
	forgot int64   // the bound behind which this batch forgot something, Never if it did not
	bytes  int64   // about what they take
}

// index finds windows by key. A map by the keys' hashes takes less than one by the keys, which stand in the windows already,
// and has no pauses when it grows. The hash has a secret: whoever can choose keys must not be able to make them collide. Two
// that do nevertheless stand behind one another, as in open addressing.
type index struct {
	hash   func(key string) uint64
	byHash map[uint64]*held
}

func newIndex(seed maphash.Seed) index {
	return index{hash: func(key string) uint64 { return maphash.String(seed, key) }}
}

func (x *index) len() int { return len(x.byHash) }

// find returns the window of a key, nil if there is none.
func (x *index) find(key string) *held { return x.findHashed(x.hash(key), key) }

// findHashed is find for who has the key's hash already.
func (x *index) findHashed(hash uint64, key string) *held {
	if len(x.byHash) == 0 {
		return nil
	}
	for at := hash; ; at++ {
		if h := x.byHash[at]; h == nil || h.key == key {
			return h
		}
	}
}

// put takes in a window whose key has none.
func (x *index) put(h *held) { x.putHashed(x.hash(h.key), h) }

func (x *index) putHashed(at uint64, h *held) {
	if x.byHash == nil {
		x.byHash = map[uint64]*held{}
	}
	for x.byHash[at] != nil {
		at++
	}
	x.byHash[at] = h
}

// remove takes a window out. What stands right behind it may have been looking for its place.
func (x *index) remove(h *held) {
	at := x.hash(h.key)
	for x.byHash[at] != h {
		at++
	}
	delete(x.byHash, at)
	for at++; x.byHash[at] != nil; at++ {
		behind := x.byHash[at]
		delete(x.byHash, at)
		x.put(behind)
	}
}

// all lists the windows, in no particular order.
func (x *index) all() []*held {
	out := make([]*held, 0, len(x.byHash))
	for _, h := range x.byHash {
		out = append(out, h)
	}
	return out
}

// grow makes room for so many more windows of an empty index.
func (x *index) grow(n int) {
	if n > 0 && len(x.byHash) == 0 {
		x.byHash = make(map[uint64]*held, n)
	}
}

// shrink gives back the memory of what was removed: a map does not do so by itself.
func (x *index) shrink() {
	all := x.all()
	x.byHash = make(map[uint64]*held, len(all))
	for _, h := range all {
		x.put(h)
	}
}

// byKey puts windows in the order of their keys.
func byKey(list []*held) []*held {
	slices.SortFunc(list, func(a, b *held) int { return strings.Compare(a.key, b.key) })
	return list
}
