package rule

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"probity/internal/event"
)

var cases = flag.Int("cases", 200_000, "how many verdicts of closures are compared with those of expr")

// Every closure says what expr's program says, a rule's plan what its condition says as it is written, and what the finder
// leaves of a plan the same for the events that it is left for: over random conditions and events, with missing fields and
// tables that do not say.
func TestPlansAndClosuresSayWhatExprSays(t *testing.T) {
	schema := testSchema(t)
	compared, seed := 0, uint64(0)
	for ; compared < *cases; seed++ {
		r := rand.New(rand.NewPCG(seed, 7))
		fast, slow := NewSet(schema), NewSet(schema)
		gate := r.IntN(len(randomGates))
		for i := range 20 {
			source := randomCondition(r, 3)
			if r.IntN(4) > 0 {
				source = randomGates[gate](r) + " and " + source
			}
			a, err := fast.Compile(source, nil)
			if err != nil {
				t.Fatal(source, err)
			}
			b, _ := slow.Compile(source, nil)
			for set, cond := range map[*Set]*Cond{fast: a, slow: b} {
				c := &Compiled{Rule: &Rule{}, Index: i, Sides: []Side{{Cond: cond}}, Roles: []Role{Operator}}
				c.needs = set.needs(cond.root)
				if i%3 == 1 { // of two sides: what the rule before it looks for is the other
					other := set.Rules[i-1].Sides[0].Cond
					c.Sides = append(c.Sides, Side{Cond: other})
					c.needs = set.needs(orNode{cond.root, other.root})
				}
				for _, other := range set.Rules[max(0, i-3):] { // what the rules before it look for are its facts and exceptions
					c.Facts = append(c.Facts, other.Sides[0].Cond)
					c.Exceptions = append(c.Exceptions, CompiledException{Cond: other.Sides[0].Cond})
				}
				set.Rules = append(set.Rules, c)
			}
		}
		for i := range slow.atoms {
			slow.atoms[i].fast = nil
		}
		compared += compare(t, r, fast, slow)
	}
	t.Logf("%d verdicts compared", compared)
}

// compare judges random events by closures and plans, and by programs and skeletons.
func compare(t *testing.T, r *rand.Rand, fast, slow *Set) (compared int) {
	e, reference, finder := fast.NewEval(), slow.NewEval(), fast.NewFinder()
	for range 200 {
		ev := randomEvent(r, fast.Schema)
		candidates, lacking := finder.Rules(ev)
		for _, role := range []Role{Operator, Requestor} {
			e.Begin(ev)
			e.For(role)
			reference.Begin(ev)
			reference.For(role)
			for i := range fast.atoms {
				if fast.atoms[i].perElement {
					continue // it has no verdict by itself
				}
				if got, want := e.atom(i), reference.atom(i); got != want {
					t.Fatalf("atom %s: %v, expr says %v of\n%+v", fast.atoms[i].text, got, want, ev.Slots)
				}
				compared++
			}
			found := foundFor(e, candidates, lacking)
			for _, c := range candidates {
				compared += compareBeside(t, e, reference, c, slow.Rules[c.Index])
			}
			for i, rule := range slow.Rules {
				_, meets := rule.ExplainIndex(fast.Schema, ev)
				for j, side := range rule.Sides {
					want := side.Cond.root.eval(reference)
					whole := e.Verdict(fast.Rules[i].Sides[j].Cond)
					got, isFound := found[[2]int{i, j}]
					if !isFound && !meets && want < True {
						want = False // a rule is not found by a value that is missing
					}
					if got != want || whole < Undecided != (want < Undecided) {
						t.Fatalf("%s\n is %v as found, %v as a whole, and %v as it is written, of\n%+v", side.Cond.Source, got, whole, want, ev.Slots)
					}
					compared++
				}
			}
		}
	}
	return compared
}

// compareBeside judges the facts and exceptions of a rule as it was found, and as they are written.
func compareBeside(t *testing.T, e, reference *Eval, c Candidate, slow *Compiled) int {
	bits := c.Settled
	for _, f := range c.Facts {
		bits |= FactBits(f.N, e.Verdict(f.Cond))
	}
	want := uint32(0)
	for i, f := range slow.Facts {
		want |= FactBits(i, f.root.eval(reference))
	}
	if bits != want {
		t.Fatalf("the facts of %s are %b as found, %b as they are written", slow.Sides[0].Cond.Source, bits, want)
	}
	for i, x := range slow.Exceptions {
		got := False
		if held := c.Exceptions[i]; held != nil {
			got = e.Verdict(held)
		}
		if want := x.Cond.root.eval(reference); got != want {
			t.Fatalf("exception %s is %v as found, %v as it is written", x.Cond.Source, got, want)
		}
	}
	return len(slow.Facts) + len(slow.Exceptions)
}

// foundFor are the verdicts, by rule and side, on all that the finder has found.
func foundFor(e *Eval, candidates []Candidate, lacking []Lacking) map[[2]int]Verdict {
	out := map[[2]int]Verdict{}
	for _, c := range candidates {
		for j, cond := range c.Conds {
			out[[2]int{c.Index, j}] = False
			if cond != nil {
				out[[2]int{c.Index, j}] = e.Verdict(cond)
			}
		}
	}
	for _, l := range lacking {
		unknown := min(UnknownField, e.Verdict(l.Else))
		for _, r := range l.Rules {
			out[[2]int{int(r), 0}] = unknown
		}
	}
	return out
}

// randomGates are comparisons that few events pass. Those of a set are of one sort, so that enough of them stand at one place.
var randomGates = []func(r *rand.Rand) string{
	func(r *rand.Rand) string {
		return pick(r, "", "", "not ") + "(object.name == " + gateWord(r) + ")"
	},
	func(r *rand.Rand) string { return "object.name in [" + gateWord(r) + ", " + gateWord(r) + "]" },
	func(r *rand.Rand) string {
		return "user.name startsWith " + pick(r, `"y"`, `"yes"`, `"no"`, `"per"`, `""`)
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("(object.name == %s or object.name == %s and user.name == %s)", gateWord(r), gateWord(r), gateWord(r))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("%s(event.sequence %s %d)", pick(r, "", "", "not "), pick(r, ">", ">="), r.IntN(14)-1)
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("(fields.Size > %d or fields.Size >= %d and object.name startsWith %s)", r.IntN(12), r.IntN(12), gateWord(r))
	},
}

func gateWord(r *rand.Rand) string { return pick(r, `"yes it is"`, `"no"`, `"x"`, `"empty"`, `"S1"`) }

func pick(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

func randomCondition(r *rand.Rand, depth int) string {
	if depth == 0 || r.IntN(4) == 0 {
		return randomAtom(r)
	}
	switch r.IntN(6) {
	case 0:
		return "not (" + randomCondition(r, depth-1) + ")"
	case 1:
		return fmt.Sprintf("%s(subject.ids, # %s %s or %s)", pick(r, "any", "all", "none"), pick(r, "==", "startsWith"), pick(r, `"S1"`, `"no"`, `"yes"`), randomAtom(r))
	case 2, 3:
		return "(" + randomCondition(r, depth-1) + " or " + randomCondition(r, depth-1) + ")"
	}
	return "(" + randomCondition(r, depth-1) + " and " + randomCondition(r, depth-1) + ")"
}

func randomAtom(r *rand.Rand) string {
	text := func() string {
		return pick(r, "event.dataset", "event.action", "object.type", "event.dataset", "event.action", "object.name", "actor.id", "actor.name", "fields.Verb")
	}
	number := func() string { return pick(r, "event.sequence", "fields.Size", "len(subject.ids)") }
	word := func() string {
		return pick(r, `"niche"`, `"pnc"`, `"view"`, `"print"`, `"person"`, `"S1"`, `"S2"`, `"x"`, `""`)
	}
	derived := func() string {
		return pick(r, "lower", "upper", "trim") + "(" + text() + ")"
	}
	switch r.IntN(13) {
	case 10:
		return derived() + " " + pick(r, "==", "!=", "contains", "startsWith") + " " + pick(r, word(), derived(), text())
	case 11:
		return fmt.Sprintf("len(split(%s, %s)) %s %d", text(), pick(r, `"e"`, `"s"`, `""`, `"es"`), pick(r, "==", "<", ">"), r.IntN(6))
	case 12:
		return fmt.Sprintf("%s matches %q", pick(r, text(), derived()), pick(r, "(?i)^(n|p|V)[a-z-]", "^(S|y)", "^(|x)$", "^[^n]", "(^v|p)", "\\A.", "^$", "^é|^(?i:ſ)"))
	case 0, 1:
		return text() + " " + pick(r, "==", "==", "!=", "contains", "startsWith", "endsWith", "matches") + " " + word()
	case 2:
		return text() + " " + pick(r, "==", "!=", "<", ">=") + " " + text()
	case 3:
		return fmt.Sprintf("%s %s %d", number(), pick(r, "==", "!=", "<", "<=", ">", ">="), r.IntN(14)-1)
	case 4:
		return number() + " " + pick(r, "==", "<", ">") + " " + number()
	case 5, 6:
		return text() + " in [" + word() + ", " + word() + "]"
	case 7:
		return pick(r, word()+" in subject.ids", "object.restricted", "event.time > event.time")
	case 8:
		return "has(" + pick(r, "event.action", "object.type", "actor.id", "event.sequence", "fields.Verb") + ")"
	}
	return `listed(` + pick(r, "object.name", "event.action", "actor.name", `"yes"`, `"no"`, `"perhaps"`, `"empty"`) + `)`
}

func randomEvent(r *rand.Rand, s *event.Schema) *event.Event {
	var ev event.Event
	ev.Reset(s)
	set := func(name string, v event.Value) {
		switch f, _ := s.Field(name); r.IntN(12) {
		case 0:
		case 1:
			ev.Slots[f] = event.Illegible()
		default:
			ev.Slots[f] = v
		}
	}
	ev.Slots[event.FieldTime] = event.TimeValue(time.Date(2026, 3, 2, 14, 5, r.IntN(60), 0, time.UTC).UnixNano())
	ev.Slots[event.FieldDataset] = event.StringValue(pick(r, "niche", "pnc", "storm"))
	set("event.action", event.StringValue(pick(r, "view", "print", "delete", "perhaps")))
	set("object.type", event.StringValue(pick(r, "person", "vehicle", "x")))
	set("user.id", event.StringValue(pick(r, "S1", "S2")))
	set("user.name", event.StringValue(pick(r, "yes", "no", "perhaps", "S1", "\u00e9 no", "YES ", "\xff")))
	set("requestor.id", event.StringValue(pick(r, "S1", "S2", "S3")))
	set("object.name", event.StringValue(pick(r, "yes it is", "no", "perhaps", "x", "empty")))
	set("object.restricted", event.BoolValue(r.IntN(2) == 0))
	set("event.sequence", event.IntValue(int64(r.IntN(12))))
	set("fields.Size", event.IntValue(int64(r.IntN(12))))
	set("subject.ids", event.ListValue(strings.Fields(pick(r, "S1", "no perhaps yes", "yes", "no no"))))
	if r.IntN(2) == 0 {
		ev.Native = append(ev.Native, event.Pair{Name: "Verb", Text: pick(r, "view", "x", `view\xe9`)})
	}
	if r.IntN(4) == 0 {
		ev.Native = append(ev.Native, event.Pair{Name: event.NativeIllegible, Text: "Other,Verb"})
	}
	return &ev
}
