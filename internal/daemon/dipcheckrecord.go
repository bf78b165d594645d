package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"probity/internal/dipcheck"
	"probity/internal/evidence"
	"probity/internal/store"
)

// dipcheckKind is the entry of the evidence about a draw.
const dipcheckKind = "dipcheck"

// RecordDraw writes a draw into the evidence: into the state folder, or through the daemon if that is at work there. It returns
// how many draws of the same team and period were recorded before.
func (c *Config) RecordDraw(ctx context.Context, d dipcheck.Draw) (before int, err error) {
	if err := d.Check(); err != nil {
		return 0, err
	}
	err = c.record(ctx, "/-/dipcheck", d, func(s *store.Store) error {
		return s.Commit(&store.Commit{Evidence: []evidence.Entry{{Kind: dipcheckKind, Body: d}}})
	})
	if err != nil {
		return 0, fmt.Errorf("recording the draw in the evidence, without which it is not shown: %w", err)
	}
	return c.drawsBefore(d)
}

// drawsBefore counts the recorded draws of a team and period, this one not.
func (c *Config) drawsBefore(d dipcheck.Draw) (int, error) {
	run, err := store.ReadRun(c.StateDir, nil)
	if err != nil {
		return 0, err
	}
	entries, err := evidence.OfKind(filepath.Join(c.StateDir, "evidence"), dipcheckKind, time.Time{}, run.Evidence)
	if err != nil {
		return 0, fmt.Errorf("reading earlier draws in the evidence log: %w", err)
	}
	n := -1
	for _, e := range entries {
		var other dipcheck.Draw
		if e.Body != nil && json.Unmarshal(e.Body, &other) == nil && other.Team == d.Team && other.From <= d.To && other.To >= d.From {
			n++
		}
	}
	return max(n, 0), nil
}

// recordDraw is the daemon's part: a draw that adds up becomes an entry of the evidence. It holds no name.
func (d *Daemon) recordDraw(w http.ResponseWriter, r *http.Request) {
	var draw dipcheck.Draw
	d.recorded(w, r, &draw, func() error {
		if err := draw.Check(); err != nil {
			return badRequest{err}
		}
		if err := d.note(dipcheckKind, draw); err != nil {
			return err
		}
		d.Logger.Info("a dip-check's draw is recorded", zap.Int("frame", draw.Size), zap.Int("sample", draw.N))
		return nil
	})
}
