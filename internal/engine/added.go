package engine

import (
	"cmp"
	"hash/maphash"
	"slices"

	"probity/internal/window"
)

// added is what a batch adds to one window. A window gets several matches of a batch as a rule, so it is looked for once, and
// what is done once a batch is done here: scheduling it, weighing it, and saving what changed of it.
type added struct {
	rule        int
	key         string
	hash        uint64
	h           *held // nil: not looked for yet, or dropped since
	room        int64 // of the window before
	first, last int   // of the part's matches its own, later those to be saved as a change; first is -1 if there is none
	n           int   // how many these are
}

// additions finds what a batch adds by rule and key. Places and list keep their memory from batch to batch.
type additions struct {
	list   []added
	places []int32 // a table with open addressing, half of it free: index into list plus 1, 0: free
	next   []int32 // by index of a match: the next one of its window, plus 1
}

// begin makes room for so many matches.
func (a *additions) begin(matches int) {
	if cap(a.next) < matches {
		a.next = make([]int32, matches)
	}
	a.next = a.next[:matches]
	if n := len(a.places); n == 0 || n > 16*(matches+16) { // what a catch-up needed is not cleared for each event that follows
		a.places = make([]int32, 256)
	} else {
		clear(a.places)
	}
}

// end lets go of what was added: it is saved.
func (a *additions) end() {
	clear(a.list)
	a.list = a.list[:0]
}

// of returns what is added to a rule's window for a key. It stays where it is until the next call.
func (a *additions) of(seed maphash.Seed, rule int, key string) *added {
	hash := maphash.String(seed, key)
	at := a.place(hash, rule)
	for ; a.places[at] != 0; at = (at + 1) & (len(a.places) - 1) {
		if x := &a.list[a.places[at]-1]; x.hash == hash && x.rule == rule && x.key == key {
			return x
		}
	}
	a.list = append(a.list, added{rule: rule, key: key, hash: hash, first: -1})
	a.places[at] = int32(len(a.list))
	if 2*len(a.list) > len(a.places) {
		a.grow()
	}
	return &a.list[len(a.list)-1]
}

// place is where the search for a key of a rule begins: those of different rules must not meet.
func (a *additions) place(hash uint64, rule int) int {
	return int((hash + uint64(rule)*0x9e3779b97f4a7c15) & uint64(len(a.places)-1))
}

func (a *additions) grow() {
	a.places = make([]int32, 2*len(a.places))
	for i := range a.list {
		at := a.place(a.list[i].hash, a.list[i].rule)
		for a.places[at] != 0 {
			at = (at + 1) & (len(a.places) - 1)
		}
		a.places[at] = int32(i + 1)
	}
}

// note puts a match behind those of its window.
func (a *additions) note(x *added, match int) {
	a.next[match] = 0
	if x.n++; x.first < 0 {
		x.first = match
	} else {
		a.next[x.last] = int32(match + 1)
	}
	x.last = match
}

// add puts a part's matches into their windows, window by window: one that gets several is in the processor's cache for all but
// the first.
func (s *State) add(sh *shard, p *part, watermarks []int64) {
	a := &sh.additions
	a.begin(len(p.matches))
	for i, m := range p.matches {
		a.note(a.of(s.seed, m.Rule.Index, m.Key), i)
	}
	var changed []changedBy
	for i := range a.list {
		x := &a.list[i]
		changed = s.addTo(sh, p, x, changed)
		if x.h != nil { // once a batch, not once a match
			s.schedule(&sh.rules[x.rule], x.rule, x.h)
		}
	}
	slices.SortStableFunc(changed, func(a, b changedBy) int { return cmp.Compare(a.match, b.match) })
	for _, c := range changed {
		p.changes = append(p.changes, c.Change)
	}
	p.due = sh.takeDue(watermarks)
}

// changedBy is a change with the index of the match that made it: alerts are told in the order of the matches.
type changedBy struct {
	Change
	match int
}

// addTo puts the matches of one window into it, and leaves of them those that are to be saved as a change.
func (s *State) addTo(sh *shard, p *part, x *added, changed []changedBy) []changedBy {
	a := &sh.additions
	var room [4]int64
	at := x.first
	for x.first, x.n = -1, 0; at >= 0; {
		i, m := at, p.matches[at]
		at = int(a.next[i]) - 1
		if !s.look(sh, x, m) {
			continue
		}
		periods, other := s.put(sh, a, x, i, m, room[:0])
		if !other {
			continue // a doubled event
		}
		m.Unquoted = !x.h.Quotable(s.specs[x.rule], m.Entry, m.Rule.Quote)
		for _, p := range periods {
			changed = append(changed, changedBy{Change{rule: m.Rule, key: m.Key, period: p}, i})
		}
		if x.h.Empty() {
			sh.drop(x.rule, x.h)
			x.h = nil
		}
	}
	return changed
}

// look finds the window that a match is added to, or makes it; false if there is nothing to take the match out of.
func (s *State) look(sh *shard, x *added, m *Match) bool {
	if x.h != nil {
		return true
	}
	byKey := &sh.rules[x.rule].byKey
	if x.h = byKey.findHashed(x.hash, m.Key); x.h == nil {
		if m.Gone {
			return false
		}
		x.h = &held{key: m.Key, at: unscheduled}
		byKey.putHashed(x.hash, x.h)
	}
	x.room = x.h.Room()
	if f := s.fed[x.rule]; f != nil {
		x.h.Forgot(s.specs[x.rule], f.Forgot)
	}
	return true
}

// put puts a match into its window, or takes it out, and notes how that is to be saved: an entry that is new and nothing else
// as a change, else the whole window. It appends the periods that changed to periods; other says whether there was anything.
func (s *State) put(sh *shard, a *additions, x *added, i int, m *Match, periods []int64) (_ []int64, other bool) {
	spec, h := s.specs[x.rule], x.h
	if m.Gone {
		if periods, other = h.Remove(spec, m.Entry, periods); other {
			sh.touch(x.rule, h)
		}
		return periods, other
	}
	held := h.Entries()
	periods, other = h.Add(spec, m.Entry, periods)
	switch {
	case !other || h.dirty:
	case len(periods) == 0 && h.Entries() == held+1:
		a.note(x, i)
	default:
		sh.touch(x.rule, h)
	}
	return periods, other
}

// size is about how many bytes the changes take.
func (a *additions) size() (n int) {
	for i := range a.list {
		n += 16 + 40*a.list[i].n
	}
	return n
}

// saveChanges saves what was added to the windows that are not saved whole, and what was forgotten of them.
func (s *State) saveChanges(sh *shard, p *part, out *saving) {
	a := &sh.additions
	defer a.end()
	out.b = slices.Grow(out.b, a.size())
	var entries []*window.Entry
	for i := range a.list {
		x := &a.list[i]
		if x.n == 0 || x.h == nil || x.h.dirty || x.h.dropped {
			continue
		}
		entries = entries[:0]
		grown := x.h.Room() - x.room
		for at := x.first + 1; at != 0; at = int(a.next[at-1]) {
			e := &p.matches[at-1].Entry
			entries = append(entries, e)
			grown += e.Bytes()
		}
		if s.saveChange(sh, x.rule, x.h, entries, 0, out) {
			sh.rules[x.rule].weighMore(x.h, grown)
		}
	}
	for _, f := range p.forgotten {
		if !f.h.dirty && !f.h.dropped && s.saveChange(sh, f.rule, f.h, nil, f.taken, out) {
			s.weigh(&sh.rules[f.rule], f.h)
		}
	}
}

// saveChange saves a change behind what was saved of a window before, if that is worth while; else the window is touched.
func (s *State) saveChange(sh *shard, rule int, h *held, entries []*window.Entry, taken int, out *saving) bool {
	if s.Passing {
		return true
	}
	feed, before := s.gen.Rules.Rules[rule].Feed, len(out.b)
	if h.behind > 0 {
		out.b = h.AppendChange(out.b, entries, taken)
		if cost := (len(out.b)-before+len(feed)+len(h.key))/behindUnit + 1; cost < int(h.behind) {
			h.behind -= uint16(cost)
			out.end(Saved{Feed: feed, Key: h.key, More: true})
			return true
		}
		out.b = out.b[:before]
	}
	sh.touch(rule, h)
	return false
}

// saving gathers what is saved in one piece of memory.
type saving struct {
	b    []byte
	list []Saved
	ends []int // by list: where its state ends in b
}

// end ends the state of w. An empty one is that of a window that is gone.
func (s *saving) end(w Saved) {
	s.list, s.ends = append(s.list, w), append(s.ends, len(s.b))
}

// saved is the list, once all of it is there.
func (s *saving) saved() []Saved {
	begin := 0
	for i, end := range s.ends {
		if end > begin {
			s.list[i].State = s.b[begin:end:end]
		}
		begin = end
	}
	return s.list
}
