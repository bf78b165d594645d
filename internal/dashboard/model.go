package dashboard

// Dashboard is Grafana's classic dashboard model, as far as it is used here.
type Dashboard struct {
	UID           string     `json:"uid"`
	Title         string     `json:"title"`
	Description   string     `json:"description"`
	Tags          []string   `json:"tags"`
	SchemaVersion int        `json:"schemaVersion"`
	Editable      bool       `json:"editable"`
	GraphTooltip  int        `json:"graphTooltip"` // 1: the crosshair is shared
	Refresh       string     `json:"refresh"`
	Time          Span       `json:"time"`
	Timezone      string     `json:"timezone"`
	Links         []Link     `json:"links"`
	Templating    Templating `json:"templating"`
	Panels        []*Panel   `json:"panels"`
}

// Span is what is shown at first.
type Span struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Templating holds the variables.
type Templating struct {
	List []Variable `json:"list"`
}

// Variable is one that the reader can choose.
type Variable struct {
	Name        string  `json:"name"`
	Label       string  `json:"label"`
	Description string  `json:"description"`
	Type        string  `json:"type"`
	Datasource  *Source `json:"datasource,omitempty"`
	Query       any     `json:"query"`
	Refresh     int     `json:"refresh,omitempty"` // 2: when the time range changes
	Sort        int     `json:"sort,omitempty"`    // 1: by the alphabet
	Multi       bool    `json:"multi,omitempty"`
	IncludeAll  bool    `json:"includeAll,omitempty"`
	AllValue    string  `json:"allValue,omitempty"`
	Current     *Option `json:"current,omitempty"`
}

// Option is a value of a variable.
type Option struct {
	Text  string `json:"text"`
	Value string `json:"value"`
}

// Source names a data source.
type Source struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

// Link leads to a runbook, or to other dashboards.
type Link struct {
	Title       string   `json:"title"`
	Type        string   `json:"type"`
	URL         string   `json:"url,omitempty"`
	Tags        []string `json:"tags"`
	Icon        string   `json:"icon"`
	Tooltip     string   `json:"tooltip"`
	AsDropdown  bool     `json:"asDropdown"`
	IncludeVars bool     `json:"includeVars"`
	KeepTime    bool     `json:"keepTime"`
	TargetBlank bool     `json:"targetBlank"`
}

// Panel is a panel or a row, which is a headline over panels.
type Panel struct {
	ID              int              `json:"id"`
	Type            string           `json:"type"`
	Title           string           `json:"title"`
	Description     string           `json:"description,omitempty"`
	GridPos         GridPos          `json:"gridPos"`
	Datasource      *Source          `json:"datasource,omitempty"`
	Interval        string           `json:"interval,omitempty"` // $__interval is never less
	Targets         []Target         `json:"targets,omitempty"`
	Transformations []Transformation `json:"transformations,omitempty"`
	FieldConfig     *FieldConfig     `json:"fieldConfig,omitempty"`
	Options         map[string]any   `json:"options,omitempty"`
	Links           []Link           `json:"links,omitempty"`
	Collapsed       *bool            `json:"collapsed,omitempty"` // rows only
	Panels          *[]*Panel        `json:"panels,omitempty"`    // rows only; empty while the row is open
}

// GridPos is a place on a grid 24 wide.
type GridPos struct {
	X int `json:"x"`
	Y int `json:"y"`
	W int `json:"w"`
	H int `json:"h"`
}

// Target is a query.
type Target struct {
	RefID        string  `json:"refId"`
	Datasource   *Source `json:"datasource"`
	EditorMode   string  `json:"editorMode"`
	Expr         string  `json:"expr"`
	LegendFormat string  `json:"legendFormat"`
	Format       string  `json:"format"` // time_series or table
	Instant      bool    `json:"instant"`
	Range        bool    `json:"range"`
}

// Transformation changes what queries answered before it is shown.
type Transformation struct {
	ID      string         `json:"id"`
	Options map[string]any `json:"options"`
}

// FieldConfig is how values look.
type FieldConfig struct {
	Defaults  Field      `json:"defaults"`
	Overrides []Override `json:"overrides"`
}

// Field is how the values of one series look.
type Field struct {
	Unit       string         `json:"unit"`
	Decimals   *int           `json:"decimals,omitempty"`
	Min        *float64       `json:"min,omitempty"`
	Max        *float64       `json:"max,omitempty"`
	NoValue    string         `json:"noValue,omitempty"`
	Color      map[string]any `json:"color"`
	Mappings   []Mapping      `json:"mappings"`
	Thresholds Thresholds     `json:"thresholds"`
	Custom     map[string]any `json:"custom,omitempty"`
}

// Thresholds are from where on a value looks otherwise.
type Thresholds struct {
	Mode  string `json:"mode"`
	Steps []Step `json:"steps"`
}

// Step is one threshold. The first has no value.
type Step struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"`
}

// Mapping shows words for values.
type Mapping struct {
	Type    string          `json:"type"`
	Options map[string]Word `json:"options"`
}

// Word is what stands for a value.
type Word struct {
	Text  string `json:"text"`
	Color string `json:"color"`
	Index int    `json:"index"`
}

// Override changes the looks of some series.
type Override struct {
	Matcher    Matcher    `json:"matcher"`
	Properties []Property `json:"properties"`
}

// Matcher says which.
type Matcher struct {
	ID      string `json:"id"`
	Options string `json:"options"`
}

// Property is one thing that is changed.
type Property struct {
	ID    string `json:"id"`
	Value any    `json:"value"`
}
