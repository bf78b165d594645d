package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"probity/internal/neutral"
	"probity/internal/strictyaml"
	"probity/internal/table"
)

// reloadOutcome is how the last reload ended.
type reloadOutcome struct {
	At         time.Time `json:"at"`
	Successful bool      `json:"successful"`
	Problems   []string  `json:"problems,omitempty"`
}

// inForceWithin bounds how long a reload waits for the loop, which may be in the middle of a batch.
const inForceWithin = time.Minute

// Reload reads rules, tables and the configuration's part about them anew and puts them in force whole, or refuses them
// with an error that says everything that is wrong; the generation in force then stays.
func (d *Daemon) Reload() error {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	d.systemd.reloading()
	defer d.systemd.ready()
	began := time.Now()
	err := d.reload()
	d.metrics.reloaded(err == nil)
	outcome := &reloadOutcome{At: time.Now(), Successful: err == nil}
	if err == nil {
		g := d.current.Load()
		d.Logger.Info("reloaded", zap.String("generation", g.Hash), zap.Int("rules", len(g.Rules.Rules)), zap.Duration("took", time.Since(began)))
		d.logFindings(g)
	} else {
		outcome.Problems = problemLines(err)
		d.Logger.Error("reload refused; rules and tables stay as they were", zap.Strings("problems", outcome.Problems))
		if noted := d.note("reload", map[string]any{"refused": outcome.Problems}); noted != nil {
			d.Logger.Error("refused reload", zap.Error(noted))
		}
	}
	d.outcome.Store(outcome)
	return err
}

func (d *Daemon) reload() error {
	parts := *d.parts
	if file := d.Config.file; file != "" {
		c, problems := LoadConfig(file)
		if len(problems) > 0 {
			d.seen = d.wanted.Load().fingerprint()
			return problems
		}
		c.setDefaults()
		d.wanted.Store(c)
		parts.config = c
	}
	d.seen = parts.config.fingerprint() // before anything is read: what changes from now on is seen by the next look
	if parts.config.frozen != d.Config.frozen {
		return strictyaml.Problems{{
			File: d.Config.file, What: "more has changed than rules, tables, marking and log, which is all that a reload may change",
			Do: "restart the daemon, or take the change back",
		}}
	}
	g, err := d.readWhole(&parts)
	if err != nil {
		return err
	}
	if problems := shrunk(d.current.Load().tables, g.tables); len(problems) > 0 {
		return problems
	}
	return d.inForce(g)
}

// readTries is how often the files are read anew that change while they are read.
const readTries = 5

// readWhole builds a generation of files that were the same before and after they were read: two halves of two exports, or of
// two checkouts, are a set that nobody wrote.
func (d *Daemon) readWhole(parts *parts) (*generation, error) {
	for range readTries {
		g, problems := parts.generation()
		now := parts.config.fingerprint()
		if now == d.seen {
			problems.Sort()
			return g, problems.Err()
		}
		d.seen = now
	}
	return nil, strictyaml.Problems{{File: d.Config.file, What: "rules and tables change faster than they can be read", Do: "write files under another name and rename them when they are whole"}}
}

// A table that loses half of its rows between two exports has more likely been cut or is still being written than that half
// of a force has left. The least is so high that a short list may change as it likes.
const shrinkLeast = 20

// shrunk refuses complete tables that have lost half their rows and do not say how many there should be: who is no longer
// listed would look unassigned, and that accuses.
func shrunk(was, now []table.Version) (problems strictyaml.Problems) {
	for _, v := range now {
		i := slices.IndexFunc(was, func(o table.Version) bool { return o.Name == v.Name })
		if i < 0 || v.Miss != table.MissNo || v.Counted || was[i].Rows < shrinkLeast || v.Rows*2 > was[i].Rows {
			continue
		}
		problems = append(problems, strictyaml.Problem{
			File: "table " + v.Name, What: fmt.Sprintf("%d rows where the one in force has %d, although a miss means no", v.Rows, was[i].Rows),
			Do: fmt.Sprintf("if the export is whole, write rows=%d into its first line", v.Rows),
		})
	}
	return problems
}

// inForce archives a generation, hands it to the loop, and waits until it judges by it.
func (d *Daemon) inForce(g *generation) error {
	if err := d.archive(g); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), inForceWithin)
	defer cancel()
	go func() {
		select {
		case <-d.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := d.pipeline.Reload(ctx, g.Generation); err != nil {
		return fmt.Errorf("putting generation %s in force: %w", g.Hash, err)
	}
	d.current.Store(g)
	return nil
}

// problemLines are harmless on a terminal: they quote rules and tables, which others write.
func problemLines(err error) []string {
	var ps strictyaml.Problems
	if !errors.As(err, &ps) {
		return []string{neutral.Terminal(err.Error())}
	}
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = neutral.Terminal(p.String())
	}
	return lines
}
