package rule

import (
	"probity/internal/alert"
	"probity/internal/strictyaml"
)

// Rule is one rule file. The json tags are the keys of its YAML.
type Rule struct {
	ID              string                `json:"id" jsonschema:"unique; lower-case letters, digits, - and _; part of every alert's identity"`
	Version         int                   `json:"version" jsonschema:"raised when the meaning changes"`
	Title           string                `json:"title"`
	Status          string                `json:"status,omitempty" jsonschema:"experimental, test, stable or deprecated"`
	Severity        alert.Severity        `json:"severity" jsonschema:"low, medium, high or critical"`
	Description     string                `json:"description" jsonschema:"what it finds and why that matters"`
	Owner           string                `json:"owner" jsonschema:"the role that answers for the rule"`
	ReviewBy        strictyaml.Date       `json:"review_by"`
	Controls        map[string]StringList `json:"controls,omitempty" jsonschema:"gpg13, dpa62, law, iso27001: indicators, never findings"`
	Proportionality string                `json:"proportionality" jsonschema:"why monitoring this is necessary and proportionate"`
	Actors          []string              `json:"actors,omitempty" jsonschema:"operator (default), requestor: judged once for each"`
	Params          map[string]any        `json:"params,omitempty" jsonschema:"names that conditions, timespan and thresholds may use"`
	When            string                `json:"when" jsonschema:"the condition, in expr"`
	Correlation     *Correlation          `json:"correlation,omitempty" jsonschema:"left out: every match is a hit"`
	DecideWithin    strictyaml.Duration   `json:"decide_within,omitempty" jsonschema:"how long an undecided match waits for newer tables; 36h unless said"`
	Exceptions      []Exception           `json:"exceptions,omitempty"`
	Facts           []Fact                `json:"facts,omitempty" jsonschema:"evaluated for every event of an alert, for and against; at most 16"`
	Points          int                   `json:"points,omitempty" jsonschema:"towards the person's risk score"`
	Alert           AlertSpec             `json:"alert"`
	FalsePositives  []string              `json:"false_positives,omitempty"`
	Response        string                `json:"response" jsonschema:"what to do next, before challenging anyone"`
	Lint            []Silence             `json:"lint,omitempty" jsonschema:"findings of rules check that are accepted, each with its reason"`
	Tests           []Test                `json:"tests,omitempty"`
}

// Correlation joins matches into hits. The words are those of the Sigma correlation specification, where it has them.
type Correlation struct {
	Type      string     `json:"type" jsonschema:"event_count, value_count, value_sum, temporal, temporal_ordered, absence, new_value or baseline; silence, gap and clock_skew watch the sources"`
	GroupBy   []string   `json:"group_by,omitempty" jsonschema:"fields of the key; actor.id unless said, event.dataset for silence, gap and clock_skew; a list fans out"`
	Timespan  string     `json:"timespan,omitempty" jsonschema:"a length of time or a parameter; for new_value the look-back; for gap how long a number is remembered"`
	Condition *Threshold `json:"condition,omitempty" jsonschema:"how many make a hit; for baseline and clock_skew fewer say nothing"`
	Field     string     `json:"field,omitempty" jsonschema:"value_count, value_sum, new_value, baseline: a field, or a lookup such as local_date(event.time); gap: the counter, event.sequence unless said"`
	Steps     []Step     `json:"steps,omitempty" jsonschema:"temporal, temporal_ordered: what must meet, each beside the rule's when"`
	Where     string     `json:"where,omitempty" jsonschema:"temporal, temporal_ordered: which events belong together: view.object.id == send.object.id"`
	Absence   *Absence   `json:"absence,omitempty" jsonschema:"absence: the link that is missing"`
	History   string     `json:"min_history,omitempty" jsonschema:"new_value: for how long the key must have been known"`
	Baseline  *Baseline  `json:"baseline,omitempty" jsonschema:"baseline: what is usual"`
	Grace     string     `json:"grace,omitempty" jsonschema:"gap: how far times and numbers may be out of step"`
	Tolerance string     `json:"tolerance,omitempty" jsonschema:"clock_skew: a length of time that is no skew yet"`
}

// Baseline says what a measure is compared with. All statistics are medians of whole numbers.
type Baseline struct {
	Measure    string     `json:"measure,omitempty" jsonschema:"event_count (unless said) or value_count, which needs field"`
	Every      string     `json:"every" jsonschema:"what is counted together: 1d for local days, 1h, 8h"`
	History    string     `json:"history,omitempty" jsonschema:"compare with this key's own past: so far back"`
	Least      string     `json:"least,omitempty" jsonschema:"of it, so many periods with events must be there; 10 unless said"`
	Rhythm     StringList `json:"rhythm,omitempty" jsonschema:"compare only with the same day_of_week, the same hour_of_day, or both"`
	Peers      string     `json:"peers,omitempty" jsonschema:"compare with the others that have the same: actor.role, actor.team"`
	LeastPeers string     `json:"least_peers,omitempty" jsonschema:"so many others must have been active in the same period; 5 unless said"`
	Above      string     `json:"above" jsonschema:"by how many spreads it must exceed the median; a spread is the median absolute deviation, at least the root of the median and 1"`
}

// Step is one of several conditions that must meet.
type Step struct {
	Name string `json:"name"`
	When string `json:"when"`
}

// Absence says which event would account for a match, and how far from it that may be.
type Absence struct {
	Link   string `json:"link" jsonschema:"the condition of the link, an event of the same group key"`
	Before string `json:"before,omitempty" jsonschema:"a length of time or a parameter"`
	After  string `json:"after,omitempty" jsonschema:"a length of time or a parameter; the alert waits for it"`
}

// Threshold is one comparison with a number or a parameter, or a lower and an upper one.
type Threshold struct {
	GTE string `json:"gte,omitempty"`
	GT  string `json:"gt,omitempty"`
	LTE string `json:"lte,omitempty" jsonschema:"event_count, value_count; alone or beside gte or gt; waits until nothing more can come"`
	LT  string `json:"lt,omitempty"`
	EQ  string `json:"eq,omitempty"`
}

// Silence accepts one lint of a rule, with the reason why it may stand.
type Silence struct {
	Silence string `json:"silence" jsonschema:"the code of the finding: PRB007"`
	Reason  string `json:"reason"`
	At      string `json:"at,omitempty" jsonschema:"only the finding there: exceptions.0, facts.1.when, …"`
}

// Exception suppresses matches until it expires, by event time.
type Exception struct {
	When       string          `json:"when"`
	Reason     string          `json:"reason"`
	ApprovedBy string          `json:"approved_by"`
	Expires    strictyaml.Date `json:"expires"`
}

// Fact is a statement that speaks for or against misuse.
type Fact struct {
	Say    string `json:"say"`
	When   string `json:"when"`
	Speaks string `json:"speaks" jsonschema:"for or against"`
}

// AlertSpec says how hits become alerts.
type AlertSpec struct {
	Period   strictyaml.Duration `json:"period,omitempty" jsonschema:"all hits of a period are one alert; 24h unless said"`
	Summary  string              `json:"summary" jsonschema:"one plain sentence, a Go text/template over actor, event fields, count, first, last"`
	Evidence int                 `json:"evidence,omitempty" jsonschema:"how many records an alert quotes; 20 unless said"`
}

// Test is a timeline and the exact alerts that it gives.
type Test struct {
	Name       string            `json:"name"`
	Source     string            `json:"source,omitempty" jsonschema:"the format that reads lines: niche, pnc, storm, crime, m365"`
	Lines      []string          `json:"lines,omitempty" jsonschema:"raw log lines"`
	Events     []map[string]any  `json:"events,omitempty" jsonschema:"event fields by name; event.time is needed; repeat and every make a burst"`
	Tables     map[string]string `json:"tables,omitempty" jsonschema:"table name to CSV"`
	Until      strictyaml.Date   `json:"until,omitempty" jsonschema:"nothing before this instant is missing any more; unless said, that is true of all time: a source that says no more has then fallen silent"`
	Alerts     []ExpectedAlert   `json:"alerts" jsonschema:"exactly these; [] for a near miss"`
	Undecided  int               `json:"undecided,omitempty" jsonschema:"matches that wait for newer tables"`
	Suppressed int               `json:"suppressed,omitempty" jsonschema:"matches that an exception holds back"`
}

// ExpectedAlert is what a test expects of an alert; keys left out are not compared.
type ExpectedAlert struct {
	Group    map[string]string `json:"group" jsonschema:"all fields of the group key with their values; may be left out"`
	Count    int               `json:"count,omitempty"`
	First    strictyaml.Date   `json:"first,omitempty"`
	Last     strictyaml.Date   `json:"last,omitempty"`
	Summary  string            `json:"summary,omitempty"`
	Evidence []int             `json:"evidence,omitempty" jsonschema:"which events of the timeline, from 1, are quoted"`
}

// StringList is written as one text or as a list.
type StringList []string

// FromScalar reads the short form.
func (l *StringList) FromScalar(text string) error { *l = StringList{text}; return nil }
