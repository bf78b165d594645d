package triage

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
