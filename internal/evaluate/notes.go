package evaluate

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/rule"
)

// Notes are what is written down while a force's logs are judged: of planted events who they are, of revisions what marking
// asks, of everybody how many records are theirs. Its methods may be called by many workers at once.
//
// A quarter's revisions quote gigabytes, so only what is planted is kept of them.
type Notes struct {
	mu      sync.Mutex
	planted map[Ref]bool
	known   map[string]event.Record // planted events, by event id
	records map[string]int          // by person
	alerts  map[string][]*alert.Alert
}

// NewNotes looks for the events of planted misuse and of look-alikes.
func NewNotes(planted ...[]Truth) *Notes {
	n := &Notes{planted: map[Ref]bool{}, known: map[string]event.Record{}, records: map[string]int{}, alerts: map[string][]*alert.Alert{}}
	for _, truths := range planted {
		for _, t := range truths {
			for _, ref := range t.Events {
				n.planted[ref] = true
			}
		}
	}
	return n
}

// Event notes a judged event; it keeps nothing of it that it does not copy.
func (n *Notes) Event(e *event.Event) {
	user, requestor := e.Text(event.FieldUserID), e.Text(event.FieldRequestorID)
	dataset := e.Text(event.FieldDataset)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.count(user)
	if requestor != user {
		n.count(requestor)
	}
	if n.planted[Ref{dataset, e.NativeID}] {
		id := e.Identity().String()
		n.known[id] = event.Record{ID: id, NativeID: strings.Clone(e.NativeID), Fields: marks(strings.Clone(dataset), strings.Clone(user), strings.Clone(requestor))}
	}
}

func (n *Notes) count(person string) {
	if person == "" {
		return
	}
	if _, known := n.records[person]; !known {
		person = strings.Clone(person)
	}
	n.records[person]++
}

func marks(dataset, user, requestor string) map[string]any {
	return map[string]any{"event.dataset": dataset, "user.id": user, "requestor.id": requestor}
}

// Quoted notes planted events that an alert quotes: where the log is not at hand, and other alerts may only list them.
func (n *Notes) Quoted(a *alert.Alert) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range a.Evidence {
		if s := slim(r); n.planted[ref(s)] {
			n.known[r.ID] = s
		}
	}
}

// Revision notes a revision of an alert, after its events.
func (n *Notes) Revision(a *alert.Alert) {
	n.mu.Lock()
	defer n.mu.Unlock()
	kept := &alert.Alert{
		ID: a.ID, Revision: a.Revision, Status: a.Status, Group: a.Group, Last: a.Last,
		Rule: alert.Rule{ID: a.Rule.ID, Type: a.Rule.Type, Severity: a.Rule.Severity},
	}
	other := false // one record shows that the alert is not about alerts
	for _, r := range a.Evidence {
		switch s := slim(r); {
		case ref(s).Dataset == rule.AlertDataset, n.planted[ref(s)]:
			kept.Evidence = append(kept.Evidence, s)
		case !other:
			other, kept.Evidence = true, append(kept.Evidence, s)
		}
	}
	for _, id := range a.EventIDs {
		if _, yes := n.known[id]; yes {
			kept.EventIDs = append(kept.EventIDs, strings.Clone(id))
		}
	}
	h := n.alerts[a.ID]
	if k := len(h); k > 1 && h[k-1].Revision < a.Revision && h[k-2].Revision < h[k-1].Revision && n.same(h[k-2], h[k-1]) {
		h = h[:k-1] // it is neither the first that is about something, nor the last
	}
	n.alerts[a.ID] = append(h, kept)
}

// same reports whether two revisions are about the same planted events and alerts.
func (n *Notes) same(a, b *alert.Alert) bool {
	return slices.Equal(n.about(a), n.about(b))
}

func (n *Notes) about(a *alert.Alert) []string {
	out := slices.Clone(a.EventIDs)
	for _, r := range a.Evidence {
		if ref(r).Dataset == rule.AlertDataset || n.planted[ref(r)] {
			out = append(out, r.ID)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// revisions are what was kept, by alert id.
func (n *Notes) revisions() []*alert.Alert {
	var out []*alert.Alert
	for _, id := range slices.Sorted(maps.Keys(n.alerts)) {
		out = append(out, n.alerts[id]...)
	}
	return out
}

// slim is what marking asks of a record.
func slim(r event.Record) event.Record {
	text := func(field string) string { s, _ := r.Fields[field].(string); return s }
	return event.Record{ID: r.ID, NativeID: r.NativeID, Fields: marks(text("event.dataset"), text("user.id"), text("requestor.id"))}
}

func ref(slim event.Record) Ref {
	dataset, _ := slim.Fields["event.dataset"].(string)
	return Ref{dataset, slim.NativeID}
}
