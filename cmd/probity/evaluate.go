package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/google/renameio/v2"

	"probity/internal/daemon"
	"probity/internal/evaluate"
	"probity/internal/neutral"
	"probity/internal/trial"
)

type evaluateCommand struct {
	Inputs     []string  `arg:"" optional:"" placeholder:"FOLDER|ALERTS" help:"Folders of forces (probity.yaml, truth.jsonl, lookalikes.jsonl), which are replayed and pooled; or one file of alerts."`
	Config     string    `name:"config.file" aliases:"config" short:"c" placeholder:"FILE" help:"Replay this configuration; truth.jsonl and lookalikes.jsonl are beside it unless said."`
	Truth      string    `placeholder:"FILE" help:"The misuse that is known to be in the logs."`
	Lookalikes string    `placeholder:"FILE" help:"Legitimate acts that resemble misuse."`
	Staff      int       `placeholder:"N" help:"People employed; those of the people table unless said."`
	Days       int       `placeholder:"N" help:"Days that the logs span; those in which anything happened unless said."`
	Until      time.Time `placeholder:"TIME" help:"At the end, take it that nothing before this instant is missing any more."`
	Output     string    `enum:"text,json,html,markdown" default:"text" help:"text, json, markdown, or html: one page with plots."`
	Save       []string  `sep:"none" placeholder:"FILE" help:"Write the report there, too, after each force: .txt, .json, .md or .html says how. May be repeated."`
}

// Help is shown by "probity evaluate --help".
func (evaluateCommand) Help() string {
	return "Says how good the rules are where the misuse is known: recall and precision by typology, variant and rule, alerts a " +
		"week by severity, time to the alert, look-alikes alerted on, and whether people with rarer surnames or of one station " +
		"are alerted on more than their records explain. The report names nobody."
}

// Run evaluates.
func (c *evaluateCommand) Run(e *env) error {
	leaveRoom()
	for _, file := range c.Save {
		if savedAs[filepath.Ext(file)] == "" {
			return usageError("--save " + file + ": call it .txt, .json, .md or .html")
		}
	}
	forces, err := c.forces()
	if err != nil {
		return err
	}
	log, err := e.logger(daemon.Log{Level: "warn", Format: "json"})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(e.ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()
	line := &progressLine{to: e.stderr}
	var assessed []evaluate.Assessed
	for i, f := range forces {
		o := trial.Options{Until: c.Until, Logger: log, Progress: line.judged(fmt.Sprintf("force %s (%d of %d): ", neutral.Terminal(f.Name), i+1, len(forces)))}
		one, err := evaluateForce(ctx, f, o, line)
		if err != nil {
			return err
		}
		assessed = append(assessed, one)
		// A force takes minutes, so what is known is saved as it comes.
		if err := c.save(evaluate.Pool(assessed...)); err != nil {
			return err
		}
	}
	return writeEvaluation(e.stdout, c.Output, evaluate.Pool(assessed...))
}

func (c *evaluateCommand) save(report *evaluate.Evaluation) error {
	for _, file := range c.Save {
		if err := saveEvaluation(file, report); err != nil {
			return err
		}
	}
	return nil
}

func evaluateForce(ctx context.Context, f trial.Force, o trial.Options, line *progressLine) (evaluate.Assessed, error) {
	defer line.clear()
	return trial.Run(ctx, f, o)
}

// forces says what is to be evaluated.
func (c *evaluateCommand) forces() ([]trial.Force, error) {
	switch {
	case c.Staff < 0 || c.Days < 0:
		return nil, usageError("--staff and --days: write how many, at least 1")
	case c.Config != "" && len(c.Inputs) > 0:
		return nil, usageError("a configuration is replayed, so leave the folders and alerts away")
	case c.Config != "":
		f, err := trial.Configured(c.Config)
		return []trial.Force{c.over(f)}, err
	case len(c.Inputs) == 0:
		return nil, usageError("evaluate what? name folders of forces, a file of alerts with --truth, or a configuration with -c")
	case slices.ContainsFunc(c.Inputs, isFolder):
		return c.folders()
	case len(c.Inputs) > 1:
		return nil, usageError("one file of alerts, or folders of forces")
	case c.Truth == "":
		return nil, usageError("which misuse is in it? write --truth FILE")
	}
	return []trial.Force{c.over(trial.Force{Name: c.Inputs[0], Alerts: c.Inputs[0]})}, nil
}

// folders are several forces, each with its own truth.
func (c *evaluateCommand) folders() ([]trial.Force, error) {
	if len(c.Inputs) > 1 && (c.Truth != "" || c.Lookalikes != "") {
		return nil, usageError("each force has its own truth: leave --truth and --lookalikes away")
	}
	var out []trial.Force
	for _, folder := range c.Inputs {
		f, err := trial.InFolder(folder)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(out, func(g trial.Force) bool { return g.Name == f.Name }) {
			f.Name = folder // two folders of one name, in different places
		}
		out = append(out, c.over(f))
	}
	return out, nil
}

// over puts what the flags say over what was found.
func (c *evaluateCommand) over(f trial.Force) trial.Force {
	if c.Truth != "" {
		f.Truth = c.Truth
	}
	if c.Lookalikes != "" {
		f.Lookalikes = c.Lookalikes
	}
	f.Staff, f.Days = c.Staff, c.Days
	return f
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// savedAs says what a file's name asks for.
var savedAs = map[string]string{".txt": "text", ".json": "json", ".md": "markdown", ".html": "html"}

func saveEvaluation(file string, report *evaluate.Evaluation) error {
	var b bytes.Buffer
	if err := writeEvaluation(&b, savedAs[filepath.Ext(file)], report); err != nil {
		return err
	}
	if err := renameio.WriteFile(file, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("--save: %w", err)
	}
	return nil
}

func writeEvaluation(to io.Writer, form string, report *evaluate.Evaluation) error {
	switch form {
	case "json":
		return writeJSON(to, report)
	case "html":
		return report.WriteHTML(to)
	case "markdown":
		return report.WriteMarkdown(to)
	}
	return report.WriteText(to)
}
