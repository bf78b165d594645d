package notify

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"probity/internal/fsx"
)

func TestASecondNotifierOnOneFileIsRefusedAndNamesTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out", "alerts.jsonl")
	open := func() (*Notifier, error) {
		return New(Options{Outbox: newMemory(), Sinks: []Sink{mustSink(t, Config{Name: "s", Type: "file", Path: path})}})
	}
	first, err := open()
	if err != nil {
		t.Fatal(err)
	}
	var locked *fsx.LockedError
	if _, err := open(); !errors.As(err, &locked) || locked.PID != os.Getpid() {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".1"); err != nil { // a rotation takes nothing away from the lock
		t.Fatal(err)
	}
	if _, err := open(); !errors.As(err, &locked) {
		t.Errorf("after a rotation: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := open()
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
}

// The folder of the file may come later, as a mount does; by then somebody else may be writing there.
func TestAFileThatCouldNotBeClaimedIsClaimedBeforeTheFirstDelivery(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mount", "alerts.jsonl")
	var unmounted error = errors.New("input/output error")
	sink, err := NewSink(Config{Name: "s", Type: "file", Path: path}, &fsx.FS{Fault: func(op, _ string) error {
		if op == fsx.OpMkdir {
			return unmounted
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	n, err := New(Options{Outbox: newMemory(), Sinks: []Sink{sink}})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if _, _, err := sink.Deliver(context.Background(), 0, batchOf3); !errors.Is(err, unmounted) {
		t.Errorf("got %v", err)
	}
	unmounted = nil
	other := mustSink(t, Config{Name: "s", Type: "file", Path: path}).(*fileSink)
	if err := other.claim(); err != nil {
		t.Fatal(err)
	}
	var locked *fsx.LockedError
	if _, _, err := sink.Deliver(context.Background(), 0, batchOf3); !errors.As(err, &locked) {
		t.Errorf("got %v", err)
	}
	if err := other.release(); err != nil {
		t.Fatal(err)
	}
	if done, _, err := sink.Deliver(context.Background(), 0, batchOf3); done != 3 || err != nil {
		t.Errorf("%d delivered, %v", done, err)
	}
}
