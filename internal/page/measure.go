package page

import (
	"fmt"
	"time"

	"probity/internal/alert"
)

// Measure is one measure in words.
type Measure struct {
	What       string   // what was counted, and when
	Observed   string   // with its unit
	Own, Peers *Usual   // nil: not compared
	Missing    []string // numbers that were not seen
}

// Usual is what the observation is compared with.
type Usual struct {
	Median, Spread, Above int64
	Among                 int
}

func measureOf(m *alert.Measure, kind string, zone *time.Location) Measure {
	out := Measure{What: span(m, kind, zone), Observed: fmt.Sprintf("%d %s", m.Observed, show(m.Unit)), Own: usual(m.Own), Peers: usual(m.Peers)}
	if m.Unit == "seconds" {
		out.Observed = (time.Duration(m.Observed) * time.Second).String()
	}
	for _, r := range m.Missing {
		if r.First == r.Last {
			out.Missing = append(out.Missing, fmt.Sprint(r.First))
		} else {
			out.Missing = append(out.Missing, fmt.Sprintf("%d to %d", r.First, r.Last))
		}
	}
	return out
}

// span says what the two times of a measure are, which depends on the rule's kind.
func span(m *alert.Measure, kind string, zone *time.Location) string {
	from, to := instant(m.From, zone).Local, instant(m.To, zone).Local
	switch {
	case kind == "silence" && m.Lasts:
		return "silent since " + from + ", and nothing has followed yet"
	case kind == "silence":
		return "silent from " + from + " to " + to
	case kind == "gap":
		return "numbers are missing before the event of " + from
	case kind == "clock_skew" || m.To.IsZero():
		return "measured at " + from
	}
	return "counted from " + from + " to " + to
}

func usual(u *alert.Usual) *Usual {
	if u == nil {
		return nil
	}
	return &Usual{Median: u.Median, Spread: u.Spread, Above: u.Above, Among: u.Among}
}
