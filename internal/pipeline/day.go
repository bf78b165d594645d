package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"probity/internal/evidence"
	"probity/internal/source"
	"probity/internal/store"
)

// KindCompleteness is the kind of the evidence entries that hold an Account with Unaccounted.
const KindCompleteness = "completeness"

// forgetAfter is how long the position of a whole file that has gone from its folder is kept, from the next turn of the day on:
// it may have been moved away and come back, and would be judged again.
const forgetAfter = 36 * time.Hour

func dayOf(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// turnDay closes the accounts of the days that have ended. It is called before anything is read, so that what was read before
// belongs to the day before. Of a day that the clock comes back to there is a second entry: entries of one day are added.
func (p *Pipeline) turnDay(ctx context.Context, now time.Time) error {
	ended := p.day
	if p.day = dayOf(now); p.day == ended || !p.Follow {
		return nil
	}
	if err := p.settle(); err != nil {
		return err
	}
	c := &store.Commit{Generation: p.Generation.Hash, Sinks: p.Sinks}
	t := turn{p: p, c: c, now: now, sums: map[[2]string]*Account{}}
	if ended != "" {
		for i := range p.Sources {
			t.sum(ended, p.Sources[i].Name) // nothing came: that is said, too
		}
	}
	for _, s := range p.streams {
		if t.close(s, s.source.Name) {
			c.Streams = append(c.Streams, store.StreamState{ID: s.from.ID(), Source: s.source.Name, State: s.save()})
		}
	}
	if err := t.others(); err != nil {
		return err
	}
	t.tell()
	if len(p.own) > 0 {
		if err := p.apply(nil, c); err != nil {
			return err
		}
	}
	return p.commitNow(ctx, &judged{started: now}, c)
}

// turn is one end of days.
type turn struct {
	p    *Pipeline
	c    *store.Commit
	now  time.Time
	sums map[[2]string]*Account // by day and source
}

func (t *turn) sum(day, source string) *Account {
	key := [2]string{day, source}
	if t.sums[key] == nil {
		t.sums[key] = &Account{Source: source, Day: day}
	}
	return t.sums[key]
}

// close takes the accounts of ended days out of a stream's ledger, and says whether there were any.
func (t *turn) close(s *stream, source string) bool {
	l := s.Ledger
	if l == nil || !slices.ContainsFunc(l.Days, func(a Account) bool { return a.Day != t.p.day }) {
		return false
	}
	if last := &l.Days[len(l.Days)-1]; last.Day != t.p.day {
		for _, m := range l.measure(s.At) {
			m.place += " of stream " + s.id
			t.p.unaccounted(source, m, t.c)
		}
		last.Waiting = s.lag
	}
	var running []Account
	for i := range l.Days {
		if a := &l.Days[i]; a.Day == t.p.day {
			running = append(running, *a)
		} else {
			t.sum(a.Day, source).Add(a)
		}
	}
	l.Days = running
	return true
}

// others closes the accounts of streams that are not open, and lets go of what remains of whole files.
func (t *turn) others() error {
	rows, err := t.p.Store.Streams()
	if err != nil {
		return fmt.Errorf("reading positions: %w", err)
	}
	for _, s := range t.p.streams {
		delete(rows, s.from.ID())
	}
	whole := map[string]*Source{}
	for i := range t.p.Sources {
		if s := &t.p.Sources[i]; s.WholeFiles {
			whole[s.Name] = s
		}
	}
	remains := map[*Source][]*stream{}
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		row := rows[id]
		s := &stream{id: id}
		if s.position, err = readPosition(row.State); err != nil {
			return fmt.Errorf("stream %s: %w", id, err)
		}
		changed := t.close(s, row.Source)
		if src := whole[row.Source]; src != nil {
			s.source = src
			remains[src] = append(remains[src], s)
			changed = t.wane(s) || changed
		}
		if changed {
			t.c.Streams = append(t.c.Streams, store.StreamState{ID: id, Source: row.Source, State: s.save()})
		}
	}
	var gone []string
	for i := range t.p.Sources {
		gone = append(gone, t.over(remains[&t.p.Sources[i]])...)
	}
	if len(gone) > 0 {
		t.p.journal(t.c, kindForget, map[string]any{"streams": gone})
	}
	return nil
}

// wane makes what is kept of a whole file small, and notes since when it is gone. It says whether anything has changed.
func (t *turn) wane(s *stream) bool {
	r, ok := source.RemainsOf(s.At)
	switch {
	case !ok:
		return false
	case r.Gone && s.Gone == 0:
		s.Gone = t.now.Unix()
		return true
	case !r.Gone && s.Gone != 0:
		s.Gone = 0
		return true
	case r.Ended && len(r.State) < len(s.At):
		s.At = r.State
		return true
	}
	return false
}

// over drops the positions of whole files of one source that have been gone for long, and names them. The one that has come
// furthest stays: it says how far its source has come.
func (t *turn) over(remains []*stream) (gone []string) {
	if len(remains) == 0 {
		return nil
	}
	furthest := slices.MaxFunc(remains, func(a, b *stream) int {
		return cmp.Or(cmp.Compare(a.watermark(), b.watermark()), cmp.Compare(a.id, b.id))
	})
	for _, s := range remains {
		if s == furthest || s.Gone == 0 || t.now.Sub(time.Unix(s.Gone, 0)) < forgetAfter {
			continue
		}
		if r, ok := source.RemainsOf(s.At); ok && !r.Ended {
			t.lost(s, r)
		}
		gone = append(gone, s.id)
		t.c.Streams = append(t.c.Streams, store.StreamState{ID: s.id, Source: s.source.Name})
	}
	return gone
}

// lost declares a file that went while nobody followed it, before it had been read to its end.
func (t *turn) lost(s *stream, r source.Remains) {
	t.sum(t.p.day, s.source.Name).LostUnknown++
	t.p.gap(s, source.Gap{Path: r.Path, From: r.Offset, To: -1, Reason: source.GapDeleted}, t.c)
}

// tell writes the entries, and says which days do not add up.
func (t *turn) tell() {
	for _, key := range slices.SortedFunc(maps.Keys(t.sums), func(a, b [2]string) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	}) {
		a := t.sums[key]
		t.c.Evidence = append(t.c.Evidence, evidence.Entry{Kind: KindCompleteness, Body: struct {
			*Account
			Unaccounted int64 `json:"unaccounted"`
		}{a, a.Unaccounted()}})
		if !a.AddsUp() {
			t.p.unaccounted(a.Source, mismatch{wrongDay, a.Day, a.Unaccounted()}, t.c)
		}
	}
}

// Running are the accounts of days that have not been closed, by the committed positions.
func Running(streams map[string]store.StreamState) ([]Account, error) {
	sums := map[[2]string]*Account{}
	for id, row := range streams {
		pos, err := readPosition(row.State)
		if err != nil {
			return nil, fmt.Errorf("stream %s: %w", id, err)
		}
		if l := pos.Ledger; l != nil && len(l.Days) > 0 {
			l.measure(pos.At)
			for i := range l.Days {
				key := [2]string{l.Days[i].Day, row.Source}
				if sums[key] == nil {
					sums[key] = &Account{Source: row.Source, Day: l.Days[i].Day}
				}
				sums[key].Add(&l.Days[i])
			}
		}
	}
	var out []Account
	for _, a := range sums {
		out = append(out, *a)
	}
	return out, nil
}
