package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"probity/internal/alert"
	"probity/internal/evidence"
)

// inbox reads what the file sink has got, each line once, and holds it against the contract as it reads.
type inbox struct {
	path      string
	at        int64             // bytes read
	last      map[string]string // last revision by alert, canonically
	revisions map[string]int    // the number of it
	bodies    map[string]string // by id/revision, as it came
	each      map[string]int    // events of the alert of a line of a flood, by the line's number
	rules     map[string]int    // alerts by rule
}

func (f *force) inbox() *inbox {
	return &inbox{
		path: f.path("alerts.jsonl"), last: map[string]string{}, revisions: map[string]int{}, bodies: map[string]string{},
		each: map[string]int{}, rules: map[string]int{},
	}
}

// read takes what has come since. A revision twice or out of order is an error.
func (in *inbox) read() error {
	file, err := os.Open(in.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Seek(in.at, io.SeekStart); err != nil {
		return err
	}
	for r := bufio.NewReaderSize(file, 1<<20); ; {
		line, err := r.ReadString('\n')
		if err == io.EOF {
			return nil // what has no newline is being written, or torn by a kill
		}
		if err == nil {
			err = in.take(line)
		}
		if err != nil {
			return err
		}
		in.at += int64(len(line))
	}
}

func (in *inbox) take(line string) error {
	var a alert.Alert
	if err := json.Unmarshal([]byte(line), &a); err != nil {
		return fmt.Errorf("%q: %w", line, err)
	}
	if a.Revision != in.revisions[a.ID]+1 {
		return fmt.Errorf("alert %s: revision %d after %d", a.ID, a.Revision, in.revisions[a.ID])
	}
	if a.Revision == 1 {
		in.rules[a.Rule.ID]++
	}
	if a.Rule.ID == "each" {
		in.each[a.Group[0].Value] = a.Count
	}
	in.revisions[a.ID], in.bodies[a.Key()] = a.Revision, line[:len(line)-1]
	if !ownRules[a.Rule.ID] {
		in.last[a.ID] = string(a.Canonical())
	}
	return nil
}

// ownRules are about Probity itself: what befell a run is no part of its input, and a replay gives no such alerts.
var ownRules = map[string]bool{"bytes_lost": true, "memory_horizon_raised": true}

// wholeChain verifies the evidence.
func (f *force) wholeChain() {
	f.t.Helper()
	if report, err := evidence.Verify(f.path("state/evidence")); err != nil || !report.OK() {
		f.t.Errorf("evidence: %v, %+v", err, report)
	}
}
