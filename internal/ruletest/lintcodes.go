package ruletest

import "slices"

// LintSeverity says whether a finding makes `rules check` fail.
type LintSeverity string

// The severities of lints.
const (
	LintError   LintSeverity = "error"   // the rule cannot do what it says, or should not
	LintWarning LintSeverity = "warning" // it may be meant
)

// LintCode is one kind of finding. Codes are stable: a rule names them to silence one, so none is ever used again for
// something else.
type LintCode struct {
	Code     string
	Severity LintSeverity
	What     string
}

var lintCodes = []LintCode{
	{"PRB001", LintWarning, "no test shows that the rule fires"},
	{"PRB002", LintWarning, "no test shows a near miss"},
	{"PRB003", LintWarning, "the review date has passed"},
	{"PRB004", LintWarning, "the rule is deprecated"},
	{"PRB005", LintWarning, "the file is not called as the rule"},
	{"PRB006", LintWarning, "another rule finds the same"},
	{"PRB007", LintWarning, "a high or critical rule names no false positive"},
	{"PRB008", LintWarning, "a control that GPG13 or section 62 does not have"},
	{"PRB010", LintError, "the condition can never be true"},
	{"PRB011", LintWarning, "the condition is true of every event"},
	{"PRB012", LintWarning, "a part of the condition can never be true"},
	{"PRB013", LintWarning, "no index serves the condition: every event meets the rule"},
	{"PRB014", LintWarning, "no known format gives the field such a value"},
	{"PRB015", LintWarning, "a table is asked that the configuration lacks"},
	{"PRB016", LintWarning, "the condition is near the limits"},
	{"PRB017", LintWarning, "a pattern that is no constant"},
	{"PRB018", LintWarning, "a pattern without anchor on a field that every event has"},
	{"PRB019", LintWarning, "decide_within where no table is asked"},
	{"PRB020", LintWarning, "a group key that grows without bound"},
	{"PRB021", LintWarning, "a parameter that nothing uses"},
	{"PRB022", LintWarning, "a fact that the condition says already"},
	{"PRB023", LintWarning, "a fact that can never hold of a match"},
	{"PRB024", LintWarning, "the summary does not say how often and when"},
	{"PRB030", LintError, "an exception covers who approved it"},
	{"PRB031", LintError, "an exception covers who wrote it"},
	{"PRB032", LintWarning, "an exception has expired"},
	{"PRB033", LintWarning, "an exception holds for more than a year"},
	{"PRB034", LintWarning, "an exception can never hold of a match"},
	{"PRB035", LintError, "an exception holds of every match"},
	{"PRB040", LintError, "a changed meaning under an unchanged version"},
	{"PRB050", LintWarning, "an overlay without a reason"},
	{"PRB051", LintWarning, "an overlay that changes nothing"},
	{"PRB090", LintError, "a silence without a reason"},
	{"PRB091", LintError, "a silence of what is no finding"},
	{"PRB092", LintWarning, "a silence that silences nothing"},
}

// LintCodes lists the kinds of findings, by code.
func LintCodes() []LintCode { return slices.Clone(lintCodes) }

// lintOf returns the kind with that code, or one without a code.
func lintOf(code string) LintCode {
	i := slices.IndexFunc(lintCodes, func(c LintCode) bool { return c.Code == code })
	if i < 0 {
		return LintCode{}
	}
	return lintCodes[i]
}
