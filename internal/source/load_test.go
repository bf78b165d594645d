package source

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestRotationsUnderLoad lets a writer rotate as fast as it can, by the clock of the machine: sixty generations, all of
// them renamed at each rotation, while they are read.
func TestRotationsUnderLoad(t *testing.T) {
	const rotations, each = 60, 100
	path := filepath.Join(t.TempDir(), "a.log")
	set, err := Open(Options{Name: "s", Paths: []string{path}, Framer: newLines, Follow: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	streams, err := set.Discover()
	if err != nil {
		t.Fatal(err)
	}
	wrote := make(chan error, 1)
	go func() { wrote <- writeAndRotate(path, rotations, each) }()
	var got []string
	deadline := time.Now().Add(30 * time.Second)
	for len(got) < rotations*each && time.Now().Before(deadline) {
		chunk, err := streams[0].Next(64)
		if err != nil {
			t.Fatal(err)
		}
		if chunk == nil {
			continue
		}
		for _, rec := range chunk.Records {
			got = append(got, text(rec))
		}
		if len(chunk.Gaps) > 0 {
			t.Errorf("gaps: %+v", chunk.Gaps)
		}
	}
	if err := <-wrote; err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(lineList(0, rotations*each), got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

func writeAndRotate(path string, rotations, each int) error {
	for i := range rotations {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		for n := i * each; n < (i+1)*each; n++ {
			if _, err := fmt.Fprintf(f, "line %d\n", n); err != nil {
				return err
			}
			if n == i*each+each/2 && i < rotations-1 { // the rest is written to the rotated file
				for k := i; k >= 1; k-- {
					if err := os.Rename(fmt.Sprintf("%s.%d", path, k), fmt.Sprintf("%s.%d", path, k+1)); err != nil {
						return err
					}
				}
				if err := os.Rename(path, path+".1"); err != nil {
					return err
				}
			}
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}
