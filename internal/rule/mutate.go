package rule

import (
	"maps"
	"slices"

	"probity/internal/event"
	"probity/internal/strictyaml"
)

// Kind is what a mutant changes.
type Kind string

// The kinds of mutants.
const (
	Negated     Kind = "negated"   // a clause
	MadeTrue    Kind = "true"      // a clause
	MadeFalse   Kind = "false"     // a clause
	Flipped     Kind = "and/or"    // one operator
	OtherText   Kind = "text"      // one text constant
	OtherNumber Kind = "threshold" // a number, by one
	OtherSpan   Kind = "timespan"  // a length of time, halved or doubled
	Dropped     Kind = "dropped"   // an exception, a part of the group key, an actor
)

// Fate is why a mutant is not played.
type Fate string

// The fates.
const (
	Playable   Fate = ""
	Invalid    Fate = "invalid"    // it does not load
	Equivalent Fate = "equivalent" // it gives the alerts of the rule itself, by the laws of three-valued logic
)

// Mutant is a rule with one small change of its meaning. A test of the rule should notice; if none does, the test is missing.
type Mutant struct {
	Kind         Kind
	Line, Column int    // of what was changed
	What         string // "when: dropped the clause …"
	Fate         Fate
	Set          *Set // holds the changed rule alone; nil unless Playable
}

// mutator makes the mutants of one rule.
type mutator struct {
	parsed   *Parsed
	schema   *event.Schema
	original string          // fingerprint of the rule
	seen     map[string]bool // fingerprints of its mutants
	params   []paramUse      // that the conditions use
	out      []Mutant
}

// Mutants makes all mutants of a rule that loads. Two that mean the same are one.
func (p *Parsed) Mutants(schema *event.Schema) ([]Mutant, error) {
	set, problems := p.Compile(schema)
	if len(problems) > 0 {
		return nil, problems
	}
	m := &mutator{parsed: p, schema: schema, original: set.fingerprint(), seen: map[string]bool{}}
	if err := m.conditions(); err != nil {
		return nil, err
	}
	m.parameters()
	m.correlation(set.Rules[0])
	m.parts()
	return m.out, nil
}

// copy is the rule once more, so that what a mutant changes is its own.
func (m *mutator) copy() *Parsed {
	p, r := *m.parsed, *m.parsed.Rule
	r.Exceptions, r.Params, r.Actors = slices.Clone(r.Exceptions), maps.Clone(r.Params), slices.Clone(r.Actors)
	if r.Correlation != nil {
		c := *r.Correlation
		c.GroupBy, c.Steps = slices.Clone(c.GroupBy), slices.Clone(c.Steps)
		if c.Absence != nil {
			a := *c.Absence
			c.Absence = &a
		}
		if c.Baseline != nil {
			b := *c.Baseline
			c.Baseline = &b
		}
		r.Correlation = &c
	}
	p.Rule = &r
	return &p
}

// add tries a changed copy of the rule. Mutants that differ from the rule in a condition only are compared by what their
// conditions mean.
func (m *mutator) add(kind Kind, path string, at strictyaml.Pos, what string, conditions bool, change func(*Rule)) {
	changed := m.copy()
	change(changed.Rule)
	mutant := Mutant{Kind: kind, Line: at.Line, Column: at.Column, What: path + ": " + what}
	set, problems := changed.Compile(m.schema)
	switch {
	case len(problems) > 0:
		mutant.Fate = Invalid
	case conditions && set.fingerprint() == m.original:
		mutant.Fate = Equivalent
	case conditions && m.seen[set.fingerprint()]:
		return // an earlier mutant means the same
	default:
		mutant.Set, m.seen[set.fingerprint()] = set, conditions
	}
	m.out = append(m.out, mutant)
}
