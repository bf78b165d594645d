package engine

// stretch is where the first and the last event of a stretch without silence stand among the matches that a caller gathers: in one
// place as long as it is one event.
type stretch struct{ first, last int }

// hear matches an event for a rule of silence, which may be every event of a log. All that it asks is between which events no silence
// lies. So of those that are no further apart than its timespan the first and the last stand for all: what lies between two that
// belong together belongs to them, whatever else is there. A caller that gathers no matches gets one for each event.
func (m *Matcher) hear(match *Match, keys []string, out []Match) []Match {
	s := &m.heard[roles*match.Rule.Index+int(match.Role)]
	for _, key := range keys {
		heard := *match
		heard.Key = key
		from, to, joins := s.with(out, &heard)
		if !joins {
			*s = stretch{len(out), len(out)}
			out = append(out, heard)
			continue
		}
		out[s.first].Entry.Time = from
		if s.first == s.last && from < to {
			heard.Entry.Time = to
			s.last = len(out)
			out = append(out, heard)
			continue
		}
		out[s.last].Entry.Time = to
		out[s.last].Between++
	}
	return out
}

// with returns from when to when the stretch is with one match more; false if it does not stand among these matches, is of another
// rule, actor or key, or would be longer than the rule's timespan.
func (s *stretch) with(out []Match, m *Match) (from, to int64, joins bool) {
	if max(s.first, s.last) >= len(out) || !out[s.first].hears(m) || !out[s.last].hears(m) {
		return 0, 0, false
	}
	from, to = min(out[s.first].Entry.Time, m.Entry.Time), max(out[s.last].Entry.Time, m.Entry.Time)
	return from, to, to <= from+int64(m.Rule.Timespan) // event times leave room for it
}

func (m *Match) hears(o *Match) bool {
	return m.Rule == o.Rule && m.Role == o.Role && m.Key == o.Key && m.Outcome == Counted && !m.Gone
}
