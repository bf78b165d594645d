package strictyaml

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// Doc remembers where each value of a decoded file stands. It keeps places only, not the syntax tree: whoever reads thousands
// of files keeps their Docs, and a tree is many times its file.
type Doc struct {
	file   string
	places map[string]place // by path: "rules.3.when"
	src    string

	misread int // problems that are each of one date, length of time, number or the like
}

// OnlyMisread reports whether the problems of a Decode are all of single values, as a date that is none: each of these is empty
// now, and everything else was read.
func (d *Doc) OnlyMisread(problems Problems) bool { return d.misread == len(problems) }

// Unread reports whether nothing could be read: the file is no YAML, or empty.
func (d *Doc) Unread() bool { return len(d.places) == 0 }

// place is where a value stands and how it is written there.
type place struct {
	Pos
	style style
}

// style is what decides where a character of a text stands.
type style uint8

const (
	plain  style = iota
	quoted       // the text begins after the quote
	block        // the text begins on the next line, indented
)

// note remembers where n stands.
func (w *walker) note(path string, n ast.Node) {
	pos := position(n)
	p := place{Pos: Pos{pos.Line, pos.Column}}
	switch n := n.(type) {
	case *ast.LiteralNode:
		p.style = block
	case *ast.StringNode:
		if n.Token.Type == token.SingleQuoteType || n.Token.Type == token.DoubleQuoteType {
			p.style = quoted
		}
	}
	w.doc.places[path] = p
}

func position(n ast.Node) *token.Position {
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 && !m.IsFlowStyle {
		return position(m.Values[0].Key)
	}
	if m, ok := n.(*ast.MappingValueNode); ok {
		return position(m.Key)
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position
	}
	return &token.Position{Line: 1, Column: 1}
}

// Pos is a place in a file, from 1.
type Pos struct{ Line, Column int }

// At returns where the value at path ("correlation.timespan", "tests.0.name") stands, or the nearest thing around it.
func (d *Doc) At(path string) Pos {
	for {
		if p, ok := d.places[path]; ok {
			return p.Pos
		}
		i := strings.LastIndexByte(path, '.')
		if i < 0 {
			break
		}
		path = path[:i]
	}
	if p, ok := d.places[""]; ok {
		return p.Pos
	}
	return Pos{1, 1}
}

// Within returns where line and column (both from 1) of the text at path stand in the file.
func (d *Doc) Within(path string, line, column int) Pos {
	start, ok := d.places[path]
	if !ok {
		return d.At(path)
	}
	switch start.style {
	case block:
		return Pos{start.Line + line, d.indent(start.Line+line) + column}
	case quoted:
		column++
	}
	if line > 1 {
		return Pos{start.Line + line - 1, column}
	}
	return Pos{start.Line, start.Column + column - 1}
}

// indent counts the spaces that a line, from 1, begins with.
func (d *Doc) indent(line int) int {
	n := 0
	for row := range strings.SplitSeq(d.src, "\n") {
		if n++; n == line {
			return len(row) - len(strings.TrimLeft(row, " "))
		}
	}
	return 0
}

// Problem is a problem with the value at path.
func (d *Doc) Problem(path, what, do string) Problem {
	p := d.At(path)
	return Problem{File: d.file, Line: p.Line, Column: p.Column, What: what, Do: do}
}
