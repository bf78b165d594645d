package engine

import (
	"fmt"
	"math"
	"strings"
	"time"

	"probity/internal/alert"
	"probity/internal/rule"
	"probity/internal/window"
)

// draftMeasures puts what was measured into an alert.
func (s *State) draftMeasures(a *alert.Alert, r *rule.Compiled, measures []window.Measure) {
	for _, m := range measures {
		out := alert.Measure{Observed: m.Observed, From: utc(m.From), To: utc(m.To)}
		switch r.Type {
		case rule.BaselineType:
			out.Unit = "events"
			if r.Value != nil {
				out.Unit = "different " + r.Value.Name
			}
			out.Own, out.Peers = usualOf(m.Own, m.Observed), usualOf(m.Peers, m.Observed)
		case rule.SilenceType:
			out.Unit = "seconds"
			if m.To == math.MinInt64 {
				out.To, out.Lasts = time.Time{}, true
			} else {
				out.Observed = (m.To - m.From) / int64(time.Second)
			}
		case rule.GapType:
			out.Unit = "numbers"
			for _, run := range m.Missing {
				out.Missing = append(out.Missing, alert.Range{First: run.Lo, Last: run.Hi})
			}
		case rule.ClockSkewType:
			out.Unit, out.Observed = "seconds", m.Observed/int64(time.Second)
		}
		a.Measures = append(a.Measures, out)
		if r.Measured() && !out.Lasts && out.To.After(a.Last) {
			a.Last = out.To
		}
	}
}

func usualOf(u window.Usual, observed int64) *alert.Usual {
	if u.Among == 0 {
		return nil
	}
	return &alert.Usual{Median: u.Median, Spread: u.Spread, Among: u.Among, Above: u.Above(observed)}
}

// measured says what was measured, of several the one that says most: it is what a summary calls .measured.
func (d *Draft) measured() string {
	if len(d.Alert.Measures) == 0 {
		return ""
	}
	most := d.Alert.Measures[0]
	for _, m := range d.Alert.Measures[1:] {
		if abs(m.Observed) > abs(most.Observed) || m.Lasts {
			most = m
		}
	}
	text := d.oneMeasure(most)
	if more := len(d.Alert.Measures) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}

func (d *Draft) oneMeasure(m alert.Measure) string {
	switch d.Rule.Type {
	case rule.SilenceType:
		if m.Lasts {
			return "nothing since " + d.gen.local(m.From)
		}
		return fmt.Sprintf("nothing for %s, from %s to %s", m.To.Sub(m.From), d.gen.local(m.From), d.gen.local(m.To))
	case rule.GapType:
		return fmt.Sprintf("%d missing (%s) before %s", m.Observed, ranges(m.Missing), d.gen.local(m.To))
	case rule.ClockSkewType:
		side := "behind"
		if m.Observed < 0 {
			side = "ahead"
		}
		return fmt.Sprintf("%s %s from %s to %s", time.Duration(abs(m.Observed))*time.Second, side, d.gen.local(m.From), d.gen.local(m.To))
	}
	var with []string
	if u := m.Own; u != nil {
		with = append(with, fmt.Sprintf("%d (give or take %d) are usual for the person, over %d such periods", u.Median, u.Spread, u.Among))
	}
	if u := m.Peers; u != nil {
		with = append(with, fmt.Sprintf("%d (give or take %d) were usual among %d peers", u.Median, u.Spread, u.Among))
	}
	return fmt.Sprintf("%d from %s to %s, where %s", m.Observed, d.gen.local(m.From), d.gen.local(m.To), strings.Join(with, " and "))
}

// rangesShown bounds the missing ranges in a sentence; the alert has them all.
const rangesShown = 3

func ranges(rs []alert.Range) string {
	var out []string
	for i, r := range rs {
		if i == rangesShown {
			out = append(out, "…")
			break
		}
		if r.First == r.Last {
			out = append(out, fmt.Sprint(r.First))
		} else {
			out = append(out, fmt.Sprintf("%d–%d", r.First, r.Last))
		}
	}
	return strings.Join(out, ", ")
}

func abs(n int64) int64 { return max(n, -n) }
