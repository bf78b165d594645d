package table

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"probity/internal/strictyaml"
)

// What a miss means.
const (
	MissNo      = "no"      // the table is a complete list: what is not in it is not so
	MissUnknown = "unknown" // the table may lack rows
)

const defaultMaxAge = strictyaml.Duration(48 * time.Hour)

// Config is one table of the configuration, under tables.<name>.
type Config struct {
	Path string `json:"path"`
	// Miss says what it means that a row is missing: no or unknown. Unless said, no for assignments, links, sensitive and
	// honeytokens, unknown for the others.
	Miss string `json:"miss,omitempty"`
	// MaxAge is how long before and after exported_at an undated table answers, and past which any table is stale. 48 h
	// unless said.
	MaxAge strictyaml.Duration `json:"max_age,omitempty"`
}

// Check reports what is wrong with the configuration of the table called name, which stands at path at of doc.
func (c Config) Check(name string, doc *strictyaml.Doc, at string) strictyaml.Problems {
	var ps strictyaml.Problems
	if _, ok := layoutOf(name); !ok {
		ps = append(ps, doc.Problem(at, fmt.Sprintf("unknown table %q", name), knownTables()))
	}
	if c.Path == "" {
		ps = append(ps, doc.Problem(at, "a table without a path", "write path: and the CSV file that the export writes"))
	}
	if what, do := c.checkMiss(); what != "" {
		ps = append(ps, doc.Problem(at+".miss", what, do))
	}
	if c.MaxAge < 0 {
		ps = append(ps, doc.Problem(at+".max_age", "max_age is negative", "write a length of time such as 48h"))
	}
	return ps
}

func (c Config) checkMiss() (what, do string) {
	switch c.Miss {
	case "", MissNo, MissUnknown:
		return "", ""
	}
	return fmt.Sprintf("miss is %q", c.Miss), "write no if the table is a complete list, else unknown"
}

// withDefaults fills what the configuration leaves out.
func (c Config) withDefaults(l layout) Config {
	c.Miss = cmp.Or(c.Miss, l.miss)
	c.MaxAge = cmp.Or(c.MaxAge, defaultMaxAge)
	return c
}

func knownTables() string { return "the tables are " + strings.Join(Names(), ", ") }
