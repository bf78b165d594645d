package pipeline

import (
	"probity/internal/alert"
	"probity/internal/engine"
	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/store"
)

// routing says who is told of an alert; *route.Table does.
type routing interface {
	To(alert.Case) (sinks []string, stranded bool)
	Withheld(alert.Case) bool   // from all counts, for now
	Party(alert.Concerned) bool // whether somebody may not be told
	Staffed() bool              // whether there can be such people
}

func (p *Pipeline) routing() store.Routing {
	r := store.Routing{PerWeek: p.PerWeek}
	if p.Routing != nil {
		r.To = func(c alert.Case) []string {
			sinks, _ := p.Routing.To(c)
			return sinks
		}
		r.Withheld = p.Routing.Withheld
	}
	return r
}

// reportStranded says that revisions go nowhere, and not which.
func (p *Pipeline) reportStranded(c *store.Commit) {
	if p.Routing == nil {
		return
	}
	for _, a := range c.Alerts {
		if _, stranded := p.Routing.To(c.Cases[a.ID]); stranded {
			p.metrics.stranded.Inc()
			p.Logger.Error("an alert is about everybody who would be told of it; a role that lists no staff finds it with: probity alerts list")
		}
	}
}

// withheld is how many matches of a rule are in no metric.
type withheld struct{ counted, undecided uint64 }

// withhold notes the matches that are about somebody who may not be told: a rule of one event that has one match more would
// be an alert to whoever reads metrics, and one that is undecided would announce it. They are counted when their alert is
// closed, by Count; those that are undecided, never. What an exception suppresses is always counted: it is no alert, and nobody
// hides behind an exception.
func (p *Pipeline) withhold(matches []engine.Match) {
	if p.Routing == nil || !p.Routing.Staffed() {
		return
	}
	type counted struct {
		rule   int
		role   rule.Role
		record *event.Kept // shared by the matches of an event; ids are not final before the streams' order is known
	}
	seen := map[counted]bool{} // a match with several keys or values was counted once
	for i := range matches {
		m := &matches[i]
		key := counted{m.Rule.Index, m.Role, m.Record}
		if m.Gone || m.Alibi() || m.Outcome == engine.Counted && seen[key] || !p.Routing.Party(p.Generation.Concerned(m)) {
			continue
		}
		h := p.hidden[m.Rule.Index]
		switch m.Outcome {
		case engine.Counted:
			seen[key] = m.Record != nil
			h.counted += 1 + uint64(m.Between)
		case engine.Undecided:
			h.undecided++
		}
		p.hidden[m.Rule.Index] = h
	}
}

// Count counts an alert that was withheld: it is closed now. last is its last revision. It may be called from any goroutine.
func (p *Pipeline) Count(c alert.Case, last *alert.Alert) {
	p.metrics.alerts.WithLabelValues(c.Rule, string(c.Severity())).Inc()
	p.metrics.revisions.WithLabelValues(c.Rule, string(c.Severity())).Add(float64(c.Revision))
	p.metrics.matches.WithLabelValues(c.Rule, string(c.Severity())).Add(float64(last.Count))
	p.metrics.systems(last, c.Severity())
}
