package main

import (
	"encoding/json"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"probity/internal/triage"
)

// An ISO works through an alert: list, show, close, stats; a kill -9 later the decision is still there.
func TestAnISOListsShowsAndClosesAlerts(t *testing.T) {
	t.Parallel()
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "p") // the path of a socket has room for 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	f := newForce(t)
	socket := filepath.Join(dir, "asked.sock")
	config := strings.Replace(forceConfig, "path: alerts.jsonl}", "path: alerts.jsonl, for: [iso]}", 1)
	config, _, _ = strings.Cut(config, "evidence:\n") // a test of its own
	f.write("probity.yaml", config+"roles: {iso: {users: ["+u.Username+"]}}\ntriage: {socket: "+socket+"}\n")
	f.append(f.lines...)
	p := f.start("run", "-c", "probity.yaml")
	f.awaitAll(p, f.replayed())

	ask := func(want int, args ...string) string {
		t.Helper()
		status, stdout, stderr := said(append([]string{"alerts"}, args...)...)
		if status != want {
			t.Fatalf("alerts %v: status %d: %s", args, status, stderr)
		}
		return stdout + stderr
	}
	var l triage.Listing
	if err := json.Unmarshal([]byte(ask(0, "list", "-c", f.path("probity.yaml"), "--output", "json")), &l); err != nil || len(l.Alerts) == 0 {
		t.Fatalf("%+v, %v", l, err)
	}
	id := l.Alerts[0].ID
	if text := ask(0, "list", "--socket", socket, "--rule", "busy", "--since", "1h"); !strings.Contains(text, id) {
		t.Errorf("list: %s", text)
	}
	for _, part := range []string{"OFFICIAL-SENSITIVE", "opened", id, "To close it:"} {
		if text := ask(0, "show", id, "--socket", socket); !strings.Contains(text, part) {
			t.Errorf("show lacks %q: %s", part, text)
		}
	}
	ask(1, "show", "nowhere", "--socket", socket)
	if text := ask(0, "close", id, "--socket", socket, "--outcome", "policing-purpose", "--note", "on duty, see 12/345"); !strings.Contains(text, "closed as policing-purpose by "+u.Username) {
		t.Errorf("close: %s", text)
	}
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.ended
	p = f.start("run", "-c", "probity.yaml")
	if !eventually(func() bool { return p.listen() != "" }) {
		t.Fatal(p.log())
	}
	if text := ask(0, "list", "--socket", socket, "--status", "closed"); !strings.Contains(text, id) {
		t.Errorf("after a kill: %s", text)
	}
	if text := ask(0, "show", id, "--socket", socket); !strings.Contains(text, "on duty, see 12/345") {
		t.Errorf("after a kill: %s", text)
	}
	if text := ask(0, "stats", "--socket", socket); !strings.Contains(text, "0 %") {
		t.Errorf("stats: %s", text)
	}
	p.terminate(t, 12*time.Second)
	if _, err := os.Lstat(socket); !os.IsNotExist(err) {
		t.Errorf("the socket is left behind: %v", err)
	}
}
