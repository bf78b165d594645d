package alert

import (
	"strings"
	"time"

	"probity/internal/event"
)

// SchemaVersion names the JSON form of Alert.
const SchemaVersion = "probity.alert/1"

// Severity of a rule, in rising order.
type Severity string

// The severities.
const (
	Low      Severity = "low"
	Medium   Severity = "medium"
	High     Severity = "high"
	Critical Severity = "critical"
)

// Severities lists them in rising order.
var Severities = []Severity{Low, Medium, High, Critical}

// Status of an alert.
type Status string

// The states of an alert.
const (
	Open      Status = "open"
	Withdrawn Status = "withdrawn" // a late fact cleared it; Reason says which
)

// Alert is one revision.
type Alert struct {
	Schema     string         `json:"schema" jsonschema:"always probity.alert/1"`
	ID         string         `json:"id" jsonschema:"public id, an HMAC-SHA-256 of rule, group key and period"`
	Revision   int            `json:"revision" jsonschema:"from 1, rising by 1"`
	Status     Status         `json:"status" jsonschema:"open or withdrawn"`
	Reason     string         `json:"reason,omitempty" jsonschema:"why it was withdrawn"`
	Marking    string         `json:"marking" jsonschema:"government security classification"`
	Rule       Rule           `json:"rule"`
	Summary    string         `json:"summary" jsonschema:"one plain sentence; names persons"`
	Person     *Person        `json:"person,omitempty" jsonschema:"whom it is about, as the people table knew them at the last event; absent where the group names no person, since the hits are then those of many"`
	Group      []KeyPart      `json:"group" jsonschema:"the group key that the hits share"`
	Period     Period         `json:"period"`
	Count      int            `json:"count" jsonschema:"distinct events in the period's hit windows"`
	First      time.Time      `json:"first" jsonschema:"event time of the first of them, UTC"`
	Last       time.Time      `json:"last" jsonschema:"event time of the last of them, UTC"`
	EventIDs   []string       `json:"event_ids" jsonschema:"by time, then id; by id alone if some came late or memory was short; the first 1000"`
	Evidence   []event.Record `json:"evidence" jsonschema:"the first records by time, then id, with their exact bytes"`
	Quoted     []*event.Kept  `json:"-"` // of a revision that was just drafted, in place of Evidence: most are written and not read; see Unfold
	Facts      []Fact         `json:"facts,omitempty" jsonschema:"what speaks for and against misuse"`
	Measures   []Measure      `json:"measures,omitempty" jsonschema:"what was measured, and what is usual: of baseline, silence, gap and clock_skew"`
	Expired    []string       `json:"expired_exceptions,omitempty" jsonschema:"exceptions of the rule that had run out by then"`
	Unknowns   []string       `json:"unknowns,omitempty" jsonschema:"what could not be known, and why"`
	Tables     []Table        `json:"tables,omitempty" jsonschema:"versions of the lookup tables in force"`
	Generation string         `json:"generation" jsonschema:"hash of rules, parameters and tables in force"`
}

// Rule is what the alert says of its rule.
type Rule struct {
	ID              string              `json:"id"`
	Version         int                 `json:"version"`
	Type            string              `json:"type,omitempty" jsonschema:"how its matches become hits: single_event, or the type of its correlation"`
	Title           string              `json:"title"`
	Severity        Severity            `json:"severity"`
	Hash            string              `json:"hash" jsonschema:"SHA-256 of the rule's file; of that followed by the overlay's, if it has one"`
	Overlay         string              `json:"overlay,omitempty" jsonschema:"SHA-256 of the file by which this force changes the rule's parameters, severity or exceptions"`
	Controls        map[string][]string `json:"controls,omitempty" jsonschema:"indicators for an investigator, never findings"`
	Proportionality string              `json:"proportionality,omitempty"`
	Response        string              `json:"response,omitempty" jsonschema:"what to do next, before challenging anyone"`
	FalsePositives  []string            `json:"false_positives,omitempty"`
}

// Person is a member of staff.
type Person struct {
	ID        string `json:"id" jsonschema:"staff id"`
	Surname   string `json:"surname,omitempty" jsonschema:"surname"`
	Forenames string `json:"forenames,omitempty" jsonschema:"forenames"`
	Collar    string `json:"collar,omitempty" jsonschema:"collar number"`
	Role      string `json:"role,omitempty" jsonschema:"role"`
	Team      string `json:"team,omitempty" jsonschema:"team"`
	Station   string `json:"station,omitempty" jsonschema:"station"`
	ManagerID string `json:"manager_id,omitempty" jsonschema:"staff id of the line manager"`
}

// String names the person as a reader looks for them: Mara QUILL 4821 (S00042).
func (p *Person) String() string {
	name := strings.Join(strings.Fields(p.Forenames+" "+strings.ToUpper(p.Surname)+" "+p.Collar), " ")
	if name == "" {
		return p.ID
	}
	return name + " (" + p.ID + ")"
}

// Details is all that is known of the person, for a page or a report: pairs of a name and a text, which may be "".
func (p *Person) Details() [][2]string {
	return [][2]string{{"person", p.String()}, {"role", p.Role}, {"team", p.Team}, {"station", p.Station}, {"line manager (staff id)", p.ManagerID}}
}

// KeyPart is one field of the group key.
type KeyPart struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

// Period is [Start, End) in event time.
type Period struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// Fact says for how many of the alert's events a statement held.
type Fact struct {
	Say     string `json:"say"`
	Speaks  string `json:"speaks" jsonschema:"for or against misuse"`
	True    int    `json:"true"`
	False   int    `json:"false"`
	Unknown int    `json:"unknown"`
}

// Measure is a measure that made a hit.
type Measure struct {
	From     time.Time `json:"from" jsonschema:"baseline: of the period that was counted; silence: the last event before; gap: the event after it"`
	To       time.Time `json:"to,omitzero" jsonschema:"its end; silence: the first event after it"`
	Lasts    bool      `json:"lasts,omitempty" jsonschema:"silence: nothing has followed yet"`
	Observed int64     `json:"observed" jsonschema:"clock_skew: below 0 if the clock is ahead"`
	Unit     string    `json:"unit" jsonschema:"of observed: events, different FIELD, numbers, seconds"`
	Own      *Usual    `json:"own,omitempty" jsonschema:"what is usual for this key"`
	Peers    *Usual    `json:"peers,omitempty" jsonschema:"what was usual among the others of its group in the same period"`
	Missing  []Range   `json:"missing,omitempty" jsonschema:"gap: the numbers that were not seen"`
}

// Usual is what a measure is compared with.
type Usual struct {
	Median int64 `json:"expected" jsonschema:"the median"`
	Spread int64 `json:"spread" jsonschema:"median absolute deviation, at least the root of the median and 1"`
	Among  int   `json:"among" jsonschema:"of so many periods, or peers"`
	Above  int64 `json:"above" jsonschema:"by how many spreads the observation exceeds the median"`
}

// Range is numbers from First to Last.
type Range struct {
	First uint64 `json:"first" jsonschema:"the first number"`
	Last  uint64 `json:"last" jsonschema:"the last number"`
}

// Table is a lookup table's version.
type Table struct {
	Name       string    `json:"name"`
	ExportedAt time.Time `json:"exported_at"`
	SHA256     string    `json:"sha256"`
}

// Key is the key of one revision, which never has two bodies: ID/Revision.
func (a *Alert) Key() string { return revisionKey(a.ID, a.Revision) }
