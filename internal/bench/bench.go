package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"probity/internal/alert"
	"probity/internal/daemon"
	"probity/internal/rule"
)

// Workloads are the rules that are measured unless a folder of others is named.
const (
	Shipped = "shipped" // those that come with Probity, and the tables that they ask
	Peers   = "peers"   // ten that other programs can express, too; over rms
)

// Options of a run.
type Options struct {
	Workload  string // Shipped or Peers
	Rules     string // a folder of rules in place of the workload's
	Generated []int  // besides: how many generated rules, each a variant of its own
	Logs      []string
	Lines     int // of each log
	Rounds    int
	Cores     []int
	Seed      uint64
	Dir       string                             // is kept, with lines and configuration; "": a temporary one, removed
	Profile   io.Writer                          // of the whole path; nil: nowhere
	Progress  func(step string, done, total int) // may be nil
}

// variant is one thing that is timed in every round.
type variant struct {
	log   log
	cores int
	kind  string // newline, fastjson, decode, or the name of the rules of a whole path
	whole bool
	run   func(ctx context.Context) error

	generated bool // its rules are
	rules     int  // of a whole path
	alerts    int
	matches   float64
	costs     []cost // by round
}

// bench is a run.
type bench struct {
	Options
	site     site
	variants []*variant
}

// Run writes the logs, times all variants round by round, and says what came of it.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	if o.Workload == Peers {
		o.Logs = []string{"rms"}
	}
	dir := o.Dir
	if dir == "" {
		if dir, err = os.MkdirTemp("", "probity-bench-"); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	// A state folder in it would be taken for a former run's, and removed.
	if found, err := os.ReadDir(dir); err == nil && len(found) > 0 {
		return nil, fmt.Errorf("%s is not empty: name a folder that is, or is not there yet", dir)
	}
	b := &bench{Options: o}
	if b.site, err = build(dir, o.Seed, o.Lines, o.Logs); err != nil {
		return nil, err
	}
	if err := b.plan(); err != nil {
		return nil, err
	}
	if err := b.rounds(ctx); err != nil {
		return nil, err
	}
	if o.Profile != nil {
		if err := writeProfile(o.Profile, b.profiles(func(*variant) bool { return true })); err != nil {
			return nil, err
		}
	}
	return b.report()
}

// prepared are compiled rules.
type prepared struct {
	name      string
	generated bool
	*daemon.PreparedReplay
}

// plan says what is timed.
func (b *bench) plan() error {
	sets, err := b.compile()
	if err != nil {
		return err
	}
	for _, cores := range b.Cores {
		for _, name := range b.Logs {
			l, _ := logNamed(name)
			path := b.site.path(l.file)
			b.floor(l, cores, "newline", func(context.Context) (int, error) { return eachShare(path, newlines) })
			if l.json {
				b.floor(l, cores, "fastjson", func(context.Context) (int, error) { return eachShare(path, parsed) })
			}
			b.floor(l, cores, "decode", func(ctx context.Context) (int, error) { return decoded(ctx, sets[0].PreparedReplay, l.name+"="+path) })
			for _, set := range sets {
				b.whole(l, cores, set)
			}
		}
	}
	return nil
}

// floor adds what does not judge.
func (b *bench) floor(l log, cores int, kind string, run func(context.Context) (lines int, err error)) {
	b.variants = append(b.variants, &variant{log: l, cores: cores, kind: kind, run: func(ctx context.Context) error {
		n, err := run(ctx)
		want := b.Lines
		if err == nil && kind == "newline" && l.header != "" {
			want++
		}
		if err == nil && n != want {
			err = fmt.Errorf("%s saw %d lines of %s instead of %d", kind, n, l.name, want)
		}
		return err
	}})
}

// whole adds a replay with everything on. Each run has a new state folder; the last one is left where a folder is to be kept.
func (b *bench) whole(l log, cores int, set prepared) {
	v := &variant{log: l, cores: cores, kind: set.name, whole: true, generated: set.generated, rules: set.Rules(), alerts: -1}
	v.run = func(ctx context.Context) error {
		state := b.site.path("state")
		counted := prometheus.NewRegistry()
		sum, err := set.Run(ctx, daemon.ReplayOptions{
			Files: []string{l.name + "=" + b.site.path(l.file)}, Shards: cores, Workers: cores, StateDir: state, Registry: counted,
		}, func(*alert.Alert) error { return nil })
		switch {
		case err != nil:
			return err
		case sum.Events != b.Lines:
			return fmt.Errorf("%d of %d lines of %s became events, %d rejects", sum.Events, b.Lines, l.name, sum.Rejects)
		case v.alerts >= 0 && v.alerts != sum.Alerts:
			return fmt.Errorf("%d alerts over %s, and %d a round before", sum.Alerts, l.name, v.alerts)
		}
		v.alerts = sum.Alerts
		v.matches, err = matches(counted)
		return err
	}
	b.variants = append(b.variants, v)
}

// matches are those of all rules that counted towards a hit.
func matches(r *prometheus.Registry) (sum float64, err error) {
	families, err := r.Gather()
	if err != nil {
		return 0, fmt.Errorf("counting matches: %w", err)
	}
	for _, f := range families {
		if f.GetName() == "probity_rule_matches_total" {
			for _, m := range f.GetMetric() {
				sum += m.GetCounter().GetValue()
			}
		}
	}
	return sum, nil
}

// compile reads the rules that are measured, the workload's first.
func (b *bench) compile() ([]prepared, error) {
	var sets []prepared
	add := func(name, rules string, tables bool, files []rule.File) error {
		config, err := b.site.configure(name+".yaml", rules, tables)
		if err != nil {
			return err
		}
		p, err := daemon.PrepareReplay(daemon.ReplayOptions{Config: config, Rules: files})
		if err != nil {
			return err
		}
		sets = append(sets, prepared{name, len(files) > 0, p})
		return nil
	}
	var err error
	switch {
	case b.Rules != "":
		var path string
		if path, err = filepath.Abs(b.Rules); err == nil {
			err = add("given", fmt.Sprintf("{paths: [%q]}", path), true, nil)
		}
	case b.Workload == Peers:
		if err = errors.Join(b.writeRules("peers", peerFiles()), b.site.write("peers.tsv", peerTable())); err == nil {
			err = add(Peers, "{paths: [rules-peers]}", false, nil)
		}
	default:
		err = add(Shipped, "{builtin: true}", true, nil)
	}
	if err != nil {
		return nil, err
	}
	for i, n := range b.Generated {
		b.progress("sets of generated rules compiled", i, len(b.Generated))
		if err := add(generatedName(n), "{builtin: true}", true, generatedFiles(n, b.Seed)); err != nil {
			return nil, err
		}
	}
	return sets, nil
}

func generatedName(n int) string { return fmt.Sprintf("generated-%d", n) }

// writeRules writes rules into a folder of their own, for whoever goes on with what is kept.
func (b *bench) writeRules(name string, files []rule.File) error {
	folder := "rules-" + name
	if err := os.MkdirAll(b.site.path(folder), 0o700); err != nil {
		return fmt.Errorf("writing rules: %w", err)
	}
	for _, f := range files {
		if err := b.site.write(filepath.Join(folder, f.Name), string(f.Data)); err != nil {
			return err
		}
	}
	return nil
}

// rounds runs every variant once a round, beginning with another one each time: whoever else uses the machine then disturbs
// none of them more than the others.
func (b *bench) rounds(ctx context.Context) error {
	n := len(b.variants)
	for round := range b.Rounds {
		for i := range n {
			v := b.variants[(i+round*(n/b.Rounds+1))%n]
			b.progress("measured", round*n+i, b.Rounds*n)
			if v.whole {
				if err := os.RemoveAll(b.site.path("state")); err != nil {
					return fmt.Errorf("measuring: %w", err)
				}
			}
			c, err := measure(v.cores, v.whole, func() error { return v.run(ctx) })
			if err != nil {
				return fmt.Errorf("measuring %s of %s: %w", v.kind, v.log.name, err)
			}
			v.costs = append(v.costs, c)
		}
	}
	return nil
}

func (b *bench) progress(step string, done, total int) {
	if b.Options.Progress != nil {
		b.Options.Progress(step, done, total)
	}
}

// profiles are the profiles of some variants.
func (b *bench) profiles(of func(*variant) bool) (out [][]byte) {
	for _, v := range b.variants {
		if v.whole && of(v) {
			for _, c := range v.costs {
				out = append(out, c.profile)
			}
		}
	}
	return out
}

// find is a variant of the same log on the same cores, nil if there is none.
func (b *bench) find(l log, cores int, kind string) *variant {
	i := slices.IndexFunc(b.variants, func(v *variant) bool { return v.log.name == l.name && v.cores == cores && v.kind == kind })
	if i < 0 {
		return nil
	}
	return b.variants[i]
}

// FewestLines are fewer than any watermark, window or commit would show anything with.
const FewestLines = 1000

// DefaultCores are all that the process may use.
func DefaultCores() int { return runtime.GOMAXPROCS(0) }
