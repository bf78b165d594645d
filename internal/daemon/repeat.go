package daemon

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"probity/internal/alert"
	"probity/internal/engine"
	"probity/internal/event"
	"probity/internal/pipeline"
	"probity/internal/rule"
	"probity/internal/source"
	"probity/internal/store"
)

// Repeated is what came of repeating a run: its own count, and how it compares with the state folder's. Withdrawn alerts count
// as absent on both sides.
type Repeated struct {
	Summary
	Commit    uint64   `json:"commit"`    // of the state folder, which it was compared with
	Here      int      `json:"here"`      // alerts that stand
	InState   int      `json:"in_state"`  // likewise
	Redacted  int      `json:"redacted"`  // of those in the state: compared by what a redaction leaves
	Differing []string `json:"differing"` // ids of alerts that are only in one of them, or are not the same
}

// Repeat judges the files of the configuration's sources again as the state folder's journal says that they were judged: every
// record by the generation that judged it then, out of the archive. It reads the state folder as of one commit, also while a
// daemon runs, and writes nothing. Of the options it uses Config, Batch, Turn, Shards, Workers, Logger, Registry and Progress.
func Repeat(ctx context.Context, o ReplayOptions, each func(*alert.Alert) error) (Repeated, error) {
	began := time.Now()
	parts := o.Config.build()
	parts.checkStateDir()
	if problems := parts.problems; len(problems) > 0 {
		problems.Sort()
		return Repeated{}, problems
	}
	was := standing{}
	run, err := store.ReadRun(o.Config.StateDir, was.add)
	if err != nil {
		return Repeated{}, err
	}
	plan, err := pipeline.NewPlan(run.Journal, run.Streams)
	if err != nil {
		return Repeated{}, err
	}
	plan.Generation = parts.archived
	sources, err := parts.beginnings(plan)
	if err != nil {
		return Repeated{}, err
	}
	defer func() {
		for _, s := range sources {
			s.Streams.Close() //nolint:errcheck // read only
		}
	}()
	if err := plan.Read(sources); err != nil {
		return Repeated{}, fmt.Errorf("the run cannot be repeated:\n%w", err)
	}
	out := Repeated{Commit: run.Commit, InState: len(was)}
	is := standing{}
	out.Summary, err = parts.repeat(ctx, o, plan, func(a *alert.Alert) error {
		return errors.Join(is.add(a), each(a))
	})
	if err != nil {
		return Repeated{}, err
	}
	out.Here, out.Redacted, out.Differing, out.Took = len(is), was.redacted(), is.differ(was), time.Since(began)
	return out, nil
}

// repeat runs the loop over a plan.
func (p *parts) repeat(ctx context.Context, o ReplayOptions, plan *pipeline.Plan, each func(*alert.Alert) error) (Summary, error) {
	first, err := p.archived(plan.First())
	if err != nil {
		return Summary{}, err
	}
	return p.judge(ctx, o, pipeline.Options{Plan: plan, Generation: first}, each)
}

// archived builds a generation out of the archive, for the decoders of this configuration.
func (p *parts) archived(hash string) (*engine.Generation, error) {
	in, err := newArchive(p.config.StateDir).read(hash)
	if err != nil {
		return nil, err
	}
	for _, f := range in.fields {
		same := func(d event.FieldInfo) bool { return d.Name == f.Name && d.Kind == f.Kind }
		if !slices.ContainsFunc(p.declared, same) {
			return nil, fmt.Errorf("generation %s: a source declared the field %s as %s then, and none does now: put it back into the configuration", hash, f.Name, f.Kind)
		}
	}
	zone, err := time.LoadLocation(in.zone)
	if err != nil {
		return nil, fmt.Errorf("generation %s: %w", hash, err)
	}
	g, problems := in.build(&Config{}, zone, p.declared)
	if len(problems) > 0 {
		return nil, fmt.Errorf("generation %s, out of the archive: %w", hash, problems)
	}
	if g.Hash != hash {
		return nil, fmt.Errorf("what is archived as generation %s makes generation %s with this version of the program: repeat the run with the version that the manifest names", hash, g.Hash)
	}
	return g.Generation, nil
}

// beginnings opens the sources where the run began to read them.
func (p *parts) beginnings(plan *pipeline.Plan) ([]pipeline.Source, error) {
	var out []pipeline.Source
	for i := range p.sources {
		s := &p.sources[i]
		set, err := source.Open(source.Options{Name: s.Name, Paths: s.Paths, Framer: s.decoder.NewFramer, WholeFiles: s.WholeFiles, From: plan.Beginnings})
		if err != nil {
			return nil, err
		}
		out = append(out, s.toPipeline(set))
	}
	return out, nil
}

// standing are alerts that stand, by id.
type standing map[string]stands

// stands is an alert as hashes of what it says.
type stands struct {
	all, left [sha256.Size]byte // left: of what a redaction leaves
	redacted  bool
}

func (s standing) add(a *alert.Alert) error {
	if a.Status == alert.Withdrawn || a.Rule.Type == rule.ClockSkewType { // the clocks of that day cannot be read again
		return nil
	}
	s[a.ID] = stands{sha256.Sum256(a.Canonical()), sha256.Sum256(store.Redacted(a).Canonical()), store.IsRedacted(a)}
	return nil
}

func (s standing) redacted() (n int) {
	for _, x := range s {
		if x.redacted {
			n++
		}
	}
	return n
}

// differ lists the ids of alerts that are not the same in both.
func (s standing) differ(o standing) []string {
	ids := map[string]bool{}
	for id, x := range s {
		y, ok := o[id]
		if same := x.all == y.all || y.redacted && x.left == y.left; !ok || !same {
			ids[id] = true
		}
	}
	for id := range o {
		if _, ok := s[id]; !ok {
			ids[id] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}
