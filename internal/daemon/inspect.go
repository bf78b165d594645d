package daemon

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"probity/internal/decode"
	"probity/internal/engine"
	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/source"
	"probity/internal/table"
)

// Inspection is the sources, tables and rules of a configuration, ready to judge one event at a time: for tools that look
// into what the loop does without looking. It needs no keys, sinks or state folder.
type Inspection struct {
	Generation *engine.Generation
	Tables     []table.Version
	parts      *parts
}

// Inspect builds an inspection over the configuration's tables and the rules given in code.
func (c *Config) Inspect(rules []rule.File) (*Inspection, error) {
	p, g, err := c.look(rules)
	if err != nil {
		return nil, err
	}
	return &Inspection{Generation: g.Generation, Tables: g.tables, parts: p}, nil
}

// look builds what rules, tables and formats come to, without keys, sinks or a state folder.
func (c *Config) look(rules []rule.File) (*parts, *generation, error) {
	c.setDefaults()
	p := &parts{config: c, rules: rules}
	p.buildZone()
	p.buildSources()
	g, problems := p.generation()
	problems = append(p.problems, problems...)
	if problems.Sort(); len(problems) > 0 {
		return nil, nil, problems
	}
	return p, g, nil
}

// RuleFiles reads the rules that the configuration names.
func (c *Config) RuleFiles() ([]rule.File, error) {
	files, problems := c.ruleFiles()
	return files, problems.Err()
}

// Place is where an event was read: Line is that of its first byte, from 1.
type Place struct {
	Source string
	Path   string
	Line   int
}

// Each reads files to their end, as Replay does, and hands on each event with its place; the event is reused. Without files
// it reads all of all sources. only, if not "", is the one source that is to be read. It returns how many records were
// rejected.
func (i *Inspection) Each(files []string, only string, each func(ev *event.Event, at Place) error) (rejects int, err error) {
	if only != "" && !slices.Contains(i.parts.sourceNames(), only) {
		return 0, fmt.Errorf("no source named %q; the sources are %s", only, quoted(i.parts.sourceNames()))
	}
	if only != "" {
		files = slices.Clone(files)
		for k, f := range files {
			if !strings.HasPrefix(f, only+"=") {
				files[k] = only + "=" + f
			}
		}
	}
	named, err := i.parts.bySource(files)
	if err != nil {
		return 0, err
	}
	for k := range i.parts.sources {
		s := &i.parts.sources[k]
		if len(files) > 0 && len(named[s.Name]) == 0 || only != "" && s.Name != only {
			continue
		}
		r := reader{source: s, lines: &lines{starts: map[int64]int{}}, each: each}
		if err := r.read(named[s.Name]); err != nil {
			return rejects + r.rejects, err
		}
		rejects += r.rejects
	}
	return rejects, nil
}

// reader reads one source of an inspection.
type reader struct {
	source  *builtSource
	lines   *lines
	each    func(*event.Event, Place) error
	rejects int
}

// read reads the files, or all of the source.
func (r *reader) read(files []string) error {
	framer := func() decode.Framer { return &lineFramer{Framer: r.source.decoder.NewFramer(), lines: r.lines} }
	var streams []source.Stream
	var err error
	if len(files) > 0 {
		streams, err = source.OpenFiles(r.source.Name, framer, files)
	} else {
		var set *source.Set
		if set, err = source.Open(source.Options{Name: r.source.Name, Paths: r.source.Paths, Framer: framer, WholeFiles: r.source.WholeFiles}); err == nil {
			defer set.Close()
			streams, err = set.Discover()
		}
	}
	for _, s := range streams {
		if err == nil {
			err = r.stream(s)
		}
		err = errors.Join(err, s.Close())
	}
	return err
}

// takeRecords is how many records are asked for at once.
const takeRecords = 1024

func (r *reader) stream(s source.Stream) error {
	worker := r.source.decoder.NewWorker()
	same := map[string]uint32{} // of records without a native id, by their time and bytes, as the loop counts them
	var ev event.Event
	for {
		chunk, err := s.Next(takeRecords)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if chunk == nil {
			continue
		}
		for i := range chunk.Records {
			rec := &chunk.Records[i]
			if err := worker.Decode(*rec, &ev); err != nil {
				r.rejects++
				continue
			}
			ev.Origin.Path = chunk.Path
			if ev.NativeID == "" {
				k := ev.Slots[event.FieldTime].Text() + " " + string(rec.Data)
				ev.Origin.Nth = same[k]
				same[k]++
			}
			if err := r.each(&ev, Place{r.source.Name, chunk.Path, r.lines.starts[rec.Offset]}); err != nil {
				return err
			}
		}
		clear(r.lines.starts)
	}
}
