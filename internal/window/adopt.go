package window

// Absorb moves the entries of other into w: the key of other turned out to be w's (an account was resolved to a person).
func (w *Window) Absorb(s *Spec, other *Window, changed []int64) []int64 {
	if other.began() != never {
		w.rest().began = earliest(w.began(), other.began())
	}
	for _, b := range other.past() {
		w.pastBucket(b.Index).N += b.N
	}
	switch {
	case s.AtMost > 0:
		return w.absorbBounded(s, other, changed)
	case s.Shape == Silence:
		return w.absorbSpans(s, other, changed)
	case s.Shape == Gap:
		w.absorbNumbers(other)
	case s.Shape == ClockSkew && w.drift() == nil && other.drift() != nil:
		w.sums().drift = other.drift()
	}
	for _, e := range other.entries {
		changed, _ = w.Add(s, e, changed)
	}
	if s.Revised {
		return changed // its alerts are what the entries make
	}
	for _, o := range other.open() {
		changed = w.joinMeasures(o.Period, o.Measures, w.join(o.Period, o.Entries, changed))
	}
	return changed
}

// Rebuild judges the entries held anew: the threshold has changed. What the alerts held stays in them. It returns the periods
// whose alerts grew.
func (w *Window) Rebuild(s *Spec) (changed []int64) {
	switch {
	case s.Revised:
		return w.workAllOut(s)
	case s.Shape == Silence:
		return w.tellSpans(s, w.decided(), nil)
	case s.Shape == Baseline || s.Measured():
		return nil // what was told stays told, and the new numbers hold from now on
	case s.AtMost > 0:
		for i := range w.entries {
			if s.due(&w.entries[i]) < w.decided() {
				changed = w.judge(s, i, changed)
			}
		}
		return changed
	}
	held := w.entries
	if w.entries = nil; w.more != nil {
		w.more.sums = nil
	}
	for _, e := range held {
		changed, _ = w.Add(s, e, changed)
	}
	return changed
}

// Repartition judges the entries held anew into periods of another length. The alerts of the old ones are not told again.
func (w *Window) Repartition(s *Spec) {
	if w.more != nil {
		w.more.open = nil
	}
	w.Rebuild(s)
}

// ForgetFacts makes every fact unknown of the entries held: the rule's facts have changed, and what the old ones said is not
// what the new ones ask. all is the bits that say so.
func (w *Window) ForgetFacts(all uint32) {
	for i := range w.entries {
		w.entries[i].Facts = all
	}
	for _, o := range w.open() {
		for i := range o.Entries {
			o.Entries[i].Facts = all
		}
	}
}
