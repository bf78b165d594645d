package rule

import (
	"fmt"
	"maps"
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
	ValueSum        = "value_sum"
	BaselineType    = "baseline"
	SilenceType     = "silence"
	GapType         = "gap"
	ClockSkewType   = "clock_skew"
)

// measured are the types that watch the sources themselves.
var measured = []string{SilenceType, GapType, ClockSkewType}

// correlationKeys says which keys a type needs and which it may have, beside type and group_by.
var correlationKeys = map[string]struct{ needs, may []string }{
	EventCount:      {[]string{"timespan", "condition"}, nil},
	ValueCount:      {[]string{"timespan", "condition", "field"}, nil},
	Temporal:        {[]string{"timespan", "steps"}, []string{"where"}},
	TemporalOrdered: {[]string{"timespan", "steps"}, []string{"where"}},
	AbsenceType:     {[]string{"absence"}, nil},
	NewValue:        {[]string{"timespan", "field"}, []string{"min_history"}},
	ValueSum:        {[]string{"timespan", "condition", "field"}, nil},
	BaselineType:    {[]string{"baseline"}, []string{"field", "condition"}},
	SilenceType:     {[]string{"timespan"}, nil},
	GapType:         {[]string{"timespan"}, []string{"field", "grace"}},
	ClockSkewType:   {[]string{"timespan", "tolerance"}, []string{"condition"}},
}

// correlation compiles how matches become hits. Without one every match is a hit: the window (t−1ns, t] holds it and its
// ties, at least one.
func (b *builder) correlation(c *Compiled) {
	c.Type, c.Timespan, c.AtLeast = EventCount, 1, 1
	c.Sides = []Side{{Cond: c.Cond}}
	groupBy := []string{"actor.id"}
	if cor := b.rule.Correlation; cor != nil {
		switch {
		case len(cor.GroupBy) > 0:
			groupBy = cor.GroupBy
		case slices.Contains(measured, cor.Type):
			groupBy = []string{"event.dataset"}
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
	c.Grouping = b.set.grouping(c.GroupBy)
}

// correlationKeys checks that the type is known and has the keys that it needs, and no others.
func (b *builder) correlationKeys(cor *Correlation) bool {
	keys, ok := correlationKeys[cor.Type]
	if !ok {
		const known = "one of event_count, value_count, value_sum, temporal, temporal_ordered, absence, new_value, baseline, silence, gap, clock_skew"
		if cor.Type == "" {
			b.problem("correlation", "a correlation without type", "write type: and "+known)
		} else {
			b.problem("correlation.type", fmt.Sprintf("correlation type %q", cor.Type), known)
		}
		return false
	}
	for _, k := range []struct {
		key   string
		there bool
	}{
		{"timespan", cor.Timespan != ""}, {"condition", cor.Condition != nil}, {"field", cor.Field != ""}, {"steps", len(cor.Steps) > 0},
		{"where", cor.Where != ""}, {"absence", cor.Absence != nil}, {"min_history", cor.History != ""},
		{"baseline", cor.Baseline != nil}, {"grace", cor.Grace != ""}, {"tolerance", cor.Tolerance != ""},
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
		b.threshold(c, *cor.Condition)
	}
	if cor.Field != "" {
		c.Value = b.groupField("correlation.field", cor.Field)
	}
	switch cor.Type {
	case BaselineType:
		b.baseline(c, cor)
	case GapType:
		b.gap(c, cor)
	case ClockSkewType:
		c.Tolerance = b.duration("correlation.tolerance", cor.Tolerance, false)
		if cor.Condition == nil {
			c.AtLeast = defaultSkewed
		}
	}
	if cor.Type == GapType || cor.Type == ValueSum {
		b.number(c)
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
		c.Sides = append(c.Sides, Side{Name: s.Name, Cond: b.set.cond(cond.Source, conjunction(c.Cond.root, cond.root))})
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
		b.problem(path, fmt.Sprintf("timespan %q", text), "write a length of time over 0 and up to 365d, or the name of a parameter that is one"+b.likeParam(text))
		return time.Second
	}
	return d
}

// maxThreshold bounds what a condition may ask for.
const maxThreshold = 1_000_000

// threshold sets how many make a hit.
func (b *builder) threshold(c *Compiled, t Threshold) {
	const at = "correlation.condition"
	lower, upper := t.GTE != "" || t.GT != "", t.LTE != "" || t.LT != ""
	switch {
	case t.EQ != "" && (lower || upper) || t.GTE != "" && t.GT != "" || t.LTE != "" && t.LT != "" || t == Threshold{}:
		b.problem(at, "a condition needs one comparison, or a lower and an upper one", "write condition: {gte: 5}")
		return
	case (upper || t.EQ != "") && c.Type != EventCount && c.Type != ValueCount:
		b.problem(at, c.Type+" has no upper bound", "write gte or gt")
		return
	}
	bound := func(text string, add int) int { return b.whole(at, text, 1-add, maxThreshold) + add }
	switch {
	case t.EQ != "":
		c.AtLeast = bound(t.EQ, 0)
		c.AtMost = c.AtLeast
	case t.GT != "":
		c.AtLeast = bound(t.GT, 1)
	case t.GTE != "":
		c.AtLeast = bound(t.GTE, 0)
	}
	switch {
	case t.LT != "":
		c.AtMost = bound(t.LT, -1)
	case t.LTE != "":
		c.AtMost = bound(t.LTE, 0)
	}
	if c.AtMost > 0 && c.AtMost < c.AtLeast {
		b.problem(at, fmt.Sprintf("no number is at least %d and at most %d", c.AtLeast, c.AtMost), "mend the bounds")
	}
}

// whole reads a whole number, or the name of a parameter that is one.
func (b *builder) whole(path, text string, least, most int) int {
	what := fmt.Sprintf("number %q", text)
	if v, ok := b.rule.Params[text]; ok {
		what = fmt.Sprintf("number %q, of parameter %s", fmt.Sprint(v), text)
		text = fmt.Sprint(v)
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		b.problem(path, what, fmt.Sprintf("write a whole number from %d to %d, or the name of a parameter that is one", least, most)+b.likeParam(text))
		return max(least, 1)
	}
	return n
}

// likeParam names the parameter that was probably meant.
func (b *builder) likeParam(text string) string {
	if near := strictyaml.Nearest(text, slices.Sorted(maps.Keys(b.rule.Params))); near != "" && near != text {
		return "; did you mean " + near + "?"
	}
	return ""
}
