package engine

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"time"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/window"
)

// alertLine is an alert as an event's original line: what a rule over alerts quotes. It names nobody but by ids.
type alertLine struct {
	Alert    string         `json:"alert"`
	Rule     string         `json:"rule.id"`
	Version  int            `json:"rule.version"`
	Severity alert.Severity `json:"rule.severity"`
	Points   int            `json:"event.risk_score"`
	Person   string         `json:"user.id"`
	Count    int            `json:"count"`
	First    time.Time      `json:"first"`
	Last     time.Time      `json:"last"`
}

// AlertEvent makes an alert an event of the second round: at the time of its last event, about the person whom its group
// names. It reports false of an alert about nobody, or of a rule over alerts: those are told and not counted.
func (g *Generation) AlertEvent(a *alert.Alert, r *rule.Compiled, ev *event.Event) bool {
	person := slices.IndexFunc(a.Group, func(k alert.KeyPart) bool { return k.Field == "actor.id" })
	if person < 0 || r.OfAlerts {
		return false
	}
	ev.Reset(g.Rules.Schema)
	line, err := json.Marshal(alertLine{a.ID, r.ID, r.Version, r.Severity, r.Points, a.Group[person].Value, a.Count, a.First, a.Last})
	if err != nil {
		panic(err) // texts, numbers and times
	}
	at := a.Last
	if a.Status == alert.Withdrawn {
		at = a.Period.Start // it has no events left; where its entry stands does not matter
	}
	ev.Original, ev.NativeID, ev.Origin.Source, ev.Ingested = line, a.ID, rule.AlertDataset, at.UnixNano()
	ev.Slots[event.FieldTime] = event.TimeValue(at.UnixNano())
	for f, text := range map[event.Field]string{
		event.FieldDataset: rule.AlertDataset, event.FieldAction: "alert", event.FieldRuleID: r.ID, event.FieldUserID: a.Group[person].Value,
	} {
		ev.Slots[f] = event.StringValue(text)
	}
	ev.Slots[event.FieldRiskScore] = event.IntValue(int64(r.Points))
	return true
}

// MatchAlert appends the matches of an alert's event. Each revision is an event of its own, and its entry captures whose it is:
// it takes the place of the one before; gone takes it out. One that is withdrawn because its account was resolved may count for the
// person already: it is taken out there as well.
func (m *Matcher) MatchAlert(ev *event.Event, gone bool, out []Match) []Match {
	had := len(out)
	out = m.Match(ev, out)
	id := alertEventID(ev.Original)
	for i := had; i < len(out); i++ {
		o := &out[i]
		o.Entry.ID, o.Entry.Captured, o.Gone = id, &window.Captured{ev.NativeID}, gone
		o.Record.ID = id.String()
		if to := m.gen.rekey(o.Rule, o.Key, o.Entry.Time); gone && o.Outcome == Counted && to != o.Key {
			moved := *o
			moved.Key = to
			out = append(out, moved)
		}
	}
	return out
}

func alertEventID(line []byte) (id event.ID) {
	sum := sha256.Sum256(append([]byte("probity.alert.event/1 "), line...))
	copy(id[:], sum[:])
	return id
}
