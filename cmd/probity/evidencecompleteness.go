package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"probity/internal/daemon"
	"probity/internal/neutral"
)

type evidenceCompletenessCommand struct {
	configFlag
	Source string `placeholder:"S" help:"Of this source only."`
	Days   int    `default:"7" placeholder:"N" help:"How many days, UTC, today included."`
	Output string `enum:"text,json" default:"text" help:"text or json."`
}

// Run prints the account of each source and day. One that does not add up is a finding.
func (c *evidenceCompletenessCommand) Run(e *env) error {
	if c.Days < 1 {
		return usageError("--days: at least 1")
	}
	config, err := c.load()
	if err != nil {
		return err
	}
	found, err := config.Completeness(daemon.CompletenessOptions{Source: c.Source, Days: c.Days, Now: time.Now()})
	if err != nil {
		return err
	}
	if c.Output == "json" {
		err = writeJSON(e.stdout, found)
	} else {
		err = c.print(e, found)
	}
	if err == nil && !found.AddsUp() {
		return errFindings
	}
	return err
}

func (c *evidenceCompletenessCommand) print(e *env, found *daemon.Completeness) error {
	w := tabwriter.NewWriter(e.stdout, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "day\tsource\tthere\tjudged\trejected\tframing\tlost\tunaccounted\trecords\t  \t")
	for i := range found.Days {
		d := &found.Days[i]
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t  %s\t\n", d.Day, neutral.Terminal(d.Source), d.There, d.Judged, d.Rejected, d.Framing, d.Lost, d.Unaccounted, d.Records, verdictOn(d))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, seq := range found.Redacted {
		fmt.Fprintf(e.stdout, "entry %d of the evidence log was redacted: the sums of its day are not complete\n", seq)
	}
	return nil
}

// verdictOn says in words what the numbers come to.
func verdictOn(d *daemon.DayAccount) string {
	var parts []string
	if d.AddsUp {
		parts = append(parts, "adds up")
	} else {
		parts = append(parts, "DOES NOT ADD UP")
	}
	if missing := d.Records - d.Events - d.Rejects; missing != 0 {
		parts = append(parts, fmt.Sprintf("%d records neither judged nor rejected", missing))
	}
	if d.LostUnknown > 0 {
		parts = append(parts, fmt.Sprintf("%d losses of unknown length", d.LostUnknown))
	}
	if d.Running {
		parts = append(parts, "so far")
	}
	return strings.Join(parts, ", ")
}
