package daemon

import (
	"fmt"
	"strings"

	"probity/internal/coverage"
	"probity/internal/rule"
	"probity/internal/strictyaml"
)

// stock is the sources as package coverage asks for them.
func (p *parts) stock() []coverage.Source {
	out := make([]coverage.Source, len(p.sources))
	for i, s := range p.sources {
		out[i] = coverage.Source{Name: s.Name, Dataset: s.Dataset, Format: s.format}
	}
	return out
}

// Coverage says of each rule whether it can work with the sources and tables of the configuration. It needs no keys, sinks or
// state folder. rules are in place of those that the configuration names, if not nil.
func (c *Config) Coverage(rules []rule.File) ([]coverage.Rule, error) {
	_, g, err := c.look(rules)
	if err != nil {
		return nil, err
	}
	return g.coverage, nil
}

// inactiveRule is a rule that cannot fire, and why.
type inactiveRule struct {
	Rule string   `json:"rule"`
	Why  []string `json:"why"`
}

func (g *generation) inactive() (out []inactiveRule) {
	for i := range g.coverage {
		if r := &g.coverage[i]; r.State == coverage.Inactive {
			out = append(out, inactiveRule{r.ID, r.Why})
		}
	}
	return out
}

// inactiveNotes says where rules are blind.
func (g *generation) inactiveNotes() (notes strictyaml.Problems) {
	files := map[string]string{}
	for _, r := range g.Rules.Rules {
		files[r.ID] = r.File
	}
	for i := range g.coverage {
		if r := &g.coverage[i]; r.State == coverage.Inactive {
			asks := make([]string, len(r.Connect))
			for k, a := range r.Connect {
				asks[k] = a.String()
			}
			notes = append(notes, strictyaml.Problem{
				File: files[r.ID], What: fmt.Sprintf("rule %s is inactive: %s", r.ID, strings.Join(r.Why, "; ")),
				Do: "it finds nothing until there is: " + strings.Join(asks, "; "),
			})
		}
	}
	return notes
}
