package triage

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestASocketThatAKillLeftBehindIsReplacedAndNothingElseIs(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "another process listens on") {
		t.Errorf("somebody listens there: %v", err)
	}
	left.SetUnlinkOnClose(false) // as a kill does
	left.Close()
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o666 {
		t.Errorf("%v, %v", info, err)
	}
	l.Close()
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "is no socket") {
		t.Errorf("a file is there: %v", err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "mine" {
		t.Error("the file was touched")
	}
	if _, err := Listen("/" + strings.Repeat("x", maxPath)); err == nil || !strings.Contains(err.Error(), "has room for 107") {
		t.Error(err)
	}
}

func TestWhoAsksADaemonThatIsNotThereIsToldWhatToLookAt(t *testing.T) {
	dir := shortDir(t)
	if _, err := NewClient(filepath.Join(dir, "s")).Show(t.Context(), "a"); err == nil || !strings.Contains(err.Error(), "no daemon listens on") {
		t.Error(err)
	}
}

// Everybody may connect, so nobody may take all connections: the daemon has so many files to open, and needs them for logs.
func TestAUserHasSomeConnectionsAtOnceAndNoMore(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan net.Conn, maxEach+2)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	dial := func() net.Conn {
		t.Helper()
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	for range maxEach {
		dial()
	}
	further := dial()
	if err := further.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := further.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("one more is let in: %v", err)
	}
	if len(accepted) != maxEach {
		t.Fatalf("%d connections", len(accepted))
	}
	c := <-accepted
	c.Close()
	c.Close() // twice is once
	dial()
	if c := <-accepted; c == nil {
		t.Error("no room was made")
	}
	for range maxEach - 1 {
		(<-accepted).Close()
	}
	l.Close()
	<-ended
}
