package ruletest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"probity/internal/strictyaml"
	"probity/internal/table"
)

// columns are those of each table, so that a test may leave out what it does not need. Package table refuses a table that
// lacks one, which keeps this list in step.
func columns(name string) []string {
	return strings.Split(map[string]string{
		table.People:       "staff_id,accounts,surname,forenames,dob,collar,role,team,station,address_id,postcode,employment,status,start_date,end_date,vetting_expiry,manager_id",
		table.Roster:       "staff_id,from,to,duty",
		table.Vehicles:     "vrm,staff_id",
		table.Associations: "staff_id,record_ref,relationship,declared_on",
		table.Nominals:     "record_ref,surname,forenames,dob,address_id",
		table.Assignments:  "purpose_ref,staff_id,role,from,to",
		table.Links:        "record_ref,purpose_ref,from,to",
		table.Sensitive:    "record_ref,label,allowed_roles,expires",
		table.Honeytokens:  "record_ref,planted_on",
	}[name], ",")
}

const (
	missLine = "# miss="
	margin   = 24 * time.Hour // that a supplied header covers beyond the timeline
	ageless  = 100 * 365 * 24 * time.Hour
)

// draftTable is a test's table before it is parsed: lines, the comments apart.
type draftTable struct {
	name     string
	comments []string
	header   []string
	rows     []string
	config   table.Config
}

// tables parses the test's tables, accounts added to people, for a timeline from first to last.
func (c *testCase) tables(accounts []account, first, last time.Time) []*table.Table {
	var out []*table.Table
	given := c.test.Tables
	for _, name := range table.Names() {
		text, ok := given[name]
		if !ok && (name != table.People || len(accounts) == 0) {
			continue
		}
		d := c.draftTable(name, text)
		if name == table.People {
			d.addAccounts(accounts)
		}
		t, err := table.Parse(name, d.config, c.file.Name, []byte(d.source(first, last)))
		if err != nil {
			c.tableProblems(d, err)
			continue
		}
		out = append(out, t)
	}
	c.tableNames()
	return out
}

// tableNames looks at the names of the test's tables alone.
func (c *testCase) tableNames() {
	for name := range c.test.Tables {
		if !slices.Contains(table.Names(), name) {
			c.problem("tables."+name, fmt.Sprintf("unknown table %q", name), "the tables are "+strings.Join(table.Names(), ", "))
		}
	}
}

func (c *testCase) draftTable(name, text string) draftTable {
	d := draftTable{name: name, config: table.Config{Miss: table.MissNo}}
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for len(lines) > 0 && strings.HasPrefix(lines[0], "#") {
		if miss, ok := strings.CutPrefix(lines[0], missLine); ok {
			d.config.Miss = strings.TrimSpace(miss)
		}
		d.comments, lines = append(d.comments, lines[0]), lines[1:]
	}
	if len(lines) == 0 || strings.TrimSpace(lines[0]) == "" {
		d.header = columns(name)
		return d
	}
	d.header, d.rows = strings.Split(lines[0], ","), lines[1:]
	for _, column := range columns(name) {
		if !slices.Contains(d.header, column) {
			d.header = append(d.header, column)
			for i := range d.rows {
				if strings.TrimSpace(d.rows[i]) != "" {
					d.rows[i] += ","
				}
			}
		}
	}
	return d
}

// source is the table's text with what was supplied. A line of its own that says when it was exported is kept, and the
// table then ages as it would in service.
func (d *draftTable) source(first, last time.Time) string {
	lines := slices.Clone(d.comments)
	if !slices.ContainsFunc(d.comments, func(s string) bool { return strings.Contains(s, "exported_at") }) {
		d.config.MaxAge = strictyaml.Duration(ageless)
		from, to := first.Add(-margin).UTC().Format(time.RFC3339), last.Add(margin).UTC().Format(time.RFC3339)
		lines = append(lines, fmt.Sprintf("# exported_at=%s covers=%s/%s", last.UTC().Format(time.RFC3339), from, to))
	}
	lines = append(lines, strings.Join(d.header, ","))
	return strings.Join(append(lines, d.rows...), "\n") + "\n"
}

// systems are those of which a person of a timeline has an account, whichever its events use.
func systems() []string { return []string{"niche", "pnc", "storm", "crime", "m365"} }

// addAccounts gives persons of the timeline the accounts that its events use, and one of the same name in every system: what
// a person does elsewhere is known to be theirs unless a test says otherwise.
func (d *draftTable) addAccounts(accounts []account) {
	id, held := slices.Index(d.header, "staff_id"), slices.Index(d.header, "accounts")
	for _, a := range accounts {
		i := slices.IndexFunc(d.rows, func(row string) bool {
			cells := strings.Split(row, ",")
			return id < len(cells) && strings.EqualFold(strings.TrimSpace(cells[id]), a.staff)
		})
		if i < 0 {
			cells := make([]string, len(d.header))
			cells[id] = a.staff
			d.rows, i = append(d.rows, strings.Join(cells, ",")), len(d.rows)
		}
		cells := strings.Split(d.rows[i], ",")
		if len(cells) != len(d.header) {
			continue // quoted or broken; package table says which
		}
		for _, dataset := range append(systems(), a.dataset) {
			if entry := dataset + ":" + a.name; !slices.Contains(strings.Split(cells[held], ";"), entry) {
				cells[held] = strings.TrimPrefix(cells[held]+";"+entry, ";")
			}
		}
		d.rows[i] = strings.Join(cells, ",")
	}
}

// tableProblems places the problems of a table's text in the rule's file.
func (c *testCase) tableProblems(d draftTable, err error) {
	path := c.path + ".tables." + d.name
	var ps strictyaml.Problems
	if !errors.As(err, &ps) {
		c.problem("tables."+d.name, err.Error(), "")
		return
	}
	supplied := 0
	if d.config.MaxAge == strictyaml.Duration(ageless) {
		supplied = 1 // a line that is not in the file
	}
	for _, p := range ps {
		at := c.doc.Within(path, max(p.Line-supplied, 1), max(p.Column, 1))
		p.Line, p.Column, p.What = at.Line, at.Column, "table "+d.name+": "+p.What
		c.problems = append(c.problems, p)
	}
}
