package window

import (
	"cmp"
	"slices"
)

// Open is an alert period with hits.
type Open struct {
	Period   int64
	Entries  []Entry   // distinct events of all its hits, by time, then id
	Measures []Measure // by From, of shapes that measure: one for each hit
}

// Alert returns the entries of an alert period, nil if it has no hit. They are shared: read only.
func (w *Window) Alert(period int64) []Entry {
	if i, ok := w.find(period); ok {
		return w.open()[i].Entries
	}
	return nil
}

// Measures returns what was measured in an alert period; nil of shapes that measure nothing. Read only.
func (w *Window) Measures(period int64) []Measure {
	if i, ok := w.find(period); ok {
		return w.open()[i].Measures
	}
	return nil
}

// Periods lists the alert periods that are open.
func (w *Window) Periods() []int64 {
	out := make([]int64, len(w.open()))
	for i, o := range w.open() {
		out[i] = o.Period
	}
	return out
}

func (w *Window) find(period int64) (int, bool) {
	return slices.BinarySearchFunc(w.open(), period, func(o Open, p int64) int { return cmp.Compare(o.Period, p) })
}

// join adds entries to a period's alert.
func (w *Window) join(period int64, entries []Entry, changed []int64) []int64 {
	i, ok := w.find(period)
	if !ok {
		w.rest().open = slices.Insert(w.open(), i, Open{Period: period})
	}
	o := &w.open()[i]
	grew := false
	for k := range entries {
		if at, there := place(o.Entries, &entries[k]); !there {
			o.Entries, grew = slices.Insert(o.Entries, at, entries[k]), true
		}
	}
	if grew {
		changed = note(changed, period)
	}
	return changed
}

// clear takes entries out of the alerts: a late event unmade them. An alert that is left without any is withdrawn.
func (w *Window) clear(unmade func(e *Entry) bool, changed []int64) []int64 {
	for i := 0; i < len(w.open()); i++ {
		o := &w.open()[i]
		n := len(o.Entries)
		o.Entries = slices.DeleteFunc(o.Entries, func(e Entry) bool { return unmade(&e) })
		if len(o.Entries) == n {
			continue
		}
		changed = note(changed, o.Period)
		if len(o.Entries) == 0 {
			w.rest().open = slices.Delete(w.open(), i, i+1)
			i--
		}
	}
	return changed
}

// close drops the alert periods whose last hit has been judged.
func (w *Window) close(s *Spec, bound int64) bool {
	closed := 0
	for closed < len(w.open()) && s.Closes(w.open()[closed].Period) <= bound {
		closed++
	}
	if closed == 0 {
		return false
	}
	w.rest().open = slices.Delete(w.open(), 0, closed)
	w.trim()
	return true
}

func note(changed []int64, period int64) []int64 {
	if slices.Contains(changed, period) {
		return changed
	}
	return append(changed, period)
}
