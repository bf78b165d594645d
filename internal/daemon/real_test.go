package daemon

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A real Prometheus scrapes by mutual TLS and with a login, as deploy/README.md has it.
func TestRealPrometheusScrapesTheSecuredListener(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("prometheus")
	if err != nil {
		if os.Getenv("PROBITY_REQUIRE_SERVERS") != "" {
			t.Fatal(err)
		}
		t.Skip("prometheus is not installed")
	}
	s := newSite(t)
	ca := newAuthority(s, "ca")
	ca.server("server")
	ca.client("prometheus")
	s.write("web.yaml", "tls_server_config: {cert_file: server.crt, key_file: server.key, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt, client_allowed_sans: [prometheus]}\n"+
		"basic_auth_users: {prometheus: '"+bcrypted(t, "made-up")+"'}\n")
	d, _ := s.start(Options{Config: s.config(`"127.0.0.1:0"`, `"127.0.0.1:0", config_file: web.yaml`)})
	s.write("password", "made-up")
	s.write("prometheus.yml", fmt.Sprintf(`
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: probity
    scheme: https
    tls_config: {ca_file: ca.crt, cert_file: prometheus.crt, key_file: prometheus.key}
    basic_auth: {username: prometheus, password_file: password}
    static_configs: [{targets: ["%s"]}]
`, d.Addr()))
	address := freeAddress(t)
	log := &syncBuffer{}
	server := exec.CommandContext(t.Context(), program, "--config.file="+s.path("prometheus.yml"), "--storage.tsdb.path="+s.path("tsdb"), "--web.listen-address="+address)
	server.Stdout, server.Stderr = log, log
	must(t, server.Start())
	t.Cleanup(func() { _ = server.Wait() }) // the test's end kills it
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	query := func(what string) string {
		resp, err := client.Get("http://" + address + "/api/v1/query?query=" + what)
		if err != nil {
			return ""
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body) // what is missing is asked for again
		return string(body)
	}
	eventually(t, "a scrape", func() bool { return strings.Contains(query("up"), `"1"]`) })
	if got := query("probity_build_info"); !strings.Contains(got, `"probity_build_info"`) {
		t.Errorf("Prometheus has %s\n%s", got, log)
	}
}

// freeAddress is one that nobody listens on, for a program that cannot choose its own.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}
