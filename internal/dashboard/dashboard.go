package dashboard

import (
	"bytes"
	"encoding/json"
)

const (
	columns       = 24
	schemaVersion = 39 // of Grafana 10.4 and later; a newer one is upgraded when it is loaded
	tag           = "probity"
)

// All are the dashboards.
func All() []Dashboard { return []Dashboard{detection(), pipeline(), rules()} }

// File is the name of its file.
func (d Dashboard) File() string { return d.UID + ".json" }

// JSON is what Grafana imports.
func (d Dashboard) JSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	err := enc.Encode(d)
	return b.Bytes(), err
}

// built numbers and places the panels of a dashboard, and gives it what all have.
func built(uid, title, tells, from string, variables []Variable, panels ...*Panel) Dashboard {
	place(panels)
	return Dashboard{
		UID: uid, Title: title, Description: tells, Tags: []string{tag}, SchemaVersion: schemaVersion, GraphTooltip: 1,
		Refresh: "1m", Time: Span{from, "now"}, Timezone: "browser",
		Links: []Link{{Title: "Probity", Type: "dashboards", Tags: []string{tag}, Icon: "external link", Tooltip: "The other dashboards", IncludeVars: true, KeepTime: true}},
		Templating: Templating{append([]Variable{
			{Name: "datasource", Label: "Prometheus", Description: "The data source that scrapes Probity.", Type: "datasource", Query: "prometheus"},
			choice("instance", "Daemon", "One daemon, or all.", "probity_build_info"),
		}, append(variables, Variable{Name: "runbooks", Label: "Runbooks", Description: "Where this force keeps deploy/runbooks, without a slash at the end.",
			Type: "textbox", Query: defaultRunbooks, Current: &Option{defaultRunbooks, defaultRunbooks}})...)},
		Panels: panels,
	}
}

// defaultRunbooks is to be changed to where a force keeps them.
const defaultRunbooks = "https://git.example.police.uk/probity/deploy/runbooks"

// choice is a variable over the values of a label.
func choice(label, name, tells, metric string) Variable {
	return Variable{
		Name: label, Label: name, Description: tells, Type: "query", Datasource: prometheus,
		Query:   map[string]any{"query": "label_values(" + metric + ", " + label + ")", "refId": "StandardVariableQuery"},
		Refresh: 2, Sort: 1, Multi: true, IncludeAll: true, AllValue: ".*", Current: &Option{"All", "$__all"},
	}
}

// place puts panels from left to right, and into a new line when one is full. What stands in a line has the height of its
// first panel.
func place(panels []*Panel) {
	x, y, h := 0, 0, 0
	for i, p := range panels {
		p.ID = i + 1
		if x+p.GridPos.W > columns || p.Type == "row" {
			x, y = 0, y+h
		}
		if x == 0 {
			h = p.GridPos.H
		}
		p.GridPos.X, p.GridPos.Y, p.GridPos.H = x, y, h
		x += p.GridPos.W
	}
}
