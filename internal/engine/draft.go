package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/window"
)

// Draft is an alert without the records that it quotes, its public id and its revision.
type Draft struct {
	Alert *alert.Alert
	Quote []window.Entry // whose records it quotes, in order
	Holds []window.Entry // whose records it may quote: a later revision may be without some of the first
	Rule  *rule.Compiled

	gen     *Generation
	entries []window.Entry
	sum     uint64 // value_sum: what the values add up to
}

const withdrawnByLateFact = "an event that came later than its source is allowed accounts for it"

const withdrawnByAlerts = "alerts that it counted were withdrawn or revised, and what is left of them is not enough"

func (s *State) draft(c Change, open window.Open) Draft {
	r, entries := c.rule, open.Entries
	start := c.period * int64(r.Period)
	a := &alert.Alert{
		Schema: alert.SchemaVersion, Status: alert.Open, Marking: s.gen.Marking,
		Rule: alert.Rule{
			ID: r.ID, Version: r.Version, Type: typeOf(r), Title: r.Title, Severity: r.Severity, Hash: r.Hash, Overlay: r.Overlay,
			Proportionality: r.Proportionality, Response: r.Response, FalsePositives: r.FalsePositives,
			Controls: map[string][]string{},
		},
		Group:      KeyParts(r, c.key),
		Period:     alert.Period{Start: utc(start), End: utc(start + int64(r.Period))},
		Count:      len(entries),
		Tables:     s.gen.Tables,
		Generation: s.gen.Hash,
	}
	for k, v := range r.Controls {
		a.Rule.Controls[k] = v
	}
	d := Draft{Alert: a, Rule: r, gen: s.gen}
	if len(entries) == 0 {
		a.Status, a.Reason = alert.Withdrawn, c.withdrawn
		switch {
		case a.Reason != "":
		case r.OfAlerts:
			a.Reason = withdrawnByAlerts
		default:
			a.Reason = withdrawnByLateFact
		}
		return d
	}
	a.First, a.Last = utc(entries[0].Time), utc(entries[len(entries)-1].Time)
	d.entries, d.sum = entries, window.Sum(entries)
	s.draftMeasures(a, r, open.Measures)
	a.Expired = expired(r, a.Last)
	if r.Measured() {
		return d
	}
	for i, e := range entries {
		if i < alert.MaxEventIDs {
			a.EventIDs = append(a.EventIDs, e.ID.String())
		}
		if i < r.Quote {
			d.Quote = append(d.Quote, e)
		}
	}
	d.Holds = d.Quote
	if s.specs[r.Index].Deferred() {
		d.Holds = entries
	}
	if s.GivenUp(r, start+int64(r.Period)) {
		slices.Sort(a.EventIDs) // as they are when revisions are joined, however often that was
	}
	a.Facts = factsOfEntries(r, entries)
	s.draftUnknowns(a, r, len(entries))
	if h := s.specs[r.Index].Horizon; h != 0 && a.First.UnixNano()-int64(r.Timespan) < h {
		a.Unknowns = append(a.Unknowns, fmt.Sprintf("memory ran short: events before %s may not be counted", utc(h).Format(time.RFC3339)))
	}
	if since, ok := s.Warming(r); ok && a.First.UnixNano()-int64(r.Timespan) < since {
		a.Unknowns = append(a.Unknowns, fmt.Sprintf("the rule has been watching since %s only; earlier events are not counted", utc(since).Format(time.RFC3339)))
	}
	return d
}

func typeOf(r *rule.Compiled) string {
	if r.Correlation == nil {
		return "single_event"
	}
	return r.Type
}

// expired lists the exceptions that had run out by then: what they held back before is told again.
func expired(r *rule.Compiled, by time.Time) (out []string) {
	for _, x := range r.Exceptions {
		if x.Expires <= by.UnixNano() {
			out = append(out, fmt.Sprintf("an exception (%s; approved by %s) expired on %s and no longer holds anything back", strings.TrimRight(x.Reason, ". \n"), x.ApprovedBy, utc(x.Expires).Format(time.DateOnly)))
		}
	}
	return out
}

// factsOfEntries says for how many events each fact held.
func factsOfEntries(r *rule.Compiled, entries []window.Entry) []alert.Fact {
	var out []alert.Fact
	for i, f := range r.Rule.Facts {
		fact := alert.Fact{Say: f.Say, Speaks: f.Speaks}
		for _, e := range entries {
			switch e.Facts >> (2 * i) & 3 {
			case rule.FactTrue:
				fact.True++
			case rule.FactUnknown:
				fact.Unknown++
			default:
				fact.False++
			}
		}
		out = append(out, fact)
	}
	return out
}

// draftUnknowns says which facts could not be known, and which tables could not say.
func (s *State) draftUnknowns(a *alert.Alert, r *rule.Compiled, events int) {
	for i, fact := range a.Facts {
		if fact.Unknown == 0 {
			continue
		}
		why := "the record does not say"
		if tables := s.gen.Rules.Tables(r.Facts[i]); len(tables) > 0 {
			why = "tables asked: " + strings.Join(tables, ", ")
		}
		a.Unknowns = append(a.Unknowns, fmt.Sprintf("%s: unknown for %d of %d events (%s)", fact.Say, fact.Unknown, events, why))
	}
}

// Join completes a draft of a period whose windows were forgotten with what the last revision held. It reports false if that
// holds all of it already.
//
// late says that the events came later than allowed; else memory was short, which the draft says already.
func (d *Draft) Join(last *alert.Alert, late bool) bool {
	fresh := d.Alert.Fresh(last)
	d.Alert.Facts = factsOfEntries(d.Rule, slices.DeleteFunc(slices.Clone(d.entries), func(e window.Entry) bool { return !fresh[e.ID.String()] }))
	return d.Alert.Join(last, d.Rule.Quote, late)
}

func utc(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// Dress completes a draft with the records that it quotes, in the order of Quote, and its sentence.
func (d *Draft) Dress(kept []*event.Kept) error {
	for _, k := range kept {
		r, err := k.Record()
		if err != nil {
			return err
		}
		d.Alert.Evidence = append(d.Alert.Evidence, *r)
	}
	return d.Summarise()
}

// Summarise writes the alert's sentence from what it holds and the first record that it quotes. The rule's title stands where it cannot.
func (d *Draft) Summarise() (err error) {
	d.Alert.Summary = d.Rule.Title
	first := &event.Record{Time: d.Alert.First}
	switch {
	case len(d.Alert.Evidence) > 0:
		first = &d.Alert.Evidence[0]
	case len(d.Alert.Quoted) > 0:
		if first, err = d.Alert.Quoted[0].Record(); err != nil {
			return err
		}
	case !d.Rule.Measured() || d.Alert.Count == 0:
		return nil
	}
	id, _ := first.Fields[d.who(first)+".id"].(string)
	person := d.gen.person(id, d.Alert.Last.UnixNano())
	if d.aboutOne() {
		d.Alert.Person = person
	}
	text, err := d.summary(first, person)
	if err != nil {
		return fmt.Errorf("rule %s: summary: %w", d.Rule.ID, err)
	}
	d.Alert.Summary = text
	return nil
}

// summaryTime is how a summary writes a time.
const summaryTime = "2006-01-02 15:04:05 MST"

// who is the side of the record that the alert is about: user, or requestor.
func (d *Draft) who(first *event.Record) string {
	for _, g := range d.Alert.Group {
		if g.Field == "actor.id" && first.Fields["user.id"] != g.Value {
			return "requestor"
		}
	}
	if slices.Equal(d.Rule.Roles, []rule.Role{rule.Requestor}) {
		return "requestor"
	}
	return "user"
}

// aboutOne reports whether the group says whom the alert is about. Where many share what they are grouped by, a record or a
// workstation, to name the one who happens to stand in the first event would single them out.
func (d *Draft) aboutOne() bool {
	return slices.ContainsFunc(d.Alert.Group, func(g alert.KeyPart) bool {
		switch g.Field {
		case "actor.id", "user.id", "requestor.id", "actor.name", "user.name", "requestor.name":
			return true
		}
		return false
	})
}

// person is what the people table knew of somebody at an event time; nil if nothing.
func (g *Generation) person(id string, at int64) *alert.Person {
	l, ok := g.Rules.Schema.Lookup("person")
	if !ok || l.Bind == nil || id == "" {
		return nil
	}
	p := &alert.Person{ID: id}
	known := false
	for column, into := range map[string]*string{
		"surname": &p.Surname, "forenames": &p.Forenames, "collar": &p.Collar, "role": &p.Role, "team": &p.Team, "station": &p.Station, "manager_id": &p.ManagerID,
	} {
		if l.Columns[column] == event.String {
			v, unknown := l.Bind(column)([]event.Value{event.StringValue(id)}, at)
			*into = v.Str
			known = known || unknown == event.Known
		}
	}
	if !known {
		return nil
	}
	return p
}

// local writes a time on the clocks of the generation's zone.
func (g *Generation) local(t time.Time) string { return t.In(g.zone).Format(summaryTime) }

// summary fills the rule's sentence from the alert, its first record and whom that is about.
func (d *Draft) summary(first *event.Record, person *alert.Person) (string, error) {
	r, a := d.Rule, d.Alert
	names := map[string]any{}
	for _, f := range event.Base {
		setName(names, f.Name, "unknown")
	}
	for name, v := range first.Fields {
		setName(names, name, v)
	}
	native := map[string]any{}
	for _, p := range first.Native {
		native[p.Name] = p.Text
	}
	if _, declared := names["fields"]; !declared {
		names["fields"] = native
	}
	for _, g := range a.Group {
		setName(names, g.Field, g.Value)
	}
	who := d.who(first)
	setName(names, "actor.id", first.Fields[who+".id"])
	setName(names, "actor.person", first.Fields[who+".id"])
	setName(names, "actor.name", first.Fields[who+".name"])
	if person != nil {
		setName(names, "actor.person", person.String())
	}
	setName(names, "event.time", d.gen.local(first.Time))
	names["count"], names["times"] = a.Count, fmt.Sprint(a.Count, " times")
	firstAt, lastAt := d.gen.local(a.First), d.gen.local(a.Last)
	names["first"], names["last"], names["when"] = firstAt, lastAt, "from "+firstAt+" to "+lastAt
	if a.Count == 1 {
		names["times"] = "once"
	}
	if firstAt == lastAt {
		names["when"] = "at " + firstAt
	}
	setName(names, "rule.title", r.Title)
	names["measured"], names["sum"] = d.measured(), d.sum
	var b strings.Builder
	if err := r.Sentence.Execute(&b, names); err != nil {
		return "", err
	}
	return strings.ReplaceAll(b.String(), "<no value>", "unknown"), nil
}

// setName puts a dotted name into nested maps.
func setName(m map[string]any, name string, v any) {
	if v == nil {
		return
	}
	parts := strings.Split(name, ".")
	for _, p := range parts[:len(parts)-1] {
		inner, ok := m[p].(map[string]any)
		if !ok {
			inner = map[string]any{}
			m[p] = inner
		}
		m = inner
	}
	m[parts[len(parts)-1]] = v
}
