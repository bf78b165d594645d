package ruletest

import (
	"fmt"
	"regexp"
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
	Progress func(done, total int)                    // called after each test; may be nil
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
	if o.Zone == nil {
		zone, err := time.LoadLocation("Europe/London")
		if err != nil {
			return nil, strictyaml.Problems{{What: "no time zone data: " + err.Error(), Do: "install tzdata"}}
		}
		o.Zone = zone
	}
	set, problems := rule.Load(o.Schema, files)
	whole := map[string]bool{}
	for _, r := range set.Rules {
		whole[r.File] = true
	}
	var cases []testCase
	for _, f := range files {
		if whole[f.Name] {
			cs, ps := o.cases(f)
			cases, problems = append(cases, cs...), append(problems, ps...)
		}
	}
	results := make([]Result, 0, len(cases))
	for i, c := range cases {
		if r, ok := c.run(); ok {
			results = append(results, r)
		} else {
			problems = append(problems, c.problems...)
		}
		if o.Progress != nil {
			o.Progress(i+1, len(cases))
		}
	}
	problems.Sort()
	return results, problems
}

// testCase is one test and where it stands.
type testCase struct {
	options  *Options
	file     rule.File
	rule     *rule.Rule
	test     *rule.Test
	doc      *strictyaml.Doc
	path     string // of the test in doc
	problems strictyaml.Problems
}

func (o *Options) cases(f rule.File) (out []testCase, problems strictyaml.Problems) {
	var r rule.Rule
	doc, _ := strictyaml.Decode(f.Name, f.Data, &r)
	seen := map[string]bool{}
	for i := range r.Tests {
		t := &r.Tests[i]
		path := fmt.Sprintf("tests.%d", i)
		if t.Name == "" || seen[t.Name] {
			problems = append(problems, doc.Problem(path, fmt.Sprintf("test name %q", t.Name), "give each test its own name, a sentence"))
		}
		seen[t.Name] = true
		if o.Run == nil || o.Run.MatchString(r.ID+"/"+t.Name) {
			out = append(out, testCase{options: o, file: f, rule: &r, test: t, doc: doc, path: path})
		}
	}
	return out, problems
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
