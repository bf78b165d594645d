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
	"strings"
	"time"

	"go.uber.org/zap"

	"probity/internal/fsx"
	"probity/internal/store"
)

// record writes what a command has to put on the record into the state folder, by do, or has the daemon do it that is at work
// there: what is posted to a path of its admin socket.
func (c *Config) record(ctx context.Context, path string, what any, do func(*store.Store) error) error {
	s, err := store.OpenExisting(store.Options{Dir: c.StateDir})
	var locked *fsx.LockedError
	switch {
	case errors.As(err, &locked):
		return c.askDaemon(ctx, path, what)
	case err != nil:
		return err
	}
	return errors.Join(do(s), s.Close())
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
		if answer.StatusCode == http.StatusBadRequest { // the text says what is wrong
			return errors.New(strings.TrimSpace(string(text)))
		}
		return fmt.Errorf("the daemon refuses it: %s %s", answer.Status, strings.TrimSpace(string(text)))
	}
	return nil
}

// badRequest is what is wrong with what was posted.
type badRequest struct{ error }

// recorded answers askDaemon: it reads what was posted, and do records it, or returns a badRequest.
func (d *Daemon) recorded(w http.ResponseWriter, r *http.Request, what any, do func() error) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	posted := json.NewDecoder(r.Body)
	posted.DisallowUnknownFields()
	if err := posted.Decode(what); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	switch err := do(); {
	case err == nil:
		fmt.Fprintln(w, "recorded")
	case errors.As(err, &badRequest{}):
		http.Error(w, err.Error(), http.StatusBadRequest)
	default:
		d.Logger.Error("what was to be put on the record could not be committed", zap.String("path", r.URL.Path), zap.Error(err))
		http.Error(w, "it could not be committed; the log says why", http.StatusServiceUnavailable)
	}
}
