package engine

import (
	"encoding/json"
	"time"

	"probity/internal/event"
)

// Own is something that happened to Probity itself, for the rules over alerts: bytes that were lost, memory that was given
// up. It names no person.
type Own struct {
	Action string    `json:"event.action"` // gap, horizon
	Type   string    `json:"object.type"`  // of what it happened to: source, rule
	Object string    `json:"object.id"`    // its configured name, or id
	Reason string    `json:"event.reason"`
	Count  int64     `json:"query.count"` // how much: bytes; below 0: not known
	Place  string    `json:"place,omitempty"`
	At     time.Time `json:"at"` // by the clock
}

// OwnEvent makes it an event of the second round.
func (g *Generation) OwnEvent(o Own, ev *event.Event) {
	line, err := json.Marshal(o)
	if err != nil {
		panic(err) // texts, numbers and times
	}
	g.secondRound(ev, line, string(line), o.At, map[event.Field]string{
		event.FieldAction: o.Action, event.FieldReason: o.Reason, event.FieldObjectType: o.Type, event.FieldObjectID: o.Object,
	})
	ev.Ingested = o.At.UnixNano()
	if o.Count >= 0 {
		ev.Slots[event.FieldQueryCount] = event.IntValue(o.Count)
	}
}
