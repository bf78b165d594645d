package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/window"
)

// people resolves the accounts that logs write to persons; *table.Set is one.
type people interface {
	// Resolve returns the staff id of the person who holds an account of a system; Missing if none is known, or several are.
	Resolve(dataset, account string, at int64) event.Value
	// ResolveRequestor does so for whoever a log names as requester: an account or a collar number.
	ResolveRequestor(dataset, token string, at int64) event.Value
}

// Generation is what is in force: rules compiled against the lookups of the tables in force. It is immutable and swapped
// whole between two batches.
type Generation struct {
	Rules   *rule.Set
	Tables  []alert.Table
	Marking string
	Hash    string // of rules and tables

	Approval *Approval // of the rules; nil if the configuration does not say who must sign them
	Dropped  *Approval // what a start is to tell instead: that somebody had to, until it. No part of the hash

	people people
	zone   *time.Location
	days   *time.Location // of a baseline's periods
	byFeed map[string]*rule.Compiled
	specs  []*window.Spec // by rule
	keep   []int64        // by rule: how long beyond its window it remembers, nanoseconds
}

// GenerationOptions are a generation's parts.
type GenerationOptions struct {
	Rules   *rule.Set
	People  people // from the tables that the rules' lookups ask: their places are the same
	Tables  []alert.Table
	Inputs  []string                 // whatever else decides verdicts, as text: spans and misses of the tables, the zone
	Zone    *time.Location           // of the times in an alert's sentence; UTC unless said
	Days    *time.Location           // of a baseline's days; Zone unless said
	Marking string                   // on every alert, e.g. OFFICIAL-SENSITIVE
	Repeats map[string]time.Duration // by dataset: how long after the first a source may repeat a record

	Approval *Approval // nil: nobody has to sign rules
}

// NewGeneration puts rules and tables together.
func NewGeneration(o GenerationOptions) *Generation {
	g := &Generation{Rules: o.Rules, Tables: o.Tables, Marking: o.Marking, people: o.People, zone: o.Zone, byFeed: map[string]*rule.Compiled{}}
	if g.zone == nil {
		g.zone = time.UTC
	}
	if g.days = o.Days; g.days == nil {
		g.days = g.zone
	}
	g.Approval = o.Approval
	h := sha256.New()
	if a := g.Approval; a != nil {
		fmt.Fprintf(h, "approval %q %q %q %d\n", a.Status, a.Commit, a.Signer, a.At.UnixNano())
	}
	fmt.Fprintf(h, "rules %s\nmarking %s\n", o.Rules.Hash(), o.Marking)
	for _, t := range o.Tables {
		fmt.Fprintf(h, "table %s %s\n", t.Name, t.SHA256)
	}
	for _, in := range o.Inputs {
		fmt.Fprintf(h, "input %q\n", in)
	}
	for _, r := range o.Rules.Rules {
		g.byFeed[r.Feed] = r
		g.specs = append(g.specs, g.specOf(r))
		var repeats time.Duration
		for dataset, d := range o.Repeats {
			if r.Reads(dataset) {
				repeats = max(repeats, d)
			}
		}
		if r.OfAlerts {
			repeats = 0 // an alert is an entry, not a record
		}
		g.keep = append(g.keep, int64(max(repeats, r.Wait)))
		fmt.Fprintf(h, "keep %s %d\n", r.ID, max(repeats, r.Wait))
	}
	g.Hash = hex.EncodeToString(h.Sum(nil))
	return g
}

var shapes = map[string]window.Shape{
	rule.EventCount: window.EventCount, rule.ValueCount: window.ValueCount, rule.Temporal: window.Temporal,
	rule.TemporalOrdered: window.TemporalOrdered, rule.AbsenceType: window.Absence, rule.NewValue: window.NewValue,
	rule.ValueSum: window.ValueSum, rule.BaselineType: window.Baseline,
	rule.SilenceType: window.Silence, rule.GapType: window.Gap, rule.ClockSkewType: window.ClockSkew,
}

// specOf is a rule's window.
func (g *Generation) specOf(r *rule.Compiled) *window.Spec {
	s := &window.Spec{
		Shape: shapes[r.Type], Timespan: int64(r.Timespan), Period: int64(r.Period), AtLeast: r.AtLeast, AtMost: r.AtMost, Steps: len(r.Sides),
		Before: int64(r.Before), After: int64(r.After), History: int64(r.History), Grace: int64(r.Grace), Tolerance: int64(r.Tolerance),
		Revised: r.OfAlerts,
	}
	if r.Normal != nil || r.AtMost > 0 {
		s.Wait = int64(r.Wait)
	}
	if n := r.Normal; n != nil {
		s.Normal = window.Normal{
			Every: int64(n.Every), Zone: g.days, Values: r.Value != nil, History: int64(n.History), Least: n.Least, HourOfDay: n.HourOfDay,
			DayOfWeek: n.DayOfWeek, Peers: n.Peers != nil, LeastPeers: n.LeastPeers, Above: int64(n.Above),
		}
	}
	if r.Where != nil {
		s.Where = func(tuple []*window.Captured) bool {
			texts := make([][]string, len(tuple))
			for i, c := range tuple {
				texts[i] = *c
			}
			return r.Where.Match(texts)
		}
	}
	return s
}

// OfAlerts reports whether any rule is judged over alerts.
func (g *Generation) OfAlerts() bool {
	return slices.ContainsFunc(g.Rules.Rules, func(r *rule.Compiled) bool { return r.OfAlerts })
}

// Behind is how far behind its rule's watermark an alert may still change: the last hit of its period, what that waits for,
// and what the rule keeps for a newer table or a repeat.
func (g *Generation) Behind(r *rule.Compiled) int64 {
	s := g.specs[r.Index]
	return s.Period + s.Before + s.After + s.Settles() + g.keep[r.Index]
}
