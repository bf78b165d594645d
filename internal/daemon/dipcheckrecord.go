package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"go.uber.org/zap"

	"probity/internal/dipcheck"
	"probity/internal/evidence"
	"probity/internal/fsx"
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
	s, err := store.OpenExisting(store.Options{Dir: c.StateDir})
	var locked *fsx.LockedError
	switch {
	case errors.As(err, &locked):
		err = c.askDaemon(ctx, "/-/dipcheck", d)
	case err == nil:
		err = s.Commit(&store.Commit{Evidence: []evidence.Entry{{Kind: dipcheckKind, Body: d}}})
		err = errors.Join(err, s.Close())
	}
	if err != nil {
		return 0, fmt.Errorf("recording the draw in the evidence, without which it is not shown: %w", err)
	}
	return c.drawsBefore(d)
}

// recordWithin bounds how long the daemon may take for one commit.
const recordWithin = 30 * time.Second

// askDaemon has the daemon that is at work record something, through its admin socket.
func (c *Config) askDaemon(ctx context.Context, path string, what any) error {
	c.setDefaults()
	body, err := json.Marshal(what)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, recordWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://admin"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	once := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", c.adminSocket())
	}}
	answer, err := once.RoundTrip(req)
	if err != nil {
		return fmt.Errorf("the daemon is at work in %s and cannot be asked: %w", c.StateDir, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, maxRequestBytes))
		return fmt.Errorf("the daemon refuses it: %s %s", answer.Status, strings.TrimSpace(string(text)))
	}
	return nil
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
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	var draw dipcheck.Draw
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	err := dec.Decode(&draw)
	if err == nil {
		err = draw.Check()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := d.note(dipcheckKind, draw); err != nil {
		d.Logger.Error("a dip-check's draw could not be recorded", zap.Error(err))
		http.Error(w, "it could not be committed; the log says why", http.StatusServiceUnavailable)
		return
	}
	d.Logger.Info("a dip-check's draw is recorded", zap.Int("frame", draw.Size), zap.Int("sample", draw.N))
	fmt.Fprintln(w, "recorded")
}
