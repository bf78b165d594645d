package dashboard

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

const rulesFolder, runbookFolder = "../../deploy/prometheus", "../../deploy/runbooks"

// ruleFile is a rule file of Prometheus, as far as it is used here.
type ruleFile struct {
	Groups []struct {
		Name  string      `yaml:"name"`
		Rules []alertRule `yaml:"rules"`
	} `yaml:"groups"`
}

type alertRule struct {
	Record      string            `yaml:"record"`
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// rulesOf reads all rules.
func rulesOf(t *testing.T) (out []alertRule) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(rulesFolder, "*.rules.yml"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		var f ruleFile
		readYAML(t, file, &f)
		for _, g := range f.Groups {
			out = append(out, g.Rules...)
		}
	}
	return out
}

func readYAML(t *testing.T, file string, into any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalWithOptions(b, into, yaml.Strict()); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// sections are the headings of the runbooks, as page.md#anchor.
func sections(t *testing.T) (out []string) {
	t.Helper()
	pages, err := filepath.Glob(filepath.Join(runbookFolder, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^## (.+)$`).FindAllStringSubmatch(string(b), -1) {
			out = append(out, filepath.Base(page)+"#"+strings.ReplaceAll(strings.ToLower(m[1]), " ", "-"))
		}
	}
	return out
}

func TestEveryLinkOfAPanelLeadsToASectionOfARunbook(t *testing.T) {
	have := sections(t)
	panels, where := shown()
	linked := map[string]bool{}
	for _, p := range panels {
		if len(p.Links) == 0 {
			t.Errorf("%s: no runbook", where[p])
		}
		for _, l := range p.Links {
			place, ok := strings.CutPrefix(l.URL, runbooks+"/")
			if !ok || !slices.Contains(have, place) {
				t.Errorf("%s: %s is no section of a runbook", where[p], l.URL)
			}
			linked[place] = true
		}
	}
	for _, r := range rulesOf(t) {
		if r.Alert != "" {
			linked[strings.TrimPrefix(r.Annotations["runbook_url"], defaultRunbooks+"/")] = true
		}
	}
	for _, s := range have {
		if !linked[s] {
			t.Errorf("nothing leads to %s", s)
		}
	}
}

func TestEveryAlertSaysWhatItIsAndWhatToDo(t *testing.T) {
	have := sections(t)
	seen := map[string]bool{}
	for _, r := range rulesOf(t) {
		if r.Record != "" {
			if !strings.HasPrefix(r.Record, "probity:") || seen[r.Record] {
				t.Errorf("%s: recorded twice, or not as level:metric:operation", r.Record)
			}
			seen[r.Record] = true
			continue
		}
		place, ok := strings.CutPrefix(r.Annotations["runbook_url"], defaultRunbooks+"/")
		if !ok || !slices.Contains(have, place) || !strings.HasSuffix(place, "#"+strings.ToLower(r.Alert)) {
			t.Errorf("%s: runbook %s", r.Alert, r.Annotations["runbook_url"])
		}
		if s := r.Labels["severity"]; !slices.Contains([]string{"critical", "warning", "info"}, s) || r.Labels["service"] != "probity" {
			t.Errorf("%s: labels %v", r.Alert, r.Labels)
		}
		if s := r.Annotations["summary"]; !strings.HasSuffix(s, ".") || seen[r.Alert] {
			t.Errorf("%s: there twice, or the summary is no sentence: %q", r.Alert, s)
		}
		if got := strange(r.Expr + " " + r.Annotations["summary"]); len(got) > 0 {
			t.Errorf("%s: labels %v; if they name nobody, add them to the list", r.Alert, got)
		}
		seen[r.Alert] = true
	}
}

// promTests is a file of promtool's tests, as far as it is used here.
type promTests struct {
	RuleFiles []string `yaml:"rule_files"`
	Order     []string `yaml:"group_eval_order"`
	Interval  string   `yaml:"evaluation_interval"`
	Tests     []struct {
		Name   string `yaml:"name"`
		Each   string `yaml:"interval"`
		Series []any  `yaml:"input_series"`
		Alerts []struct {
			Alert  string `yaml:"alertname"`
			At     string `yaml:"eval_time"`
			Expect []any  `yaml:"exp_alerts"`
		} `yaml:"alert_rule_test"`
	} `yaml:"tests"`
}

func TestEveryAlertHasACaseThatFiresAndOneThatDoesNot(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(rulesFolder, "tests", "*.yml"))
	if err != nil {
		t.Fatal(err)
	}
	fires, quiet := map[string]bool{}, map[string]bool{}
	for _, file := range files {
		var f promTests
		readYAML(t, file, &f)
		// promtool's own order is random, and a group that is not listed comes first.
		if len(f.Order) != 7 || !slices.Equal(f.Order[:2], []string{"probity-limits", "probity-recorded"}) {
			t.Errorf("%s: group_eval_order %v; an alert would ask what is not yet recorded", file, f.Order)
		}
		for _, c := range f.Tests {
			for _, a := range c.Alerts {
				if len(a.Expect) > 0 {
					fires[a.Alert] = true
				} else {
					quiet[a.Alert] = true
				}
			}
		}
	}
	for _, r := range rulesOf(t) {
		if r.Alert != "" && !(fires[r.Alert] && quiet[r.Alert]) {
			t.Errorf("%s: fires in a test: %v, does not in one: %v", r.Alert, fires[r.Alert], quiet[r.Alert])
		}
	}
}
