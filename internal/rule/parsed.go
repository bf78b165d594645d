package rule

import (
	"iter"
	"runtime"
	"sync"
	"sync/atomic"

	"probity/internal/event"
	"probity/internal/strictyaml"
)

// Parsed is a rule file that has been read. Reading YAML costs more than compiling what it says, so whoever compiles a rule
// more than once (its tests, its mutants) reads it once.
type Parsed struct {
	File File
	Rule *Rule
	Doc  *strictyaml.Doc
}

// Parse reads a rule file. With problems, Rule holds what could be read.
func Parse(f File) (*Parsed, strictyaml.Problems) {
	p := &Parsed{File: f, Rule: &Rule{}}
	var problems strictyaml.Problems
	p.Doc, problems = strictyaml.Decode(f.Name, f.Data, p.Rule)
	return p, problems
}

// Compile compiles the rule into a set of its own, as Load does.
func (p *Parsed) Compile(schema *event.Schema) (*Set, strictyaml.Problems) {
	s := NewSet(schema)
	c, problems := p.compile(s)
	if len(problems) > 0 {
		problems.Sort()
		return nil, problems
	}
	s.Rules = []*Compiled{c}
	return s, nil
}

func (p *Parsed) compile(s *Set) (*Compiled, strictyaml.Problems) {
	b := builder{set: s, rule: p.Rule, doc: p.Doc}
	return b.compile(p.File), b.problems
}

// parsedFile is a rule file that has been read, with what is wrong with it.
type parsedFile struct {
	*Parsed
	problems strictyaml.Problems
}

// parsed reads rule files on all cores and yields them in their order, each with its index, as soon as it and those before
// it are there. When it returns, no goroutine of its own is left.
func parsed(files []File) iter.Seq2[int, parsedFile] {
	return func(yield func(int, parsedFile) bool) {
		read := make([]chan parsedFile, len(files))
		for i := range read {
			read[i] = make(chan parsedFile, 1)
		}
		var next atomic.Int64
		var readers sync.WaitGroup
		for range min(len(files), runtime.GOMAXPROCS(0)) {
			readers.Go(func() {
				for i := int(next.Add(1)) - 1; i < len(files); i = int(next.Add(1)) - 1 {
					p, problems := Parse(files[i])
					read[i] <- parsedFile{p, problems}
				}
			})
		}
		defer readers.Wait()
		defer next.Store(int64(len(files))) // whoever stops early wants no more of them read
		for i := range files {
			if !yield(i, <-read[i]) {
				return
			}
		}
	}
}
