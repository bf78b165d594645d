package rule

import (
	"testing"

	"probity/internal/event"
)

// What a record has and nobody can read is unknown, also to whoever asks whether it is there.
func TestNobodyCanSayThatARecordLacksWhatIsIllegible(t *testing.T) {
	s := testSchema(t)
	var ev event.Event
	ev.Reset(s)
	for _, name := range []string{"event.action", "purpose.ref", "user.id", "user.name"} {
		f, _ := s.Field(name)
		ev.Slots[f] = event.Illegible()
	}
	ev.Slots[event.FieldDataset] = event.StringValue("niche")
	ev.Native = []event.Pair{{Name: "Verb", Text: `vi\xe9w`}, {Name: "Path", Text: `C:\xe9`}, {Name: event.NativeIllegible, Text: "Verb"}}
	for source, want := range map[string]Verdict{
		"not has(purpose.ref)":                         UnknownField,
		"has(purpose.ref)":                             UnknownField,
		"has(actor.id) or has(actor.name)":             UnknownField,
		"not has(event.action)":                        UnknownField, // a field that rules are found by
		"not has(object.name)":                         True,
		`fields.Verb != "view"`:                        UnknownField,
		"not has(fields.Verb)":                         UnknownField,
		`fields.Path != "x" and not has(fields.Other)`: True, // a backslash alone is text
	} {
		set := NewSet(s)
		c, err := set.Compile(source, nil)
		if err != nil {
			t.Fatal(source, err)
		}
		set.Rules = []*Compiled{{Rule: &Rule{}, Sides: []Side{{Cond: c}}, needs: set.needs(c.root)}}
		e := set.NewEval()
		e.Begin(&ev)
		found, _ := set.NewFinder().Rules(&ev)
		if len(found) != 1 {
			t.Errorf("%s: found by %d", source, len(found))
			continue
		}
		if whole, left := e.Verdict(c), e.Verdict(found[0].Conds[0]); whole != want || left != want {
			t.Errorf("%s: %v, and %v as found; want %v", source, whole, left, want)
		}
	}
}
