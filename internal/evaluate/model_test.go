package evaluate_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"probity/internal/alert"
	"probity/internal/evaluate"
	"probity/internal/event"
)

// The model says what marking means in as few words as it can, over alerts that quote all of their records.

// modelTrue lists the planted acts that an alert is about.
func modelTrue(a *alert.Alert, truths []evaluate.Truth, last map[string]*alert.Alert) (found []int) {
	if slices.Contains([]string{"silence", "gap", "clock_skew"}, a.Rule.Type) {
		return nil
	}
	for i, t := range truths {
		for _, r := range a.Evidence {
			about := false
			key := a.Group[0]
			switch {
			case key.Field == "actor.id":
				about = key.Value == t.Person
			default:
				about = r.Fields["user.id"] == t.Person || r.Fields["requestor.id"] == t.Person
			}
			if r.Fields["event.dataset"] == "probity" {
				of := last[r.NativeID]
				about = about && of != nil && of.Status != alert.Withdrawn && slices.Contains(modelTrue(of, truths, last), i)
			} else {
				about = about && slices.Contains(t.Events, evaluate.Ref{Dataset: "niche", NativeID: r.NativeID})
			}
			if about {
				found = append(found, i)
				break
			}
		}
	}
	return found
}

// modelAfter is the time to the first revision that is about a truth; all are in order of revision.
func modelAfter(id string, truth int, truths []evaluate.Truth, all []*alert.Alert, last map[string]*alert.Alert) time.Duration {
	for _, a := range all {
		if a.ID == id && slices.Contains(modelTrue(a, truths, last), truth) {
			return a.Last.Sub(truths[truth].First)
		}
	}
	panic("the last revision is about it")
}

var modelRules = []alert.Rule{
	{ID: "low", Severity: alert.Low}, {ID: "medium", Severity: alert.Medium}, {ID: "high", Severity: alert.High},
	{ID: "critical", Severity: alert.Critical}, {ID: "gap", Type: "gap", Severity: alert.High},
}

func drawTruths(t *rapid.T, label string) []evaluate.Truth {
	var out []evaluate.Truth
	for i := range rapid.IntRange(0, 4).Draw(t, label) {
		truth := planted(fmt.Sprintf("typology-%d", i%2), rapid.SampledFrom([]string{"obvious", "patient"}).Draw(t, "variant"), drawPerson(t), "")
		truth.Events = nil
		for _, n := range rapid.SliceOfNDistinct(rapid.IntRange(1, 6), 1, 3, rapid.ID[int]).Draw(t, "events") {
			truth.Events = append(truth.Events, evaluate.Ref{Dataset: "niche", NativeID: fmt.Sprint(n)})
		}
		out = append(out, truth)
	}
	return out
}

func drawPerson(t *rapid.T) string {
	return rapid.SampledFrom([]string{"S1", "S2", "S3"}).Draw(t, "person")
}

// drawAlerts draws alerts, some with several revisions, and then alerts over them.
func drawAlerts(t *rapid.T) (all []*alert.Alert, last map[string]*alert.Alert) {
	last = map[string]*alert.Alert{}
	users := map[int]string{} // of a record, which has one user whoever quotes it
	for n := 1; n <= 6; n++ {
		users[n] = drawPerson(t)
	}
	raise := func(id string, rule alert.Rule, key string, quoted func() event.Record) {
		var records []event.Record
		for revision := range rapid.IntRange(1, 5).Draw(t, "revisions") {
			if revision == 0 || rapid.Bool().Draw(t, "more") {
				records = append(records, quoted())
			}
			a := fired(id, "", key, time.Duration(revision)*time.Hour, slices.Clone(records)...)
			a.Rule, a.Revision = rule, revision+1
			if rapid.IntRange(0, 5).Draw(t, "withdraw") == 0 {
				a.Status = alert.Withdrawn
			}
			all, last[id] = append(all, a), a
		}
	}
	for i := range rapid.IntRange(0, 6).Draw(t, "alerts") {
		key := rapid.SampledFrom([]string{"S1", "S2", "S3", "N53/1"}).Draw(t, "key")
		raise(fmt.Sprintf("a%d", i), rapid.SampledFrom(modelRules).Draw(t, "rule"), key, func() event.Record {
			n := rapid.IntRange(1, 6).Draw(t, "record")
			r := record(fmt.Sprint(n), users[n])
			r.Fields["requestor.id"] = users[n%3+1]
			return r
		})
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "sums") {
		key := drawPerson(t)
		raise(fmt.Sprintf("s%d", i), alert.Rule{ID: "sum", Severity: alert.High}, key, func() event.Record {
			of := fmt.Sprintf("a%d", rapid.IntRange(0, 5).Draw(t, "of"))
			return event.Record{ID: "e" + of, NativeID: of, Fields: map[string]any{"event.dataset": "probity", "user.id": key}}
		})
	}
	return all, last
}

func TestMarkingIsTheModels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		truths, alike := drawTruths(t, "truths"), drawTruths(t, "look-alikes")
		all, last := drawAlerts(t)
		shuffled := all // as they are committed, or as a file may have them
		if rapid.Bool().Draw(t, "shuffle") {
			shuffled = rapid.Permutation(all).Draw(t, "order")
		}
		report := evaluate.Pool(evaluate.Assess(evaluate.Force{Truths: truths, Lookalikes: alike, Staff: 1000, Days: 7, Notes: noted(truths, alike, shuffled)}))

		misuse, resembled := map[int][]string{}, map[int][]string{}
		after := map[int]time.Duration{}
		rules := map[string]*evaluate.RuleFigures{}
		var interrupting evaluate.Share
		for _, a := range last {
			if a.Status == alert.Withdrawn {
				continue
			}
			r := rules[a.Rule.ID]
			if r == nil {
				r = &evaluate.RuleFigures{Rule: a.Rule.ID, Severity: a.Rule.Severity, Apart: a.Rule.ID == "gap" || a.Rule.ID == "sum"}
				r.Recall.Of = len(truths)
				rules[a.Rule.ID] = r
			}
			r.Alerts++
			found := modelTrue(a, truths, last)
			for _, i := range found {
				if w := modelAfter(a.ID, i, truths, all, last); misuse[i] == nil || w < after[i] {
					after[i] = w
				}
				misuse[i] = append(misuse[i], a.Rule.ID)
			}
			if r.Apart {
				continue
			}
			r.Precision.Of++
			if len(found) > 0 {
				r.Precision.Count++
			} else {
				for _, i := range modelTrue(a, alike, last) {
					resembled[i] = append(resembled[i], a.Rule.ID)
				}
			}
			if a.Rule.Severity == alert.High || a.Rule.Severity == alert.Critical {
				interrupting.Of++
				if len(found) > 0 {
					interrupting.Count++
				}
			}
		}
		tally(misuse, func(id string, alone bool) {
			rules[id].Recall.Count++
			if alone {
				rules[id].Alone++
			}
		})
		tally(resembled, func(id string, _ bool) { rules[id].Lookalikes++ })
		var want []evaluate.RuleFigures
		for _, r := range rules {
			want = append(want, *r)
		}
		slices.SortFunc(want, func(a, b evaluate.RuleFigures) int { return cmp.Compare(a.Rule, b.Rule) })
		if diff := gocmp.Diff(want, report.Rules); diff != "" {
			t.Fatalf("rules (-want +got):\n%s", diff)
		}
		force := report.Forces[0]
		if force.Recall.Count != len(misuse) || force.Recall.Of != len(truths) || force.Interrupting != interrupting {
			t.Fatalf("force %+v, want %d found, %v", force, len(misuse), interrupting)
		}
		var longest time.Duration
		for _, w := range after {
			longest = max(longest, w)
		}
		for _, d := range report.Delays {
			if d.Variant == "all" && d.By == "any alert" && (d.Found != len(misuse) || d.Planted != len(truths) || d.Max != longest) {
				t.Fatalf("delay %+v, want %d found after %v at most", d, len(misuse), longest)
			}
		}
		for _, x := range report.Typologies {
			if got, want := x.Lookalikes.Count, ofTypology(resembled, alike, x.Name); got != want {
				t.Fatalf("%s: %d look-alikes alerted on, want %d", x.Name, got, want)
			}
		}
	})
}

// tally tells each rule once for each act it found, and whether no other rule did but the one that adds up.
func tally(found map[int][]string, each func(id string, alone bool)) {
	for _, ids := range found {
		slices.Sort(ids)
		ids = slices.Compact(ids)
		own := strings.Fields(strings.ReplaceAll(strings.Join(ids, " "), "sum", ""))
		for _, id := range ids {
			each(id, len(own) == 1 && own[0] == id)
		}
	}
}

func ofTypology(found map[int][]string, planted []evaluate.Truth, name string) (n int) {
	for i := range found {
		if planted[i].Typology == name {
			n++
		}
	}
	return n
}
