package ruletest

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"time"

	"probity/internal/alert"
	"probity/internal/engine"
	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/window"
)

// GroupExplained is the window of one group key at the time of an event, and the alerts that came of it.
type GroupExplained struct {
	Key    []alert.KeyPart `json:"key"`
	Window WindowExplained `json:"window"`
	Alerts []AlertBrief    `json:"alerts,omitempty"` // over all events given: those that hold the event, or in whose period it falls
}

// WindowExplained is how far a key was from an alert at the time of an event. The engine has been asked by trying: what it
// would do with one more event, with two, and so on.
type WindowExplained struct {
	Shape  string        `json:"shape"`
	After  time.Time     `json:"after"` // the window holds what came later than this …
	To     time.Time     `json:"to"`    // … and not later than this
	Need   int           `json:"need"`
	Most   int           `json:"most,omitempty"`  // more make no hit
	Have   int           `json:"have"`            // events; of value_count, values; of value_sum, what they add up to
	Fires  bool          `json:"fires"`           // with this event; where the shape waits for more, when all events given have been read
	Waits  bool          `json:"waits,omitempty"` // the shape is decided when nothing more can come
	More   int           `json:"more"`            // further events of the same kind that would make it fire; -1: none that was tried
	By     *time.Time    `json:"by,omitempty"`
	Held   HeldBack      `json:"held_back,omitzero"`
	Later  int           `json:"later"` // matching events of the key that followed within the timespan
	Events []WindowEvent `json:"events,omitempty"`
	Left   int           `json:"left_out,omitempty"`

	Usual  *UsualExplained  `json:"usual,omitempty"`  // of a baseline
	Source *SourceExplained `json:"source,omitempty"` // of a rule that watches a source

	values map[uint64]bool
}

// HeldBack counts matches in the window that do not count.
type HeldBack struct {
	Undecided  int `json:"undecided"`
	Suppressed int `json:"suppressed"`
}

// WindowEvent is an event in the window.
type WindowEvent struct {
	ID   string    `json:"id"`
	Time time.Time `json:"@timestamp"`
	Side string    `json:"side,omitempty"` // which step it is, or the link
	This bool      `json:"this,omitempty"`
}

// AlertBrief is an alert without its records.
type AlertBrief struct {
	Period alert.Period `json:"period"`
	Count  int          `json:"count"`
	First  time.Time    `json:"first"`
	Last   time.Time    `json:"last"`
	Holds  bool         `json:"holds_event"`

	Measures []string `json:"measures,omitempty"`
}

// Shapes that a window's text depends on.
const (
	singleEvent = "single event"
	eventCount  = "event_count"
	valueCount  = "value_count"
	valueSum    = "value_sum"
)

const (
	maxTried       = 1000              // further events that are tried
	maxWindowShown = 20                // events of a window
	allRead        = math.MaxInt64 / 2 // a watermark behind everything: what waits for more is decided
)

func (x *Explainer) group(key string, ev *event.Event, id event.ID, matches []engine.Match) GroupExplained {
	all := x.counted[key]
	slices.SortStableFunc(all, func(a, b engine.Match) int {
		return cmp.Or(cmp.Compare(a.Entry.Time, b.Entry.Time), a.Entry.ID.Compare(b.Entry.ID))
	})
	var this []engine.Match
	for _, m := range matches {
		if m.Outcome == engine.Counted && m.Key == key {
			this = append(this, m)
		}
	}
	out := GroupExplained{Key: engine.KeyParts(x.rule, key), Alerts: x.alerts(all, ev.Time(), id)}
	out.Window = x.window(key, all, ev.Time(), id)
	w := &out.Window
	if x.measure(w, key, all, this, ev.Time()); w.Usual != nil {
		return out
	}
	if w.Waits {
		w.Fires = slices.ContainsFunc(out.Alerts, func(a AlertBrief) bool { return a.Holds })
	} else {
		x.try(w, key, all, this, ev.Time(), id)
	}
	return out
}

// window lists what lies in the window at an instant.
func (x *Explainer) window(key string, all []engine.Match, at int64, id event.ID) WindowExplained {
	r := x.rule
	after, to := at-int64(r.Timespan), at
	w := WindowExplained{Shape: singleEvent, Need: r.AtLeast, Most: r.AtMost, More: -1, values: map[uint64]bool{}}
	if r.Correlation != nil {
		w.Shape = r.Correlation.Type
	}
	switch w.Shape {
	case "absence":
		w.Waits, after, to = true, at-int64(r.Before)-1, at+int64(r.After)
	case rule.NewValue, rule.BaselineType, rule.SilenceType, rule.GapType, rule.ClockSkewType:
		w.Waits = true
	}
	w.Waits = w.Waits || w.Most > 0
	if n := r.Normal; n != nil {
		after = at - int64(n.Every)
	}
	w.After, w.To = utc(after), utc(to)
	var entries []window.Entry
	for _, m := range all {
		if r.Measured() || r.Normal != nil {
			break // what it holds are no events
		}
		if t := m.Entry.Time; t > after && t <= to {
			entries = append(entries, m.Entry)
		}
		switch t := m.Entry.Time; {
		case t > after && t <= to:
			w.add(m, sideOf(r, m), id)
		case t > to && t-at < int64(r.Timespan):
			w.Later++
		}
	}
	switch w.Shape {
	case valueCount:
		w.Have = len(w.values)
	case valueSum:
		w.Have = int(min(window.Sum(entries), math.MaxInt))
	}
	for _, h := range x.held[key] {
		if h.time > after && h.time <= to {
			w.Held.add(h.outcome)
		}
	}
	return w
}

// try asks the engine: all that came up to the event's time, ties included, then the event, then further ones like it. Values
// are new ones each time, so that they count.
func (x *Explainer) try(w *WindowExplained, key string, all, this []engine.Match, at int64, id event.ID) {
	var before []engine.Match
	for _, m := range all {
		if m.Entry.Time <= at && m.Entry.ID != id {
			before = append(before, m)
		}
	}
	state := engine.NewState(x.generation, 1)
	fires := func(ms []engine.Match) bool {
		return len(state.Apply(ms, []int64{engine.Never}, engine.Serially).Drafts) > 0
	}
	fires(before)
	if len(this) > 0 && fires(this) {
		w.Fires, w.More = true, 0
		return
	}
	m := engine.Match{Rule: x.rule, Outcome: engine.Counted, Key: key}
	switch w.Shape {
	case singleEvent, eventCount, valueCount:
	case valueSum:
		if len(this) == 0 || this[0].Entry.Value == 0 {
			return
		}
		m.Entry.Value = this[0].Entry.Value
	default:
		return // which step would be next, and what it would carry, cannot be guessed
	}
	m.Entry.Time = at
	for i := range m.Entry.ID {
		m.Entry.ID[i] = 0xff // behind every real one
	}
	for n := 1; n <= maxTried; n++ {
		binary.BigEndian.PutUint32(m.Entry.ID[len(m.Entry.ID)-4:], uint32(n))
		if w.Shape == valueCount {
			m.Entry.Value = math.MaxUint64 - uint64(n)
		}
		if fires([]engine.Match{m}) {
			w.More = n
			break
		}
	}
	if len(w.Events) > 0 && w.More > 0 && x.rule.Timespan > 1 {
		by := w.Events[0].Time.Add(x.rule.Timespan)
		w.By = &by
	}
}

// add counts an event of the window.
func (w *WindowExplained) add(m engine.Match, side string, id event.ID) {
	w.values[m.Entry.Value] = true
	e := WindowEvent{m.Entry.ID.String(), utc(m.Entry.Time), side, m.Entry.ID == id}
	if n := len(w.Events); n > 0 && w.Events[n-1] == e {
		return // a doubled record, one event in two roles, or with two values
	}
	w.Have++
	if len(w.Events) == maxWindowShown {
		w.Left++
		return
	}
	w.Events = append(w.Events, e)
}

func (h *HeldBack) add(o engine.Outcome) {
	if o == engine.Undecided {
		h.Undecided++
	} else {
		h.Suppressed++
	}
}

// alerts are those that all events of the key make when nothing more can come: the ones that hold the event, or in whose
// period it falls.
func (x *Explainer) alerts(all []engine.Match, at int64, id event.ID) (out []AlertBrief) {
	state := engine.NewState(x.generation, 1)
	mark := int64(allRead)
	if !x.until.IsZero() {
		mark = x.until.UnixNano()
	}
	for _, d := range state.Apply(all, []int64{mark}, engine.Serially).Drafts {
		a := d.Alert
		brief := AlertBrief{Period: a.Period, Count: a.Count, First: a.First, Last: a.Last, Holds: slices.Contains(a.EventIDs, id.String()), Measures: d.Measured()}
		if x.rule.Measured() {
			brief.Holds = holds(a, at)
		}
		falls := !a.Period.Start.After(utc(at)) && a.Period.End.After(utc(at))
		if a.Count > 0 && a.Status != alert.Withdrawn && (brief.Holds || falls) {
			out = append(out, brief)
		}
	}
	slices.SortFunc(out, func(a, b AlertBrief) int { return a.Period.Start.Compare(b.Period.Start) })
	return out
}

func utc(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// sideOf names what an event is to a rule: a step, the link, or what may have been one of those that count.
func sideOf(r *rule.Compiled, m engine.Match) string {
	if int(m.Entry.Step) >= len(r.Sides) {
		return "unknown"
	}
	return r.Sides[m.Entry.Step].Name
}
