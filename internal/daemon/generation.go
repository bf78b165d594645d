package daemon

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"probity/internal/alert"
	"probity/internal/coverage"
	"probity/internal/engine"
	"probity/internal/rule"
	"probity/internal/strictyaml"
	"probity/internal/table"
	"probity/rules"
)

// generation is an engine's generation with what the daemon tells about it.
type generation struct {
	*engine.Generation
	lookups  *table.Set
	tables   []table.Version
	findings []table.Finding
	coverage []coverage.Rule
	made     *ingredients // what it was made of, until that is in the archive
}

// generation reads the tables and rules that the configuration names and puts them together, whole or not at all.
func (p *parts) generation() (*generation, strictyaml.Problems) {
	in, problems := p.ingredients()
	g, more := in.build(p.config, p.zone, p.declared)
	if problems = append(problems, more...); len(problems) > 0 {
		return nil, problems
	}
	g.coverage = coverage.Judge(g.Rules, coverage.Stock{Sources: p.stock(), Tables: g.lookups})
	return g, nil
}

func alertTables(versions []table.Version) []alert.Table {
	out := make([]alert.Table, len(versions))
	for i, v := range versions {
		out[i] = alert.Table{Name: v.Name, ExportedAt: v.ExportedAt, SHA256: v.SHA256}
	}
	return out
}

// tableFiles reads the files of the tables.
func (c *Config) tableFiles() ([]madeTable, strictyaml.Problems) {
	var out []madeTable
	var problems strictyaml.Problems
	for _, name := range slices.Sorted(maps.Keys(c.Tables)) {
		tc, at := c.Tables[name], "tables."+name
		if ps := tc.Check(name, c.document(), at); len(ps) > 0 {
			problems = append(problems, ps...)
			continue
		}
		files, err := table.Read(name, tc)
		if err != nil {
			problems = append(problems, c.problemsOf(err, at+".path", "the export may not have run yet; a table that is not there at all is left out of the configuration")...)
			continue
		}
		out = append(out, madeTable{name, tc, files})
	}
	return out, problems
}

// ruleFiles are the rules that were given in code, or those that the configuration names.
func (p *parts) ruleFiles() ([]rule.File, strictyaml.Problems) {
	if p.rules != nil {
		return p.rules, nil
	}
	return p.config.ruleFiles()
}

// ruleFiles reads the built-in rules and those that the paths name.
func (c *Config) ruleFiles() ([]rule.File, strictyaml.Problems) {
	var files []rule.File
	var problems strictyaml.Problems
	if c.Rules.Builtin {
		builtin, err := BuiltinRules()
		if err != nil {
			problems = append(problems, c.problem("rules.builtin", err.Error(), ""))
		}
		files = builtin
	}
	for i, path := range c.Rules.Paths {
		at := fmt.Sprintf("rules.paths.%d", i)
		found, err := RuleFiles(path)
		if err != nil {
			problems = append(problems, c.problem(at, err.Error(), "name a rule file, a glob, or a directory"))
		}
		files = append(files, found...)
	}
	if len(files) == 0 && len(problems) == 0 {
		problems = append(problems, c.problem("rules", "no rules", "write rules: {builtin: true}, or paths: and where yours are"))
	}
	return files, problems
}

// RuleFiles reads the rule files that path names: a file, a glob, or a directory with all below it.
func RuleFiles(path string) ([]rule.File, error) {
	names, err := ruleNames(path)
	if err != nil {
		return nil, err
	}
	files := make([]rule.File, len(names))
	for i, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading rules: %w", err)
		}
		files[i] = rule.File{Name: name, Data: data}
	}
	return files, nil
}

func ruleNames(path string) ([]string, error) {
	roots, err := filepath.Glob(path)
	if err != nil {
		return nil, fmt.Errorf("rules path %q: %w", path, err)
	}
	if roots == nil {
		return nil, fmt.Errorf("%s: no such file or directory", path)
	}
	var names []string
	for _, root := range roots {
		info, err := os.Stat(root)
		if err != nil {
			return nil, fmt.Errorf("reading rules: %w", err)
		}
		if !info.IsDir() {
			names = append(names, root)
			continue
		}
		below, err := yamlBelow(os.DirFS(root))
		if err != nil {
			return nil, fmt.Errorf("reading rules in %s: %w", root, err)
		}
		for _, name := range below {
			names = append(names, filepath.Join(root, name))
		}
	}
	return names, nil
}

// BuiltinRules are the rules that come with this program.
func BuiltinRules() ([]rule.File, error) {
	files, err := rules.Files()
	for i := range files {
		files[i].Name = "builtin/" + files[i].Name
	}
	return files, err
}

// yamlBelow lists the YAML files of a tree. Hidden files and folders are passed over, editors and mounts leave them.
func yamlBelow(tree fs.FS) ([]string, error) {
	var names []string
	err := fs.WalkDir(tree, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != "." && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
		case !d.IsDir() && (strings.HasSuffix(path, ".yaml") || strings.HasSuffix(path, ".yml")):
			names = append(names, path)
		}
		return nil
	})
	return names, err
}

// document is never nil.
func (c *Config) document() *strictyaml.Doc {
	if c.doc == nil {
		doc, _ := strictyaml.Decode("configuration", []byte("{}"), &struct{}{})
		return doc
	}
	return c.doc
}
