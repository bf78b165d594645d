package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"probity/internal/alert"
	"probity/internal/neutral"
)

// Row is what the list of a folder tells of one alert. It stands in the first line of the alert's page, so that the list can be
// made of the pages alone.
type Row struct {
	ID       string `json:"id"`
	Revision int    `json:"revision"`
	Status   string `json:"status"`
	Severity string `json:"severity"`
	Title    string `json:"title"`
	Who      string `json:"who"`
	Last     string `json:"last"`
	At       int64  `json:"at"` // Last, in ns since 1970
	Marking  string `json:"marking"`
	Told     string `json:"told,omitempty"` // what was known beside the revision, so that a change of it is noticed
}

// Index is the list of a folder.
type Index struct {
	Marking string
	Rows    []Row
}

// RowOf makes the row of a revision.
func RowOf(a *alert.Alert, zone *time.Location) Row {
	_, who := subject(a)
	return Row{ID: show(a.ID), Revision: a.Revision, Status: show(string(a.Status)), Severity: show(string(a.Rule.Severity)), Title: neutral.Header(a.Rule.Title, longest),
		Who: neutral.Header(who, longest), Last: a.Last.In(zone).Format("Mon 2 Jan 2006, 15:04 MST"), At: a.Last.UnixNano(), Marking: marking(a)}
}

const longest = 300 // runes of a text in a row

const rowPrefix, rowSuffix = "<!-- probity.page/1 ", " -->\n"

// Line returns the row as the first line of a page: a comment. JSON writes < and > as escapes, so that nothing ends it early.
func (r Row) Line() ([]byte, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("the row of page %s: %w", r.ID, err)
	}
	return append(append([]byte(rowPrefix), b...), rowSuffix...), nil
}

// MaxLineBytes is how much of a page's beginning ReadRow needs, at most.
const MaxLineBytes = 16 << 10

// ReadRow reads the row from the beginning of a page. What is no page of ours has none. Everything in it is neutralised again:
// a file in the folder is not believed to be what we wrote.
func ReadRow(head []byte) (Row, bool) {
	line, _, found := bytes.Cut(head, []byte("\n"))
	text, isPage := bytes.CutPrefix(line, []byte(rowPrefix))
	text, ends := bytes.CutSuffix(text, []byte(strings.TrimSuffix(rowSuffix, "\n")))
	var r Row
	if !found || !isPage || !ends || json.Unmarshal(text, &r) != nil || r.ID == "" || r.Revision < 0 {
		return Row{}, false
	}
	for _, s := range []*string{&r.ID, &r.Status, &r.Severity, &r.Title, &r.Who, &r.Last, &r.Marking, &r.Told} {
		*s = show(*s)
	}
	return r, true
}

// NewIndex orders rows for the list, the newest first. It carries the highest of their markings.
func NewIndex(rows []Row) Index {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b Row) int {
		if a.At != b.At {
			return int(min(max(b.At-a.At, -1), 1))
		}
		return strings.Compare(a.ID, b.ID)
	})
	x := Index{Rows: rows}
	for _, r := range rows {
		if x.Marking == "" || Rank(r.Marking) > Rank(x.Marking) {
			x.Marking = r.Marking
		}
	}
	if x.Marking == "" {
		x.Marking = "NO MARKING"
	}
	return x
}
