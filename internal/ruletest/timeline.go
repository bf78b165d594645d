package ruletest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"probity/internal/event"
	"probity/internal/strictyaml"
)

// maxTimeline bounds the events of one test, bursts included.
const maxTimeline = 10_000

// account is one that the harness adds to the people table.
type account struct{ staff, dataset, name string }

// timeline returns the test's events in the order written, those of lines last, and the accounts that people must hold.
func (c *testCase) timeline(s *event.Schema) (events []*event.Event, accounts []account) {
	for i, given := range c.test.Events {
		r := eventReader{c: c, schema: s, path: fmt.Sprintf("events.%d", i), given: given}
		one := r.read()
		accounts = append(accounts, r.accounts...)
		for n := range r.repeat {
			if len(events) == maxTimeline {
				c.problem(r.path, fmt.Sprintf("more than %d events", maxTimeline), "test with fewer")
				return nil, nil
			}
			ev := *one
			ev.Slots = slices.Clone(one.Slots)
			ev.Slots[event.FieldTime] = event.TimeValue(one.Time() + int64(n)*int64(r.every))
			ev.Ingested += int64(n) * int64(r.every)
			ev.NativeID = "event " + strconv.Itoa(len(events)+1)
			events = append(events, &ev)
		}
	}
	events = append(events, c.lines(s)...)
	if len(events) == 0 && len(c.problems) == 0 {
		c.problems = append(c.problems, c.doc.Problem(c.path, "a test without events or lines", "write what happened"))
	}
	slices.SortFunc(accounts, func(a, b account) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return events, slices.Compact(accounts)
}

// eventReader reads one entry of events.
type eventReader struct {
	c        *testCase
	schema   *event.Schema
	path     string
	given    map[string]any
	repeat   int
	every    time.Duration
	accounts []account
	ev       event.Event
}

func (r *eventReader) problem(key, what, do string) { r.c.problem(r.path+"."+key, what, do) }

func (r *eventReader) read() *event.Event {
	r.ev.Reset(r.schema)
	r.repeat = 1
	for _, key := range slices.Sorted(maps.Keys(r.given)) {
		switch v := r.given[key]; {
		case key == "repeat" || key == "every":
			r.burst(key, v)
		case key == "event.ingested":
			r.readAt(v)
		case key == "native":
			r.natives(v)
		default:
			r.field(key, v)
		}
	}
	if r.repeat > 1 && r.every == 0 {
		r.c.problem(r.path, "repeat without every", "write every: 1m")
	}
	if _, given := r.given["event.time"]; !given {
		r.c.problem(r.path, "an event without event.time", "write event.time: 2026-03-02T14:05:17Z")
	}
	if _, given := r.given["event.dataset"]; !given {
		r.c.problem(r.path, "an event without event.dataset", "write event.dataset: niche, or another system")
	}
	r.ev.Origin.Source = r.ev.Text(event.FieldDataset)
	r.person(event.FieldUserID, event.FieldUserName)
	r.person(event.FieldRequestorID, event.FieldRequestorName)
	return &r.ev
}

func (r *eventReader) burst(key string, v any) {
	var err error
	if key == "every" {
		if r.every, err = strictyaml.ParseDuration(fmt.Sprint(v)); err != nil || r.every == 0 {
			r.problem(key, fmt.Sprintf("every: %v", v), "write a length of time such as 1m")
		}
		return
	}
	if r.repeat, err = strconv.Atoi(fmt.Sprint(v)); err != nil || r.repeat < 1 || r.repeat > maxTimeline {
		r.problem(key, fmt.Sprintf("repeat: %v", v), fmt.Sprintf("write a number from 1 to %d", maxTimeline))
		r.repeat = 1
	}
}

// readAt says when the record was read, as it was written: what lies between that and its time is the clocks'.
func (r *eventReader) readAt(v any) {
	at, ok := coerce(event.Time, v)
	if !ok {
		r.problem("event.ingested", fmt.Sprintf("event.ingested: %v", v), kindHint(event.Time))
	}
	r.ev.Ingested, r.ev.Live = at.Num, ok
}

func (r *eventReader) natives(v any) {
	m, ok := v.(map[string]any)
	if !ok {
		r.problem("native", "native is not a mapping", `write native: {Name: text}`)
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		r.field(event.NativePrefix+name, m[name])
	}
}

func (r *eventReader) field(name string, v any) {
	f, known := r.schema.Field(name)
	if native, ok := strings.CutPrefix(name, event.NativePrefix); ok && native != "" {
		r.ev.Native = append(r.ev.Native, event.Pair{Name: native, Text: fmt.Sprint(v)})
		if !known {
			return
		}
	}
	if !known {
		r.problem(name, "unknown field "+name, r.suggest(name))
		return
	}
	kind := r.schema.Info(f).Kind
	value, ok := coerce(kind, v)
	if !ok {
		r.problem(name, fmt.Sprintf("%s is a %s, not %v", name, kind, v), kindHint(kind))
		return
	}
	r.ev.Slots[f] = value
}

func (r *eventReader) suggest(name string) string {
	names := []string{"repeat", "every", "native", "event.ingested"}
	for _, f := range r.schema.Fields() {
		names = append(names, f.Name)
	}
	if near := strictyaml.Nearest(name, names); near != "" {
		return "did you mean " + near + "?"
	}
	return "rules/README.md lists the fields; write native ones as fields.NAME"
}

// coerce reads a YAML value as a field's kind; what a condition could not compare is refused.
func coerce(k event.Kind, v any) (event.Value, bool) {
	switch v := v.(type) {
	case string:
		switch k {
		case event.String:
			return event.StringValue(v), true
		case event.Time:
			if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
				return event.TimeValue(t.UnixNano()), true
			}
		case event.List:
			return event.ListValue([]string{v}), v != ""
		}
	case int64:
		return event.IntValue(v), k == event.Int
	case bool:
		return event.BoolValue(v), k == event.Bool
	case []any:
		list := make([]string, len(v))
		for i, el := range v {
			s, ok := el.(string)
			if !ok {
				return event.Value{}, false
			}
			list[i] = s
		}
		return event.ListValue(list), k == event.List
	}
	return event.Value{}, false
}

func kindHint(k event.Kind) string {
	switch k {
	case event.String:
		return `quote it: "…"`
	case event.Time:
		return "write 2026-03-02T14:05:17Z"
	case event.List:
		return "write [a, b]"
	case event.Bool:
		return "write true or false"
	}
	return "write a number"
}

// person turns an id given without an account into an account of that name, which people then hold.
func (r *eventReader) person(id, name event.Field) {
	staff := r.ev.Text(id)
	if staff == "" || r.ev.Text(name) != "" {
		return
	}
	r.ev.Slots[name] = event.StringValue(staff)
	r.accounts = append(r.accounts, account{staff: staff, dataset: r.ev.Text(event.FieldDataset), name: staff})
}
