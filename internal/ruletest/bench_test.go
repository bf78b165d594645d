package ruletest

import (
	"bytes"
	"fmt"
	"testing"

	"probity/internal/rule"
	"probity/rules"
)

// BenchmarkThreeThousandRules runs the tests of the shipped rules, copied under other ids until there are 3,000 rules.
func BenchmarkThreeThousandRules(b *testing.B) {
	shipped, err := rules.Files()
	if err != nil {
		b.Fatal(err)
	}
	var files []rule.File
	for n := 0; len(files) < 3000; n++ {
		f := shipped[n%len(shipped)]
		data := bytes.Replace(f.Data, []byte("\n"), fmt.Appendf(nil, "_%d\n", n), 1)
		files = append(files, rule.File{Name: fmt.Sprintf("%d/%s", n, f.Name), Data: data})
	}
	o := options(b)
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
