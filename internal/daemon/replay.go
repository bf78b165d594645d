package daemon

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/zap"

	"probity/internal/alert"
	"probity/internal/engine"
	"probity/internal/event"
	"probity/internal/pipeline"
	"probity/internal/rule"
	"probity/internal/source"
	"probity/internal/store"
)

// ReplayOptions say what to replay and how the work is cut; the alerts do not depend on the latter.
type ReplayOptions struct {
	Config *Config
	Files  []string    // "source=path", or a path that a source's paths cover; none: all files of all sources
	Until  time.Time   // advance all watermarks to here at the end
	Rules  []rule.File // in place of those that the configuration names, if not nil

	Batch, Turn     int // records; see pipeline.Options
	Shards, Workers int
	Reverse         bool // the sources in reverse order: tests

	// StateDir is an empty folder in which every batch is committed as the daemon does it: positions, windows, records, alerts
	// and evidence, made durable. "": in memory alone, as nobody goes on from there.
	StateDir string

	Folded   bool // the last revisions are only written as JSON, and not changed: see store.Memory.EachFolded
	Logger   *zap.Logger
	Registry *prometheus.Registry
	Progress func(events int) // how many have been judged so far; may be nil

	// What an evaluation asks beyond the last revisions; both may be nil. Matched is called by many workers at once.
	Matched  func(*event.Event)
	Revision func(*alert.Alert) // every revision, once it is committed, with what it quotes
}

// Summary counts a replay.
type Summary struct {
	Records   int            `json:"records"`
	Events    int            `json:"events"`
	Rejects   int            `json:"rejects"`
	Late      int            `json:"late"`
	Undecided map[string]int `json:"undecided,omitempty"` // by rule: matches held back because a table could not say
	Alerts    int            `json:"alerts"`
	Revisions int            `json:"revisions"`
	Unfound   []string       `json:"unfound,omitempty"` // sources whose paths match no file
	Days      int            `json:"days"`              // of event time, UTC, in which anything happened
	Took      time.Duration  `json:"took_ns"`
}

// Replay judges finite files with the daemon's own loop over a store in memory, and hands the last revision of each alert
// to each, by id. It writes nothing unless StateDir is said, and needs no state folder.
func Replay(ctx context.Context, o ReplayOptions, each func(*alert.Alert) error) (Summary, error) {
	p, err := PrepareReplay(o)
	if err != nil {
		return Summary{}, err
	}
	return p.Run(ctx, o, each)
}

// PreparedReplay is a replay whose rules and tables are read and compiled: it can be run again and again.
type PreparedReplay struct {
	parts      *parts
	generation *generation
}

// PrepareReplay reads and compiles what a replay judges by. Of the options it uses Config and Rules.
func PrepareReplay(o ReplayOptions) (*PreparedReplay, error) {
	parts := o.Config.build()
	parts.rules = o.Rules
	g, problems := parts.generation()
	problems = append(parts.problems, problems...)
	if problems.Sort(); len(problems) > 0 {
		return nil, problems
	}
	return &PreparedReplay{parts, g}, nil
}

// Rules is how many there are.
func (p *PreparedReplay) Rules() int { return len(p.generation.Rules.Rules) }

// Sources opens the files that are named, or all, at their beginnings. Whoever asks for them closes their streams.
func (p *PreparedReplay) Sources(files []string) ([]pipeline.Source, error) {
	return p.parts.finite(files)
}

// NewMatcher matches events that the decoders of Sources have decoded. It belongs to one goroutine.
func (p *PreparedReplay) NewMatcher() *engine.Matcher { return p.generation.NewMatcher(nil) }

// Run is Replay without reading rules and tables; Config and Rules are those that it was prepared with.
func (p *PreparedReplay) Run(ctx context.Context, o ReplayOptions, each func(*alert.Alert) error) (Summary, error) {
	sources, err := p.Sources(o.Files)
	if err != nil {
		return Summary{}, err
	}
	if o.Reverse {
		slices.Reverse(sources)
	}
	sum, err := p.parts.judge(ctx, o, pipeline.Options{Sources: sources, Generation: p.generation.Generation, Until: o.Until}, each)
	if len(o.Files) == 0 {
		for _, i := range p.parts.unfound() {
			sum.Unfound = append(sum.Unfound, p.parts.config.Sources[i].Name)
		}
	}
	return sum, err
}

// judge runs the loop over finite sources, or over a plan, and counts.
func (p *parts) judge(ctx context.Context, o ReplayOptions, loop pipeline.Options, each func(*alert.Alert) error) (_ Summary, err error) {
	began := time.Now()
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	var sum Summary
	eachAlert, end, err := o.commitTo(&loop)
	if err != nil {
		return Summary{}, err
	}
	defer func() { err = errors.Join(err, end()) }()
	seen := newDays(o.Progress)
	loop.Identity, loop.Registerer, loop.Logger = p.identity, o.Registry, o.Logger
	loop.Batch, loop.Turn, loop.Shards, loop.Workers = o.Batch, o.Turn, o.Shards, o.Workers
	loop.Times, loop.Matched = seen.add, o.Matched
	var unreadable error
	loop.Committed = func(c *store.Commit) {
		sum.Revisions += len(c.Alerts)
		if o.Revision == nil {
			return
		}
		for _, a := range c.Alerts {
			whole := *a // the store may keep the alert as it is
			if err := whole.Unfold(); err != nil {
				unreadable = err
			}
			o.Revision(&whole)
		}
	}
	running, err := pipeline.New(loop)
	if err != nil {
		return Summary{}, err
	}
	if err := errors.Join(running.Run(ctx), unreadable, ctx.Err()); err != nil {
		return Summary{}, err
	}
	err = eachAlert(func(a *alert.Alert) error {
		sum.Alerts++
		return each(a)
	})
	if err != nil {
		return sum, err
	}
	sum.Took, sum.Days = time.Since(began), len(seen.days)
	return sum, sum.count(o.Registry)
}

// commitTo opens what the batches are committed to, and gives it to the loop.
func (o *ReplayOptions) commitTo(loop *pipeline.Options) (eachAlert func(func(*alert.Alert) error) error, end func() error, err error) {
	if o.StateDir == "" {
		memory := store.NewMemory()
		loop.Store, loop.Passing = memory, true
		if o.Folded {
			return memory.EachFolded, func() error { return nil }, nil
		}
		return memory.EachAlert, func() error { return nil }, nil
	}
	disk, err := store.Open(store.Options{Dir: o.StateDir})
	if err != nil {
		return nil, nil, err
	}
	loop.Store = disk
	return disk.EachAlert, disk.Close, nil
}

// days are the days in which events happened. They say how much time logs cover better than the first and last event do: a
// gap between two files is not covered, and one line from the future is one day.
type days struct {
	days     map[int64]bool // since 1970
	events   int
	progress func(events int)
}

func newDays(progress func(events int)) *days {
	if progress == nil {
		progress = func(int) {}
	}
	return &days{days: map[int64]bool{}, progress: progress}
}

func (d *days) add(times []int64) {
	for _, at := range times {
		d.days[at/int64(24*time.Hour)] = true
	}
	d.events += len(times)
	d.progress(d.events)
}

// count reads the loop's own counters.
func (s *Summary) count(r *prometheus.Registry) error {
	families, err := r.Gather()
	if err != nil {
		return fmt.Errorf("counting: %w", err)
	}
	into := map[string]*int{
		"probity_records_total": &s.Records, "probity_events_total": &s.Events,
		"probity_rejects_total": &s.Rejects, "probity_events_late_total": &s.Late,
	}
	s.Undecided = map[string]int{}
	for _, f := range families {
		if f.GetName() == "probity_rule_undecided_total" {
			for _, m := range f.GetMetric() {
				if n := int(m.GetCounter().GetValue()); n > 0 {
					s.Undecided[label(m, "rule")] += n
				}
			}
		}
		if n := into[f.GetName()]; n != nil {
			for _, m := range f.GetMetric() {
				*n += int(m.GetCounter().GetValue())
			}
		}
	}
	return nil
}

func label(m *dto.Metric, name string) string {
	for _, l := range m.GetLabel() {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}

// finite opens the sources' files, or those that are named, each up to its end.
func (p *parts) finite(files []string) ([]pipeline.Source, error) {
	var out []pipeline.Source
	if len(files) == 0 {
		for i := range p.sources {
			s := &p.sources[i]
			set, err := source.Open(source.Options{Name: s.Name, Paths: s.Paths, Framer: s.decoder.NewFramer, WholeFiles: s.WholeFiles})
			if err != nil {
				return nil, err
			}
			out = append(out, s.toPipeline(set))
		}
		return out, nil
	}
	named, err := p.bySource(files)
	if err != nil {
		return nil, err
	}
	for i := range p.sources {
		s := &p.sources[i]
		if len(named[s.Name]) == 0 {
			continue
		}
		streams, err := source.OpenFiles(s.Name, s.decoder.NewFramer, named[s.Name])
		if err != nil {
			return nil, err
		}
		out = append(out, s.toPipeline(&given{streams: streams}))
	}
	return out, nil
}

// bySource sorts files to the sources that read them.
func (p *parts) bySource(files []string) (map[string][]string, error) {
	out := map[string][]string{}
	for _, file := range files {
		if name, path, ok := strings.Cut(file, "="); ok && slices.ContainsFunc(p.sources, func(s builtSource) bool { return s.Name == name }) {
			out[name] = append(out[name], path)
			continue
		}
		path, err := filepath.Abs(file)
		if err != nil {
			return nil, fmt.Errorf("file %s: %w", file, err)
		}
		i := slices.IndexFunc(p.sources, func(s builtSource) bool {
			return slices.ContainsFunc(s.Paths, func(pattern string) bool { return covers(pattern, path) })
		})
		if i < 0 {
			return nil, fmt.Errorf("no source reads %s; write SOURCE=%s, with one of the sources %s", file, file, quoted(p.sourceNames()))
		}
		out[p.sources[i].Name] = append(out[p.sources[i].Name], path)
	}
	return out, nil
}

// covers reports whether a source's pattern covers a file or the rotated sibling of one, whose name begins with the same.
func covers(pattern, path string) bool {
	return within(pattern, path) || within(pattern+"*", path) ||
		within(strings.TrimSuffix(pattern, filepath.Ext(pattern))+"*"+filepath.Ext(pattern)+"*", path)
}

func (p *parts) sourceNames() []string {
	out := make([]string, len(p.sources))
	for i, s := range p.sources {
		out[i] = s.Name
	}
	return out
}

// given are streams that are there from the start.
type given struct{ streams []source.Stream }

// Discover gives them once.
func (g *given) Discover() ([]source.Stream, error) {
	out := g.streams
	g.streams = nil
	return out, nil
}

// Due says that there may be something.
func (g *given) Due() time.Time { return time.Time{} }

// Close leaves the streams to the loop, which closes them itself.
func (g *given) Close() error { return nil }
