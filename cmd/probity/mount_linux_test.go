package main

import (
	"os"
	"syscall"
	"testing"
)

// mountSmall makes a file system of 32 MiB at path; without the right to mount, the test is skipped.
func mountSmall(t *testing.T, path string) {
	t.Helper()
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", path, "tmpfs", 0, "size=32m"); err != nil {
		t.Skipf("no small file system can be mounted here (%v): run it as root; the faults of the seam are tested all the same", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(path, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}
