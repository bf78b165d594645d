package main

import (
	"fmt"
	"strings"

	"probity/internal/daemon"
	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/table"
)

type rulesCommand struct {
	Check   rulesCheckCommand   `cmd:"" help:"Compile rules and say what is wrong."`
	Test    rulesTestCommand    `cmd:"" help:"Run the tests inside rules with the daemon's own engine."`
	Diff    rulesDiffCommand    `cmd:"" help:"Say which alerts a change of rules adds, removes or alters on past logs."`
	Explain rulesExplainCommand `cmd:"" help:"Say why a rule did, or did not, alert on an event."`
	Docs    rulesDocsCommand    `cmd:"" help:"Print the catalogue of the rules."`
	Fetch   rulesFetchCommand   `cmd:"" help:"Fetch a git repository of rules, and take what somebody who may has signed."`
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
