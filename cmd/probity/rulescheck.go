package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"probity/internal/coverage"
	"probity/internal/daemon"
	"probity/internal/decode"
	"probity/internal/neutral"
	"probity/internal/rule"
	"probity/internal/rulediff"
	"probity/internal/ruletest"
	"probity/internal/strictyaml"
)

type rulesCheckCommand struct {
	ruleFlags
	Strict bool     `help:"Warnings are findings, too: exit with status 3."`
	Today  string   `placeholder:"DATE" help:"The day by which review dates and exceptions are judged; today unless said."`
	Base   string   `placeholder:"REV" help:"A git revision or folder: a rule whose meaning changed since needs a new version."`
	Author []string `sep:"," placeholder:"STAFF_ID" help:"Who wrote the rules, by staff id, account or role; git's author unless said."`
}

// Help is shown by "probity rules check --help".
func (rulesCheckCommand) Help() string {
	return "Compiles the rules and prints everything that is wrong, then what a rule that loads may still not mean, with a stable code. " +
		"A rule accepts such a finding with lint: [{silence: PRB007, reason: …}]. rules/README.md lists the codes."
}

// checkReport is the JSON form.
type checkReport struct {
	Rules    int                 `json:"rules"`
	Overlays int                 `json:"overlays,omitempty"`
	Problems strictyaml.Problems `json:"problems"`
	Disabled []rule.DisabledRule `json:"disabled,omitempty"`
	Findings []ruletest.Finding  `json:"findings"`

	Inactive []inactiveRule `json:"inactive,omitempty"` // with the sources and tables of the configuration
	Unknown  string         `json:"inactive_unknown,omitempty"`
}

// inactiveRule is a rule that cannot fire with what a configuration connects.
type inactiveRule struct {
	Rule string   `json:"rule"`
	Why  []string `json:"why"`
}

// inactive asks which rules cannot fire. That they are in order does not depend on it, so it is no finding.
func (r *checkReport) inactive(config *daemon.Config, files []rule.File) {
	rules, err := config.Coverage(files)
	if err != nil {
		r.Unknown = "which rules are inactive is not known, since the configuration has problems; see probity config check"
		return
	}
	for _, x := range rules {
		if x.State == coverage.Inactive {
			r.Inactive = append(r.Inactive, inactiveRule{x.ID, x.Why})
		}
	}
}

// Run checks the rules.
func (c *rulesCheckCommand) Run(e *env) error {
	schema, files, err := c.read()
	if err != nil {
		return err
	}
	o := ruletest.LintOptions{Schema: schema, Author: c.author(e.ctx)}
	if o.Today, err = c.today(); err != nil {
		return err
	}
	if err := c.configured(&o); err != nil {
		return err
	}
	if c.Base != "" {
		side, err := rulediff.ReadSide(e.ctx, c.Base, c.onDisk(files))
		if err != nil {
			return fmt.Errorf("--base: %w", err)
		}
		o.Base = append(side.Files, c.builtin(files)...)
	}
	spendMemory()
	line := &progressLine{to: e.stderr}
	o.Progress = line.show
	set, findings, problems := ruletest.Lint(files, o)
	line.clear()
	report := checkReport{Rules: len(set.Rules), Problems: list(problems), Disabled: set.Disabled, Findings: findings}
	for _, f := range files {
		if rule.IsOverlay(f.Data) {
			report.Overlays++
		}
	}
	if c.File != "" && len(problems) == 0 {
		config, err := c.load()
		if err != nil {
			return err
		}
		report.inactive(config, files)
	}
	if c.Output == "json" {
		if findings == nil {
			report.Findings = []ruletest.Finding{}
		}
		err = writeJSON(e.stdout, report)
	} else {
		err = report.print(e.stdout, len(files)-report.Overlays)
	}
	if err == nil && (report.errors() > 0 || c.Strict && len(findings) > 0) {
		return errFindings
	}
	return err
}

func (c *rulesCheckCommand) today() (time.Time, error) {
	if c.Today == "" {
		return time.Now(), nil
	}
	today, err := time.Parse(time.DateOnly, c.Today)
	if err != nil {
		return today, usageError(fmt.Sprintf("--today %q: write a date: 2027-01-31", c.Today))
	}
	return today, nil
}

// configured tells lint which formats and tables there are. The configuration has been loaded once already; without one the
// built-in formats are all that is known, and nothing is of tables.
func (c *rulesCheckCommand) configured(o *ruletest.LintOptions) error {
	for _, name := range decode.BuiltinNames() {
		f, _ := decode.Builtin(name)
		o.Formats = append(o.Formats, f)
	}
	if c.File == "" {
		return nil
	}
	config, err := c.load()
	if err != nil {
		return err
	}
	o.Tables = append([]string{}, slices.Sorted(maps.Keys(config.Tables))...)
	own, ok := ownFormats(config)
	if !ok {
		o.Formats = nil // some are written out in the configuration: which values they give is not looked into
		return nil
	}
	for _, path := range own {
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("reading a format: %w", err)
		}
		if f, problems := decode.ParseFormat(path, text); len(problems) == 0 {
			o.Formats = append(o.Formats, f)
		}
	}
	return nil
}

// ownFormats are the files of the formats that the configuration adds.
func ownFormats(config *daemon.Config) (paths []string, ok bool) {
	paths = slices.Sorted(maps.Values(config.Formats))
	for _, s := range config.Sources {
		name, written := s.Format.(string)
		if !written || s.Dataset != "" {
			return nil, false // a dataset of its own has the words of a format that it is not called by
		}
		if path, ok := strings.CutPrefix(name, "file:"); ok {
			paths = append(paths, path)
		}
	}
	return paths, true
}

// onDisk are the folders of the rule files that are compared with a revision.
func (c *rulesCheckCommand) onDisk(files []rule.File) []string {
	if len(c.Paths) > 0 {
		return c.Paths
	}
	var out []string
	for _, f := range files {
		if !isBuiltin(f) {
			out = append(out, filepath.Dir(f.Name))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// builtin are the rules that are the same on both sides.
func (c *rulesCheckCommand) builtin(files []rule.File) []rule.File {
	return slices.DeleteFunc(slices.Clone(files), func(f rule.File) bool { return !isBuiltin(f) })
}

func isBuiltin(f rule.File) bool { return strings.HasPrefix(f.Name, "builtin/") }

// author says who wrote a line: those that the flag names, else who git says.
func (c *rulesCheckCommand) author(ctx context.Context) func(string, int) []string {
	if len(c.Author) > 0 {
		return func(string, int) []string { return c.Author }
	}
	return func(file string, line int) []string { return gitAuthor(ctx, file, line) }
}

// errors counts what makes the check fail.
func (r *checkReport) errors() int {
	n := len(r.Problems)
	for _, f := range r.Findings {
		if f.Severity == ruletest.LintError {
			n++
		}
	}
	return n
}

// print writes a problem a line, in the order of the files, and a count.
func (r *checkReport) print(to io.Writer, rules int) error {
	printProblems(to, r.Problems)
	for _, f := range r.Findings {
		fmt.Fprintln(to, neutral.Terminal(f.String()))
	}
	for _, d := range r.Disabled {
		fmt.Fprintf(to, "%s: rule %s is disabled: %s (approved by %s)\n", neutral.Terminal(d.Overlay), d.ID, neutral.Terminal(d.Reason), neutral.Terminal(d.ApprovedBy))
	}
	for _, x := range r.Inactive {
		fmt.Fprintf(to, "rule %s is inactive: %s\n", x.Rule, neutral.Terminal(strings.Join(x.Why, "; ")))
	}
	if r.Unknown != "" {
		fmt.Fprintln(to, r.Unknown)
	}
	counts := count(rules, "rule") + ", " + count(r.errors(), "problem")
	if warnings := len(r.Problems) + len(r.Findings) - r.errors(); warnings > 0 {
		counts += ", " + count(warnings, "warning")
	}
	if r.Overlays > 0 {
		counts += ", " + count(r.Overlays, "overlay")
	}
	if len(r.Disabled) > 0 {
		counts += fmt.Sprintf(", %d disabled", len(r.Disabled))
	}
	if len(r.Inactive) > 0 {
		counts += fmt.Sprintf(", %d inactive", len(r.Inactive))
	}
	_, err := fmt.Fprintln(to, counts)
	return err
}
