package demo

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"probity/internal/alert"
	"probity/internal/coverage"
	"probity/internal/daemon"
	"probity/internal/rule"
	"probity/internal/sim"
	"probity/internal/table"
)

// Unknown never accuses, held by a whole force: whatever table is taken away, and whatever column of one is emptied, no alert
// comes that the full tables do not give, and no alert counts more. Thresholds are lowered, so that a small force has matches
// of many rules to go wrong.

// eager lowers what a hit needs.
var eager = map[string]string{
	"bulk_print_export":           "{limit: 2}",
	"crowd_on_record":             "{people: 2}",
	"dormant_account_revival":     "{rest: 2d}",
	"neighbour_surname_score":     "{rare: 1000}",
	"offduty_or_absent_access":    "{limit: 1}",
	"pnc_originator_defective":    "{limit: 1}",
	"repeat_subject_unassigned":   "{days: 2}",
	"search_volume_outlier":       "{fewest: 4, worked: 2, colleagues: 2, above: 1}",
	"victim_return_after_closure": "{days: 1, grace_seconds: 3600}",
	"vulnerable_person_trawl":     "{people: 1}",
	"removable_media_copy":        "{limit: 2}",
	"mass_download":               "{limit: 3}",
	"restricted_denied_burst":     "{limit: 2}",
}

func eagerRules(t *testing.T) []rule.File {
	t.Helper()
	files, err := daemon.BuiltinRules()
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range slices.Sorted(maps.Keys(eager)) {
		files = append(files, rule.File{Name: id + "_eager.yaml", Data: fmt.Appendf(nil, "overlay: %s\nreason: a test\nparams: %s\n", id, eager[id])})
	}
	return files
}

// ofAlerts counts other rules' alerts: it is silent where they are.
const ofAlerts = "person_risk_score"

// bench is a simulated force whose logs are judged again and again with other tables.
type bench struct {
	t      *testing.T
	folder *folder
	rules  []rule.File
	people map[string]string // account of a system → person
}

func newBench(t *testing.T, o sim.Options) *bench {
	t.Helper()
	force, err := sim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	f, err := newFolder(t.TempDir(), force, o.Days)
	if err != nil {
		t.Fatal(err)
	}
	if err := force.Write(f.path); err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, folder: f, rules: eagerRules(t), people: map[string]string{}}
	header, rows := b.read(table.People)
	for _, row := range rows {
		for entry := range strings.SplitSeq(row[slices.Index(header, "accounts")], ";") {
			b.people[strings.ToLower(entry)] = row[0]
		}
		// whoever is named by a collar number is resolved to nobody when that is gone
		b.people["pnc:"+row[slices.Index(header, "collar")]] = row[0]
	}
	return b
}

// read returns the header and the rows of a table.
func (b *bench) read(name string) (header []string, rows [][]string) {
	b.t.Helper()
	data, err := os.ReadFile(filepath.Join(b.folder.tables(), name+".csv"))
	if err != nil {
		b.t.Fatal(err)
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.Comment = '#'
	all, err := r.ReadAll()
	if err != nil {
		b.t.Fatal(err)
	}
	return all[0], all[1:]
}

// told is what the alerts of a replay say, and how many matches waited.
type told struct {
	counts map[string]int // by rule, group and period: how many events
	by     map[string]int // alerts by rule
	held   map[string]int // undecided matches by rule
}

// judge replays the logs with the configuration as change leaves it. Accounts that stand for themselves count as their
// person, since it is the same alert about the same deeds.
func (b *bench) judge(change func(*daemon.Config)) told {
	b.t.Helper()
	c, err := b.folder.load()
	if err != nil {
		b.t.Fatal(err)
	}
	change(c)
	out := told{map[string]int{}, map[string]int{}, map[string]int{}}
	sum, err := daemon.Replay(context.Background(), daemon.ReplayOptions{Config: c, Rules: b.rules, Until: b.end()}, func(a *alert.Alert) error {
		if a.Status == alert.Withdrawn {
			return nil
		}
		key := a.Rule.ID
		for _, g := range a.Group {
			value := g.Value
			if who, ok := b.people[strings.ToLower(value)]; ok && g.Field == "actor.id" {
				value = who
			}
			key += " " + g.Field + "=" + value
		}
		key += " " + a.Period.Start.UTC().Format("2006-01-02T15")
		out.counts[key] += a.Count
		out.by[a.Rule.ID]++
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	out.held = sum.Undecided
	return out
}

// end is an instant after everything that the rules wait for.
func (b *bench) end() time.Time { return time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC) }

// without takes a table away.
func without(name string) func(*daemon.Config) {
	return func(c *daemon.Config) { delete(c.Tables, name) }
}

// emptied returns a change that empties a column of a table in every row; refused reports that such a table is not read at
// all, since the column is one that no row may lack.
func (b *bench) emptied(name, column string) (change func(*daemon.Config), refused bool) {
	b.t.Helper()
	header, rows := b.read(name)
	i := slices.Index(header, column)
	for _, row := range rows {
		row[i] = ""
	}
	data, err := os.ReadFile(filepath.Join(b.folder.tables(), name+".csv"))
	if err != nil {
		b.t.Fatal(err)
	}
	stamp, _, _ := strings.Cut(string(data), "\n")
	var out bytes.Buffer
	out.WriteString(stamp + "\n")
	w := csv.NewWriter(&out)
	if err := w.WriteAll(append([][]string{header}, rows...)); err != nil {
		b.t.Fatal(err)
	}
	path := filepath.Join(b.t.TempDir(), name+".csv")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		b.t.Fatal(err)
	}
	_, err = table.Load(name, table.Config{Path: path})
	return func(c *daemon.Config) {
		tc := c.Tables[name]
		tc.Path = path
		c.Tables[name] = tc
	}, err != nil
}

// hold holds that nothing is told that the full tables do not tell, that a rule which coverage calls inactive tells nothing,
// and that one which falls silent is inactive, can work in part only, or says how many of its matches wait.
func (b *bench) hold(t *testing.T, full, less told, change func(*daemon.Config)) {
	t.Helper()
	c, err := b.folder.load()
	if err != nil {
		t.Fatal(err)
	}
	change(c)
	rules, err := c.Coverage(b.rules)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rules {
		switch id := rules[i].ID; {
		case rules[i].State == coverage.Inactive && (less.by[id] > 0 || len(rules[i].Why) == 0):
			t.Errorf("%s is called inactive (%s) and tells %d alerts", id, rules[i].Why, less.by[id])
		case full.by[id] > 0 && less.by[id] == 0 && rules[i].State == coverage.Active && less.held[id] == 0 && id != ofAlerts:
			t.Errorf("%s fell silent, and nothing says why", id)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(less.counts)) {
		if less.counts[key] > full.counts[key] {
			t.Errorf("%s: %d events, %d with all tables", key, less.counts[key], full.counts[key])
		}
	}
}

// telling are the columns that are emptied by "go test ./...": those that say who somebody is, what they may, and what is over.
// With -tags fault it is every one.
var telling = map[string][]string{
	table.People:      {"accounts", "collar", "role", "dob", "end_date"},
	table.Nominals:    {"surname", "dob"},
	table.Assignments: {"to"},
	table.Links:       {"from"},
	table.Sensitive:   {"allowed_roles"},
}

func TestATableThatIsTakenAwayMakesRulesSilentAndNeverWrong(t *testing.T) {
	b := newBench(t, sim.Options{Seed: 11, Staff: 100, Days: 6})
	full := b.judge(func(*daemon.Config) {})
	if len(full.by) < 25 {
		t.Errorf("only %d rules tell anything with all tables: %v", len(full.by), full.by)
	}
	for _, name := range table.Names() {
		t.Run("without "+name, func(t *testing.T) {
			change := without(name)
			b.hold(t, full, b.judge(change), change)
		})
		columns := telling[name]
		if everyColumn {
			columns, _ = b.read(name)
		}
		for _, column := range columns {
			t.Run(name+" without "+column, func(t *testing.T) {
				if change, refused := b.emptied(name, column); !refused { // a table that no row of is whole is not read at all
					b.hold(t, full, b.judge(change), change)
				}
			})
		}
	}
}
