package listen

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"probity/internal/sim"
)

// rsyslog is the real program, which must be there in CI.
func rsyslog(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("rsyslogd")
	if err != nil {
		if os.Getenv("PROBITY_REQUIRE_SERVERS") != "" {
			t.Fatal("rsyslogd is not installed, and PROBITY_REQUIRE_SERVERS is set")
		}
		t.Skip("rsyslogd is not installed: apt-get install rsyslog rsyslog-openssl")
	}
	return path
}

// stormLines are what the simulated command and control system sends by syslog.
func stormLines(t *testing.T) (lines []string) {
	t.Helper()
	force, err := sim.New(sim.Options{Seed: 3, Staff: 40, Days: 1})
	must(t, err)
	for l := range force.Lines() {
		if l.System == "storm" {
			lines = append(lines, string(bytes.TrimRight(l.Bytes, "\n")))
		}
	}
	return lines
}

// A real rsyslog forwards over every carrier; what is spooled is what was logged.
func TestARealRsyslogForwardsOverEveryCarrier(t *testing.T) {
	t.Parallel()
	program, sent := rsyslog(t), stormLines(t)
	a := newAuthority(t, "authority")
	a.server("server")
	a.client("forwarder")
	tls := fmt.Sprintf(`global(DefaultNetstreamDriverCAFile=%q DefaultNetstreamDriverCertFile=%q DefaultNetstreamDriverKeyFile=%q)`,
		a.path("authority", "crt"), a.path("forwarder", "crt"), a.path("forwarder", "key"))
	const peer = `StreamDriverMode="1" StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="localhost"`
	for name, c := range map[string]struct{ address, global, action string }{
		"udp":                  {"udp://127.0.0.1:0", "", `protocol="udp"`},
		"tcp, lines":           {"tcp://127.0.0.1:0", "", `protocol="tcp" TCP_Framing="traditional"`},
		"tcp, octet counts":    {"tcp://127.0.0.1:0", "", `protocol="tcp" TCP_Framing="octet-counted"`},
		"tls by OpenSSL":       {"tls://127.0.0.1:0", tls, `protocol="tcp" TCP_Framing="octet-counted" StreamDriver="ossl" ` + peer},
		"tls by GnuTLS, lines": {"tls://127.0.0.1:0", tls, `protocol="tcp" StreamDriver="gtls" ` + peer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sent := slices.Clone(sent)
			if name == "udp" {
				sent = sent[:100] // few enough for any buffer
			}
			r := start(t, func(o *Options) { o.TLS = a.files("forwarder") }, c.address)
			_, port, err := net.SplitHostPort(r.l.Addrs()[0].String())
			must(t, err)
			forward(t, program, sent, fmt.Sprintf(`%s
template(name="asItCame" type="string" string="%%rawmsg%%")
action(type="omfwd" target="127.0.0.1" port=%q template="asItCame" %s)`, c.global, port, c.action))
			var got []string
			eventually(t, "every line is spooled", func() bool { got = r.lines(); return len(got) >= len(sent) })
			if diff := cmp.Diff(sent, got); diff != "" {
				t.Errorf("(-logged +spooled):\n%.2000s", diff)
			}
			for _, reason := range errorReasons {
				if n := r.metric("errors_total", reason); n > 0 {
					t.Errorf("%v errors %s", n, reason)
				}
			}
		})
	}
}

// forward runs rsyslog with a configuration and logs lines to it.
func forward(t *testing.T, program string, lines []string, conf string) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	_, port, _ := net.SplitHostPort(free.Addr().String())
	must(t, free.Close())
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "conf"), fmt.Appendf(nil, `
global(workDirectory=%q maxMessageSize="64k")
module(load="imptcp")
input(type="imptcp" address="127.0.0.1" port=%q SupportOctetCountedFraming="on")
%s
`, dir, port, conf), 0o600))
	cmd := exec.Command(program, "-n", "-i", filepath.Join(dir, "pid"), "-f", filepath.Join(dir, "conf"))
	var said bytes.Buffer
	cmd.Stderr = &said
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("rsyslogd: %s", strings.TrimSpace(said.String()))
		}
	})
	var conn net.Conn
	eventually(t, "rsyslog listens", func() bool { conn, err = net.Dial("tcp", "127.0.0.1:"+port); return err == nil })
	for _, line := range lines {
		_, err := fmt.Fprintf(conn, "%d %s", len(line), line)
		must(t, err)
	}
	must(t, conn.Close())
}
