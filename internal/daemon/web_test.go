package daemon

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/crypto/bcrypt"
)

// knock asks the listener by https, as a user if one is said; the status is 0 if no connection came about.
func (s *site) knock(d *Daemon, config *tls.Config, user ...string) (status int) {
	s.t.Helper()
	scheme := "https"
	if config == nil {
		scheme = "http"
	}
	r, err := http.NewRequest("GET", scheme+"://"+d.Addr()+"/metrics", nil)
	must(s.t, err)
	if len(user) > 0 {
		r.SetBasicAuth(user[0], user[1])
	}
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: config}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, resp.Body) // the status is what is asked for
	resp.Body.Close()
	return resp.StatusCode
}

func bcrypted(t *testing.T, password string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	must(t, err)
	return string(hash)
}

func TestTheListenerSpeaksTLSAndAsksForACertificateAndALogin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ours, theirs := newAuthority(s, "ca"), newAuthority(s, "other-ca")
	ours.server("server")
	ours.client("prometheus")
	theirs.client("stranger")
	const webConfig = "tls_server_config: {cert_file: server.crt, key_file: server.key, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt}\n"
	users := func(password string) string {
		return webConfig + "basic_auth_users: {scrape: '" + bcrypted(t, password) + "'}\n"
	}
	s.write("web.yaml", users("one"))
	d, _ := s.start(Options{Config: s.config(`"127.0.0.1:0"`, `"127.0.0.1:0", config_file: web.yaml`)})
	check := func(what string, want, got int) {
		t.Helper()
		if got != want {
			t.Errorf("%s: status %d, want %d", what, got, want)
		}
	}
	check("in the clear", http.StatusBadRequest, s.knock(d, nil))
	check("without a certificate", 0, s.knock(d, ours.trusting(""), "scrape", "one"))
	stranger := ours.trusting("")
	stranger.Certificates = theirs.trusting("stranger").Certificates
	check("with a certificate of another authority", 0, s.knock(d, stranger, "scrape", "one"))
	check("without a login", http.StatusUnauthorized, s.knock(d, ours.trusting("prometheus")))
	check("with a wrong password", http.StatusUnauthorized, s.knock(d, ours.trusting("prometheus"), "scrape", "two"))
	check("with all of it", http.StatusOK, s.knock(d, ours.trusting("prometheus"), "scrape", "one"))

	s.write("web.yaml", users("two"))
	check("with the old password", http.StatusUnauthorized, s.knock(d, ours.trusting("prometheus"), "scrape", "one"))
	check("with the new one, without a restart", http.StatusOK, s.knock(d, ours.trusting("prometheus"), "scrape", "two"))
	ours = newAuthority(s, "ca")
	ours.server("server")
	ours.client("prometheus")
	check("with renewed certificates, without a restart", http.StatusOK, s.knock(d, ours.trusting("prometheus"), "scrape", "two"))

	s.write("web.yaml", webConfig+"basic_auth_users: hunter2\n")
	check("when the file has become wrong", 0, s.knock(d, ours.trusting("prometheus"), "scrape", "two"))
	if log := s.log.String(); strings.Contains(log, "hunter2") || strings.Contains(log, "$2a$") {
		t.Errorf("the log tells a secret: %s", log)
	}
}

func TestABrokenLoginFileRefusesEverybodyAndTheLogSaysSoWithoutTheSecret(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write("web.yaml", "basic_auth_users: {scrape: '"+bcrypted(t, "one")+"'}\n")
	d, _ := s.start(Options{Config: s.config(`"127.0.0.1:0"`, `"127.0.0.1:0", config_file: web.yaml`)})
	if status := s.knock(d, nil, "scrape", "one"); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	s.write("web.yaml", "basic_auth_users: hunter2\n")
	if status := s.knock(d, nil, "scrape", "one"); status != http.StatusInternalServerError {
		t.Errorf("status %d", status)
	}
	if log := s.log.String(); !strings.Contains(log, "<secret>") || strings.Contains(log, "hunter2") {
		t.Errorf("log: %s", log)
	}
}

func TestProblemsAndNotesOfTheListenerTellNoSecret(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, web, want string }{
		{"a password in place of users", "basic_auth_users: hunter2\n", "", "cannot unmarshal !!str <secret> into"},
		{"a password that is no hash", "basic_auth_users: {scrape: hunter2}\n", "", "a password under basic_auth_users is no bcrypt hash"},
		{"a long one", "basic_auth_users: {scrape: hunter2hunter2hunter2hunter2hunter2hunter2hunter2hunter2hunter2hunter2}\n", "", "a password under basic_auth_users is no bcrypt hash"},
		{"a key that nobody reads", "tls_server_conf: {}\n", "", "field tls_server_conf not found"},
		{"a certificate that is not there", "tls_server_config: {cert_file: none.crt, key_file: none.key}\n", "", "none.crt"},
		{"no file", "", ", config_file: none.yaml", "no such file"},
		{"a socket whose path is too long", "", ", admin_socket: " + strings.Repeat("x", 108), "a socket's has room for 107"},
		{"the whole network", "", "0.0.0.0:0", "tells everybody who can reach it"},
		{"reload on the listener", "", ", admin_on_listener: true", "can make the daemon reload"},
		{"a secret that all can read", "{}\n", "", "everybody on this machine can read or change the secret"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t)
			web := `"127.0.0.1:0"`
			switch {
			case strings.HasPrefix(c.web, ","):
				web += c.web
			case c.web != "":
				web = `"` + c.web + `"`
			default:
				s.write("web.yaml", c.file)
				web += ", config_file: web.yaml"
			}
			problems, notes := s.config(`"127.0.0.1:0"`, web).Check()
			said := problems.Error()
			for _, n := range notes {
				said += "\n" + n.String()
			}
			if !strings.Contains(said, c.want) || strings.Contains(said, "hunter") {
				t.Errorf("want %q in, and no secret in:\n%s", c.want, said)
			}
		})
	}
}

func TestWhatChangesSomethingIsAskedForOnTheSocketUnlessTheListenerIsToTakeIt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	post := func(d *Daemon) int {
		resp, err := http.Post("http://"+d.Addr()+"/-/reload", "", nil)
		must(t, err)
		defer resp.Body.Close()
		return resp.StatusCode
	}
	d, stop := s.start(Options{})
	if status := post(d); status != http.StatusForbidden {
		t.Errorf("on the listener: status %d", status)
	}
	if status, body := s.get(d, "POST", "/-/reload"); status != http.StatusOK {
		t.Errorf("on the socket: status %d: %s", status, body)
	}
	if status, _ := s.get(d, "GET", "/-/metrics"); status != http.StatusNotFound {
		t.Errorf("metrics on the socket: status %d", status)
	}
	info, err := os.Stat(s.path("state/admin.sock"))
	must(t, err)
	if info.Mode() != os.ModeSocket|0o600 {
		t.Errorf("mode %s", info.Mode())
	}
	stop()
	if _, err := os.Stat(s.path("state/admin.sock")); !os.IsNotExist(err) {
		t.Errorf("the socket is left: %v", err)
	}
	d, _ = s.start(Options{Config: s.config(`"127.0.0.1:0"`, `"127.0.0.1:0", admin_on_listener: true, admin_socket: own.sock`)})
	if status := post(d); status != http.StatusOK {
		t.Errorf("on a listener that is to take it: status %d", status)
	}
	if status, _ := s.get(d, "POST", "/-/reload"); status != http.StatusOK || filepath.Base(d.admin.Addr().String()) != "own.sock" {
		t.Errorf("on a socket of its own: status %d at %s", status, d.admin.Addr())
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestOnlyADeadSocketIsReplaced(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	must(t, os.MkdirAll(s.path("state"), 0o700))
	path := s.path("state/admin.sock")
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	must(t, err)
	if _, err := New(Options{Config: s.config()}); err == nil || !strings.Contains(err.Error(), "another process listens on") {
		t.Errorf("on a socket that somebody listens on: %v", err)
	}
	left.SetUnlinkOnClose(false)
	must(t, left.Close())
	_, stop := s.start(Options{})
	stop()
	must(t, os.WriteFile(path, []byte("mine"), 0o600))
	if _, err := New(Options{Config: s.config()}); err == nil || !strings.Contains(err.Error(), "is no socket") {
		t.Errorf("on a file: %v", err)
	}
	if got := s.read("state/admin.sock"); got != "mine" {
		t.Errorf("the file is %q now", got)
	}
}

func TestAStateFolderWithALongPathHasNoSocketAndTheLogSaysSo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d, _ := s.start(Options{Config: s.config("state_dir: state", "state_dir: "+strings.Repeat("x", 100))})
	if d.admin != nil || !strings.Contains(s.log.String(), "no admin socket") {
		t.Errorf("socket %v, log %s", d.admin, s.log)
	}
}

// served is a client's connection to the listener's server, without a network, in a bubble of synctest.
func served(t *testing.T) net.Conn {
	d := &Daemon{Options: Options{Config: &Config{}, Registry: prometheus.NewRegistry(), Logger: zap.NewNop()}}
	server := d.server()
	client, conn := net.Pipe()
	l := &oneConn{conn: make(chan net.Conn, 1), closed: make(chan struct{})}
	l.conn <- conn
	go server.Serve(l) //nolint:errcheck // it ends when it is closed
	t.Cleanup(func() { client.Close(); server.Close() })
	return client
}

// oneConn is a listener with one connection.
type oneConn struct {
	conn   chan net.Conn
	closed chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	select {
	case c := <-l.conn:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l *oneConn) Close() error   { close(l.closed); return nil }
func (l *oneConn) Addr() net.Addr { return &net.UnixAddr{Name: "test"} }

func TestWhoeverIsSlowOrSilentIsCutOff(t *testing.T) {
	for name, c := range map[string]struct {
		sent   string
		within time.Duration
	}{
		"a header that never ends": {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow:", 6 * time.Second},
		"a body that never comes":  {"POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", 11 * time.Second},
		"nothing at all":           {"", 6 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := served(t)
				began := time.Now()
				if c.sent != "" {
					_, err := io.WriteString(client, c.sent)
					must(t, err)
				}
				_, _ = io.Copy(io.Discard, client) // until the server hangs up
				if took := time.Since(began); took > c.within {
					t.Errorf("cut off after %s, not within %s", took, c.within)
				}
			})
		})
	}
}

func TestABodyThatIsAnnouncedTooLongIsRefusedUnread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := served(t)
		_, err := io.WriteString(client, "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
		must(t, err)
		answer, _ := io.ReadAll(client) // until the server hangs up
		if !bytes.HasPrefix(answer, []byte("HTTP/1.1 413 ")) {
			t.Errorf("%s", answer)
		}
	})
}

func TestSecretsAreFoundWhereverAPathOfOneMayStand(t *testing.T) {
	t.Setenv("CREDENTIALS_DIRECTORY", "/run/credentials/probity.service")
	c, problems := parseConfig("/etc/probity/probity.yaml", []byte(`
sources: [{name: s, format: storm, listen: {syslog: "tls://", key_file: credential:syslog_key}}]
sinks:
  - {name: hook, type: webhook, url: "https://x.example/", hmac_key_file: hmac.key, header_files: {Authorization: "credential:hook", X-Other: other}}
  - {name: mail, type: email, password_file: credential:mail}
evidence: {signing_key_file: credential:evidence_key, witness: [{name: w, type: webhook, key_file: w.key}]}
web: {config_file: credential:web}
`))
	must(t, problems.Err())
	got := map[string]string{}
	for _, s := range c.secretFiles() {
		got[s.key] = s.file
	}
	const given = "/run/credentials/probity.service/"
	want := map[string]string{
		"identity_key_file": given + "identity_key", "evidence.signing_key_file": given + "evidence_key", "web.config_file": given + "web",
		"sources.0.listen.key_file": given + "syslog_key", "sinks.0.hmac_key_file": "/etc/probity/hmac.key", "sinks.0.header_files.Authorization": given + "hook",
		"sinks.0.header_files.X-Other": "/etc/probity/other", "sinks.1.password_file": given + "mail", "evidence.witness.0.key_file": "/etc/probity/w.key",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
