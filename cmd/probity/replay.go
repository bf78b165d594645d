package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/google/renameio/v2"
	"go.uber.org/zap"

	"probity/internal/alert"
	"probity/internal/daemon"
	"probity/internal/neutral"
)

type replayCommand struct {
	configFlag
	Journal   bool      `help:"Repeat the run that the state folder records, each record by the rules and tables of its time, and compare."`
	Files     []string  `arg:"" optional:"" placeholder:"FILE" help:"Log files, or SOURCE=FILE; without any, all files of all sources."`
	Out       string    `placeholder:"FILE" help:"Where the alerts go, one a line; standard output unless said."`
	Canonical bool      `help:"Alerts without revision, paths, offsets and reading times: what two replays have in common."`
	Until     time.Time `placeholder:"TIME" help:"At the end, take it that nothing before this instant is missing any more."`
	Batch     int       `help:"Records judged at once, at most."`
	Shards    int       `help:"Of the window state."`
	Turn      int       `help:"Records taken from one file before the next has its turn."`
}

// Run replays the files and prints what it counted to standard error.
func (c *replayCommand) Run(e *env) (err error) {
	leaveRoom()
	config, logger, ctx, stop, err := c.replaying(e)
	if err != nil {
		return err
	}
	defer stop()
	out, whole, discard, err := c.open(e.stdout)
	if err != nil {
		return err
	}
	line := &progressLine{to: e.stderr}
	sum, compared, err := c.judge(ctx, config, logger, line.judged(""), func(a *alert.Alert) error {
		line.clear() // all is judged, and alerts may go to the same terminal
		return c.write(out, a)
	})
	line.clear()
	if err != nil {
		return errors.Join(err, discard())
	}
	if err := whole(); err != nil {
		return err
	}
	logger.Debug("replayed", zap.Duration("took", sum.Took))
	for _, name := range sum.Unfound {
		fmt.Fprintf(e.stderr, "source %s: no file found, so nothing of it was judged; probity config check says where it looks\n", name)
	}
	c.heldBack(e.stderr, sum.Undecided)
	_, err = fmt.Fprintf(e.stderr, "%s, %s, %s, %d late; %s in %s; %s\n", count(sum.Records, "record"), count(sum.Events, "event"),
		count(sum.Rejects, "reject"), sum.Late, count(sum.Alerts, "alert"), count(sum.Revisions, "revision"), sum.Took.Round(time.Millisecond))
	return errors.Join(err, c.compared(e.stderr, compared))
}

// judge replays, or repeats a run and returns how that compares.
func (c *replayCommand) judge(ctx context.Context, config *daemon.Config, logger *zap.Logger, progress func(int), each func(*alert.Alert) error) (daemon.Summary, *daemon.Repeated, error) {
	o := daemon.ReplayOptions{Config: config, Files: c.Files, Until: c.Until, Batch: c.Batch, Shards: c.Shards, Turn: c.Turn, Folded: true, Logger: logger, Progress: progress}
	if !c.Journal {
		sum, err := daemon.Replay(ctx, o, each)
		return sum, nil, err
	}
	if len(c.Files) > 0 || !c.Until.IsZero() {
		return daemon.Summary{}, nil, usageError("--journal reads what the run has read, up to where it stands: leave FILE and --until away")
	}
	repeated, err := daemon.Repeat(ctx, o, each)
	return repeated.Summary, &repeated, err
}

// compared says how a repetition compares with the state folder. Alerts that were withdrawn count as absent.
func (c *replayCommand) compared(to io.Writer, r *daemon.Repeated) error {
	if r == nil {
		return nil
	}
	fmt.Fprintf(to, "%d alerts stand here, %d in the state folder at commit %d\n", r.Here, r.InState, r.Commit)
	if r.Redacted > 0 {
		fmt.Fprintf(to, "%d of those are redacted, and were compared by what is left of them: rule, tables, period, count, first and last\n", r.Redacted)
	}
	if len(r.Differing) == 0 {
		fmt.Fprintln(to, "no alert differs")
		return nil
	}
	for _, id := range r.Differing {
		fmt.Fprintf(to, "differs: %s\n", id)
	}
	return fmt.Errorf("%d alerts are not what the state folder says", len(r.Differing))
}

// heldBack says which rules could not tell: no alert of theirs means little then.
func (c *replayCommand) heldBack(to io.Writer, undecided map[string]int) {
	for _, rule := range slices.Sorted(maps.Keys(undecided)) {
		fmt.Fprintf(to, "%s: %d matches held back, because a table could not say\n", rule, undecided[rule])
	}
	if len(undecided) > 0 {
		fmt.Fprintln(to, "which table, and why: probity coverage, then probity rules explain --rule ID with a record; often an export that is too old (max_age), or a complete one without miss: no")
	}
}

// open opens the output. A file takes its place only when the replay is whole: what an earlier one wrote stays until then.
// Nobody else may read it, for it holds names.
func (c *replayCommand) open(stdout io.Writer) (w *bufio.Writer, whole, discard func() error, err error) {
	if c.Out == "" {
		w = bufio.NewWriter(stdout)
		return w, w.Flush, func() error { return nil }, nil
	}
	if info, err := os.Stat(c.Out); err == nil && !info.Mode().IsRegular() { // a device or a pipe is written to, never replaced
		f, err := os.OpenFile(c.Out, os.O_WRONLY, 0)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("--out: %w", err)
		}
		w = bufio.NewWriter(f)
		return w, func() error { return errors.Join(w.Flush(), f.Close()) }, f.Close, nil
	}
	f, err := renameio.NewPendingFile(c.Out, renameio.WithPermissions(0o600))
	if err != nil {
		return nil, nil, nil, fmt.Errorf("--out: %w", err)
	}
	w = bufio.NewWriter(f)
	return w, func() error { return errors.Join(w.Flush(), f.CloseAtomicallyReplace()) }, f.Cleanup, nil
}

func (c *replayCommand) write(to io.Writer, a *alert.Alert) error {
	if c.Canonical {
		_, err := fmt.Fprintln(to, neutral.Terminal(string(a.Canonical())))
		return err
	}
	body, err := a.JSON()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(to, neutral.Terminal(string(body)))
	return err
}
