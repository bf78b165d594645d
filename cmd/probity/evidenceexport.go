package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/google/renameio/v2"

	"probity/internal/daemon"
	"probity/internal/neutral"
)

type evidenceExportCommand struct {
	configFlag
	Alert        string `required:"" placeholder:"ID" help:"The alert."`
	Out          string `placeholder:"FILE.zip" help:"The bundle; probity-ID.zip unless said."`
	Surroundings int    `default:"20" placeholder:"N" help:"Lines of the log on each side of each record. They show other people's work, too; 0 leaves them out."`
	Key          string `placeholder:"KEY" help:"The public key of the log's checkpoints, or a file that holds it."`
}

// Run writes the bundle. Nobody else may read it, for it holds names.
func (c *evidenceExportCommand) Run(e *env) (err error) {
	if c.Surroundings < 0 || c.Surroundings > 10000 {
		return usageError("--surroundings: 0 to 10000 lines")
	}
	key, err := verifierKey(c.Key)
	if err != nil {
		return err
	}
	out := c.Out
	if out == "" {
		out = "probity-" + c.Alert + ".zip"
	}
	if err := vacant(out); err != nil {
		return err
	}
	config, err := c.load()
	if err != nil {
		return err
	}
	found, err := config.Export(daemon.ExportOptions{Alert: c.Alert, Surroundings: c.Surroundings, Key: key, At: time.Now()})
	if err != nil {
		return err
	}
	f, err := renameio.NewPendingFile(out, renameio.WithPermissions(0o600))
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	defer func() { err = errors.Join(err, f.Cleanup()) }()
	if err := found.Write(f); err != nil {
		return err
	}
	if err := f.CloseAtomicallyReplace(); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	fmt.Fprintf(e.stdout, "%s: %s, %s, %s of the evidence log\n", neutral.Terminal(out), count(len(found.Revisions), "revision"), count(len(found.Lines), "record"),
		count(len(found.Entries), "entry"))
	for _, m := range found.Missing {
		fmt.Fprintln(e.stdout, "not in it: "+neutral.Terminal(m))
	}
	if !found.Verified.OK() {
		return fmt.Errorf("the bundle is written, and says that the evidence chain is not whole: %s", found.Verified.Faults[0])
	}
	return nil
}

// vacant refuses a file that holds something: it may be a bundle that somebody has signed for.
func vacant(out string) error {
	info, err := os.Stat(out)
	switch {
	case err != nil: // it is not there, or the writing says what is wrong
		return nil
	case info.IsDir():
		return fmt.Errorf("--out: %s is a folder; name a file in it", out)
	case info.Size() > 0:
		return fmt.Errorf("--out: %s is there already and a bundle is never written over; name another file, or move that one away", out)
	}
	return nil
}
