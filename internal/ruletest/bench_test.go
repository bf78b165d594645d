package ruletest

import (
	"bytes"
	"fmt"
	"testing"

	"probity/internal/rule"
	"probity/rules"
)

// threeThousandRules are the shipped rules, copied under other ids.
func threeThousandRules(b *testing.B) (files []rule.File) {
	shipped, err := rules.Files()
	if err != nil {
		b.Fatal(err)
	}
	for n := 0; len(files) < 3000; n++ {
		f := shipped[n%len(shipped)]
		data := bytes.Replace(f.Data, []byte("\n"), fmt.Appendf(nil, "_%d\n", n), 1)
		files = append(files, rule.File{Name: fmt.Sprintf("%d/%s", n, f.Name), Data: data})
	}
	return files
}

// BenchmarkThreeThousandRules runs their tests; with GOGC=400 as the command does.
func BenchmarkThreeThousandRules(b *testing.B) {
	files, o := threeThousandRules(b), options(b)
	tests := 0
	for b.Loop() {
		results, problems := Run(files, o)
		if len(problems) > 0 {
			b.Fatal(problems)
		}
		tests += len(results)
	}
	b.ReportMetric(float64(tests)/b.Elapsed().Seconds(), "tests/s")
}

// BenchmarkLintThreeThousandRules is what rules check does.
func BenchmarkLintThreeThousandRules(b *testing.B) {
	files, o := threeThousandRules(b), lintOptions(b)
	for b.Loop() {
		if _, _, problems := Lint(files, o); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}
