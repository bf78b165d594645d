package daemon

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"probity/internal/evidence"
	"probity/internal/pipeline"
	"probity/internal/store"
)

// CompletenessOptions of Completeness.
type CompletenessOptions struct {
	Source string    // of this source only; "": of all
	Days   int       // UTC, the day of Now included
	Now    time.Time // which day it is
}

// DayAccount is the account of a source and day, as the evidence log holds it, and of days that run, as the positions do.
type DayAccount struct {
	pipeline.Account
	Unaccounted int64 `json:"unaccounted"`
	AddsUp      bool  `json:"adds_up"`
	Running     bool  `json:"running"` // the day's entry is still to be written
}

// Completeness is the accounts of some days.
type Completeness struct {
	Days     []DayAccount `json:"days"`
	Redacted []uint64     `json:"redacted,omitempty"` // entries of the log that no longer say of which day they were
}

// AddsUp says that nothing is missing and nothing doubled on any of the days.
func (c *Completeness) AddsUp() bool {
	return !slices.ContainsFunc(c.Days, func(d DayAccount) bool { return !d.AddsUp })
}

// Completeness reads the accounts as of one commit. It only reads, and may run beside a daemon.
func (c *Config) Completeness(o CompletenessOptions) (*Completeness, error) {
	run, err := store.ReadRun(c.StateDir, nil)
	if err != nil {
		return nil, err
	}
	first := o.Now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-o.Days)
	entries, err := evidence.OfKind(filepath.Join(c.StateDir, "evidence"), pipeline.KindCompleteness, first, run.Evidence)
	if err != nil {
		return nil, fmt.Errorf("reading the accounts in the evidence log: %w", err)
	}
	out, sums := &Completeness{Days: []DayAccount{}}, map[[2]string]*DayAccount{}
	add := func(a *pipeline.Account, running bool) {
		if a.Day < first.Format(time.DateOnly) || o.Source != "" && a.Source != o.Source {
			return
		}
		key := [2]string{a.Day, a.Source}
		if sums[key] == nil {
			sums[key] = &DayAccount{Account: pipeline.Account{Day: a.Day, Source: a.Source}}
		}
		sums[key].Add(a)
		sums[key].Running = sums[key].Running || running
	}
	for _, e := range entries {
		if e.Body == nil {
			out.Redacted = append(out.Redacted, e.Seq)
			continue
		}
		var a pipeline.Account
		if err := json.Unmarshal(e.Body, &a); err != nil {
			return nil, fmt.Errorf("reading entry %d of the evidence log: %w", e.Seq, err)
		}
		add(&a, false)
	}
	running, err := pipeline.Running(run.Streams)
	if err != nil {
		return nil, err
	}
	for i := range running {
		add(&running[i], true)
	}
	for _, d := range sums {
		d.Unaccounted, d.AddsUp = d.Account.Unaccounted(), d.Account.AddsUp()
		out.Days = append(out.Days, *d)
	}
	slices.SortFunc(out.Days, func(a, b DayAccount) int { return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Source, b.Source)) })
	return out, nil
}
