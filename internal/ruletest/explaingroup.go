package ruletest

import (
	"fmt"
	"strings"
)

// group prints the window of a key and what came of it.
func (p *explainPrinter) group(g *GroupExplained, r *RoleExplained) {
	parts := make([]string, len(g.Key))
	for i, k := range g.Key {
		parts[i] = k.Field + " " + shown(k.Value)
	}
	p.line(1, "group key: %s", strings.Join(parts, ", "))
	w := &g.Window
	p.measures(w)
	if (w.Need > 1 || w.Shape != singleEvent) && w.Usual == nil && w.Source == nil {
		p.line(2, "window of %s, after %s up to %s: %s", w.Shape, stamp(w.After), stamp(w.To), w.count())
		for _, e := range w.Events {
			mark := ""
			if e.Side != "" {
				mark = "  " + e.Side
			}
			if e.This {
				mark += "  this event"
			}
			p.line(3, "%s  %s%s", stamp(e.Time), e.ID, mark)
		}
		if w.Left > 0 {
			p.line(3, "and %d more", w.Left)
		}
	}
	if n := w.Held.Undecided; n > 0 {
		p.line(2, "not counted in this span: %s undecided, which a newer table may decide", countEvents(n))
	}
	if n := w.Held.Suppressed; n > 0 {
		p.line(2, "not counted in this span: %s held back by an exception", countEvents(n))
	}
	if counted := r.Outcome == OutcomeCounted; counted || w.Shape != singleEvent {
		p.line(2, "%s", w.verdict(counted))
	}
	if w.Later > 0 {
		p.line(2, "%s of this key followed within the timespan", countEvents(w.Later))
	}
	p.alerts(g)
}

func (p *explainPrinter) alerts(g *GroupExplained) {
	if len(g.Alerts) == 0 {
		p.line(2, "over all events given: no alert with this event, and none of this key in its period")
	}
	for _, a := range g.Alerts {
		holds := "without this event"
		if a.Holds {
			holds = "with this event"
		}
		p.line(2, "over all events given: an alert of the period from %s, count %d, from %s to %s, %s",
			stamp(a.Period.Start), a.Count, stamp(a.First), stamp(a.Last), holds)
		for _, m := range a.Measures {
			p.line(3, "%s", m)
		}
	}
}

// count says how full the window is.
func (w *WindowExplained) count() string {
	switch {
	case w.Most > 0 && w.Need == w.Most:
		return fmt.Sprintf("%d; a hit has %d", w.Have, w.Need)
	case w.Most > 0:
		return fmt.Sprintf("%d; a hit has at least %d and at most %d", w.Have, w.Need, w.Most)
	}
	switch w.Shape {
	case valueSum:
		return fmt.Sprintf("%d of %d added up", w.Have, w.Need)
	case eventCount:
		return fmt.Sprintf("%d of %d events", w.Have, w.Need)
	case valueCount:
		return fmt.Sprintf("%d of %d values", w.Have, w.Need)
	}
	return countEvents(w.Have)
}

// verdict says how far from firing.
func (w *WindowExplained) verdict(counted bool) string {
	switch {
	case w.Usual != nil:
		return w.Usual.verdict(w.Fires)
	case w.Source != nil:
		return w.verdictOfSource()
	case w.Most > 0 && w.Fires:
		return "an alert counts this event when nothing more can come"
	case w.Waits && w.Fires:
		return "it fires with this event when nothing more can come"
	case w.Waits:
		return "it does not fire with this event when all events given have been read"
	case w.Fires:
		return "it fires with this event"
	case w.More < 0:
		return "it does not fire; further events like this one alone would not make it fire"
	case w.Shape == valueCount && w.More == 1:
		return "one event with another value would make it fire" + w.by()
	case w.Shape == valueCount:
		return fmt.Sprintf("%d events with other values would make it fire%s", w.More, w.by())
	case w.More == 1 && !counted:
		return "one event that counts, at this time, would make it fire" + w.by()
	case !counted:
		return fmt.Sprintf("%d events that count, at this time, would make it fire%s", w.More, w.by())
	case w.More == 1:
		return "it does not fire yet: one further event like this one would make it fire" + w.by()
	}
	return fmt.Sprintf("it does not fire yet: %d further events like this one would make it fire%s", w.More, w.by())
}

func (w *WindowExplained) by() string {
	if w.By == nil {
		return ""
	}
	return ", before the first of the window leaves it at " + stamp(*w.By)
}

func countEvents(n int) string {
	if n == 1 {
		return "one event"
	}
	return fmt.Sprintf("%d events", n)
}
