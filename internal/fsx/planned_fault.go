//go:build fault

package fsx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// PlanVariable is the environment variable that asks a build with the tag fault for one fault in the whole process:
//
//	PROBITY_FAULT="outcome op file first last"
//
// From the first to the last step, counted from 1, whose Op matches op and whose base name matches file (patterns of
// path.Match), the outcome is
//
//	trace   the step is written to standard error, and runs
//	kill    the process kills itself with SIGKILL before the step
//	torn    30 bytes of a write reach the file, and the process is killed before its next step
//	short   30 bytes of a write reach the file, and it fails with EIO
//	enospc  the step fails: no space left on device
//	eio     the step fails: input/output error
//
// The tests of cmd/probity run such a build as a process of its own.
const PlanVariable = "PROBITY_FAULT"

// tornBytes is what a torn or short write leaves: the middle of any line and of any frame.
const tornBytes = 30

// plan is a fault to come. It is the process's, not an FS's: the process that is started and killed makes its own FS values.
type plan struct {
	outcome, op, file string
	first, last       int

	mu     sync.Mutex
	steps  int // that matched
	doomed bool
}

var thePlan = sync.OnceValue(func() *plan {
	text := os.Getenv(PlanVariable)
	if text == "" {
		return nil
	}
	p := &plan{}
	if _, err := fmt.Sscan(text, &p.outcome, &p.op, &p.file, &p.first, &p.last); err != nil || !strings.Contains(" trace kill torn short enospc eio ", " "+p.outcome+" ") {
		panic(fmt.Sprintf("%s=%q: write outcome, op, file, first and last: %v", PlanVariable, text, err))
	}
	return p
})

// planned is asked before each step of an FS without a Fault of its own.
func planned(op, path string) error {
	if p := thePlan(); p != nil {
		return p.step(op, path)
	}
	return nil
}

func (p *plan) step(op, path string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.doomed {
		die(op, path)
	}
	if !matches(p.op, op) || !matches(p.file, filepath.Base(path)) {
		return nil
	}
	if p.steps++; p.steps < p.first || p.steps > p.last {
		return nil
	}
	switch p.outcome {
	case "trace":
		fmt.Fprintf(os.Stderr, "step %s %s\n", op, filepath.Base(path))
		return nil
	case "kill":
		die(op, path)
	case "torn":
		p.doomed = true
		return &ShortWrite{Bytes: tornBytes, Err: errors.New("torn")}
	case "short":
		return &ShortWrite{Bytes: tornBytes, Err: syscall.EIO}
	case "enospc":
		return syscall.ENOSPC
	}
	return syscall.EIO
}

func matches(pattern, name string) bool {
	ok, err := filepath.Match(pattern, name)
	return ok && err == nil
}

// die is kill -9: nothing deferred runs, and nothing is flushed.
func die(op, path string) {
	fmt.Fprintf(os.Stderr, "killed before %s %s\n", op, filepath.Base(path))
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}
