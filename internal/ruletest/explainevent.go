package ruletest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"probity/internal/engine"
	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/strictyaml"
	"probity/internal/table"
)

// HandWritten are events that somebody wrote to ask what a rule would say of them: the fields of one event, or a timeline as
// a rule's test has it, with events, lines and tables.
type HandWritten struct {
	Options
	File  rule.File   // of the events
	Rules []rule.File // the one rule, and what changes it

	// In force are the generation and tables that judge events which bring no tables of their own; nil: none are there.
	InForce *ExplainOptions
}

// Explain explains the last event that was written, or the nth from 1; all of them make up its window.
func (h HandWritten) Explain(nth int) ([]Explained, error) {
	c, err := h.testCase()
	if err != nil {
		return nil, err
	}
	in, timeline, err := h.stage(c)
	if err != nil {
		return nil, c.errorOf(h.File, err)
	}
	if nth == 0 {
		nth = len(timeline)
	}
	if nth < 1 || nth > len(timeline) {
		return nil, fmt.Errorf("%s: there is no event %d; it has %d", h.File.Name, nth, len(timeline))
	}
	judged := *in
	judged.Until = c.test.Until.Time
	x, err := NewExplainer(judged)
	if err != nil {
		return nil, err
	}
	for i, ev := range timeline {
		if i == nth-1 {
			x.Choose(ev, 0)
		}
		x.Add(ev)
	}
	return x.Explain()
}

// written is the form that every hand-written file is brought into, so that it is read as a test is.
type written struct {
	Test rule.Test `json:"t"`
}

// The lines and columns that the form adds before those of the file.
const (
	timelineForm = "t:\n"
	timelineIn   = 2
	eventForm    = "t:\n  events:\n    -\n"
	eventIn      = 6
)

// explainCase is a test case whose file was given a form.
type explainCase struct {
	testCase
	lines, columns int
}

// testCase reads the file as a test.
func (h HandWritten) testCase() (*explainCase, error) {
	var keys map[string]any
	if _, problems := strictyaml.Decode(h.File.Name, h.File.Data, &keys); len(problems) > 0 {
		return nil, problems
	}
	form, indent := eventForm, eventIn
	for _, k := range []string{"events", "lines", "tables", "until"} {
		if _, ok := keys[k]; ok {
			form, indent = timelineForm, timelineIn
		}
	}
	var text strings.Builder
	text.WriteString(form)
	for line := range strings.Lines(string(h.File.Data)) {
		text.WriteString(strings.Repeat(" ", indent) + line)
	}
	if h.Zone == nil {
		zone, err := time.LoadLocation("Europe/London")
		if err != nil {
			return nil, fmt.Errorf("no time zone data: %w; install tzdata", err)
		}
		h.Zone = zone
	}
	var w written
	doc, problems := strictyaml.Decode(h.File.Name, []byte(text.String()), &w)
	c := &explainCase{lines: strings.Count(form, "\n"), columns: indent}
	c.testCase = testCase{options: &h.Options, file: h.File, test: &w.Test, doc: doc, path: "t"}
	if len(problems) > 0 {
		return nil, c.errorOf(h.File, problems)
	}
	return c, nil
}

// errorOf puts problems where they stand in the file as it was written.
func (c *explainCase) errorOf(f rule.File, err error) error {
	var problems strictyaml.Problems
	if !errors.As(err, &problems) {
		return err
	}
	out := slices.Clone(problems)
	for i := range out {
		if out[i].File == f.Name {
			out[i].Line, out[i].Column = max(out[i].Line-c.lines, 1), max(out[i].Column-c.columns, 1)
		}
	}
	return out
}

// stage is what judges the timeline: the tables that it brings, or those in force.
func (h HandWritten) stage(c *explainCase) (*ExplainOptions, []*event.Event, error) {
	if h.InForce != nil && len(c.test.Tables) == 0 {
		timeline, _ := c.timeline(h.InForce.Generation.Rules.Schema)
		for _, ev := range timeline {
			unaccount(ev)
		}
		return h.InForce, timeline, c.problems.Err()
	}
	schema := c.schema()
	timeline, accounts := c.timeline(schema)
	if len(c.problems) > 0 {
		return nil, nil, c.problems
	}
	first, last := span(timeline)
	set := table.NewSet(c.options.Zone, c.tables(accounts, first, last)...)
	schema.AddLookups(set.Lookups()...)
	rules, problems := rule.Load(schema, h.Rules)
	if problems = append(c.problems, problems...); len(problems) > 0 {
		return nil, nil, problems
	}
	g := engine.NewGeneration(engine.GenerationOptions{Rules: rules, People: set, Days: c.options.Zone})
	return &ExplainOptions{Generation: g, Tables: set.Versions()}, timeline, nil
}

// unaccount takes back the account that the harness gives a person who was written without one: the tables in force do not
// hold it, and the person stands as written.
func unaccount(ev *event.Event) {
	for _, f := range []struct{ id, name event.Field }{{event.FieldUserID, event.FieldUserName}, {event.FieldRequestorID, event.FieldRequestorName}} {
		if id := ev.Text(f.id); id != "" && id == ev.Text(f.name) {
			ev.Slots[f.name] = event.Value{}
		}
	}
}

// OfRule returns the files that make up one rule: its own, and the overlay that changes it.
func OfRule(files []rule.File, id string) (out []rule.File, err error) {
	var ids []string
	found := false
	for _, f := range files {
		var head map[string]any
		if _, problems := strictyaml.Decode(f.Name, f.Data, &head); len(problems) > 0 {
			continue
		}
		key := "id"
		if rule.IsOverlay(f.Data) {
			key = "overlay"
		}
		name, _ := head[key].(string)
		if name == id {
			out = append(out, f)
		}
		if key == "id" && name != "" {
			ids = append(ids, name)
			found = found || name == id
		}
	}
	if found {
		return out, nil
	}
	slices.Sort(ids)
	if near := strictyaml.Nearest(id, ids); near != "" {
		return nil, fmt.Errorf("no rule %q; did you mean %s?", id, near)
	}
	if len(ids) > maxNamed {
		return nil, fmt.Errorf("no rule %q among %d", id, len(ids))
	}
	return nil, fmt.Errorf("no rule %q; the rules are %s", id, strings.Join(ids, ", "))
}

// maxNamed is how many rules an error names.
const maxNamed = 30
