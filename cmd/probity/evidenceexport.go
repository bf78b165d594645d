package main

import (
	"errors"
	"fmt"
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
	config, err := c.load()
	if err != nil {
		return err
	}
	found, err := config.Export(daemon.ExportOptions{Alert: c.Alert, Surroundings: c.Surroundings, Key: key, At: time.Now()})
	if err != nil {
		return err
	}
	out := c.Out
	if out == "" {
		out = "probity-" + c.Alert + ".zip"
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
	fmt.Fprintf(e.stdout, "%s: %d revisions, %d records, %d entries of the evidence log\n", neutral.Terminal(out), len(found.Revisions), len(found.Lines), len(found.Entries))
	for _, m := range found.Missing {
		fmt.Fprintln(e.stdout, "not in it: "+neutral.Terminal(m))
	}
	if !found.Verified.OK() {
		return fmt.Errorf("the bundle is written, and says that the evidence chain is not whole: %s", found.Verified.Faults[0])
	}
	return nil
}
