package daemon

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"probity/internal/alert"
	"probity/internal/evidence"
	"probity/internal/hearing"
	"probity/internal/source"
	"probity/internal/store"
)

// ExportOptions of Export.
type ExportOptions struct {
	Alert        string        // id
	Surroundings int           // lines on each side of a record
	Key          note.Verifier // of the checkpoints; nil: signatures are not checked
	At           time.Time
}

// ErrNoAlert is wrapped by the error about an alert that the state folder does not have.
var ErrNoAlert = errors.New("no such alert")

// Export gathers everything about one alert for a hearing. It only reads, and may run beside a daemon.
func (c *Config) Export(o ExportOptions) (*hearing.Case, error) {
	out := &hearing.Case{ID: o.Alert, At: o.At, Version: Version()}
	x := export{Case: out, config: c, o: o}
	for _, step := range []func() error{x.revisions, x.evidence, x.lines, x.rule} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// export fills a case.
type export struct {
	*hearing.Case
	config *Config
	o      ExportOptions
}

func (x *export) lacks(format string, args ...any) {
	x.Missing = append(x.Missing, fmt.Sprintf(format, args...))
}

func (x *export) revisions() error {
	list, err := store.Revisions(x.config.StateDir, x.o.Alert)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fmt.Errorf("%w: %s has none with the id %q", ErrNoAlert, x.config.StateDir, x.o.Alert)
	}
	for _, s := range list {
		r := hearing.Revision{Body: s.Body}
		if err := json.Unmarshal(s.Body, &r.Alert); err != nil {
			return fmt.Errorf("reading revision %d of the alert: %w", s.Number, err)
		}
		x.Revisions = append(x.Revisions, r)
	}
	return nil
}

// evidence verifies the whole log, and takes and proves the entries about the alert.
func (x *export) evidence() error {
	dir := filepath.Join(x.config.StateDir, "evidence")
	list, err := evidence.ReadCheckpoints(evidence.CheckpointsDir(dir))
	if err != nil {
		x.lacks("The log's own checkpoints could not be read: %v.", err)
	}
	slices.SortFunc(list, func(a, b evidence.Checkpoint) int { return cmp.Compare(a.Size, b.Size) })
	if x.Verified, err = evidence.VerifyAgainst(dir, evidence.Against{Checkpoints: list, Key: x.o.Key, Beside: true}); err != nil {
		return err
	}
	entries, err := evidence.About(dir, x.o.Alert, x.Verified.Seq)
	if err != nil {
		return err
	}
	x.chooseCheckpoint(list)
	for _, e := range entries {
		x.Entries = append(x.Entries, hearing.Entry{Stored: e, Proof: x.prove(dir, e)})
	}
	x.lacksEntries()
	return nil
}

// chooseCheckpoint takes the newest that is of this chain.
func (x *export) chooseCheckpoint(list []evidence.Checkpoint) {
	good := map[string]bool{}
	for _, j := range x.Verified.Checkpoints {
		good[j.From] = j.What == "" && j.Matches
	}
	for i := len(list) - 1; i >= 0 && x.Checkpoint == nil; i-- {
		if good[list[i].From] {
			x.Checkpoint = &list[i]
		}
	}
	switch {
	case x.Checkpoint == nil:
		x.lacks("There is no signed checkpoint of the evidence log, so nothing here shows that the log was not written anew as a whole.")
	case x.o.Key == nil:
		x.lacks("The checkpoint's signature was not checked: no public key was given.")
	default:
		x.Key = x.o.Key.Name()
	}
}

func (x *export) prove(dir string, e evidence.Stored) *evidence.Proof {
	if x.Checkpoint == nil {
		return nil
	}
	if e.Seq > x.Checkpoint.Size {
		x.lacks("Entry %d is newer than the newest checkpoint, which is of %d entries: it is not proved. Export again after the next checkpoint (evidence.checkpoint_after).", e.Seq, x.Checkpoint.Size)
		return nil
	}
	p, err := evidence.Prove(dir, *x.Checkpoint, e.Seq, e.Line)
	if err != nil {
		x.lacks("Entry %d could not be proved: %v.", e.Seq, err)
		return nil
	}
	return &p
}

// lacksEntries says which revisions have no entry.
func (x *export) lacksEntries() {
	for _, r := range x.Revisions {
		if !slices.ContainsFunc(x.Entries, func(e hearing.Entry) bool {
			return e.Kind == "alert" && strings.Contains(string(e.Body), fmt.Sprintf(`"revision":%d,`, r.Alert.Revision))
		}) {
			x.lacks("Revision %d has no entry in the evidence log that names it: it was redacted, or the log is not whole.", r.Alert.Revision)
		}
	}
}

// kept is what was preserved of the log around the records, by the entries of the evidence.
func (x *export) kept() []alert.Surrounding {
	var list []alert.Surroundings
	for _, e := range x.Entries {
		var s alert.Surroundings
		if e.Kind == "surroundings" && json.Unmarshal(e.Body, &s) == nil { // one that was redacted holds nothing
			list = append(list, s)
		}
	}
	return alert.Newest(list)
}

// lines finds every quoted record in the logs.
func (x *export) lines() error {
	kept := x.kept()
	seen := map[string]bool{}
	for _, r := range x.Revisions {
		for _, rec := range r.Alert.Evidence {
			if seen[rec.ID] {
				continue
			}
			seen[rec.ID] = true
			b, err := rec.Bytes()
			if err != nil {
				return fmt.Errorf("record %s: %w", rec.ID, err)
			}
			l := hearing.Line{Record: rec, Bytes: b}
			if i := slices.IndexFunc(kept, func(s alert.Surrounding) bool { return s.Event == rec.ID }); i >= 0 {
				l.Kept = &kept[i]
			}
			if rec.Path == "" { // Probity wrote it itself: it stands in no log
				x.Lines = append(x.Lines, l)
				continue
			}
			a, err := source.ReadAround(rec.Path, rec.Offset, b, x.o.Surroundings)
			if err == nil {
				l.Now = &hearing.Place{Path: a.Path, Offset: a.Offset, Text: slices.Concat(a.Before, a.Record, a.After)}
			} else {
				x.lacks("The log around record %d of source %s: %s at byte %d: %v.", len(x.Lines)+1, rec.Source, rec.Path, rec.Offset, err)
			}
			x.Lines = append(x.Lines, l)
		}
	}
	switch last := x.Last(); {
	case len(last.Evidence) == 0:
		x.lacks("The alert quotes no records: a rule about a silence, a gap or a clock has none, and of what was redacted they are gone.")
	case last.Count > len(last.Evidence):
		x.lacks("The alert counts %d events and keeps the records of the first %d; the others are in its list of event ids and in the logs.", last.Count, len(last.Evidence))
	}
	return nil
}
