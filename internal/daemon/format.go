package daemon

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"probity/internal/decode"
	"probity/internal/strictyaml"
)

// filePrefix begins a format that is a file.
const filePrefix = "file:"

// format finds the format of a source: a mapping, a file, one under formats, or a built-in one, in this order.
func (p *parts) format(s *Source, at string) (*decode.Format, bool) {
	var f *decode.Format
	var problems strictyaml.Problems
	switch v := s.Format.(type) {
	case string:
		f, problems = p.config.namedFormat(v, at+".format")
	case map[string]any:
		f, problems = p.config.inlineFormat(at + ".format")
	default:
		problems = strictyaml.Problems{p.config.problem(at, "a source without a format", "write format: and one of "+strings.Join(p.config.formatNames(), ", "))}
	}
	p.problems = append(p.problems, problems...)
	return f, f != nil && len(problems) == 0
}

func (c *Config) namedFormat(name, at string) (*decode.Format, strictyaml.Problems) {
	file, isFile := strings.CutPrefix(name, filePrefix)
	if !isFile {
		file, isFile = c.Formats[name]
	}
	if !isFile {
		f, ok := decode.Builtin(name)
		if !ok {
			return nil, strictyaml.Problems{c.problem(at, fmt.Sprintf("unknown format %q", name), c.suggestFormat(name))}
		}
		return f, nil
	}
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, strictyaml.Problems{c.problem(at, fmt.Sprintf("cannot read the format %s: %s", file, cause(err)),
			"its path is relative to the configuration; begin one with: probity decode --print-format niche > FILE")}
	}
	return decode.ParseFormat(file, src)
}

// inlineFormat reads a format that stands in the configuration itself. Its lines are read again as if they were a file of
// their own with nothing above them, so that every problem has the place where it stands.
func (c *Config) inlineFormat(at string) (*decode.Format, strictyaml.Problems) {
	if c.doc == nil {
		return nil, strictyaml.Problems{c.problem(at, "a mapping outside of a file", "write it to a file and name that: file:PATH")}
	}
	lines := strings.SplitAfter(string(c.src), "\n")
	start := c.doc.At(at)
	first := lines[start.Line-1]
	indent := indentOf(first)
	if start.Column != indent+1 || strings.HasPrefix(strings.TrimSpace(first), "{") {
		return nil, strictyaml.Problems{c.problem(at, "a format that begins in the middle of a line", "write it as a block, one key a line, or as a file: file:PATH")}
	}
	end := start.Line
	for end < len(lines) && (blank(lines[end]) || indentOf(lines[end]) >= indent) {
		end++
	}
	text := strings.Repeat("\n", start.Line-1) + strings.Join(lines[start.Line-1:end], "")
	return decode.ParseFormat(c.file, []byte(text))
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

func blank(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || line[0] == '#'
}

func (c *Config) formatNames() []string {
	return append(slices.Sorted(maps.Keys(c.Formats)), decode.BuiltinNames()...)
}

func (c *Config) suggestFormat(name string) string {
	names := c.formatNames()
	if near := strictyaml.Nearest(name, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "the formats are " + strings.Join(names, ", ") + "; or write file:PATH"
}
