package demo

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"time"

	"probity/internal/sim"
)

const (
	tickEvery  = 40 * time.Millisecond // how often the logs grow
	flushBytes = 256 << 10             // and by how much at most, when as fast as they can
)

// feed appends simulated lines to the log files, whole lines at a time, at a visible pace.
type feed struct {
	dir     string
	rate    float64                      // simulated time by real time; 0: as fast as it can
	tell    func(at time.Time, line int) // at every growth
	logs    map[string]*growing          // by file name
	written map[string]int64             // bytes by source
	lines   int
	held    int       // bytes not yet in their file
	first   time.Time // arrival of the first line
	began   time.Time
	reached time.Time // up to where lines may be written
}

// growing is a log file that somebody writes.
type growing struct {
	file *os.File
	held []byte
}

func newFeed(dir string, rate float64, tell func(time.Time, int)) *feed {
	return &feed{dir: dir, rate: rate, tell: tell, logs: map[string]*growing{}, written: map[string]int64{}}
}

// write writes the lines, in order, until there are no more or ctx ends.
func (f *feed) write(ctx context.Context, lines iter.Seq[sim.Line]) (err error) {
	defer func() {
		for _, l := range f.logs {
			err = errors.Join(err, l.file.Close())
		}
	}()
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	for line := range lines {
		if err := f.wait(ctx, line.At, tick.C); err != nil {
			return err
		}
		if err := f.hold(line); err != nil {
			return err
		}
	}
	return f.flush()
}

// wait returns when a line of that arrival may be written; what came before is then in its file.
func (f *feed) wait(ctx context.Context, at time.Time, tick <-chan time.Time) error {
	if f.first.IsZero() {
		f.first, f.reached, f.began = at, at, time.Now()
	}
	if f.rate == 0 {
		f.reached = at
		if f.held < flushBytes {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return f.flush()
	}
	for at.After(f.reached) {
		if err := f.flush(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick:
		}
		f.reached = f.first.Add(time.Duration(float64(time.Since(f.began)) * f.rate))
	}
	return nil
}

func (f *feed) hold(line sim.Line) error {
	l := f.logs[line.File]
	if l == nil {
		file, err := os.OpenFile(filepath.Join(f.dir, line.File), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("a log: %w", err)
		}
		l = &growing{file: file}
		f.logs[line.File] = l
	}
	l.held = append(l.held, line.Bytes...)
	f.held += len(line.Bytes)
	f.written[line.System] += int64(len(line.Bytes))
	f.lines++
	return nil
}

// flush appends what is held to the files.
func (f *feed) flush() error {
	if f.held > 0 {
		for _, l := range f.logs {
			if _, err := l.file.Write(l.held); err != nil {
				return fmt.Errorf("a log: %w", err)
			}
			l.held = l.held[:0]
		}
		f.held = 0
	}
	f.tell(f.reached, f.lines)
	return nil
}
