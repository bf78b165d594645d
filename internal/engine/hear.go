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
		if !s.among(out, &heard) {
			*s = stretch{len(out), len(out)}
			out = append(out, heard)
			continue
		}
		first, last := &out[s.first].Entry, &out[s.last].Entry
		from, to := min(first.Time, heard.Entry.Time), max(last.Time, heard.Entry.Time)
		switch {
		case to > from+int64(match.Rule.Timespan): // event times leave room for it
			*s = stretch{len(out), len(out)}
			out = append(out, heard)
		case s.first == s.last && from < to:
			first.Time, heard.Entry.Time = from, to
			s.last = len(out)
			out = append(out, heard)
		default:
			first.Time, last.Time = from, to
			out[s.last].Between++
		}
	}
	return out
}

// among reports whether the stretch stands among these matches, and is one of the same rule, actor and key.
func (s *stretch) among(out []Match, m *Match) bool {
	return max(s.first, s.last) < len(out) && out[s.first].hears(m) && out[s.last].hears(m)
}

func (m *Match) hears(o *Match) bool {
	return m.Rule == o.Rule && m.Role == o.Role && m.Key == o.Key && m.Outcome == Counted && !m.Gone
}
