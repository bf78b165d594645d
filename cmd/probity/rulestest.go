package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"probity/internal/decode"
	"probity/internal/neutral"
	"probity/internal/ruletest"
	"probity/internal/strictyaml"
)

type rulesTestCommand struct {
	ruleFlags
	Only     string  `name:"run" placeholder:"REGEX" help:"Only tests whose RULE/NAME matches."`
	Deep     bool    `help:"Also try what no test asks for: orders, restarts, near misses, missing fields; and score the tests by mutants of the rules."`
	MinScore float64 `placeholder:"PERCENT" help:"With --deep: fail if the tests of a rule notice fewer of its mutants."`
	JUnit    string  `name:"junit" placeholder:"FILE" help:"Write the results as JUnit XML, too."`
	Verbose  bool    `short:"v" help:"Print tests that pass, too."`
}

// Run runs the tests.
func (c *rulesTestCommand) Run(e *env) error {
	if c.MinScore != 0 && !c.Deep {
		return usageError("--min-score needs --deep, which makes the score")
	}
	if c.MinScore < 0 || c.MinScore > 100 {
		return usageError("--min-score: write a percentage, 0 to 100")
	}
	only, err := regexp.Compile(c.Only)
	if err != nil {
		return usageError("--run: " + err.Error())
	}
	schema, files, err := c.read()
	if err != nil {
		return err
	}
	spendMemory()
	began, line := time.Now(), &progressLine{to: e.stderr}
	o := ruletest.Options{Schema: schema, Formats: decode.Builtin, Run: only, Progress: line.show}
	var report ruletest.Report
	var problems strictyaml.Problems
	if c.Deep {
		report, problems = ruletest.Deep(files, o)
	} else {
		report.Results, problems = ruletest.Run(files, o)
	}
	line.clear()
	if err := c.junit(&report, problems); err != nil {
		return err
	}
	if c.Output == "json" {
		err = c.json(e, &report, problems)
	} else {
		err = c.print(e, &report, problems, time.Since(began))
	}
	if err == nil && ruletest.Failed(report.Results)+len(problems)+report.Broken()+len(report.Under(c.MinScore)) > 0 {
		return errFindings
	}
	return err
}

func (c *rulesTestCommand) junit(r *ruletest.Report, problems strictyaml.Problems) error {
	if c.JUnit == "" {
		return nil
	}
	f, err := os.Create(c.JUnit)
	if err != nil {
		return fmt.Errorf("writing JUnit XML: %w; name a file in a folder that exists", err)
	}
	return errors.Join(r.WriteJUnit(f, problems, c.MinScore), f.Close())
}

func (c *rulesTestCommand) json(e *env, r *ruletest.Report, problems strictyaml.Problems) error {
	results := r.Results
	if results == nil {
		results = []ruletest.Result{}
	}
	return writeJSON(e.stdout, struct {
		Results  []ruletest.Result   `json:"results"`
		Deep     []ruletest.DeepTest `json:"deep,omitempty"`
		Scores   []ruletest.Score    `json:"scores,omitempty"`
		Problems strictyaml.Problems `json:"problems"`
	}{results, r.Tests, r.Scores, list(problems)})
}

func (c *rulesTestCommand) print(e *env, r *ruletest.Report, problems strictyaml.Problems, took time.Duration) error {
	printProblems(e.stdout, problems)
	if c.Verbose {
		for _, t := range r.Results {
			if t.Passed {
				fmt.Fprintf(e.stdout, "ok   %s/%s\n", t.Rule, neutral.Terminal(t.Test))
			}
		}
	}
	if err := errors.Join(r.WriteFindings(e.stdout), r.WriteTable(e.stdout, c.Deep)); err != nil {
		return err
	}
	if c.Deep {
		sum := r.Total()
		fmt.Fprintf(e.stdout, "%d plays, %d properties broken; %d mutants, %d killed, %d survived, score %.1f %%; %d equivalent, %d invalid\n",
			r.Plays(), r.Broken(), sum.Killed+sum.Survived, sum.Killed, sum.Survived, sum.Percent(), sum.Equivalent, sum.Invalid)
		if under := r.Under(c.MinScore); len(under) > 0 {
			fmt.Fprintf(e.stdout, "under %g %%: %s\n", c.MinScore, strings.Join(under, ", "))
		}
	}
	_, err := fmt.Fprintf(e.stdout, "%s, %d failed, %s in %s\n", count(len(r.Results), "test"), ruletest.Failed(r.Results), count(len(problems), "problem"), took.Round(time.Millisecond))
	return err
}
