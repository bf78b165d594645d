// Package rules is the rules that Probity is shipped with, one YAML file each, and nothing else: it may hold no code that
// judges. The demo and the command `probity rules` read FS where no folder of a force's own rules is configured; README.md
// is the reference of the language they are written in.
package rules

import (
	"embed"
	"fmt"
	"io/fs"

	"probity/internal/rule"
)

// FS holds the rule files as <system>/<id>.yaml.
//
//go:embed */*.yaml
var FS embed.FS

// Files returns the text of all shipped rules, by path.
func Files() ([]rule.File, error) {
	names, err := fs.Glob(FS, "*/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list the shipped rules: %w", err)
	}
	out := make([]rule.File, len(names))
	for i, name := range names {
		if out[i].Data, err = FS.ReadFile(name); err != nil {
			return nil, fmt.Errorf("read the shipped rules: %w", err)
		}
		out[i].Name = name
	}
	return out, nil
}
