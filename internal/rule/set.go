package rule

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"

	"probity/internal/event"
	"probity/internal/strictyaml"
)

// Set is the rules of one generation, compiled against a Schema. It is immutable once loaded and shared by all workers.
type Set struct {
	Schema *event.Schema
	Rules  []*Compiled // by id
	// Disabled are the rules that overlays have switched off, by id.
	Disabled []DisabledRule

	groupings [][]GroupField // the lists of GroupBy that differ

	terms     []term
	termIndex map[string]int
	atoms     []atom
	atomIndex map[string]int

	parsing, checking *conf.Config // of conditions; one goroutine compiles them
}

// Compiled is a rule ready to be evaluated.
type Compiled struct {
	*Rule
	Index      int    // into Set.Rules
	File       string // where it was read
	Hash       string // SHA-256 of its file, hex; with an overlay that of its file followed by the overlay's
	Overlay    string // SHA-256 of its overlay, hex; "" if it has none
	Feed       string // hash of what feeds its window state; see Set.feed
	Roles      []Role
	Cond       *Cond
	Exceptions []CompiledException
	Facts      []*Cond
	GroupBy    []GroupField
	Grouping   int           // the same for all rules of the same GroupBy; see Set.Groupings
	Type       string        // of the correlation; event_count if there is none
	Timespan   time.Duration // of the window, (t − Timespan, t]; of the look-back
	AtLeast    int           // a hit needs so many events or values, or this sum
	AtMost     int           // and no more; 0: no bound
	Sides      []Side        // what an event can be to the rule, in the order of the entries' steps; at least one
	Value      *GroupField   // whose distinct or new values count; nil for shapes without
	Where      *Where        // which entries of the steps belong together; nil if all do
	Before     time.Duration // absence: where the link may be
	After      time.Duration
	History    time.Duration      // new_value: for how long the key must have been known
	Normal     *Normal            // baseline: what a measure is compared with; nil for other shapes
	Grace      time.Duration      // gap
	Tolerance  time.Duration      // clock_skew
	OfAlerts   bool               // it is judged in a second round, over alerts; see AlertDataset
	Period     time.Duration      // all hits of a period are one alert
	Quote      int                // records that an alert quotes
	Wait       time.Duration      // how long an undecided match waits; 0 if no lookup can hold one back
	Datasets   []string           // that it can match; nil means any
	Sentence   *template.Template // of the alert; names that the first event lacks read «unknown»
	needs      needs
}

// Normal is a compiled Baseline.
type Normal struct {
	Every, History       time.Duration // History 0: the own past does not count
	Least, LeastPeers    int
	HourOfDay, DayOfWeek bool
	Peers                *GroupField // nil: no peers
	Above                int
}

// AlertDataset is the event.dataset of alerts: rules that want it are judged in a second round, over the alerts of the others.
const AlertDataset = "probity"

// Measured reports whether the rule watches sources and not what is done: its alerts hold measures and no events.
func (c *Compiled) Measured() bool { return slices.Contains(measured, c.Type) }

// Side is one thing that an event can be to a rule: what it looks for, one step of several, or the link that accounts for it.
type Side struct {
	Name string
	Cond *Cond
	Link bool // accounts for the others; the rule's exceptions are not about it
}

// CompiledException is an exception with its condition.
type CompiledException struct {
	*Exception
	Cond    *Cond
	Expires int64 // event time, nanoseconds; it no longer suppresses from here on
}

// GroupField is one field of the group key.
type GroupField struct {
	Name string
	Term int
	List bool // fans out
}

// grouping returns the number of a list of fields among those that differ.
func (s *Set) grouping(fields []GroupField) int {
	i := slices.IndexFunc(s.groupings, func(g []GroupField) bool { return slices.Equal(g, fields) })
	if i < 0 {
		i = len(s.groupings)
		s.groupings = append(s.groupings, fields)
	}
	return i
}

// Groupings is how many lists of group_by fields differ: most rules group by one of a few, so what an event's key is need not
// be asked for each rule.
func (s *Set) Groupings() int { return len(s.groupings) }

// Defaults of what a rule may leave out.
const (
	DefaultPeriod       = 24 * time.Hour
	DefaultDecideWithin = 36 * time.Hour
	DefaultEvidence     = 20
	MaxFacts            = 16
)

// NewSet returns an empty set over a schema.
func NewSet(s *event.Schema) *Set {
	set := &Set{Schema: s, termIndex: map[string]int{}, atomIndex: map[string]int{}}
	set.parsing, set.checking = configs()
	return set
}

// env is the environment that a rewritten condition is type-checked in: the terms that it speaks of under their identifiers.
// All terms of the set would do, too, and make loading quadratic in the number of rules.
func (s *Set) env(n ast.Node) map[string]any {
	env := map[string]any{"has_term": false}
	ast.Find(n, func(m ast.Node) bool {
		if t, ok := identTerm(m); ok {
			env[termIdent(t)] = zero(s.terms[t].typ)
		}
		return false
	})
	return env
}

// Hash identifies the rules in force: ids and hashes of their files.
func (s *Set) Hash() string {
	h := sha256.New()
	for _, r := range s.Rules {
		fmt.Fprintf(h, "%s %s\n", r.ID, r.Hash)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// feed hashes what decides which matches enter a rule's windows and how long they stay. A new threshold or text keeps the
// state; a new condition, key or timespan starts anew.
func (s *Set) feed(r *Compiled) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s %d %d %d %d\n%v\n", r.ID, r.Type, r.Timespan, r.Before, r.After, r.History, r.Roles)
	for _, side := range r.Sides {
		fmt.Fprintln(h, s.describe(side.Cond.root))
	}
	if r.Value != nil {
		fmt.Fprintln(h, "value", r.Value.Name)
	}
	if n := r.Normal; n != nil {
		fmt.Fprintln(h, "every", n.Every, n.History, n.HourOfDay, n.DayOfWeek)
		if n.Peers != nil {
			fmt.Fprintln(h, "peers", n.Peers.Name, "in one key") // the rest of the key is part of the peer group
		}
	}
	if r.AtMost > 0 {
		fmt.Fprintln(h, "bounded") // its windows remember more
	}
	if r.Grace > 0 {
		fmt.Fprintln(h, "grace", r.Grace)
	}
	if r.Where != nil {
		fmt.Fprintln(h, "where", r.Where.Source)
	}
	for _, g := range r.GroupBy {
		fmt.Fprintln(h, g.Name)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// describe writes a skeleton canonically, parameters filled in.
func (s *Set) describe(n node) string {
	all := func(op string, ns []node) string {
		parts := make([]string, len(ns))
		for i, c := range ns {
			parts[i] = s.describe(c)
		}
		return "(" + strings.Join(parts, " "+op+" ") + ")"
	}
	not := func(neg bool, text string) string {
		if neg {
			return "not (" + text + ")"
		}
		return text
	}
	switch n := n.(type) {
	case constNode:
		return Verdict(n).String()
	case andNode:
		return all("and", n)
	case orNode:
		return all("or", n)
	case atomNode:
		return not(n.neg, s.atoms[n.atom].text)
	case hasNode:
		return not(n.neg, "has("+s.terms[n.term].name+")")
	case eachNode:
		op := "any"
		if n.all {
			op = "all"
		}
		return fmt.Sprintf("%s(%s, %s)", op, s.terms[n.list].name, s.describe(n.body))
	}
	return "?"
}

// Describe writes a condition as it was understood: parameters filled in, negations at the leaves.
func (s *Set) Describe(c *Cond) string { return s.describe(c.root) }

// Tables lists the lookup tables that a condition may ask, sorted.
func (s *Set) Tables(conds ...*Cond) []string {
	var out []string
	var walk func(node)
	addTerm := func(i int) {
		if l := s.terms[i].lookup; l != nil {
			out = append(out, l.Tables...)
		}
	}
	var add func(int)
	add = func(i int) {
		addTerm(i)
		for _, a := range s.terms[i].args {
			add(a)
		}
	}
	walk = func(n node) {
		switch n := n.(type) {
		case andNode:
			for _, c := range n {
				walk(c)
			}
		case orNode:
			for _, c := range n {
				walk(c)
			}
		case eachNode:
			add(n.list)
			walk(n.body)
		case atomNode:
			for _, t := range s.atoms[n.atom].terms {
				add(t)
			}
		}
	}
	for _, c := range conds {
		walk(c.root)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func columnNames(l *event.Lookup) []string {
	out := make([]string, 0, len(l.Columns))
	for c := range l.Columns {
		out = append(out, c)
	}
	slices.Sort(out)
	return out
}

// suggest names the field that was probably meant.
func (s *Set) suggest(name string) string {
	var names []string
	for _, f := range s.Schema.Fields() {
		names = append(names, f.Name)
	}
	if near := strictyaml.Nearest(name, names); near != "" {
		return "; did you mean " + near + "?"
	}
	return "; rules/README.md lists the fields, native ones are fields.NAME, other names are this rule's params; a text stands in quotes"
}

func (s *Set) suggestLookup(name string) string {
	var names []string
	for _, l := range s.Schema.Lookups() {
		names = append(names, l.Name)
	}
	if near := strictyaml.Nearest(name, names); near != "" {
		return "; did you mean " + near + "()?"
	}
	return "; rules/README.md lists the lookups"
}

// Reads reports whether the rule can match events of a dataset.
func (c *Compiled) Reads(dataset string) bool {
	return c.Datasets == nil || slices.Contains(c.Datasets, dataset)
}
