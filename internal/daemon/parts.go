package daemon

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"probity/internal/alert"
	"probity/internal/decode"
	"probity/internal/event"
	"probity/internal/evidence"
	"probity/internal/fsx"
	"probity/internal/listen"
	"probity/internal/notify"
	"probity/internal/pipeline"
	"probity/internal/route"
	"probity/internal/rule"
	"probity/internal/source"
	"probity/internal/strictyaml"
	"probity/internal/table"
)

// parts is all that a configuration says, built, and nothing started. Check, New and Replay build the same parts.
type parts struct {
	config    *Config
	zone      *time.Location
	identity  *alert.Identity
	declared  []event.FieldInfo // native fields with a type, of all sources
	sources   []builtSource
	sinks     []notify.Sink
	signer    *evidence.Signer // nil without a key; see buildEvidence
	witnesses []notify.Sink
	routes    *route.Table // nil if the roles have problems
	rules     []rule.File  // in place of those that the configuration names, if not nil
	problems  strictyaml.Problems

	listening map[listen.Address]bool // checked so far
	stdin     bool                    // a source reads it
}

// builtSource is a source with its decoder.
type builtSource struct {
	*Source
	decoder *decode.Decoder
	format  *decode.Format
}

// build builds the parts but for the generation; what could not be built has a problem.
func (c *Config) build() *parts {
	c.setDefaults()
	p := &parts{config: c}
	p.takeStdin()
	p.buildZone()
	p.buildIdentity()
	p.buildSources()
	p.buildSinks()
	p.buildRoutes()
	p.checkRest()
	return p
}

func (p *parts) problem(path, what, do string) {
	p.problems = append(p.problems, p.config.problem(path, what, do))
}

func (p *parts) buildZone() {
	zone, err := time.LoadLocation(p.config.Zone)
	if err != nil {
		p.problem("zone", fmt.Sprintf("unknown time zone %q", p.config.Zone), "write one of the IANA names, as Europe/London")
		zone = time.UTC
	}
	p.zone = zone
}

func (p *parts) buildIdentity() {
	file := p.config.IdentityKeyFile
	if file == "" {
		p.problem("identity_key_file", "no identity key", "write identity_key_file: PATH; "+makeKey("PATH"))
		return
	}
	key, err := os.ReadFile(file)
	if err != nil {
		p.problem("identity_key_file", fmt.Sprintf("cannot read the identity key %s: %s", file, cause(err)), makeKey(file))
		return
	}
	if p.identity, err = alert.NewIdentity(key); err != nil {
		p.problem("identity_key_file", fmt.Sprintf("%s: %v", file, err), makeKey(file))
	}
}

func makeKey(file string) string {
	return "make one with: (umask 077; head -c 32 /dev/urandom > " + file + ")"
}

// buildSources builds the decoders, all over one schema.
func (p *parts) buildSources() {
	c := p.config
	if len(c.Sources) == 0 {
		p.problem("sources", "no sources", "write at least one: - {name: …, format: …, paths: […]}")
	}
	p.declare()
	schema, err := event.NewSchema(p.declared...)
	if err != nil {
		p.problem("sources", err.Error(), "")
		return
	}
	seen := map[string]bool{}
	for i := range c.Sources {
		s := &c.Sources[i]
		at := fmt.Sprintf("sources.%d", i)
		p.checkSource(s, at, seen)
		f, ok := p.format(s, at)
		if !ok {
			continue
		}
		kinds := map[string]event.Kind{}
		for name, kind := range s.Fields {
			if k, err := event.ParseKind(kind); err == nil { // declare has told of the others
				kinds[name] = k
			}
		}
		d, err := decode.New(decode.Options{Source: s.Name, Dataset: s.Dataset, Format: f, Fields: kinds, Schema: schema, MaxRecordBytes: s.MaxRecordBytes})
		if err != nil {
			p.problem(at+".format", err.Error(), "")
			continue
		}
		fillSource(s, f)
		if s.Dataset == rule.AlertDataset {
			p.problem(at, "a source of dataset "+rule.AlertDataset+", which is what alerts are to the rules over them", "give it another dataset")
			continue
		}
		if s.Listen != nil {
			p.checkFraming(s, f, at)
			s = c.spooled(s)
		}
		p.sources = append(p.sources, builtSource{s, d, f})
	}
}

// fillSource fills what depends on the dataset.
func fillSource(s *Source, f *decode.Format) {
	s.Dataset = cmp.Or(s.Dataset, f.Dataset, s.Name) // as package decode does
	if s.Dataset == m365Dataset {
		fill(&s.Lateness, m365Lateness)
		fill(&s.Repeats, m365Repeats)
	}
	fill(&s.Lateness, defaultLateness)
}

// toPipeline hands the source to the loop.
func (s *builtSource) toPipeline(streams interface {
	Discover() ([]source.Stream, error)
	Due() time.Time
	Close() error
}) pipeline.Source {
	return pipeline.Source{Name: s.Name, Dataset: s.Dataset, Streams: streams, Decoder: s.decoder, Lateness: s.Lateness.Std(), WholeFiles: s.WholeFiles}
}

// declare gathers the typed native fields of all sources in a fixed order.
func (p *parts) declare() {
	for i, s := range p.config.Sources {
		for _, name := range slices.Sorted(maps.Keys(s.Fields)) {
			kind, err := event.ParseKind(s.Fields[name])
			at := fmt.Sprintf("sources.%d.fields.%s", i, name)
			if err != nil {
				p.problem(at, err.Error(), "")
				continue
			}
			same := func(f event.FieldInfo) bool { return f.Name == name }
			if k := slices.IndexFunc(p.declared, same); k < 0 {
				p.declared = append(p.declared, event.FieldInfo{Name: name, Kind: kind, Doc: "native field of source " + s.Name})
			} else if p.declared[k].Kind != kind {
				p.problem(at, fmt.Sprintf("field %s is a %s here and a %s in another source", name, kind, p.declared[k].Kind), "give it one type")
			}
		}
	}
}

// schema returns a schema of this configuration with the lookups of a set of tables. Every call gives the same slots.
func (p *parts) schema(lookups []event.Lookup) (*event.Schema, error) {
	return eventSchema(p.declared, lookups)
}

func eventSchema(declared []event.FieldInfo, lookups []event.Lookup) (*event.Schema, error) {
	s, err := event.NewSchema(declared...)
	if err != nil {
		return nil, err
	}
	s.AddLookups(lookups...)
	return s, nil
}

func (p *parts) buildSinks() { p.sinks = p.sinksOf(p.config.Sinks, "sinks") }

// sinksOf builds the sinks that stand in a list at path.
func (p *parts) sinksOf(list []notify.Config, path string) (sinks []notify.Sink) {
	seen := map[string]bool{}
	for i, sc := range list {
		at := fmt.Sprintf("%s.%d", path, i)
		if seen[sc.Name] {
			p.problem(at+".name", fmt.Sprintf("a second sink named %q", sc.Name), "give each its own name")
		}
		seen[sc.Name] = true
		sc = sc.WithZone(p.config.Zone)
		flaws := sc.Check()
		if path == witnessPath && (!slices.Contains(witnessTypes, sc.Type) || sc.Format != "") {
			flaws = append(flaws, notify.Flaw{Key: "type", What: "what a witness is told is no alert", Do: "use " + strings.Join(witnessTypes, " or ") + ", without format"})
		}
		for _, f := range flaws {
			p.problem(at+"."+f.Key, f.Key+": "+f.What, f.Do)
		}
		if len(flaws) > 0 {
			continue
		}
		if !sc.Admits(p.config.Marking) {
			p.problem(at+".ceiling", "every alert is marked above it, and would be refused", "raise it, or leave the sink out")
			continue
		}
		sink, err := notify.NewSink(sc, &fsx.FS{})
		if err != nil {
			p.problem(at, err.Error(), "")
			continue
		}
		sinks = append(sinks, sink)
	}
	return sinks
}

// repeats says how long each dataset may repeat a record.
func (p *parts) repeats() map[string]time.Duration {
	out := map[string]time.Duration{}
	for _, s := range p.sources {
		out[s.Dataset] = max(out[s.Dataset], s.Repeats.Std())
	}
	return out
}

// lateness says how much later than its neighbours a record of each source may come.
func (p *parts) lateness() map[string]time.Duration {
	out := map[string]time.Duration{}
	for _, s := range p.sources {
		out[s.Name] = s.Lateness.Std()
	}
	return out
}

// problemsOf reads an error of another package: problems with places of their own, or one at path.
func (c *Config) problemsOf(err error, path, do string) strictyaml.Problems {
	var ps strictyaml.Problems
	if errors.As(err, &ps) {
		return ps
	}
	return strictyaml.Problems{c.problem(path, err.Error(), do)}
}

// missingTables are the tables that no path is configured for.
func (c *Config) missingTables() []string {
	return slices.DeleteFunc(slices.Clone(table.Names()), func(n string) bool { _, ok := c.Tables[n]; return ok })
}

func quoted(names []string) string { return strings.Join(names, ", ") }
