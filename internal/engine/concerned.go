package engine

import (
	"probity/internal/alert"
	"probity/internal/event"
)

// Concerned says whom a match is about, as alert.Alert.Concerned does of the alert that it may become.
func (g *Generation) Concerned(m *Match) alert.Concerned {
	a := alert.Alert{Group: KeyParts(m.Rule, m.Key)}
	if m.Record != nil {
		a.Evidence = []event.Record{{Fields: map[string]any{}}}
		for _, actor := range []string{"user.id", "requestor.id"} {
			a.Evidence[0].Fields[actor] = m.Record.Text(actor)
		}
	}
	c := a.Concerned()
	for _, id := range c.Persons {
		if manager := g.manager(id, m.Entry.Time); manager != "" {
			c.Managers = append(c.Managers, manager)
		}
	}
	return c
}

// manager is the staff id of somebody's line manager at an event time; "" if it is not known.
func (g *Generation) manager(id string, at int64) string {
	const column = "manager_id"
	l, ok := g.Rules.Schema.Lookup("person")
	if !ok || l.Bind == nil || l.Columns[column] != event.String {
		return ""
	}
	v, _ := l.Bind(column)([]event.Value{event.StringValue(id)}, at)
	return v.Str
}
