package pipeline

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/decode"
	"probity/internal/event"
	"probity/internal/sim"
)

// The STORM log as a real rsyslog writes it: sent over TCP, octet-counted, kept with RSYSLOG_SyslogProtocol23Format, the
// template of rsyslog's own that keeps structured data.
func TestALogWrittenByARealSyslogDaemonDecodes(t *testing.T) {
	rsyslogd, err := exec.LookPath("rsyslogd")
	if err != nil {
		if os.Getenv("PROBITY_REQUIRE_SERVERS") != "" {
			t.Fatal("rsyslogd is not installed, and PROBITY_REQUIRE_SERVERS is set")
		}
		t.Skip("rsyslogd is not installed: apt-get install rsyslog")
	}
	force, err := sim.New(sim.Options{Seed: 3, Staff: 40, Days: 1})
	must(t, err)
	var sent [][]byte
	for l := range force.Lines() {
		if l.System == "storm" {
			sent = append(sent, bytes.TrimRight(l.Bytes, "\n"))
		}
	}
	dir := t.TempDir()
	out := filepath.Join(dir, "storm.log")
	addr := freePort(t)
	_, port, _ := net.SplitHostPort(addr)
	must(t, os.WriteFile(filepath.Join(dir, "conf"), fmt.Appendf(nil, `
module(load="imptcp")
input(type="imptcp" address="127.0.0.1" port=%q SupportOctetCountedFraming="on")
action(type="omfile" file=%q template="RSYSLOG_SyslogProtocol23Format")
`, port, out), 0o600))
	cmd := exec.Command(rsyslogd, "-n", "-i", filepath.Join(dir, "pid"), "-f", filepath.Join(dir, "conf"))
	cmd.Stderr = os.Stderr
	must(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })

	var conn net.Conn
	waitUntil(t, func() bool { conn, err = net.Dial("tcp", addr); return err == nil })
	for _, line := range sent {
		_, err := fmt.Fprintf(conn, "%d %s", len(line), line)
		must(t, err)
	}
	must(t, conn.Close())
	var written []byte
	waitUntil(t, func() bool {
		written, _ = os.ReadFile(out)
		return bytes.Count(written, []byte("\n")) >= len(sent)
	})

	direct, viaRsyslog := decodeLines(t, sent), decodeLines(t, bytes.Split(bytes.TrimRight(written, "\n"), []byte("\n")))
	if diff := cmp.Diff(direct, viaRsyslog); diff != "" {
		t.Errorf("rsyslog's file (+) reads unlike what was sent (-):\n%.2000s", diff)
	}
}

func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}

// decodeLines decodes STORM lines; a reject fails the test.
func decodeLines(t *testing.T, lines [][]byte) (out []map[string]any) {
	t.Helper()
	schema, err := event.NewSchema()
	must(t, err)
	format, _ := decode.Builtin("storm")
	d, err := decode.New(decode.Options{Source: "storm", Format: format, Schema: schema})
	must(t, err)
	w := d.NewWorker()
	var ev event.Event
	for _, line := range lines {
		if err := w.Decode(decode.Record{Data: line}, &ev); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		r := ev.Record(schema, ev.Identity())
		out = append(out, map[string]any{"time": r.Time.Format(time.RFC3339Nano), "id": r.ID, "fields": r.Fields, "native": r.Native})
	}
	return out
}
