package main

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"probity/internal/fsx"
	"probity/internal/neutral"
	"probity/internal/store"
)

// holdFlags say which alert, why, and who answers for it.
type holdFlags struct {
	configFlag
	ID         string `arg:"" placeholder:"ID" help:"The alert."`
	Reason     string `required:"" help:"Why, without names: it stays in the log for ever."`
	ApprovedBy string `required:"" placeholder:"WHO" help:"Who answers for it: a role, or a name that may stay in the log."`
}

func (f *holdFlags) record(e *env, release bool, done string) error {
	h := store.Hold{ID: f.ID, Reason: f.Reason, ApprovedBy: f.ApprovedBy, Release: release}
	if err := h.Check(); err != nil {
		return usageError("--" + err.Error())
	}
	config, err := f.load()
	if err != nil {
		return err
	}
	if err := config.Hold(e.ctx, h); err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.stdout, "alert %s is %s\n", neutral.Terminal(f.ID), done)
	return err
}

type evidenceHoldCommand struct{ holdFlags }

// Run holds.
func (c *evidenceHoldCommand) Run(e *env) error { return c.record(e, false, "under a legal hold") }

type evidenceReleaseCommand struct{ holdFlags }

// Run releases.
func (c *evidenceReleaseCommand) Run(e *env) error { return c.record(e, true, "released") }

type evidenceHoldsCommand struct{ configFlag }

// Run lists, also while the daemon runs.
func (c *evidenceHoldsCommand) Run(e *env) error {
	config, err := c.load()
	if err != nil {
		return err
	}
	run, err := store.ReadRun(config.StateDir, nil)
	if err != nil {
		return err
	}
	held, err := store.Held(filepath.Join(config.StateDir, "evidence"), run.Evidence)
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(held)) {
		h := held[id]
		fmt.Fprintln(e.stdout, neutral.Terminal(fmt.Sprintf("%s since %s, approved by %s: %s", id, h.At.Format(time.DateOnly), h.ApprovedBy, h.Reason)))
	}
	are := "are"
	if len(held) == 1 {
		are = "is"
	}
	_, err = fmt.Fprintf(e.stdout, "%s %s under a legal hold\n", count(len(held), "alert"), are)
	return err
}

type stateExpireCommand struct {
	configFlag
	DryRun bool   `help:"Say what would be destroyed, and destroy nothing."`
	Output string `enum:"text,json" default:"text" help:"text or json."`
}

// Run expires. The daemon must be stopped.
func (c *stateExpireCommand) Run(e *env) error {
	config, err := c.load()
	if err != nil {
		return err
	}
	x, err := config.Expire(c.DryRun)
	var locked *fsx.LockedError
	if errors.As(err, &locked) {
		return fmt.Errorf("the daemon is at work in %s (%w), and does this itself once a day", config.StateDir, locked)
	}
	if err != nil {
		return err
	}
	if c.Output == "json" {
		return writeJSON(e.stdout, x)
	}
	what := "destroyed"
	if c.DryRun {
		what = "to be destroyed"
	}
	_, err = fmt.Fprintf(e.stdout, "%s: %d rejects, %d entries of the evidence of %d alerts and of questions\nkept: %d alerts under a legal hold, %d that nobody has closed; left for the next time: %d entries\n",
		what, x.Rejects, x.Entries, x.Alerts, x.Held, x.Open, x.Left)
	return err
}
