package rule

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/strictyaml"
)

// File is the text of one rule file.
type File struct {
	Name string
	Data []byte
}

// builder checks one rule and compiles it.
type builder struct {
	set      *Set
	rule     *Rule
	doc      Places
	problems strictyaml.Problems
}

func (b *builder) problem(path, what, do string) {
	b.problems = append(b.problems, b.doc.Problem(path, what, do))
}

var (
	idForm    = regexp.MustCompile(`^[a-z][a-z0-9_-]{2,63}$`)
	paramForm = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

// compile builds the rule and says which file it is of.
func (b *builder) compile(f File) *Compiled {
	c := b.build()
	sum := sha256.Sum256(f.Data)
	c.File, c.Hash = f.Name, hex.EncodeToString(sum[:])
	return c
}

func (b *builder) build() *Compiled {
	r := b.rule
	c := &Compiled{Rule: r}
	b.prose()
	b.params()
	c.Cond = b.cond("when", r.When)
	c.Roles = b.roles()
	c.Quote, c.Period = r.Alert.Evidence, r.Alert.Period.Std()
	if c.Quote == 0 {
		c.Quote = DefaultEvidence
	}
	if c.Period == 0 {
		c.Period = DefaultPeriod
	}
	if c.Period < time.Second || c.Period%time.Second != 0 || c.Period > maxTimespan {
		b.problem("alert.period", fmt.Sprintf("a period of %v", c.Period), "write whole seconds, from 1s to 365d")
		c.Period = DefaultPeriod
	}
	if c.Quote < 1 || c.Quote > 200 {
		b.problem("alert.evidence", fmt.Sprintf("an alert cannot quote %d records", c.Quote), "choose 1 to 200")
	}
	b.correlation(c)
	for i, e := range r.Exceptions {
		path := fmt.Sprintf("exceptions.%d", i)
		for _, need := range []struct{ key, v string }{{"reason", e.Reason}, {"approved_by", e.ApprovedBy}} {
			if need.v == "" {
				b.problem(path, "an exception without "+need.key, "say it: "+need.key+": …")
			}
		}
		if e.Expires.IsZero() {
			b.problem(path+".expires", "an exception without an end", "write expires: 2027-01-31")
		}
		c.Exceptions = append(c.Exceptions, CompiledException{&r.Exceptions[i], b.cond(path+".when", e.When), e.Expires.UnixNano()})
	}
	if len(r.Facts) > MaxFacts {
		b.problem("facts", fmt.Sprintf("%d facts", len(r.Facts)), fmt.Sprintf("keep the %d that decide", MaxFacts))
	}
	for i, f := range r.Facts {
		path := fmt.Sprintf("facts.%d", i)
		if f.Say == "" {
			b.problem(path, "a fact that says nothing", "write say: …")
		}
		switch f.Speaks {
		case "for", "against":
		case "":
			b.problem(path, "a fact without speaks", "write speaks: for (misuse) or against")
		default:
			b.problem(path, fmt.Sprintf("speaks: %q", f.Speaks), "write for (misuse) or against")
		}
		c.Facts = append(c.Facts, b.cond(path+".when", f.When))
	}
	b.summary(c)
	if len(b.problems) > 0 {
		return c
	}
	var conds []*Cond
	for _, side := range c.Sides {
		conds = append(conds, side.Cond)
	}
	for _, e := range c.Exceptions {
		conds = append(conds, e.Cond)
	}
	if len(b.set.Tables(conds...)) > 0 {
		if c.Wait = r.DecideWithin.Std(); c.Wait == 0 {
			c.Wait = DefaultDecideWithin
		}
	}
	var sides orNode
	for _, side := range c.Sides {
		sides = append(sides, side.Cond.root)
	}
	c.needs = b.set.needs(sides)
	if c.Type == NewValue || slices.ContainsFunc(c.Sides, func(s Side) bool { return s.Link }) { // what may have been counts
		c.needs = c.needs.orNone()
	}
	c.Datasets = c.needs[0]
	b.rounds(c)
	c.Feed = b.set.feed(c)
	return c
}

// prose checks what people read.
func (b *builder) prose() {
	r := b.rule
	switch {
	case r.ID == "":
		b.problem("id", "a rule without id", "write id: and 3 to 64 lower-case letters, digits, - or _, a letter first")
	case !idForm.MatchString(r.ID):
		b.problem("id", fmt.Sprintf("rule id %q", r.ID), "write 3 to 64 lower-case letters, digits, - or _, a letter first")
	}
	if r.Version < 1 {
		b.problem("version", fmt.Sprintf("version %d", r.Version), "begin with 1 and raise it when the meaning changes")
	}
	for _, need := range []struct{ key, v, why string }{
		{"title", r.Title, "what the alert is called"},
		{"description", r.Description, "what it finds and why that matters"},
		{"owner", r.Owner, "the role that answers for it"},
		{"proportionality", r.Proportionality, "why monitoring this is necessary and proportionate"},
		{"response", r.Response, "what the reader of the alert does next"},
	} {
		if strings.TrimSpace(need.v) == "" {
			b.problem(need.key, "a rule without "+need.key, "write "+need.key+": "+need.why)
		}
	}
	if r.ReviewBy.IsZero() {
		b.problem("review_by", "a rule without review_by", "write the date by which somebody looks at it again")
	}
	switch {
	case r.Severity == "":
		b.problem("severity", "a rule without severity", "write severity: and one of low, medium, high, critical")
	case !slices.Contains(alert.Severities, r.Severity):
		b.problem("severity", fmt.Sprintf("severity %q", r.Severity), "one of low, medium, high, critical")
	}
	if !slices.Contains([]string{"", "experimental", "test", "stable", "deprecated"}, r.Status) {
		b.problem("status", fmt.Sprintf("status %q", r.Status), "one of experimental, test, stable, deprecated")
	}
}

func (b *builder) params() {
	for name := range b.rule.Params {
		path := "params." + name
		if !paramForm.MatchString(name) {
			b.problem(path, fmt.Sprintf("parameter name %q", name), "write lower-case letters, digits and _, a letter first")
		}
		if _, ok := b.set.Schema.Lookup(name); ok || reservedNames[name] {
			b.problem(path, fmt.Sprintf("parameter name %q means something else in conditions", name), "choose another name")
		}
	}
}

// reservedNames are the namespaces of fields and expr's built-ins that a parameter would hide.
var reservedNames = func() map[string]bool {
	m := map[string]bool{"actor": true, "fields": true, "has": true}
	for _, f := range event.Base {
		head, _, _ := strings.Cut(f.Name, ".")
		m[head] = true
	}
	for _, name := range builtins() {
		m[name] = true
	}
	return m
}()

// cond compiles the condition at path and places its error.
func (b *builder) cond(path, source string) *Cond {
	if strings.TrimSpace(source) == "" {
		if path == "when" && b.rule.Correlation != nil && len(b.rule.Correlation.Steps) > 0 {
			return b.set.cond("", constNode(True)) // each step has its own
		}
		b.problem(path, "an empty condition", "write "+path[strings.LastIndexByte(path, '.')+1:]+": …")
		return b.set.cond("", constNode(False))
	}
	c, err := b.set.Compile(source, b.rule.Params)
	var ce *CondError
	if errors.As(err, &ce) {
		at := b.doc.Within(path, ce.Line, ce.Column)
		p := b.doc.Problem(path, ce.What, "")
		p.Line, p.Column = at.Line, at.Column
		b.problems = append(b.problems, p)
		return b.set.cond("", constNode(False))
	}
	return c
}

func (b *builder) roles() []Role {
	if len(b.rule.Actors) == 0 {
		return []Role{Operator}
	}
	var out []Role
	for i, a := range b.rule.Actors {
		role, ok := ParseRole(a)
		if !ok || slices.Contains(out, role) {
			b.problem(fmt.Sprintf("actors.%d", i), fmt.Sprintf("actor %q", a), "write operator, requestor or both, once each")
		}
		out = append(out, role)
	}
	return out
}
