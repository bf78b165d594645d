package rulediff

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"probity/internal/alert"
	"probity/internal/daemon"
	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/ruletest"
	"probity/internal/store"
	"probity/internal/table"
)

// Options say what to compare, and on which logs.
type Options struct {
	Config     *daemon.Config
	Base, Head Side
	Files      []string  // as of a replay; none: all files of all sources
	Until      time.Time // as of a replay
	Builtin    bool      // both sides have the rules that come with this program, too

	Examples int // of each rule and kind, at most
	Budget   int // alerts a week that may interrupt somebody; 0: not said

	StateDir string // of the daemon that knows how alerts were closed; "": it is not asked for

	Logger   *zap.Logger
	Progress func(side string, events int) // of the side of that name; may be nil
}

// Run compares the two sides. Problems of a side's rules or of the configuration are strictyaml.Problems.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Builtin {
		builtin, err := daemon.BuiltinRules()
		if err != nil {
			return nil, err
		}
		o.Base.Files = append(builtin[:len(builtin):len(builtin)], o.Base.Files...)
		o.Head.Files = append(builtin[:len(builtin):len(builtin)], o.Head.Files...)
	}
	if len(o.Base.Files)+len(o.Head.Files) == 0 {
		return nil, fmt.Errorf("no rule files in %s nor in %s; write --rules PATH and where they are", o.Base.Name, o.Head.Name)
	}
	base, err := load(&o, &o.Base)
	if err != nil {
		return nil, err
	}
	head, err := load(&o, &o.Head)
	if err != nil {
		return nil, err
	}
	r := newReport(&o, base, head)
	before := map[string]sketch{}
	was, err := replay(ctx, &o, &o.Base, base, func(a *alert.Alert) { before[a.ID] = newSketch(a) })
	if err != nil {
		return nil, err
	}
	c := newComparison(before, o.Examples)
	is, err := replay(ctx, &o, &o.Head, head, func(a *alert.Alert) { c.compare(a.ID, newSketch(a)) })
	if err != nil {
		return nil, err
	}
	rules := c.end()
	r.complete(rules, was, is)
	r.outcomes(&o, rules)
	return r, nil
}

// outcomes says what became of the alerts that the change removes. A state folder that cannot be read is said in the report: a
// change is reviewed on machines that have none.
func (r *Report) outcomes(o *Options, rules map[string]*tally) {
	if o.StateDir == "" {
		return
	}
	r.Outcomes = &Outcomes{}
	last, err := store.ReadOutcomes(o.StateDir)
	if err != nil {
		r.Outcomes.Unknown = err.Error()
		return
	}
	var removed []string
	for _, t := range rules {
		removed = append(removed, t.removed...)
	}
	r.Outcomes.count(removed, last)
	for i := range r.Rules {
		if t := rules[r.Rules[i].Rule]; t != nil {
			r.Rules[i].RemovedOutcomes = t.by(last)
		}
	}
}

// load compiles a side's rules alone, before the long work. Its lookups are not bound: what a rule means does not depend on
// what the tables hold.
func load(o *Options, s *Side) (*rule.Set, error) {
	schema, err := event.NewSchema(o.Config.DeclaredFields()...)
	if err != nil {
		return nil, err
	}
	schema.AddLookups(table.Lookups()...)
	set, problems := rule.Load(schema, s.Files)
	return set, s.placed(problems).Err()
}

// outcome is what a replay counted.
type outcome struct {
	daemon.Summary
	undecided, suppressed map[string]int // matches by rule
}

// replay judges the logs with a side's rules.
func replay(ctx context.Context, o *Options, s *Side, set *rule.Set, each func(*alert.Alert)) (outcome, error) {
	registry := prometheus.NewRegistry()
	options := daemon.ReplayOptions{
		Config: o.Config, Files: o.Files, Until: o.Until, Rules: append([]rule.File{}, s.Files...), Logger: o.Logger, Registry: registry,
	}
	if o.Progress != nil {
		options.Progress = func(events int) { o.Progress(s.Name, events) }
	}
	sum, err := daemon.Replay(ctx, options, func(a *alert.Alert) error {
		if a.Status != alert.Withdrawn {
			each(a)
		}
		return nil
	})
	if err != nil {
		return outcome{}, err
	}
	out := outcome{Summary: sum}
	if out.undecided, err = byRule(registry, "probity_rule_undecided_total"); err != nil {
		return outcome{}, err
	}
	out.suppressed, err = byRule(registry, "probity_rule_suppressed_total")
	return out, err
}

// byRule reads a counter of the loop.
func byRule(r *prometheus.Registry, name string) (map[string]int, error) {
	families, err := r.Gather()
	if err != nil {
		return nil, fmt.Errorf("counting: %w", err)
	}
	out := map[string]int{}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() == "rule" {
					out[l.GetValue()] += int(m.GetCounter().GetValue())
				}
			}
		}
	}
	return out, nil
}

// newReport begins with what is known without a replay.
func newReport(o *Options, base, head *rule.Set) *Report {
	r := &Report{
		Base:     Counted{Name: o.Base.Name, Commit: o.Base.Commit, Rules: len(base.Rules)},
		Head:     Counted{Name: o.Head.Name, Commit: o.Head.Commit, Rules: len(head.Rules)},
		Changes:  append([]ruletest.Change{}, ruletest.Changes(base, head)...), // never null in JSON
		Rules:    []RuleDifference{},
		severity: map[string][2]alert.Severity{},
	}
	if o.Budget > 0 {
		r.Budget = &Budget{PerWeek: o.Budget}
	}
	for side, set := range []*rule.Set{base, head} {
		for _, c := range set.Rules {
			both := r.severity[c.ID]
			both[side] = c.Severity
			r.severity[c.ID] = both
		}
	}
	return r
}
