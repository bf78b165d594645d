package rule

import (
	"regexp/syntax"
	"unicode/utf8"
)

// beginnings are the first bytes of the texts that a pattern can match; nil where that is no help: for one that may match
// further on, or nothing at all. Most patterns of rules name the beginnings of a few accounts or workstations, and most texts
// begin otherwise, which a look at one byte tells.
func beginnings(pattern string) *[256]bool {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil || prog.StartCond()&syntax.EmptyBeginText == 0 {
		return nil
	}
	var may [256]bool
	seen := make([]bool, len(prog.Inst))
	var walk func(pc uint32) bool // false: something is matched without any text
	walk = func(pc uint32) bool {
		if seen[pc] {
			return true
		}
		seen[pc] = true
		switch i := &prog.Inst[pc]; i.Op {
		case syntax.InstFail:
			return true
		case syntax.InstMatch:
			return false
		case syntax.InstAlt, syntax.InstAltMatch:
			return walk(i.Out) && walk(i.Arg)
		case syntax.InstCapture, syntax.InstNop, syntax.InstEmptyWidth:
			return walk(i.Out)
		default: // it takes a rune; one beyond ASCII may begin with any of the other bytes
			for b := range may {
				may[b] = may[b] || b >= utf8.RuneSelf || i.MatchRune(rune(b))
			}
			return true
		}
	}
	if !walk(uint32(prog.Start)) {
		return nil
	}
	return &may
}
