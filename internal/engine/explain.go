package engine

import (
	"probity/internal/event"
	"probity/internal/rule"
)

// Resolve sets the persons of an event as Match does, for whoever explains an event that meets no rule.
func (m *Matcher) Resolve(ev *event.Event) { m.resolve(ev) }

// GroupKeys returns the encoded group keys that a resolved event has for a rule and role, whatever the rule says of it; none
// if one of the fields is unknown.
func (m *Matcher) GroupKeys(r *rule.Compiled, role rule.Role, ev *event.Event) []string {
	m.eval.Begin(ev)
	m.eval.For(role)
	if !m.groupKeys(r) {
		return nil
	}
	out := make([]string, len(m.keys))
	for i, k := range m.keys {
		out[i] = string(k)
	}
	return out
}
