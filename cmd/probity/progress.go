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
	to io.Writer

	mu     sync.Mutex
	began  time.Time
	shown  time.Time
	silent bool // it is no terminal: asked once, because some works tell of every event
}

const (
	quietFor    = time.Second
	redrawEvery = 100 * time.Millisecond
	eraseLine   = "\r\x1b[K"
)

func (p *progressLine) show(step string, done, total int) {
	p.draw(func() string { return fmt.Sprintf("%d of %d %s", done, total, step) })
}

// judged is progress of a work whose end is not known beforehand: events judged, and by what.
func (p *progressLine) judged(by string) func(events int) {
	return func(events int) { p.draw(func() string { return fmt.Sprintf("%s%d events judged", by, events) }) }
}

func (p *progressLine) draw(text func() string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.began.IsZero() {
		p.began, p.silent = now, !onTerminal(p.to)
	}
	if p.silent || now.Sub(p.began) < quietFor || now.Sub(p.shown) < redrawEvery {
		return
	}
	p.shown = now
	fmt.Fprint(p.to, eraseLine+text())
}

// clear takes the line away.
func (p *progressLine) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.shown.IsZero() {
		fmt.Fprint(p.to, eraseLine)
		p.shown = time.Time{}
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
