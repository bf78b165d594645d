package evaluate

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/rule"
)

// Judge marks alerts against truths. alerts may be last revisions only, or all of them in any order: then After is exact to
// the batch in which the alert fired, else it is an upper bound.
func Judge(truths []Truth, alerts []*alert.Alert) Report {
	c := newMarking(truths, alerts, nil)
	verdicts := unjudged(truths)
	rules := map[string]*RuleScore{}
	for _, h := range histories(alerts) {
		last := h[len(h)-1]
		if last.Status == alert.Withdrawn {
			continue
		}
		score := rules[last.Rule.ID]
		if score == nil {
			score = &RuleScore{Rule: last.Rule.ID}
			rules[last.Rule.ID] = score
		}
		score.Alerts++
		found := c.found(last)
		if len(found) == 0 {
			score.Other++
			continue
		}
		score.True++
		for _, i := range found {
			verdicts[i].by(last.Rule.ID, c.since(h, i))
		}
	}
	r := Report{Misuse: verdicts}
	for _, id := range slices.Sorted(maps.Keys(rules)) {
		r.Rules = append(r.Rules, *rules[id])
	}
	r.Typologies = typologies(r.Misuse)
	return r
}

// histories groups revisions by alert, in order of id and revision.
func histories(alerts []*alert.Alert) [][]*alert.Alert {
	sorted := slices.Clone(alerts)
	slices.SortStableFunc(sorted, func(a, b *alert.Alert) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Revision, b.Revision))
	})
	var out [][]*alert.Alert
	for i, a := range sorted {
		if i == 0 || sorted[i-1].ID != a.ID {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], a)
	}
	return out
}

// marking holds alerts against truths, or against look-alikes.
type marking struct {
	truths  []Truth
	byEvent map[Ref][]int           // truths that an event belongs to
	quoted  map[string]event.Record // by event id, over all alerts, and what else is known
	alerts  map[string]*alert.Alert // last revisions by id: what rules over alerts quote
}

// newMarking also knows records that no alert need quote.
func newMarking(truths []Truth, alerts []*alert.Alert, known []event.Record) *marking {
	c := &marking{truths: truths, byEvent: map[Ref][]int{}, quoted: map[string]event.Record{}, alerts: map[string]*alert.Alert{}}
	for i, t := range truths {
		for _, ref := range t.Events {
			c.byEvent[ref] = append(c.byEvent[ref], i)
		}
	}
	for _, r := range known {
		c.quoted[r.ID] = r
	}
	for _, a := range alerts {
		for _, r := range a.Evidence {
			c.quoted[r.ID] = r
		}
		if have := c.alerts[a.ID]; have == nil || have.Revision < a.Revision {
			c.alerts[a.ID] = a
		}
	}
	return c
}

func unjudged(truths []Truth) []Verdict {
	var out []Verdict
	for _, t := range truths {
		out = append(out, Verdict{Typology: t.Typology, Variant: t.Variant})
	}
	return out
}

// found lists the truths that a revision is about, in their order.
func (c *marking) found(a *alert.Alert) []int {
	if of(a) == ofTheAudit {
		return nil
	}
	hit := map[int]bool{}
	look := func(r event.Record) {
		dataset, _ := r.Fields["event.dataset"].(string)
		// The native id of a record that is an alert is the alert's.
		if told := c.alerts[r.NativeID]; dataset == rule.AlertDataset && told != nil && told.ID != a.ID {
			if told.Status == alert.Withdrawn {
				return
			}
			for _, i := range c.found(told) {
				hit[i] = hit[i] || concerns(a, r, c.truths[i].Person)
			}
			return
		}
		for _, i := range c.byEvent[Ref{dataset, r.NativeID}] {
			if concerns(a, r, c.truths[i].Person) {
				hit[i] = true
			}
		}
	}
	for _, r := range a.Evidence {
		look(r)
	}
	for _, id := range a.EventIDs {
		if r, ok := c.quoted[id]; ok {
			look(r)
		}
	}
	maps.DeleteFunc(hit, func(_ int, yes bool) bool { return !yes })
	return slices.Sorted(maps.Keys(hit))
}

// concerns reports whether the alert is about the person: its key names them, or names nobody and the record does.
func concerns(a *alert.Alert, r event.Record, person string) bool {
	if named := persons(a); len(named) > 0 {
		return slices.Contains(named, person)
	}
	return r.Fields["user.id"] == person || r.Fields["requestor.id"] == person
}

// since is how long after its first event a truth was found: up to the last event of the first revision that is about it.
func (c *marking) since(history []*alert.Alert, truth int) time.Duration {
	for _, a := range history {
		if slices.Contains(c.found(a), truth) {
			return a.Last.Sub(c.truths[truth].First)
		}
	}
	return 0 // not reached: the last revision is about it
}
