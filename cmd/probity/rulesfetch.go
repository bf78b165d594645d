package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"probity/internal/approval"
	"probity/internal/decode"
	"probity/internal/neutral"
	"probity/internal/ruletest"
	"probity/internal/strictyaml"
)

type rulesFetchCommand struct {
	configFlag
	Repo           string `required:"" env:"PROBITY_RULES_REPO" placeholder:"URL" help:"The git repository."`
	Ref            string `required:"" env:"PROBITY_RULES_REF" placeholder:"REF" help:"A tag, a branch, or a pattern of tags such as rules-*: the newest by version."`
	AllowedSigners string `placeholder:"FILE" help:"Who may sign: ALLOWED SIGNERS of ssh-keygen; the configuration's unless said."`
	Keyring        string `placeholder:"FILE" help:"The same for OpenPGP signatures: a keyring that gpgv reads."`
	Into           string `required:"" placeholder:"DIR" help:"The folder to keep it in; the rules are then in DIR/current."`
	Path           string `default:"." placeholder:"PATH" help:"Where in the repository the rules are."`
	Builtin        bool   `help:"Check them beside the built-in rules, which overlays change; as the configuration says, if one is named."`
	AllowOlder     bool   `help:"Also take what does not come after what is current."`
	Output         string `enum:"text,json" default:"text" help:"text or json."`
}

// Help is shown by "probity rules fetch --help".
func (rulesFetchCommand) Help() string {
	return "Fetches the ref, verifies the signature of the tag, or of the commit, against those who may sign, runs the checks and tests of its " +
		"rules, and then makes DIR/current a link to it, in one step. What is not signed, fails or is older leaves everything as it was, with status 1. " +
		"The daemon verifies the signature for itself if its configuration has rules.allowed_signers."
}

// fetchReport is the JSON form.
type fetchReport struct {
	Commit  string    `json:"commit"`
	Ref     string    `json:"ref"`
	Signer  string    `json:"signer"`
	At      time.Time `json:"signed_at"`
	Dir     string    `json:"dir"`
	Changed bool      `json:"changed"`
}

// Run fetches.
func (c *rulesFetchCommand) Run(e *env) error {
	if !filepath.IsLocal(c.Path) {
		return usageError("--path: name a folder in the repository")
	}
	signers := approval.Signers{Allowed: c.AllowedSigners, Keyring: c.Keyring}
	if c.File != "" && signers.None() {
		config, err := c.load()
		if err != nil {
			return err
		}
		signers = approval.Signers{Allowed: config.Rules.AllowedSigners, Keyring: config.Rules.Keyring}
	}
	if signers.None() {
		return usageError("who may sign? write --allowed-signers FILE, or --keyring FILE")
	}
	ctx, stop := signal.NotifyContext(e.ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()
	f, err := approval.Fetch(ctx, approval.FetchOptions{
		Repository: c.Repo, Ref: c.Ref, Into: c.Into, Signers: signers, AllowOlder: c.AllowOlder,
		Judge: func(dir string) error { return c.judge(e, dir) },
	})
	if err != nil {
		return err
	}
	if c.Output == "json" {
		return writeJSON(e.stdout, fetchReport{f.Commit, f.Ref, f.Signer, f.At, f.Dir, f.Changed})
	}
	what := "is current already"
	if f.Changed {
		what = "is now current"
	}
	_, err = fmt.Fprintf(e.stdout, "%s (%s), signed by %s at %s, %s\n", f.Commit, neutral.Terminal(f.Ref), neutral.Terminal(f.Signer), f.At.Format(time.RFC3339), what)
	return err
}

// maxToldProblems bounds what a refusal prints into a journal.
const maxToldProblems = 20

// judge checks and tests the rules in a folder, as "rules check" and "rules test" do. Places are told as the repository has
// them: the folder is gone when they are read.
func (c *rulesFetchCommand) judge(e *env, dir string) error {
	rules := filepath.Join(dir, c.Path)
	if _, err := os.Stat(rules); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("it has no %s; name where the rules are with --path", neutral.Terminal(c.Path))
	}
	flags := ruleFlags{configFlag: c.configFlag, Paths: []string{rules}, Builtin: c.Builtin}
	if c.File != "" {
		config, err := c.load()
		if err != nil {
			return err
		}
		flags.Builtin = flags.Builtin || config.Rules.Builtin
	}
	schema, files, err := flags.read()
	if err != nil {
		return err
	}
	o := ruletest.LintOptions{Schema: schema, Today: time.Now()}
	if err := (&rulesCheckCommand{ruleFlags: flags}).configured(&o); err != nil {
		return err
	}
	_, findings, wrong := ruletest.Lint(files, o)
	for _, f := range findings {
		if f.Severity == ruletest.LintError {
			wrong = append(wrong, f.Problem)
		}
	}
	if len(wrong) == 0 {
		results, problems := ruletest.Run(files, ruletest.Options{Schema: schema, Formats: decode.Builtin})
		wrong = problems
		for _, r := range results {
			if !r.Passed {
				wrong = append(wrong, strictyaml.Problem{File: r.Rule, What: fmt.Sprintf("the test %q fails", r.Test), Do: "run probity rules test"})
			}
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	told := wrong[:min(len(wrong), maxToldProblems)]
	for i := range told {
		told[i].File = strings.TrimPrefix(told[i].File, dir+string(filepath.Separator))
	}
	printProblems(e.stderr, told)
	return fmt.Errorf("its rules have %d problems, the first of which are above", len(wrong))
}
