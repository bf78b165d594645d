package table

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"probity/internal/event"
)

func TestTextsHoldWhatAMapHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		got, want := newTexts(), map[string]int32{}
		draw := func() string {
			text := rapid.StringMatching(`[a-c]{0,3}`).Draw(t, "text")
			if rapid.Bool().Draw(t, "many") {
				text = fmt.Sprint(text, rapid.IntRange(0, 300).Draw(t, "n"))
			}
			return text
		}
		for range rapid.IntRange(0, 500).Draw(t, "steps") {
			text, n := draw(), rapid.Int32().Draw(t, "number")
			switch had, ok := want[text]; {
			case !ok:
				want[text] = n
				if got.put(text, n) != n {
					t.Fatalf("%q is not put", text)
				}
			case rapid.Bool().Draw(t, "set"):
				want[text] = n
				got.set(text, n)
			default:
				if again := got.put(text, n); again != had {
					t.Fatalf("%q: %d, had %d", text, again, had)
				}
			}
			look := draw()
			n, ok := got.find(look)
			if had, have := want[look]; have != ok || ok && n != had {
				t.Fatalf("%q: %d %v, a map says %d %v", look, n, ok, had, have)
			}
		}
		if got.count != len(want) {
			t.Fatalf("%d texts, not %d", got.count, len(want))
		}
		for text, n := range want {
			if found, ok := got.find(text); !ok || found != n {
				t.Fatalf("%q: %d %v, not %d", text, found, ok, n)
			}
		}
	})
}

func TestATextIsFoundAsItIsFolded(t *testing.T) {
	x, words := newTexts(), []string{"s1", "5326/0012345", "évans", "a b", ""}
	for i, w := range words {
		x.put(w, int32(i))
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom(append(words, "S1", " s1", "s1\u00a0", "ÉVANS", "A B\t", "s 1", "\xff", " ")).Draw(t, "text")
		if rapid.Bool().Draw(t, "any") {
			text = rapid.String().Draw(t, "any text")
		}
		got, ok := x.findFolded(text)
		want, known := x.find(foldText(text))
		if got != want || ok != known {
			t.Fatalf("%q: %d %v, folded %d %v", text, got, ok, want, known)
		}
	})
}

// What is keyed by place is found by anything that folds to its text, and members of staff stand where their row is.
func TestEveryKeyOfATableHasAPlaceOfItsOwn(t *testing.T) {
	s := sampleSet(t)
	texts := map[event.Place]string{}
	for _, name := range Names() {
		tab, err := Load(name, Config{Path: samples + "/" + name + ".csv"})
		if err != nil {
			t.Fatal(err)
		}
		for c, column := range tab.layout.columns {
			for i := range tab.Rows() {
				text := foldText(tab.row(i)[c])
				switch column.kind {
				case staffName:
					if at := s.Find(tab.row(i)[c]); int(at) != i+1 {
						t.Errorf("%s line %d: place %d", name, i, at)
					}
				case staff:
					if at := s.Find(text); !s.index.isStaff(at) {
						t.Errorf("%s line %d: %d is no place of staff", name, i, at)
					}
				case key:
				default:
					continue
				}
				at := s.Find(" " + text)
				if was, ok := texts[at]; at <= 0 || ok && was != text {
					t.Errorf("%s line %d: place %d is that of another key, too", name, i, at)
				}
				texts[at] = text
			}
		}
	}
	if at := s.Find("nobody has heard of it"); at != event.Nowhere {
		t.Errorf("place %d of what no table has", at)
	}
}
