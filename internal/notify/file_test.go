package notify

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"probity/internal/alert"
	"probity/internal/fsx"
)

var (
	a1, a2, b1 = revision("a", 1), revision("a", 2), revision("b", 1)
	batchOf3   = []alert.Delivery{a1, a2, b1}
)

func line(ds ...alert.Delivery) string {
	var s strings.Builder
	for _, d := range ds {
		s.Write(d.Body)
		s.WriteByte('\n')
	}
	return s.String()
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWhatStandsBeyondTheMarkIsComparedWithWhatIsDue(t *testing.T) {
	old := line(revision("old", 1))
	mark := int64(len(old))
	torn := func(d alert.Delivery, n int) string { return line(d)[:n] }
	for _, c := range []struct {
		name         string
		mark         int64
		file, before string // before: alerts.jsonl.1
		want         string // of the file
	}{
		{name: "nothing: all is appended", mark: mark, file: old, want: old + line(a1, a2, b1)},
		{name: "no file at first", want: line(a1, a2, b1)},
		{name: "one line arrived", mark: mark, file: old + line(a1), want: old + line(a1, a2, b1)},
		{name: "all arrived", mark: mark, file: old + line(a1, a2, b1), want: old + line(a1, a2, b1)},
		{name: "a torn line is cut", mark: mark, file: old + line(a1) + torn(a2, 7), want: old + line(a1, a2, b1)},
		{name: "a line without its end is torn", mark: mark, file: old + torn(a1, len(a1.Body)), want: old + line(a1, a2, b1)},
		{name: "a torn line of zeroes is cut", mark: mark, file: old + torn(a1, 5) + "\x00\x00\x00", want: old + line(a1, a2, b1)},
		{name: "a later line arrived, an earlier one was lost in a power cut", mark: mark, file: old + "\x00\x00\n" + line(a2), want: old + "\x00\x00\n" + line(a2, a1, b1)},
		{name: "somebody else's line stays", mark: mark, file: old + "note\n" + line(a1), want: old + "note\n" + line(a1, a2, b1)},
		{name: "somebody else's end without a line's end stays", mark: mark, file: old + "note", want: old + "note\n" + line(a1, a2, b1)},
		{name: "somebody else's long line stays", mark: mark, file: old + strings.Repeat("x", 5000), want: old + strings.Repeat("x", 5000) + "\n" + line(a1, a2, b1)},
		{name: "a line that only ends like a due one is somebody else's", mark: mark, file: old + strings.Repeat("x", len(line(a1))) + line(a1), want: old + strings.Repeat("x", len(line(a1))) + line(a1, a1, a2, b1)},
		{name: "an existing file at first is continued", file: "theirs\n", want: "theirs\n" + line(a1, a2, b1)},
		{name: "rotated away", mark: mark, before: old, want: line(a1, a2, b1)},
		{name: "rotated and created empty", mark: mark, file: "", before: old, want: line(a1, a2, b1)},
		{name: "shorter than the mark, with a line torn", mark: 10_000, file: line(a1) + torn(a2, 9), want: line(a1, a2, b1)},
		{name: "a new file that outgrew the mark inside a line", mark: mark, file: line(a1, a2), want: line(a1, a2, b1)},
		{name: "a new file with a line's end just at the mark", mark: int64(len(line(a1))), file: line(a1, a2), want: line(a1, a2, b1)},
		{name: "rotated between write and record", mark: mark, before: old + line(a1, a2), want: line(b1)},
		{name: "all rotated between write and record", mark: mark, before: old + line(a1, a2, b1), want: ""},
		{name: "the first of all rotated between write and record", before: line(a1), want: line(a2, b1)},
		{name: "rotated between write and record, and written on", mark: mark, before: old + line(a1), file: line(a2), want: line(a2, b1)},
		{name: "a predecessor with other lines at the mark", mark: mark, before: old + line(revision("old", 2), a1), want: line(a1, a2, b1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "alerts.jsonl")
			for p, text := range map[string]string{path: c.file, path + ".1": c.before} {
				if text != "" {
					if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			s := mustSink(t, Config{Name: "s", Type: "file", Path: path})
			done, newMark, err := s.Deliver(t.Context(), c.mark, batchOf3)
			if err != nil || done != len(batchOf3) {
				t.Fatalf("done %d, error %v", done, err)
			}
			if diff := cmp.Diff(c.want, read(t, path)); diff != "" {
				t.Errorf("file (-want +got):\n%s", diff)
			}
			if newMark > int64(len(c.want)) {
				t.Errorf("mark %d in a file of %d bytes", newMark, len(c.want))
			}
			next := revision("next", 1)
			if _, _, err := s.Deliver(t.Context(), newMark, []alert.Delivery{next}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want+line(next), read(t, path)); diff != "" {
				t.Errorf("after the next delivery (-want +got):\n%s", diff)
			}
		})
	}
}

func TestASmallerBatchAfterARestartLosesNoneOfTheLinesThatStand(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	if _, _, err := mustSink(t, Config{Name: "s", Type: "file", Path: path}).Deliver(t.Context(), 0, batchOf3); err != nil {
		t.Fatal(err)
	}
	s, mark := mustSink(t, Config{Name: "s", Type: "file", Path: path}), int64(0)
	for _, d := range batchOf3 {
		var err error
		if _, mark, err = s.Deliver(t.Context(), mark, []alert.Delivery{d}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(line(batchOf3...), read(t, path)); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
}

func TestTheFileAndItsDirectoriesAreMadeForTheGroupOnly(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	dir := filepath.Join(t.TempDir(), "new", "deep")
	path := filepath.Join(dir, "alerts.jsonl")
	if _, _, err := mustSink(t, Config{Name: "s", Type: "file", Path: path}).Deliver(t.Context(), 0, batchOf3); err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]os.FileMode{path: 0o640, dir: 0o750, filepath.Dir(dir): 0o750} {
		info, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", p, info.Mode().Perm(), want)
		}
	}
}

func TestABodyOnSeveralLinesBecomesOneAndABrokenOneIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	box := newMemory()
	box.add("s", a1,
		alert.Delivery{AlertID: "p", Revision: 1, Body: []byte("{\n  \"id\": \"p\",\n  \"revision\": 1\n}")},
		alert.Delivery{AlertID: "q", Revision: 1, Body: []byte(`{"id":`)}, b1)
	n := mustNotifier(t, Options{Outbox: box, Sinks: []Sink{mustSink(t, Config{Name: "s", Type: "file", Path: path})}})
	drain(t, n)
	want := line(a1) + "{\"id\":\"p\",\"revision\":1}\n" + line(b1)
	if diff := cmp.Diff(want, read(t, path)); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"!s q/1 the body is no JSON: unexpected end of JSON input"}, box.failures); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
}

// faults fails the n-th step and those after it while for lasts.
type faults struct {
	at, for_ int
	short    bool
	steps    int
}

var errDisk = errors.New("no space left")

func (f *faults) fault(op, _ string) error {
	f.steps++
	if f.steps < f.at || f.steps >= f.at+f.for_ {
		return nil
	}
	if f.short && op == fsx.OpWrite {
		return &fsx.ShortWrite{Bytes: 11, Err: errDisk}
	}
	return errDisk
}

// Every step of two deliveries fails once, or twice running so that the undoing fails too; the sink goes on, or is replaced
// as by a restart. Each line stands once.
func TestAFaultAtAnyStepLosesAndDoublesNothing(t *testing.T) {
	for _, restart := range []bool{false, true} {
		for _, short := range []bool{false, true} {
			for length := 1; length <= 3; length++ {
				for at := 1; ; at++ {
					f := &faults{at: at, for_: length, short: short}
					name := fmt.Sprintf("restart %v, short write %v, steps %d to %d", restart, short, at, at+length-1)
					if !deliverThroughFaults(t, name, f, restart) {
						break
					}
				}
			}
		}
	}
}

func deliverThroughFaults(t *testing.T, name string, f *faults, restart bool) (failed bool) {
	path := filepath.Join(t.TempDir(), "out", "alerts.jsonl")
	fs := &fsx.FS{Fault: f.fault}
	s := mustSinkOn(t, Config{Name: "s", Type: "file", Path: path}, fs)
	mark := int64(0)
	for _, batch := range [][]alert.Delivery{{a1, a2}, {b1}} {
		for try := 0; ; try++ {
			done, newMark, err := s.Deliver(t.Context(), mark, batch)
			if err == nil {
				mark = newMark
				break
			}
			failed = true
			if done != 0 || !errors.Is(err, errDisk) || try > 5 {
				t.Fatalf("%s: done %d, error %v", name, done, err)
			}
			if restart {
				s = mustSinkOn(t, Config{Name: "s", Type: "file", Path: path}, fs)
			}
		}
	}
	if diff := cmp.Diff(line(batchOf3...), read(t, path)); diff != "" {
		t.Fatalf("%s: file (-want +got):\n%s", name, diff)
	}
	if int(mark) != len(line(batchOf3...)) {
		t.Fatalf("%s: mark %d", name, mark)
	}
	return failed
}

// A process killed between write and fsync leaves lines that are not safe yet.
func TestLinesFoundStandingAreSyncedBeforeTheyCountAsDelivered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	if err := os.WriteFile(path, []byte(line(batchOf3...)), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := true
	fs := &fsx.FS{Fault: func(op, _ string) error {
		if op == fsx.OpSync && broken {
			return errDisk
		}
		return nil
	}}
	s := mustSinkOn(t, Config{Name: "s", Type: "file", Path: path}, fs)
	if done, _, err := s.Deliver(t.Context(), 0, batchOf3); done != 0 || !errors.Is(err, errDisk) {
		t.Errorf("done %d, error %v though nothing was synced", done, err)
	}
	broken = false
	if done, _, err := s.Deliver(t.Context(), 0, batchOf3); done != len(batchOf3) || err != nil {
		t.Errorf("done %d, error %v", done, err)
	}
	if diff := cmp.Diff(line(batchOf3...), read(t, path)); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
}

// What an fsync failed for is not believed even though it can be read: it is written again, and synced again.
func TestLinesWhoseFsyncFailedAreWrittenAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	var written, syncs int
	fs := &fsx.FS{}
	fs.Fault = func(op, _ string) error {
		switch op {
		case fsx.OpWrite:
			written++
		case fsx.OpTruncate:
			if syncs == 1 {
				syncs++
				return errDisk
			}
		case fsx.OpSync:
			if syncs++; syncs == 1 {
				return errDisk
			}
		}
		return nil
	}
	s := mustSinkOn(t, Config{Name: "s", Type: "file", Path: path}, fs)
	if _, _, err := s.Deliver(t.Context(), 0, batchOf3); !errors.Is(err, errDisk) {
		t.Fatal(err)
	}
	if got := read(t, path); got != line(batchOf3...) {
		t.Fatalf("the fault left %q, which does not try what is to be tried", got)
	}
	if _, _, err := s.Deliver(t.Context(), 0, batchOf3); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path); got != line(batchOf3...) || written != 2 {
		t.Errorf("written %d times; file %q", written, got)
	}
}

// Random deliveries, kills that leave any prefix of a write, and rotations, against a plain list.
func TestTheLinesOfAllGenerationsAreTheDeliveriesOnceEach(t *testing.T) {
	dir := t.TempDir()
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		path := filepath.Join(dir, fmt.Sprint(run), "alerts.jsonl")
		box, made, generations := newMemory(), 0, 0
		fs := &fsx.FS{}
		open := func() *Notifier {
			return mustNotifier(t, Options{Outbox: box, Sinks: []Sink{mustSinkOn(t, Config{Name: "s", Type: "file", Path: path}, fs)}, Batch: 3})
		}
		n := open()
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			switch rapid.SampledFrom([]string{"deliver", "kill in write", "kill before record", "rotate"}).Draw(rt, "step") {
			case "deliver":
				fs.Fault, box.fault = nil, nil
				drain(t, n)
			case "kill in write":
				bytes := rapid.IntRange(0, 150).Draw(rt, "bytes")
				dead := false
				fs.Fault = func(op, _ string) error { // a killed process does nothing more, no undoing either
					if op == fsx.OpWrite && !dead {
						dead = true
						return &fsx.ShortWrite{Bytes: bytes, Err: errDisk}
					}
					if dead {
						return errDisk
					}
					return nil
				}
				killed(t, n)
				fs.Fault = nil
				n = open()
			case "kill before record":
				box.fault = func(op string) error {
					if op == "delivered" {
						return errDisk
					}
					return nil
				}
				killed(t, n)
				box.fault = nil
				n = open()
			case "rotate":
				generations++
				if err := os.Rename(path, fmt.Sprintf("%s.%d", path, generations)); err != nil && !errors.Is(err, os.ErrNotExist) {
					rt.Fatal(err)
				}
			}
			for range rapid.IntRange(0, 4).Draw(rt, "new") {
				made++
				box.add("s", revision("a", made))
			}
		}
		drain(t, n)
		count := map[string]int{}
		files, _ := filepath.Glob(path + "*")
		for _, f := range files {
			for l := range strings.Lines(read(t, f)) {
				count[l]++
			}
		}
		for i := 1; i <= made; i++ {
			if l := line(revision("a", i)); count[l] != 1 {
				rt.Errorf("revision %d stands %d times", i, count[l])
			}
		}
	})
}

// killed makes one attempt, which is expected to end in the middle.
func killed(t *testing.T, n *Notifier) {
	t.Helper()
	for _, q := range n.queues {
		if _, err := q.round(t.Context(), true); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Close(); err != nil { // the kernel takes a killed process's locks away
		t.Fatal(err)
	}
}

// Whatever stands beyond the mark: no panic, no byte of others lost, each due line once more at most than it stood.
func FuzzStanding(f *testing.F) {
	f.Add([]byte(line(a1)), int64(0))
	f.Add([]byte(line(a1)+line(a2)[:9]), int64(0))
	f.Add([]byte("x\n"+line(b1)+"y"), int64(2))
	f.Add([]byte("\x00\x00"), int64(1))
	f.Fuzz(func(t *testing.T, text []byte, mark int64) {
		path := filepath.Join(t.TempDir(), "alerts.jsonl")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		mark = max(mark, 0)
		done, newMark, err := mustSink(t, Config{Name: "s", Type: "file", Path: path}).Deliver(t.Context(), mark, batchOf3)
		if err != nil || done != len(batchOf3) {
			t.Fatalf("done %d, error %v", done, err)
		}
		got := read(t, path)
		whole := string(text[:strings.LastIndex(string(text), "\n")+1])
		if !strings.HasPrefix(got, whole) {
			t.Errorf("whole lines were changed: %q became %q", text, got)
		}
		if newMark > int64(len(got)) {
			t.Errorf("mark %d in a file of %d bytes", newMark, len(got))
		}
		for _, d := range batchOf3 {
			if !strings.Contains("\n"+got, "\n"+line(d)) {
				t.Errorf("%s does not stand in %q", d.Key(), got)
			}
		}
	})
}
