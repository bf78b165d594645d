package daemon

import (
	"fmt"
	"slices"

	"probity/internal/decode"
	"probity/internal/event"
)

// Reading is how a log is read, for commands that only decode.
type Reading struct {
	Source  string
	Decoder *decode.Decoder
	Schema  *event.Schema
}

// ReadSource returns how the daemon reads a source. Problems of other parts of the configuration do not matter.
func (c *Config) ReadSource(name string) (*Reading, error) {
	p := &parts{config: c}
	p.buildSources()
	i := slices.IndexFunc(p.sources, func(s builtSource) bool { return s.Name == name })
	if i < 0 {
		if !slices.ContainsFunc(c.Sources, func(s Source) bool { return s.Name == name }) {
			p.problem("sources", fmt.Sprintf("no source named %q", name), "the sources are "+quoted(p.sourceNames()))
		}
		return nil, p.problems
	}
	schema, err := p.schema(nil)
	if err != nil {
		return nil, err
	}
	return &Reading{Source: name, Decoder: p.sources[i].decoder, Schema: schema}, nil
}

// ReadFormat returns how a format is read: a built-in one, or file:PATH.
func ReadFormat(name string) (*Reading, error) {
	c := &Config{}
	f, problems := c.namedFormat(name, "--format")
	if len(problems) > 0 {
		return nil, problems
	}
	schema, err := event.NewSchema()
	if err != nil {
		return nil, err
	}
	d, err := decode.New(decode.Options{Source: f.Name, Format: f, Schema: schema})
	if err != nil {
		return nil, err
	}
	return &Reading{Source: f.Name, Decoder: d, Schema: schema}, nil
}

// DeclaredFields are the native fields that the sources give a type, for commands that only check rules. One with a wrong
// type is left out: Check reports it.
func (c *Config) DeclaredFields() []event.FieldInfo {
	p := &parts{config: c}
	p.declare()
	return p.declared
}
