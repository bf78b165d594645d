package ruletest

import (
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"probity/internal/alert"
	"probity/internal/coverage"
	"probity/internal/rule"
)

// What follows looks at a rule's words, dates and tests.

func (r *ruleLint) lintTests() {
	fires := slices.ContainsFunc(r.Rule.Tests, func(t rule.Test) bool { return len(t.Alerts) > 0 })
	misses := slices.ContainsFunc(r.Rule.Tests, func(t rule.Test) bool { return len(t.Alerts) == 0 })
	if !fires {
		r.add("PRB001", "tests", "no test of this rule fires", "add a test whose alerts: are what the rule is for")
	}
	if !misses {
		r.add("PRB002", "tests", "no test of this rule is a near miss", "add lawful work that almost looks like it, with alerts: []")
	}
}

func (r *ruleLint) lintDates() {
	if r.today().After(r.ReviewBy.Time) {
		r.add("PRB003", "review_by", fmt.Sprintf("the rule was to be reviewed by %s", day(r.ReviewBy.Time)), "review it (is it still necessary, proportionate and right?) and set the next date")
	}
	if r.Status == "deprecated" {
		r.add("PRB004", "status", "the rule is deprecated", "remove it when what replaces it is in force")
	}
}

func (r *ruleLint) today() time.Time { return r.Today.UTC().Truncate(24 * time.Hour) }

func day(t time.Time) string { return t.Format(time.DateOnly) }

func (r *ruleLint) lintName() {
	base := filepath.Base(r.File)
	if name := strings.TrimSuffix(base, filepath.Ext(base)); name != r.ID {
		r.add("PRB005", "id", fmt.Sprintf("rule %s stands in %s", r.ID, base), "call the file "+r.ID+".yaml, so that an alert leads to it")
	}
}

// twins finds for each thing that rules can find the first rule that finds it.
func (l *linter) twins() {
	l.first = map[string]string{}
	for _, r := range l.set.Rules {
		key := l.finds(r)
		if _, ok := l.first[key]; !ok {
			l.first[key] = r.ID
		}
	}
}

// finds writes what a rule finds: equal texts, equal alerts.
func (l *linter) finds(r *rule.Compiled) string {
	var keys []string
	for _, g := range r.GroupBy {
		keys = append(keys, g.Name)
	}
	return fmt.Sprintln(l.set.Describe(r.Cond), r.Roles, keys, r.Timespan, correlation(r.Rule))
}

func (r *ruleLint) lintTwin() {
	if first := r.first[r.finds(r.Compiled)]; first != "" && first != r.ID {
		r.add("PRB006", "when", "rule "+first+" finds exactly the same", "keep one: whoever reads the alerts reads each twice")
	}
}

func (r *ruleLint) lintProse() {
	if (r.Severity == alert.High || r.Severity == alert.Critical) && len(r.FalsePositives) == 0 {
		r.add("PRB007", "severity", fmt.Sprintf("a rule of severity %s without false_positives", r.Severity), "write what lawful work looks like this: whoever reads the alert has to know before challenging anyone")
	}
}

// lintControls looks at the controls whose values are a closed list; laws and ISO 27001 are not looked into.
func (r *ruleLint) lintControls() {
	for _, known := range []struct {
		control string
		values  []string
		what    string
	}{
		{"gpg13", coverage.PMC(), "GPG13 has no control %q"},
		{"dpa62", coverage.Operations62(), "section 62 knows no operation %q"},
	} {
		for i, v := range r.Controls[known.control] {
			if slices.Contains(known.values, v) {
				continue
			}
			do := "write one of " + strings.Join(known.values, ", ")
			if known.control == "gpg13" { // twelve are too many to read
				do = "write PMC1 to PMC12"
			}
			r.add("PRB008", fmt.Sprintf("controls.%s.%d", known.control, i), fmt.Sprintf(known.what, v), do)
		}
	}
}

// unbounded are fields that hold something else in almost every record.
var unbounded = []string{"event.time", "event.sequence", "query.text", "purpose.text", "object.name", "requestor.text", "fields.Id", "fields.CorrelationId"}

// unboundedNative are native fields that hold free text by their name.
var unboundedNative = regexp.MustCompile(`(?i)^fields\..*(agent|message|subject|body|text|comment|parameters|commandline|clientinfo|timestamp)`)

func (r *ruleLint) lintGroup() {
	if r.Correlation == nil {
		return
	}
	for i, g := range r.Correlation.GroupBy {
		if slices.Contains(unbounded, g) || unboundedNative.MatchString(g) {
			r.add("PRB020", fmt.Sprintf("correlation.group_by.%d", i), fmt.Sprintf("%s holds something else in almost every record, so windows grow without bound and seldom fill", g),
				"group by who or what it is: actor.id, object.id, source.ip")
		}
	}
}

// quoted are the constants within a condition.
var quoted = regexp.MustCompile(`"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|` + "`[^`]*`")

func (r *ruleLint) lintParams() {
	used := map[string]bool{}
	note := func(text string) {
		for _, name := range word.FindAllString(text, -1) {
			used[name] = true
		}
	}
	for _, c := range r.conditions() {
		note(quoted.ReplaceAllString(c.cond.Source, " "))
	}
	if r.Correlation != nil {
		note(string(encode(r.Correlation)))
	}
	for _, name := range sortedKeys(r.Params) {
		if !used[name] {
			r.add("PRB021", "params."+name, fmt.Sprintf("nothing uses parameter %s", name), "remove it, or use it: a force that changes it changes nothing")
		}
	}
}

// named finds each of the names that a summary should give within the actions of its template.
var named = func() map[string]*regexp.Regexp {
	out := map[string]*regexp.Regexp{}
	for _, n := range []string{"times", "count", "when", "first", "last", "measured"} {
		out[n] = regexp.MustCompile(`\{\{-?\s*[^}]*\.` + n + `\b`)
	}
	return out
}()

func (r *ruleLint) lintSummary() {
	says := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return named[n].MatchString(r.Alert.Summary) })
	}
	if r.Measured() && says("measured") {
		return // it says since when, and how many more there are
	}
	if !says("times", "count") || !says("when") && !(says("first") && says("last")) {
		r.add("PRB024", "alert.summary", "the summary does not say how often and when", "put {{.times}} or {{.count}}, and {{.when}}, into the sentence")
	}
}

// changes finds the meanings that changed under an unchanged version. Overlays are left out on both sides: what a force
// changes by them an alert names by the overlay's hash.
func (o *LintOptions) changes(files []rule.File, loaded *rule.Loaded) map[string]Change {
	if o.Base == nil {
		return nil
	}
	base, _ := rule.Load(o.Schema, withoutOverlays(o.Base))
	head := loaded.Set
	if plain := withoutOverlays(files); len(plain) < len(files) {
		head, _ = rule.Load(o.Schema, plain)
	}
	out := map[string]Change{}
	for _, c := range ChangedMeaning(base, head) {
		if c.Silent() {
			out[c.Rule] = c
		}
	}
	return out
}

func withoutOverlays(files []rule.File) []rule.File {
	return slices.DeleteFunc(slices.Clone(files), func(f rule.File) bool { return rule.IsOverlay(f.Data) })
}

func (r *ruleLint) lintMeaning() {
	if c, ok := r.changed[r.ID]; ok {
		r.add("PRB040", "version", fmt.Sprintf("the meaning changed (%s) and the version is %d, as before", strings.Join(c.Parts, ", "), c.To),
			fmt.Sprintf("write version: %d, or two alerts will name one version and mean different things", c.From+1))
	}
}

// asShipped reports whether parameters have the values that the rule has without its overlay.
func (r *ruleLint) asShipped(params map[string]any) bool {
	for name, v := range params {
		if !reflect.DeepEqual(v, r.shipped[name]) {
			return false
		}
	}
	return true
}

func (r *ruleLint) lintOverlay() {
	o := r.overlay
	if o == nil {
		return
	}
	if strings.TrimSpace(o.Reason) == "" {
		r.add("PRB050", "overlay", "an overlay without a reason", "say why this force differs: reason: …")
	}
	if r.asShipped(o.Params) && len(o.Exceptions) == 0 && o.Severity == "" && o.Owner == "" && o.ReviewBy.IsZero() && o.Points == nil &&
		o.DecideWithin == 0 && o.Alert == (rule.OverlayAlert{}) {
		r.add("PRB051", "overlay", "an overlay that changes nothing", "remove it, or write params:, severity:, exceptions: or disabled:")
	}
}
