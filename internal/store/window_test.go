package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// appendFrame appends the frame of one commit's payload to dst.
func appendFrame(dst []byte, magic string, commit uint64, payload []byte) []byte {
	begin := len(dst)
	dst = append(beginFrame(dst, magic, commit), payload...)
	endFrame(dst[begin:])
	return dst
}

// decodeAll reads whole frames until something is wrong.
func decodeAll(p []byte) (states []WindowState, commits []uint64, used int64, err error) {
	frames := frameReader{r: bytes.NewReader(p), end: int64(len(p))}
	for {
		used = frames.at
		f, err := frames.next()
		if err != nil {
			return states, commits, used, err
		}
		commits = append(commits, f.commit)
		if err := eachState(f, func(_ int, s savedState) error {
			states = append(states, WindowState{string(s.feed), string(s.key), bytes.Clone(s.state), s.more})
			return nil
		}); err != nil {
			return states, commits, used, err
		}
	}
}

func TestWindowStatesAreReadAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		states := rapid.SliceOf(rapid.Custom(func(t *rapid.T) WindowState {
			return WindowState{rapid.String().Draw(t, "feed"), string(rapid.SliceOf(rapid.Byte()).Draw(t, "key")),
				rapid.OneOf(rapid.Just([]byte(nil)), rapid.SliceOf(rapid.Byte())).Draw(t, "state"), false}
		})).Draw(t, "states")
		for i := range states {
			states[i].More = states[i].State != nil && rapid.Bool().Draw(t, "more")
		}
		p, err := encodeFrames(nil, 7, states)
		if err != nil {
			t.Fatal(err)
		}
		got, commits, used, err := decodeAll(p)
		if err != io.EOF || used != int64(len(p)) {
			t.Fatalf("read %d of %d bytes: %v", used, len(p), err)
		}
		if len(states) == 0 {
			states = nil
		}
		if diff := cmp.Diff(states, got); diff != "" || len(commits) != 1 || commits[0] != 7 {
			t.Fatal(diff, commits)
		}
	})
}

func TestAGreatCommitIsSeveralFrames(t *testing.T) {
	var states []WindowState
	for i := range 9 {
		states = append(states, WindowState{Feed: "f", Key: fmt.Sprint(i), State: make([]byte, 1<<20)})
	}
	p, err := encodeFrames(nil, 3, states)
	must(t, err)
	got, commits, _, err := decodeAll(p)
	if err != io.EOF || len(got) != 9 {
		t.Fatal(len(got), err)
	}
	if diff := cmp.Diff([]uint64{3, 3, 3}, commits); diff != "" {
		t.Error(diff)
	}
}

func FuzzWindowFramesAreReadWithoutPanicAndOnlyAsWritten(f *testing.F) {
	p, err := encodeFrames(nil, 7, []WindowState{{"feed", "key", []byte("state"), false}, {Feed: "f"}, {Key: "k", State: []byte{}}, {"feed", "key", []byte("more"), true}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p)
	f.Add(p[:len(p)-1])
	f.Add(appendFrame(nil, frameMagic, 1, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 0}))
	f.Add(appendFrame(appendFrame(nil, frameMagic, 1, nil), frameMagic, 2, []byte{1, 'a', 1, 'b', 0}))
	f.Fuzz(func(t *testing.T, p []byte) {
		decodeAll(p)
		// The fuzzer seldom finds a checksum: what it makes up is put into a frame as well, of this version and of those before.
		for _, magic := range []string{frameMagic, frameMagicV3} {
			states, _, _, err := decodeAll(appendFrame(nil, magic, 9, p))
			if !errors.Is(err, io.EOF) && !errors.Is(err, errState) {
				t.Fatal(err)
			}
			var again []byte
			for i := range states {
				again = appendState(again, &states[i])
			}
			if got, _, _, err := decodeAll(appendFrame(nil, frameMagic, 9, again)); err != io.EOF || cmp.Diff(states, got) != "" {
				t.Errorf("%v: %s", err, cmp.Diff(states, got))
			}
		}
	})
}

func TestTheWindowLogIsWrittenAnewWhenItHasOutgrownWhatLives(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	s.windows.sizes.least = 4000
	want := map[[2]string]string{}
	for n := range 300 {
		key := fmt.Sprint(n % 10)
		state := strings.Repeat(key, 40+n%7)
		must(t, s.Commit(&Commit{Windows: []WindowState{{Feed: "f", Key: key, State: []byte(state)}, {Feed: "gone", Key: fmt.Sprint(n), State: []byte("x")}, {Feed: "gone", Key: fmt.Sprint(n - 1)}}}))
		want[[2]string{"f", key}] = state
		want[[2]string{"gone", fmt.Sprint(n)}] = "x"
		delete(want, [2]string{"gone", fmt.Sprint(n - 1)})
	}
	if s.head.windows.File < 5 || s.head.windows.Size > 8000 {
		t.Errorf("head %+v", s.head.windows)
	}
	files, err := windowFiles(dir)
	must(t, err)
	if diff := cmp.Diff([]int{s.head.windows.File}, files); diff != "" {
		t.Error(diff)
	}
	must(t, s.Close())
	if diff := cmp.Diff(want, viewOf(t, openStore(t, dir, nil)).Windows); diff != "" {
		t.Error(diff)
	}
}

func TestAGrowingLogOfLiveStatesIsNotWrittenAnewAtEveryCommit(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	s.windows.sizes.least = 1000
	for n := range 200 {
		must(t, s.Commit(&Commit{Windows: []WindowState{{Feed: "f", Key: fmt.Sprint(n), State: make([]byte, 100)}}}))
	}
	if f := s.head.windows.File; f < 3 || f > 7 {
		t.Errorf("%d files for a log that grew to 30 times its least size", f)
	}
	if _, err := os.Stat(windowsPath(dir, 1)); err == nil {
		t.Error("the first file is still there")
	}
}
