package listen

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/fsx"
	"probity/internal/source"
)

var errKilled = errors.New("killed")

// killer lets a number of steps of the disk happen and then none: what a process leaves that is killed there.
type killer struct {
	left  int
	short int // bytes of a killed write that still reach the file
	steps int
	names map[string]int // steps by name
}

func (k *killer) fault(op, _ string) error {
	k.steps++
	k.names[op]++
	if k.left--; k.left >= 0 {
		return nil
	}
	if op == fsx.OpWrite && k.left == -1 {
		return &fsx.ShortWrite{Bytes: k.short, Err: errKilled}
	}
	return errKilled
}

// life writes groups of lines, with rotations, while a follower reads and commits, until the disk ends it. It returns the
// lines that were durable.
func life(t *testing.T, f *follower, k *killer, dice *rand.Rand) (durable, all []string, end int64) {
	t.Helper()
	s, err := openTestSpool(t, f.dir, &fsx.FS{Fault: k.fault}, 4<<10, f.judged)
	if err != nil {
		return nil, nil, 0
	}
	defer func() { _ = s.close() }()
	for group := range 16 {
		var lines []string
		for i := range 1 + dice.IntN(6) {
			lines = append(lines, fmt.Sprintf("%d.%d %s", group, i, strings.Repeat("x", dice.IntN(120))))
		}
		all = append(all, lines...)
		s.pending = append(s.pending, strings.Join(lines, "\n")+"\n"...)
		failed := s.flush() != nil
		if s.batch == nil {
			durable = append(durable, lines...)
		}
		if dice.IntN(3) == 0 {
			f.once(s.durable) // a restart of the reading side, too
		}
		s.retain(time.Now())
		end = s.end
		if failed {
			break
		}
	}
	return durable, all, end
}

// checkOnce demands that what was durable was judged once, and what was not, once at most, in order.
func checkOnce(t *testing.T, what string, f *follower, durable, all []string) {
	t.Helper()
	if len(f.gaps) > 0 {
		t.Errorf("%s: gaps %v", what, f.gaps)
	}
	if len(f.got) < len(durable) || !slices.Equal(f.got, all[:min(len(f.got), len(all))]) {
		t.Fatalf("%s: durable %d (-written +judged):\n%s", what, len(durable), cmp.Diff(all[:len(durable)], f.got))
	}
}

// fullLife draws a life in which all happens that can be cut short: some rotate too little to remove a file.
func fullLife(t *testing.T) (seed uint64, steps int) {
	t.Helper()
	for range 100 {
		seed, k := rand.Uint64(), &killer{left: 1 << 30, names: map[string]int{}}
		_, all, _ := life(t, &follower{t: t, dir: t.TempDir()}, k, rand.New(rand.NewPCG(seed, 0)))
		if k.names[fsx.OpRename] >= 2 && k.names[fsx.OpRemove] >= 1 && k.steps >= 50 && len(all) >= 30 {
			t.Logf("seed %d", seed)
			return seed, k.steps
		}
	}
	t.Fatal("a hundred lives, and none of them full")
	return 0, 0
}

func TestWhatIsDurableIsJudgedOnceWhereverTheProcessIsKilled(t *testing.T) {
	t.Parallel()
	seed, steps := fullLife(t)
	for at := range steps {
		f := &follower{t: t, dir: t.TempDir()}
		durable, all, _ := life(t, f, &killer{left: at, short: at % 7, names: map[string]int{}}, rand.New(rand.NewPCG(seed, 0)))
		s, err := openTestSpool(t, f.dir, &fsx.FS{}, 4<<10, f.judged)
		must(t, err)
		f.once(s.durable)
		checkOnce(t, fmt.Sprintf("killed at step %d", at), f, durable, all)
		s.pending = append(s.pending, "after\n"...)
		must(t, s.flush())
		before := len(f.got)
		f.once(s.durable)
		if got := f.got[before:]; !slices.Equal(got, []string{"after"}) {
			t.Fatalf("killed at step %d: afterwards %q", at, got)
		}
		must(t, s.close())
	}
}

func TestAPowerCutTakesNothingThatWasJudged(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(7, 7))
	for at := 10; at < 60; at += 3 {
		f := &follower{t: t, dir: t.TempDir()}
		durable, all, end := life(t, f, &killer{left: at, short: 100, names: map[string]int{}}, dice)
		path := SpoolPath(f.dir)
		b, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			end = 0 // put away, and the next one not begun
		} else {
			must(t, err)
		}
		if int64(len(b)) > end { // what had no fsync comes back as something else, or not at all
			clear(b[end:])
			must(t, os.WriteFile(path, b[:end+dice.Int64N(int64(len(b))-end+1)], 0o600))
		}
		s, err := openTestSpool(t, f.dir, &fsx.FS{}, 4<<10, f.judged)
		must(t, err)
		f.once(s.durable)
		checkOnce(t, fmt.Sprintf("cut at step %d", at), f, durable, all)
		must(t, s.close())
	}
}

// A failed write or fsync is tried again with the same bytes under the follower's eyes: nothing is cut, lost or doubled.
func TestAFailingDiskIsTriedAgainWithoutLossOrDoubling(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(3, 1))
	broken := errors.New("no space left")
	for round := range 8 {
		f := &follower{t: t, dir: t.TempDir()}
		disk := &fsx.FS{}
		s, err := openTestSpool(t, f.dir, disk, 4<<10, func([]string) int { return 0 })
		must(t, err)
		disk.Fault = func(op, _ string) error {
			switch {
			case dice.IntN(3) > 0:
				return nil
			case op == fsx.OpWrite:
				return &fsx.ShortWrite{Bytes: dice.IntN(40), Err: broken}
			}
			return broken
		}
		f.open()
		var want []string
		failures := 0
		for i := range 60 {
			line := fmt.Sprintf("%d %s", i, strings.Repeat("y", 50))
			want = append(want, line)
			s.pending = append(s.pending, line+"\n"...)
			for s.flush() != nil || s.batch != nil {
				failures++
				f.take(1000, s.durable)
			}
		}
		f.take(1000, s.durable)
		f.close()
		f.once(s.durable)
		if !slices.Equal(f.got, want) || len(f.gaps) > 0 || failures < 10 {
			t.Fatalf("round %d, %d failures, gaps %v (-want +got):\n%s", round, failures, f.gaps, cmp.Diff(want, f.got))
		}
		must(t, s.close())
	}
}

func TestAFsyncThatFailedIsNotBelievedTheNextTime(t *testing.T) {
	var steps []string
	fails := 2
	disk := &fsx.FS{}
	s, err := openTestSpool(t, t.TempDir(), disk, 4<<10, nil)
	must(t, err)
	disk.Fault = func(op, _ string) error {
		steps = append(steps, op)
		if op == fsx.OpSync && fails > 0 {
			fails--
			return errKilled
		}
		return nil
	}
	s.pending = append(s.pending, "a\n"...)
	for s.flush() != nil {
		if err := s.durable(); !errors.Is(err, errNotDurable) {
			t.Errorf("after a failed fsync: %v", err)
		}
	}
	must(t, s.durable())
	// An append of nothing, and the bytes once more.
	want := []string{fsx.OpWrite, fsx.OpSync, fsx.OpWrite, fsx.OpWrite, fsx.OpSync, fsx.OpWrite, fsx.OpWrite, fsx.OpSync}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Error(diff)
	}
	if got := spoolLines(t, s.Dir); !slices.Equal(got, []string{"a"}) {
		t.Errorf("got %q", got)
	}
	must(t, s.close())
}

func TestAFullSpoolLetsNobodyInUntilWhatIsJudgedHasGone(t *testing.T) {
	dir, judged := t.TempDir(), 0
	s, err := openTestSpool(t, dir, &fsx.FS{}, 8<<10, func([]string) int { return judged })
	must(t, err)
	s.Keep = time.Hour
	line := []byte(strings.Repeat("z", 255) + "\n")
	ctx := context.Background()
	n := 0
	for s.offer(ctx, line) == nil {
		n++
		must(t, s.flush())
		s.retain(time.Now())
	}
	if n != 32 || !s.full() || len(s.kept) != 8 {
		t.Fatalf("%d lines, full %t, %d segments", n, s.full(), len(s.kept))
	}
	waiting := make(chan error)
	go func() { waiting <- s.append(ctx, line) }()
	judged = 3
	s.retain(time.Now())
	must(t, <-waiting)
	s.retain(time.Now()) // of 8 segments and a line
	if len(s.kept) != 5 || !errors.Is(s.offer(canceled(), make([]byte, 4<<10)), errFull) {
		t.Errorf("%d segments left", len(s.kept))
	}
	must(t, s.flush())
	judged = 100
	s.retain(time.Now())
	if left := len(s.kept); left == 0 || s.crowded() {
		t.Errorf("what may stay has gone: %d segments", left)
	}
	s.retain(time.Now().Add(2 * time.Hour))
	if len(s.kept) != 0 || s.onDisk != s.end {
		t.Errorf("what is old has stayed: %d segments, %d bytes", len(s.kept), s.onDisk)
	}
	must(t, s.close())
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestWhoWaitsForRoomLeavesWithItsContext(t *testing.T) {
	s, err := openTestSpool(t, t.TempDir(), &fsx.FS{}, 8<<10, func([]string) int { return 0 })
	must(t, err)
	if err := s.append(canceled(), make([]byte, 9<<10)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	must(t, s.close())
}

func TestAQuietSpoolWritesAtOnceAndABusyOneInGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		syncs := 0
		disk := &fsx.FS{}
		s, err := openTestSpool(t, t.TempDir(), disk, 64<<20, func([]string) int { return 0 })
		must(t, err)
		disk.Fault = func(op, _ string) error {
			if op == fsx.OpSync {
				syncs++
			}
			return nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.run(ctx) }()
		began := time.Now()
		for range 95 { // the first at once, then one group each 100 ms
			must(t, s.append(ctx, []byte("a\n")))
			time.Sleep(10 * time.Millisecond) // of the bubble's clock
			synctest.Wait()
		}
		if took := time.Since(began); syncs != 10 || took != 950*time.Millisecond {
			t.Errorf("%d fsyncs in %s", syncs, took)
		}
		cancel()
		must(t, <-ended)
		if n := len(spoolLines(t, s.Dir)); n != 95 {
			t.Errorf("%d lines", n)
		}
		must(t, s.close())
	})
}

func TestSegmentsOfAnEarlierRunGoOnInOrder(t *testing.T) {
	dir := t.TempDir()
	for run := range 4 {
		s, err := openSpool(spoolOptions{Dir: dir, MaxBytes: 1 << 20, FS: &fsx.FS{}, Bytes: func(int64) {}, Failed: func() {}}, true)
		must(t, err)
		s.pending = fmt.Appendf(nil, "run %d\n", run)
		must(t, s.flush())
		must(t, s.close())
	}
	if diff := cmp.Diff([]string{"run 0", "run 1", "run 2", "run 3"}, spoolLines(t, dir)); diff != "" {
		t.Error(diff)
	}
	f := &follower{t: t, dir: dir}
	f.once(func() error { return nil })
	if diff := cmp.Diff(spoolLines(t, dir), f.got); diff != "" {
		t.Error(diff)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	must(t, err)
	if n, err := source.LeftBehind(f.state, append(names[1:], names[0])); err != nil || n != 3 {
		t.Errorf("left behind %d, %v", n, err)
	}
}
