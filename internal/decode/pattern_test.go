package decode

import (
	"strings"
	"testing"
)

// patterns with what regexp itself finds hard: nothing that repeats, groups that take no part, words' boundaries, other cases.
var patterns = []string{
	`(?i)^(?:PC|DC|TDC|PS|DS|INSP|DI|CI|DCI|SUPT|DSU|PCSO|SC|SGT|INS)\s*(?P<value>\d{1,6})\b`, `^(?:POLICE\\)?(?P<value>[a-z0-9]+)$`,
	`(?P<value>a*?)(b|$)`, `(?P<value>a|ab)(c|bcd)(d*)`, `x|(?P<value>y)`, `(?:(?P<value>a)|b)*`, `(?m)^(?P<value>.*)$`, `(?s).(?P<value>.)`,
	`(?:(?P<value>)a)*`, `\b(?P<value>\w+)\b.*\B`, `(?P<value>é|\x{fffd})`, `(?U)(?P<value>a+)`, `(?P<value>(a|b)*)*c`,
}

func FuzzAPatternFindsWhatRegexpFinds(f *testing.F) {
	for _, p := range patterns {
		for _, text := range []string{"", "PC1234 X/Y", "dci  77\xe9", "POLICE\\c4821", "aab", "abcd", "xy\nab", "é a\xff", "ѩ a\xff", "aaaaaaaaaaaaaac", "ts0012345678"} {
			f.Add(p, text)
		}
	}
	var s search
	f.Fuzz(func(t *testing.T, expression, text string) {
		p, err := compilePattern(expression)
		if err != nil || p.group < 0 || len(p.prog.Inst) > 400 || len(text) > 400 {
			return
		}
		want, wantOK := "", false
		if at := p.re.FindStringSubmatchIndex(text); at != nil && at[2*p.group] >= 0 {
			want, wantOK = text[at[2*p.group]:at[2*p.group+1]], true
		}
		if got, ok := s.find(p, text); got != want || ok != wantOK {
			t.Fatalf("%q in %q: %q %v instead of %q %v", expression, text, got, ok, want, wantOK)
		}
	})
}

// Where one way is open at a time nothing is remembered, and from each place the search goes to the end of the text.
func TestAPatternsStepsAreBounded(t *testing.T) {
	for _, c := range []struct{ pattern, text string }{
		{`(?P<value>\w+)@force`, strings.Repeat("a", 30_000)},
		{`(?P<value>[0-9]+)/[0-9]+`, strings.Repeat("1", 15_000)},
		{`^.*=(?P<value>[a-z=]+);`, strings.Repeat("a=", 8_000)},
	} {
		p, err := compilePattern(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		var s search
		if got, ok := s.find(p, c.text); ok {
			t.Errorf("%s finds %q", c.pattern, got)
		}
		if s.steps > 4*maxVisited { // what waits for its other alternative gives up at once, each
			t.Errorf("%s: %d steps over %d bytes", c.pattern, s.steps, len(c.text))
		}
	}
}

func TestAPatternAllocatesNothing(t *testing.T) {
	p, err := compilePattern(patterns[0])
	if err != nil {
		t.Fatal(err)
	}
	var s search
	if n := testing.AllocsPerRun(100, func() {
		if value, ok := s.find(p, "PC4821 TESTNOMINAL/A55/STOP CHECK"); value != "4821" || !ok {
			t.Fatal(value, ok)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPattern(b *testing.B) {
	p, err := compilePattern(patterns[0])
	if err != nil {
		b.Fatal(err)
	}
	const text = "PC4821 TESTNOMINAL/A55/STOP CHECK"
	b.Run("search", func(b *testing.B) {
		var s search
		for b.Loop() {
			s.find(p, text)
		}
	})
	b.Run("regexp", func(b *testing.B) {
		for b.Loop() {
			p.re.FindStringSubmatchIndex(text)
		}
	})
}
