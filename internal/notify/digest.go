package notify

import (
	"encoding/json"
	"slices"
	"time"

	"probity/internal/alert"
)

// digest says which revisions wait for an hour of the day, and when that is. The zero digest gathers none.
type digest struct {
	severities   []alert.Severity
	hour, minute int
	zone         *time.Location

	seen map[int64]bool // what gathers said of the rows that ripe looked at last: a batch is offered again after each mail
}

func newDigest(c Config, zone *time.Location) digest {
	at, err := time.Parse("15:04", c.DigestAt)
	if c.DigestAt == "" || err != nil {
		return digest{}
	}
	d := digest{severities: c.Digest, hour: at.Hour(), minute: at.Minute(), zone: zone}
	if len(d.severities) == 0 {
		d.severities = []alert.Severity{alert.Low, alert.Medium}
	}
	return d
}

// gathers says whether the revision may wait: one of the severities that do, and any that is beyond its alert budget.
func (g *digest) gathers(d alert.Delivery) bool {
	if len(g.severities) == 0 {
		return false
	}
	if d.Folded > 0 {
		return true
	}
	if known, ok := g.seen[d.Seq]; ok {
		return known
	}
	var head struct {
		Rule struct {
			Severity alert.Severity `json:"severity"`
		} `json:"rule"`
	}
	return json.Unmarshal(d.Body, &head) == nil && slices.Contains(g.severities, head.Rule.Severity)
}

func (g *digest) remember(due []alert.Delivery) {
	g.seen = nil // nothing of a former look
	seen := make(map[int64]bool, len(due))
	for _, d := range due {
		seen[d.Seq] = g.gathers(d)
	}
	g.seen = seen
}

// after is the first hour of the digest after t. Where the clocks skip it, it is the hour that time.Date makes of it.
func (g *digest) after(t time.Time) time.Time {
	year, month, day := t.In(g.zone).Date()
	for ; ; day++ {
		if at := time.Date(year, month, day, g.hour, g.minute, 0, 0, g.zone); at.After(t) {
			return at
		}
	}
}

// urgent says which of the batch cannot wait: what the digest does not gather, and what is before that of the same alert, so
// that a worse revision neither waits for a lesser one nor overtakes it.
func (g *digest) urgent(batch []alert.Delivery) []bool {
	out := make([]bool, len(batch))
	urgent := map[string]bool{}
	for i, d := range slices.Backward(batch) {
		if !urgent[d.AlertID] && !g.gathers(d) {
			urgent[d.AlertID] = true
		}
		out[i] = urgent[d.AlertID]
	}
	return out
}

// ripe implements gathering: what is urgent comes first, then the digest of what was committed before the hour.
func (g *digest) ripe(now time.Time, due []alert.Delivery, full bool) (ripe []alert.Delivery, next time.Duration) {
	var gathered []alert.Delivery
	g.remember(due)
	urgent := g.urgent(due)
	for i, d := range due {
		if urgent[i] {
			ripe = append(ripe, d)
			continue
		}
		wait := g.after(d.QueuedAt).Sub(now)
		if full || wait <= 0 {
			gathered = append(gathered, d)
		} else if next == 0 || wait < next {
			next = wait
		}
	}
	return append(ripe, gathered...), next
}
