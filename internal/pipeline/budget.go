package pipeline

import (
	"time"

	"go.uber.org/zap"

	"probity/internal/engine"
	"probity/internal/store"
)

// economise keeps the windows under the memory budget. What is given up is a decision: it is journalled, so that a replay can
// repeat it, told by a metric and the log, and an event of its own, which a rule makes an alert.
func (p *Pipeline) economise(c *store.Commit) {
	if p.Memory > 0 {
		raised, saved := p.state.Economise(p.Memory)
		saveWindows(c, saved)
		for _, h := range raised {
			p.raised(h, c)
		}
	}
	p.metrics.stateBytes.Set(float64(p.state.Bytes()))
	p.metrics.stateWindows.Set(float64(p.state.Windows()))
}

func (p *Pipeline) raised(h engine.Horizon, c *store.Commit) {
	id, at := h.Rule.ID, time.Unix(0, h.At).UTC()
	p.Logger.Error("memory is short: a rule has given up what it held of the time before its horizon; raise pipeline.memory_bytes or shorten the rule's timespan", zap.String("rule", id), zap.Time("horizon", at))
	p.metrics.horizon.WithLabelValues(id, string(h.Rule.Severity)).Set(float64(h.At) / 1e9)
	p.journal(c, kindHorizon, map[string]any{"rule": id, "horizon": at})
	p.happened(engine.Own{Action: "horizon", Type: "rule", Object: id, Reason: "memory", Count: -1, At: time.Now().UTC(), Place: at.Format(time.RFC3339)}, c)
}

// horizons tells those that were restored.
func (p *Pipeline) horizons() {
	p.metrics.horizon.Reset()
	for _, r := range p.Generation.Rules.Rules {
		if at := p.state.Horizon(r); at != 0 {
			p.metrics.horizon.WithLabelValues(r.ID, string(r.Severity)).Set(float64(at) / 1e9)
		}
	}
}
