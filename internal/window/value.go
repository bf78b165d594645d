package window

// value_count: an event is a hit if its window holds at least AtLeast distinct values. All entries of the window belong to
// the alert. Values are compared by a 64-bit hash; two that collide count as one, which never accuses.

func (s *Spec) hitValues(window []Entry) []Entry {
	distinct := make(map[uint64]struct{}, s.AtLeast)
	for i := len(window) - 1; i >= 0; i-- { // the newest first: a spree is told without its past
		distinct[window[i].Value] = struct{}{}
		if len(distinct) >= s.AtLeast {
			return window
		}
	}
	return nil
}
