package window

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// baseline: time is cut into buckets. A bucket of the key that holds events is a hit if its number (of events, or of
// distinct values) is at least AtLeast, lies more than Above spreads above the median of the key's own buckets of its kind in
// the history before it, of which there are at least Least, and more than Above spreads above the median of the other keys of
// its peer group in the same bucket, of which there are at least LeastPeers; either comparison may be left out. Buckets that
// hold nothing are not counted: a day off is not a quiet day. It is told when the watermark has passed the bucket's end by Wait. Its
// events belong to the alert of the period in which its last event lies.
//
// A bucket's kind is its rhythm: its day of the week, its hour of the day, both or neither, on the clocks of Zone; the hour of
// buckets longer than one is that of UTC, from which they are counted. Its peer
// group is what its latest event says (the first captured field), and it has none if that is missing.
//
// When a bucket can no longer change, its events are forgotten and their number stays. An event that comes later than allowed
// raises what is usual and is judged no more.

// Normal is what a baseline compares with.
type Normal struct {
	Every      int64 // a bucket's length; whole days are local ones
	Zone       *time.Location
	Values     bool  // distinct values are counted, not events
	History    int64 // of the key's own past; 0: not compared with
	Least      int   // buckets of it
	HourOfDay  bool
	DayOfWeek  bool
	Peers      bool
	LeastPeers int
	Above      int64 // spreads
}

// Bucket is what a bucket held.
type Bucket struct {
	Index int64
	N     int64
}

// PeerBucket is a bucket of a peer group.
type PeerBucket struct {
	Index int64
	Group string
}

// Peers are what the keys of a group had in a bucket, each bucket's in ascending order.
type Peers map[PeerBucket][]int64

const (
	hour = int64(time.Hour)
	day  = 24 * hour
)

// longest is more than a bucket's length, whatever the clocks do: none is set by more at once.
func (n *Normal) longest() int64 {
	if n.Every == 0 || n.Every%day != 0 {
		return n.Every
	}
	return n.Every + 3*hour
}

// bucketOf returns the index of the bucket that holds t.
func (n *Normal) bucketOf(t int64) int64 {
	if n.Every%day != 0 {
		return floorDiv(t, n.Every)
	}
	_, offset := time.Unix(0, t).In(n.zone()).Zone()
	return floorDiv(t+int64(offset)*int64(time.Second), n.Every)
}

// start returns the first instant of a bucket.
func (n *Normal) start(index int64) int64 {
	if n.Every%day != 0 {
		return index * n.Every
	}
	midnight := time.Unix(0, 0).UTC().AddDate(0, 0, int(index*(n.Every/day)))
	return time.Date(midnight.Year(), midnight.Month(), midnight.Day(), 0, 0, 0, 0, n.zone()).UnixNano()
}

func (n *Normal) end(index int64) int64 { return n.start(index + 1) }

func (n *Normal) zone() *time.Location {
	if n.Zone == nil {
		return time.UTC
	}
	return n.Zone
}

// alike reports whether two buckets are of one kind.
func (n *Normal) alike(a, b int64) bool {
	if !n.HourOfDay && !n.DayOfWeek {
		return true
	}
	x, y := time.Unix(0, n.start(a)).In(n.zone()), time.Unix(0, n.start(b)).In(n.zone())
	if n.DayOfWeek && x.Weekday() != y.Weekday() {
		return false
	}
	if n.Every > hour { // they begin at other local hours in summer than in winter, and would never be alike
		x, y = x.UTC(), y.UTC()
	}
	return !n.HourOfDay || x.Hour() == y.Hour()
}

// memory is how many buckets the history has.
func (n *Normal) memory() int64 { return n.History / n.Every }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// bucketed is a bucket that still holds its events: entries [lo, hi).
type bucketed struct {
	index  int64
	lo, hi int
}

// buckets are those whose events are held, in order.
func (w *Window) buckets(s *Spec) (out []bucketed) {
	for i := range w.entries {
		b := s.Normal.bucketOf(w.entries[i].Time)
		if n := len(out); n > 0 && out[n-1].index == b {
			out[n-1].hi = i + 1
		} else {
			out = append(out, bucketed{b, i, i + 1})
		}
	}
	return out
}

// number is what a bucket's entries count to.
func (s *Spec) number(entries []Entry) int64 {
	if !s.Normal.Values {
		return int64(len(entries))
	}
	distinct := map[uint64]struct{}{}
	for _, e := range entries {
		distinct[e.Value] = struct{}{}
	}
	return int64(len(distinct))
}

func group(entries []Entry) string {
	if c := entries[len(entries)-1].Captured; c != nil && len(*c) > 0 {
		return (*c)[0]
	}
	return ""
}

// undecided reports whether a bucket is judged by a watermark.
func (w *Window) undecided(s *Spec, index, watermark int64) bool {
	over := s.over(index)
	return w.decided() < over && over <= watermark
}

// over is the watermark at which a bucket is judged.
func (s *Spec) over(index int64) int64 { return forth(s.Normal.end(index), s.Wait) }

// Observe hands on what the buckets hold that Decide will judge, for the comparison among peers.
func (w *Window) Observe(s *Spec, watermark int64, peers Peers) {
	for _, b := range w.buckets(s) {
		if g := group(w.entries[b.lo:b.hi]); g != "" && w.undecided(s, b.index, watermark) {
			k := PeerBucket{b.index, g}
			peers[k] = append(peers[k], s.number(w.entries[b.lo:b.hi]))
		}
	}
}

// Sort puts every bucket's numbers in ascending order, as Decide wants them.
func (p Peers) Sort() {
	for _, numbers := range p {
		slices.Sort(numbers)
	}
}

func (w *Window) decideBuckets(s *Spec, watermark int64, peers Peers, changed []int64) []int64 {
	held := w.buckets(s)
	for i, b := range held {
		if !w.undecided(s, b.index, watermark) {
			continue
		}
		if m, hit := w.compare(s, held, i, peers, false); hit {
			entries := w.entries[b.lo:b.hi]
			period := s.PeriodOf(entries[len(entries)-1].Time)
			changed = w.joinMeasures(period, []Measure{m}, w.join(period, entries, changed))
		}
	}
	w.rest().decided = watermark
	return changed
}

// compare compares a bucket with what is usual, and stops at what makes it no hit unless all is wanted.
func (w *Window) compare(s *Spec, held []bucketed, i int, peers Peers, all bool) (m Measure, hit bool) {
	b, n := held[i], &s.Normal
	entries := w.entries[b.lo:b.hi]
	m = Measure{From: n.start(b.index), To: n.end(b.index), Observed: s.number(entries)}
	if hit = m.Observed >= int64(s.AtLeast) && !s.unheld(n.start(b.index-n.memory())); !hit && !all {
		return m, false
	}
	if n.History > 0 {
		m.Own = usual(w.history(s, held[:i], b.index))
		if hit = hit && m.Own.Among >= n.Least && m.Own.exceeds(m.Observed, n.Above); !hit && !all {
			return m, false
		}
	}
	if n.Peers {
		m.Peers = usual(without(peers[PeerBucket{b.index, group(entries)}], m.Observed))
		hit = hit && m.Peers.Among >= n.LeastPeers && m.Peers.exceeds(m.Observed, n.Above)
	}
	return m, hit
}

// Compare returns what the bucket of time t is compared with and the peer group that it belongs to, for whoever explains it;
// ok is false if no event of it is held.
func (w *Window) Compare(s *Spec, t int64, peers Peers) (m Measure, of string, hit, ok bool) {
	held := w.buckets(s)
	i := slices.IndexFunc(held, func(b bucketed) bool { return b.index == s.Normal.bucketOf(t) })
	if i < 0 {
		return m, "", false, false
	}
	m, hit = w.compare(s, held, i, peers, true)
	return m, group(w.entries[held[i].lo:held[i].hi]), hit, true
}

// history is what the key's buckets of one kind held before a bucket, in ascending order.
func (w *Window) history(s *Spec, before []bucketed, index int64) (out []int64) {
	oldest := index - s.Normal.memory()
	for _, b := range w.past() {
		n := b.N
		if k, both := slices.BinarySearchFunc(before, b.Index, func(x bucketed, at int64) int { return cmp.Compare(x.index, at) }); both {
			n += s.number(w.entries[before[k].lo:before[k].hi])
		}
		if oldest <= b.Index && b.Index < index && s.Normal.alike(b.Index, index) {
			out = append(out, n)
		}
	}
	for _, b := range before {
		if _, both := w.findPast(b.index); !both && oldest <= b.index && s.Normal.alike(b.index, index) {
			out = append(out, s.number(w.entries[b.lo:b.hi]))
		}
	}
	slices.Sort(out)
	return out
}

// without is sorted without one x: a key is not its own peer.
func without(sorted []int64, x int64) []int64 {
	if i, ok := slices.BinarySearch(sorted, x); ok {
		return slices.Delete(slices.Clone(sorted), i, i+1)
	}
	return sorted
}

func (w *Window) findPast(index int64) (int, bool) {
	return slices.BinarySearchFunc(w.past(), index, func(b Bucket, at int64) int { return cmp.Compare(b.Index, at) })
}

// pastBucket returns what a bucket held, which is nothing if it is a new one.
func (w *Window) pastBucket(index int64) *Bucket {
	i, ok := w.findPast(index)
	if !ok {
		w.sums().past = slices.Insert(w.past(), i, Bucket{Index: index})
	}
	return &w.past()[i]
}

// collapsed reports whether the events of time t's bucket are no longer held.
func (w *Window) collapsed(s *Spec, t int64) bool {
	return len(w.past()) > 0 && s.Normal.bucketOf(t) <= w.past()[len(w.past())-1].Index
}

// addPast counts an event that came later than allowed. Whether its value is a new one cannot be told, so that a number of
// values stays.
func (w *Window) addPast(s *Spec, t int64) {
	if !s.Normal.Values {
		w.pastBucket(s.Normal.bucketOf(t)).N++
	}
}

// collapse keeps the number of what can no longer change, and forgets what no history reaches.
func (w *Window) collapse(s *Spec, bound int64) bool {
	n, drop := &s.Normal, 0
	for _, b := range w.buckets(s) {
		if n.end(b.index) > bound || s.over(b.index) > w.decided() {
			break
		}
		if n.History > 0 {
			w.pastBucket(b.index).N += s.number(w.entries[b.lo:b.hi])
		}
		drop = b.hi
	}
	w.entries = slices.Delete(w.entries, 0, drop)
	oldest := n.bucketOf(bound) - n.memory()
	old := sort.Search(len(w.past()), func(i int) bool { return w.past()[i].Index >= oldest })
	if old > 0 {
		w.sums().past = slices.Delete(w.past(), 0, old)
	}
	gone := old > 0 && len(w.past())+len(w.entries) == 0 // else what was dropped by the way is nothing that must be saved
	return w.close(s, bound) || drop > 0 || gone
}

// dueBucket is when the first bucket is over, when it can be collapsed, or when the last one is out of every history.
func (w *Window) dueBucket(s *Spec, keep int64) int64 {
	due := int64(endOfTime)
	for i, last := 0, int64(0); i < len(w.entries); i++ {
		b := s.Normal.bucketOf(w.entries[i].Time)
		if i > 0 && b == last {
			continue
		}
		if last = b; s.over(b) > w.decided() {
			due = s.over(b)
			break
		}
	}
	if len(w.entries) > 0 {
		due = min(due, forth(s.Normal.end(s.Normal.bucketOf(w.entries[0].Time)), keep))
	} else if n := len(w.past()); n > 0 {
		due = min(due, forth(s.Normal.end(w.past()[n-1].Index+s.Normal.memory()), keep))
	}
	if len(w.open()) > 0 {
		due = min(due, forth(s.Closes(w.open()[0].Period), keep))
	}
	return due
}
