//go:build prometheus

package dashboard

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var screenshot = flag.String("screenshot", "", "have Chromium write a picture of Prometheus's page here")

// slices in which the logs grow; Prometheus scrapes between two of them.
const growths = 8

// emptyInDemo are queries, as uid, title and letter, that may have no answer on the demo's force, with the reason.
var emptyInDemo = map[string]string{
	`probity-pipeline, "Horizons" A`: "memory was never short",
	`probity-pipeline, "Errors" A`:   "nothing was wrong with what was received",
	`probity-rules, "Suppressed" A`:  "no exception held anything back",
}

// quietInDemo are rules that answer nothing on the demo's force, with the reason. Alerts are not among them: they are to be quiet.
var quietInDemo = map[string]string{}

// alertsInDemo are the alerts that the demo's force deserves.
var alertsInDemo = map[string]string{
	"ProbityTableStale":           "the simulated force exported its tables in its own time, long ago",
	"ProbityOutboxStuck":          "a sink is given that nobody answers",
	"ProbitySinkDown":             "a sink is given that nobody answers",
	"ProbityRecordsRejected":      "a line that is no record is written",
	"ProbityBytesLost":            "a log is cut",
	"ProbityCriticalAlertWaiting": "nobody is at work",
	"ProbityAlertBudgetExceeded":  "the budget is small",
	"ProbityStateDiskFull":        "that is up to the machine that tests",
	"ProbityCommitSlow":           "that is up to the machine that tests",
	"ProbityEventsLate":           "three days in ten seconds",
}

func TestLiveEveryQueryAndRuleHasAnAnswerFromARealPrometheus(t *testing.T) {
	l := newLive(t)
	l.grow()
	l.triage()
	l.until("every rule is evaluated", l.unevaluated)
	l.settled = time.Now()
	t.Run("every panel", l.panels)
	t.Run("every variable", l.variables)
	t.Run("every rule", l.rules)
	t.Run("every metric", l.names)
	if *screenshot != "" {
		l.picture(*screenshot)
	}
}

// grow writes the force's logs slice by slice, each after the one before was scraped, with a line that is no record in the
// first, and cuts a log at the end.
func (l *live) grow() {
	files, err := filepath.Glob(l.in("whole/*"))
	l.must(err)
	lines := map[string][]string{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		l.must(err)
		lines[filepath.Base(f)] = slices.Collect(strings.Lines(string(b)))
	}
	for n := range growths {
		for _, f := range files {
			name := filepath.Base(f)
			all := lines[name]
			part := strings.Join(all[n*len(all)/growths:(n+1)*len(all)/growths], "")
			if n == 0 && name == "crime.log" {
				part += "this is no record\n"
			}
			l.write(name, part)
		}
		l.until("the logs are scraped", l.unread)
	}
	l.must(os.Truncate(l.in("logs/pnc.log"), 0))
	l.until("the loss is scraped", func() string {
		if l.number("probity_gaps_total") > 0 {
			return ""
		}
		return "no gap"
	})
}

// write appends to a log, or sends what is received.
func (l *live) write(name, part string) {
	l.written += int64(len(part))
	if name == "storm.log" {
		if l.storm == nil {
			var err error
			l.storm, err = net.Dial("tcp", l.syslog)
			l.must(err)
			l.t.Cleanup(func() { l.storm.Close() })
		}
		_, err := l.storm.Write([]byte(part))
		l.must(err)
		return
	}
	f, err := os.OpenFile(l.in("logs/"+name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	l.must(err)
	_, err = f.WriteString(part)
	l.must(err)
	l.must(f.Close())
}

func (l *live) unread() string {
	if got := l.number("probity_bytes_total"); got < float64(l.written) {
		return fmt.Sprintf("%.0f of %d bytes", got, l.written)
	}
	return ""
}

// triage closes some alerts, one as misuse.
func (l *live) triage() {
	var list struct {
		Alerts []struct{ ID string }
	}
	l.must(json.Unmarshal([]byte(l.run(l.probity, "alerts", "list", "-c", l.in("probity.yaml"), "--output", "json")), &list))
	if len(list.Alerts) < 10 {
		l.t.Fatalf("the demo's force raised %d alerts", len(list.Alerts))
	}
	for i, a := range list.Alerts[:5] {
		outcome := "policing-purpose"
		if i == 0 {
			outcome = "misuse"
		}
		l.run(l.probity, "alerts", "close", a.ID, "-c", l.in("probity.yaml"), "--outcome", outcome, "--note", "a test")
	}
	l.until("the closings are scraped", func() string {
		if n := l.number("probity_alert_dispositions_total"); n < 5 {
			return fmt.Sprint(n, " closings")
		}
		return ""
	})
}

// asShown is a query with the values that Grafana would fill in.
var asShown = strings.NewReplacer("$__rate_interval", "5m", "$__interval", "30s", "$__range", "5m",
	"$instance", ".*", "$source", ".*", "$sink", ".*", "$table", ".*", "$rule", ".*", "$severity", ".*", "$dataset", ".*")

func (l *live) panels(t *testing.T) {
	panels, where := shown()
	queries, asked := 0, map[string]bool{}
	for _, p := range panels {
		for _, q := range p.Targets {
			queries++
			name := where[p] + " " + q.RefID
			asked[name] = true
			got, err := l.query(asShown.Replace(q.Expr), l.settled, q.Range)
			switch {
			case err != nil:
				t.Errorf("%s: %v\n%s", name, err, q.Expr)
			case len(got) == 0 && emptyInDemo[name] == "":
				t.Errorf("%s has no answer:\n%s", name, q.Expr)
			case len(got) == 0:
				t.Logf("empty: %s: %s", name, emptyInDemo[name])
			}
		}
	}
	for name := range emptyInDemo {
		if !asked[name] {
			t.Errorf("%s is no query, and may be empty", name)
		}
	}
	t.Logf("%d panels, %d queries", len(panels), queries)
}

func (l *live) variables(t *testing.T) {
	for _, d := range All() {
		for _, v := range d.Templating.List {
			if v.Type != "query" {
				continue
			}
			text := v.Query.(map[string]any)["query"].(string)
			var metric, label string
			if _, err := fmt.Sscanf(strings.TrimSuffix(text, ")"), "label_values(%s %s", &metric, &label); err != nil {
				t.Fatal(text, err)
			}
			var values []string
			err := l.get("label/"+label+"/values", url.Values{"match[]": {strings.TrimSuffix(metric, ",")}}, &values)
			if err != nil || len(values) == 0 {
				t.Errorf("%s: $%s has no values: %v", d.UID, v.Name, err)
			}
		}
	}
}

// evaluated are Prometheus's rules as it sees them.
type evaluated struct {
	Groups []struct {
		Name  string
		Rules []struct {
			Name, Type, Health, LastError, Query, State string
			LastEvaluation                              time.Time
		}
	}
}

func (l *live) evaluated() (e evaluated) {
	l.must(l.get("rules", nil, &e))
	return e
}

// unevaluated says which rule has not been evaluated since the logs were read.
func (l *live) unevaluated() string {
	if l.settled.IsZero() {
		l.settled = time.Now()
	}
	for _, g := range l.evaluated().Groups {
		for _, r := range g.Rules {
			if r.LastEvaluation.Before(l.settled.Add(2 * time.Second)) {
				return r.Name
			}
		}
	}
	return ""
}

func (l *live) rules(t *testing.T) {
	n := 0
	for _, g := range l.evaluated().Groups {
		for _, r := range g.Rules {
			n++
			got, err := l.query(r.Query, l.settled, false)
			if err != nil || r.Health != "ok" || r.LastError != "" {
				t.Errorf("%s: %s %s %v", r.Name, r.Health, r.LastError, err)
			}
			if why := quietInDemo[r.Name]; r.Type == "recording" && (len(got) == 0) != (why != "") {
				t.Errorf("%s answers %d series; it may answer none because: %q", r.Name, len(got), why)
			}
			if r.Type == "alerting" && r.State != "inactive" && alertsInDemo[r.Name] == "" {
				t.Errorf("%s is %s, and the demo's force is well: %s", r.Name, r.State, r.Query)
			}
		}
	}
	if want := len(rulesOf(t)); n != want {
		t.Errorf("Prometheus has %d rules, the files %d", n, want)
	}
	for _, name := range []string{"ProbityBytesLost", "ProbitySinkDown"} {
		if l.number(`ALERTS{alertname="`+name+`"}`) < 1 {
			t.Errorf("%s is neither pending nor firing, and it should be", name)
		}
	}
}

// absentInDemo are metrics that the daemon tells only when something happens that does not happen here.
var absentInDemo = map[string]string{
	"probity_rule_horizon_timestamp_seconds": "memory was never short",
	"probity_rules_approved":                 "nobody has to sign the rules of the demo",
}

func (l *live) names(t *testing.T) {
	var names []string
	l.must(l.get("label/__name__/values", url.Values{"match[]": {`{job="probity"}`}}, &names))
	used, have := map[string]bool{}, map[string]bool{}
	for _, a := range everything(t) {
		used[a.metric] = true
	}
	for _, n := range names {
		if h := ofHistogram.FindStringSubmatch(n); h != nil {
			n = h[1]
		}
		have[n] = true
		if strings.HasPrefix(n, "probity_") && !used[n] && unused[n] == "" {
			t.Errorf("%s is exported, and no dashboard or rule asks it", n)
		}
	}
	for n := range used {
		if why := absentInDemo[n]; have[n] == (why != "") {
			t.Errorf("%s is asked; exported: %v; may be absent because: %q", n, have[n], why)
		}
	}
}

// picture has Chromium open Prometheus's own page with what the demo's force did.
func (l *live) picture(file string) {
	q := url.Values{}
	for i, expr := range []string{`sum by (source) (rate(probity_records_total[5s]))`, `sum by (severity) (probity_alerts_total)`} {
		for k, v := range map[string]string{"expr": expr, "tab": "0", "range_input": "40s"} {
			q.Set(fmt.Sprintf("g%d.%s", i, k), v)
		}
	}
	browser := tool(l.t, "chromium")
	cmd := exec.CommandContext(l.t.Context(), browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1280,1640",
		"--virtual-time-budget=15000", "--user-data-dir="+l.in("chromium"), "--screenshot="+file, "http://"+l.prometheus+"/graph?"+q.Encode())
	if out, err := cmd.CombinedOutput(); err != nil {
		l.t.Errorf("chromium: %v\n%s", err, out)
	}
}
