package daemon

import (
	"fmt"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"probity/internal/listen"
	"probity/internal/strictyaml"
)

// Check builds everything that the configuration names (formats, rules, tables, sinks, keys) and starts nothing. It returns
// every problem with its place, and notes: what is allowed and may still be a mistake.
func (c *Config) Check() (problems, notes strictyaml.Problems) {
	p := c.build()
	p.checkStateDir()
	p.buildEvidence()
	g, more := p.generation()
	problems = append(p.problems, more...)
	problems.Sort()
	if g != nil {
		notes = p.notes(g)
	}
	return problems, notes
}

// notes says where rules are blind.
func (p *parts) notes(g *generation) strictyaml.Problems {
	var notes strictyaml.Problems
	c := p.config
	notes = append(notes, g.inactiveNotes()...)
	for _, i := range p.unfound() {
		s := &c.Sources[i]
		notes = append(notes, c.problem(fmt.Sprintf("sources.%d.paths", i), fmt.Sprintf("source %s: no file is found at %s", s.Name, strings.Join(s.Paths, ", ")),
			"it is blind until there is one: put the path right, or have the log written there, readable by the daemon's user"))
	}
	notes = append(notes, c.roleNotes()...)
	notes = append(notes, p.listenNotes()...)
	notes = append(notes, p.webNotes()...)
	if missing := c.missingTables(); len(missing) > 0 {
		notes = append(notes, c.problem("tables", "no "+quoted(missing), "what they would tell is unknown, and unknown never accuses"))
	}
	notes = append(notes, p.evidenceNotes()...)
	notes = append(notes, c.approvalNotes(g)...)
	for _, f := range g.findings {
		what := fmt.Sprintf("table %s: %s", f.Table, f.What)
		if len(f.Lines) > 0 {
			what += fmt.Sprintf(" (lines %d)", f.Lines)
		}
		notes = append(notes, strictyaml.Problem{File: f.File, What: what, Do: f.Do})
	}
	return notes
}

// roleNotes says which users and groups of roles this machine does not know: nobody is let in under a misspelt name.
func (c *Config) roleNotes() (notes strictyaml.Problems) {
	unknown := func(at, kind string, names []string, known func(string) error) {
		for i, name := range names {
			if _, err := strconv.ParseUint(name, 10, 32); err != nil && known(name) != nil {
				notes = append(notes, c.problem(fmt.Sprintf("%s.%ss.%d", at, kind, i), fmt.Sprintf("no %s %q is known on this machine", kind, name),
					"nobody has the role by it; mend the name, or write its number if it comes from a directory service"))
			}
		}
	}
	for _, role := range slices.Sorted(maps.Keys(c.Roles)) {
		at := "roles." + role
		unknown(at, "user", c.Roles[role].Users, func(name string) error { _, err := user.Lookup(name); return err })
		unknown(at, "group", c.Roles[role].Groups, func(name string) error { _, err := user.LookupGroup(name); return err })
	}
	return notes
}

// unfound are the sources whose paths match no file, and no rotated one, by index: a log may come later, and a misspelt path
// looks the same.
func (p *parts) unfound() (out []int) {
	for i := range p.config.Sources {
		s := &p.config.Sources[i]
		rotated := func(pattern string) bool {
			names, _ := filepath.Glob(pattern + "*")
			return len(names) > 0
		}
		if len(s.Paths) > 0 && s.files() == 0 && !slices.ContainsFunc(s.Paths, rotated) {
			out = append(out, i)
		}
	}
	return out
}

var sourceName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)

func (p *parts) checkSource(s *Source, at string, seen map[string]bool) {
	switch {
	case !sourceName.MatchString(s.Name):
		p.problem(at+".name", fmt.Sprintf("%q is no name for a source", s.Name), "use small letters, digits, _ and -, beginning with a letter")
	case seen[s.Name]:
		p.problem(at+".name", fmt.Sprintf("a second source named %q", s.Name), "give each its own name")
	}
	seen[s.Name] = true
	switch {
	case s.Listen != nil:
		p.checkListen(s, at)
	case s.Spool != Spool{}:
		p.problem(at+".spool", "a spool, and nothing that is received", "write listen: as well, or leave it out")
	case len(s.Paths) == 0:
		p.problem(at, "a source without paths", "write paths: and the files to follow, or listen:")
	}
	for i, path := range s.Paths {
		if _, err := filepath.Match(path, ""); err != nil || path == "" {
			p.problem(fmt.Sprintf("%s.paths.%d", at, i), fmt.Sprintf("%q is no path or glob", path), "")
		}
	}
	if s.MaxRecordBytes < 0 || s.MaxRecordBytes > 64<<20 {
		p.problem(at+".max_record_bytes", fmt.Sprintf("records of up to %d bytes", s.MaxRecordBytes), "choose 1 to 67108864")
	}
}

// checkStateDir checks what a replay does not need.
func (p *parts) checkStateDir() {
	dir := p.config.StateDir
	if dir == "" {
		p.problem("state_dir", "no state folder", "write state_dir: PATH")
	} else if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		p.problem("state_dir", dir+" is no folder", "")
	}
}

// checkRest checks what concerns several parts.
func (p *parts) checkRest() {
	c := p.config
	if c.Pipeline.Batch < 0 || c.Pipeline.Batch > 1<<20 {
		p.problem("pipeline.batch", fmt.Sprintf("batches of %d records", c.Pipeline.Batch), "choose 1 to 1048576")
	}
	if c.Pipeline.Shards < 0 || c.Pipeline.Shards > 1024 {
		p.problem("pipeline.shards", fmt.Sprintf("%d shards", c.Pipeline.Shards), "choose 1 to 1024")
	}
	if c.Pipeline.Memory < 0 || c.Pipeline.Memory > 0 && c.Pipeline.Memory < 1<<20 {
		p.problem("pipeline.memory_bytes", fmt.Sprintf("a budget of %d bytes", c.Pipeline.Memory), "give the windows a megabyte at least")
	}
	for key, d := range map[string]strictyaml.Duration{"rejects": c.Retention.Rejects, "alerts": c.Retention.Alerts, "evidence": c.Retention.Evidence} {
		if d != 0 && d.Std() < leastRetention {
			p.problem("retention."+key, fmt.Sprintf("kept for %s only", d), "keep it for a day at least, or leave the key out to keep it for ever")
		}
	}
	if c.Pipeline.Outbox < 0 {
		p.problem("pipeline.outbox_revisions", fmt.Sprintf("room for %d revisions", c.Pipeline.Outbox), "choose 1 or more")
	}
	if _, err := ParseLogLevel(c.Log.Level); err != nil {
		p.problem("log.level", err.Error(), "")
	}
	if !slices.Contains([]string{"", "json", "console"}, c.Log.Format) {
		p.problem("log.format", fmt.Sprintf("log format %q", c.Log.Format), "write json or console")
	}
	p.checkWeb()
	p.checkOverlaps()
	p.checkOwnFiles()
}

// checkOverlaps refuses a file that two sources would read: its records would be two events each.
func (p *parts) checkOverlaps() {
	sources := p.config.Sources
	for i := range sources {
		for k, path := range sources[i].Paths {
			for j := range i {
				for _, other := range sources[j].Paths {
					if both, ok := overlap(path, other); ok {
						p.problem(fmt.Sprintf("sources.%d.paths.%d", i, k), fmt.Sprintf("%s belongs to source %s, too", both, sources[j].Name), "let each file belong to one source")
					}
				}
			}
		}
	}
}

// overlap finds a path that two patterns share: one of them, or a file that exists.
func overlap(a, b string) (string, bool) {
	switch {
	case a == b, within(b, a):
		return a, true
	case within(a, b):
		return b, true
	}
	names, _ := filepath.Glob(a) // a bad pattern has its own problem
	for _, name := range names {
		if within(b, name) {
			return name, true
		}
	}
	return "", false
}

// within reports whether path is a file that pattern (a file, a glob, a directory) covers.
func within(pattern, path string) bool {
	if ok, err := filepath.Match(pattern, path); ok && err == nil {
		return true
	}
	info, err := os.Stat(pattern)
	return err == nil && info.IsDir() && filepath.Dir(path) == filepath.Clean(pattern)
}

// checkOwnFiles refuses sources that would read what the daemon writes.
func (p *parts) checkOwnFiles() {
	c := p.config
	own := map[string]string{filepath.Join(c.StateDir, "rejects.jsonl"): "the state folder"}
	for i := range c.Sources {
		if s := &c.Sources[i]; s.Listen != nil {
			own[listen.SpoolPath(c.spoolDir(s))] = "the spool of source " + s.Name
		}
	}
	for _, s := range slices.Concat(c.Sinks, c.Evidence.Witness) {
		if s.Path != "" {
			own[s.Path] = "sink " + s.Name
		}
		if s.Dir != "" {
			own[filepath.Join(s.Dir, "index.html")] = "sink " + s.Name
		}
	}
	for i := range c.Sources {
		for k, pattern := range c.Sources[i].Paths {
			for path, whose := range own {
				if within(pattern, path) {
					p.problem(fmt.Sprintf("sources.%d.paths.%d", i, k), fmt.Sprintf("it covers %s, which %s writes", path, whose), "let the daemon not follow itself")
				}
			}
		}
	}
}
