package ruletest

import (
	"regexp"
	"slices"
	"time"

	"probity/internal/decode"
	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/strictyaml"
)

// Options are what tests are run with.
type Options struct {
	Schema   *event.Schema                            // its lookups need not be bound
	Formats  func(name string) (*decode.Format, bool) // that read a test's lines
	Zone     *time.Location                           // of local times in tables; Europe/London unless given
	Run      *regexp.Regexp                           // of "rule id/test name"; nil runs all
	Progress func(done, total int)                    // in rule files; called after each file, by one goroutine at a time; may be nil
}

// Result is what became of one test.
type Result struct {
	Rule     string        `json:"rule"`
	File     string        `json:"file"`
	Line     int           `json:"line"`
	Test     string        `json:"test"`
	Passed   bool          `json:"passed"`
	Problems []string      `json:"problems,omitempty"` // expected and got, readable
	Duration time.Duration `json:"duration_ns"`
}

// Run runs the tests of rule files in the order of the files. The problems are those of the files themselves, among them
// tests that cannot be run; a rule with problems is not tested.
func Run(files []rule.File, o Options) ([]Result, strictyaml.Problems) {
	if problems := o.zone(); len(problems) > 0 {
		return nil, problems
	}
	o.Formats = remembered(o.Formats)
	set, problems := rule.Load(o.Schema, files)
	results := make([][]Result, len(files))
	told := make([]strictyaml.Problems, len(files))
	read := o.counter(len(files))
	onAllCores(len(files), func(i int) {
		results[i], told[i] = o.runFile(files[i], set, files)
		read.step()
	})
	problems = append(problems, slices.Concat(told...)...)
	problems.Sort()
	return slices.Concat(results...), problems
}

// zone sets the zone of local times unless it is given.
func (o *Options) zone() strictyaml.Problems {
	if o.Zone != nil {
		return nil
	}
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		return strictyaml.Problems{{What: "no time zone data: " + err.Error(), Do: "install tzdata"}}
	}
	o.Zone = zone
	return nil
}

// runFile runs the tests of one rule or overlay.
func (o *Options) runFile(f rule.File, set *rule.Set, files []rule.File) (results []Result, problems strictyaml.Problems) {
	s, problems := o.suite(f, set, files)
	for i := range s.cases {
		if r, ok := s.cases[i].run(); ok {
			results = append(results, r)
		} else {
			problems = append(problems, s.cases[i].problems...)
		}
	}
	return results, problems
}

// suite is a rule or overlay with its tests, compiled once for all of them.
type suite struct {
	parsed *rule.Parsed // nil for an overlay
	rig    *rig
	rules  *rule.Set // the rule alone
	cases  []testCase
}

// testCase is one test and where it stands.
type testCase struct {
	options  *Options
	suite    *suite
	file     rule.File
	beside   []rule.File // what is loaded with it: the rule that an overlay changes
	rule     *rule.Rule
	test     *rule.Test
	doc      *strictyaml.Doc
	path     string // of the test in doc
	problems strictyaml.Problems
}

// suite compiles a file's rule and lists the tests that are selected: none if the rule, which is one of set if it loads, has
// problems.
func (o *Options) suite(f rule.File, set *rule.Set, files []rule.File) (*suite, strictyaml.Problems) {
	s := &suite{}
	var problems strictyaml.Problems
	switch {
	case rule.IsOverlay(f.Data):
		s.cases, problems = o.overlayCases(f, set, files)
	case slices.ContainsFunc(set.Rules, func(r *rule.Compiled) bool { return r.File == f.Name }):
		s.parsed, _ = rule.Parse(f)
		s.cases, problems = o.casesOf(testCase{options: o, file: f, rule: s.parsed.Rule, doc: s.parsed.Doc}, s.parsed.Rule.Tests)
	}
	if len(s.cases) == 0 {
		return s, problems
	}
	var err error
	if s.rig, err = newRig(o.Schema); err != nil {
		return s, strictyaml.Problems{{File: f.Name, What: err.Error()}}
	}
	var more strictyaml.Problems
	if s.parsed != nil {
		s.rules, more = s.parsed.Compile(s.rig.schema)
	} else {
		s.rules, more = rule.Load(s.rig.schema, append([]rule.File{f}, s.cases[0].beside...))
	}
	if len(more) > 0 {
		return &suite{}, append(problems, more...)
	}
	for i := range s.cases {
		s.cases[i].suite = s
	}
	return s, problems
}

func (c *testCase) problem(path, what, do string) {
	c.problems = append(c.problems, c.doc.Problem(c.path+"."+path, what, do))
}

// run plays the test; ok is false if it has problems of its own.
func (c *testCase) run() (r Result, ok bool) {
	start := time.Now()
	r = Result{Rule: c.rule.ID, File: c.file.Name, Line: c.doc.At(c.path).Line, Test: c.test.Name}
	stage, line := c.stage()
	if len(c.problems) > 0 {
		return r, false
	}
	got, err := stage.play(line)
	if err != nil {
		r.Problems = []string{err.Error()}
	} else {
		r.Problems = append(c.compare(got), stage.replay(line, got)...)
	}
	r.Passed, r.Duration = len(r.Problems) == 0, time.Since(start)
	return r, true
}
