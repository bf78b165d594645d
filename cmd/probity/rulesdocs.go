package main

import (
	"probity/internal/rule"
	"probity/internal/ruletest"
)

type rulesDocsCommand struct {
	configFlag
	Paths   []string `arg:"" optional:"" placeholder:"PATH" help:"Rule files, globs or directories; without any, those of the configuration."`
	Builtin bool     `help:"The built-in rules."`
	Output  string   `enum:"markdown,json" default:"markdown" help:"markdown or json."`
}

// Run prints the catalogue. Rules with problems have none: it would say what is not in force.
func (c *rulesDocsCommand) Run(e *env) error {
	flags := ruleFlags{configFlag: c.configFlag, Paths: c.Paths, Builtin: c.Builtin}
	schema, files, err := flags.read()
	if err != nil {
		return err
	}
	set, problems := rule.Load(schema, files)
	if err := problems.Err(); err != nil {
		return err
	}
	catalogue := ruletest.NewCatalogue(set)
	if c.Output == "json" {
		return writeJSON(e.stdout, catalogue)
	}
	return catalogue.WriteMarkdown(e.stdout)
}
