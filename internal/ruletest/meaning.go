package ruletest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"probity/internal/rule"
)

// Change is how one rule differs between two sets of rules.
type Change struct {
	Rule  string     `json:"rule"`
	File  string     `json:"file"` // in head; that in base if head lacks the rule
	Kind  ChangeKind `json:"kind"`
	Parts []string   `json:"parts,omitempty"`        // of a changed meaning: the keys of the rule that differ
	From  int        `json:"from_version,omitempty"` // 0: base lacks the rule
	To    int        `json:"to_version,omitempty"`   // 0: head lacks the rule

	Overlay bool `json:"overlay,omitempty"` // the force's overlay of the rule came, went or changed
}

// ChangeKind says what became of a rule.
type ChangeKind string

// The kinds of change.
const (
	Added   ChangeKind = "added"
	Removed ChangeKind = "removed"
	Meaning ChangeKind = "meaning" // it finds something else, or says something else about it
	Text    ChangeKind = "text"    // words, tests and dates only
)

// Silent reports whether the meaning changed and the version was not raised: two alerts of the rule would then name the
// same version and mean different things. A changed overlay is no such thing, because alerts name the overlay, too, and the
// version is the rule's.
func (c Change) Silent() bool { return c.Kind == Meaning && c.To <= c.From && !c.Overlay }

// ChangedMeaning returns the rules of both sets whose meaning differs, by id. Meaning is what decides which events become an
// alert, whose, how grave it is and what is said for and against; a parameter is part of it where something uses it. The
// summary, the prose, the owner, the tests and the number of records quoted are text. A condition is compared as it was
// understood, so that layout, comments and a parameter in place of its value change nothing.
func ChangedMeaning(base, head *rule.Set) []Change {
	return slices.DeleteFunc(Changes(base, head), func(c Change) bool { return c.Kind != Meaning })
}

// Changes returns all rules that differ between two sets, by id. A file that was only renamed is no change.
func Changes(base, head *rule.Set) []Change {
	before := map[string]*rule.Compiled{}
	for _, r := range base.Rules {
		before[r.ID] = r
	}
	var out []Change
	for _, r := range head.Rules {
		old := before[r.ID]
		delete(before, r.ID)
		c := Change{Rule: r.ID, File: r.File, To: r.Version}
		switch {
		case old == nil:
			c.Kind, c.Overlay = Added, disabled(base, r.ID)
		default:
			c.From, c.Parts, c.Overlay = old.Version, differences(base, old, head, r), old.Overlay != r.Overlay
			if len(c.Parts) > 0 {
				c.Kind = Meaning
			} else if old.Hash != r.Hash {
				c.Kind = Text
			} else {
				continue
			}
		}
		out = append(out, c)
	}
	for _, old := range before {
		out = append(out, Change{Rule: old.ID, File: old.File, Kind: Removed, From: old.Version, Overlay: disabled(head, old.ID)})
	}
	slices.SortFunc(out, func(a, b Change) int { return cmp.Compare(a.Rule, b.Rule) })
	return out
}

// disabled reports whether an overlay of the set switches a rule off.
func disabled(s *rule.Set, id string) bool {
	return slices.ContainsFunc(s.Disabled, func(d rule.DisabledRule) bool { return d.ID == id })
}

// differences names the keys whose meaning differs.
func differences(base *rule.Set, a *rule.Compiled, head *rule.Set, b *rule.Compiled) []string {
	before, after := meaning(base, a), meaning(head, b)
	both := maps.Clone(before)
	maps.Copy(both, after)
	out := slices.DeleteFunc(slices.Sorted(maps.Keys(both)), func(key string) bool { return before[key] == after[key] })
	if len(out) == 0 && a.Feed != b.Feed {
		out = []string{"correlation"} // what feeds the windows differs in a way that has no key of its own
	}
	return out
}

// meaning is what each key of a rule comes to.
func meaning(s *rule.Set, r *rule.Compiled) map[string]string {
	out := correlation(r.Rule)
	var keys []string
	for _, g := range r.GroupBy {
		keys = append(keys, g.Name)
	}
	var exceptions, facts strings.Builder
	for _, e := range r.Exceptions {
		fmt.Fprintln(&exceptions, e.Expires, s.Describe(e.Cond))
	}
	for i, f := range r.Facts {
		fmt.Fprintln(&facts, r.Rule.Facts[i].Speaks, s.Describe(f))
	}
	maps.Copy(out, map[string]string{
		"when":                 s.Describe(r.Cond),
		"actors":               fmt.Sprint(r.Roles),
		"correlation.group_by": strings.Join(keys, " "),
		"correlation.timespan": r.Timespan.String(),
		"decide_within":        r.Wait.String(),
		"exceptions":           exceptions.String(),
		"facts":                facts.String(),
		"severity":             string(r.Severity),
		"points":               fmt.Sprint(r.Points),
		"alert.period":         r.Period.String(),
	})
	return out
}

var word = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_.]*`)

// correlation is each key of a rule's correlation, with parameters replaced by their values. It is read from the YAML's own
// form, so that the keys of a new shape are compared without a line here.
func correlation(r *rule.Rule) map[string]string {
	out := map[string]string{}
	if r.Correlation == nil {
		return out
	}
	var keys map[string]any
	if err := json.Unmarshal(encode(r.Correlation), &keys); err != nil {
		panic(err) // it was encoded just now
	}
	for k, v := range keys {
		out["correlation."+k] = string(encode(resolve(v, r.Params)))
	}
	return out
}

// resolve replaces parameters in every text within v.
func resolve(v any, params map[string]any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = resolve(v[k], params)
		}
	case []any:
		for i := range v {
			v[i] = resolve(v[i], params)
		}
	case string:
		return word.ReplaceAllStringFunc(strings.Join(strings.Fields(v), " "), func(name string) string {
			if p, ok := params[name]; ok {
				return string(encode(p))
			}
			return name
		})
	}
	return v
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts, numbers and lists of them
	}
	return b
}
