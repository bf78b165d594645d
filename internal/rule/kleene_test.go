package rule

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// kleene is three-valued logic, written down as its truth table says: 0 false, 1 unknown, 2 true.
type kleene int

// formula is a random condition as its author would write it, and its value by the truth table under a reading of its
// leaves. Each leaf is a lookup of a word, so that every kind of unknown can stand anywhere.
type formula struct {
	text  string
	value func(leaf func(word string, negated bool) kleene, negated bool) kleene
}

var words = map[string]Verdict{"yes": True, "no": False, "empty": UnknownField, "perhaps": Undecided}

func drawFormula(depth int) *rapid.Generator[formula] {
	leaf := rapid.Custom(func(t *rapid.T) formula {
		w := rapid.SampledFrom([]string{"yes", "no", "empty", "perhaps"}).Draw(t, "word")
		return formula{fmt.Sprintf("listed(%q)", w), func(leaf func(string, bool) kleene, neg bool) kleene { return leaf(w, neg) }}
	})
	if depth == 0 {
		return leaf
	}
	return rapid.Custom(func(t *rapid.T) formula {
		sub := drawFormula(depth - 1)
		a := sub.Draw(t, "a")
		switch rapid.IntRange(0, 4).Draw(t, "op") {
		case 0:
			return leaf.Draw(t, "leaf")
		case 1:
			return formula{"not (" + a.text + ")", func(leaf func(string, bool) kleene, neg bool) kleene { return 2 - a.value(leaf, !neg) }}
		case 2:
			b := sub.Draw(t, "b")
			return formula{"(" + a.text + " and " + b.text + ")", func(leaf func(string, bool) kleene, neg bool) kleene {
				return min(a.value(leaf, neg), b.value(leaf, neg))
			}}
		case 3:
			b := sub.Draw(t, "b")
			return formula{"(" + a.text + " or " + b.text + ")", func(leaf func(string, bool) kleene, neg bool) kleene {
				return max(a.value(leaf, neg), b.value(leaf, neg))
			}}
		default:
			b, c := sub.Draw(t, "b"), sub.Draw(t, "c")
			return formula{"(" + a.text + " ? " + b.text + " : " + c.text + ")", func(leaf func(string, bool) kleene, neg bool) kleene {
				yes, no := b.value(leaf, neg), c.value(leaf, neg)
				return max(min(a.value(leaf, neg), yes), min(2-a.value(leaf, !neg), no), min(yes, no))
			}}
		}
	})
}

// A condition is what Kleene's truth table says; and it is Undecided exactly if it is unknown and the tables' best answers
// would make it true, each occurrence answered for itself.
func TestConditionsFollowKleenesTruthTable(t *testing.T) {
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
		got := e.Verdict(c)

		asIs := f.value(func(w string, _ bool) kleene {
			return map[Verdict]kleene{True: 2, False: 0, UnknownField: 1, Undecided: 1}[words[w]]
		}, false)
		best := f.value(func(w string, neg bool) kleene {
			switch words[w] {
			case Undecided:
				if neg {
					return 0
				}
				return 2
			case UnknownField:
				return 1
			case True:
				return 2
			}
			return 0
		}, false)
		want := map[kleene]Verdict{0: False, 1: UnknownField, 2: True}[asIs]
		if asIs == 1 && best == 2 {
			want = Undecided
		}
		if got != want {
			t.Fatalf("%s\n is %v, want %v", f.text, got, want)
		}
	})
}

// Where nothing is unknown, a condition is what plain expr says of it.
func TestKnownConditionsAreWhatExprSays(t *testing.T) {
	schema := testSchema(t)
	atomText := rapid.Custom(func(t *rapid.T) string {
		str := rapid.SampledFrom([]string{"event.dataset", "event.action", "object.name", "user.id", "fields.Verb"})
		num := rapid.SampledFrom([]string{"event.sequence", "fields.Size", "len(subject.ids)"})
		word := rapid.SampledFrom([]string{`"niche"`, `"view"`, `"yes it is"`, `"S1"`, `"x"`, `""`})
		switch rapid.IntRange(0, 6).Draw(t, "form") {
		case 0:
			return str.Draw(t, "l") + rapid.SampledFrom([]string{" == ", " != ", " contains ", " startsWith ", " endsWith ", " matches "}).Draw(t, "op") + word.Draw(t, "r")
		case 1:
			return str.Draw(t, "l") + rapid.SampledFrom([]string{" == ", " != ", " < ", " >= "}).Draw(t, "op") + str.Draw(t, "r")
		case 2:
			return num.Draw(t, "l") + rapid.SampledFrom([]string{" == ", " != ", " < ", " <= ", " > ", " >= "}).Draw(t, "op") + fmt.Sprint(rapid.IntRange(-1, 12).Draw(t, "n"))
		case 3:
			return num.Draw(t, "l") + rapid.SampledFrom([]string{" == ", " < ", " > "}).Draw(t, "op") + num.Draw(t, "r")
		case 4:
			return str.Draw(t, "l") + " in [" + word.Draw(t, "a") + ", " + word.Draw(t, "b") + "]"
		case 5:
			return word.Draw(t, "l") + " in subject.ids"
		default:
			return "object.restricted"
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		for i := range rapid.IntRange(1, 6).Draw(t, "atoms") {
			if i > 0 {
				b.WriteString(rapid.SampledFrom([]string{" and ", " or ", " and not ", " or not "}).Draw(t, "join"))
			}
			b.WriteString("(" + atomText.Draw(t, "atom") + ")")
		}
		source := strings.ReplaceAll(b.String(), "&&", "and")
		set := NewSet(schema)
		c, err := set.Compile(source, nil)
		if err != nil {
			t.Fatal(source, err)
		}
		e := set.NewEval()
		e.Begin(anEvent(schema))
		got := e.Verdict(c)
		plain, err := plainExpr(source, e)
		if err != nil {
			t.Fatal(source, err)
		}
		if got != verdictOf(plain) {
			t.Fatalf("%s\n is %v, expr says %v", source, got, plain)
		}
		// and each specialised atom for itself
		for i := range set.atoms {
			if a := &set.atoms[i]; a.fast != nil {
				if fast, slow := a.fast(e), e.runProgram(a, i); fast != slow {
					t.Fatalf("atom %s: closure %v, expr %v", a.text, fast, slow)
				}
			}
		}
	})
}
