package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"probity/internal/daemon"
	"probity/internal/decode"
	"probity/internal/event"
	"probity/internal/neutral"
	"probity/internal/rule"
	"probity/internal/ruletest"
	"probity/internal/strictyaml"
	"probity/internal/table"
)

type rulesCommand struct {
	Check rulesCheckCommand `cmd:"" help:"Compile rules and say what is wrong."`
	Test  rulesTestCommand  `cmd:"" help:"Run the tests inside rules with the daemon's own engine."`
}

// ruleFlags say which rules.
type ruleFlags struct {
	configFlag
	Paths   []string `arg:"" optional:"" placeholder:"PATH" help:"Rule files, globs or directories; without any, those of the configuration."`
	Builtin bool     `help:"The built-in rules."`
	Output  string   `enum:"text,json" default:"text" help:"text or json."`
}

// read reads the rules that are named, and the schema that they are checked against.
func (f *ruleFlags) read() (*event.Schema, []rule.File, error) {
	var files []rule.File
	var declared []event.FieldInfo
	if f.File != "" {
		config, err := f.load()
		if err != nil {
			return nil, nil, err
		}
		declared = config.DeclaredFields()
		if len(f.Paths) == 0 && !f.Builtin {
			f.Paths, f.Builtin = config.Rules.Paths, config.Rules.Builtin
		}
	}
	if len(f.Paths) == 0 && !f.Builtin {
		return nil, nil, usageError("which rules? write PATHS, --builtin, or --config.file FILE")
	}
	if f.Builtin {
		builtin, err := daemon.BuiltinRules()
		if err != nil {
			return nil, nil, err
		}
		files = builtin
	}
	for _, path := range f.Paths {
		found, err := daemon.RuleFiles(path)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		return nil, nil, fmt.Errorf("no rule files (*.yaml, *.yml) in %s", strings.Join(f.Paths, ", "))
	}
	schema, err := event.NewSchema(declared...)
	if err != nil {
		return nil, nil, err
	}
	schema.AddLookups(table.Lookups()...)
	return schema, files, nil
}

type rulesCheckCommand struct{ ruleFlags }

// Run compiles the rules.
func (c *rulesCheckCommand) Run(e *env) error {
	schema, files, err := c.read()
	if err != nil {
		return err
	}
	set, problems := rule.Load(schema, files)
	if c.Output == "json" {
		err = writeJSON(e.stdout, struct {
			Rules    int                 `json:"rules"`
			Problems strictyaml.Problems `json:"problems"`
		}{len(set.Rules), list(problems)})
	} else {
		printProblems(e.stdout, problems)
		_, err = fmt.Fprintf(e.stdout, "%d rules, %d problems\n", len(files), len(problems))
	}
	if err == nil && len(problems) > 0 {
		return errFindings
	}
	return err
}

type rulesTestCommand struct {
	ruleFlags
	Only    string `name:"run" placeholder:"REGEX" help:"Only tests whose RULE/NAME matches."`
	Verbose bool   `short:"v" help:"Print tests that pass, too."`
}

// Run runs the tests.
func (c *rulesTestCommand) Run(e *env) error {
	schema, files, err := c.read()
	if err != nil {
		return err
	}
	only, err := regexp.Compile(c.Only)
	if err != nil {
		return usageError("--run: " + err.Error())
	}
	began := time.Now()
	results, problems := ruletest.Run(files, ruletest.Options{Schema: schema, Formats: decode.Builtin, Run: only})
	failed := 0
	for _, r := range results {
		if !r.Passed {
			failed++
		}
	}
	if c.Output == "json" {
		err = writeJSON(e.stdout, struct {
			Results  []ruletest.Result   `json:"results"`
			Problems strictyaml.Problems `json:"problems"`
		}{results, list(problems)})
	} else {
		err = c.print(e, results, problems, failed, time.Since(began))
	}
	if err == nil && failed+len(problems) > 0 {
		return errFindings
	}
	return err
}

func (c *rulesTestCommand) print(e *env, results []ruletest.Result, problems strictyaml.Problems, failed int, took time.Duration) error {
	printProblems(e.stdout, problems)
	for _, r := range results {
		switch {
		case !r.Passed:
			fmt.Fprintf(e.stdout, "FAIL %s:%d: %s/%s\n", neutral.Terminal(r.File), r.Line, r.Rule, neutral.Terminal(r.Test))
			for _, p := range r.Problems {
				for line := range strings.Lines(p) {
					fmt.Fprintf(e.stdout, "    %s\n", neutral.Terminal(strings.TrimSuffix(line, "\n")))
				}
			}
		case c.Verbose:
			fmt.Fprintf(e.stdout, "ok   %s/%s\n", r.Rule, neutral.Terminal(r.Test))
		}
	}
	_, err := fmt.Fprintf(e.stdout, "%d tests, %d failed, %d problems in %s\n", len(results), failed, len(problems), took.Round(time.Millisecond))
	return err
}
