//go:build prometheus

package dashboard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// live is the demo's force, watched by the daemon that "probity run" is, and a Prometheus that scrapes it.
type live struct {
	t              *testing.T
	probity        string // the command
	dir            string // configuration, tables, logs, state
	metrics        string // address of the daemon
	syslog         string // address that storm's records are sent to
	prometheus     string // its address
	written        int64  // bytes of logs
	storm          net.Conn
	began, settled time.Time
}

// patience is how long anything may take before the test gives up.
const patience = 2 * time.Minute

// until asks again and again until the answer is "", which is what is still missing.
func (l *live) until(what string, missing func() string) {
	l.t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); ; <-tick.C {
		m := missing()
		if m == "" {
			return
		}
		if time.Since(began) > patience {
			l.t.Fatalf("%s: %s", what, m)
		}
	}
}

func (l *live) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// run runs a command to its end and returns what it prints.
func (l *live) run(program string, args ...string) string {
	l.t.Helper()
	cmd := exec.CommandContext(l.t.Context(), program, args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+l.dir)
	out, err := cmd.Output()
	if err != nil {
		l.t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// start starts a server that is stopped with the test.
func (l *live) start(program string, args ...string) {
	l.t.Helper()
	var said bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = &said, &said
	l.must(cmd.Start())
	l.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if l.t.Failed() {
			l.t.Logf("%s:\n%.20000s", filepath.Base(program), said.String())
		}
	})
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// newLive simulates the demo's force, and starts the daemon on empty logs and Prometheus on the daemon.
func newLive(t *testing.T) *live {
	server := tool(t, "prometheus")
	dir, err := os.MkdirTemp("", "probity-live") // short: it holds a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l := &live{t: t, dir: dir, probity: filepath.Join(dir, "probity"), metrics: freeAddress(t), syslog: freeAddress(t), prometheus: freeAddress(t)}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", l.probity, "probity/cmd/probity")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	said := l.run(l.probity, "demo", "--once", "--keep")
	kept := regexp.MustCompile(`(?m)^kept: (\S+) `).FindStringSubmatch(said)
	if kept == nil {
		t.Fatalf("the demo does not say where its folder is:\n%s", said)
	}
	l.dir = kept[1]
	l.must(os.Rename(l.in("logs"), l.in("whole")))
	l.must(os.RemoveAll(l.in("state")))
	l.must(os.Remove(l.in("alerts.jsonl")))
	l.configure()
	l.began = time.Now()
	l.start(l.probity, "run", "-c", l.in("probity.yaml"))
	l.until("the daemon listens", func() string { return l.dial(l.syslog) })
	l.scrape(server)
	return l
}

func (l *live) in(name string) string { return filepath.Join(l.dir, name) }

// dial says why nobody answers at an address.
func (l *live) dial(address string) string {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err.Error()
	}
	c.Close()
	return ""
}

// configure adds to the demo's configuration what it does without: roles, a budget, signed evidence with a witness, a source
// that listens, and a sink that does not answer.
func (l *live) configure() {
	me, err := user.Current()
	l.must(err)
	b, err := os.ReadFile(l.in("probity.yaml"))
	l.must(err)
	text := string(b)
	for _, c := range [][2]string{
		{"{name: storm, format: storm, paths: [logs/storm.log]}", "{name: storm, format: storm, listen: {syslog: \"tcp://" + l.syslog + "\"}}"},
		{"{name: alerts, type: file, path: alerts.jsonl}", "{name: alerts, type: file, path: alerts.jsonl, for: [iso]}\n  - {name: far, type: webhook, url: \"http://127.0.0.1:1/\", for: [iso]}"},
		{"127.0.0.1:0", l.metrics},
	} {
		if !strings.Contains(text, c[0]) {
			l.t.Fatalf("the demo's configuration has no %s:\n%s", c[0], text)
		}
		text = strings.Replace(text, c[0], c[1], 1)
	}
	l.run(l.probity, "evidence", "keygen", "--origin", "live.example.police.uk", "--out", l.in("evidence.key"))
	text += "roles:\n  iso: {users: [\"" + me.Username + "\"]}\ntriage: {socket: " + l.in("asked.sock") + "}\nbudget: {per_week: 20}\n" +
		"evidence:\n  signing_key_file: evidence.key\n  checkpoint_after: 1s\n  witness: [{name: mount, type: file, path: witness.jsonl}]\n"
	l.must(os.WriteFile(l.in("probity.yaml"), []byte(text), 0o600))
	l.must(os.Mkdir(l.in("logs"), 0o700))
}

// scrape starts Prometheus with the configuration and rules of deploy/prometheus, looking every second.
func (l *live) scrape(server string) {
	l.must(os.CopyFS(l.in("prometheus"), os.DirFS(rulesFolder)))
	b, err := os.ReadFile(l.in("prometheus/prometheus.yml"))
	l.must(err)
	text := string(b)
	for _, c := range [][2]string{
		{"scrape_interval: 30s", "scrape_interval: 1s"}, {"evaluation_interval: 30s", "evaluation_interval: 1s"}, {"scrape_timeout: 25s", "scrape_timeout: 1s"},
		{"127.0.0.1:9480", l.metrics}, {"127.0.0.1:9093", "127.0.0.1:1"},
	} {
		if !strings.Contains(text, c[0]) {
			l.t.Fatalf("prometheus.yml has no %q", c[0])
		}
		text = strings.Replace(text, c[0], c[1], 1)
	}
	l.must(os.WriteFile(l.in("prometheus/prometheus.yml"), []byte(text), 0o600))
	l.start(server, "--config.file="+l.in("prometheus/prometheus.yml"), "--storage.tsdb.path="+l.in("tsdb"), "--web.listen-address="+l.prometheus)
	l.until("Prometheus scrapes the daemon", func() string {
		ready, err := http.Get("http://" + l.prometheus + "/-/ready")
		if err != nil {
			return err.Error()
		}
		if ready.Body.Close(); ready.StatusCode != http.StatusOK {
			return ready.Status
		}
		if v := l.number(`up{job="probity"}`); v != 1 {
			return fmt.Sprint("up is ", v)
		}
		return ""
	})
}

// get asks Prometheus's API.
func (l *live) get(path string, query url.Values, into any) error {
	resp, err := http.Get("http://" + l.prometheus + "/api/v1/" + path + "?" + query.Encode())
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	answer := struct {
		Status, Error string
		Data          json.RawMessage
	}{}
	if err := json.Unmarshal(b, &answer); err != nil {
		return fmt.Errorf("%w: %.200s", err, b)
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s", answer.Error)
	}
	return json.Unmarshal(answer.Data, into)
}

// series is the answer to a query.
type series struct {
	Metric map[string]string
	Value  []any
	Values [][]any
}

// query asks for one instant, or over the whole time if over.
func (l *live) query(expr string, at time.Time, over bool) ([]series, error) {
	path, q := "query", url.Values{"query": {expr}, "time": {fmt.Sprint(at.Unix())}}
	if over {
		path, q = "query_range", url.Values{"query": {expr}, "start": {fmt.Sprint(l.began.Unix())}, "end": {fmt.Sprint(at.Unix())}, "step": {"2"}}
	}
	var data struct {
		ResultType string
		Result     []series
	}
	err := l.get(path, q, &data)
	return data.Result, err
}

// number is the sum of what a query answers now; -1 if nothing.
func (l *live) number(expr string) float64 {
	l.t.Helper()
	list, err := l.query("sum("+expr+")", time.Now(), false)
	l.must(err)
	if len(list) == 0 {
		return -1
	}
	var v float64
	_, err = fmt.Sscan(list[0].Value[1].(string), &v)
	l.must(err)
	return v
}
