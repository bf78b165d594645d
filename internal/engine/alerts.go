package engine

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"time"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/rule"
)

// alertLine is an alert as an event's original line: what a rule over alerts quotes. It names nobody but by ids, and says
// nothing that may change without the alert's last event: what quotes it would not be told anew.
type alertLine struct {
	Alert    string         `json:"alert"`
	Rule     string         `json:"rule.id"`
	Version  int            `json:"rule.version"`
	Severity alert.Severity `json:"rule.severity"`
	Points   int            `json:"event.risk_score"`
	Person   string         `json:"user.id"`
	Last     time.Time      `json:"last"`
}

// AlertEvent makes an alert an event of the second round: at the time of its last event, about the person whom its group
// names. It reports false of an alert about nobody, or of a rule over alerts: those are told and not counted.
func (g *Generation) AlertEvent(a *alert.Alert, r *rule.Compiled, ev *event.Event) bool {
	person := slices.IndexFunc(a.Group, func(k alert.KeyPart) bool { return k.Field == "actor.id" })
	if person < 0 || r.OfAlerts {
		return false
	}
	line, err := json.Marshal(alertLine{a.ID, r.ID, r.Version, r.Severity, r.Points, a.Group[person].Value, a.Last})
	if err != nil {
		panic(err) // texts, numbers and times
	}
	at := a.Last
	if a.Status == alert.Withdrawn {
		at = a.Period.Start // it has no events left; where its entry stands does not matter
	}
	g.secondRound(ev, line, a.ID, at, map[event.Field]string{
		event.FieldAction: "alert", event.FieldRuleID: r.ID, event.FieldUserID: a.Group[person].Value,
	})
	ev.Slots[event.FieldRiskScore] = event.IntValue(int64(r.Points))
	return true
}

// secondRound fills an event of the second round: its line, what it is an event of, its time and its texts.
func (g *Generation) secondRound(ev *event.Event, line []byte, of string, at time.Time, texts map[event.Field]string) {
	ev.Reset(g.Rules.Schema)
	ev.Original, ev.NativeID, ev.Origin.Source = line, of, rule.AlertDataset
	ev.Slots[event.FieldTime] = event.TimeValue(at.UnixNano())
	ev.Slots[event.FieldDataset] = event.StringValue(rule.AlertDataset)
	for f, text := range texts {
		ev.Slots[f] = event.StringValue(text)
	}
}

// MatchAlert appends the matches of an alert's event. Each revision of an alert has the alert's identity, so that it takes
// the place of the one before.
func (m *Matcher) MatchAlert(ev *event.Event, out []Match) []Match {
	had := len(out)
	out = m.Match(ev, out)
	id := AlertEventID(ev.NativeID)
	for i := had; i < len(out); i++ {
		o := &out[i]
		o.Entry.ID = id
		if o.Record != nil {
			o.Record.ID = id
		}
	}
	return out
}

// Outdated returns what takes out again what earlier revisions of alerts left where the last ones, with these matches, do
// not count: they were withdrawn, moved to another key, or are no longer what the rule looks for.
func (s *State) Outdated(ids []event.ID, matches []Match) (out []Match) {
	type entry struct {
		rule int
		key  string
		id   event.ID
	}
	if len(ids) == 0 {
		return nil
	}
	told, counted := map[event.ID]bool{}, map[entry]bool{}
	for _, id := range ids {
		told[id] = true
	}
	for i := range matches {
		if m := &matches[i]; m.Outcome == Counted {
			counted[entry{m.Rule.Index, m.Key, m.Entry.ID}] = true
		}
	}
	for _, sh := range s.shards {
		for i, r := range s.gen.Rules.Rules {
			if !r.OfAlerts {
				continue
			}
			for _, h := range sh.rules[i].byKey.byHash {
				for _, e := range h.Find(told) {
					if !counted[entry{i, h.key, e.ID}] {
						out = append(out, Match{Rule: r, Key: h.key, Entry: e, Gone: true})
					}
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b Match) int {
		return cmp.Or(cmp.Compare(a.Rule.Index, b.Rule.Index), cmp.Compare(a.Key, b.Key), a.Entry.ID.Compare(b.Entry.ID))
	})
	return out
}

// AlertEventID is the identity of an alert as an event, by its public id.
func AlertEventID(alertID string) (id event.ID) {
	sum := sha256.Sum256([]byte("probity.alert.event/1 " + alertID))
	copy(id[:], sum[:])
	return id
}
