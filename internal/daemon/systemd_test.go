package daemon

import (
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestSystemdIsToldHowTheDaemonIs(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("NOTIFY_SOCKET", socket)
	t.Setenv("WATCHDOG_USEC", "100000")
	t.Setenv("WATCHDOG_PID", "")
	var mu sync.Mutex
	var states []string
	told := func(state string) bool {
		mu.Lock()
		defer mu.Unlock()
		return slices.Contains(states, state)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		b := make([]byte, 4096)
		for {
			n, err := conn.Read(b)
			if err != nil {
				return
			}
			mu.Lock()
			states = append(states, regexp.MustCompile(`=[0-9]{4,}`).ReplaceAllString(strings.TrimSpace(string(b[:n])), "=N"))
			mu.Unlock()
		}
	}()
	s := newSite(t)
	d, stop := s.start(Options{})
	for _, state := range []string{"READY=1", "WATCHDOG=1"} {
		eventually(t, state, func() bool { return told(state) })
	}
	if err := d.Reload(); err != nil {
		t.Error(err)
	}
	stop()
	for _, state := range []string{"RELOADING=1\nMONOTONIC_USEC=N", "STOPPING=1"} {
		eventually(t, state, func() bool { return told(state) })
	}
	conn.Close()
	<-read
	states = slices.DeleteFunc(states, func(s string) bool { return s == "WATCHDOG=1" }) // at any time between
	order := strings.Join(states, " ")
	if want := "READY=1 RELOADING=1\nMONOTONIC_USEC=N READY=1 STOPPING=1"; order != want {
		t.Errorf("told %q, want %q", order, want)
	}
}
