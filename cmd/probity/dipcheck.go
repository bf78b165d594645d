package main

import (
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"probity/internal/daemon"
	"probity/internal/dipcheck"
)

type dipcheckCommand struct {
	configFlag
	Team    string `required:"" placeholder:"T" help:"The team, as the people table writes it."`
	Period  string `required:"" placeholder:"2026-01" help:"A month, or days: 2026-01-05..2026-01-18, both included."`
	N       int    `short:"n" default:"20" placeholder:"N" help:"How many transactions; 20 unless said."`
	Seed    string `placeholder:"S" help:"What the sample is drawn by: a word, or a number out of somebody else's hat. Random unless said."`
	Manager string `placeholder:"STAFF_ID" help:"Who reviews: their own transactions are left out."`
	Output  string `enum:"text,json,csv,html" default:"text" help:"text, json, csv or html: one page that can be printed."`
}

// Run draws the sample, records the draw, and only then prints the list.
func (c *dipcheckCommand) Run(e *env) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	config, logger, ctx, stop, err := c.replaying(e)
	if err != nil {
		return err
	}
	defer stop()
	line := &progressLine{to: e.stderr}
	o.Config, o.Logger, o.Progress = config, logger, line.judged("")
	list, err := daemon.Dipcheck(ctx, o)
	line.clear()
	if err != nil {
		return err
	}
	if list.Draw.Size == 0 {
		but := ""
		if n := list.Draw.Excluded; n > 0 {
			but = fmt.Sprintf(", beside %d of the reviewer's own", n)
		}
		return fmt.Errorf("team %s has no transactions from %s to %s in the logs that are there%s", c.Team, o.From, o.To, but)
	}
	before, err := config.RecordDraw(ctx, list.Draw)
	if err != nil {
		return err
	}
	if before > 0 {
		list.Notes = append(list.Notes, fmt.Sprintf("draws of this team that the evidence has already for days of this period: %d", before))
	}
	switch c.Output {
	case "json":
		return writeJSON(e.stdout, list)
	case "csv":
		return list.WriteCSV(e.stdout)
	case "html":
		return list.WriteHTML(e.stdout)
	}
	return list.WriteText(e.stdout)
}

func (c *dipcheckCommand) options() (daemon.DipcheckOptions, error) {
	o := daemon.DipcheckOptions{Team: strings.TrimSpace(c.Team), N: c.N, Seed: c.Seed, Manager: strings.TrimSpace(c.Manager)}
	if c.N < 1 || c.N > 10_000 {
		return o, usageError("--n: 1 to 10000 transactions")
	}
	if o.Team == "" {
		return o, usageError("--team: which one?")
	}
	if len(c.Seed) > dipcheck.MaxText {
		return o, usageError(fmt.Sprintf("--seed: at most %d bytes", dipcheck.MaxText))
	}
	if o.Seed == "" {
		o.Seed = rand.Text()
	}
	if month, err := time.Parse("2006-01", c.Period); err == nil {
		o.From, o.To = month.Format(time.DateOnly), month.AddDate(0, 1, -1).Format(time.DateOnly)
		return o, nil
	}
	from, to, ok := strings.Cut(c.Period, "..")
	if _, err := time.Parse(time.DateOnly, from); err != nil || !ok {
		return o, usageError("--period " + c.Period + ": write a month, 2026-01, or days, 2026-01-05..2026-01-18")
	}
	if _, err := time.Parse(time.DateOnly, to); err != nil || to < from {
		return o, usageError("--period " + c.Period + ": it ends before it begins, or on no day")
	}
	o.From, o.To = from, to
	return o, nil
}
