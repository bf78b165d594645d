package main

import (
	"probity/internal/coverage"
	"probity/internal/daemon"
	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/table"
)

type coverageCommand struct {
	configFlag
	Rules   []string `placeholder:"PATH" help:"Rule files, globs or directories, without a configuration: what each rule would need."`
	Builtin bool     `help:"The built-in rules, without a configuration."`
	Output  string   `enum:"text,json,markdown" default:"text" help:"text, json or markdown."`
}

// Run prints which rules can work with what a configuration connects, or what rules would need.
func (c *coverageCommand) Run(e *env) error {
	rules, err := c.judge()
	if err != nil {
		return err
	}
	report := coverage.NewReport(rules)
	switch c.Output {
	case "json":
		return writeJSON(e.stdout, report)
	case "markdown":
		return report.WriteMarkdown(e.stdout)
	}
	return report.WriteText(e.stdout)
}

func (c *coverageCommand) judge() ([]coverage.Rule, error) {
	if len(c.Rules) == 0 && !c.Builtin {
		config, err := c.load()
		if err != nil {
			return nil, err
		}
		return config.Coverage(nil)
	}
	if c.File != "" {
		return nil, usageError("write --config.file, or --rules and --builtin: with a configuration its rules are meant")
	}
	var files []rule.File
	if c.Builtin {
		builtin, err := daemon.BuiltinRules()
		if err != nil {
			return nil, err
		}
		files = builtin
	}
	for _, path := range c.Rules {
		found, err := daemon.RuleFiles(path)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	schema, err := event.NewSchema()
	if err != nil {
		return nil, err
	}
	schema.AddLookups(table.Lookups()...)
	set, problems := rule.Load(schema, files)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return coverage.Judge(set, coverage.Stock{}), nil
}
