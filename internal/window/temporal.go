package window

import "slices"

// temporal: an event is a hit if its window holds an entry of every step and, if the rule has a where, entries, one of each
// step, that it says belong together. The entries that do belong to the alert; without a where, all of the window.
//
// temporal_ordered: likewise for entries in the order of the steps: times do not fall, and one step's event is another than
// that of the step before. The entries that stand in such a chain belong to the alert.
//
// With a where, all combinations are tried: as many as the product of the steps' entries in the window.

func (s *Spec) hitTemporal(window []Entry) []Entry {
	steps := s.split(window)
	if steps == nil {
		return nil
	}
	if s.Where == nil {
		return window
	}
	return s.tuples(window, steps, false)
}

func (s *Spec) hitOrdered(window []Entry) []Entry {
	steps := s.split(window)
	if steps == nil {
		return nil
	}
	if s.Where != nil {
		return s.tuples(window, steps, true)
	}
	return s.chains(window, steps)
}

// split returns the indexes of each step's entries; nil if a step has none.
func (s *Spec) split(window []Entry) [][]int {
	steps := make([][]int, s.Steps)
	for i := range window {
		steps[window[i].Step] = append(steps[window[i].Step], i)
	}
	if slices.ContainsFunc(steps, func(step []int) bool { return len(step) == 0 }) {
		return nil
	}
	return steps
}

// tuples tries all combinations and returns the entries of those that fit.
func (s *Spec) tuples(window []Entry, steps [][]int, ordered bool) []Entry {
	in := make([]bool, len(window))
	chosen := make([]int, 0, s.Steps)
	captured := make([]*Captured, s.Steps)
	found := false
	var choose func()
	choose = func() {
		n := len(chosen)
		if n == s.Steps {
			if s.Where(captured) {
				found = true
				for _, i := range chosen {
					in[i] = true
				}
			}
			return
		}
		for _, i := range steps[n] {
			if ordered && n > 0 {
				before := &window[chosen[n-1]]
				if window[i].Time < before.Time || window[i].ID == before.ID {
					continue
				}
			}
			chosen, captured[n] = append(chosen, i), window[i].Captured
			choose()
			chosen = chosen[:n]
		}
	}
	choose()
	if !found {
		return nil
	}
	return pick(window, in)
}

// chains returns the entries of all chains in order: those that are reached from the first step and reach the last.
func (s *Spec) chains(window []Entry, steps [][]int) []Entry {
	forth := make([]bool, len(window))
	for n, step := range steps {
		for _, i := range step {
			forth[i] = n == 0 || reached(window, steps[n-1], forth, i, func(p, e *Entry) bool { return p.Time <= e.Time })
		}
	}
	back := make([]bool, len(window))
	for n := len(steps) - 1; n >= 0; n-- {
		for _, i := range steps[n] {
			back[i] = forth[i] && (n == len(steps)-1 || reached(window, steps[n+1], back, i, func(p, e *Entry) bool { return p.Time >= e.Time }))
		}
	}
	if !slices.Contains(back, true) {
		return nil
	}
	return pick(window, back)
}

// reached reports whether some marked entry of the step, another event than entry i, stands on the right side of it.
func reached(window []Entry, step []int, marked []bool, i int, side func(p, e *Entry) bool) bool {
	return slices.ContainsFunc(step, func(p int) bool {
		return marked[p] && window[p].ID != window[i].ID && side(&window[p], &window[i])
	})
}

func pick(window []Entry, in []bool) []Entry {
	var out []Entry
	for i, e := range window {
		if in[i] {
			out = append(out, e)
		}
	}
	return out
}
