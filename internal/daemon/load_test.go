package daemon

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"probity/internal/alert"
)

var (
	reloads     = flag.Int("reloads", 500, "reloads in the test of reloads under load")
	reloadsSeed = flag.Uint64("reloads.seed", uint64(time.Now().UnixNano()), "seed of the test of reloads under load")
)

// eventsPerReload are written while each reload is under way.
const eventsPerReload = 4

const underLoadConfig = `state_dir: state
identity_key_file: identity.key
sources:
  - {name: log, format: "file:plain.yaml", paths: [logs/plain.log]}
tables:
  people: {path: current/people.csv, max_age: 30d, miss: no}
rules: {paths: [current/rules]}
sinks:
  - {name: file, type: file, path: alerts.jsonl}
web: {listen_address: "127.0.0.1:0"}
pipeline: {idle_after: 24h}
`

const underLoadFormat = `name: plain
description: the log of the test
dataset: plain
framing: lines
decoder: logfmt
time: {from: ts, layouts: [rfc3339]}
map: {user.name: user, event.action: verb, object.id: object}
`

// underLoad is a site whose rules and table stand in one folder, that a symbolic link names, and are swapped together. Each set
// has a number, which two rules and the table carry: whatever is judged by a mixture carries two.
type underLoad struct {
	*site
	rng  *rand.Rand
	set  int  // the number in force
	next int  // the next folder's
	more bool // the set in force has a further rule
}

func newUnderLoad(t *testing.T, rng *rand.Rand) *underLoad {
	s := &underLoad{site: &site{t: t, dir: t.TempDir(), log: &syncBuffer{}}, rng: rng}
	s.write("identity.key", strings.Repeat("k", alert.IdentityKeyBytes))
	s.write("plain.yaml", underLoadFormat)
	s.write("probity.yaml", underLoadConfig)
	s.write("logs/plain.log", "")
	s.good()
	return s
}

func loadRule(id, title, correlation string) string {
	return fmt.Sprintf(`id: %s
version: 1
title: %s
severity: medium
description: Of the test.
owner: ITSO
review_by: 2027-06-01
proportionality: Needed for the test.
when: event.action == "view"
correlation: %s
alert: {summary: '{{ .count }} of set %s', evidence: 1}
response: None.
`, id, title, correlation, title)
}

// folder makes the next set's folder and returns its name.
func (s *underLoad) folder() string {
	s.next++
	name := fmt.Sprint("sets/", s.next)
	number := fmt.Sprint("set ", s.next)
	each := "{type: event_count, group_by: [actor.id, object.id], timespan: 1s, condition: {gte: 1}}"
	s.write(name+"/rules/left.yaml", loadRule("left", number, each))
	s.write(name+"/rules/below/right.yaml", loadRule("right", number, each))
	s.write(name+"/rules/turning.yaml", loadRule("turning", number, fmt.Sprintf("{type: event_count, timespan: 1d, condition: {gte: %d}}", 1+s.rng.IntN(9))))
	s.write(name+"/rules/steady.yaml", loadRule("steady", "Steady", fmt.Sprintf("{type: event_count, timespan: 1d, condition: {gte: %d}}", *reloads*eventsPerReload)))
	s.write(name+"/people.csv", "# exported_at=2026-03-02T00:00:00Z\nstaff_id,accounts,surname,forenames,dob,collar,role,team,station,address_id,postcode,employment,status,start_date,end_date,vetting_expiry,manager_id\n"+
		"S1,plain:u1,Quill,Mara,1990-01-01,4821,cid,"+number+",LLA,A1,QX1 1AA,officer,active,2020-01-01,,,\n")
	return name
}

// swap makes the link name another folder, as a deployment does.
func (s *underLoad) swap(folder string) {
	s.t.Helper()
	if err := os.Symlink(folder, s.path("link.new")); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(s.path("link.new"), s.path("current")); err != nil {
		s.t.Fatal(err)
	}
}

// good puts a whole new set there.
func (s *underLoad) good() {
	folder := s.folder()
	s.more = s.rng.IntN(2) == 0
	if s.more {
		s.write(folder+"/rules/more.yaml", loadRule("more", "More", "{type: event_count, timespan: 1h, condition: {gte: 5}}"))
	}
	s.swap(folder)
	s.set = s.next
}

// renamedIn renames a further rule into the folder in force.
func (s *underLoad) renamedIn() {
	id := fmt.Sprint("further_", s.rng.IntN(1_000_000))
	s.write(fmt.Sprintf("current/rules/below/%s.yaml", id), loadRule(id, "Further", "{type: event_count, timespan: 1h, condition: {gte: 3}}"))
}

// broken makes what is there unfit, in one of many ways, and returns what the refusal must say.
func (s *underLoad) broken() (want string) {
	text := loadRule("spoilt", "Spoilt", "{type: event_count, timespan: 1h, condition: {gte: 3}}")
	file := "current/rules/spoilt.yaml"
	inPlace := func(text string) string {
		if err := os.WriteFile(s.path(file), []byte(text), 0o600); err != nil {
			s.t.Fatal(err)
		}
		return "spoilt.yaml"
	}
	switch s.rng.IntN(7) {
	case 0:
		return inPlace("id: [spoilt\n")
	case 1:
		return inPlace(strings.Replace(text, "gte: 3", "gte: many", 1))
	case 2:
		return inPlace(text[:len(text)/2]) // half written
	case 3:
		return inPlace("")
	case 4:
		return inPlace(strings.Replace(text, `event.action == "view"`, `event.action > 7`, 1))
	case 5: // a whole new set, and its table is half written
		folder := s.folder()
		people := s.read(folder + "/people.csv")
		s.write(folder+"/people.csv", people[:len(people)-20])
		s.swap(folder)
		return "people.csv"
	default: // a whole new set, and one of its rules is not
		folder := s.folder()
		s.write(folder+"/rules/left.yaml", strings.Replace(s.read(folder+"/rules/left.yaml"), "owner:", "ownr:", 1))
		s.swap(folder)
		return "left.yaml"
	}
}

// feed writes the events that it is allowed to.
func (s *underLoad) feed(allowed <-chan int) {
	f, err := os.OpenFile(s.path("logs/plain.log"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		s.t.Error(err)
		return
	}
	defer f.Close()
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	n := 0
	for more := range allowed {
		for range more {
			n++
			if _, err := fmt.Fprintf(f, "ts=%s user=u1 verb=view object=o%d\n", at.Add(time.Duration(n)*time.Second).Format(time.RFC3339), n); err != nil {
				s.t.Error(err)
			}
		}
	}
}

// reloadOnce changes the files in some way, asks for a reload, and demands the answer that the change deserves.
func (s *underLoad) reloadOnce(d *Daemon, before string, spoilt *bool) (after string) {
	s.t.Helper()
	want := ""
	switch n := s.rng.IntN(10); {
	case *spoilt || n < 5:
		s.good()
		*spoilt = false
	case n < 6:
		s.renamedIn()
	default:
		want, *spoilt = s.broken(), true
	}
	status, body := s.get(d, "POST", "/-/reload")
	r := s.inForce(d)
	if want == "" {
		if status != http.StatusOK || r.Generation == before || !strings.Contains(body, r.Generation) || !r.Reload.Successful {
			s.t.Fatalf("a good set: status %d: %s\n%+v", status, body, r)
		}
		return r.Generation
	}
	_, metrics := s.get(d, "GET", "/metrics")
	switch {
	case status != http.StatusInternalServerError || !strings.Contains(body, want):
		s.t.Fatalf("a set with a bad %s: status %d: %s", want, status, body)
	case r.Generation != before || r.Reload.Successful || !strings.Contains(strings.Join(r.Reload.Problems, "\n"), want):
		s.t.Fatalf("a set with a bad %s: /readyz says %+v", want, r)
	case !strings.Contains(metrics, "probity_config_last_reload_successful 0"):
		s.t.Fatalf("a set with a bad %s: the metric does not say so", want)
	}
	return r.Generation
}

func TestReloadsUnderLoadMixNothingAndLoseNothing(t *testing.T) {
	t.Parallel()
	s := newUnderLoad(t, rand.New(rand.NewPCG(*reloadsSeed, 0)))
	t.Logf("to do it again: -reloads %d -reloads.seed %d", *reloads, *reloadsSeed)
	logger, err := (Log{}).NewLogger(s.log)
	if err != nil {
		t.Fatal(err)
	}
	d, stop := s.start(Options{Logger: logger})
	allowed, fed := make(chan int), make(chan struct{})
	go func() { defer close(fed); s.feed(allowed) }()
	defer func() { <-fed }()
	closed := false
	defer func() {
		if !closed {
			close(allowed)
		}
	}()
	spoilt, generation := false, s.inForce(d).Generation
	for range *reloads {
		allowed <- eventsPerReload
		generation = s.reloadOnce(d, generation, &spoilt)
	}
	if spoilt {
		s.good()
	}
	close(allowed)
	closed = true
	<-fed
	s.drain(d)
	stop()
	s.unmixed()
	refused := strings.Count(s.log.String(), `"reload refused`)
	inForce := strings.Count(s.log.String(), `"generation in force"`)
	if refused < *reloads/5 || inForce < *reloads/3 {
		t.Errorf("a poor test, or a silent log: %d refusals and %d generations in force are logged", refused, inForce)
	}
	t.Logf("%d generations came into force, %d reloads were refused", inForce, refused)
	repeated := s.mustRepeat(ReplayOptions{Logger: zap.NewNop()})
	t.Logf("repeated: %d alerts stand here, %d in the state folder", repeated.Here, repeated.InState)
}

// unmixed demands two alerts an event that agree on their set, and the counts of the rules that did not change.
func (s *underLoad) unmixed() {
	s.t.Helper()
	total := *reloads * eventsPerReload
	type judgedBy struct{ Generation, Rule, Team string }
	left, right, sets := map[string]judgedBy{}, map[string]judgedBy{}, map[string]bool{}
	counts := map[string]int{}
	for line := range strings.Lines(s.read("alerts.jsonl")) {
		var a alert.Alert
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			s.t.Fatal(err)
		}
		by := judgedBy{a.Generation, a.Rule.Title, ""}
		if a.Person != nil {
			by.Team = a.Person.Team
		}
		switch a.Rule.ID {
		case "left":
			left[a.Group[1].Value] = by
			sets[by.Generation] = true
		case "right":
			right[a.Group[1].Value] = by
		case "steady", "turning":
			counts[a.Rule.ID] = a.Count
		}
		if by.Team != by.Rule && (a.Rule.ID == "left" || a.Rule.ID == "right") {
			s.t.Fatalf("an event was judged by a rule of %q and a table of %q", by.Rule, by.Team)
		}
	}
	if diff := cmp.Diff(left, right); diff != "" {
		s.t.Errorf("an event's two alerts are of two sets:\n%.2000s", diff)
	}
	if len(left) != total || len(sets) < min(10, *reloads/5) { // how many depends on the machine: reloads may be faster than reading
		s.t.Errorf("%d of %d events have an alert, under %d generations", len(left), total, len(sets))
	}
	if diff := cmp.Diff(map[string]int{"steady": total, "turning": total}, counts); diff != "" {
		s.t.Errorf("state was lost (-want +got):\n%s", diff)
	}
}
