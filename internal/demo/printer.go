package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"probity/internal/alert"
	"probity/internal/neutral"
	"probity/internal/notify"
)

// printerName is the name of the sink that prints.
const printerName = "terminal"

// printer is the sink that shows alerts to whoever watches. It gets what every other sink gets, after the commit.
type printer struct {
	screen *screen

	mu   sync.Mutex
	last map[string]int // alert to its last revision printed
}

func newPrinter(s *screen) *printer { return &printer{screen: s, last: map[string]int{}} }

// Name implements notify.Sink.
func (p *printer) Name() string { return printerName }

// Deliver implements notify.Sink. A screen that takes no more ends the demo, so every revision counts as arrived.
func (p *printer) Deliver(_ context.Context, mark int64, batch []alert.Delivery) (done int, newMark int64, err error) {
	for i, d := range batch {
		var a alert.Alert
		if err := json.Unmarshal(d.Body, &a); err != nil {
			return i, mark, &notify.Failure{Extent: notify.Refused, Err: fmt.Errorf("reading revision %s: %w", d.Key(), err)}
		}
		p.print(&a)
	}
	return len(batch), mark, nil
}

func (p *printer) print(a *alert.Alert) {
	p.mu.Lock()
	_, known := p.last[a.ID]
	p.last[a.ID] = a.Revision
	p.mu.Unlock()
	if known || a.Status == alert.Withdrawn {
		p.screen.print(p.update(a))
		return
	}
	p.screen.print(p.whole(a))
}

// count is how many alerts have been printed.
func (p *printer) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.last)
}

// update is a further revision in one line.
func (p *printer) update(a *alert.Alert) string {
	text := fmt.Sprintf("now %s, the last at %s", plural(a.Count, "event"), clock(a.Last))
	if a.Status == alert.Withdrawn {
		text = "withdrawn: " + a.Reason
	}
	line := fmt.Sprintf("  %s%s  %s  %s", label("update"), a.Key(), text, a.Rule.Title)
	return p.screen.paint(dim, shorten(neutral.Terminal(line), p.screen.width)) + "\n"
}

// whole is an alert as its reader needs it: what, who, for, against, unknown, the line, the reference.
func (p *printer) whole(a *alert.Alert) string {
	var b strings.Builder
	severity := strings.ToUpper(string(a.Rule.Severity))
	fmt.Fprintf(&b, "\n%s  %s  %s\n", p.screen.paint(colour(a.Rule.Severity), fmt.Sprintf("%-8s", severity)), clock(a.First), p.screen.paint(bold, neutral.Terminal(a.Rule.Title)))
	for _, line := range wrap(neutral.Terminal(a.Summary), p.screen.width-2) {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	for _, f := range a.Facts {
		if f.True > 0 {
			p.point(&b, f.Speaks, f.Say+share(f, a.Count))
		}
	}
	for _, u := range a.Unknowns {
		p.point(&b, "unknown", u)
	}
	if len(a.Evidence) > 0 {
		e := &a.Evidence[0]
		original, err := e.Bytes()
		if err != nil {
			original = []byte(e.Original)
		}
		line := fmt.Sprintf("%s@%d: %s", filepath.Base(e.Path), e.Offset, original)
		fmt.Fprintf(&b, "  %s%s\n", p.screen.paint(dim, label("line")), shorten(neutral.Terminal(line), p.screen.width-labelWidth-2))
	}
	fmt.Fprintf(&b, "  %s%s\n", p.screen.paint(dim, label("ref")), p.screen.paint(dim, a.Key()))
	return b.String()
}

const labelWidth = 10

func label(name string) string { return fmt.Sprintf("%-*s", labelWidth, name) }

// point is one thing that speaks for or against, or is unknown, wrapped under its label.
func (p *printer) point(b *strings.Builder, name, text string) {
	name = label(name)
	for _, line := range wrap(neutral.Terminal(text), p.screen.width-labelWidth-2) {
		fmt.Fprintf(b, "  %s%s\n", p.screen.paint(dim, name), line)
		name = label("")
	}
}

func share(f alert.Fact, count int) string {
	if count < 2 {
		return ""
	}
	return fmt.Sprintf(" (%d of %d)", f.True, count)
}

func clock(t time.Time) string { return t.UTC().Format("Mon 02 Jan 15:04:05 UTC") }

func colour(s alert.Severity) string {
	switch s {
	case alert.Critical:
		return alarm
	case alert.High:
		return red
	case alert.Medium:
		return yellow
	}
	return cyan
}
