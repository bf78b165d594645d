package engine

import "probity/internal/event"

// maxNames bounds the names that a matcher remembers.
const maxNames = 10_000

// resolve sets the persons of the event. An account that nobody is known to hold stands for itself, as dataset:account.
func (m *Matcher) resolve(ev *event.Event) {
	dataset := ev.Text(event.FieldDataset)
	if account := ev.Text(event.FieldUserName); account != "" {
		id := m.gen.people.Resolve(dataset, account, ev.Time())
		if !id.Has() {
			id = event.StringValue(m.unresolved(dataset, account))
		}
		ev.Slots[event.FieldUserID] = id
	} else if ev.Slots[event.FieldUserName].Illegible() {
		ev.Slots[event.FieldUserID] = event.Illegible()
	}
	if token := ev.Text(event.FieldRequestorName); token != "" {
		id := m.gen.people.ResolveRequestor(dataset, token, ev.Time())
		if !id.Has() {
			id = event.StringValue(m.unresolved(dataset, token))
		}
		ev.Slots[event.FieldRequestorID] = id
	} else if ev.Slots[event.FieldRequestorName].Illegible() {
		ev.Slots[event.FieldRequestorID] = event.Illegible()
	}
}

func (m *Matcher) unresolved(dataset, account string) string {
	if id, ok := m.names[[2]string{dataset, account}]; ok {
		return id
	}
	id := dataset + ":" + account
	if len(m.names) >= maxNames {
		clear(m.names)
	}
	m.names[[2]string{id[:len(dataset)], id[len(dataset)+1:]}] = id
	return id
}
