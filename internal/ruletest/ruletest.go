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
	Progress Progress                                 // in rule files; may be nil
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
	b, problems := o.read(files)
	results, more := o.run(b)
	problems = append(problems, more...)
	problems.Sort()
	return results, problems
}

// book is rule files that have been read, once for all tests of all rules.
type book struct {
	*rule.Loaded
	files []rule.File
}

func (o *Options) read(files []rule.File) (*book, strictyaml.Problems) {
	loaded, problems := rule.LoadParsed(o.Schema, files, o.Progress.of("rules read"))
	return &book{loaded, files}, problems
}

// run runs the tests of a book. The problems are those of the tests.
func (o *Options) run(b *book) ([]Result, strictyaml.Problems) {
	results := make([][]Result, len(b.files))
	told := make([]strictyaml.Problems, len(b.files))
	tested := o.Progress.counter("rules tested", len(b.files))
	onAllCores(len(b.files), func(i int) {
		results[i], told[i] = o.runFile(b, i)
		tested.count()
	})
	return slices.Concat(results...), slices.Concat(told...)
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

// runFile runs the tests of the book's file i, a rule or an overlay.
func (o *Options) runFile(b *book, i int) (results []Result, problems strictyaml.Problems) {
	s, problems := o.suite(b, i)
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

	readers map[string]reader // of lines, by format
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

// suite compiles the rule of the book's file i and lists the tests that are selected: none if the rule has problems or is
// disabled.
func (o *Options) suite(b *book, i int) (*suite, strictyaml.Problems) {
	f, s := b.files[i], &suite{readers: map[string]reader{}, parsed: b.Parsed[i]}
	var problems strictyaml.Problems
	s.cases, problems = o.cases(b, i)
	if len(s.cases) == 0 {
		return s, problems
	}
	s.rig = newRig(o.Schema)
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

// cases lists the tests of the book's file i that are selected.
func (o *Options) cases(b *book, i int) ([]testCase, strictyaml.Problems) {
	f, p := b.files[i], b.Parsed[i]
	switch {
	case rule.IsOverlay(f.Data):
		return o.overlayCases(f, b)
	case p != nil:
		return o.casesOf(testCase{options: o, file: f, rule: p.Rule, doc: p.Doc}, p.Rule.Tests)
	}
	return nil, nil
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
