package window

// Most windows of a large state are entries and nothing else: a key that was seen once or twice and never alerted. What
// others need besides stands behind a pointer, and what the shapes that measure need behind another one, so that those pay
// for neither. Reading goes through methods that know what a window without it holds; writing through rest and sums, which
// make it. Whoever writes past them writes through a nil pointer, and that does not pass unnoticed.

// rest is what a window holds besides entries.
type rest struct {
	open    []Open // by period
	decided int64  // deferred shapes: what was due before this watermark has been judged
	began   int64  // NewValue: time of the key's first event, also when it is no longer held; never if there was none
	lost    int64  // deferred shapes: what lies before has been forgotten; not encoded, see Forgot
	sums    *sums  // nil: nothing
}

// sums is what the shapes that measure hold in place of entries.
type sums struct {
	past  []Bucket // Baseline: what its buckets held whose events are no longer
	spans []Span   // Silence: from event to event, none of them further from the next than the timespan
	cells []Cell   // Gap: the numbers that were seen and are not judged yet
	runs  []Run    // Gap: those that are
	drift *drift   // ClockSkew: the bucket that is being read; nil before the first event
}

// rest is for writing: it makes what there is not yet.
func (w *Window) rest() *rest {
	if w.more == nil {
		w.more = &rest{decided: never, began: never, lost: never}
	}
	return w.more
}

// sums is for writing, too.
func (w *Window) sums() *sums {
	r := w.rest()
	if r.sums == nil {
		r.sums = new(sums)
	}
	return r.sums
}

func (w *Window) open() []Open {
	if w.more == nil {
		return nil
	}
	return w.more.open
}

func (w *Window) decided() int64 {
	if w.more == nil {
		return never
	}
	return w.more.decided
}

func (w *Window) began() int64 {
	if w.more == nil {
		return never
	}
	return w.more.began
}

func (w *Window) lost() int64 {
	if w.more == nil {
		return never
	}
	return w.more.lost
}

func (w *Window) measured() bool { return w.more != nil && w.more.sums != nil }

func (w *Window) past() []Bucket {
	if !w.measured() {
		return nil
	}
	return w.more.sums.past
}

func (w *Window) spans() []Span {
	if !w.measured() {
		return nil
	}
	return w.more.sums.spans
}

func (w *Window) cells() []Cell {
	if !w.measured() {
		return nil
	}
	return w.more.sums.cells
}

func (w *Window) runs() []Run {
	if !w.measured() {
		return nil
	}
	return w.more.sums.runs
}

func (w *Window) drift() *drift {
	if !w.measured() {
		return nil
	}
	return w.more.sums.drift
}

// trim gives back what says nothing any more: the alerts are closed.
func (w *Window) trim() {
	if r := w.more; r != nil && len(r.open) == 0 {
		r.open = nil
		if r.decided == never && r.began == never && r.lost == never && r.sums == nil {
			w.more = nil
		}
	}
}
