package ruletest

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"probity/internal/neutral"
	"probity/internal/strictyaml"
)

// The JUnit form that git hosts and CI servers read: a suite a rule, a case a test. What Deep adds are cases of the same
// suite, and so is the score; problems of the files are errors of a suite of their own.
type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	File     string      `xml:"file,attr,omitempty"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
	took     time.Duration
}

type junitCase struct {
	Name    string     `xml:"name,attr"`
	Class   string     `xml:"classname,attr"`
	File    string     `xml:"file,attr,omitempty"`
	Line    int        `xml:"line,attr,omitempty"`
	Time    string     `xml:"time,attr"`
	Failure *junitText `xml:"failure,omitempty"`
	Error   *junitText `xml:"error,omitempty"`
	Out     string     `xml:"system-out,omitempty"`
}

type junitText struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes the report as JUnit XML. A score under minScore percent is a failure.
func (r *Report) WriteJUnit(w io.Writer, problems strictyaml.Problems, minScore float64) error {
	var all junitSuites
	all.Name = "probity rules test"
	byRule := map[string]int{}
	suite := func(rule, file string) *junitSuite {
		i, ok := byRule[rule]
		if !ok {
			i = len(all.Suites)
			byRule[rule] = i
			all.Suites = append(all.Suites, junitSuite{Name: neutral.Terminal(rule), File: neutral.Terminal(file)})
		}
		return &all.Suites[i]
	}
	for _, t := range r.Results {
		suite(t.Rule, t.File).add(t.File, t.Line, t.Test, t.Duration, "test", strings.Join(t.Problems, "\n"))
	}
	for _, t := range r.Tests {
		var broken []string
		for _, b := range t.Broken {
			broken = append(broken, b.Property+": "+b.What)
		}
		suite(t.Rule, t.File).add(t.File, t.Line, t.Test+" (deep)", t.Duration, "property", strings.Join(broken, "\n"))
	}
	for i := range r.Scores {
		suite(r.Scores[i].Rule, r.Scores[i].File).score(&r.Scores[i], minScore)
	}
	if len(problems) > 0 {
		s := suite("rule files", "")
		for _, p := range problems {
			s.Cases = append(s.Cases, junitCase{
				Name: fmt.Sprintf("%s:%d:%d", neutral.Terminal(p.File), p.Line, p.Column), Class: s.Name, File: neutral.Terminal(p.File), Line: p.Line, Time: seconds(0),
				Error: &junitText{Message: firstLine(p.What), Type: "problem", Text: neutral.Terminal(p.String())},
			})
		}
	}
	all.total()
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(&all); err != nil {
		return fmt.Errorf("writing JUnit XML: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// add adds a case; what is wrong with it, "" if nothing is.
func (s *junitSuite) add(file string, line int, name string, took time.Duration, kind, wrong string) {
	c := junitCase{Name: neutral.Terminal(name), Class: s.Name, File: neutral.Terminal(file), Line: line, Time: seconds(took)}
	if wrong != "" {
		c.Failure = &junitText{Message: firstLine(wrong), Type: kind, Text: clean(wrong)}
	}
	s.Cases, s.took = append(s.Cases, c), s.took+took
}

func (s *junitSuite) score(sc *Score, least float64) {
	var survivors strings.Builder
	for _, v := range sc.Survivors {
		fmt.Fprintf(&survivors, "%s:%d:%d: %s\n", sc.File, v.Line, v.Column, v.What)
	}
	c := junitCase{Name: "mutation score", Class: s.Name, File: neutral.Terminal(sc.File), Time: seconds(0)}
	what := fmt.Sprintf("%.1f %% of %d mutants are noticed", sc.Percent(), sc.Killed+sc.Survived)
	if sc.Percent() < least {
		c.Failure = &junitText{Message: fmt.Sprintf("%s, at least %.1f %% are wanted", what, least), Type: "score", Text: clean(survivors.String())}
	} else {
		c.Out = clean(what + "\n" + survivors.String())
	}
	s.Cases = append(s.Cases, c)
}

func (all *junitSuites) total() {
	var took time.Duration
	for i := range all.Suites {
		s := &all.Suites[i]
		for _, c := range s.Cases {
			s.Tests++
			if c.Failure != nil {
				s.Failures++
			}
			if c.Error != nil {
				s.Errors++
			}
		}
		s.Time = seconds(s.took)
		took += s.took
		all.Tests, all.Failures, all.Errors = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors
	}
	all.Time = seconds(took)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return neutral.Terminal(line)
}

// clean is text of several lines, each made harmless.
func clean(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString(neutral.Terminal(strings.TrimSuffix(line, "\n")) + "\n")
	}
	return b.String()
}
