package rule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// writtenNumber is a whole number of a correlation, and how another is written in its place.
type writtenNumber struct {
	key, written string
	n            int
	set          func(*Correlation, string)
}

// writtenSpan is a length of time of a correlation.
type writtenSpan struct {
	key, written string
	span         time.Duration
	set          func(*Correlation, string)
}

// correlation mutates the numbers by one, doubles and halves the lengths of time, and drops each rhythm.
func (m *mutator) correlation(c *Compiled) {
	cor := m.parsed.Rule.Correlation
	if cor == nil {
		return
	}
	for _, x := range numbersOf(c, cor) {
		if x.written == "" {
			continue
		}
		path := "correlation." + x.key
		for _, n := range []int{x.n - 1, x.n + 1} {
			name := path[strings.LastIndexByte(path, '.')+1:]
			m.add(OtherNumber, path, m.parsed.Doc.At(path), fmt.Sprintf("%s %d made %d", name, x.n, n), false,
				func(r *Rule) { x.set(r.Correlation, strconv.Itoa(n)) })
		}
	}
	for _, x := range spansOf(c, cor) {
		if x.written == "" {
			continue
		}
		path := "correlation." + x.key
		for _, d := range otherSpans(x.span) {
			m.add(OtherSpan, path, m.parsed.Doc.At(path), fmt.Sprintf("%s made %s", x.span, d), false, func(r *Rule) { x.set(r.Correlation, d.String()) })
		}
	}
	if cor.Baseline == nil {
		return
	}
	for i, rhythm := range cor.Baseline.Rhythm {
		path := "correlation.baseline.rhythm"
		m.add(Dropped, path, m.parsed.Doc.At(path), "left out: "+rhythm, false,
			func(r *Rule) {
				r.Correlation.Baseline.Rhythm = slices.Delete(slices.Clone(r.Correlation.Baseline.Rhythm), i, i+1)
			})
	}
}

// numbersOf are the numbers that decide when there is a hit. What is left out is not mutated.
func numbersOf(c *Compiled, cor *Correlation) []writtenNumber {
	var out []writtenNumber
	if t := cor.Condition; t != nil {
		bound := func(key, written string, n int, set func(*Threshold, string)) {
			out = append(out, writtenNumber{"condition." + key, written, n, func(c *Correlation, s string) {
				t := *c.Condition
				set(&t, s)
				c.Condition = &t
			}})
		}
		bound("gte", t.GTE, c.AtLeast, func(t *Threshold, s string) { t.GTE = s })
		bound("gt", t.GT, c.AtLeast-1, func(t *Threshold, s string) { t.GT = s })
		bound("lte", t.LTE, c.AtMost, func(t *Threshold, s string) { t.LTE = s })
		bound("lt", t.LT, c.AtMost+1, func(t *Threshold, s string) { t.LT = s })
		bound("eq", t.EQ, c.AtLeast, func(t *Threshold, s string) { t.EQ = s })
	}
	if b := cor.Baseline; b != nil {
		out = append(out,
			writtenNumber{"baseline.above", b.Above, c.Normal.Above, func(c *Correlation, s string) { c.Baseline.Above = s }},
			writtenNumber{"baseline.least", b.Least, c.Normal.Least, func(c *Correlation, s string) { c.Baseline.Least = s }},
			writtenNumber{"baseline.least_peers", b.LeastPeers, c.Normal.LeastPeers, func(c *Correlation, s string) { c.Baseline.LeastPeers = s }},
		)
	}
	return out
}

func spansOf(c *Compiled, cor *Correlation) []writtenSpan {
	timespan := cor.Timespan
	if c.Type == EventCount && c.AtLeast == 1 && c.AtMost == 0 {
		timespan = "" // every event is a hit, whatever else its window holds
	}
	out := []writtenSpan{
		{"timespan", timespan, c.Timespan, func(c *Correlation, s string) { c.Timespan = s }},
		{"min_history", cor.History, c.History, func(c *Correlation, s string) { c.History = s }},
		{"grace", cor.Grace, c.Grace, func(c *Correlation, s string) { c.Grace = s }},
		{"tolerance", cor.Tolerance, c.Tolerance, func(c *Correlation, s string) { c.Tolerance = s }},
	}
	if a := cor.Absence; a != nil {
		out = append(out,
			writtenSpan{"absence.before", a.Before, c.Before, func(c *Correlation, s string) { c.Absence.Before = s }},
			writtenSpan{"absence.after", a.After, c.After, func(c *Correlation, s string) { c.Absence.After = s }},
		)
	}
	if b := cor.Baseline; b != nil {
		out = append(out,
			writtenSpan{"baseline.every", b.Every, c.Normal.Every, func(c *Correlation, s string) { c.Baseline.Every = s }},
			writtenSpan{"baseline.history", b.History, c.Normal.History, func(c *Correlation, s string) { c.Baseline.History = s }},
		)
	}
	return out
}
