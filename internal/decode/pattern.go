package decode

import (
	"regexp"
	"regexp/syntax"
	"unicode/utf8"
)

// pattern finds the group named value of a regular expression, as package regexp does: leftmost, first alternative first.
// regexp gives the places of groups in new memory, once a record; this runs the same compiled program over memory that the
// worker keeps. The fuzz test holds it against regexp.
type pattern struct {
	re    *regexp.Regexp
	prog  *syntax.Prog
	group int
	whole bool // it can begin where the text begins, only
}

func compilePattern(text string) (*pattern, error) {
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, err
	}
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, err
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, err
	}
	return &pattern{re, prog, re.SubexpIndex("value"), prog.StartCond()&syntax.EmptyBeginText != 0}, nil
}

// maxVisited bounds a search: states of the program times places in the text. Beyond it regexp is asked.
const maxVisited = 1 << 15

// search is what a worker keeps for patterns.
type search struct {
	*pattern
	text    string
	visited []uint64 // bits: this state was tried at this place, and led nowhere
	at      [2]int   // of the group
}

// find returns what the group holds, false if the pattern does not match or the group took no part in it.
func (s *search) find(p *pattern, text string) (string, bool) {
	size := len(p.prog.Inst) * (len(text) + 1)
	if size > maxVisited {
		at := p.re.FindStringSubmatchIndex(text)
		if at == nil || at[2*p.group] < 0 {
			return "", false
		}
		return text[at[2*p.group]:at[2*p.group+1]], true
	}
	s.pattern, s.text = p, text
	words := (size + 63) / 64
	if cap(s.visited) < words {
		s.visited = make([]uint64, maxVisited/64)
	}
	s.visited = s.visited[:words]
	clear(s.visited)
	for from, width := 0, 1; from <= len(text); from += width { // not within a character
		if width = 1; from < len(text) && text[from] >= utf8.RuneSelf {
			_, width = utf8.DecodeRuneInString(text[from:])
		}
		s.at = [2]int{-1, -1}
		if s.match(uint32(p.prog.Start), from) {
			return s.held()
		}
		if p.whole {
			break
		}
	}
	return "", false
}

func (s *search) held() (string, bool) {
	if s.at[0] < 0 || s.at[1] < 0 {
		return "", false
	}
	return s.text[s.at[0]:s.at[1]], true
}

// match runs the program from a state at a place. What was tried before and led nowhere leads nowhere again.
func (s *search) match(pc uint32, at int) bool {
	for {
		bit := int(pc)*(len(s.text)+1) + at
		if s.visited[bit/64]&(1<<(bit%64)) != 0 {
			return false
		}
		s.visited[bit/64] |= 1 << (bit % 64)
		inst := &s.prog.Inst[pc]
		switch inst.Op {
		case syntax.InstMatch:
			return true
		case syntax.InstFail:
			return false
		case syntax.InstAlt, syntax.InstAltMatch:
			if s.match(inst.Out, at) {
				return true
			}
			pc = inst.Arg
			continue
		case syntax.InstCapture:
			if end := int(inst.Arg) - 2*s.group; end == 0 || end == 1 {
				before := s.at[end]
				s.at[end] = at
				if s.match(inst.Out, at) {
					return true
				}
				s.at[end] = before
				return false
			}
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(inst.Arg)&^s.around(at) != 0 {
				return false
			}
		case syntax.InstNop:
		default: // a character
			if at == len(s.text) {
				return false
			}
			r, width := rune(s.text[at]), 1
			if r >= utf8.RuneSelf {
				r, width = utf8.DecodeRuneInString(s.text[at:])
			}
			if inst.Op == syntax.InstRune1 && r != inst.Rune[0] || inst.Op != syntax.InstRune1 && !inst.MatchRune(r) {
				return false
			}
			at += width
		}
		pc = inst.Out
	}
}

// around says what a place is: a beginning, an end, a word's boundary.
func (s *search) around(at int) syntax.EmptyOp {
	before, after := rune(-1), rune(-1)
	if at > 0 {
		before, _ = utf8.DecodeLastRuneInString(s.text[:at])
	}
	if at < len(s.text) {
		after, _ = utf8.DecodeRuneInString(s.text[at:])
	}
	return syntax.EmptyOpContext(before, after)
}
