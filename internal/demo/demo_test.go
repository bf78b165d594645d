package demo

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"probity/internal/alert"
	"probity/internal/daemon"
)

// The tail library watches directories from two goroutines that it starts once and never ends.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/nxadm/tail/watch.(*InotifyTracker).run"),
		goleak.IgnoreAnyFunction("github.com/fsnotify/fsnotify.(*inotify).readEvents"))
}

// nothingLeft holds that dir is empty at the end of the test.
func nothingLeft(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	t.Cleanup(func() {
		left, err := os.ReadDir(dir)
		if err != nil || len(left) > 0 {
			t.Errorf("left behind: %v (error %v)", left, err)
		}
	})
	return dir
}

func TestOnceEndsWithEverythingDeliveredAndNothingLeftBehind(t *testing.T) {
	var out bytes.Buffer
	err := Run(context.Background(), Options{Seed: 4, Staff: 60, Days: 1, Once: true, Out: &out, TempDir: nothingLeft(t)})
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{
		"60 staff, 1 day, seed 4", "/metrics", " 0 rejected", "every committed revision arrived", "PLANTED MISUSE", "ALERTS BY RULE",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not said:\n%s", want, out.String())
		}
	}
	if strings.ContainsAny(out.String(), "\x1b\r") {
		t.Error("terminal sequences were written to what is no terminal")
	}
}

func TestThePaceIsKept(t *testing.T) {
	began := time.Now()
	err := Run(context.Background(), Options{Staff: 20, Days: 1, Speed: 50, TempDir: nothingLeft(t)})
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < showFor/50 {
		t.Errorf("it took %v, less than the logs take to grow", took)
	}
}

func TestAnInterruptEndsItAndLeavesNothingBehind(t *testing.T) {
	ctx, interrupt := context.WithCancel(context.Background())
	var out stopAt
	out.text, out.stop = "/metrics", interrupt
	err := Run(ctx, Options{Staff: 20, Days: 1, Out: &out, TempDir: nothingLeft(t)})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that it was cancelled", err)
	}
}

// stopAt calls stop when it is written a text.
type stopAt struct {
	text string
	stop func()
}

func (s *stopAt) Write(b []byte) (int, error) {
	if strings.Contains(string(b), s.text) {
		s.stop()
	}
	return len(b), nil
}

func TestABrokenPipeEndsItAndLeavesNothingBehind(t *testing.T) {
	err := Run(context.Background(), Options{Staff: 20, Days: 1, Out: brokenPipe{}, TempDir: nothingLeft(t)})
	if !errors.Is(err, errPipe) {
		t.Errorf("error %v, want %v", err, errPipe)
	}
}

var errPipe = errors.New("broken pipe")

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errPipe }

func TestAPanicOfTheScreenLeavesNothingBehind(t *testing.T) {
	dir := nothingLeft(t)
	defer func() {
		if recover() == nil {
			t.Error("the panic was swallowed")
		}
	}()
	_ = Run(context.Background(), Options{Staff: 20, Days: 1, Out: panicking{}, TempDir: dir})
}

type panicking struct{}

func (panicking) Write([]byte) (int, error) { panic("the screen is gone") }

func TestWhatIsKeptReplaysToTheAlertsThatWereShown(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	if err := Run(context.Background(), Options{Staff: 40, Days: 1, Once: true, Keep: true, Out: &out, TempDir: dir}); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Fatalf("left behind: %v (error %v), want one folder", left, err)
	}
	kept := folder{filepath.Join(dir, left[0].Name())}
	if !strings.Contains(out.String(), kept.config()) {
		t.Errorf("the folder is not named:\n%s", out.String())
	}
	config, err := kept.load()
	if err != nil {
		t.Fatal(err)
	}
	delivered, err := readAlerts(kept.alerts())
	if err != nil {
		t.Fatal(err)
	}
	shown, replayed := map[string]string{}, map[string]string{}
	for _, a := range delivered {
		shown[a.ID] = string(a.Canonical())
	}
	_, err = daemon.Replay(context.Background(), daemon.ReplayOptions{Config: config, Logger: zap.NewNop()}, func(a *alert.Alert) error {
		replayed[a.ID] = string(a.Canonical())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(shown) == 0 {
		t.Error("no alert was shown")
	}
	if diff := cmp.Diff(shown, replayed); diff != "" {
		t.Errorf("-shown +replayed:\n%s", diff)
	}
	tamper(t, kept, delivered)
}

// tamper holds that the proof at the end sees what it is there to see: it is shown a folder in which something is wrong.
func tamper(t *testing.T, kept folder, delivered []*alert.Alert) {
	printed := map[string]int{}
	for _, a := range delivered {
		printed[a.ID] = a.Revision
	}
	last := delivered[len(delivered)-1]
	lines, err := os.ReadFile(kept.alerts())
	if err != nil {
		t.Fatal(err)
	}
	cut := lines[:bytes.LastIndexByte(lines[:len(lines)-1], '\n')+1]
	chain := filepath.Join(kept.state(), "evidence", "bodies", "000001.jsonl")
	bodies, err := os.ReadFile(chain)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		do   func()
		want string // in the first fault; "" for none
	}{
		{"nothing", func() {}, ""},
		{"a delivered line is missing", func() { rewrite(t, kept.alerts(), cut) }, "the file does not end with revision"},
		{"a line twice", func() { rewrite(t, kept.alerts(), append(bytes.Clone(lines), lines[len(cut):]...)) }, "out of its order"},
		{"a line is altered", func() { rewrite(t, kept.alerts(), bytes.Replace(lines, []byte(last.Summary), []byte("X"), 1)) }, "the file does not end with revision"},
		{"not printed", func() { delete(printed, last.ID) }, "was not printed"},
		{"printed before its last revision", func() { printed[last.ID]-- }, "was not printed"},
		{"printed and never committed", func() { printed["ghost"] = 1 }, "were committed"},
		{"evidence altered", func() { rewrite(t, chain, bytes.Replace(bodies, []byte("alert"), []byte("alarm"), -1)) }, "was changed"},
	} {
		rewrite(t, kept.alerts(), lines)
		before := maps.Clone(printed)
		c.do()
		p, err := (&show{folder: &kept, printer: &printer{last: printed}}).prove()
		printed = before
		if err != nil { // the store itself refuses what is damaged
			p = &proof{faults: []error{err}}
		}
		switch {
		case c.want == "" && len(p.faults) > 0:
			t.Errorf("%s: faults %v", c.name, p.faults)
		case c.want != "" && (len(p.faults) == 0 || !strings.Contains(p.faults[0].Error(), c.want)):
			t.Errorf("%s: faults %v, want %q in the first", c.name, p.faults, c.want)
		}
	}
}

func rewrite(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOptionsThatCannotBeAreRefused(t *testing.T) {
	for _, o := range []Options{{Speed: -1}, {Staff: 3}, {Days: 4000}} {
		o.TempDir = nothingLeft(t)
		if err := Run(context.Background(), o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}
