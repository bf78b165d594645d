package ruletest

import (
	"fmt"

	"probity/internal/rule"
	"probity/internal/strictyaml"
)

// overlayCases are the tests that stand in an overlay: of the rule as the overlay leaves it. The rule's own tests are played
// on the rule as it was shipped, because a force's other threshold does not make them wrong.
func (o *Options) overlayCases(f rule.File, b *book) (out []testCase, problems strictyaml.Problems) {
	var over rule.Overlay
	doc, _ := strictyaml.Decode(f.Name, f.Data, &over)
	for _, r := range b.Set.Rules {
		if r.ID != over.Rule || r.Overlay == "" {
			continue
		}
		for _, shipped := range b.files {
			if shipped.Name == r.File {
				return o.casesOf(testCase{options: o, file: f, beside: []rule.File{shipped}, rule: r.Rule, doc: doc}, over.Tests)
			}
		}
	}
	return nil, nil // the rule is not whole, or disabled: that is a problem, or wanted
}

// casesOf makes a case of each test; like holds what they share.
func (o *Options) casesOf(like testCase, tests []rule.Test) (out []testCase, problems strictyaml.Problems) {
	seen := map[string]bool{}
	for i := range tests {
		c := like
		c.test, c.path = &tests[i], fmt.Sprintf("tests.%d", i)
		if c.test.Name == "" || seen[c.test.Name] {
			problems = append(problems, c.doc.Problem(c.path, fmt.Sprintf("test name %q", c.test.Name), "give each test its own name, a sentence"))
		}
		seen[c.test.Name] = true
		if c.test.Alerts == nil {
			problems = append(problems, c.doc.Problem(c.path, "a test without alerts", "write what it gives, or alerts: [] for a near miss"))
		}
		if o.Run == nil || o.Run.MatchString(c.rule.ID+"/"+c.test.Name) {
			out = append(out, c)
		}
	}
	return out, problems
}
