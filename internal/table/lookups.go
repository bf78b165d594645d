package table

import (
	"slices"

	"probity/internal/event"
)

// question is a lookup and how a set answers it: by a verdict, by a value, or by a column that must be chosen.
type question struct {
	event.Lookup
	verdict func(s *Set, q query) verdict
	value   func(s *Set, q query) (event.Value, event.Unknown)
	column  func(s *Set, column string) func(query) (event.Value, event.Unknown)
}

// Lookups describes the functions, for checking conditions without tables. Bind is nil.
func Lookups() []event.Lookup {
	var out []event.Lookup
	for _, q := range questions() {
		out = append(out, q.Lookup)
	}
	return out
}

// Lookups returns the functions, answering from the set.
func (s *Set) Lookups() []event.Lookup {
	var out []event.Lookup
	for _, q := range questions() {
		q.Find = s.Find
		q.Bind = func(column string) event.LookupFunc { return q.guarded(s, column) }
		out = append(out, q.Lookup)
	}
	return out
}

// Asker binds single lookups to one set after another, without describing them all for each.
type Asker struct{ byName map[string]question }

// NewAsker returns an asker of all lookups.
func NewAsker() *Asker {
	a := &Asker{byName: map[string]question{}}
	for _, q := range questions() {
		a.byName[q.Name] = q
	}
	return a
}

// Bind returns the lookup of that name, answering from the set; column is "" where none is chosen. ok is false for a name that
// is no lookup of tables.
func (a *Asker) Bind(s *Set, name, column string) (f event.LookupFunc, ok bool) {
	q, ok := a.byName[name]
	if !ok {
		return nil, false
	}
	return q.guarded(s, column), true
}

// guarded binds the question behind its guard.
func (q question) guarded(s *Set, column string) event.LookupFunc {
	g := guardOf(q.Params)
	switch {
	case q.verdict != nil:
		return func(args []event.Value, at int64) (event.Value, event.Unknown) {
			places, why := g.pass(s, args)
			if why != event.Known {
				return event.Value{}, why
			}
			return q.verdict(s, query{args, places, at}).answer()
		}
	case q.value != nil:
		return func(args []event.Value, at int64) (event.Value, event.Unknown) {
			places, why := g.pass(s, args)
			if why != event.Known {
				return event.Value{}, why
			}
			return q.value(s, query{args, places, at})
		}
	}
	of := q.column(s, column)
	return func(args []event.Value, at int64) (event.Value, event.Unknown) {
		places, why := g.pass(s, args)
		if why != event.Known {
			return event.Value{}, why
		}
		return of(query{args, places, at})
	}
}

// query is what a question is asked about.
type query struct {
	args []event.Value
	places
	at int64 // event time
}

// places are those of the first two arguments; no later one is a text that tables are keyed by.
type places struct{ first, second event.Place }

// guard stands before a question: see pass.
type guard struct {
	placed [2]bool // which of the first two arguments have a place
	staff  int     // which argument is a member of staff; -1 if none is
}

func guardOf(params []event.Param) guard {
	g := guard{staff: slices.Index(params, staffParam())}
	for i := range min(len(params), len(g.placed)) {
		g.placed[i] = params[i].Placed
	}
	return g
}

// pass finds the places of the arguments, or answers unknown: for one that is missing or blank, and for an actor whom nobody
// resolved: a newer people table may, so until then no table's silence about "dataset:account" says anything about the person.
func (g *guard) pass(s *Set, args []event.Value) (p places, why event.Unknown) {
	for i := range args {
		a := &args[i]
		at := a.Place
		if at <= event.Unsought { // what a table has is a text, and not blank
			if !a.Has() || a.Kind == event.String && blank(a.Str) {
				return p, event.UnknownField
			}
			if at == event.Unsought && i < len(g.placed) && g.placed[i] {
				at = s.Find(a.Str)
			}
		}
		switch i {
		case 0:
			p.first = at
		case 1:
			p.second = at
		}
	}
	if g.staff < 0 {
		return p, event.Known
	}
	who := p.first
	if g.staff == 1 {
		who = p.second
	}
	if !s.index.isStaff(who) && unresolved(args[g.staff].Str) {
		return p, event.UnknownTable
	}
	return p, event.Known
}

func blank(s string) bool {
	for i := range len(s) {
		if s[i] > ' ' {
			return false
		}
	}
	return true
}

func staffParam() event.Param { return event.Param{Name: "staff_id", Kind: event.String, Placed: true} }

func recordParam() event.Param {
	return event.Param{Name: "record_ref", Kind: event.String, Placed: true}
}

func purposeParam() event.Param {
	return event.Param{Name: "purpose_ref", Kind: event.String, Placed: true}
}

// questions lists the lookups by what they ask about.
func questions() []question {
	return slices.Concat(aboutPeople(), aboutRecords(), aboutTies(), aboutWork(), aboutBait(), aboutTime())
}

func aboutPeople() []question {
	kinds := map[string]event.Kind{}
	for i, c := range peopleColumns() {
		switch i {
		case colStaffID, colAccounts:
		case colStartDate, colEndDate, colVettingExpiry:
			kinds[c] = event.Time
		default:
			kinds[c] = event.String
		}
	}
	staff := staffParam()
	return []question{
		{column: (*Set).column, Lookup: event.Lookup{
			Name: "person", Params: []event.Param{staff}, Columns: kinds, Tables: []string{People},
			Doc: "A column of a member of staff: person(actor.id).role. start_date is the first instant of its day; end_date and " +
				"vetting_expiry are the first instant after theirs, so event.time >= person(actor.id).end_date is true from the next " +
				"midnight on. status (active, suspended, left, leave) is that of the export's day and unknown beyond max_age of it: undecided after it, for good before it. " +
				"Unknown if the person is not in the table, or the column is empty.",
		}},
		{verdict: (*Set).knownPerson, Lookup: event.Lookup{
			Name: "known_person", Params: []event.Param{staff}, Result: event.Bool, Tables: []string{People},
			Doc: "Whether the person is in the people table. An account that is resolved to nobody is unknown, not false.",
		}},
		{verdict: (*Set).hasAccount, Lookup: event.Lookup{
			Name: "has_account", Params: []event.Param{staff, {Name: "dataset", Kind: event.String}}, Result: event.Bool, Tables: []string{People},
			Doc: "Whether the people table lists an account of the member of staff in the system, so that what they do there is known to be " +
				"theirs. Where it lists none, false needs a people table that is complete (miss: no) and lists some other account of them.",
		}},
	}
}

func aboutRecords() []question {
	staff, record := staffParam(), recordParam()
	both := []string{Nominals, People}
	return []question{
		{verdict: (*Set).isPerson, Lookup: event.Lookup{
			Name: "is_person", Params: []event.Param{record, staff}, Result: event.Bool, Tables: both,
			Doc: "Whether the record is about this member of staff: surname, first forename and date of birth all agree. One that " +
				"differs makes it false; otherwise one that is empty on either side makes it unknown.",
		}},
		{verdict: (*Set).isStaff, Lookup: event.Lookup{
			Name: "is_staff", Params: []event.Param{record}, Result: event.Bool, Tables: both,
			Doc: "Whether the record is about any member of staff, as is_person tells. False needs a people table that is complete (miss: no).",
		}},
		{value: (*Set).staffOf, Lookup: event.Lookup{
			Name: "staff_of", Params: []event.Param{record}, Result: event.String, Tables: both,
			Doc: "The staff id of the member of staff whom the record is about. Unknown if there is none, or more than one.",
		}},
		{verdict: (*Set).sameAddress, Lookup: event.Lookup{
			Name: "same_address", Params: []event.Param{record, staff}, Result: event.Bool, Tables: both,
			Doc: "Whether the record's person lives at the address of the member of staff and is somebody else.",
		}},
		{verdict: (*Set).sameSurname, Lookup: event.Lookup{
			Name: "same_surname", Params: []event.Param{record, staff}, Result: event.Bool, Tables: both,
			Doc: "Whether the record's person has the surname of the member of staff. It is also true of the same person, and of many strangers.",
		}},
		{value: (*Set).namesakes, Lookup: event.Lookup{
			Name: "namesakes", Params: []event.Param{record}, Result: event.Int, Tables: []string{Nominals},
			Doc: "How many records bear the surname of the record's person, its own included: how common the name is here. Unknown if " +
				"the record has no surname, or is about nobody.",
		}},
	}
}

func aboutTies() []question {
	staff, record := staffParam(), recordParam()
	return []question{
		{verdict: (*Set).associated, Lookup: event.Lookup{
			Name: "associated", Params: []event.Param{staff, record}, Result: event.Bool, Tables: []string{Associations},
			Doc: "Whether the member of staff had, by the time of the event, declared to know the record's person. Unknown if the declaration has no date.",
		}},
		{value: (*Set).relationship, Lookup: event.Lookup{
			Name: "relationship", Params: []event.Param{staff, record}, Result: event.String, Tables: []string{Associations},
			Doc: "The relationship last declared by the time of the event.",
		}},
		{verdict: (*Set).registeredTo, Lookup: event.Lookup{
			Name: "registered_to", Params: []event.Param{{Name: "vrm", Kind: event.String}, staff}, Result: event.Bool, Tables: []string{Vehicles},
			Doc: "Whether the vehicle is one of the member of staff. The registration mark is compared without spaces and case.",
		}},
	}
}

func aboutWork() []question {
	staff, record, purpose := staffParam(), recordParam(), purposeParam()
	return []question{
		{verdict: (*Set).assigned, Lookup: event.Lookup{
			Name: "assigned", Params: []event.Param{staff, purpose}, Result: event.Bool, Tables: []string{Assignments},
			Doc: "Whether the member of staff was assigned to the incident, occurrence or crime at the time of the event.",
		}},
		{verdict: (*Set).linked, Lookup: event.Lookup{
			Name: "linked", Params: []event.Param{record, purpose}, Result: event.Bool, Tables: []string{Links},
			Doc: "Whether the record belonged to the incident, occurrence or crime at the time of the event.",
		}},
		{verdict: (*Set).partyTo, Lookup: event.Lookup{
			Name: "party_to", Params: []event.Param{staff, purpose}, Result: event.Bool, Tables: []string{Links, Nominals, People},
			Doc: "Whether a record that belonged to the incident, occurrence or crime at the time of the event is about this member of " +
				"staff, as is_person tells: as its suspect, victim or witness, which the tables do not tell apart.",
		}},
		{verdict: (*Set).assignedToRecord, Lookup: event.Lookup{
			Name: "assigned_to_record", Params: []event.Param{staff, record}, Result: event.Bool, Tables: []string{Assignments, Links},
			Doc: "Whether the member of staff was, at the time of the event, assigned to something that the record belonged to, or to " +
				"the record itself. Unknown if either table cannot know.",
		}},
		{verdict: (*Set).assignmentOver, Lookup: event.Lookup{
			Name: "assignment_over", Params: []event.Param{staff, record, {Name: "grace_seconds", Kind: event.Int}}, Result: event.Bool,
			Tables: []string{Assignments, Links},
			Doc: "Whether the member of staff was once assigned to something that the record belonged to, or to the record itself, and " +
				"every such assignment had ended longer than the grace before the event. True only if both tables are complete (miss: no).",
		}},
		{value: (*Set).duty, Lookup: event.Lookup{
			Name: "duty", Params: []event.Param{staff}, Result: event.String, Tables: []string{Roster},
			Doc: "The duty at the time of the event: on, off, leave, sick, court, training. Where a complete roster (miss: no) lists " +
				"the person but not the time, it is off. Unknown where rows that overlap disagree, and for somebody without any row.",
		}},
		{verdict: (*Set).onDuty, Lookup: event.Lookup{
			Name: "on_duty", Params: []event.Param{staff, {Name: "grace_seconds", Kind: event.Int}}, Result: event.Bool, Tables: []string{Roster},
			Doc: "Whether the person was at work (on, court, training) within the grace of the event, before or after. False only where " +
				"the roster knows the whole of that time.",
		}},
	}
}

func aboutBait() []question {
	record := recordParam()
	return []question{
		{verdict: (*Set).isSensitive, Lookup: event.Lookup{
			Name: "sensitive", Params: []event.Param{record}, Result: event.Bool, Tables: []string{Sensitive},
			Doc: "Whether the record is on the list of sensitive records and not expired at the time of the event.",
		}},
		{value: (*Set).sensitiveLabel, Lookup: event.Lookup{
			Name: "sensitive_label", Params: []event.Param{record}, Result: event.String, Tables: []string{Sensitive},
			Doc: "Why the record is sensitive. Unknown if it is not.",
		}},
		{verdict: (*Set).roleAllowed, Lookup: event.Lookup{
			Name: "role_allowed", Params: []event.Param{record, {Name: "role", Kind: event.String}}, Result: event.Bool, Tables: []string{Sensitive},
			Doc: "Whether the role may see the record: true if the record is not sensitive, or if one of its entries in force names the " +
				"role. Unknown if an entry leaves allowed_roles empty and no other names the role.",
		}},
		{verdict: (*Set).honeytoken, Lookup: event.Lookup{
			Name: "honeytoken", Params: []event.Param{record}, Result: event.Bool, Tables: []string{Honeytokens},
			Doc: "Whether the record is bait that was planted by the time of the event.",
		}},
	}
}

func aboutTime() []question {
	when := []event.Param{{Name: "time", Kind: event.Time}}
	return []question{
		{value: (*Set).localDate, Lookup: event.Lookup{
			Name: "local_date", Params: when, Result: event.String,
			Doc: "The day of the time on local clocks, as 2026-03-02: what a value_count of days counts.",
		}},
		{value: (*Set).localHour, Lookup: event.Lookup{
			Name: "local_hour", Params: when, Result: event.Int,
			Doc: "The hour of the time on local clocks, 0 to 23.",
		}},
		{value: (*Set).localWeekday, Lookup: event.Lookup{
			Name: "local_weekday", Params: when, Result: event.Int,
			Doc: "The day of the week of the time on local clocks, 1 for Monday to 7 for Sunday.",
		}},
	}
}
