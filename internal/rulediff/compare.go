package rulediff

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"probity/internal/alert"
)

// sketch is what is kept of an alert for a comparison.
type sketch struct {
	rule     string
	severity alert.Severity
	count    int
	first    time.Time
	summary  string
	keys     map[string]uint64 // hash of each key of its JSON form
}

// notCompared are the keys that say nothing about what happened: they name the rule's text, or are the same in two replays
// by construction.
var notCompared = []string{"schema", "id", "revision", "rule", "generation", "tables", "marking", "count"}

func newSketch(a *alert.Alert) sketch {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(a.Canonical(), &keys); err != nil {
		panic(err) // it was encoded just now
	}
	s := sketch{rule: a.Rule.ID, severity: a.Rule.Severity, count: a.Count, first: a.First, summary: a.Summary, keys: map[string]uint64{}}
	for k, v := range keys {
		if !slices.Contains(notCompared, k) {
			s.keys[k] = xxhash.Sum64(v)
		}
	}
	return s
}

// differences says how an alert is another one than it was: severity and count with their values, the other keys by name,
// since their values could name a person.
func (s sketch) differences(was sketch) (keys, words []string) {
	add := func(key, word string) { keys, words = append(keys, key), append(words, word) }
	if s.severity != was.severity {
		add("severity", fmt.Sprintf("severity %s → %s", was.severity, s.severity))
	}
	if s.count != was.count {
		add("count", fmt.Sprintf("count %d → %d", was.count, s.count))
	}
	both := maps.Clone(s.keys)
	maps.Copy(both, was.keys)
	for _, k := range slices.Sorted(maps.Keys(both)) {
		if s.keys[k] != was.keys[k] {
			add(k, k)
		}
	}
	return keys, words
}

// tally is what became of one rule's alerts.
type tally struct {
	counts   map[alert.Severity]*Counts
	keys     map[string]int // alerts in which a key differs
	examples map[Kind][]example
	removed  []string // ids
}

// example is one alert that differs, with what it is sorted by.
type example struct {
	Example
	first time.Time
}

// comparison goes through the alerts after the change.
type comparison struct {
	before   map[string]sketch // not seen yet
	rules    map[string]*tally
	examples int
}

func newComparison(before map[string]sketch, examples int) *comparison {
	c := &comparison{before: before, rules: map[string]*tally{}, examples: examples}
	for _, s := range before {
		c.rule(s.rule).of(s).Base++
	}
	return c
}

func (c *comparison) rule(id string) *tally {
	t := c.rules[id]
	if t == nil {
		t = &tally{counts: map[alert.Severity]*Counts{}, keys: map[string]int{}, examples: map[Kind][]example{}}
		c.rules[id] = t
	}
	return t
}

// of are the counts of an alert's severity.
func (t *tally) of(s sketch) *Counts {
	c := t.counts[s.severity]
	if c == nil {
		c = &Counts{}
		t.counts[s.severity] = c
	}
	return c
}

// compare takes one alert of after the change.
func (c *comparison) compare(id string, s sketch) {
	t := c.rule(s.rule)
	t.of(s).Head++
	was, known := c.before[id]
	if !known {
		t.of(s).Added++
		c.example(t, AlertAdded, id, s, nil)
		return
	}
	delete(c.before, id)
	keys, words := s.differences(was)
	if len(keys) == 0 {
		return
	}
	t.of(s).Altered++
	for _, k := range keys {
		t.keys[k]++
	}
	c.example(t, AlertAltered, id, s, words)
}

// end takes what is left of before the change as removed.
func (c *comparison) end() map[string]*tally {
	for id, s := range c.before {
		t := c.rule(s.rule)
		t.of(s).Removed++
		t.removed = append(t.removed, id)
		c.example(t, AlertRemoved, id, s, nil)
	}
	return c.rules
}

// example keeps the first few of a kind by event time, then id: the same ones in every run.
func (c *comparison) example(t *tally, kind Kind, id string, s sketch, words []string) {
	list := append(t.examples[kind], example{Example{Kind: kind, ID: id, Count: s.count, Summary: s.summary, Differs: words}, s.first})
	slices.SortFunc(list, func(a, b example) int { return cmp.Or(a.first.Compare(b.first), cmp.Compare(a.ID, b.ID)) })
	t.examples[kind] = list[:min(len(list), c.examples)]
}
