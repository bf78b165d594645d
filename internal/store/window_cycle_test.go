package store

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"probity/internal/fsx"
)

func TestALogIsWrittenAnewAShardACommit(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	s.windows.sizes = windowSizes{least: 1 << 40, shard: 1000, step: 1500, room: 4000}
	want := map[[2]string]string{}
	commit := func(n int) {
		key, gone := fmt.Sprint(n%60), fmt.Sprint((n+1)%60)
		must(t, s.Commit(&Commit{Windows: []WindowState{{Feed: "f", Key: key, State: bytes.Repeat([]byte{byte(n)}, 60)}, {Feed: "f", Key: gone}}}))
		want[[2]string{"f", key}] = strings.Repeat(string([]byte{byte(n)}), 60)
		delete(want, [2]string{"f", gone})
	}
	for n := range 100 {
		commit(n)
	}
	s.windows.sizes.least, s.windows.sizes.step = 4000, 5000
	var path []int
	for n := 100; len(path) == 0 || s.head.windows.Old != 0; n++ {
		commit(n)
		path = append(path, s.head.windows.Done)
	}
	if s.head.windows.File != 2 || len(path) < 10 {
		t.Errorf("head %+v after %v", s.head.windows, path)
	}
	for i, done := range path[1 : len(path)-1] {
		if done-path[i] > 1 {
			t.Errorf("more than a shard in a commit: %v", path)
		}
	}
	if diff := gocmp.Diff(want, viewOf(t, s).Windows); diff != "" {
		t.Error(diff)
	}
	must(t, s.Check())
}

// logModel drives a window log alone, with failing disks, commits that are taken back, and restarts, beside a map.
type logModel struct {
	fs     *fsx.FS
	dir    string
	log    *windowLog
	sizes  windowSizes
	commit uint64
	states map[string]string
}

func (x *logModel) draw(t *rapid.T) []WindowState {
	var states []WindowState
	lives := map[string]bool{}
	for range rapid.IntRange(0, 5).Draw(t, "states") {
		w := WindowState{Feed: "f", Key: fmt.Sprint(rapid.IntRange(0, 30).Draw(t, "key"))}
		if rapid.IntRange(0, 3).Draw(t, "gone") > 0 {
			w.State = bytes.Repeat([]byte{byte(x.commit)}, rapid.IntRange(0, 80).Draw(t, "bytes"))
			there, drawn := lives[w.Key]
			if _, before := x.states[w.Key]; there || before && !drawn {
				w.More = rapid.Bool().Draw(t, "more")
			}
		}
		lives[w.Key] = w.State != nil
		states = append(states, w)
	}
	return states
}

func (x *logModel) append(t *rapid.T) {
	states := x.draw(t)
	if _, err := x.log.append(x.commit+1, states); err != nil {
		t.Fatal(err)
	}
	x.commit++
	for _, w := range states {
		switch {
		case w.State == nil:
			delete(x.states, w.Key)
		case w.More:
			x.states[w.Key] += string(w.State)
		default:
			x.states[w.Key] = string(w.State)
		}
	}
	if x.log.head.Old == 0 { // as after the transaction
		if err := errors.Join(x.log.endCycle(), x.log.removeOthers()); err != nil {
			t.Fatal(err)
		}
	}
}

func (x *logModel) takenBack(t *rapid.T) {
	before := x.log.head
	at := rapid.IntRange(0, 8).Draw(t, "step")
	x.fs.Fault = func(string, string) error {
		if at--; at == 0 {
			return &fsx.ShortWrite{Bytes: 5, Err: syscall.ENOSPC}
		}
		return nil
	}
	_, err := x.log.append(x.commit+1, x.draw(t))
	x.fs.Fault = nil
	if err != nil && !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if err := x.log.rewind(before); err != nil {
		t.Fatal(err)
	}
}

func (x *logModel) restart(t *rapid.T) {
	head := x.log.head
	if err := x.log.close(); err != nil {
		t.Fatal(err)
	}
	x.open(t, head)
}

func (x *logModel) open(t *rapid.T, head windowHead) {
	var err error
	if x.log, err = openWindows(x.fs, x.dir, head, x.commit); err != nil {
		t.Fatal(err)
	}
	x.log.sizes = x.sizes
	if err := x.log.rewind(head); err != nil {
		t.Fatal(err)
	}
}

func (x *logModel) check(t *rapid.T) {
	got := map[string]string{}
	var mu sync.Mutex
	err := x.log.each(rapid.IntRange(1, 4).Draw(t, "workers"), func(_ int, s savedState) error {
		mu.Lock()
		defer mu.Unlock()
		if _, twice := got[string(s.key)]; twice {
			return fmt.Errorf("key %s came twice", s.key)
		}
		got[string(s.key)] = string(s.state)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(x.states, got); diff != "" {
		t.Fatalf("head %+v: %s", x.log.head, diff)
	}
	if files, err := windowFiles(x.dir); err != nil || len(files) > 2 {
		t.Fatal(files, err)
	}
}

func TestAWindowLogThroughFaultsAndRestartsAgreesWithAMap(t *testing.T) {
	t.Parallel()
	base, run, renewed := t.TempDir(), 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		x := &logModel{fs: &fsx.FS{}, dir: filepath.Join(base, fmt.Sprint(run)), states: map[string]string{}, sizes: windowSizes{
			least: int64(rapid.IntRange(0, 800).Draw(rt, "least")), shard: int64(rapid.IntRange(50, 1000).Draw(rt, "shard")),
			step: int64(rapid.IntRange(1, 500).Draw(rt, "step")), room: rapid.IntRange(1, 500).Draw(rt, "room")}}
		must(t, os.Mkdir(x.dir, 0o700))
		x.open(rt, windowHead{File: 1})
		defer func() { x.log.close() }()
		rt.Repeat(map[string]func(*rapid.T){"append": x.append, "append again": x.append, "taken back": x.takenBack, "restart": x.restart, "": x.check})
		renewed += x.log.head.File - 1
	})
	if renewed == 0 {
		t.Error("no log was written anew: the test looks at nothing")
	}
}

// The commit that finds the disk full while it sorts is refused like any other, and succeeds when there is room again.
func TestAScratchFileOnAFullDiskFailsTheCommitAndNothingElse(t *testing.T) {
	dir, fs := t.TempDir(), &fsx.FS{}
	s := openStore(t, dir, fs)
	s.windows.sizes = windowSizes{least: 500, shard: 200, step: 1 << 20, room: 10}
	var windows []WindowState
	for n := range 40 {
		windows = append(windows, WindowState{Feed: "f", Key: fmt.Sprint(n), State: make([]byte, 40)})
	}
	must(t, s.Commit(&Commit{Windows: windows}))
	before := viewOf(t, s)
	scratches := 0
	fs.Fault = func(op, path string) error {
		if path == dir && (op == fsx.OpWrite || op == fsx.OpCreate) {
			scratches++
			return syscall.ENOSPC
		}
		return nil
	}
	if err := s.Commit(&Commit{}); !errors.Is(err, syscall.ENOSPC) || scratches != 1 {
		t.Fatalf("got %v after %d scratch files", err, scratches)
	}
	fs.Fault = nil
	if diff := gocmp.Diff(before, viewOf(t, s)); diff != "" {
		t.Error(diff)
	}
	for s.head.windows.File == 1 || s.head.windows.Old != 0 {
		must(t, s.Commit(&Commit{}))
	}
	if diff := gocmp.Diff(before.Windows, viewOf(t, s).Windows); diff != "" {
		t.Error(diff)
	}
}

// 10,000 keys and a shard count of 64: what is kept in memory is a shard, not the keys.
func TestSortingHoldsAShardAtATime(t *testing.T) {
	var log []byte
	want := map[string]bool{}
	for n := range 10_000 {
		log, _ = encodeFrames(log, uint64(n+1), []WindowState{{Feed: "f", Key: fmt.Sprint(n), State: []byte("state")}})
		want[fmt.Sprint(n)] = true
	}
	s := newSorter(&fsx.FS{}, t.TempDir(), windowSizes{shard: int64(len(log))/64 + 1, room: 6400}, []part{{1, bytes.NewReader(log), int64(len(log))}})
	defer s.close()
	for done := false; !done; {
		var err error
		done, err = s.step(1000)
		must(t, err)
		held := 0
		for _, w := range s.waiting {
			held += cap(w)
		}
		if held > 64*1000 {
			t.Fatalf("%d bytes are held", held)
		}
	}
	if s.shards != 64 {
		t.Errorf("%d shards", s.shards)
	}
	for shard := range s.shards {
		n := 0
		must(t, s.live(shard, func(w savedState) error {
			n++
			if !want[string(w.key)] {
				t.Errorf("key %s again, or never written", w.key)
			}
			delete(want, string(w.key))
			return nil
		}))
		if n < 80 || n > 250 {
			t.Errorf("shard %d has %d keys of 10,000", shard, n)
		}
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", slices.Sorted(maps.Keys(want)))
	}
}

// What bury leaves is what a map of names would: of each name the last whole state of the highest rank with what changed since
// behind it, and nothing if it is gone.
func TestWhatIsBuriedIsWhatALaterStateReplaced(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var states []sorted
		byName := map[string][]int{}
		// counts says what counts of a name: its last whole state by rank, the changes behind that, and whether that is damage.
		counts := func(name string) (whole int, text string, lone bool) {
			list := slices.Clone(byName[name])
			slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(states[a].rank, states[b].rank) })
			whole = -1
			for _, i := range list {
				switch {
				case !states[i].more:
					whole, text, lone = i, string(states[i].state), false
				case whole < 0 || states[whole].state == nil:
					lone = true
				default:
					text += string(states[i].state)
				}
			}
			return whole, text, lone
		}
		n, damaged := rapid.IntRange(0, 100).Draw(t, "states"), rapid.IntRange(0, 9).Draw(t, "damaged") == 0
		second := rapid.IntRange(0, n).Draw(t, "file") // the first state of the second file
		for i := range n {
			name := string(byte(rapid.IntRange(0, 10).Draw(t, "name")))
			s := sorted{savedState: savedState{name: []byte(name), state: []byte{byte(i)}}}
			if i >= second {
				s.rank = 2
			}
			whole, _, lone := counts(name)
			switch rapid.IntRange(0, 7).Draw(t, "kind") {
			case 0: // of a snapshot
			case 1:
				s.rank, s.state = s.rank+1, nil
			case 2, 3, 4:
				s.more = damaged || !lone && whole >= 0 && states[whole].state != nil
				fallthrough
			default:
				s.rank++
			}
			byName[name] = append(byName[name], i)
			states = append(states, s)
		}
		want, lone := map[string]string{}, false
		for name := range byName {
			whole, text, is := counts(name)
			if lone = lone || is; whole >= 0 && states[whole].state != nil {
				want[name] = text
			}
		}
		err := bury(states, func(*sorted) error { return errLone })
		if lone != errors.Is(err, errLone) {
			t.Fatalf("got %v", err)
		}
		if lone {
			return
		}
		got := map[string]string{}
		for i := range states {
			s := &states[i]
			if s.state == nil || s.more {
				continue
			}
			if _, twice := got[string(s.name)]; twice {
				t.Fatalf("%q twice", s.name)
			}
			s.join(nil, states)
			got[string(s.name)] = string(s.state)
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// A change behind nothing is no state, and is not taken for one: it is damage, of the file.
func TestAChangeOfAStateThatIsNotThereIsDamage(t *testing.T) {
	for name, before := range map[string][]WindowState{"never was": nil, "gone": {{Feed: "f", Key: "k", State: []byte("s")}, {Feed: "f", Key: "k"}}} {
		t.Run(name, func(t *testing.T) {
			s := openStore(t, t.TempDir(), nil)
			must(t, s.Commit(&Commit{Windows: append(before, WindowState{Feed: "f", Key: "k", State: []byte("more"), More: true})}))
			err := s.EachWindow(2, func(int, string, string, []byte) error { return nil })
			var d *fsx.Damage
			if !errors.As(err, &d) || d.File != windowsPath(s.opts.Dir, 1) || strings.Contains(err.Error(), `"k"`) {
				t.Errorf("got %v", err)
			}
		})
	}
}
