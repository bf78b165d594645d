package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// progressLine is one line on a terminal that says how far a long work has come; anywhere else it says nothing. It appears
// after a second, so that what is quick stays quiet.
type progressLine struct {
	what string // is counted
	to   io.Writer

	mu    sync.Mutex
	began time.Time
	shown time.Time
}

const (
	quietFor    = time.Second
	redrawEvery = 100 * time.Millisecond
)

func (p *progressLine) show(done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.began.IsZero() {
		p.began = now
	}
	if !onTerminal(p.to) || now.Sub(p.began) < quietFor || now.Sub(p.shown) < redrawEvery {
		return
	}
	p.shown = now
	fmt.Fprintf(p.to, "\r\x1b[K%d of %d %s", done, total, p.what)
}

// clear takes the line away.
func (p *progressLine) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.shown.IsZero() {
		fmt.Fprint(p.to, "\r\x1b[K")
	}
}

func onTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
