package rule

import (
	"slices"
	"strings"
	"testing"

	"probity/internal/event"
)

// what writes a reach: "never", "can", or what it lacks; after a stroke what is beside.
func (r Reach) what() string {
	words := func(lacks []Lack) string {
		var out []string
		for _, l := range lacks {
			switch {
			case l.Lookup != nil:
				out = append(out, l.Lookup.Name+strings.TrimSuffix("."+l.Column, ".")+[]string{"", "=yes", "=no"}[l.Want])
			case l.Values != nil:
				out = append(out, l.Field+"="+strings.Join(l.Values, ","))
			default:
				out = append(out, l.Field)
			}
		}
		return strings.Join(out, " ")
	}
	out := "can"
	switch {
	case r.Never:
		return "never"
	case len(r.Lacks) > 0:
		out = words(r.Lacks)
	}
	if len(r.Beside) > 0 {
		out += " / " + words(r.Beside)
	}
	return out
}

func TestAConditionSaysWhatItLacks(t *testing.T) {
	schema := testSchema(t)
	supply := Supply{
		Dataset: "niche", Role: Operator,
		Field: func(name string) bool {
			return !strings.HasPrefix(name, "purpose.") && name != "requestor.name" && name != "fields.Gone"
		},
		Values: func(name string, values []string) bool {
			return name != "object.type" || slices.Contains(values, "person")
		},
		Answers: func(l *event.Lookup, column string, want Answer) bool { return column != "status" && want != Yes },
	}
	for text, want := range map[string]string{
		`event.dataset == "niche"`:                                                    "can",
		`event.dataset in ["pnc", "storm"]`:                                           "never",
		`not (event.dataset == "niche")`:                                              "never",
		`event.dataset != "pnc"`:                                                      "can",
		`event.action == "view"`:                                                      "can",
		`object.type == "vehicle"`:                                                    "object.type=vehicle",
		`not (object.type == "vehicle")`:                                              "can",
		`object.type in ["vehicle", "person"]`:                                        "can",
		`purpose.ref == "x"`:                                                          "purpose.ref",
		`has(purpose.ref)`:                                                            "purpose.ref",
		`not has(purpose.ref)`:                                                        "can",
		`not has(purpose.ref) or purpose.code == "x"`:                                 "can / purpose.code",
		`not has(purpose.ref) or purpose.ref == "x"`:                                  "can", // no loss: the field is never there
		`not has(purpose.ref) or not listed(purpose.ref)`:                             "can",
		`not has(object.id) or listed(object.id)`:                                     "can / listed=yes",
		`listed(object.id)`:                                                           "listed=yes",
		`not listed(object.id)`:                                                       "can",
		`not (event.action == "view" and not listed(object.id))`:                      "can / listed=yes",
		`actor.role == "cid"`:                                                         "can",
		`actor.status == "left"`:                                                      "person.status",
		`actor.status == "left" or purpose.ref == "x" and purpose.code == "y"`:        "person.status / purpose.ref purpose.code",
		`event.action == "view" and (purpose.ref == "x" or purpose.ref == "y")`:       "purpose.ref",
		`any(subject.ids, listed(#))`:                                                 "listed=yes",
		`fields.Gone == "x" or fields.Verb == "y"`:                                    "can / fields.Gone",
		`event.dataset == "pnc" and listed(object.id) or event.dataset == "niche"`:    "can",
		`event.dataset == "pnc" or listed(object.id) and purpose.ref == purpose.code`: "listed=yes purpose.ref purpose.code",
	} {
		set := NewSet(schema)
		c, err := set.Compile(text, nil)
		if err != nil {
			t.Fatal(text, err)
		}
		if got := set.Reach(c, supply).what(); got != want {
			t.Errorf("%s\n  lacks %s, want %s", text, got, want)
		}
	}
}

func TestWhoActedIsAFieldOfTheRole(t *testing.T) {
	set := NewSet(testSchema(t))
	c, err := set.Compile(`actor.role == "cid"`, nil)
	if err != nil {
		t.Fatal(err)
	}
	supply := Supply{
		Dataset: "pnc", Role: Requestor, Field: func(name string) bool { return name != "requestor.name" },
		Values: func(string, []string) bool { return true }, Answers: func(*event.Lookup, string, Answer) bool { return true },
	}
	if got := set.Reach(c, supply).what(); got != "requestor.name" {
		t.Errorf("the requester's role lacks %s", got)
	}
	if got := set.ReachFalse(c, supply).what(); got != "requestor.name" {
		t.Errorf("that it is another's lacks %s", got)
	}
	supply.Role = Operator
	if got := set.Reach(c, supply).what(); got != "can" {
		t.Errorf("the operator's role lacks %s", got)
	}
}
