package rule

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"probity/internal/alert"
	"probity/internal/strictyaml"
)

// Overlay is what a force changes of a rule without editing its file, so that a new release of the rule merges cleanly. It
// lies in a YAML file of its own among the rule files. The json tags are its keys.
//
// It may change numbers, words and exceptions, never the condition: a rule that judges by another condition is another
// rule and has another id.
type Overlay struct {
	Rule         string              `json:"overlay" jsonschema:"id of the rule that it changes"`
	Reason       string              `json:"reason,omitempty" jsonschema:"why this force differs"`
	Owner        string              `json:"owner,omitempty" jsonschema:"the role that answers for the rule here"`
	ReviewBy     strictyaml.Date     `json:"review_by,omitempty"`
	Severity     alert.Severity      `json:"severity,omitempty" jsonschema:"low, medium, high or critical"`
	Points       *int                `json:"points,omitempty" jsonschema:"towards the person's risk score"`
	Params       map[string]any      `json:"params,omitempty" jsonschema:"new values of the rule's own parameters, each of the kind that it has"`
	DecideWithin strictyaml.Duration `json:"decide_within,omitempty" jsonschema:"how long an undecided match waits for newer tables"`
	Exceptions   []Exception         `json:"exceptions,omitempty" jsonschema:"further ones; those of the rule stay"`
	Alert        OverlayAlert        `json:"alert,omitempty" jsonschema:"period and evidence"`
	Disabled     *Disabled           `json:"disabled,omitempty" jsonschema:"the rule is not judged; reason and approved_by"`
	Lint         []Silence           `json:"lint,omitempty" jsonschema:"findings of rules check that are accepted, each with its reason"`
	Tests        []Test              `json:"tests,omitempty" jsonschema:"of the rule as it is changed; the rule's own tests are played on the rule as it was shipped"`
}

// OverlayAlert is what an overlay changes of an AlertSpec.
type OverlayAlert struct {
	Period   strictyaml.Duration `json:"period,omitempty" jsonschema:"all hits of a period are one alert"`
	Evidence int                 `json:"evidence,omitempty" jsonschema:"how many records an alert quotes"`
}

// Disabled says why a rule is not judged, and who decided that. A rule that is switched off is a hole in the monitoring, so
// it has a name to it.
type Disabled struct {
	Reason     string `json:"reason"`
	ApprovedBy string `json:"approved_by"`
}

// DisabledRule is a rule that an overlay has switched off.
type DisabledRule struct {
	ID      string `json:"id"`
	Overlay string `json:"overlay"` // the overlay's file
	Disabled
}

// IsOverlay reports whether a file is an overlay rather than a rule: whether its first level has the key overlay. Texts
// within a rule are indented, so a line that begins with the word is that key.
func IsOverlay(data []byte) bool {
	key := []byte("overlay:")
	return bytes.HasPrefix(data, key) || bytes.Contains(data, append([]byte{'\n'}, key...))
}

// overlay is one overlay file that was read.
type overlay struct {
	Overlay
	file File
	doc  *strictyaml.Doc
	used bool
}

// overlays are those of a Load, by the id of their rule.
type overlays map[string]*overlay

// readOverlays takes the overlays out of files; the rules are what is left.
func readOverlays(files []File) (rules []File, out overlays, problems strictyaml.Problems) {
	out = overlays{}
	for _, f := range files {
		if !IsOverlay(f.Data) {
			rules = append(rules, f)
			continue
		}
		o := &overlay{file: f}
		var ps strictyaml.Problems
		o.doc, ps = strictyaml.Decode(f.Name, f.Data, &o.Overlay)
		if o.Rule == "" && len(ps) == 0 {
			ps = append(ps, o.doc.Problem("overlay", "an overlay of no rule", "write overlay: and the id of the rule that it changes"))
		}
		if first := out[o.Rule]; first != nil {
			ps = append(ps, o.doc.Problem("overlay", fmt.Sprintf("rule %s has an overlay in %s already", o.Rule, first.file.Name), "put the two together: what holds must not depend on which is read first"))
		} else {
			out[o.Rule] = o
		}
		problems = append(problems, ps...)
	}
	return rules, out, problems
}

// unused reports overlays whose rule is not there, by file.
func (all overlays) unused(ids []string) (problems strictyaml.Problems) {
	for _, o := range all {
		if o.used || o.Rule == "" {
			continue
		}
		do := "load the rule, too (rules: {builtin: true}, --builtin, or its path), or remove the overlay"
		if near := strictyaml.Nearest(o.Rule, ids); near != "" {
			do = "did you mean " + near + "?"
		}
		problems = append(problems, o.doc.Problem("overlay", fmt.Sprintf("no rule %s to change", o.Rule), do))
	}
	problems.Sort()
	return problems
}

// lay changes the builder's rule as its overlay says, if it has one. From then on a value that the overlay brought has its
// place in the overlay's file.
func (all overlays) lay(b *builder) *overlay {
	o := all[b.rule.ID]
	if o == nil || o.used {
		return nil
	}
	o.used = true
	r, places := b.rule, &overlaid{base: b.doc, over: o.doc, own: len(b.rule.Exceptions), silences: len(b.rule.Lint), set: []string{"overlay"}}
	b.doc = places
	set := func(path string, given bool, change func()) {
		if given {
			places.set = append(places.set, path)
			change()
		}
	}
	set("owner", o.Owner != "", func() { r.Owner = o.Owner })
	set("review_by", !o.ReviewBy.IsZero(), func() { r.ReviewBy = o.ReviewBy })
	set("severity", o.Severity != "", func() { r.Severity = o.Severity })
	set("points", o.Points != nil, func() { r.Points = *o.Points })
	set("decide_within", o.DecideWithin != 0, func() { r.DecideWithin = o.DecideWithin })
	set("alert.period", o.Alert.Period != 0, func() { r.Alert.Period = o.Alert.Period })
	set("alert.evidence", o.Alert.Evidence != 0, func() { r.Alert.Evidence = o.Alert.Evidence })
	o.params(b, set)
	r.Exceptions = append(slices.Clip(r.Exceptions), o.Exceptions...)
	r.Lint = append(slices.Clip(r.Lint), o.Lint...)
	o.check(b)
	return o
}

// meet notes that there is a rule of this id, be it whole or not.
func (all overlays) meet(id string) {
	if o := all[id]; o != nil {
		o.used = true
	}
}

// add takes a whole rule into the set, or notes that its overlay has switched it off. It reports whether the rule is in.
func (s *Set) add(c *Compiled, o *overlay) bool {
	if o == nil || o.Overlay.Disabled == nil {
		s.Rules = append(s.Rules, c)
		return true
	}
	s.Disabled = append(s.Disabled, DisabledRule{c.ID, o.file.Name, *o.Overlay.Disabled})
	slices.SortFunc(s.Disabled, func(a, b DisabledRule) int { return strings.Compare(a.ID, b.ID) })
	return false
}

// params gives the rule's parameters new values. A parameter that the rule lacks, or one of another kind, is refused: it
// would change nothing, or the meaning of a comparison.
func (o *overlay) params(b *builder, set func(path string, given bool, change func())) {
	params := maps.Clone(b.rule.Params)
	for _, name := range slices.Sorted(maps.Keys(o.Params)) {
		path, value := "params."+name, o.Params[name]
		was, ok := params[name]
		if !ok {
			do := "rule " + b.rule.ID + " has no parameters"
			if names := slices.Sorted(maps.Keys(params)); len(names) > 0 {
				do = "rule " + b.rule.ID + " has " + strings.Join(names, ", ")
			}
			b.problems = append(b.problems, o.doc.Problem(path, fmt.Sprintf("unknown parameter %q", name), do))
			continue
		}
		if want, got := kindOf(was), kindOf(value); want != got {
			b.problems = append(b.problems, o.doc.Problem(path, fmt.Sprintf("parameter %s is %s, not %s", name, want, got), fmt.Sprintf("the rule has %v", was)))
			continue
		}
		set(path, true, func() { params[name] = value })
	}
	b.rule.Params = params
}

// kindOf says what a parameter is: what may stand in its place must be of the same kind.
func kindOf(v any) string {
	switch v := v.(type) {
	case string:
		if looksLikeDuration(v) {
			return "a length of time"
		}
		return "a text"
	case int64:
		return "a number"
	case float64:
		return "a fraction"
	case bool:
		return "true or false"
	case []any:
		return "a list"
	}
	return "nothing that a condition can use"
}

// check checks what only overlays have.
func (o *overlay) check(b *builder) {
	problem := func(path, what, do string) { b.problems = append(b.problems, o.doc.Problem(path, what, do)) }
	if o.Alert.Period < 0 {
		problem("alert.period", "a period of no length", "write 24h")
	}
	if d := o.Disabled; d != nil {
		if strings.TrimSpace(d.Reason) == "" {
			problem("disabled", "a rule disabled without reason", "say it: reason: …")
		}
		if strings.TrimSpace(d.ApprovedBy) == "" {
			problem("disabled", "a rule disabled without approved_by", "say who took the decision: approved_by: …")
		}
		if len(o.Tests) > 0 {
			problem("tests", "tests of a rule that is disabled", "remove the tests, or disabled")
		}
	}
}

// explain moves problems that the overlay makes in the rule's file to the overlay: that is the file to be mended. Problems
// that the rule has without an overlay stay with the rule.
func (o *overlay) explain(s *Set, problems strictyaml.Problems, shipped *Parsed) {
	if _, alone := shipped.compile(s); len(alone) > 0 {
		return
	}
	file := shipped.File
	for i, p := range problems {
		if p.File == file.Name {
			problems[i] = o.doc.Problem("params", fmt.Sprintf("%s (at %s:%d:%d, as this overlay leaves it)", p.What, p.File, p.Line, p.Column), p.Do)
		}
	}
}

// sign makes the rule's hash cover both files: it is that of the rule's bytes followed by the overlay's.
func (o *overlay) sign(c *Compiled, rule File) {
	both := sha256.New()
	both.Write(rule.Data)
	both.Write(o.file.Data)
	own := sha256.Sum256(o.file.Data)
	c.Hash, c.Overlay = hex.EncodeToString(both.Sum(nil)), hex.EncodeToString(own[:])
}
