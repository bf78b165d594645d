package daemon

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// aliveWithin is how long a batch and its commit may take before the loop is taken to be stuck. Commits that fail are tried
// again at most every ten seconds, so a loop that could not commit so long is one that somebody should look at.
const aliveWithin = time.Minute

// alive reports whether the loop turns: it is committing, or quiet.
func (d *Daemon) alive() bool {
	turned, _ := d.pipeline.Pulse()
	if turned.Before(d.started) {
		turned = d.started
	}
	return time.Since(turned) < aliveWithin
}

// readiness is the answer of /readyz.
type readiness struct {
	Ready      bool     `json:"ready"`
	Why        []string `json:"why,omitempty"` // it is not
	Version    string   `json:"version"`
	Generation string   `json:"generation"`
	Rules      int      `json:"rules"`

	Approval string         `json:"approval,omitempty"`       // of the rules, if they must be signed; no reason not to be ready
	Commit   string         `json:"rules_commit,omitempty"`   // that was signed
	Inactive []inactiveRule `json:"inactive_rules,omitempty"` // for want of a source, a field or a table; no reason not to be ready
	Reload   reloadOutcome  `json:"reload"`
	Sources  []sourceState  `json:"sources"`
	Tables   []tableState   `json:"tables"`
	Sinks    []sinkState    `json:"sinks"`
}

type sourceState struct {
	Name  string `json:"name"`
	Files int    `json:"files"` // that its paths match now
}

type tableState struct {
	Name       string    `json:"name"`
	ExportedAt time.Time `json:"exported_at"`
	Stale      bool      `json:"stale"`
}

type sinkState struct {
	Name          string     `json:"name"`
	Waiting       int        `json:"waiting"`
	OldestSince   *time.Time `json:"oldest_since,omitempty"`
	Undeliverable int        `json:"undeliverable"`
}

// readiness gathers what is in force and what is there. A source without any file makes the daemon not ready: it would be
// blind without anybody noticing. A sink that is down does not: nothing is lost by that, and restarting would not help.
func (d *Daemon) readiness() readiness {
	g := d.current.Load()
	r := readiness{Version: Version(), Generation: g.Hash, Rules: len(g.Rules.Rules), Inactive: g.inactive(), Reload: *d.outcome.Load()}
	if a := g.Approval; a != nil {
		r.Approval, r.Commit = a.Status, a.Commit
	}
	if !d.alive() {
		r.Why = append(r.Why, "the loop does not turn")
	}
	if since := d.pipeline.Failing(); !since.IsZero() {
		r.Why = append(r.Why, fmt.Sprintf("commits have failed since %s, so reading is stopped; the log says why", since.UTC().Format(time.RFC3339)))
	}
	if why := d.backlog.String(); why != "" {
		r.Why = append(r.Why, why)
	}
	for _, s := range d.sources {
		n := s.source.files()
		r.Sources = append(r.Sources, sourceState{s.source.Name, n})
		if n == 0 {
			r.Why = append(r.Why, fmt.Sprintf("source %s: no file found", s.source.Name))
		}
	}
	for _, s := range d.parts.sources {
		if l := d.received[s.Name]; l != nil && l.Full() {
			r.Why = append(r.Why, fmt.Sprintf("source %s: its spool is full, so nothing more is received", s.Name))
		}
	}
	for _, t := range g.tables {
		r.Tables = append(r.Tables, tableState{t.Name, t.ExportedAt, time.Now().After(t.StaleAt)})
	}
	if err := d.sinkStates(&r); err != nil {
		r.Why = append(r.Why, "the outbox cannot be read")
	}
	r.Ready = len(r.Why) == 0
	return r
}

// files counts the files that the source's paths match now.
func (s *Source) files() int {
	seen := map[string]bool{}
	for _, pattern := range s.Paths {
		names, _ := filepath.Glob(pattern) // checked when the configuration was
		for _, name := range names {
			seen[name] = true
			if entries, err := os.ReadDir(name); err == nil {
				delete(seen, name) // a folder stands for what is in it
				for _, e := range entries {
					seen[filepath.Join(name, e.Name())] = true
				}
			}
		}
	}
	return len(seen)
}

func (d *Daemon) sinkStates(r *readiness) error {
	waiting, err := d.outstanding()
	if err != nil {
		return err
	}
	for _, name := range d.sinkNames() {
		w := waiting[name]
		s := sinkState{Name: name, Waiting: w.Count, Undeliverable: w.Failed}
		if w.Count > 0 {
			s.OldestSince = &w.Oldest
		}
		r.Sinks = append(r.Sinks, s)
	}
	return nil
}
