package rule

import (
	"probity/internal/event"
	"probity/internal/strictyaml"
)

// Parsed is a rule file that has been read. Reading YAML costs more than compiling what it says, so whoever compiles a rule
// more than once (its tests, its mutants) reads it once.
type Parsed struct {
	File File
	Rule *Rule
	Doc  *strictyaml.Doc
}

// Parse reads a rule file. With problems, Rule holds what could be read.
func Parse(f File) (*Parsed, strictyaml.Problems) {
	p := &Parsed{File: f, Rule: &Rule{}}
	var problems strictyaml.Problems
	p.Doc, problems = strictyaml.Decode(f.Name, f.Data, p.Rule)
	return p, problems
}

// Compile compiles the rule into a set of its own, as Load does.
func (p *Parsed) Compile(schema *event.Schema) (*Set, strictyaml.Problems) {
	s := NewSet(schema)
	c, problems := p.compile(s)
	if len(problems) > 0 {
		problems.Sort()
		return nil, problems
	}
	s.Rules = []*Compiled{c}
	return s, nil
}

func (p *Parsed) compile(s *Set) (*Compiled, strictyaml.Problems) {
	b := builder{set: s, rule: p.Rule, doc: p.Doc}
	return b.compile(p.File), b.problems
}
