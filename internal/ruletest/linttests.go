package ruletest

import (
	"slices"

	"probity/internal/decode"
	"probity/internal/rule"
	"probity/internal/strictyaml"
)

// ofTests reads the tests of all rules and overlays that load, as Run does, and plays none. Lines of a format that is not built
// in are not read.
func (o *LintOptions) ofTests(files []rule.File, loaded *rule.Loaded) strictyaml.Problems {
	options := Options{Schema: o.Schema, Formats: remembered(decode.Builtin)}
	if problems := options.zone(); len(problems) > 0 {
		return problems
	}
	b := &book{loaded, files}
	told := make([]strictyaml.Problems, len(files))
	onAllCores(len(files), func(i int) {
		cases, problems := options.cases(b, i)
		shared := &suite{readers: map[string]reader{}}
		for _, c := range cases {
			if _, known := options.Formats(c.test.Source); len(c.test.Lines) > 0 && c.test.Source != "" && !known {
				continue
			}
			c.suite = shared
			c.given(o.Schema)
			problems = append(problems, c.problems...)
		}
		told[i] = problems
	})
	return slices.Concat(told...)
}
