package main

import (
	"fmt"
	"io"
	"time"

	"probity/internal/daemon"
	"probity/internal/neutral"
	"probity/internal/rulediff"
	"probity/internal/store"
)

type rulesDiffCommand struct {
	configFlag
	Base  string   `arg:"" help:"The rules before: a git revision, or a folder that holds them."`
	Head  string   `arg:"" help:"The rules after."`
	Files []string `arg:"" optional:"" placeholder:"FILE" help:"Log files, or SOURCE=FILE; without any, all files of all sources."`

	Rules     []string  `name:"rules" sep:"none" placeholder:"PATH" help:"Where a revision's rules are: files, globs or folders of the working tree; those of the configuration unless said."`
	NoBuiltin bool      `help:"Leave the built-in rules out, which the configuration adds to both sides."`
	Until     time.Time `placeholder:"TIME" help:"At the end, take it that nothing before this instant is missing any more."`

	Output   string `enum:"text,json,markdown" default:"text" help:"text, json, or markdown for a pull request."`
	Examples int    `default:"3" help:"Alerts shown of each rule, at most so many added, removed and altered."`
	Names    bool   `xor:"names" help:"Show the examples' sentences, which name persons: in markdown, too."`
	NoNames  bool   `xor:"names" help:"Show no sentence: ids and counts only."`

	Budget   int    `placeholder:"N" help:"How many alerts a week may interrupt somebody: critical and high ones."`
	StateDir string `placeholder:"DIR" help:"The state folder of the daemon, which knows how alerts were closed; the configuration's, if it is there, unless named. none asks nothing."`

	FailOverBudget bool `help:"Exit with status 3 if the rules after the change exceed the budget."`
}

// Help is shown by "probity rules diff --help".
func (rulesDiffCommand) Help() string {
	return "Judges the same logs twice, with the rules before and after a change, and says which alerts the change adds, removes " +
		"or alters. A name that is a folder is read as a folder; write refs/heads/NAME for a branch that is called like one."
}

func (c *rulesDiffCommand) check() error {
	switch {
	case c.FailOverBudget && c.Budget == 0:
		return usageError("--fail-over-budget: which budget? write --budget N")
	case c.Budget < 0:
		return usageError("--budget: write how many alerts a week, at least 1")
	case c.Examples < 0:
		return usageError("--examples: write how many, at least 0")
	}
	return nil
}

// Run compares two sides. Interrupted, it leaves nothing behind.
func (c *rulesDiffCommand) Run(e *env) error {
	leaveRoom()
	if err := c.check(); err != nil {
		return err
	}
	config, logger, ctx, stop, err := c.replaying(e)
	if err != nil {
		return err
	}
	defer stop()
	paths := c.Rules
	if len(paths) == 0 {
		paths = config.Rules.Paths
	}
	o := rulediff.Options{
		Config: config, Files: c.Files, Until: c.Until, Builtin: config.Rules.Builtin && !c.NoBuiltin,
		Examples: c.Examples, Budget: c.Budget, Logger: logger, StateDir: c.stateDir(config),
	}
	if o.Base, err = rulediff.ReadSide(ctx, c.Base, paths); err != nil {
		return fmt.Errorf("BASE: %w", err)
	}
	if o.Head, err = rulediff.ReadSide(ctx, c.Head, paths); err != nil {
		return fmt.Errorf("HEAD: %w", err)
	}
	line := &progressLine{to: e.stderr}
	o.Progress = func(side string, events int) { line.judged("by the rules of " + neutral.Terminal(side) + ": ")(events) }
	report, err := rulediff.Run(ctx, o)
	line.clear()
	if err != nil {
		return err
	}
	if err := c.write(e.stdout, report); err != nil {
		return err
	}
	if c.FailOverBudget && report.Budget.Exceeded() {
		return errFindings
	}
	return nil
}

// stateDir is where outcomes are read. The configuration's folder need not be on this machine.
func (c *rulesDiffCommand) stateDir(config *daemon.Config) string {
	switch {
	case c.StateDir == "none":
		return ""
	case c.StateDir != "":
		return c.StateDir
	case config.StateDir != "" && store.Exists(config.StateDir) == nil:
		return config.StateDir
	}
	return ""
}

func (c *rulesDiffCommand) write(to io.Writer, report *rulediff.Report) error {
	if c.NoNames || c.Output == "markdown" && !c.Names {
		report.WithoutNames()
	}
	switch c.Output {
	case "json":
		return writeJSON(to, report)
	case "markdown":
		return report.WriteMarkdown(to)
	}
	return report.WriteText(to)
}
