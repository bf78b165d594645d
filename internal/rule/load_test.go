package rule

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"probity/internal/strictyaml"
)

// variant is a rule file of its own: other constants, so that its atoms are its own beside those that all share; some do not
// load, each for a reason of its own.
func variant(n int) File {
	text := strings.Replace(goodRule, "restricted_denied_burst", fmt.Sprintf("rule_%d", n), 1)
	text = strings.Replace(text, `"print"]`, fmt.Sprintf(`"print_%d"]`, n), 1)
	switch n % 7 {
	case 3:
		text = strings.Replace(text, "event.reason ==", "event.raison ==", 1)
	case 5:
		text = strings.Replace(text, "severity: high", "severity: grave", 1)
	case 6:
		text = text[:len(text)/2] + "\n  : ["
	}
	return File{fmt.Sprintf("%d.yaml", n), []byte(text)}
}

// numbering is what sharing rules gave each term and atom, in the order of their numbers.
func numbering(s *Set) (names []string) {
	for _, t := range s.terms {
		names = append(names, t.name)
	}
	for _, a := range s.atoms {
		names = append(names, a.source)
	}
	return names
}

// TestReadingOnAllCoresIsReadingOneAfterAnother holds that no number and no problem depends on which file was read first.
func TestReadingOnAllCoresIsReadingOneAfterAnother(t *testing.T) {
	schema := testSchema(t)
	rapid.Check(t, func(t *rapid.T) {
		var files []File
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 40), 1, 30).Draw(t, "rules") {
			files = append(files, variant(n))
		}
		one := NewSet(schema)
		seen := map[string]string{}
		var want strictyaml.Problems
		for _, f := range files {
			p, problems := Parse(f)
			if len(problems) == 0 {
				_, problems = p.compile(one)
				if first, doubled := seen[p.Rule.ID]; doubled {
					problems = append(problems, p.Doc.Problem("id", fmt.Sprintf("rule id %s stands in %s, too", p.Rule.ID, first), "give each rule its own id"))
				}
				seen[p.Rule.ID] = f.Name
			} else {
				problems = p.beyond(schema, problems)
			}
			problems.Sort()
			want = append(want, problems...)
		}
		told := 0
		l, got := LoadParsed(schema, files, func(done, total int) {
			if told++; done != told || total != len(files) {
				t.Fatalf("told %d of %d as number %d of %d", done, total, told, len(files))
			}
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(numbering(one), numbering(l.Set)); diff != "" {
			t.Fatal(diff)
		}
		for i, p := range l.Parsed {
			if in := len(l.Set.ruleOf(files[i].Name)) > 0; p != nil && (!in || p.File.Name != files[i].Name) {
				t.Fatalf("file %s is kept as read, and is %s in the set: %v", files[i].Name, p.File.Name, in)
			}
		}
	})
}

// ruleOf are the rules of a file.
func (s *Set) ruleOf(file string) (out []*Compiled) {
	for _, r := range s.Rules {
		if r.File == file {
			out = append(out, r)
		}
	}
	return out
}

func TestWhoStopsTakingFilesLeavesNoReaderBehind(t *testing.T) {
	defer goleak.VerifyNone(t)
	var files []File
	for n := range 100 {
		files = append(files, variant(n))
	}
	for i, p := range parsed(files) {
		if p.File.Name != files[i].Name {
			t.Fatalf("file %d is %s", i, p.File.Name)
		}
		if i == 3 {
			break
		}
	}
}

func TestARuleIsKeptAsItsFileHasItBesideItsOverlay(t *testing.T) {
	off := strings.Replace(goodRule, "restricted_denied_burst", "switched_off", 1)
	l, problems := LoadParsed(testSchema(t), []File{
		{"over.yaml", []byte(goodOverlay)}, {"a.yaml", []byte(goodRule)}, {"off.yaml", []byte(off)},
		{"over2.yaml", []byte("overlay: switched_off\nreason: r\ndisabled: {reason: noise, approved_by: IAB}\n")},
	}, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if l.Parsed[0] != nil || l.Parsed[1] == nil || l.Parsed[2] != nil || l.Parsed[3] != nil {
		t.Fatalf("kept %v; want the rule in the set and neither overlays nor what they switch off", l.Parsed)
	}
	fresh, _ := Parse(File{"a.yaml", []byte(goodRule)})
	if diff := cmp.Diff(fresh.Rule, l.Parsed[1].Rule); diff != "" {
		t.Error("the overlay changed what was read: ", diff)
	}
	if l.Set.Rules[0].Rule.Points != 7 {
		t.Error("the overlay did not change the rule in the set")
	}
}

func BenchmarkLoadThreeThousandRules(b *testing.B) {
	var files []File
	for n := 0; len(files) < 3000; n++ {
		if k := n % 7; k != 3 && k != 5 && k != 6 {
			files = append(files, variant(n))
		}
	}
	schema := testSchema(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := Load(schema, files); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}
