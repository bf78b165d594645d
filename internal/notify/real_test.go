package notify

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/alert"
	"probity/internal/strictyaml"
)

// program is a real server's, which must be there in CI. driver, if any, is a file of its that is needed beside it.
func program(t *testing.T, name, install, driver string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	missing := name
	if err == nil && driver != "" {
		if found, _ := filepath.Glob(driver); found == nil {
			missing = driver
		}
	}
	if err != nil || missing != name {
		if os.Getenv("PROBITY_REQUIRE_SERVERS") != "" {
			t.Fatalf("%s is not installed, and PROBITY_REQUIRE_SERVERS is set", missing)
		}
		t.Skipf("%s is not installed: apt-get install %s", missing, install)
	}
	return path
}

// run starts a server until the test ends.
func run(t *testing.T, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s: %s", filepath.Base(program), strings.TrimSpace(said.String()))
		}
	})
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}

// eventually waits for what another process brings about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("still not so: %s", what)
		}
	}
}

// shownBy asks the real server's API for what is active, as its page does.
func shownBy(t *testing.T, address, reference string) (alerts []struct {
	Labels, Annotations map[string]string
	EndsAt              time.Time
	Status              struct{ State string }
}) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + address + "/api/v2/alerts?filter=" + url.QueryEscape(`reference="`+reference+`"`))
	must(t, err)
	defer resp.Body.Close()
	must(t, json.NewDecoder(resp.Body).Decode(&alerts))
	return alerts
}

func TestARealAlertmanagerShowsTheAlertAndThenItsResolution(t *testing.T) {
	t.Parallel()
	path := program(t, "prometheus-alertmanager", "prometheus-alertmanager", "")
	pager := newReceiver(t) // whom Alertmanager notifies
	dir, address := t.TempDir(), freePort(t)
	conf := filepath.Join(dir, "alertmanager.yml")
	must(t, os.WriteFile(conf, fmt.Appendf(nil, `
route: {receiver: pager, group_by: [reference], group_wait: 100ms, group_interval: 100ms, repeat_interval: 24h}
receivers: [{name: pager, webhook_configs: [{url: %q, send_resolved: true}]}]
`, pager.server.URL), 0o600))
	run(t, path, "--config.file="+conf, "--storage.path="+dir, "--web.listen-address="+address, "--cluster.listen-address=")
	eventually(t, "Alertmanager is ready", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	box := newMemory()
	n := mustNotifier(t, Options{Outbox: box, Sinks: []Sink{mustSink(t, Config{
		Name: "am", Type: "alertmanager", URL: "http://" + address, Resend: strictyaml.Duration(5 * time.Second), Runbook: "https://wiki.example/{rule}"})}})
	a, other := nowAlert("a", 1, time.Hour), nowAlert("b", 1, time.Hour)
	box.add("am", sampled(a), sampled(other))
	drain(t, n)
	shown := shownBy(t, address, a.ID)
	if len(shown) != 1 {
		t.Fatalf("it shows %v", shown)
	}
	if l := shown[0].Labels; l["alertname"] != a.Rule.ID || l["severity"] != "high" || l["marking"] != a.Marking {
		t.Errorf("labels %v", l)
	}
	if end := a.Period.End.Add(defaultResolveAfter); !shown[0].EndsAt.Equal(end.Truncate(time.Millisecond)) && !shown[0].EndsAt.Equal(end) {
		t.Errorf("it ends at %v, want %v", shown[0].EndsAt, end)
	}
	heard := func(status string) bool {
		return slices.ContainsFunc(pager.all(), func(p arrival) bool {
			return strings.Contains(p.body, a.ID) && strings.Contains(p.body, `"status":"`+status+`"`)
		})
	}
	eventually(t, "its receiver is told that the alert fires", func() bool { return heard("firing") })

	gone := nowAlert("a", 2, time.Hour)
	gone.Status, gone.Reason = alert.Withdrawn, "a link was recorded late"
	box.add("am", sampled(gone))
	drain(t, n)
	eventually(t, "the alert is resolved", func() bool { return len(shownBy(t, address, a.ID)) == 0 })
	eventually(t, "its receiver is told that the alert is resolved", func() bool { return heard("resolved") })
	if len(shownBy(t, address, other.ID)) != 1 {
		t.Error("the other alert is gone, too")
	}
	for _, p := range pager.all() {
		if tellsNames(p.body) != nil {
			t.Errorf("somebody is named: %s", p.body)
		}
	}
}

// rsyslogTLS runs a real rsyslog that wants a certificate and writes the bodies of what it gets to a file.
func rsyslogTLS(t *testing.T, a *authority, driver string) (address, out string) {
	t.Helper()
	path := program(t, "rsyslogd", "rsyslog rsyslog-openssl rsyslog-gnutls", "/usr/lib/*/rsyslog/lmnsd_"+driver+".so")
	dir := t.TempDir()
	address, out = freePort(t), filepath.Join(dir, "out")
	_, port, _ := net.SplitHostPort(address)
	conf := filepath.Join(dir, "conf")
	must(t, os.WriteFile(conf, fmt.Appendf(nil, `
global(workDirectory=%q maxMessageSize="1m" DefaultNetstreamDriverCAFile=%q DefaultNetstreamDriverCertFile=%q DefaultNetstreamDriverKeyFile=%q)
module(load="imtcp" StreamDriver.Name=%q StreamDriver.Mode="1" StreamDriver.AuthMode="x509/name" PermittedPeer="probity.example")
template(name="body" type="string" string="%%app-name%% %%msgid%% %%syslogfacility%%.%%syslogseverity-text%% %%structured-data%%%%msg%%\n")
input(type="imtcp" port=%q)
action(type="omfile" file=%q template="body")
`, dir, a.crt("authority"), a.crt("receiver"), a.pem("receiver"), driver, port, out), 0o600))
	run(t, path, "-n", "-i", filepath.Join(dir, "pid"), "-f", conf)
	// rsyslog 8.2302 with OpenSSL closes the descriptor of each connection twice (strace shows it). A file that it opens
	// between the two is closed with the second, and what it was to write is lost: so its file is open before ours come.
	knock, err := newTLS(Config{CAFile: a.crt("authority"), CertFile: a.crt("probity"), KeyFile: a.pem("probity")})
	must(t, err)
	var conn *tls.Conn
	eventually(t, "rsyslog listens", func() bool {
		conn, err = tls.Dial("tcp", address, knock)
		return err == nil
	})
	defer conn.Close()
	const first = "<13>1 - - knock - - - first"
	_, err = fmt.Fprintf(conn, "%d %s", len(first), first)
	must(t, err)
	eventually(t, "rsyslog writes", func() bool {
		text, _ := os.ReadFile(out)
		return bytes.HasSuffix(text, []byte("\n"))
	})
	return address, out
}

func TestARealRsyslogWritesWhatIsSentOverTLS(t *testing.T) {
	t.Parallel()
	for _, driver := range []string{"ossl", "gtls"} {
		for _, name := range []string{"json", "cef", "ocsf"} {
			t.Run(driver+", "+name, func(t *testing.T) {
				t.Parallel()
				a := newAuthority(t)
				address, out := rsyslogTLS(t, a, driver)
				c := Config{Name: "siem", Type: "syslog", URL: "tls://" + address, Format: name, MaxBytes: 1 << 20,
					CAFile: a.crt("authority"), CertFile: a.crt("probity"), KeyFile: a.pem("probity")}
				box, want := newMemory(), []string{}
				for i := range 20 {
					revision := sample(i + 1)
					if i%2 == 1 {
						revision = withdrawn(i + 1)
					}
					d := sampled(revision)
					severity := map[alert.Status]string{alert.Open: "err", alert.Withdrawn: "info"}[revision.Status]
					want = append(want, fmt.Sprintf(`probity alert 13.%s [probity@32473 key="%s" marking="OFFICIAL-SENSITIVE" rule="restricted-denied-burst" severity="high" status="%s"]%s`,
						severity, d.Key(), revision.Status, mustBody(formatNamed(name), d)))
					box.add("siem", d)
				}
				drain(t, mustNotifier(t, Options{Outbox: box, Sinks: []Sink{mustSink(t, c)}}))
				var got []string
				eventually(t, "rsyslog has written all of it", func() bool {
					text, _ := os.ReadFile(out)
					got = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")[1:] // the first is the knock's
					return len(got) >= len(want)
				})
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("rsyslog wrote (-want +got):\n%.3000s", diff)
				}
				stranger := c
				stranger.CertFile, stranger.KeyFile = "", ""
				wantDown(t, "without a certificate", mustSink(t, stranger))
			})
		}
	}
}
