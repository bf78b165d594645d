package rule

import (
	"testing"

	"pgregory.net/rapid"

	"probity/internal/event"
)

func compiled(t testing.TB, s *Set, source string) *Cond {
	t.Helper()
	c, err := s.Compile(source, nil)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	return c
}

func TestContradictionsAreFound(t *testing.T) {
	for source, want := range map[string]string{
		`event.action == "view" and event.action == "print"`:                                        "event.action",
		`event.action in ["a", "b"] and not (event.action in ["b", "a", "c"])`:                      "event.action",
		`event.action == "view" and event.action != "view"`:                                         "event.action",
		`event.action in ["view", "print"] and event.action startsWith "x"`:                         "event.action",
		`event.action == "view" and not has(event.action)`:                                          "event.action",
		`query.count > 5 and query.count < 6`:                                                       "query.count",
		`query.count >= 5 and not (query.count > 3)`:                                                "query.count",
		`(event.action == "a" or event.action == "b") and event.action == "c"`:                      "event.action",
		`any(subject.ids, # == "a" and # == "b")`:                                                   "#",
		`object.restricted and not object.restricted`:                                               "object.restricted",
		`event.action == "view" and false`:                                                          "",
		`event.dataset == "niche" and (event.action == "view" and false or event.dataset == "pnc")`: "event.dataset",
	} {
		s := NewSet(testSchema(t))
		if field, never := s.NewLogic().Never(compiled(t, s, source)); !never || field != want {
			t.Errorf("%s: never %v, for %q; want %q", source, never, field, want)
		}
	}
}

func TestWhatCanBeTrueIsLeftAlone(t *testing.T) {
	for _, source := range []string{
		`event.action == "view"`, `event.action in ["a", "b"] and event.action != "a"`, `query.count > 5 and query.count < 7`,
		`event.action == "view" or event.action == "print"`, `not has(event.action) or event.action == "view"`,
		`any(subject.ids, # == "a") and any(subject.ids, # == "b")`, `all(subject.ids, # == "a" and # == "b")`,
		`event.dataset == "niche" ? event.action == "view" : false`,
	} {
		s := NewSet(testSchema(t))
		l, c := s.NewLogic(), compiled(t, s, source)
		if field, never := l.Never(c); never || l.Always(c) || len(l.Dead(c)) > 0 {
			t.Errorf("%s: never %v (%s), always %v, dead %q", source, never, field, l.Always(c), l.Dead(c))
		}
	}
}

func TestWhoIsCovered(t *testing.T) {
	for _, c := range []struct {
		source, field, value string
		want                 bool
	}{
		{`actor.id == "S1"`, "actor.id", "S1", true},
		{`actor.id == "S1"`, "actor.id", "S2", false},
		{`actor.id != "S1"`, "actor.id", "S2", true},
		{`actor.id in ["S1", "S2"] and event.action == "view"`, "actor.id", "S2", true},
		{`actor.role == "tester" or actor.id == "S1"`, "actor.id", "S2", false},
		{`event.action == "view"`, "actor.id", "S1", false},
		{`actor.role == "tester"`, "person(actor.id).role", "tester", true},
	} {
		s := NewSet(testSchema(t))
		if got := s.NewLogic().Admits(compiled(t, s, c.source), c.field, c.value); got != c.want {
			t.Errorf("%s covers %s %s: %v", c.source, c.field, c.value, got)
		}
	}
}

// TestNoMeansNo draws conditions and events: what is said never to hold does not hold, and what always does is never false.
func TestNoMeansNo(t *testing.T) {
	atoms := []string{
		`event.action == "a"`, `event.action != "a"`, `event.action in ["a", "b"]`, `event.action startsWith "b"`, `event.action contains "a"`,
		`has(event.action)`, `query.count > 1`, `query.count <= 1`, `query.count == 2`, `event.dataset == "a"`, `event.dataset == event.action`,
	}
	schema := testSchema(t)
	never, always := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		var draw func(depth int) string
		draw = func(depth int) string {
			switch op := rapid.IntRange(0, 4).Draw(t, "op"); {
			case depth == 0 || op == 0:
				return rapid.SampledFrom(atoms).Draw(t, "atom")
			case op == 1:
				return "not (" + draw(depth-1) + ")"
			case op == 2:
				return "(" + draw(depth-1) + " ? " + draw(depth-1) + " : " + draw(depth-1) + ")"
			default:
				return "(" + draw(depth-1) + []string{" and ", " or "}[op-3] + draw(depth-1) + ")"
			}
		}
		s := NewSet(schema)
		c, err := s.Compile(draw(4), nil)
		if err != nil {
			t.Fatal(err)
		}
		l := s.NewLogic()
		_, none := l.Never(c)
		all := l.Always(c)
		e := s.NewEval()
		for _, dataset := range []string{"", "a", "b"} {
			for _, action := range []string{"", "a", "b", "ba"} {
				for count := -1; count < 4; count++ {
					ev := anEvent(schema)
					ev.Slots[event.FieldDataset], ev.Slots[event.FieldAction] = event.StringValue(dataset), event.StringValue(action)
					ev.Slots[event.FieldQueryCount] = event.Value{}
					if count >= 0 {
						ev.Slots[event.FieldQueryCount] = event.IntValue(int64(count))
					}
					e.Begin(ev)
					switch v := e.Verdict(c); {
					case none && v == True:
						t.Fatalf("%s is said never to hold, and does for %q %q %d", c.Source, dataset, action, count)
					case all && v == False:
						t.Fatalf("%s is said always to hold, and does not for %q %q %d", c.Source, dataset, action, count)
					}
				}
			}
		}
		if none {
			never++
		}
		if all {
			always++
		}
	})
	if never == 0 || always == 0 {
		t.Errorf("%d conditions that never hold and %d that always do were drawn; the test shows nothing", never, always)
	}
}
