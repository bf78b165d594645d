package dashboard

import (
	"fmt"
	"regexp"
	"strings"
)

var prometheus = &Source{Type: "prometheus", UID: "${datasource}"}

// runbooks is the variable that says where a force keeps deploy/runbooks.
const runbooks = "${runbooks}"

// panel is the beginning of one: what it is called, what it tells and what to look for, and where the runbook says what to do.
func panel(kind, title, tells, runbook string) *Panel {
	return &Panel{
		Type: kind, Title: title, Description: tells, Datasource: prometheus, GridPos: GridPos{W: 8, H: 8},
		FieldConfig: &FieldConfig{Overrides: []Override{}, Defaults: Field{
			Color: map[string]any{"mode": "shades", "fixedColor": calm}, Mappings: []Mapping{},
			Thresholds: Thresholds{Mode: "absolute", Steps: []Step{{Color: calm}}},
		}},
		Links: []Link{{Title: "Runbook: what to do", Type: "link", URL: runbooks + "/" + runbook, Tags: []string{}, Icon: "doc", Tooltip: "What it means, how to look, what to do", TargetBlank: true}},
	}
}

// row is a headline.
func row(title string) *Panel {
	open, none := false, []*Panel{}
	return &Panel{Type: "row", Title: title, GridPos: GridPos{W: 24, H: 1}, Collapsed: &open, Panels: &none}
}

// lines are values over time. The legend is a table of the last and the highest value, so that no line needs its colour.
func lines(title, tells, runbook string) *Panel {
	p := panel("timeseries", title, tells, runbook)
	p.FieldConfig.Defaults.Custom = map[string]any{
		"drawStyle": "line", "lineWidth": 2, "fillOpacity": 0, "pointSize": 5, "showPoints": "auto", "spanNulls": false, "axisSoftMin": 0,
		"thresholdsStyle": map[string]any{"mode": "off"},
	}
	p.Options = map[string]any{
		"legend":  map[string]any{"displayMode": "table", "placement": "bottom", "showLegend": true, "calcs": []string{"lastNotNull", "max"}},
		"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
	}
	return p
}

// bars are counts over time, one upon the other.
func bars(title, tells, runbook string) *Panel {
	p := lines(title, tells, runbook)
	p.Interval = "2m" // some scrapes in each bar
	c := p.FieldConfig.Defaults.Custom
	c["drawStyle"], c["fillOpacity"], c["lineWidth"], c["stacking"] = "bars", 80, 1, map[string]any{"mode": "normal", "group": "A"}
	p.Options["legend"].(map[string]any)["calcs"] = []string{"sum", "max"}
	return p
}

// tile is one number, large enough for a wall.
func tile(title, tells, runbook string) *Panel {
	p := panel("stat", title, tells, runbook)
	p.GridPos = GridPos{W: 4, H: 4}
	p.FieldConfig.Defaults.Color = map[string]any{"mode": "thresholds"}
	p.Options = map[string]any{
		"colorMode": "background_solid", "graphMode": "none", "justifyMode": "center", "orientation": "auto", "textMode": "auto",
		"wideLayout": true, "showPercentChange": false, "percentChangeColorMode": "standard",
		"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
	}
	return p
}

// ranking is one bar for each of a set, with its name and value.
func ranking(title, tells, runbook string) *Panel {
	p := panel("bargauge", title, tells, runbook)
	p.FieldConfig.Defaults.Color = map[string]any{"mode": "thresholds"}
	p.Options = map[string]any{
		"displayMode": "basic", "orientation": "horizontal", "valueMode": "text", "namePlacement": "auto", "showUnfilled": true, "sizing": "auto",
		"minVizWidth": 8, "minVizHeight": 16, "maxVizHeight": 300,
		"legend":        map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": false, "calcs": []string{}},
		"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
	}
	return p
}

// table has one line for each value of a label, and a column for each query.
func table(title, tells, runbook, label string) *Panel {
	p := panel("table", title, tells, runbook)
	p.FieldConfig.Defaults.Color = map[string]any{"mode": "thresholds"}
	p.FieldConfig.Defaults.Custom = map[string]any{"align": "auto", "filterable": true, "inspect": false}
	p.Options = map[string]any{"showHeader": true, "frameIndex": 0, "cellHeight": "sm"}
	p.Transformations = []Transformation{
		{"joinByField", map[string]any{"byField": label, "mode": "outer"}},
		{"organize", map[string]any{"excludeByName": map[string]any{}, "indexByName": map[string]any{}, "renameByName": map[string]any{label: label}}},
	}
	return p
}

// query adds one. The legend is a template, or for a table the column's name.
func (p *Panel) query(legend, expr string) *Panel {
	t := Target{RefID: string(rune('A' + len(p.Targets))), Datasource: prometheus, EditorMode: "code", Expr: expand(expr), LegendFormat: legend, Format: "time_series"}
	switch p.Type {
	case "timeseries":
		t.Range = true
	case "table":
		t.Instant, t.Format = true, "table"
		p.column(legend, len(p.Targets)+1)
	default:
		t.Instant = true
	}
	p.Targets = append(p.Targets, t)
	return p
}

// column names the n-th query's values and hides the times that come with them.
func (p *Panel) column(name string, n int) {
	o := p.Transformations[1].Options
	o["renameByName"].(map[string]any)[fmt.Sprintf("Value #%c", 'A'+n-1)] = name
	if n == 1 {
		o["renameByName"].(map[string]any)["Value"] = name // as it is called where there is no second query
	}
	for _, time := range []string{"Time", fmt.Sprintf("Time %d", n)} {
		o["excludeByName"].(map[string]any)[time] = true
	}
}

func (p *Panel) unit(u string) *Panel { p.FieldConfig.Defaults.Unit = u; return p }

// whole shows no fractions: Prometheus extrapolates a rise to the ends of its range, and 1.04 alerts are one.
func (p *Panel) whole() *Panel {
	none := 0
	p.FieldConfig.Defaults.Unit, p.FieldConfig.Defaults.Decimals = "short", &none
	return p
}

func (p *Panel) size(w, h int) *Panel { p.GridPos.W, p.GridPos.H = w, h; return p }

// atMost is the end of the axis.
func (p *Panel) atMost(v float64) *Panel {
	zero := 0.0
	p.FieldConfig.Defaults.Min, p.FieldConfig.Defaults.Max = &zero, &v
	return p
}

func (p *Panel) strokes(s []stroke) *Panel {
	p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, looks(s)...)
	return p
}

// from is a threshold: at this value and above it looks so.
func (p *Panel) from(v float64, colour string) *Panel {
	t := &p.FieldConfig.Defaults.Thresholds
	t.Steps = append(t.Steps, Step{Color: colour, Value: &v})
	if p.Type == "timeseries" {
		p.FieldConfig.Defaults.Custom["thresholdsStyle"] = map[string]any{"mode": "dashed"}
	}
	return p
}

// below is how it looks below all thresholds.
func (p *Panel) below(colour string) *Panel {
	p.FieldConfig.Defaults.Thresholds.Steps[0].Color = colour
	return p
}

// word shows a word for a value, beside the colour.
func (p *Panel) word(value, text, colour string) *Panel {
	d := &p.FieldConfig.Defaults
	if len(d.Mappings) == 0 {
		d.Mappings = []Mapping{{"value", map[string]Word{}}}
	}
	d.Mappings[0].Options[value] = Word{text, colour, len(d.Mappings[0].Options)}
	return p
}

// none is what stands where there is no series.
func (p *Panel) none(text string) *Panel { p.FieldConfig.Defaults.NoValue = text; return p }

// cells gives a table's column a unit of its own.
func (p *Panel) cells(column, unit string, more ...Property) *Panel {
	p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, Override{Matcher{"byName", column}, append([]Property{{"unit", unit}}, more...)})
	return p
}

// bar draws a column's value as a bar beside its number.
var bar = Property{"custom.cellOptions", map[string]any{"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}}

// sortBy sorts a table by a column, the highest first.
func (p *Panel) sortBy(column string) *Panel {
	p.Options["sortBy"] = []map[string]any{{"displayName": column, "desc": true}}
	return p
}

var short = regexp.MustCompile(`\{i(,[^}]*)?\}`)

// expand writes out the short form of matchers; see the package's comment.
func expand(expr string) string {
	return short.ReplaceAllStringFunc(expr, func(s string) string {
		matchers := []string{`instance=~"$instance"`}
		for _, m := range strings.Split(s[1:len(s)-1], ",")[1:] {
			if !strings.Contains(m, "=") {
				m = fmt.Sprintf(`%s=~"$%s"`, m, m)
			}
			matchers = append(matchers, m)
		}
		return "{" + strings.Join(matchers, ",") + "}"
	})
}
