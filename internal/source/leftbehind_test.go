package source

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestAResumePointTellsWhichFilesItHasLeftBehind(t *testing.T) {
	dir := t.TempDir()
	var files []string
	for _, name := range []string{"a.log.2", "a.log.1", "a.log"} {
		files = append(files, filepath.Join(dir, name))
		if err := os.WriteFile(files[len(files)-1], []byte(name+" first\n"+name+" second\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := LeftBehind(nil, files); n != 0 || err != nil {
		t.Errorf("without a position: %d, %v", n, err)
	}
	streams, err := OpenFiles("s", newLines, files)
	if err != nil {
		t.Fatal(err)
	}
	defer streams[0].Close()
	var got []int
	var state []byte
	for {
		chunk, err := streams[0].Next(1)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(chunk.Records) == 0 {
			continue
		}
		state = chunk.State
		n, err := LeftBehind(state, files)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, n)
	}
	if want := []int{0, 0, 1, 1, 2, 2}; !slices.Equal(got, want) { // the file finished last is still needed
		t.Errorf("left behind %v, want %v", got, want)
	}
	if n, err := LeftBehind(state, files[:1]); n != 0 || err != nil {
		t.Errorf("among files that it is not in: %d, %v", n, err)
	}
	if _, err := LeftBehind(state, []string{filepath.Join(dir, "none")}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := LeftBehind([]byte("{"), files); err == nil {
		t.Error("a damaged position is read")
	}
}
