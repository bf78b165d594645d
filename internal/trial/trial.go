package trial

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"probity/internal/alert"
	"probity/internal/daemon"
	"probity/internal/evaluate"
)

// Options of a trial beside the force.
type Options struct {
	Until    time.Time // at the end, take it that nothing before this instant is missing any more
	Logger   *zap.Logger
	Progress func(events int) // may be nil
}

// Run replays a force, or reads its alerts, and has them marked.
func Run(ctx context.Context, f Force, o Options) (evaluate.Assessed, error) {
	truths, err := known(f.Truth)
	if err != nil {
		return evaluate.Assessed{}, err
	}
	alike, err := known(f.Lookalikes)
	if err != nil {
		return evaluate.Assessed{}, err
	}
	force := evaluate.Force{Name: f.Name, Truths: truths, Lookalikes: alike, Staff: f.Staff, Days: f.Days, Notes: evaluate.NewNotes(truths, alike)}
	if f.Config == nil {
		if err = eachAlert(f.Alerts, force.Notes.Quoted); err == nil {
			err = eachAlert(f.Alerts, force.Notes.Revision)
		}
	} else {
		err = replay(ctx, f.Config, o, &force)
	}
	if err != nil {
		return evaluate.Assessed{}, err
	}
	return evaluate.Assess(force), nil
}

// batch is how many records are judged at once: when an alert came is known no better than that, and it is to be compared with
// what was measured before.
const batch = 8192

// replay judges the force's logs, and fills what the files say of it where nobody did.
func replay(ctx context.Context, config *daemon.Config, o Options, force *evaluate.Force) error {
	staff, err := readStaff(config)
	if err != nil {
		return fmt.Errorf("force %s: %w", force.Name, err)
	}
	sum, err := daemon.Replay(ctx, daemon.ReplayOptions{
		Config: config, Until: o.Until, Batch: batch, Logger: o.Logger, Progress: o.Progress,
		Matched: force.Notes.Event, Revision: force.Notes.Revision,
	}, func(*alert.Alert) error { return nil })
	if err != nil {
		return err
	}
	force.People = staff.people
	if force.Staff == 0 {
		force.Staff = staff.employed
	}
	if force.Days == 0 {
		force.Days = sum.Days
	}
	return nil
}
