package ruletest

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"probity/internal/decode"
	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/strictyaml"
)

// LintOptions are what rules are linted with.
type LintOptions struct {
	Schema  *event.Schema
	Today   time.Time        // review dates and ends of exceptions are measured by it
	Formats []*decode.Format // whose maps say which values there are; none: not looked into
	Tables  []string         // that the configuration has; nil: not known
	Base    []rule.File      // an earlier state of the rules, to compare versions with; nil: none
	// Author names who wrote a line of a file, in as many ways as are known (staff id, account, name); nil: not known. Many
	// goroutines call it.
	Author   func(file string, line int) []string
	Progress Progress // in rules; may be nil
}

// Finding is one lint: a rule that loads, and may still not be what its author wants.
type Finding struct {
	strictyaml.Problem
	Severity LintSeverity `json:"severity"`
	Rule     string       `json:"rule"`
	path     string
}

// String is the line that is printed.
func (f Finding) String() string {
	if f.Severity == LintWarning {
		f.What = "warning: " + f.What
	}
	return f.Problem.String()
}

// Lint loads rule files and returns the set, the problems of files that do not load and of tests that cannot be run, and what is
// to be said of rules that load, by place. A finding that a rule silences with a reason is left out.
func Lint(files []rule.File, o LintOptions) (*rule.Set, []Finding, strictyaml.Problems) {
	loaded, problems := rule.LoadParsed(o.Schema, files, o.Progress.of("rules read"))
	set := loaded.Set
	l := &linter{LintOptions: o, set: set, changed: o.changes(files, loaded)}
	l.vocabulary()
	l.twins()
	overlays := overlaysOf(files)
	shipped := shippedParams(files, overlays)
	found := make([][]Finding, len(set.Rules))
	judged := o.Progress.counter("rules judged", len(set.Rules))
	onEachCore(len(set.Rules), func() func(int) {
		logic := set.NewLogic()
		return func(i int) {
			r := set.Rules[i]
			one := &ruleLint{linter: l, Compiled: r, logic: logic, places: loaded.Places[r.ID], overlay: overlays[r.ID], shipped: shipped[r.ID]}
			for _, check := range checks {
				check(one)
			}
			found[i] = one.silence()
			judged.count()
		}
	})
	broken := map[string]bool{}
	for _, p := range problems {
		broken[p.File] = true
	}
	out := slices.DeleteFunc(slices.Concat(found...), func(f Finding) bool { // mend first what keeps the file from loading
		return broken[f.File]
	})
	slices.SortStableFunc(out, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column, cmp.Compare(a.Code, b.Code))
	})
	problems = append(problems, o.ofTests(files, loaded)...)
	problems.Sort()
	return set, out, problems
}

// linter is what all rules are judged by.
type linter struct {
	LintOptions
	set     *rule.Set
	values  map[string]map[string]*words // field → dataset → known values
	first   map[string]string            // what a rule comes to → the first rule that comes to it
	changed map[string]Change            // by rule id: a changed meaning under an unchanged version
}

// ruleLint is one rule under the linter.
type ruleLint struct {
	*linter
	*rule.Compiled
	logic    *rule.Logic
	places   rule.Places
	overlay  *rule.Overlay  // nil if there is none
	shipped  map[string]any // the rule's own parameters, of a rule that an overlay changes
	findings []Finding
}

// checks are all lints, in the order of their codes.
var checks = []func(*ruleLint){
	(*ruleLint).lintTests, (*ruleLint).lintDates, (*ruleLint).lintName, (*ruleLint).lintTwin, (*ruleLint).lintProse, (*ruleLint).lintControls,
	(*ruleLint).lintTruth, (*ruleLint).lintIndex, (*ruleLint).lintConditions, (*ruleLint).lintTables,
	(*ruleLint).lintGroup, (*ruleLint).lintParams, (*ruleLint).lintFacts, (*ruleLint).lintSummary,
	(*ruleLint).lintExceptions, (*ruleLint).lintMeaning, (*ruleLint).lintOverlay,
}

// add notes a finding about the value at path of the rule.
func (r *ruleLint) add(code, path, what, do string) {
	r.finding(code, path, r.places.Problem(path, what, do))
}

// within notes a finding about line and column of the text at path.
func (r *ruleLint) within(code, path string, line, column int, what, do string) {
	p := r.places.Problem(path, what, do)
	at := r.places.Within(path, line, column)
	p.Line, p.Column = at.Line, at.Column
	r.finding(code, path, p)
}

func (r *ruleLint) finding(code, path string, p strictyaml.Problem) {
	p.Code = code
	r.findings = append(r.findings, Finding{Problem: p, Severity: lintOf(code).Severity, Rule: r.ID, path: path})
}

// silence leaves out the findings that the rule accepts with a reason, and adds those about silences themselves.
func (r *ruleLint) silence() []Finding {
	found := r.findings
	for i, s := range r.Rule.Lint {
		path := fmt.Sprintf("lint.%d", i)
		switch {
		case lintOf(s.Silence).Code == "":
			r.add("PRB091", path, fmt.Sprintf("no finding has the code %q", s.Silence), "copy the code from what rules check prints: PRB007")
			continue
		case strings.TrimSpace(s.Reason) == "":
			r.add("PRB090", path, "a silence without a reason", "say why the finding may stand: reason: …; until then it is shown")
			continue
		case strings.HasPrefix(s.Silence, "PRB09"):
			r.add("PRB091", path, fmt.Sprintf("%s is about silences and cannot be silenced", s.Silence), "remove it")
			continue
		}
		kept := slices.DeleteFunc(slices.Clone(found), func(f Finding) bool {
			return f.Code == s.Silence && (s.At == "" || f.path == s.At || strings.HasPrefix(f.path, s.At+"."))
		})
		if len(kept) == len(found) {
			r.add("PRB092", path, fmt.Sprintf("it silences nothing: the rule gives no %s%s", s.Silence, at(s.At)), "remove it, before it hides something else")
		}
		found = kept
	}
	about := slices.DeleteFunc(slices.Clone(r.findings), func(f Finding) bool { return !strings.HasPrefix(f.Code, "PRB09") })
	return append(found, about...)
}

func at(path string) string {
	if path == "" {
		return ""
	}
	return " at " + path
}

// overlaysOf reads overlays again for what only they hold.
func overlaysOf(files []rule.File) map[string]*rule.Overlay {
	out := map[string]*rule.Overlay{}
	for _, f := range files {
		if rule.IsOverlay(f.Data) {
			var o rule.Overlay
			strictyaml.Decode(f.Name, f.Data, &o)
			out[o.Rule] = &o
		}
	}
	return out
}

// shippedParams reads again what parameters rules have without their overlays.
func shippedParams(files []rule.File, overlays map[string]*rule.Overlay) map[string]map[string]any {
	out := map[string]map[string]any{}
	if len(overlays) == 0 {
		return out
	}
	for _, f := range files {
		var r struct {
			ID     string         `json:"id"`
			Params map[string]any `json:"params"`
		}
		if id := idLine.FindSubmatch(f.Data); id == nil || overlays[string(id[1])] == nil {
			continue // most rules have none, and to read one takes time
		}
		strictyaml.Decode(f.Name, f.Data, &r) // its other keys are no problem here: the rule was read already
		out[r.ID] = r.Params
	}
	return out
}

var idLine = regexp.MustCompile(`(?m)^id:\s*["']?([a-z0-9_-]+)`)
