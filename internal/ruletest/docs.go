package ruletest

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"probity/internal/rule"
)

// Catalogue is what rules say of themselves, for those who answer for them: nothing in it is written by hand.
type Catalogue struct {
	Rules []CatalogueRule `json:"rules"`
}

// CatalogueRule is one rule.
type CatalogueRule struct {
	ID              string               `json:"id"`
	Version         int                  `json:"version"`
	Title           string               `json:"title"`
	File            string               `json:"file"`
	Status          string               `json:"status,omitempty"`
	Severity        string               `json:"severity"`
	Owner           string               `json:"owner"`
	ReviewBy        string               `json:"review_by"`
	Systems         []string             `json:"systems,omitempty"` // none: every system
	Shape           string               `json:"shape"`
	GroupBy         []string             `json:"group_by"`
	Actors          []string             `json:"actors"`
	Description     string               `json:"description"`
	Proportionality string               `json:"proportionality"`
	Condition       string               `json:"condition"` // as it is written
	Params          []CatalogueParam     `json:"params,omitempty"`
	Tables          []string             `json:"tables,omitempty"`
	DecideWithin    string               `json:"decide_within,omitempty"`
	Exceptions      []CatalogueException `json:"exceptions,omitempty"`
	Facts           []CatalogueFact      `json:"facts,omitempty"`
	Points          int                  `json:"points,omitempty"`
	Period          string               `json:"period"`
	FalsePositives  []string             `json:"false_positives,omitempty"`
	Response        string               `json:"response"`
	Controls        map[string][]string  `json:"controls,omitempty"`
	Tests           int                  `json:"tests"`
}

// CatalogueParam is a parameter and what it is unless a force changes it.
type CatalogueParam struct {
	Name    string `json:"name"`
	Default any    `json:"default"`
}

// CatalogueException is an exception.
type CatalogueException struct {
	When       string `json:"when"`
	Reason     string `json:"reason"`
	ApprovedBy string `json:"approved_by"`
	Expires    string `json:"expires"`
}

// CatalogueFact is a fact.
type CatalogueFact struct {
	Say    string `json:"say"`
	Speaks string `json:"speaks"`
	When   string `json:"when"`
}

// NewCatalogue reads the catalogue of a set of rules, by id.
func NewCatalogue(set *rule.Set) Catalogue {
	c := Catalogue{Rules: make([]CatalogueRule, 0, len(set.Rules))}
	for _, r := range set.Rules {
		c.Rules = append(c.Rules, catalogueRule(set, r))
	}
	return c
}

func catalogueRule(set *rule.Set, r *rule.Compiled) CatalogueRule {
	out := CatalogueRule{
		ID: r.ID, Version: r.Version, Title: r.Title, File: path.Clean(r.File), Status: r.Status, Severity: string(r.Severity),
		Owner: r.Owner, ReviewBy: r.ReviewBy.Format(time.DateOnly), Systems: r.Datasets, Shape: shapeOf(r),
		Description: r.Description, Proportionality: r.Proportionality, Condition: strings.TrimRight(r.When, "\n"),
		Points: r.Points, Period: lengthOf(r.Period), FalsePositives: r.FalsePositives, Response: r.Response,
		Controls: map[string][]string{}, Tests: len(r.Rule.Tests),
	}
	for _, role := range r.Roles {
		out.Actors = append(out.Actors, role.String())
	}
	for _, g := range r.GroupBy {
		out.GroupBy = append(out.GroupBy, g.Name)
	}
	for name, v := range r.Params {
		out.Params = append(out.Params, CatalogueParam{name, v})
	}
	slices.SortFunc(out.Params, func(a, b CatalogueParam) int { return cmp.Compare(a.Name, b.Name) })
	for _, x := range r.Exceptions {
		out.Exceptions = append(out.Exceptions, CatalogueException{x.When, x.Reason, x.ApprovedBy, x.Exception.Expires.Format(time.DateOnly)})
	}
	out.Tables = set.Tables(conditions(r)...)
	if r.Wait > 0 {
		out.DecideWithin = lengthOf(r.Wait)
	}
	for _, f := range r.Rule.Facts {
		out.Facts = append(out.Facts, CatalogueFact{f.Say, f.Speaks, strings.TrimSpace(f.When)})
	}
	for control, values := range r.Controls {
		out.Controls[control] = values
	}
	return out
}

// shapeOf writes what makes a hit: "single event", "5 in 10m", "view, then send in 2h".
func shapeOf(r *rule.Compiled) string {
	c := r.Correlation
	if c == nil {
		return singleEvent
	}
	spell := lengthOf(r.Timespan)
	var steps []string
	for _, s := range c.Steps {
		steps = append(steps, s.Name)
	}
	switch c.Type {
	case eventCount:
		return fmt.Sprintf("%s in %s", numberOf(r), spell)
	case valueCount:
		return fmt.Sprintf("%s different %s in %s", numberOf(r), c.Field, spell)
	case rule.ValueSum:
		return fmt.Sprintf("%s adds up to %d in %s", c.Field, r.AtLeast, spell)
	case rule.BaselineType:
		return baselineOf(r)
	case rule.SilenceType:
		return "nothing for " + spell
	case rule.GapType:
		return "a number missing"
	case rule.ClockSkewType:
		return "off by " + lengthOf(r.Tolerance) + " for " + spell
	case "temporal":
		return strings.Join(steps, " and ") + " in " + spell
	case "temporal_ordered":
		return strings.Join(steps, ", then ") + " in " + spell
	case "absence":
		return fmt.Sprintf("no link from %s before to %s after", lengthOf(r.Before), lengthOf(r.After))
	case "new_value":
		return fmt.Sprintf("%s not seen for %s", c.Field, spell)
	}
	return c.Type
}

// lengthOf writes a length of time as rules do.
func lengthOf(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if d%u.unit == 0 && (d > u.unit || u.unit < 24*time.Hour) {
			return strconv.FormatInt(int64(d/u.unit), 10) + u.name
		}
	}
	return d.String()
}

// numberOf writes how many make a hit.
func numberOf(r *rule.Compiled) string {
	switch {
	case r.AtMost == 0:
		return strconv.Itoa(r.AtLeast)
	case r.AtMost == r.AtLeast:
		return fmt.Sprintf("exactly %d", r.AtLeast)
	case r.AtLeast == 1:
		return fmt.Sprintf("at most %d", r.AtMost)
	}
	return fmt.Sprintf("%d to %d", r.AtLeast, r.AtMost)
}

func baselineOf(r *rule.Compiled) string {
	n := r.Normal
	var with []string
	if n.History > 0 {
		with = append(with, "own past "+lengthOf(n.History))
	}
	if n.Peers != nil {
		with = append(with, "peers by "+n.Peers.Name)
	}
	what := "count"
	if r.Value != nil {
		what = "different " + r.Value.Name
	}
	return fmt.Sprintf("%s a %s above %s", what, strings.TrimPrefix(lengthOf(n.Every), "1 "), strings.Join(with, " and "))
}
