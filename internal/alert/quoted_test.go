package alert

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"probity/internal/event"
)

func drawQuoted(t *rapid.T) *event.Kept {
	text := rapid.SampledFrom([]string{"", "S1", "S2", "<&>\"\\", "\xff\xfeS3", `,"evidence":null,`, "\u2028"})
	r := event.Record{
		ID: strings.Repeat("0", 31) + rapid.StringMatching(`[0-9a-f]`).Draw(t, "id"), Time: time.Unix(rapid.Int64Range(0, 1e10).Draw(t, "at"), 0).UTC(),
		Source: text.Draw(t, "source"), Original: text.Draw(t, "original"), Fields: map[string]any{"event.dataset": text.Draw(t, "dataset")},
		Native: []event.Pair{{Name: "A", Text: text.Draw(t, "native")}},
	}
	for _, field := range []string{"user.id", "requestor.id"} {
		if rapid.Bool().Draw(t, "has "+field) {
			r.Fields[field] = text.Draw(t, field)
		}
	}
	k, err := r.Keep()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestAnAlertIsTheSameBeforeItsRecordsAreUnfolded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{"", "plain", `,"evidence":null,`, `"evidence":null`})
		folded := Alert{
			ID: text.Draw(t, "id"), Summary: text.Draw(t, "summary"), Generation: text.Draw(t, "generation"), Reason: text.Draw(t, "reason"),
			Rule:  Rule{ID: "r", Controls: map[string][]string{"evidence": nil}},
			Group: []KeyPart{{Field: "actor.id", Value: text.Draw(t, "group")}}, Unknowns: []string{text.Draw(t, "unknown")},
			Facts: []Fact{{Say: text.Draw(t, "fact")}},
		}
		for range rapid.IntRange(0, 4).Draw(t, "records") {
			folded.Quoted = append(folded.Quoted, drawQuoted(t))
		}
		unfolded := folded
		unfolded.Quoted = slices.Clone(folded.Quoted)
		if err := unfolded.Unfold(); err != nil {
			t.Fatal(err)
		}
		if len(unfolded.Evidence) != len(folded.Quoted) || unfolded.Quoted != nil || folded.Evidence != nil {
			t.Fatalf("%d records of %d", len(unfolded.Evidence), len(folded.Quoted))
		}
		want := written(t, unfolded)
		if diff := cmp.Diff(want, written(t, folded)); diff != "" {
			t.Error(diff)
		}
		type asItWas Alert // written by encoding/json alone
		if diff := cmp.Diff(written(t, asItWas(unfolded)), want); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(unfolded.Concerned(), folded.Concerned()); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(string(unfolded.Canonical()), string(folded.Canonical())); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(unfolded.Datasets(), folded.Datasets()); diff != "" {
			t.Error(diff)
		}
	})
}

func written(t *rapid.T, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAnAlertThatIsHalfUnfoldedIsNotWritten(t *testing.T) {
	r := event.Record{ID: strings.Repeat("00", 16)}
	k, err := r.Keep()
	if err != nil {
		t.Fatal(err)
	}
	a := Alert{Evidence: []event.Record{r}, Quoted: []*event.Kept{k}}
	if b, err := json.Marshal(a); err == nil {
		t.Errorf("it is written as %s", b)
	}
}
