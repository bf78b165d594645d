package strictyaml

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong, where, and what to do about it.
type Problem struct {
	File   string `json:"file"`
	Line   int    `json:"line"`   // from 1; 0 if the problem has no place in the file
	Column int    `json:"column"` // from 1, in characters
	What   string `json:"what"`
	Do     string `json:"do,omitempty"`
	Code   string `json:"code,omitempty"` // a lint's stable code
}

func (p Problem) String() string {
	s := p.What
	if p.Do != "" {
		s += "; " + p.Do
	}
	if p.Code != "" {
		s += " [" + p.Code + "]"
	}
	if p.Line == 0 {
		return p.File + ": " + s
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, s)
}

// Problems is a list of problems; as an error it reads as one line each.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Err returns ps as an error, nil if there are none.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// Sort orders by file, line and column.
func (ps Problems) Sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
}
