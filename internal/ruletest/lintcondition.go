package ruletest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"probity/internal/rule"
)

// What follows looks at conditions, without an event.

// placedCondition is a condition and where its text stands.
type placedCondition struct {
	path string
	cond *rule.Cond
}

// side is something that an event can be to the rule; see rule.Side.
type side struct {
	placedCondition
	link bool
}

// sides are the conditions by which the rule chooses events, each with the text that the author wrote for it: when, or each
// step beside it.
func (r *ruleLint) sides() []side {
	out := make([]side, len(r.Sides))
	for i, s := range r.Sides {
		path := "when"
		switch {
		case s.Link:
			path = "correlation.absence.link"
		case s.Name != "":
			path = fmt.Sprintf("correlation.steps.%d.when", i)
		}
		out[i] = side{placedCondition{path, s.Cond}, s.Link}
	}
	return out
}

// conditions are all those of the rule that have a text, the rule's own first.
func (r *ruleLint) conditions() []placedCondition {
	all := []placedCondition{{"when", r.Cond}}
	for _, s := range r.sides() {
		if s.path != "when" {
			all = append(all, s.placedCondition)
		}
	}
	for i, e := range r.Exceptions {
		all = append(all, placedCondition{fmt.Sprintf("exceptions.%d.when", i), e.Cond})
	}
	for i, f := range r.Facts {
		all = append(all, placedCondition{fmt.Sprintf("facts.%d.when", i), f})
	}
	return slices.DeleteFunc(all, func(c placedCondition) bool { return c.cond == nil || c.cond.Source == "" })
}

func (r *ruleLint) lintTruth() {
	for _, s := range r.sides() {
		if field, never := r.logic.Never(s.cond); never {
			what := "the condition is false as it stands"
			if field != "" {
				what = fmt.Sprintf("the condition can never be true: what it asks of %s excludes itself", field)
			}
			r.add("PRB010", s.path, what, "mend it; until then the rule finds nothing")
			continue
		}
		if r.logic.Always(s.cond) {
			r.add("PRB011", s.path, "the condition is true of every event that carries its fields", "say what makes an event suspicious")
		}
		for _, part := range r.logic.Dead(s.cond) {
			r.add("PRB012", s.path, fmt.Sprintf("a part of the condition can never be true beside the rest: %s", part), "mend it, or remove it")
		}
	}
}

func (r *ruleLint) lintIndex() {
	for _, s := range r.sides() {
		if datasets, actions, types := r.set.Needs(s.cond); datasets == nil && actions == nil && types == nil {
			r.add("PRB013", s.path, "no index serves the condition: every event of every system meets the rule",
				`begin with what narrows it: event.dataset == "…", event.action in […], object.type == "…"`)
		}
	}
}

const near = 0.75 // of a limit

func (r *ruleLint) lintConditions() {
	for _, c := range r.conditions() {
		a := rule.Dissect(c.cond, r.Params)
		if float64(a.Bytes) > near*rule.MaxConditionBytes || float64(a.Nodes) > near*rule.MaxConditionNodes {
			r.add("PRB016", c.path, fmt.Sprintf("a condition of %d bytes and %d nodes; the limits are %d and %d", a.Bytes, a.Nodes, rule.MaxConditionBytes, rule.MaxConditionNodes),
				"put lists into a table or make two rules of it")
		}
		for _, cmp := range a.Comparisons {
			r.lintPattern(c.path, cmp)
			r.lintValues(c.path, cmp)
		}
	}
}

// hot are fields that events of all kinds carry, so that a pattern over one runs for almost every event.
var hot = []string{"event.dataset", "event.action", "event.outcome", "operation", "user.id", "user.name", "actor.id", "actor.name", "host.name", "source.ip", "object.type", "object.id"}

func (r *ruleLint) lintPattern(path string, c rule.Comparison) {
	switch {
	case c.Op != "matches":
	case c.Values == nil:
		r.within("PRB017", path, c.Line, c.Column, "the pattern is no constant, so it is compiled for every event (10 µs instead of 1)", "write the pattern out, or compare with contains, startsWith or ==")
	case slices.Contains(hot, c.Left) && !slices.ContainsFunc(c.Values, func(p string) bool { return strings.ContainsAny(p, "^$") }):
		r.within("PRB018", path, c.Line, c.Column, fmt.Sprintf("the pattern may match anywhere in %s, which every event has", c.Left), "anchor it with ^ and $, or say contains")
	}
}

func (r *ruleLint) lintTables() {
	var deciding, all []*rule.Cond
	for _, c := range r.conditions() {
		all = append(all, c.cond)
		if !strings.HasPrefix(c.path, "facts.") {
			deciding = append(deciding, c.cond)
		}
	}
	if r.DecideWithin != 0 && len(r.set.Tables(deciding...)) == 0 {
		r.add("PRB019", "decide_within", "decide_within, but neither condition nor exceptions ask a table", "remove it: nothing of this rule ever waits")
	}
	if r.Tables == nil {
		return
	}
	for _, table := range r.set.Tables(all...) {
		if !slices.Contains(r.Tables, table) {
			r.add("PRB015", "when", fmt.Sprintf("the rule asks table %s, which the configuration lacks", table), "configure tables: "+table+": …; until then the answer is unknown, and unknown never accuses")
		}
	}
}

// lintFacts: a fact tells the reader something only if it can come out either way.
func (r *ruleLint) lintFacts() {
	for i, f := range r.Facts {
		path := fmt.Sprintf("facts.%d.when", i)
		switch always, never := r.relation(f, true); {
		case always:
			r.add("PRB022", path, "the condition says this already: it holds of every match", "remove the fact, it only seems to add weight")
		case never:
			r.add("PRB023", path, "the condition excludes this: it holds of no match", "remove the fact, or mend one of the two")
		}
	}
}

// relation reports whether c surely holds of every event that the rule chooses, or of none. A rule that chooses none has
// a finding of its own, and nothing is said of c.
func (r *ruleLint) relation(c *rule.Cond, links bool) (always, never bool) {
	always, never = true, true
	some := false
	for _, s := range r.sides() {
		if s.link && !links {
			continue
		}
		if _, none := r.logic.Never(s.cond); none {
			continue
		}
		some = true
		_, excluded := r.logic.Never(s.cond, c)
		always, never = always && r.logic.Implies(s.cond, c), never && excluded
	}
	return some && always, some && never
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
