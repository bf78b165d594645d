package route

import (
	"slices"

	"probity/internal/alert"
)

// Conflicted says whether one of these roles may not be told of the alert.
func (t *Table) Conflicted(c alert.Concerned, roles ...string) bool {
	return slices.ContainsFunc(roles, func(name string) bool { return c.About(t.roles[name].Staff) })
}

// Party says whether the alert is in conflict with any role.
func (t *Table) Party(c alert.Concerned) bool {
	for name := range t.roles {
		if t.Conflicted(c, name) {
			return true
		}
	}
	return false
}

// Withheld says whether the alert is in no count that everybody reads: it is in conflict with a role, and was never closed.
func (t *Table) Withheld(c alert.Case) bool { return c.Closings == 0 && t.Party(c.Concerned) }

// To returns the sinks that get revisions of the alert, in the order of the configuration. Stranded says that some sink should
// have had it, and that all whom it could go to instead are a party to it.
func (t *Table) To(c alert.Case) (sinks []string, stranded bool) {
	party, owed := t.Party(c.Concerned), false
	instead := map[string]bool{} // alternates that are owed it
	chosen := map[string]bool{}
	for _, s := range t.targets {
		if !s.wants(c.Had) {
			continue
		}
		switch {
		case t.Conflicted(c.Concerned, s.For...):
			for _, role := range s.For {
				owed = owed || t.roles[role].Rights != Counts
				if alternate := t.alternate(role, c.Concerned); alternate != "" {
					instead[alternate] = true
				}
			}
		case !party || !t.public(s):
			chosen[s.Sink] = true
		}
	}
	for role := range instead {
		t.choose(role, c, chosen)
	}
	for _, s := range t.targets {
		if chosen[s.Sink] {
			sinks = append(sinks, s.Sink)
		}
	}
	return sinks, owed && len(sinks) == 0
}

// wants looks at every severity that the alert had: who got one revision gets those that follow.
func (s *Target) wants(had []alert.Severity) bool {
	return len(s.Severities) == 0 || slices.ContainsFunc(had, func(v alert.Severity) bool { return slices.Contains(s.Severities, v) })
}

// public says whether a sink is read by everybody, as dashboards are: all its roles have the right to counts alone.
func (t *Table) public(s Target) bool {
	return len(s.For) > 0 && !slices.ContainsFunc(s.For, func(role string) bool { return t.roles[role].Rights != Counts })
}

// alternate follows the alternates of a role that is in conflict to one that is not. "" if there is none, or if the role has
// no conflict itself.
func (t *Table) alternate(role string, c alert.Concerned) string {
	if !t.Conflicted(c, role) {
		return ""
	}
	seen := map[string]bool{}
	for role != "" && !seen[role] && t.Conflicted(c, role) {
		seen[role] = true
		role = t.roles[role].Alternate
	}
	if seen[role] {
		return ""
	}
	return role
}

// choose adds the sinks of a role that stands in: those for this severity, or all.
func (t *Table) choose(role string, c alert.Case, chosen map[string]bool) {
	var all []string
	found := false
	for _, s := range t.targets {
		if !slices.Contains(s.For, role) || t.Conflicted(c.Concerned, s.For...) {
			continue
		}
		all = append(all, s.Sink)
		if s.wants(c.Had) {
			chosen[s.Sink], found = true, true
		}
	}
	for _, sink := range all {
		chosen[sink] = chosen[sink] || !found
	}
}

// Tells says whether whoever reads a sink may be told, beside other alerts, that there is this one.
func (t *Table) Tells(sink string, c alert.Case) bool {
	i := slices.IndexFunc(t.targets, func(s Target) bool { return s.Sink == sink })
	return i >= 0 && !t.Conflicted(c.Concerned, t.targets[i].For...) && !(t.public(t.targets[i]) && t.Withheld(c))
}

// Sees says whether somebody with these roles may be told about the alert.
func (t *Table) Sees(roles []string, c alert.Concerned) bool {
	return t.May(roles, Read) && !t.Conflicted(c, roles...)
}

// IsCounted says whether the alert is in the counts that somebody with these roles is told.
func (t *Table) IsCounted(roles []string, c alert.Case) bool {
	return t.Sees(roles, c.Concerned) || !t.Withheld(c)
}

// May says whether one of these roles has a right.
func (t *Table) May(roles []string, right Rights) bool {
	order := []Rights{Counts, Read, Triage}
	return slices.ContainsFunc(roles, func(name string) bool {
		return slices.Index(order, t.roles[name].Rights) >= slices.Index(order, right)
	})
}
