package rule

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"probity/internal/event"
)

// sketch writes an explanation as one line a part: what the tests below compare.
func sketch(x Explanation, depth int) string {
	var b strings.Builder
	verdict := x.Verdict.String()
	if x.Unreached {
		verdict = "(" + verdict + ")"
	}
	text := x.Text
	if x.Op == "and" || x.Op == "or" {
		text = ""
	}
	fmt.Fprintf(&b, "%s%s\n", strings.Repeat("  ", depth), strings.TrimSpace(verdict+" "+x.Op+" "+text))
	for _, t := range x.Terms {
		value := fmt.Sprint(t.Value)
		if t.Unknown != "" {
			value = t.Unknown
		}
		fmt.Fprintf(&b, "%s. %s: %s\n", strings.Repeat("  ", depth+1), t.Name, value)
	}
	for _, p := range x.Parts {
		b.WriteString(sketch(p, depth+1))
	}
	return b.String()
}

func explained(t *testing.T, source string, role Role) string {
	t.Helper()
	schema := testSchema(t)
	set := NewSet(schema)
	c, err := set.Compile(source, map[string]any{"limit": int64(5)})
	if err != nil {
		t.Fatal(err)
	}
	e := set.NewEval()
	e.Begin(anEvent(schema))
	e.For(role)
	return sketch(e.Explain(c), 0)
}

func TestAConditionIsExplainedPartByPart(t *testing.T) {
	for name, c := range map[string]struct {
		source string
		role   Role
		want   string
	}{
		"what comes behind a part that decides is shown as not reached": {`event.action == "print" and event.sequence > limit`, Operator, `
false and
  false atom event.action == "print"
    . event.action: view
  (true) atom event.sequence > 5
    . event.sequence: 7
`},
		"an unknown does not decide": {`purpose.ref == "x" or event.sequence > limit or object.restricted`, Operator, `
true or
  unknown atom purpose.ref == "x"
    . purpose.ref: the record has no purpose.ref
  true atom event.sequence > 5
    . event.sequence: 7
  (true) atom object.restricted
    . object.restricted: true
`},
		"a table that does not say is named": {`not listed(object.owner)`, Operator, `
undecided atom not (listed(object.owner))
  . listed(object.owner): table sensitive does not say
`},
		"a lookup over a missing field is unknown for the field's sake": {`listed(object.id)`, Operator, `
unknown atom listed(object.id)
  . listed(object.id): the record has no object.id
`},
		"the branch that was not chosen is not reached": {`event.action == "view" ? listed("no") : listed("yes")`, Operator, `
false choice event.action == "view" ? listed("no") : listed("yes")
  true atom event.action == "view"
    . event.action: view
  false atom listed("no")
    . listed("no"): false
  (true) atom listed("yes")
    . listed("yes"): true
`},
		"a choice among alternatives is found again": {`listed("no") or (has(object.id) ? listed("no") : listed("yes"))`, Operator, `
true or
  false atom listed("no")
    . listed("no"): false
  true choice has(object.id) ? listed("no") : listed("yes")
    false has has(object.id)
      . object.id: the record has no object.id
    (false) atom listed("no")
      . listed("no"): false
    true atom listed("yes")
      . listed("yes"): true
`},
		"each element of a list has its turn": {`any(subject.ids, listed(#))`, Operator, `
true any any(subject.ids, listed(#))
  . subject.ids: [no1 perhaps yes2]
  false element no1
    false atom listed(#)
      . listed(#): false
  undecided element perhaps
    undecided atom listed(#)
      . listed(#): table sensitive does not say
  true element yes2
    true atom listed(#)
      . listed(#): true
`},
		"nobody is named in the other role": {`actor.id == "S1"`, Requestor, `
unknown atom actor.id == "S1"
  . actor.id: the record names no requester
`},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), explained(t, c.source, c.role)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestALongListIsCutInTheExplanationAndNotInTheVerdict(t *testing.T) {
	schema := testSchema(t)
	set := NewSet(schema)
	c, err := set.Compile(`any(subject.ids, listed(#))`, nil)
	if err != nil {
		t.Fatal(err)
	}
	ev := anEvent(schema)
	ids := make([]string, MaxElements+5)
	for i := range ids {
		ids[i] = "no"
	}
	ids[len(ids)-1] = "yes"
	ev.Slots[event.FieldSubjects] = event.ListValue(ids)
	e := set.NewEval()
	e.Begin(ev)
	if x := e.Explain(c); x.Verdict != True || len(x.Parts) != MaxElements || x.Left != 5 {
		t.Errorf("verdict %s, %d parts, %d left out", x.Verdict, len(x.Parts), x.Left)
	}
}

// The tree that is shown must be the one that was judged: its root is the verdict, and every part follows from those below.
func TestAnExplanationAgreesWithTheVerdict(t *testing.T) {
	schema := testSchema(t)
	ev := anEvent(schema)
	rapid.Check(t, func(t *rapid.T) {
		f := drawFormula(4).Draw(t, "formula")
		if len(f.text) > 1500 {
			t.Skip()
		}
		set := NewSet(schema)
		c, err := set.Compile(f.text, nil)
		if err != nil {
			t.Fatal(f.text, err)
		}
		e := set.NewEval()
		e.Begin(ev)
		x := e.Explain(c)
		if v := e.Verdict(c); x.Verdict != v {
			t.Fatalf("%s: explained as %s, judged %s", f.text, x.Verdict, v)
		}
		if bad := inconsistent(x); bad != "" {
			t.Fatalf("%s: %s", f.text, bad)
		}
	})
}

// inconsistent returns a part that does not follow from its own parts.
func inconsistent(x Explanation) string {
	want := x.Verdict
	switch x.Op {
	case "and":
		want = True
		for _, p := range x.Parts {
			want = min(want, p.Verdict)
		}
	case "or":
		want = False
		for _, p := range x.Parts {
			want = max(want, p.Verdict)
		}
	case "choice":
		c, a, b := x.Parts[0].Verdict, x.Parts[1].Verdict, x.Parts[2].Verdict
		want = max(min(c, a), min(c.not(), b), min(a, b))
		if unknown := func(v Verdict) bool { return v == UnknownField || v == Undecided }; unknown(want) && unknown(x.Verdict) {
			want = x.Verdict // which of the two depends on what lies below the question, whose negation is pushed down
		}
	}
	if want != x.Verdict {
		return fmt.Sprintf("%s %s is shown as %s, its parts make it %s", x.Op, x.Text, x.Verdict, want)
	}
	for _, p := range x.Parts {
		if bad := inconsistent(p); bad != "" {
			return bad
		}
	}
	return ""
}

func TestTheIndexSaysWhichFieldKeepsAnEventOut(t *testing.T) {
	schema := testSchema(t)
	set := NewSet(schema)
	c, err := set.Compile(`event.dataset in ["niche", "pnc"] and event.action == "print"`, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &Compiled{Cond: c, needs: set.needs(c.root)}
	got, meets := r.ExplainIndex(schema, anEvent(schema))
	want := []IndexField{
		{Field: "event.dataset", Needs: []string{"niche", "pnc"}, Value: "niche", Meets: true},
		{Field: "event.action", Needs: []string{"print"}, Value: "view"},
		{Field: "object.type", Meets: true},
	}
	if diff := cmp.Diff(want, got); diff != "" || meets {
		t.Errorf("meets: %v %s", meets, diff)
	}
}
