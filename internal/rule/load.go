package rule

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"probity/internal/event"
	"probity/internal/strictyaml"
)

// Load compiles rule files against a schema. All files are read and every problem is reported; the set holds the rules
// that are whole, by id, and may only be put in force if there are no problems.
func Load(schema *event.Schema, files []File) (*Set, strictyaml.Problems) {
	l, problems := LoadParsed(schema, files, nil)
	return l.Set, problems
}

// Loaded is a set with what tools that have more to say of its rules need beside it.
type Loaded struct {
	Set    *Set
	Places map[string]Places // by rule id; of disabled rules, too
	// Parsed is, for each file and in their order, the rule as the file has it, without what an overlay changes; nil for an
	// overlay and for a rule that is not in the set.
	Parsed []*Parsed
}

// LoadParsed is Load for such tools. progress is called after each rule and may be nil.
//
// The YAML is read on all cores. Rules are compiled one after another, in the order of the files: compiling numbers the terms
// and atoms that rules share, and these numbers must not depend on which file was read first.
func LoadParsed(schema *event.Schema, files []File, progress func(done, total int)) (*Loaded, strictyaml.Problems) {
	rules, over, problems := readOverlays(files)
	l := &loading{
		Loaded: Loaded{Set: NewSet(schema), Places: map[string]Places{}, Parsed: make([]*Parsed, len(files))},
		over:   over, seen: map[string]string{}, problems: problems,
	}
	at := indexes(files)
	for i, p := range parsed(rules) {
		if l.take(p) {
			l.Parsed[at[i]] = p.Parsed
		}
		if progress != nil {
			progress(i+1, len(rules))
		}
	}
	l.problems = append(l.problems, over.unused(slices.Sorted(maps.Keys(l.seen)))...)
	slices.SortFunc(l.Set.Rules, func(a, b *Compiled) int { return strings.Compare(a.ID, b.ID) })
	for i, r := range l.Set.Rules {
		r.Index = i
	}
	return &l.Loaded, l.problems
}

// indexes says where in files the rules stand among overlays.
func indexes(files []File) (at []int) {
	for i, f := range files {
		if !IsOverlay(f.Data) {
			at = append(at, i)
		}
	}
	return at
}

// loading is a Load under way.
type loading struct {
	Loaded
	over     overlays
	seen     map[string]string // rule id → the file that had it last
	problems strictyaml.Problems
}

// take compiles one rule and reports whether it is now in the set.
func (l *loading) take(p parsedFile) bool {
	ps := p.problems
	in := false
	if len(ps) == 0 {
		in, ps = l.compile(p.Parsed)
	} else {
		ps = p.beyond(l.Set.Schema, ps)
	}
	l.over.meet(p.Rule.ID)
	ps.Sort()
	l.problems = append(l.problems, ps...)
	return in
}

// beyond adds to the problems of a file that could not be read whole what else is wrong with it, as far as that can be told. It
// is compiled into a set of its own, and without an overlay.
func (p *Parsed) beyond(schema *event.Schema, unread strictyaml.Problems) strictyaml.Problems {
	ps := slices.Clone(unread)
	if !p.Doc.OnlyMisread(ps) {
		last := &ps[len(ps)-1]
		end := "; "
		if strings.HasSuffix(last.Do, "?") {
			end = " "
		}
		last.Do = strings.TrimPrefix(last.Do+end, "; ") + checkAgain
		return ps
	}
	_, more := p.compile(NewSet(schema))
	for _, m := range more {
		same := func(q strictyaml.Problem) bool { return q.Line == m.Line && q.Column == m.Column }
		if !slices.ContainsFunc(unread, same) { // else that the value is missing, which it is not
			ps = append(ps, m)
		}
	}
	return ps
}

// checkAgain is said of a file whose keys could not all be read: compiled without them it would have problems that are none.
const checkAgain = "then check again: the rest of the file has not been looked at yet"

func (l *loading) compile(p *Parsed) (in bool, problems strictyaml.Problems) {
	r := *p.Rule // an overlay changes a copy
	b := builder{set: l.Set, rule: &r, doc: p.Doc}
	o := l.over.lay(&b)
	c := b.compile(p.File)
	if o != nil && len(b.problems) > 0 {
		o.explain(l.Set, b.problems, p)
	}
	if first, doubled := l.seen[r.ID]; doubled {
		b.problem("id", fmt.Sprintf("rule id %s stands in %s, too", r.ID, first), "give each rule its own id")
	}
	l.seen[r.ID] = p.File.Name
	if o != nil {
		o.sign(c, p.File)
	}
	if len(b.problems) == 0 {
		in = l.Set.add(c, o)
		l.Places[r.ID] = b.doc
	}
	return in, b.problems
}
