package ruletest

import (
	"probity/internal/event"
	"probity/internal/rule"
)

// Score says how many of a rule's mutants its tests notice.
type Score struct {
	Rule       string     `json:"rule"`
	File       string     `json:"file"`
	Killed     int        `json:"killed"`
	Survived   int        `json:"survived"`
	Equivalent int        `json:"equivalent"` // mean the same as the rule: no test can notice
	Invalid    int        `json:"invalid"`    // do not load: nobody could put them in force
	Survivors  []Survivor `json:"survivors,omitempty"`
}

// Survivor is a change of the rule that no test notices.
type Survivor struct {
	Line   int       `json:"line"`
	Column int       `json:"column"`
	Kind   rule.Kind `json:"kind"`
	What   string    `json:"what"`
}

// Percent is the share of the mutants that could be noticed and were; 100 if there are none.
func (s *Score) Percent() float64 {
	if s.Killed+s.Survived == 0 {
		return 100
	}
	return 100 * float64(s.Killed) / float64(s.Killed+s.Survived)
}

// rehearsal is a test that is ready to be played.
type rehearsal struct {
	*testCase
	stage    *stage
	timeline []*event.Event
	want     outcome // as the rule itself gives it
}

// score plays the tests of a rule, all of which pass, to each of its mutants. A test's tables are in force once for all
// mutants; a mutant that was noticed is played no further.
func (s *suite) score(tests []*rehearsal) (Score, error) {
	out := Score{Rule: s.parsed.Rule.ID, File: s.parsed.File.Name}
	mutants, err := s.parsed.Mutants(s.rig.schema)
	if err != nil {
		return out, err
	}
	noticed := make([]bool, len(mutants))
	for _, t := range tests {
		s.rig.put(t.stage.people)
		for i := range mutants {
			if m := &mutants[i]; m.Fate == rule.Playable && !noticed[i] {
				noticed[i] = t.notices(m.Set)
			}
		}
	}
	for i, m := range mutants {
		switch {
		case m.Fate == rule.Equivalent:
			out.Equivalent++
		case m.Fate == rule.Invalid:
			out.Invalid++
		case noticed[i]:
			out.Killed++
		default:
			out.Survived++
			out.Survivors = append(out.Survivors, Survivor{m.Line, m.Column, m.Kind, m.What})
		}
	}
	return out, nil
}

// notices reports whether the test fails for another rule. The timeline is played as written only: what other orders could
// show of the rule, this one shows.
func (t *rehearsal) notices(other *rule.Set) bool {
	got, err := t.stage.under(other).play(t.timeline)
	return err != nil || len(t.compare(got)) > 0
}
