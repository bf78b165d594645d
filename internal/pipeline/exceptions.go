package pipeline

import (
	"time"

	"go.uber.org/zap"

	"probity/internal/engine"
	"probity/internal/evidence"
	"probity/internal/rule"
	"probity/internal/store"
)

// suppressedBy is what one exception held back in a batch, for the record: whoever approved it must be able to show what it
// hid. It names no person; the events are found by their place.
type suppressedBy struct {
	Rule       string            `json:"rule"`
	Version    int               `json:"version"`
	Reason     string            `json:"reason"`
	ApprovedBy string            `json:"approved_by"`
	Expires    time.Time         `json:"expires"`
	Count      int               `json:"count"`
	Events     []suppressedEvent `json:"events"` // the first of them
}

type suppressedEvent struct {
	ID     string    `json:"event.id"`
	Time   time.Time `json:"@timestamp"`
	Source string    `json:"source"`
	Path   string    `json:"log.file.path"`
	Offset int64     `json:"log.offset"`
}

// maxSuppressed bounds the events that one entry lists for an exception; all are counted.
const maxSuppressed = 1000

// suppressed adds what exceptions held back to the evidence, one entry a batch.
func suppressed(matches []engine.Match, c *store.Commit) {
	var all []*suppressedBy
	by := map[*rule.CompiledException]*suppressedBy{}
	for i := range matches {
		m := &matches[i]
		if m.Outcome != engine.Suppressed || m.Record == nil {
			continue
		}
		s := by[m.Exception]
		if s == nil {
			x := m.Exception
			s = &suppressedBy{Rule: m.Rule.ID, Version: m.Rule.Version, Reason: x.Reason, ApprovedBy: x.ApprovedBy, Expires: time.Unix(0, x.Expires).UTC()}
			by[m.Exception], all = s, append(all, s)
		}
		if s.Count++; len(s.Events) < maxSuppressed {
			at := m.Record.Origin()
			s.Events = append(s.Events, suppressedEvent{m.Entry.ID.String(), time.Unix(0, m.Record.Time()).UTC(), at.Source, at.Path, at.Offset})
		}
	}
	if len(all) > 0 {
		c.Evidence = append(c.Evidence, evidence.Entry{Kind: "suppressed", Body: map[string]any{"by": all}})
	}
}

// reportExpired says which exceptions no longer hold anything back, each once to the log: whoever relied on one should hear
// of it before the alerts do.
func (p *Pipeline) reportExpired(now time.Time) {
	for _, r := range p.Generation.Rules.Rules {
		n := 0
		for i := range r.Exceptions {
			x := &r.Exceptions[i]
			if x.Expires > now.UnixNano() {
				continue
			}
			n++
			if key := r.ID + "\x00" + x.Reason; !p.expired[key] {
				p.expired[key] = true
				p.Logger.Warn("an exception has expired; later events are judged without it",
					zap.String("rule", r.ID), zap.String("approved_by", x.ApprovedBy), zap.Time("expired", time.Unix(0, x.Expires).UTC()))
			}
		}
		if len(r.Exceptions) > 0 {
			p.metrics.exceptionsExpired.WithLabelValues(r.ID, string(r.Severity)).Set(float64(n))
		}
	}
}
