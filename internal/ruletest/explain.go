package ruletest

import (
	"cmp"
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
	until      time.Time
	matcher    *engine.Matcher
	eval       *rule.Eval
	buffer     []engine.Match
	counted    map[string][]engine.Match // by group key
	held       map[string][]heldMatch    // by group key: matches that are undecided or suppressed
	chosen     []chosen
	whole      *engine.State // all that counts, not yet judged; made when a baseline asks
}

// heldMatch is a match that does not count.
type heldMatch struct {
	time    int64
	outcome engine.Outcome
}

// chosen is an event to be explained.
type chosen struct {
	record *event.Kept
	line   int
}

// ExplainOptions are what an Explainer judges with. The generation holds the one rule.
type ExplainOptions struct {
	Generation *engine.Generation
	Tables     []table.Version
	Until      time.Time // nothing before it is missing any more, and what comes after it may still come; zero: all was read
}

// NewExplainer returns an explainer of the generation's one rule.
func NewExplainer(o ExplainOptions) (*Explainer, error) {
	if d := o.Generation.Rules.Disabled; len(d) > 0 {
		return nil, fmt.Errorf("rule %s is switched off by an overlay: it says nothing of any event", d[0].ID)
	}
	if n := len(o.Generation.Rules.Rules); n != 1 {
		return nil, fmt.Errorf("explain: %d rules, one is needed", n)
	}
	return &Explainer{
		generation: o.Generation, rule: o.Generation.Rules.Rules[0], tables: o.Tables, until: o.Until,
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
	x.chosen = append(x.chosen, chosen{ev.Keep(x.generation.Rules.Schema, ev.Identity()), line})
}

// Explain explains the chosen events in the order of their times.
func (x *Explainer) Explain() ([]Explained, error) {
	slices.SortStableFunc(x.chosen, func(a, b chosen) int { return cmp.Compare(a.record.Time(), b.record.Time()) })
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
	known := slices.DeleteFunc(slices.Clone(matches), func(m engine.Match) bool { return int(m.Entry.Step) >= len(c.Sides) })
	if len(known) == 0 && len(matches) > 0 {
		r.Outcome, r.Because = OutcomeUnknown, "something is missing in the record; its value is no new one any more"
		return
	}
	matches = known
	best := rule.False
	for _, side := range r.Sides {
		best = max(best, side.Condition.Verdict)
	}
	switch {
	case !meets && c.OfAlerts:
		r.Outcome, r.Because = OutcomeNotMet, "the rule is judged over alerts, not over what the logs hold; see the index"
	case !meets:
		r.Outcome, r.Because = OutcomeNotMet, "the rule is not about such events; see the index"
	case len(matches) == 0 && best == rule.False:
		r.Outcome, r.Because = OutcomeFalse, "the condition is false"
	case len(matches) == 0 && len(r.NoKey) > 0 && best != rule.UnknownField:
		r.Outcome, r.Because = OutcomeUnknown, "nobody knows what it counts for: "+strings.Join(r.NoKey, ", ")
	case len(matches) == 0 && best >= rule.Undecided && c.Type == rule.ClockSkewType:
		r.Outcome, r.Because = OutcomeUnknown, "only what the daemon reads as it is written says something of the clocks"
	case len(matches) == 0 && best >= rule.Undecided && (c.Type == rule.ValueSum || c.Type == rule.GapType):
		r.Outcome, r.Because = OutcomeUnknown, c.Value.Name+" is below 0, and such numbers are not counted"
	case len(matches) == 0:
		r.Outcome, r.Because = OutcomeUnknown, "something is missing in the record, which no newer table will supply"
	case hasOutcome(matches, engine.Counted):
		r.Outcome, r.Because = OutcomeCounted, "the condition is true"
		if i := slices.IndexFunc(matches, func(m engine.Match) bool { return m.Outcome == engine.Counted }); c.Sides[matches[i].Entry.Step].Link {
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

// hasOutcome reports whether some match came out so.
func hasOutcome(matches []engine.Match, o engine.Outcome) bool {
	return slices.ContainsFunc(matches, func(m engine.Match) bool { return m.Outcome == o })
}
