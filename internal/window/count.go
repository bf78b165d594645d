package window

import (
	"cmp"
	"slices"
	"sort"

	"probity/internal/event"
)

// Entry is one event in a window.
type Entry struct {
	Time  int64    // event time, nanoseconds UTC
	ID    event.ID // distinct events have distinct ids
	Facts uint32   // two bits a fact, from the lowest: see FactBits
}

func compare(a, b Entry) int {
	if c := cmp.Compare(a.Time, b.Time); c != 0 {
		return c
	}
	return a.ID.Compare(b.ID)
}

// Spec is what a rule says of its windows. All are nanoseconds but AtLeast.
type Spec struct {
	Timespan int64 // of the window (t − Timespan, t]; at least 1
	Period   int64 // of an alert; at least 1
	AtLeast  int   // events in a hit's window; at least 1
}

// PeriodOf returns the index of the alert period that holds time t.
func (s Spec) PeriodOf(t int64) int64 {
	p := t / s.Period
	if t%s.Period < 0 {
		p--
	}
	return p
}

// Count is the event_count state of one rule and key.
type Count struct {
	entries []Entry // by time, then id
	open    []Open  // by period
}

// Open is an alert period with hits.
type Open struct {
	Period  int64
	Entries []Entry // distinct events of all hits' windows, by time, then id
}

// Len is the number of entries held, for budgets.
func (c *Count) Len() int {
	n := len(c.entries)
	for _, o := range c.open {
		n += len(o.Entries)
	}
	return n
}

// Empty reports whether nothing is held.
func (c *Count) Empty() bool { return len(c.entries) == 0 && len(c.open) == 0 }

// Alert returns the entries of an alert period, nil if it has no hit. They are shared: read only.
func (c *Count) Alert(period int64) []Entry {
	if i, ok := c.find(period); ok {
		return c.open[i].Entries
	}
	return nil
}

func (c *Count) find(period int64) (int, bool) {
	return slices.BinarySearchFunc(c.open, period, func(o Open, p int64) int { return cmp.Compare(o.Period, p) })
}

// Add adds an event and appends to changed the periods whose alerts it changes. An event that is there already changes
// nothing.
func (c *Count) Add(s Spec, y Entry, changed []int64) []int64 {
	at, doubled := slices.BinarySearchFunc(c.entries, y, compare)
	if doubled {
		return changed
	}
	c.entries = slices.Insert(c.entries, at, y)
	// Every window that holds y is looked at: those of events in [y.Time, y.Time+Timespan).
	first := c.after(y.Time - 1)
	for i := first; i < len(c.entries) && c.entries[i].Time-y.Time < s.Timespan; i++ {
		lo, hi := c.window(s, i)
		if hi-lo < s.AtLeast {
			continue
		}
		period := s.PeriodOf(c.entries[i].Time)
		if i != at && hi-lo > s.AtLeast { // it was a hit without y: the rest of its window is in its alert
			lo, hi = at, at+1
		} else if i == at {
			lo = max(lo, c.covered(s, at, period))
		}
		changed = c.join(period, c.entries[lo:hi], changed)
	}
	return changed
}

// after returns the index of the first entry later than t.
func (c *Count) after(t int64) int {
	n := len(c.entries)
	if n == 0 || c.entries[n-1].Time <= t {
		return n // the common case: events in order
	}
	return sort.Search(n, func(i int) bool { return c.entries[i].Time > t })
}

// window returns the entries [lo, hi) of the window that ends with entry i.
func (c *Count) window(s Spec, i int) (lo, hi int) {
	t := c.entries[i].Time
	return c.after(t - s.Timespan), c.after(t)
}

// covered returns up to which entry the alert of the period surely holds what the window of the new entry at holds: its
// predecessor's window, if that was a hit of the same period before.
func (c *Count) covered(s Spec, at int, period int64) int {
	if at == 0 || s.PeriodOf(c.entries[at-1].Time) != period {
		return 0
	}
	lo, hi := c.window(s, at-1)
	if c.entries[at-1].Time == c.entries[at].Time {
		if hi-lo-1 < s.AtLeast {
			return 0
		}
		return at // y stands within the tie; what follows it is joined once more, which changes nothing
	}
	if hi-lo < s.AtLeast {
		return 0
	}
	return hi
}

// join adds entries to a period's alert.
func (c *Count) join(period int64, entries []Entry, changed []int64) []int64 {
	i, ok := c.find(period)
	if !ok {
		c.open = slices.Insert(c.open, i, Open{Period: period})
	}
	o := &c.open[i]
	grew := false
	for _, e := range entries {
		if n := len(o.Entries); n == 0 || compare(o.Entries[n-1], e) < 0 {
			o.Entries, grew = append(o.Entries, e), true
			continue
		}
		if at, there := slices.BinarySearchFunc(o.Entries, e, compare); !there {
			o.Entries, grew = slices.Insert(o.Entries, at, e), true
		}
	}
	if grew && !slices.Contains(changed, period) {
		changed = append(changed, period)
	}
	return changed
}

// Expire forgets what no event at or after the watermark can change; keep is how long beyond it the rule remembers. It
// reports whether anything was forgotten.
func (c *Count) Expire(s Spec, watermark, keep int64) bool {
	bound := watermark - keep
	if bound > watermark { // underflow: nothing is that old
		return false
	}
	drop := 0
	for drop < len(c.entries) && c.entries[drop].Time <= bound-s.Timespan {
		drop++
	}
	closed := 0
	for closed < len(c.open) && (c.open[closed].Period+1)*s.Period <= bound {
		closed++
	}
	if drop == 0 && closed == 0 {
		return false
	}
	c.entries = slices.Delete(c.entries, 0, drop)
	c.open = slices.Delete(c.open, 0, closed)
	return true
}

// Last is the time of the latest event held.
func (c *Count) Last() int64 {
	var last int64
	if n := len(c.entries); n > 0 {
		last = c.entries[n-1].Time
	}
	for _, o := range c.open {
		last = max(last, o.Entries[len(o.Entries)-1].Time)
	}
	return last
}

// Periods lists the alert periods that are open.
func (c *Count) Periods() []int64 {
	out := make([]int64, len(c.open))
	for i, o := range c.open {
		out[i] = o.Period
	}
	return out
}

// First is the watermark from which on Expire forgets something; meaningful unless Empty.
func (c *Count) First(s Spec, keep int64) int64 {
	const never = 1<<63 - 1
	first := int64(never)
	if len(c.entries) > 0 {
		first = c.entries[0].Time + s.Timespan
	}
	if len(c.open) > 0 {
		first = min(first, (c.open[0].Period+1)*s.Period)
	}
	return first + keep
}

// Rename moves the entries of other into c: the key of other turned out to be c's (an account was resolved to a person).
// It returns the periods whose alerts changed.
func (c *Count) Rename(s Spec, other *Count) (changed []int64) {
	for _, e := range other.entries {
		changed = c.Add(s, e, changed)
	}
	for _, o := range other.open {
		changed = c.join(o.Period, o.Entries, changed)
	}
	return changed
}
