package rule

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"probity/internal/event"
	"probity/internal/strictyaml"
)

// maxTimespan bounds windows and periods.
const maxTimespan = 365 * 24 * time.Hour

// maxSteps bounds the steps of a rule: their combinations are tried.
const maxSteps = 8

// The types of correlation.
const (
	EventCount      = "event_count"
	ValueCount      = "value_count"
	Temporal        = "temporal"
	TemporalOrdered = "temporal_ordered"
	AbsenceType     = "absence"
	NewValue        = "new_value"
)

// correlationKeys says which keys a type needs and which it may have, beside type and group_by.
var correlationKeys = map[string]struct{ needs, may []string }{
	EventCount:      {[]string{"timespan", "condition"}, nil},
	ValueCount:      {[]string{"timespan", "condition", "field"}, nil},
	Temporal:        {[]string{"timespan", "steps"}, []string{"where"}},
	TemporalOrdered: {[]string{"timespan", "steps"}, []string{"where"}},
	AbsenceType:     {[]string{"absence"}, nil},
	NewValue:        {[]string{"timespan", "field"}, []string{"min_history"}},
}

// correlation compiles how matches become hits. Without one every match is a hit: the window (t−1ns, t] holds it and its
// ties, at least one.
func (b *builder) correlation(c *Compiled) {
	c.Type, c.Timespan, c.AtLeast = EventCount, 1, 1
	c.Sides = []Side{{Cond: c.Cond}}
	groupBy := []string{"actor.id"}
	if cor := b.rule.Correlation; cor != nil {
		if len(cor.GroupBy) > 0 {
			groupBy = cor.GroupBy
		}
		if b.correlationKeys(cor) {
			c.Type = cor.Type
			b.shape(c, cor)
		}
	}
	for i, name := range groupBy {
		if f := b.groupField(fmt.Sprintf("correlation.group_by.%d", i), name); f != nil {
			c.GroupBy = append(c.GroupBy, *f)
		}
	}
}

// correlationKeys checks that the type is known and has the keys that it needs, and no others.
func (b *builder) correlationKeys(cor *Correlation) bool {
	keys, ok := correlationKeys[cor.Type]
	if !ok {
		b.problem("correlation.type", fmt.Sprintf("correlation type %q", cor.Type), "one of event_count, value_count, temporal, temporal_ordered, absence, new_value")
		return false
	}
	for _, k := range []struct {
		key   string
		there bool
	}{
		{"timespan", cor.Timespan != ""}, {"condition", cor.Condition != nil}, {"field", cor.Field != ""}, {"steps", len(cor.Steps) > 0},
		{"where", cor.Where != ""}, {"absence", cor.Absence != nil}, {"min_history", cor.History != ""},
	} {
		switch {
		case !k.there && slices.Contains(keys.needs, k.key):
			b.problem("correlation", fmt.Sprintf("%s without %s", cor.Type, k.key), "write "+k.key+": …")
			ok = false
		case k.there && !slices.Contains(keys.needs, k.key) && !slices.Contains(keys.may, k.key):
			b.problem("correlation."+k.key, fmt.Sprintf("%s has no %s", cor.Type, k.key), "remove it, or choose another type")
			ok = false
		}
	}
	return ok
}

// shape compiles what the type needs.
func (b *builder) shape(c *Compiled, cor *Correlation) {
	if cor.Timespan != "" {
		c.Timespan = b.duration("correlation.timespan", cor.Timespan, false)
	}
	if cor.Condition != nil {
		c.AtLeast = b.threshold(*cor.Condition)
	}
	if cor.Field != "" {
		c.Value = b.groupField("correlation.field", cor.Field)
	}
	if cor.History != "" {
		c.History = b.duration("correlation.min_history", cor.History, true)
	}
	if a := cor.Absence; a != nil {
		if a.Before == "" && a.After == "" {
			b.problem("correlation.absence", "an absence without before and after", "say how far from the event the link may be")
		}
		c.Before, c.After = b.duration("correlation.absence.before", a.Before, true), b.duration("correlation.absence.after", a.After, true)
		c.Sides = append(c.Sides, Side{Name: "link", Cond: b.cond("correlation.absence.link", a.Link), Link: true})
	}
	if len(cor.Steps) > 0 {
		b.steps(c, cor)
	}
}

// steps compiles each step's condition, which stands beside the rule's own.
func (b *builder) steps(c *Compiled, cor *Correlation) {
	if len(cor.Steps) < 2 || len(cor.Steps) > maxSteps {
		b.problem("correlation.steps", fmt.Sprintf("%d steps", len(cor.Steps)), fmt.Sprintf("write 2 to %d", maxSteps))
	}
	c.Sides = nil
	for i, s := range cor.Steps {
		path := fmt.Sprintf("correlation.steps.%d", i)
		if !paramForm.MatchString(s.Name) || slices.ContainsFunc(c.Sides, func(o Side) bool { return o.Name == s.Name }) || reservedNames[s.Name] {
			b.problem(path, fmt.Sprintf("step name %q", s.Name), "write a name of its own: lower-case letters, digits and _, no field's and no function's")
		}
		cond := b.cond(path+".when", s.When)
		c.Sides = append(c.Sides, Side{Name: s.Name, Cond: &Cond{Source: cond.Source, root: conjunction(c.Cond.root, cond.root)}})
	}
	if cor.Where != "" {
		c.Where = b.where(cor)
	}
}

// conjunction is a and b, without a constant true.
func conjunction(a, b node) node {
	if a == constNode(True) {
		return b
	}
	return andNode{a, b}
}

// groupField resolves a field, or a lookup without arguments of its own.
func (b *builder) groupField(path, name string) *GroupField {
	t, err := b.set.termOf(name)
	if err != nil {
		b.problem(path, err.Error(), "")
		return nil
	}
	return &GroupField{Name: name, Term: t, List: b.set.terms[t].typ == event.List}
}

// duration reads a length of time or the name of a parameter that is one.
func (b *builder) duration(path, text string, zeroToo bool) time.Duration {
	if zeroToo && text == "" {
		return 0
	}
	if v, ok := b.rule.Params[text]; ok {
		text = fmt.Sprint(v)
	}
	d, err := strictyaml.ParseDuration(text)
	if err != nil || d < 0 || d == 0 && !zeroToo || d > maxTimespan {
		b.problem(path, fmt.Sprintf("timespan %q", text), "write a length of time over 0 and up to 365d, or the name of a parameter that is one")
		return time.Second
	}
	return d
}

func (b *builder) threshold(t Threshold) int {
	text, add := t.GTE, 0
	if t.GT != "" {
		text, add = t.GT, 1
	}
	if (t.GTE == "") == (t.GT == "") {
		b.problem("correlation.condition", "a condition needs one comparison", "write condition: {gte: 5}")
		return 1
	}
	if v, ok := b.rule.Params[text]; ok {
		text = fmt.Sprint(v)
	}
	n, err := strconv.Atoi(text)
	if err != nil || n+add < 1 || n > 1_000_000 {
		b.problem("correlation.condition", fmt.Sprintf("threshold %q", text), "write a number from 1 to 1000000, or the name of a parameter that is one")
		return 1
	}
	return n + add
}
