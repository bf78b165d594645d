package rule

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/event"
)

// testSchema has two declared native fields and lookups that answer from a few fixed words.
func testSchema(t testing.TB) *event.Schema {
	t.Helper()
	s, err := event.NewSchema(event.FieldInfo{Name: "Size", Kind: event.Int}, event.FieldInfo{Name: "ExtendedProperties.Name", Kind: event.List})
	if err != nil {
		t.Fatal(err)
	}
	answer := func(word string) (event.Value, event.Unknown) {
		switch {
		case strings.HasPrefix(word, "yes"):
			return event.BoolValue(true), event.Known
		case strings.HasPrefix(word, "no"):
			return event.BoolValue(false), event.Known
		case strings.HasPrefix(word, "empty"):
			return event.Value{}, event.UnknownField
		}
		return event.Value{}, event.UnknownTable
	}
	s.AddLookups(
		event.Lookup{Name: "listed", Params: []event.Param{{Name: "record_ref", Kind: event.String}}, Result: event.Bool, Tables: []string{"sensitive"},
			Bind: func(string) event.LookupFunc {
				return func(args []event.Value, _ int64) (event.Value, event.Unknown) { return answer(args[0].Str) }
			}},
		event.Lookup{Name: "person", Params: []event.Param{{Name: "id", Kind: event.String}}, Tables: []string{"people"},
			Columns: map[string]event.Kind{"role": event.String, "status": event.String},
			Bind: func(column string) event.LookupFunc {
				return func(args []event.Value, _ int64) (event.Value, event.Unknown) {
					if args[0].Str == "S1" {
						return event.StringValue(map[string]string{"role": "cid", "status": "active"}[column]), event.Known
					}
					return event.Value{}, event.UnknownTable
				}
			}},
	)
	return s
}

// anEvent has some fields and lacks others: object.id, purpose.ref and query.count are missing.
func anEvent(s *event.Schema) *event.Event {
	var ev event.Event
	ev.Reset(s)
	set := func(name string, v event.Value) { f, _ := s.Field(name); ev.Slots[f] = v }
	set("event.time", event.TimeValue(time.Date(2026, 3, 2, 14, 5, 17, 0, time.UTC).UnixNano()))
	set("event.dataset", event.StringValue("niche"))
	set("event.action", event.StringValue("view"))
	set("user.id", event.StringValue("S1"))
	set("user.name", event.StringValue("c4821"))
	set("object.name", event.StringValue("yes it is"))
	set("object.owner", event.StringValue("perhaps"))
	set("object.restricted", event.BoolValue(true))
	set("event.sequence", event.IntValue(7))
	set("subject.ids", event.ListValue([]string{"no1", "perhaps", "yes2"}))
	set("fields.Size", event.IntValue(10))
	ev.Native = append(ev.Native, event.Pair{Name: "Verb", Text: "View"})
	return &ev
}

func TestVerdicts(t *testing.T) {
	schema := testSchema(t)
	params := map[string]any{"limit": int64(5), "roles": []any{"cid", "intel"}, "spell": "10m", "codes": []any{"5m", "zz"}, "below": int64(-5)}
	for source, want := range map[string]Verdict{
		`event.dataset == "niche"`:                             True,
		`event.dataset == "niche" and event.action == "print"`: False,
		`event.dataset != "niche"`:                             False,
		`event.action in ["print", "view"]`:                    True,
		`event.sequence > limit`:                               True,
		`actor.role in roles`:                                  True,
		`object.restricted`:                                    True,
		`not object.restricted`:                                False,
		`fields.Size >= 10`:                                    True,
		`fields.Verb == "View"`:                                True,
		`fields["Verb"] startsWith "Vi"`:                       True,
		`user.id == actor.id`:                                  True,
		`event.time - duration("1h") < event.time`:             True,
		`event.time - spell < event.time`:                      True,
		`lower(object.name) contains "yes"`:                    True,
		`len(subject.ids) == 3`:                                True,
		`"yes2" in subject.ids`:                                True,
		// missing is unknown, in a negation too
		`object.id == "x"`:             UnknownField,
		`object.id != "x"`:             UnknownField,
		`not (object.id contains "x")`: UnknownField,
		`not (object.id contains "x") or event.action == "view"`: True,
		`object.id == "x" and event.action == "print"`:           False,
		`object.id == "x" and event.action == "view"`:            UnknownField,
		`fields.Nowhere == "x"`:                                  UnknownField,
		`len(fields["ExtendedProperties.Name"]) == 0`:            UnknownField,
		`query.count > 100`:                                      UnknownField,
		`has(object.id)`:                                         False,
		`not has(object.id)`:                                     True,
		`has(object.id) and object.id == "x"`:                    False,
		`has(fields.Verb)`:                                       True,
		// a table that does not say
		`listed(object.name)`:                              True,
		`listed(object.owner)`:                             Undecided,
		`not listed(object.owner)`:                         Undecided,
		`listed(object.owner) and event.action == "print"`: False,
		`listed(object.owner) or event.action == "view"`:   True,
		`listed(object.id)`:                                UnknownField,
		`person("S2").role == "cid"`:                       Undecided,
		`person(actor.id).status == "active"`:              True,
		// what can still be decided: and is bounded by the field, or by the table
		`object.id == "x" and listed(object.owner)`:       UnknownField,
		`object.id == "x" or listed(object.owner)`:        Undecided,
		`not (object.id == "x" and listed(object.owner))`: Undecided,
		`not (object.id == "x" or listed(object.owner))`:  UnknownField,
		// unrolled
		`any(subject.ids, listed(#))`:                            True,
		`all(subject.ids, listed(#))`:                            False,
		`none(subject.ids, listed(#))`:                           False,
		`any(subject.ids, listed(#) and # != "yes2")`:            Undecided,
		`all(subject.ids, not listed(#) or # == "yes2")`:         Undecided,
		`any(subject.ids, # == "yes2")`:                          True,
		`any(fields["ExtendedProperties.Name"], # == "a")`:       UnknownField,
		`not any(fields["ExtendedProperties.Name"], # == "a")`:   UnknownField,
		`event.action == "view" ? listed(object.owner) : false`:  Undecided,
		`event.action == "print" ? listed(object.owner) : false`: False,
		`object.id == "x" ? true : true`:                         True,
		`true`:                                                   True,
		// # belongs to the innermost predicate
		`any(subject.ids, none(["a"], # == "a"))`:                     False,
		`any(subject.ids, any(["a", "b"], # == "a"))`:                 True,
		`any(subject.ids, # == "yes2" and any(["a", "b"], # == "a"))`: True,
		`any(subject.ids, any(subject.ids, # == "no1"))`:              True,
		`any(subject.ids, count(["a", "b"], # == "a") == 1)`:          True,
		// a list of texts stays one; a negative number is one number; a shared node is rewritten once
		`"5m" in codes`:                        True,
		`event.action not in codes`:            True,
		`below ** 2 == 25`:                     True,
		`1 < abs(event.sequence - 2) < 6`:      True,
		`event.time.After(date("2026-01-01"))`: True,
		`event.time.Hour() == 14`:              True,
		`requestor.id == "x"`:                  UnknownField,
	} {
		set := NewSet(schema)
		c, err := set.Compile(source, params)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		e := set.NewEval()
		e.Begin(anEvent(schema))
		if got := e.Verdict(c); got != want {
			t.Errorf("%s\n is %v, want %v; read as %s", source, got, want, set.Describe(c))
		}
		if again := e.Verdict(c); again != want {
			t.Errorf("%s: asked again %v", source, again)
		}
	}
}

func TestAnActorsAtomsAreJudgedAnewForTheRequestor(t *testing.T) {
	schema := testSchema(t)
	set := NewSet(schema)
	c, err := set.Compile(`actor.id == "S1"`, nil)
	if err != nil {
		t.Fatal(err)
	}
	ev := anEvent(schema)
	ev.Slots[event.FieldRequestorID] = event.StringValue("S2")
	e := set.NewEval()
	e.Begin(ev)
	got := []Verdict{e.Verdict(c)}
	e.For(Requestor)
	got = append(got, e.Verdict(c))
	e.Begin(ev)
	got = append(got, e.Verdict(c))
	if diff := cmp.Diff([]Verdict{True, False, True}, got); diff != "" {
		t.Error(diff)
	}
}

func TestRefusedConditions(t *testing.T) {
	for source, want := range map[string]string{
		`event.datset == "x"`:                    `1:1: unknown field event.datset; did you mean event.dataset?`,
		"true and\n  evnt.action == \"x\"":       `2:3: unknown field evnt.action; did you mean event.action?`,
		`event.action == 5`:                      `1:14: invalid operation: == (mismatched types string and int); both sides must be of one type: texts stand in quotes, numbers, true and false do not`,
		`event.action`:                           `1:1: expected bool, but got string`,
		`event.action == "a" and`:                `1:23: unexpected token EOF: the condition ends too early; close every parenthesis and bracket, and write something after the last operator`,
		`listd(object.id)`:                       `1:1: unknown function listd(); did you mean listed()?`,
		`listed(object.id, 1)`:                   `1:1: listed takes 1 arguments, not 2: listed(record_ref string) → bool`,
		`listed(event.sequence)`:                 `1:1: listed: argument 1 (event.sequence) is a int, it needs a string`,
		`listed(lower(object.id))`:               `1:8: listed: an argument is a field, a lookup, # or a constant, not lower(t_0)`,
		`person(actor.id) == "x"`:                `1:1: person needs a column: person(actor.id).role, .status`,
		`person(actor.id).rank == "x"`:           `1:1: person has no column rank; it has role, status`,
		`actor.rank == "x"`:                      `1:1: unknown field actor.rank; actor has id, name and the columns of the people table: role, status`,
		`(object.id ?? "x") == "x"`:              `1:12: ?? would turn a missing field into a value; ask has(field) first`,
		`fields?.x == "x"`:                       `1:9: ?. would turn a missing field into a value; ask has(field) first`,
		`has(actor.role)`:                        `1:1: has() asks whether the record carries a field; whether a table knows something is never a reason to alert`,
		`has(object.id) == true`:                 `1:16: has() may only be joined with and, or, not`,
		`let x = 1; x == 1`:                      `1:5: let and ; are not for conditions; use params, or write it out`,
		`now() > event.time`:                     `1:1: unknown function now(); rules/README.md lists the lookups`,
		`count(subject.ids, listed(#)) > 1`:      `1:27: a lookup within a predicate other than that of any, all and none over a list field; write the condition with any or all`,
		`event.time.Local().Hour() == 14`:        `1:12: method Local is not for conditions; these are: Add, After, Before, Compare, Day, Equal, Hour, Hours, Minute, Minutes, Month, Second, Seconds, Sub, Truncate, Unix, Weekday, Year, YearDay`,
		`any(subject.ids, # == "a") == true`:     `1:28: any, all and none over a list field may only be joined with and, or, not`,
		``:                                       `1:1: empty condition`,
		strings.Repeat("(", 3_000_000):           `1:1: condition of 3000000 bytes; keep it under 8192`,
		strings.Repeat("(", 1000):                `1:1: nested deeper than 64`,
		strings.Repeat("true or ", 400) + "true": `1:2006: compilation failed: expression exceeds maximum allowed nodes`,
	} {
		_, err := NewSet(testSchema(t)).Compile(source, nil)
		if err == nil || err.Error() != want {
			t.Errorf("%.60s\n got %v\nwant %s", source, err, want)
		}
	}
}
