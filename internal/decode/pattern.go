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
	whole bool       // it can begin where the text begins, only
	alts  int        // how many of prog.Inst are alternatives
	alt   []int      // their numbers, by instruction
	first []bytesSet // by instruction: the bytes that may come next where it leads to a match, so that most ways are never tried
}

// bytesSet is a set of bytes, with atEnd where the text ends.
type bytesSet [5]uint64

const atEnd = 256

func (b *bytesSet) has(c int) bool { return b[c/64]&(1<<(c%64)) != 0 }
func (b *bytesSet) add(c int)      { b[c/64] |= 1 << (c % 64) }

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
	p := &pattern{re: re, prog: prog, group: re.SubexpIndex("value"), whole: prog.StartCond()&syntax.EmptyBeginText != 0}
	p.alt, p.first = make([]int, len(prog.Inst)), make([]bytesSet, len(prog.Inst))
	for pc := range prog.Inst {
		if op := prog.Inst[pc].Op; op == syntax.InstAlt || op == syntax.InstAltMatch {
			p.alt[pc] = p.alts
			p.alts++
		}
		p.begin(&p.first[pc], uint32(pc), make([]bool, len(prog.Inst)))
	}
	return p, nil
}

// begin adds the bytes that may come next at pc. Of those beyond ASCII it knows nothing, so all may.
func (p *pattern) begin(set *bytesSet, pc uint32, seen []bool) {
	if seen[pc] {
		return
	}
	seen[pc] = true
	switch inst := &p.prog.Inst[pc]; inst.Op {
	case syntax.InstMatch:
		*set = bytesSet{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
	case syntax.InstFail:
	case syntax.InstAlt, syntax.InstAltMatch:
		p.begin(set, inst.Out, seen)
		p.begin(set, inst.Arg, seen)
	case syntax.InstCapture, syntax.InstNop, syntax.InstEmptyWidth:
		p.begin(set, inst.Out, seen)
	default: // a character
		for c := range 256 {
			if c >= utf8.RuneSelf || inst.MatchRune(rune(c)) {
				set.add(c)
			}
		}
	}
}

// maxVisited bounds a search: its bits, which are alternatives of the program times places in the text, and its steps. Beyond it
// regexp is asked, whose time is linear in the text: a text of many kilobytes must not hold up a log.
const maxVisited = 1 << 15

// search is what a worker keeps for patterns.
type search struct {
	*pattern
	text    string
	visited []uint64 // bits: this alternative was tried at this place, and led nowhere
	at      [2]int   // of the group
	steps   int
}

// find returns what the group holds, false if the pattern does not match or the group took no part in it.
func (s *search) find(p *pattern, text string) (string, bool) {
	size := p.alts * (len(text) + 1)
	if size > maxVisited {
		return p.ask(text)
	}
	s.pattern, s.text, s.steps = p, text, 0
	words := (size + 63) / 64
	if cap(s.visited) < words {
		s.visited = make([]uint64, maxVisited/64)
	}
	s.visited = s.visited[:words]
	clear(s.visited)
	for from := 0; from <= len(text); {
		s.at = [2]int{-1, -1}
		if s.may(uint32(p.prog.Start), from) && s.match(uint32(p.prog.Start), from) {
			return s.held()
		}
		if s.steps > maxVisited {
			return p.ask(text)
		}
		if p.whole || from == len(text) {
			break
		}
		_, width := utf8.DecodeRuneInString(text[from:]) // nothing begins within a character
		from += width
	}
	return "", false
}

// ask has regexp search.
func (p *pattern) ask(text string) (string, bool) {
	at := p.re.FindStringSubmatchIndex(text)
	if at == nil || at[2*p.group] < 0 {
		return "", false
	}
	return text[at[2*p.group]:at[2*p.group+1]], true
}

func (s *search) held() (string, bool) {
	if s.at[0] < 0 || s.at[1] < 0 {
		return "", false
	}
	return s.text[s.at[0]:s.at[1]], true
}

// may reports whether the program may match from a state at a place, by the next byte.
func (s *search) may(pc uint32, at int) bool {
	next := atEnd
	if at < len(s.text) {
		next = int(s.text[at])
	}
	return s.first[pc].has(next)
}

// match runs the program from a state at a place. What was tried before and led nowhere leads nowhere again. It gives up after so
// many steps of the search: see find.
func (s *search) match(pc uint32, at int) bool {
	for {
		if s.steps++; s.steps > maxVisited {
			return false
		}
		inst := &s.prog.Inst[pc]
		switch inst.Op {
		case syntax.InstMatch:
			return true
		case syntax.InstFail:
			return false
		case syntax.InstAlt, syntax.InstAltMatch:
			// Where only one way is open nothing is remembered: no such ways lead round in a circle, since what opens them must
			// branch off somewhere. They may be gone again from every place, which the bound on steps is for.
			first, second := s.may(inst.Out, at), s.may(inst.Arg, at)
			if first && second {
				bit := s.alt[pc]*(len(s.text)+1) + at
				if s.visited[bit/64]&(1<<(bit%64)) != 0 {
					return false
				}
				s.visited[bit/64] |= 1 << (bit % 64)
				if s.match(inst.Out, at) {
					return true
				}
			}
			switch {
			case second:
				pc = inst.Arg
			case first:
				pc = inst.Out
			default:
				return false
			}
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
			if s.text[at] < utf8.RuneSelf {
				if !s.first[pc].has(int(s.text[at])) {
					return false
				}
				at++
				break
			}
			r, width := utf8.DecodeRuneInString(s.text[at:])
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
