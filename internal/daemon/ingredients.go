package daemon

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"probity/internal/engine"
	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/strictyaml"
	"probity/internal/table"
)

// ingredients are all that a generation is made of: the bytes of its files, read once, and the settings that decide answers.
// A generation is a function of them, so whoever keeps them can build it again.
type ingredients struct {
	zone     string
	marking  string
	rules    []rule.File // overlays, too
	tables   []madeTable
	fields   []event.FieldInfo        // native fields with a type
	repeats  map[string]time.Duration // by dataset
	lateness map[string]time.Duration // by source
	approval *engine.Approval         // of the rules; nil: nobody has to sign them
}

type madeTable struct {
	name   string
	config table.Config
	files  *table.Files
}

// ingredients reads what the configuration names.
func (p *parts) ingredients() (*ingredients, strictyaml.Problems) {
	c := p.config
	tables, problems := c.tableFiles()
	files, more := p.ruleFiles()
	problems = append(problems, more...)
	approval, more := c.approval(files)
	return &ingredients{
		zone: c.Zone, marking: c.Marking, rules: files, tables: tables, approval: approval,
		fields: p.declared, repeats: p.repeats(), lateness: p.lateness(),
	}, append(problems, more...)
}

// build puts a generation together. Problems with tables are placed in the configuration c. The declared fields are those that
// the decoders know: the generation's own, or more.
func (in *ingredients) build(c *Config, zone *time.Location, declared []event.FieldInfo) (*generation, strictyaml.Problems) {
	var problems strictyaml.Problems
	var tables []*table.Table
	for _, t := range in.tables {
		loaded, err := t.files.Parse(t.name, t.config)
		if err != nil {
			problems = append(problems, c.problemsOf(err, "tables."+t.name+".path", "")...)
			continue
		}
		tables = append(tables, loaded)
	}
	set := table.NewSet(zone, tables...)
	schema, err := eventSchema(declared, set.Lookups())
	if err != nil {
		return nil, append(problems, c.problem("sources", err.Error(), ""))
	}
	loaded, more := rule.Load(schema, in.rules)
	if problems = append(problems, more...); len(problems) > 0 {
		return nil, problems
	}
	g := &generation{lookups: set, tables: set.Versions(), findings: set.Findings(), made: in}
	g.Generation = engine.NewGeneration(engine.GenerationOptions{
		Rules: loaded, People: set, Tables: alertTables(g.tables), Marking: in.marking, Repeats: in.repeats,
		Inputs: in.inputs(g.tables), Zone: zone, Approval: in.approval,
	})
	return g, nil
}

// inputs is what decides answers beside the bytes of rules and tables: a sidecar file may say otherwise of the same bytes, and
// so may the configuration.
func (in *ingredients) inputs(versions []table.Version) []string {
	out := []string{"zone " + in.zone}
	for _, v := range versions {
		out = append(out, fmt.Sprintf("table %s exported %d covers %d to %d stale %d miss %s",
			v.Name, v.ExportedAt.UnixNano(), v.CoversFrom.UnixNano(), v.CoversTo.UnixNano(), v.StaleAt.UnixNano(), v.Miss))
	}
	for _, f := range in.fields {
		out = append(out, fmt.Sprintf("field %s %s", f.Name, f.Kind))
	}
	for _, source := range slices.Sorted(maps.Keys(in.lateness)) {
		out = append(out, fmt.Sprintf("lateness %s %d", source, in.lateness[source]))
	}
	return out
}
