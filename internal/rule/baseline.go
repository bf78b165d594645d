package rule

import (
	"fmt"
	"slices"
	"time"

	"probity/internal/event"
)

// What a baseline and the health shapes may leave out.
const (
	defaultLeast      = 10
	defaultLeastPeers = 5
	defaultGrace      = time.Minute
	defaultSkewed     = 5
	maxSpreads        = 1000
)

// baseline compiles what a measure is compared with.
func (b *builder) baseline(c *Compiled, cor *Correlation) {
	const at = "correlation.baseline"
	base := cor.Baseline
	n := &Normal{
		Every: b.duration(at+".every", base.Every, false), Above: b.whole(at+".above", base.Above, 0, maxSpreads),
		Least: defaultLeast, LeastPeers: defaultLeastPeers,
	}
	c.Normal = n
	switch {
	case base.Measure != "" && base.Measure != EventCount && base.Measure != ValueCount:
		b.problem(at+".measure", fmt.Sprintf("measure %q", base.Measure), "write event_count or value_count")
	case (base.Measure == ValueCount) != (cor.Field != ""):
		b.problem(at, "measure: value_count and field belong together", "write both, or neither")
	}
	if base.History == "" && base.Peers == "" {
		b.problem(at, "a baseline without history and peers", "say what to compare with")
	}
	if base.History != "" {
		n.History = b.duration(at+".history", base.History, false)
		if n.History < 2*n.Every {
			b.problem(at+".history", fmt.Sprintf("a history of %s in periods of %s", n.History, n.Every), "look further back")
		}
	}
	if base.Least != "" {
		n.Least = b.whole(at+".least", base.Least, 2, 10_000)
	}
	if base.LeastPeers != "" {
		n.LeastPeers = b.whole(at+".least_peers", base.LeastPeers, 2, 10_000)
	}
	if base.Peers != "" {
		n.Peers = b.groupField(at+".peers", base.Peers)
	}
	n.HourOfDay, n.DayOfWeek = slices.Contains(base.Rhythm, "hour_of_day"), slices.Contains(base.Rhythm, "day_of_week")
	for _, r := range base.Rhythm {
		if r != "hour_of_day" && r != "day_of_week" {
			b.problem(at+".rhythm", fmt.Sprintf("rhythm %q", r), "write hour_of_day, day_of_week, or both")
		}
	}
	if n.HourOfDay && n.Every > 12*time.Hour || n.DayOfWeek && n.Every > 24*time.Hour {
		b.problem(at+".rhythm", fmt.Sprintf("periods of %s have no such rhythm", n.Every), "count in shorter periods, or leave the rhythm out")
	}
}

// gap compiles the counter and how far it may be out of step.
func (b *builder) gap(c *Compiled, cor *Correlation) {
	if cor.Field == "" {
		c.Value = b.groupField("correlation.field", "event.sequence")
	}
	c.Grace = defaultGrace
	if cor.Grace != "" {
		c.Grace = b.duration("correlation.grace", cor.Grace, false)
	}
	if c.Timespan < c.Grace {
		b.problem("correlation.timespan", "a number is remembered for a shorter time than it may be late", "write a timespan longer than grace")
	}
}

// number checks that the field is one.
func (b *builder) number(c *Compiled) {
	if c.Value != nil && b.set.terms[c.Value.Term].typ != event.Int {
		b.problem("correlation.field", fmt.Sprintf("%s adds and counts numbers, and %s is a %s", c.Type, c.Value.Name, b.set.terms[c.Value.Term].typ), "name a field that is an int")
	}
}

// rounds checks what a rule that watches sources, or alerts, may not have.
func (b *builder) rounds(c *Compiled) {
	c.OfAlerts = slices.Equal(c.Datasets, []string{AlertDataset})
	byPerson := slices.ContainsFunc(c.GroupBy, func(g GroupField) bool { return g.Name == "actor.id" })
	if c.OfAlerts && (c.AtMost > 0 || !slices.Contains([]string{EventCount, ValueCount, ValueSum}, c.Type)) {
		b.problem("correlation.type", fmt.Sprintf("%s over alerts", c.Type), "count or add them: event_count, value_count or value_sum, with gte or gt")
	}
	if b.rule.Points != 0 && (!byPerson || c.Measured()) {
		b.problem("points", "points of an alert that is about nobody", "group by actor.id, or leave the points out")
	}
	if b.rule.Points != 0 && c.OfAlerts {
		b.problem("points", "points of a rule over alerts: it would add to itself", "leave them out")
	}
	tables := b.set.Tables(append(conditions(c), c.Cond)...)
	if !c.Measured() {
		return
	}
	if len(b.rule.Facts) > 0 {
		b.problem("facts", c.Type+" has no facts: its alerts hold no events", "remove them")
	}
	if len(tables) > 0 {
		b.problem("when", fmt.Sprintf("%s asks the table %s", c.Type, tables[0]), "let it watch every event of the source")
	}
}

func conditions(c *Compiled) (out []*Cond) {
	for i := range c.Exceptions {
		out = append(out, c.Exceptions[i].Cond)
	}
	return out
}
