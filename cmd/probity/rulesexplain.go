package main

import (
	"fmt"
	"os"
	"strings"

	"probity/internal/daemon"
	"probity/internal/decode"
	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/ruletest"
	"probity/internal/table"
)

type rulesExplainCommand struct {
	configFlag
	Files   []string `arg:"" optional:"" placeholder:"FILE" help:"Log files, or SOURCE=FILE; without any, all files of all sources. All their events feed the windows."`
	Rule    string   `short:"r" required:"" placeholder:"ID" help:"The rule."`
	Rules   []string `placeholder:"PATH" help:"Where it is: rule files, globs or directories; without any, the configuration's."`
	Builtin bool     `help:"It is a built-in rule."`
	Source  string   `short:"s" placeholder:"NAME" help:"Read the files as this source of the configuration."`
	Line    int      `placeholder:"N" help:"Explain the event that begins on this line of the one FILE, or the Nth of --event."`
	ID      string   `name:"id" placeholder:"NATIVE_ID" help:"Explain the events with this native id."`
	EventID string   `placeholder:"ID" help:"Explain the event with this id, as alerts list them; its beginning will do."`
	Event   string   `placeholder:"FILE" help:"Explain an event written by hand, or the last of a timeline, as the tests in rules have them."`
	Limit   int      `default:"5" help:"Explain so many of the events found, at most."`
	Output  string   `enum:"text,json" default:"text" help:"text, or json: one event a line."`
}

// Run explains the events that were chosen.
func (c *rulesExplainCommand) Run(e *env) error {
	var config *daemon.Config
	if c.File != "" {
		var err error
		if config, err = c.load(); err != nil {
			return err
		}
	}
	if err := c.usage(config != nil); err != nil {
		return err
	}
	files, err := c.ruleFiles(config)
	if err != nil {
		return err
	}
	if files, err = ruletest.OfRule(files, c.Rule); err != nil {
		return err
	}
	var explained []ruletest.Explained
	if c.Event != "" {
		explained, err = c.handWritten(config, files)
	} else {
		explained, err = c.fromLogs(e, config, files)
	}
	if err != nil {
		return err
	}
	return c.print(e, explained)
}

func (c *rulesExplainCommand) usage(configured bool) error {
	chosen := 0
	for _, given := range []bool{c.Line != 0, c.ID != "", c.EventID != ""} {
		if given {
			chosen++
		}
	}
	switch {
	case c.Event != "" && (len(c.Files) > 0 || c.Source != "" || c.ID != "" || c.EventID != ""):
		return usageError("--event brings its own events: leave out FILE, --source, --id and --event-id")
	case c.Line < 0 || c.Limit < 1:
		return usageError("--line and --limit are counted from 1")
	case c.Event != "":
		return nil
	case !configured:
		return usageError("how are the logs to be read? write --config.file FILE, or --event FILE for an event written by hand")
	case chosen != 1:
		return usageError("which event? write one of --line N, --id NATIVE_ID, --event-id ID")
	case c.Line > 0 && len(c.Files) != 1:
		return usageError("--line counts the lines of one file: name it")
	}
	return nil
}

// ruleFiles reads the rules among which the one is.
func (c *rulesExplainCommand) ruleFiles(config *daemon.Config) (files []rule.File, err error) {
	switch {
	case len(c.Rules) == 0 && !c.Builtin && config == nil:
		return nil, usageError("where is the rule? write --rules PATH, --builtin, or --config.file FILE")
	case len(c.Rules) == 0 && !c.Builtin:
		return config.RuleFiles()
	case c.Builtin:
		if files, err = daemon.BuiltinRules(); err != nil {
			return nil, err
		}
	}
	for _, path := range c.Rules {
		found, err := daemon.RuleFiles(path)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return files, nil
}

// inspection is the configuration's sources and tables with the one rule.
func (c *rulesExplainCommand) inspection(config *daemon.Config, files []rule.File) (*daemon.Inspection, *ruletest.ExplainOptions, error) {
	in, err := config.Inspect(files)
	if err != nil {
		return nil, nil, err
	}
	return in, &ruletest.ExplainOptions{Generation: in.Generation, Tables: in.Tables}, nil
}

func (c *rulesExplainCommand) handWritten(config *daemon.Config, files []rule.File) ([]ruletest.Explained, error) {
	data, err := os.ReadFile(c.Event)
	if err != nil {
		return nil, fmt.Errorf("--event: %w", err)
	}
	h := ruletest.HandWritten{File: rule.File{Name: c.Event, Data: data}, Rules: files}
	h.Formats = decode.Builtin
	if h.Schema, err = checkingSchema(config); err != nil {
		return nil, err
	}
	if config != nil {
		if _, h.InForce, err = c.inspection(config, files); err != nil {
			return nil, err
		}
	}
	return h.Explain(c.Line)
}

// checkingSchema has the fields of the configuration, if there is one, and lookups that no table answers yet.
func checkingSchema(config *daemon.Config) (*event.Schema, error) {
	var declared []event.FieldInfo
	if config != nil {
		declared = config.DeclaredFields()
	}
	schema, err := event.NewSchema(declared...)
	if err != nil {
		return nil, err
	}
	schema.AddLookups(table.Lookups()...)
	return schema, nil
}

func (c *rulesExplainCommand) fromLogs(e *env, config *daemon.Config, files []rule.File) ([]ruletest.Explained, error) {
	in, options, err := c.inspection(config, files)
	if err != nil {
		return nil, err
	}
	x, err := ruletest.NewExplainer(*options)
	if err != nil {
		return nil, err
	}
	line := &progressLine{to: e.stderr}
	told := line.judged("rule " + c.Rule + ": ")
	read, found := 0, 0
	rejects, err := in.Each(c.Files, c.Source, func(ev *event.Event, at daemon.Place) error {
		read++
		told(read)
		if c.chosen(ev, at) {
			if found++; found <= c.Limit {
				x.Choose(ev, at.Line)
			}
		}
		x.Add(ev)
		return nil
	})
	line.clear()
	switch {
	case err != nil:
		return nil, err
	case found == 0:
		return nil, fmt.Errorf("none of the %d events read is the one asked for (%d records were rejected: probity decode --rejects shows them)", read, rejects)
	case found > c.Limit:
		fmt.Fprintf(e.stderr, "%d events found; the first %d are explained, --limit %d explains all\n", found, c.Limit, found)
	}
	return x.Explain()
}

// chosen reports whether the event is one that was asked for.
func (c *rulesExplainCommand) chosen(ev *event.Event, at daemon.Place) bool {
	switch {
	case c.Line > 0:
		return at.Line == c.Line
	case c.ID != "":
		return ev.NativeID == c.ID
	}
	return strings.HasPrefix(ev.Identity().String(), strings.ToLower(c.EventID))
}

func (c *rulesExplainCommand) print(e *env, explained []ruletest.Explained) error {
	for i := range explained {
		var err error
		if c.Output == "json" {
			err = writeJSON(e.stdout, &explained[i])
		} else {
			if i > 0 {
				fmt.Fprintln(e.stdout)
			}
			err = explained[i].WriteText(e.stdout)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
