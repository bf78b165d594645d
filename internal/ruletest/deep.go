package ruletest

import (
	"slices"
	"time"

	"probity/internal/rule"
	"probity/internal/strictyaml"
)

// Report is what Deep found.
type Report struct {
	Results []Result   `json:"results"` // of the tests as they are written
	Tests   []DeepTest `json:"deep"`    // of those that pass
	Scores  []Score    `json:"scores"`  // of rules all of whose tests pass
	broken  []strictyaml.Problem
}

// DeepTest is what became of the properties of one test.
type DeepTest struct {
	Rule     string        `json:"rule"`
	File     string        `json:"file"`
	Line     int           `json:"line"`
	Test     string        `json:"test"`
	Plays    int           `json:"plays"` // ways through the timeline, and through what was derived from it
	Broken   []Broken      `json:"broken,omitempty"`
	Duration time.Duration `json:"duration_ns"`
}

// Broken is a property that does not hold.
type Broken struct {
	Property string `json:"property"`
	What     string `json:"what"`
}

// Deep runs the tests and then, of each that passes, what its author did not ask for: see properties; and of each rule the
// mutation score. Problems are those of Run.
func Deep(files []rule.File, o Options) (Report, strictyaml.Problems) {
	if problems := o.zone(); len(problems) > 0 {
		return Report{}, problems
	}
	o.Formats = remembered(o.Formats)
	b, problems := o.read(files)
	results, more := o.run(b)
	r := Report{Results: results}
	if problems = append(problems, more...); len(problems) > 0 {
		problems.Sort()
		return r, problems
	}
	reports := make([]Report, len(files))
	tried := o.Progress.counter("rules tried in depth", len(files))
	onAllCores(len(files), func(i int) {
		reports[i] = o.deepFile(b, i)
		tried.count()
	})
	for _, one := range reports {
		r.Tests, r.Scores = append(r.Tests, one.Tests...), append(r.Scores, one.Scores...)
		problems = append(problems, one.broken...)
	}
	return r, problems
}

// deepFile tries the properties of one rule's tests and scores them. The rule and its tests are known to load.
func (o *Options) deepFile(b *book, n int) (r Report) {
	s, problems := o.suite(b, n)
	if r.broken = problems; len(problems) > 0 {
		return r
	}
	var ready []*rehearsal
	for i := range s.cases {
		c := &s.cases[i]
		began := time.Now()
		t := &rehearsal{testCase: c}
		t.stage, t.timeline = c.stage()
		var err error
		if t.want, err = t.stage.play(t.timeline); err != nil || len(c.compare(t.want)) > 0 {
			continue // Run has told
		}
		ready = append(ready, t)
		d := DeepTest{Rule: c.rule.ID, File: b.files[n].Name, Line: c.doc.At(c.path).Line, Test: c.test.Name}
		d.Plays, d.Broken = t.properties()
		d.Duration = time.Since(began)
		r.Tests = append(r.Tests, d)
	}
	if s.parsed == nil || len(ready) < len(s.parsed.Rule.Tests) {
		return r // an overlay, or some test fails, or was not selected: what it would notice is not known
	}
	score, err := s.score(ready)
	if err != nil {
		r.broken = append(r.broken, strictyaml.Problem{File: b.files[n].Name, What: err.Error()})
		return r
	}
	slices.SortFunc(score.Survivors, func(a, b Survivor) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	r.Scores = []Score{score}
	return r
}
