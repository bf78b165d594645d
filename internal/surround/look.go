package surround

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/source"
	"probity/internal/store"
)

// What is kept of a log around one record, and of how many records of an alert.
const (
	lines     = 5
	sideBytes = 4 << 10
	records   = 20
)

// preserve looks at alerts, commits what is new, and says when to look again.
func (k *Keeper) preserve(ids []string) error {
	k.looking.Lock()
	defer k.looking.Unlock()
	asked := k.asked(ids)
	cases, err := k.Shelf.Cases(ids)
	if err != nil {
		return err
	}
	last, err := k.Shelf.LastAlerts(ids)
	if err != nil {
		return err
	}
	var looked, found []alert.Surroundings
	var failed []error // one alert that cannot be looked at keeps no other from it
	for _, id := range ids {
		x := alert.Surroundings{ID: id, Settled: true} // of one that is not there nothing is to be preserved
		if c, known := cases[id]; known && last[id] != nil {
			if x, err = k.look(c, last[id]); err != nil {
				failed = append(failed, err)
				continue
			}
			if len(x.Records) > 0 || x.Settled && c.Surrounded < x.Revision {
				found = append(found, x)
			}
		}
		looked = append(looked, x)
	}
	if len(found) > 0 {
		if err := k.Shelf.Surround(found); err != nil {
			return errors.Join(append(failed, err)...)
		}
	}
	var grown []string
	for _, x := range looked {
		k.again(x.ID, asked[x.ID], x.Settled)
		if len(x.Records) == 0 {
			continue
		}
		grown = append(grown, x.ID)
		if have, known := k.recent[x.ID]; known {
			k.recent[x.ID] = append(slices.Clone(have), x)
		}
	}
	if len(grown) > 0 {
		k.Kept(grown)
	}
	return errors.Join(failed...)
}

// look reads what stands around the records of an alert that nothing, or not enough, is known about.
func (k *Keeper) look(c alert.Case, a *alert.Alert) (alert.Surroundings, error) {
	x := alert.Surroundings{ID: c.ID, Revision: c.Revision}
	entries, err := k.entries(c)
	if errors.Is(err, store.ErrErased) {
		x.Settled = true // what was lawfully erased is not taken again
		return x, nil
	}
	if err != nil {
		return x, err
	}
	have, whole, late := alert.Newest(entries), true, k.late(c)
	for i := range a.Evidence[:min(len(a.Evidence), records)] {
		r := &a.Evidence[i]
		var before *alert.Surrounding
		if at := slices.IndexFunc(have, func(s alert.Surrounding) bool { return s.Event == r.ID }); at >= 0 {
			before = &have[at]
		}
		if r.Path == "" || before != nil && (before.Whole || before.Missing != "") {
			continue
		}
		s, gone, err := around(r, k.Now())
		if err != nil {
			return x, err
		}
		whole = whole && (s.Whole || gone)
		switch {
		case s.Missing != "" && (before != nil || !gone && !late): // nothing new, or the next look may find it
		case before == nil || s.Whole || len(s.After) > len(before.After):
			x.Records = append(x.Records, s)
		}
	}
	x.Settled = whole || late
	return x, nil
}

// entries of a case: the shelf's, or the copy in memory.
func (k *Keeper) entries(c alert.Case) ([]alert.Surroundings, error) {
	if len(c.Surroundings) == 0 {
		k.remember(c.ID, nil)
		return nil, nil
	}
	if list, known := k.recent[c.ID]; known {
		return list, nil
	}
	return k.Shelf.Surroundings(c)
}

// remember keeps what is read of an alert, and forgets what was read first.
func (k *Keeper) remember(id string, list []alert.Surroundings) {
	if _, known := k.recent[id]; !known {
		k.order = append(k.order, id)
	}
	k.recent[id] = list
	for len(k.order) > remembered {
		delete(k.recent, k.order[0])
		k.order = k.order[1:]
	}
}

// around reads the log around a record. gone says that looking again is of no use. An error is of a record that is none.
func around(r *event.Record, now time.Time) (s alert.Surrounding, gone bool, err error) {
	s = alert.Surrounding{Event: r.ID, Source: r.Source, TakenAt: now.UTC(), Path: r.Path, Offset: r.Offset}
	record, err := r.Bytes()
	if err != nil {
		return s, false, fmt.Errorf("the bytes of a record of source %s: %w", r.Source, err) // the log tells no record
	}
	a, err := source.ReadNear(r.Path, r.Offset, record, lines, sideBytes)
	if err != nil { // it may name the file, and nothing that stands in it
		s.Missing = err.Error()
		return s, errors.Is(err, source.ErrGone), nil
	}
	after := a.After
	if !bytes.HasSuffix(record, []byte("\n")) {
		_, after, _ = bytes.Cut(after, []byte("\n"))
	}
	full := len(a.After) >= sideBytes
	after = wholeLines(after)
	s.Whole = full || bytes.Count(after, []byte("\n")) >= lines
	s.SetLines(a.Before, after)
	return s, false, nil
}

// wholeLines are the first lines that have an end: the one that is just being written is not among them.
func wholeLines(p []byte) []byte {
	end := 0
	for range lines {
		i := bytes.IndexByte(p[end:], '\n')
		if i < 0 {
			break
		}
		end += i + 1
	}
	return p[:end]
}

// late says that another look is not worth it.
func (k *Keeper) late(c alert.Case) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	w := k.waiting[c.ID]
	return w != nil && k.Now().Sub(w.first) >= looks[len(looks)-1]
}

// asked is what the alerts wait for before they are looked at.
func (k *Keeper) asked(ids []string) map[string]*wait {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := make(map[string]*wait, len(ids))
	for _, id := range ids {
		out[id] = k.waiting[id]
	}
	return out
}

// again says when an alert is looked at next, unless it got a further revision since it was looked at.
func (k *Keeper) again(id string, w *wait, settled bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.waiting[id] != w {
		return
	}
	if settled {
		delete(k.waiting, id)
		return
	}
	now := k.Now()
	if w == nil { // somebody was about to be shown it
		w = &wait{first: now}
		k.waiting[id] = w
	}
	for _, after := range looks {
		if at := w.first.Add(after); at.After(now) {
			w.next = at
			return
		}
	}
	w.next = now.Add(looks[0]) // the clock was set back
}
