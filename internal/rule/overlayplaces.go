package rule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"probity/internal/strictyaml"
)

// Places says where the values of a rule stand. A *strictyaml.Doc does for a rule in one file; with an overlay some stand in
// the overlay's.
type Places interface {
	// At is the place of the value at path, or of the nearest thing around it, without its file.
	At(path string) strictyaml.Pos
	// Within is the place of line and column, from 1, of the text at path.
	Within(path string, line, column int) strictyaml.Pos
	// Problem is a problem with the value at path.
	Problem(path, what, do string) strictyaml.Problem
}

// overlaid finds what an overlay brought in the overlay's file and everything else in the rule's.
type overlaid struct {
	base          Places
	over          *strictyaml.Doc
	own, silences int      // exceptions and silences of the rule itself; those behind them are the overlay's
	set           []string // paths of single values that the overlay changed
}

// find returns the file that path stands in, and its path there.
func (o *overlaid) find(path string) (Places, string) {
	for list, own := range map[string]int{"exceptions": o.own, "lint": o.silences} {
		if rest, ok := strings.CutPrefix(path, list+"."); ok {
			index, tail, _ := strings.Cut(rest, ".")
			if n, err := strconv.Atoi(index); err == nil && n >= own {
				return o.over, strings.TrimSuffix(fmt.Sprintf("%s.%d.%s", list, n-own, tail), ".")
			}
		}
	}
	if slices.ContainsFunc(o.set, func(s string) bool { return path == s || strings.HasPrefix(path, s+".") }) {
		return o.over, path
	}
	return o.base, path
}

func (o *overlaid) At(path string) strictyaml.Pos {
	doc, path := o.find(path)
	return doc.At(path)
}

func (o *overlaid) Within(path string, line, column int) strictyaml.Pos {
	doc, path := o.find(path)
	return doc.Within(path, line, column)
}

func (o *overlaid) Problem(path, what, do string) strictyaml.Problem {
	doc, path := o.find(path)
	return doc.Problem(path, what, do)
}
