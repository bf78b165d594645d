package daemon

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"

	"probity/internal/alert"
	"probity/internal/store"
)

const (
	leastRetention = 24 * time.Hour
	expireEvery    = 24 * time.Hour
	expireMore     = time.Minute // when one turn did not do all of it
)

func (r Retention) store() store.Retention {
	return store.Retention{Rejects: r.Rejects.Std(), Alerts: r.Alerts.Std(), Evidence: r.Evidence.Std()}
}

// expire destroys, once a day, what is not to be kept any longer.
func (d *Daemon) expire(ctx context.Context) {
	r := d.Config.Retention.store()
	if r == (store.Retention{}) {
		return
	}
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		x, err := d.store.Expire(r, time.Now(), false)
		d.checkpoints.grown(d.store.EvidenceHead())
		switch wait := expireEvery; {
		case err != nil:
			d.Logger.Error("what is to be kept no longer could not all be destroyed; tried again", zap.Error(err), zap.Duration("in", expireMore))
			next.Reset(expireMore)
		default:
			if x.Left > 0 {
				wait = expireMore
			}
			d.Logger.Info("retention", zap.Int("rejects", x.Rejects), zap.Int("alerts", x.Alerts), zap.Int("entries", x.Entries),
				zap.Int("held", x.Held), zap.Int("open", x.Open), zap.Int("left", x.Left))
			next.Reset(wait)
		}
	}
}

// Expire does so now, in the state folder of a daemon that is stopped; dry says what would be destroyed.
func (c *Config) Expire(dry bool) (x store.Expired, err error) {
	s, err := store.OpenExisting(store.Options{Dir: c.StateDir})
	if err != nil {
		return x, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return s.Expire(c.Retention.store(), time.Now(), dry)
}

// Hold records a legal hold of an alert, or its release: into the state folder, or through the daemon if that is at work there.
func (c *Config) Hold(ctx context.Context, h store.Hold) error {
	path := "/-/hold"
	if h.Release {
		path = "/-/release"
	}
	return c.record(ctx, path, h, func(s *store.Store) error { return s.Hold(h) })
}

// recordHold is the daemon's part.
func (d *Daemon) recordHold(w http.ResponseWriter, r *http.Request) {
	var h store.Hold
	d.recorded(w, r, &h, func() error {
		h.Release = strings.HasSuffix(r.URL.Path, "/release")
		err := d.store.Hold(h)
		if errors.Is(err, store.ErrRefused) || errors.Is(err, alert.ErrUnknown) {
			return badRequest{err}
		}
		if err != nil {
			return err
		}
		d.checkpoints.grown(d.store.EvidenceHead())
		return nil
	})
}
