package dashboard

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite dashboards/*.json")

const folder = "../../dashboards"

func TestTheFilesAreWhatIsWrittenHere(t *testing.T) {
	var want []string
	for _, d := range All() {
		file := filepath.Join(folder, d.File())
		want = append(want, file)
		b, err := d.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.WriteFile(file, b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, b) {
			t.Errorf("%s is out of step (%v); go test ./internal/dashboard -update", file, err)
		}
	}
	got, err := filepath.Glob(filepath.Join(folder, "*.json"))
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%s holds %v, want %v", folder, got, want)
	}
}

// shown is every panel that is not a headline.
func shown() (out []*Panel, where map[*Panel]string) {
	where = map[*Panel]string{}
	for _, d := range All() {
		for _, p := range d.Panels {
			if p.Type != "row" {
				out = append(out, p)
				where[p] = fmt.Sprintf("%s, %q", d.UID, p.Title)
			}
		}
	}
	return out, where
}

func TestEveryPanelHasAnIDOfItsOwnAndAPlaceOfItsOwn(t *testing.T) {
	uids := map[string]bool{}
	for _, d := range All() {
		if uids[d.UID] || d.UID == "" || len(d.UID) > 40 {
			t.Errorf("%s: its uid is no uid, or is that of another", d.Title)
		}
		uids[d.UID] = true
		if fault := misplaced(d.Panels); fault != "" {
			t.Errorf("%s: %s", d.UID, fault)
		}
	}
}

// misplaced says what is wrong with ids and places.
func misplaced(panels []*Panel) string {
	ids, cells := map[int]string{}, map[[2]int]string{}
	for _, p := range panels {
		if before, taken := ids[p.ID]; taken || p.ID < 1 {
			return fmt.Sprintf("%q has the id %d, as %q", p.Title, p.ID, before)
		}
		ids[p.ID] = p.Title
		g := p.GridPos
		if g.X < 0 || g.Y < 0 || g.W < 1 || g.H < 1 || g.X+g.W > columns {
			return fmt.Sprintf("%q is beside the grid: %+v", p.Title, g)
		}
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				if other, taken := cells[[2]int{x, y}]; taken {
					return fmt.Sprintf("%q lies over %q", p.Title, other)
				}
				cells[[2]int{x, y}] = p.Title
			}
		}
	}
	return ""
}

func TestMisplacedPanelsAreSeen(t *testing.T) {
	at := func(id, x, y, w, h int) *Panel {
		return &Panel{ID: id, Title: fmt.Sprint(id), GridPos: GridPos{X: x, Y: y, W: w, H: h}}
	}
	for want, panels := range map[string][]*Panel{
		"":                {at(1, 0, 0, 12, 4), at(2, 12, 0, 12, 4), at(3, 0, 4, 24, 1)},
		"has the id 1":    {at(1, 0, 0, 12, 4), at(1, 12, 0, 12, 4)},
		"lies over":       {at(1, 0, 0, 12, 4), at(2, 11, 3, 4, 4)},
		"beside the grid": {at(1, 13, 0, 12, 4)},
	} {
		if got := misplaced(panels); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestEveryPanelSaysWhatItTellsInWhichUnitAndFromWhere(t *testing.T) {
	panels, where := shown()
	titles := map[string]bool{}
	for _, p := range panels {
		if len(p.Description) < 20 || !strings.HasSuffix(p.Description, ".") {
			t.Errorf("%s: the description is no sentence: %q", where[p], p.Description)
		}
		if p.FieldConfig.Defaults.Unit == "" {
			t.Errorf("%s: no unit", where[p])
		}
		if p.Datasource == nil || p.Datasource.UID != "${datasource}" || len(p.Targets) == 0 {
			t.Errorf("%s: asks nothing, or one certain data source", where[p])
		}
		for _, q := range p.Targets {
			if strings.Contains(q.LegendFormat, "{{") && withoutLabels.MatchString(q.Expr) {
				t.Errorf("%s %s: the legend %s asks for a label that its query does not keep", where[p], q.RefID, q.LegendFormat)
			}
			if q.Datasource == nil || q.Datasource.UID != "${datasource}" || q.LegendFormat == "" || q.Instant == q.Range {
				t.Errorf("%s %s: %+v", where[p], q.RefID, q)
			}
		}
		if titles[where[p]] {
			t.Errorf("%s: another has this title", where[p])
		}
		titles[where[p]] = true
	}
}

// withoutLabels is a query that ends in an aggregation that keeps none.
var withoutLabels = regexp.MustCompile(`^(min|max|sum|count)\(`)

// selector is a metric with its matchers.
var selector = regexp.MustCompile(`\b(up|(?:probity|process|go)_[a-z0-9_]+)(\{[^}]*\})?`)

func TestEveryQueryIsOfTheChosenDaemonAndUsesEveryVariableThatFits(t *testing.T) {
	panels, where := shown()
	used := map[string]string{}
	for _, p := range panels {
		for _, q := range p.Targets {
			found := selector.FindAllStringSubmatch(q.Expr, -1)
			if len(found) == 0 {
				t.Errorf("%s: no metric in %s", where[p], q.Expr)
			}
			for _, m := range found {
				if m[1] != "probity_build_info" && !strings.Contains(m[2], `instance=~"$instance"`) {
					t.Errorf("%s: %s is of every daemon", where[p], m[0])
				}
			}
			uid, _, _ := strings.Cut(where[p], ",")
			used[uid] += q.Expr + q.LegendFormat
		}
	}
	for _, d := range All() {
		for _, v := range d.Templating.List {
			if v.Type == "query" && !strings.Contains(used[d.UID], `"$`+v.Name+`"`) {
				t.Errorf("%s: no query asks for $%s", d.UID, v.Name)
			}
		}
		for _, v := range regexp.MustCompile(`\$\{?(\w+)`).FindAllStringSubmatch(used[d.UID], -1) {
			known := strings.HasPrefix(v[1], "__") || slices.ContainsFunc(d.Templating.List, func(x Variable) bool { return x.Name == v[1] })
			if !known {
				t.Errorf("%s asks for $%s, which is no variable of it", d.UID, v[1])
			}
		}
	}
}

// labels are all that a query may group by or match. None of them names a person or a record.
var labels = []string{
	"instance", "job", "le", "source", "reason", "rule", "severity", "dataset", "outcome", "sink", "kind", "table", "witness", "generation", "version", "result",
}

var labelUses = []*regexp.Regexp{
	regexp.MustCompile(`\b(?:by|on|without|ignoring|group_left|group_right) ?\(([^)]*)\)`),
	regexp.MustCompile(`([a-z_]+) ?(?:=~|!~|!=|=)"`),
	regexp.MustCompile(`\{\{([a-z_]+)\}\}`),
	regexp.MustCompile(`\$labels\.([a-z_]+)`),
}

// strange are the labels of a text that are not on the list.
func strange(text string) (out []string) {
	for _, re := range labelUses {
		for _, m := range re.FindAllStringSubmatch(text, -1) {
			for l := range strings.SplitSeq(m[1], ",") {
				if l = strings.TrimSpace(l); l != "" && !slices.Contains(labels, l) {
					out = append(out, l)
				}
			}
		}
	}
	return out
}

func TestNoLabelNamesAPersonOrARecord(t *testing.T) {
	panels, where := shown()
	for _, p := range panels {
		for _, q := range p.Targets {
			if got := strange(q.Expr + " " + q.LegendFormat); len(got) > 0 {
				t.Errorf("%s: labels %v; if they name nobody, add them to the list", where[p], got)
			}
		}
	}
	got := strange(`sum by (user, rule) (x{actor="a"}) {{person}} {{ $labels.account }}`)
	if want := []string{"user", "actor", "person", "account"}; !slices.Equal(got, want) {
		t.Errorf("strange labels %v, want %v", got, want)
	}
}

// Colours of Okabe and Ito, and grey.
var palette = []string{vermillion, orange, skyBlue, green, blue, purple, grey}

func TestColoursAreThoseThatEverybodyCanTellApartAndNeverAlone(t *testing.T) {
	for _, d := range All() {
		b, err := d.JSON()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range regexp.MustCompile(`"#[0-9A-Fa-f]+"`).FindAllString(string(b), -1) {
			if !slices.Contains(palette, strings.Trim(c, `"`)) {
				t.Errorf("%s: colour %s", d.UID, c)
			}
		}
		if strings.Contains(string(b), "palette-classic") {
			t.Errorf("%s: Grafana's own palette holds red and green", d.UID)
		}
	}
	for _, set := range [][]stroke{severities, systems, quantiles} {
		seen := map[string]bool{}
		for _, s := range set {
			dash := fmt.Sprint(s.dash)
			if seen[dash] || seen[s.colour] {
				t.Errorf("%s looks like another series", s.name)
			}
			seen[dash], seen[s.colour] = true, true
		}
	}
	panels, where := shown()
	for _, p := range panels {
		legend, _ := p.Options["legend"].(map[string]any)
		if p.Type == "timeseries" && (legend["showLegend"] != true || legend["displayMode"] != "table") {
			t.Errorf("%s: lines without names", where[p])
		}
		if p.Type == "stat" && p.FieldConfig.Defaults.Unit == "none" && len(p.FieldConfig.Defaults.Mappings) == 0 {
			t.Errorf("%s: a state without a word", where[p])
		}
	}
}

func TestTheShortFormIsWrittenOut(t *testing.T) {
	for in, want := range map[string]string{
		`x{i}`:                           `x{instance=~"$instance"}`,
		`x{i,source}`:                    `x{instance=~"$instance",source=~"$source"}`,
		`a{i} / b{i,rule,outcome="x"}`:   `a{instance=~"$instance"} / b{instance=~"$instance",rule=~"$rule",outcome="x"}`,
		`x{source="a"} and {{instance}}`: `x{source="a"} and {{instance}}`,
	} {
		if got := expand(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
