package daemon

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"probity/internal/alert"
	"probity/internal/dipcheck"
	"probity/internal/event"
	"probity/internal/pipeline"
	"probity/internal/strictyaml"
	"probity/internal/table"
)

// DipcheckOptions say whose transactions are to be sampled.
type DipcheckOptions struct {
	Config   *Config
	Team     string
	From, To string // days in the configured zone, both included
	N        int
	Seed     string
	Manager  string // staff id of who reviews: their own transactions are left out; "" if not said

	Logger   *zap.Logger
	Progress func(events int) // may be nil
}

// Dipcheck draws a sample of the transactions of a team, out of the configured logs as replay reads them, and writes nothing:
// Record comes next, and only then may anybody see it.
func Dipcheck(ctx context.Context, o DipcheckOptions) (*dipcheck.List, error) {
	f := &frame{DipcheckOptions: o, parts: o.Config.build(), marks: map[string][]string{}}
	g, problems := f.parts.generation()
	problems = append(f.parts.problems, problems...)
	if problems.Sort(); len(problems) > 0 {
		return nil, problems
	}
	f.tables = g.lookups
	if err := f.prepare(); err != nil {
		return nil, err
	}
	if err := f.mark(ctx, g); err != nil {
		return nil, err
	}
	if err := f.gather(ctx); err != nil {
		return nil, err
	}
	out := &dipcheck.List{Marking: f.parts.config.Marking, Zone: f.parts.zone}
	drawn := dipcheck.Frame{Team: f.Team, From: o.From, To: o.To, Transactions: f.transactions}
	out.Draw, out.Transactions = drawn.Take(o.N, o.Seed)
	out.Draw.Excluded, out.Draw.Unknown = len(distinct(f.excluded)), len(distinct(f.unknown))
	out.Notes = f.notes(out)
	return out, nil
}

func distinct(ids []string) []string {
	slices.Sort(ids)
	return slices.Compact(ids)
}

// frame is gathered.
type frame struct {
	DipcheckOptions
	parts        *parts
	tables       *table.Set
	team         map[string]table.Member // by staff id
	from, to     int64                   // event times, to exclusive
	marks        map[string][]string     // rules of low severity, by event id
	cut          int                     // alerts that list only the first of their events
	transactions []dipcheck.Transaction
	excluded     []string // event ids
	unknown      []string
}

// prepare finds the team and the period.
func (f *frame) prepare() error {
	days := [2]time.Time{}
	for i, day := range []string{f.From, f.To} {
		at, err := time.ParseInLocation(time.DateOnly, day, f.parts.zone)
		if err != nil {
			return fmt.Errorf("day %q: write 2026-01-31", day)
		}
		days[i] = at
	}
	f.from, f.to = days[0].UnixNano(), days[1].AddDate(0, 0, 1).UnixNano()
	for _, name := range f.tables.Teams() { // as the table writes it: the frame's hash is over it
		if strings.EqualFold(name, f.Team) {
			f.Team = name
			break
		}
	}
	f.team = map[string]table.Member{}
	for _, m := range f.tables.Team(f.Team) {
		f.team[m.ID] = m
	}
	if len(f.team) == 0 {
		err := fmt.Errorf("nobody is in team %q, as the people table has it", f.Team)
		if near := strictyaml.Nearest(f.Team, f.tables.Teams()); near != "" {
			err = fmt.Errorf("%w; did you mean %q?", err, near)
		}
		return err
	}
	return nil
}

// settled is for how long after the period the rules of low severity are given to find what accounts for a transaction.
const settled = 7 * 24 * time.Hour

// mark replays the logs for the alerts of rules of low severity.
func (f *frame) mark(ctx context.Context, g *generation) error {
	sources, err := f.parts.finite(nil)
	if err != nil {
		return err
	}
	o := ReplayOptions{Logger: f.Logger, Registry: prometheus.NewRegistry(), Progress: f.Progress}
	loop := pipeline.Options{Sources: sources, Generation: g.Generation, Until: time.Unix(0, f.to).Add(settled)}
	_, err = f.parts.judge(ctx, o, loop, func(a *alert.Alert) error {
		if a.Rule.Severity != alert.Low || a.Status == alert.Withdrawn {
			return nil
		}
		if a.Count > len(a.EventIDs) {
			f.cut++
		}
		for _, id := range a.EventIDs {
			if !slices.Contains(f.marks[id], a.Rule.ID) {
				f.marks[id] = append(f.marks[id], a.Rule.ID)
				slices.Sort(f.marks[id])
			}
		}
		return nil
	})
	return err
}

// gather reads the logs once more, for every transaction and not only for those that a rule looks at.
func (f *frame) gather(ctx context.Context) error {
	_, err := (&Inspection{parts: f.parts}).Each(nil, "", func(ev *event.Event, at Place) error {
		if t := ev.Time(); t >= f.from && t < f.to && transacts(ev) {
			f.take(ev, at)
		}
		return ctx.Err()
	})
	return err
}

// transacts reports whether an event is a transaction: something that section 62 wants logged, and not a session or the
// administration of a system.
func transacts(ev *event.Event) bool {
	switch ev.Text(event.FieldOperation) {
	case "", "session", "administration":
		return false
	}
	return true
}

// take puts an event into the frame if it is the team's. A check that was typed for somebody is theirs who asked, where they
// are of the team, and else that of who typed it.
func (f *frame) take(ev *event.Event, at Place) {
	dataset := ev.Text(event.FieldDataset)
	resolved := f.tables.Resolve(dataset, ev.Text(event.FieldUserName), ev.Time())
	operator, known := resolved.Str, resolved.Has()
	resolved = f.tables.ResolveRequestor(dataset, ev.Text(event.FieldRequestorName), ev.Time())
	requestor, asked := resolved.Str, resolved.Has() && ev.Text(event.FieldRequestorName) != ""
	subject := operator
	if _, ours := f.team[requestor]; asked && ours {
		subject = requestor
	}
	member, ours := f.team[subject]
	id := ev.Identity().String()
	switch {
	case !ours && !known:
		f.unknown = append(f.unknown, id)
		return
	case !ours:
		return
	case f.Manager != "" && (strings.EqualFold(operator, f.Manager) || strings.EqualFold(requestor, f.Manager)):
		f.excluded = append(f.excluded, id)
		return
	}
	join := func(fields ...event.Field) string {
		var parts []string
		for _, field := range fields {
			if ev.Slots[field].Has() {
				parts = append(parts, strings.TrimSpace(ev.Slots[field].Text()))
			}
		}
		return strings.Join(parts, " ")
	}
	t := dipcheck.Transaction{
		ID: id, System: strings.Clone(dataset), Time: time.Unix(0, ev.Time()).UTC(), Subject: subject, Person: member.Name + " (" + subject + ")",
		Action: ev.Text(event.FieldAction), Object: join(event.FieldObjectType, event.FieldObjectID), Query: strings.Clone(ev.Text(event.FieldQueryText)),
		Reason: join(event.FieldPurposeRef, event.FieldPurposeCode, event.FieldPurposeText, event.FieldRequestorText),
		Path:   at.Path, Line: at.Line, Marks: f.marks[id],
	}
	t.Action = strings.Clone(t.Action)
	if operator != subject {
		if t.Operator = operator; !known {
			t.Operator = strings.Clone(ev.Text(event.FieldUserName))
		}
	}
	f.transactions = append(f.transactions, t)
}

// notes are what the reviewer must know of the list.
func (f *frame) notes(l *dipcheck.List) (notes []string) {
	if f.Manager != "" {
		notes = append(notes, fmt.Sprintf("%d transactions of %s, who reviews, are left out: nobody audits themselves, and somebody else is to sample them", l.Draw.Excluded, f.Manager))
	}
	manages := map[string]bool{}
	for _, m := range f.team {
		manages[m.Manager] = m.Manager != ""
	}
	var own []string
	for _, t := range l.Transactions {
		if manages[t.Subject] && !slices.Contains(own, t.Person) {
			own = append(own, t.Person)
		}
	}
	slices.Sort(own)
	if len(own) > 0 {
		notes = append(notes, "in the sample and line manager of members of this team: "+strings.Join(own, ", ")+"; they cannot review their own transactions, so give --manager, or let somebody else review these")
	}
	if l.Draw.Unknown > 0 {
		notes = append(notes, fmt.Sprintf("%d transactions of the period are by accounts that the people table knows nobody of: whether some are this team's is unknown", l.Draw.Unknown))
	}
	if f.cut > 0 {
		notes = append(notes, fmt.Sprintf("%d alerts of low severity list only the first of their events: later ones are not marked", f.cut))
	}
	if len(l.Transactions) < f.N {
		notes = append(notes, fmt.Sprintf("the team has %d transactions in the period, fewer than were asked for", len(l.Transactions)))
	}
	return notes
}
