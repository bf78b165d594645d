package fsx

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestOverwriteChangesBytesInPlaceAndNeverTheSize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	var fs FS
	if err := fs.Overwrite(path, 3, []byte("abc")); err != nil || read(t, path) != "012abc6789" {
		t.Errorf("%q, %v", read(t, path), err)
	}
	for _, off := range []int64{-1, 8, 100} {
		if err := fs.Overwrite(path, off, []byte("xyz")); err == nil {
			t.Errorf("3 bytes at %d were written", off)
		}
	}
	short, _ := failAt(2, &ShortWrite{Bytes: 1, Err: syscall.EIO})
	if err := short.Overwrite(path, 0, []byte("XYZ")); err == nil || read(t, path) != "X12abc6789" {
		t.Errorf("%q, %v", read(t, path), err)
	}
}
