package fsx

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Lock is an exclusive lock, held until Release or the end of the process, however that comes.
type Lock struct{ file *os.File }

// LockedError says that another process, or another part of this one, holds the lock.
type LockedError struct {
	Path string
	PID  int // of the holder; 0 if the file does not say
}

func (e *LockedError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("%s is locked by another process: stop that one first, or wait for it", e.Path)
	}
	return fmt.Sprintf("%s is locked by process %d: stop that one first, or wait for it", e.Path, e.PID)
}

// Lock takes the lock at path without waiting; a *LockedError says who holds it. The file stays after Release: removing
// it would let two holders lock two files of one name.
func (f *FS) Lock(path string) (*Lock, error) {
	if err := f.Point(OpLock, path); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := take(file); err != nil {
		file.Close()
		return nil, err
	}
	return &Lock{file: file}, nil
}

func take(file *os.File) error {
	err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return &LockedError{Path: file.Name(), PID: holder(file)}
	}
	if err != nil {
		return fmt.Errorf("locking %s: %w", file.Name(), err)
	}
	// The pid is a courtesy to whoever finds it locked; the lock itself is the kernel's.
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err = file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

func holder(file *os.File) int {
	var b [20]byte
	n, _ := file.ReadAt(b[:], 0)
	pid, err := strconv.Atoi(strings.TrimSpace(string(b[:n])))
	if err != nil {
		return 0
	}
	return pid
}

// Release gives the lock up. Closing the file is not enough: while another goroutine starts a command, a child of this process has
// the file as well, until it executes what it was made for, and would hold the lock for that long.
func (l *Lock) Release() error {
	err := unix.Flock(int(l.file.Fd()), unix.LOCK_UN)
	return errors.Join(err, l.file.Close())
}
