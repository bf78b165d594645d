package ruletest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"probity/internal/engine"
	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/table"
)

// Explainer says why a rule did, or did not, alert on events. It is given all events that belong to the story, in any order,
// judges each with the engine, and explains those that were chosen: every part of the condition, and how far the window of
// its key was from firing. It keeps the matches of its one rule, not the events.
type Explainer struct {
	generation *engine.Generation
	rule       *rule.Compiled
	tables     []table.Version
	matcher    *engine.Matcher
	eval       *rule.Eval
	buffer     []engine.Match
	counted    map[string][]engine.Match // by group key
	held       map[string][]heldMatch    // by group key: matches that are undecided or suppressed
	chosen     []chosen
}

// heldMatch is a match that does not count.
type heldMatch struct {
	time    int64
	outcome engine.Outcome
}

// chosen is an event to be explained.
type chosen struct {
	record *event.Record
	line   int
}

// ExplainOptions are what an Explainer judges with. The generation holds the one rule.
type ExplainOptions struct {
	Generation *engine.Generation
	Tables     []table.Version
}

// NewExplainer returns an explainer of the generation's one rule.
func NewExplainer(o ExplainOptions) (*Explainer, error) {
	if n := len(o.Generation.Rules.Rules); n != 1 {
		return nil, fmt.Errorf("explain: %d rules, one is needed", n)
	}
	return &Explainer{
		generation: o.Generation, rule: o.Generation.Rules.Rules[0], tables: o.Tables,
		matcher: o.Generation.NewMatcher(nil), eval: o.Generation.Rules.NewEval(),
		counted: map[string][]engine.Match{}, held: map[string][]heldMatch{},
	}, nil
}

// Add takes an event into account. The event may be reused afterwards.
func (x *Explainer) Add(ev *event.Event) {
	x.buffer = x.matcher.Match(ev, x.buffer[:0])
	for _, m := range x.buffer {
		if m.Outcome == engine.Counted {
			m.Record = nil // alerts are counted here, not quoted
			m.Key = strings.Clone(m.Key)
			x.counted[m.Key] = append(x.counted[m.Key], m)
			continue
		}
		for _, k := range x.matcher.GroupKeys(x.rule, m.Role, ev) {
			x.held[k] = append(x.held[k], heldMatch{m.Entry.Time, m.Outcome})
		}
	}
}

// Choose marks an event that was added, or will be, to be explained; line is where it stands in its file, 0 if it has none.
func (x *Explainer) Choose(ev *event.Event, line int) {
	x.chosen = append(x.chosen, chosen{ev.Record(x.generation.Rules.Schema, ev.Identity()), line})
}

// Chosen is the number of events that will be explained.
func (x *Explainer) Chosen() int { return len(x.chosen) }

// Explained is a rule over one event.
type Explained struct {
	Rule   RuleBrief         `json:"rule"`
	Event  EventBrief        `json:"event"`
	Meets  bool              `json:"meets"` // the daemon asks the rule about this event at all
	Index  []rule.IndexField `json:"index"`
	Tables []TableState      `json:"tables,omitempty"`
	Roles  []RoleExplained   `json:"roles"`
}

// RuleBrief names a rule.
type RuleBrief struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
	Title   string `json:"title"`
	File    string `json:"file"`
}

// EventBrief is an event without its bytes.
type EventBrief struct {
	ID       string         `json:"id"`
	Time     time.Time      `json:"@timestamp"`
	Source   string         `json:"source"`
	Path     string         `json:"log.file.path,omitempty"`
	Line     int            `json:"line,omitempty"`
	NativeID string         `json:"native_id,omitempty"`
	Fields   map[string]any `json:"fields"`
}

// RoleExplained is a rule over one event for one of its people.
type RoleExplained struct {
	Role       string               `json:"role"`
	Outcome    string               `json:"outcome"` // see the constants
	Because    string               `json:"because"`
	Sides      []SideExplained      `json:"sides,omitempty"`
	Exceptions []ExceptionExplained `json:"exceptions,omitempty"`
	Facts      []FactExplained      `json:"facts,omitempty"`
	NoKey      []string             `json:"no_key,omitempty"` // fields of the group key, or the counted one, that are unknown
	Groups     []GroupExplained     `json:"groups,omitempty"` // several where a field of the key is a list
}

// SideExplained is one thing that an event can be to a rule: what it looks for, one step of several, or the link that accounts
// for what it looks for.
type SideExplained struct {
	Name      string           `json:"name,omitempty"` // "" where there is but one
	Link      bool             `json:"link,omitempty"`
	Condition rule.Explanation `json:"condition"`
}

// Outcomes of a rule over an event for a role.
const (
	OutcomeCounted    = "counted"    // it counts towards an alert
	OutcomeUndecided  = "undecided"  // it waits for a newer table
	OutcomeSuppressed = "suppressed" // by an exception
	OutcomeUnknown    = "unknown"    // a field is missing for good
	OutcomeFalse      = "false"      // the condition does not hold
	OutcomeNotMet     = "not met"    // the index keeps the event from the rule
	OutcomeNobody     = "nobody"     // the record names nobody in this role
)

// ExceptionExplained is an exception over one event.
type ExceptionExplained struct {
	Reason     string           `json:"reason"`
	ApprovedBy string           `json:"approved_by"`
	Expires    time.Time        `json:"expires"`
	Expired    bool             `json:"expired"` // by the time of the event
	Condition  rule.Explanation `json:"condition"`
}

// FactExplained is a fact over one event.
type FactExplained struct {
	Say       string           `json:"say"`
	Speaks    string           `json:"speaks"`
	Condition rule.Explanation `json:"condition"`
}

// Explain explains the chosen events in the order of their times.
func (x *Explainer) Explain() ([]Explained, error) {
	slices.SortStableFunc(x.chosen, func(a, b chosen) int { return a.record.Time.Compare(b.record.Time) })
	out := make([]Explained, 0, len(x.chosen))
	for _, c := range x.chosen {
		e, err := x.explain(c)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func (x *Explainer) explain(c chosen) (Explained, error) {
	set, r := x.generation.Rules, x.rule
	var ev event.Event
	if err := c.record.Event(set.Schema, &ev); err != nil {
		return Explained{}, err
	}
	x.matcher.Resolve(&ev)
	id := ev.Identity()
	resolved := ev.Record(set.Schema, id) // with the persons that the tables know
	e := Explained{
		Rule: RuleBrief{ID: r.ID, Version: r.Version, Title: r.Title, File: r.File},
		Event: EventBrief{
			ID: id.String(), Time: resolved.Time, Source: resolved.Source, Path: resolved.Path, Line: c.line,
			NativeID: resolved.NativeID, Fields: resolved.Fields,
		},
		Tables: x.tableStates(ev.Time()),
	}
	e.Index, e.Meets = r.ExplainIndex(set.Schema, &ev)
	for _, role := range r.Roles {
		e.Roles = append(e.Roles, x.role(role, &ev, id, &e))
	}
	return e, nil
}

// role explains one role; what the rule says is what the engine says, the rest is told beside it.
func (x *Explainer) role(role rule.Role, ev *event.Event, id event.ID, e *Explained) RoleExplained {
	out := RoleExplained{Role: role.String()}
	if role == rule.Requestor && !ev.Slots[event.FieldRequestorID].Has() {
		out.Outcome, out.Because = OutcomeNobody, "the record names no requester"
		return out
	}
	x.eval.Begin(ev)
	x.eval.For(role)
	for _, side := range x.rule.Sides {
		out.Sides = append(out.Sides, SideExplained{side.Name, side.Link, x.eval.Explain(side.Cond)})
	}
	for _, c := range x.rule.Exceptions {
		out.Exceptions = append(out.Exceptions, ExceptionExplained{
			Reason: c.Reason, ApprovedBy: c.ApprovedBy, Expires: time.Unix(0, c.Expires).UTC(),
			Expired: ev.Time() >= c.Expires, Condition: x.eval.Explain(c.Cond),
		})
	}
	for i, f := range x.rule.Rule.Facts {
		out.Facts = append(out.Facts, FactExplained{f.Say, f.Speaks, x.eval.Explain(x.rule.Facts[i])})
	}
	fields := x.rule.GroupBy
	if x.rule.Value != nil {
		fields = append(slices.Clone(fields), *x.rule.Value)
	}
	for _, g := range fields {
		if _, known := x.eval.Value(g.Term); !known {
			out.NoKey = append(out.NoKey, g.Name)
		}
	}
	var matches []engine.Match
	if e.Meets {
		matches = x.matcher.Rejudge(x.rule, role, ev, nil)
	}
	out.conclude(matches, e.Meets, ev.Time(), x.rule)
	for _, key := range x.matcher.GroupKeys(x.rule, role, ev) {
		out.Groups = append(out.Groups, x.group(key, ev, id, matches))
	}
	return out
}

// conclude says what the engine made of the event and why. Of several sides the one that came furthest speaks.
func (r *RoleExplained) conclude(matches []engine.Match, meets bool, at int64, c *rule.Compiled) {
	best := rule.False
	for _, side := range r.Sides {
		best = max(best, side.Condition.Verdict)
	}
	switch {
	case !meets:
		r.Outcome, r.Because = OutcomeNotMet, "the rule is not about such events; see the index"
	case len(matches) == 0 && best == rule.False:
		r.Outcome, r.Because = OutcomeFalse, "the condition is false"
	case len(matches) == 0 && len(r.NoKey) > 0 && best != rule.UnknownField:
		r.Outcome, r.Because = OutcomeUnknown, "nobody knows what it counts for: "+strings.Join(r.NoKey, ", ")
	case len(matches) == 0:
		r.Outcome, r.Because = OutcomeUnknown, "something is missing in the record, which no newer table will supply"
	case hasOutcome(matches, engine.Counted):
		r.Outcome, r.Because = OutcomeCounted, "the condition is true"
		if i := slices.IndexFunc(matches, func(m engine.Match) bool { return m.Outcome == engine.Counted }); r.Sides[matches[i].Entry.Step].Link {
			r.Because = "the condition of the link is true: it accounts for others"
		}
	case hasOutcome(matches, engine.Undecided):
		r.Outcome = OutcomeUndecided
		r.Because = "a table does not say; it waits for a newer one until " + stamp(time.Unix(0, at).Add(c.Wait))
	default:
		r.Outcome, r.Because = OutcomeSuppressed, "an exception holds it back"
		for _, x := range r.Exceptions {
			if !x.Expired && x.Condition.Verdict == rule.True {
				r.Because += ": " + x.Reason
				break
			}
		}
	}
}

func hasOutcome(matches []engine.Match, o engine.Outcome) bool {
	return slices.ContainsFunc(matches, func(m engine.Match) bool { return m.Outcome == o })
}

// TableState is a table that the rule asks, as far as it can answer for the event's time.
type TableState struct {
	Name    string         `json:"name"`
	Version *table.Version `json:"version,omitempty"` // nil: not there
	Answers string         `json:"answers"`           // a plain sentence
}

// tableStates tells of each table that condition, exceptions and facts ask.
func (x *Explainer) tableStates(at int64) (out []TableState) {
	when := time.Unix(0, at)
	for _, name := range x.generation.Rules.Tables(conditions(x.rule)...) {
		s := TableState{Name: name, Answers: "is not there: whatever asks it is undecided"}
		if i := slices.IndexFunc(x.tables, func(v table.Version) bool { return v.Name == name }); i >= 0 {
			v := x.tables[i]
			s.Version = &v
			s.Answers = answers(&v, when)
		}
		out = append(out, s)
	}
	return out
}

// conditions are all that a rule evaluates.
func conditions(r *rule.Compiled) []*rule.Cond {
	out := slices.Clone(r.Facts)
	for _, side := range r.Sides {
		out = append(out, side.Cond)
	}
	for _, x := range r.Exceptions {
		out = append(out, x.Cond)
	}
	return out
}

// answers says what a table that is there can say about an instant.
func answers(v *table.Version, at time.Time) string {
	miss := "; who or what is not in it is undecided"
	if v.Miss == table.MissNo {
		miss = "; it is complete: what is not in it is not so"
	}
	switch maxAge := v.StaleAt.Sub(v.ExportedAt); {
	case !v.CoversFrom.IsZero() && !at.Before(v.CoversFrom) && at.Before(v.CoversTo):
		return "covers the time of the event" + miss
	case at.Sub(v.ExportedAt).Abs() <= maxAge:
		return "was exported within its max_age of the event; rows with dates answer for what it covers only" + miss
	}
	return "does not cover the time of the event: whatever asks it is undecided"
}
