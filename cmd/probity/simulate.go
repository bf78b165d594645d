package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"probity/internal/demo"
	"probity/internal/sim"
)

// simulateCommand is "probity simulate".
type simulateCommand struct {
	Out    string   `required:"" placeholder:"DIR" help:"Where it is written: logs, tables, truth.jsonl, lookalikes.jsonl, faults.jsonl and probity.yml."`
	Seed   uint64   `default:"1" help:"Everything follows from it and the other flags."`
	Staff  int      `default:"500" help:"People employed, 20 to 20000."`
	Days   int      `default:"7" help:"1 to 400."`
	Clean  bool     `help:"Plant no misuse; its look-alikes stay."`
	Faults []string `placeholder:"KIND" help:"What goes wrong with the data: late, doubled, missing, stale, skew, dead."`
	Gzip   bool     `help:"Compress the logs, to a sixth."`
}

// Help is shown by "probity simulate --help".
func (simulateCommand) Help() string {
	return "Writes a simulated force: its logs and tables, what misuse is planted in them, what only looks like misuse, and what went " +
		"wrong with the data. For 2000 staff and 90 days one offender of each kind of misuse and variant (obvious, ordinary, patient) " +
		"and twenty look-alikes of each kind, otherwise in proportion and at least one; a small force has nobody for some of them, " +
		"and a patient offender needs four weeks. probity replay -c DIR/probity.yml judges it. All persons are invented."
}

// Run writes the simulated force, and a configuration that reads it. The key is made from the seed, so that alerts keep their
// ids: it protects nobody.
func (c *simulateCommand) Run(e *env) error {
	force, err := sim.New(sim.Options{
		Seed: c.Seed, Staff: c.Staff, Days: c.Days, NoMisuse: c.Clean, Thorough: true, Faults: c.Faults, Gzip: c.Gzip,
	})
	if err != nil {
		return usageError(err.Error())
	}
	if err := force.Write(c.Out); err != nil {
		return err
	}
	suffix := ""
	if c.Gzip {
		suffix = ".gz"
	}
	config, err := demo.Configuration(force.Tables(), c.Days, suffix)
	if err != nil {
		return err
	}
	key := sha256.Sum256(fmt.Appendf(nil, "simulated force %d", c.Seed))
	if err := os.WriteFile(filepath.Join(c.Out, "identity.key"), key[:], 0o600); err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	if err := os.WriteFile(filepath.Join(c.Out, "probity.yml"), []byte(config), 0o644); err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	return nil
}
