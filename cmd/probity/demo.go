package main

import (
	"os"
	"os/signal"
	"syscall"

	"probity/internal/demo"
)

// demoCommand is "probity demo".
type demoCommand struct {
	Seed  uint64  `help:"Of the simulated force; the same seed gives the same misuse." default:"1"`
	Staff int     `help:"How many people it employs (20 to 20000)." default:"120"`
	Days  int     `help:"How many days its logs span (1 to 400)." default:"3"`
	Speed float64 `help:"2 shows it in half the time." default:"1"`
	Once  bool    `help:"As fast as it can; exit status 0 only if nothing was lost, rejected or left undelivered."`
	Keep  bool    `help:"Leave the temporary folder behind and say where it is."`
}

// Help is shown by "probity demo --help".
func (demoCommand) Help() string {
	return "Simulates a police force in a temporary folder, runs the daemon on its growing logs, prints alerts as they come, and " +
		"says at the end which hidden misuse was found and which was missed. All persons are invented. It ends by itself."
}

// Run shows the demo. Every signal that would end the process ends the demo instead, so that nothing is left behind: also
// SIGPIPE, as with "probity demo | head".
func (c *demoCommand) Run(e *env) error {
	ctx, stop := signal.NotifyContext(e.ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	defer stop()
	return demo.Run(ctx, demo.Options{
		Seed: c.Seed, Staff: c.Staff, Days: c.Days, Speed: c.Speed, Once: c.Once, Keep: c.Keep, Out: e.stdout,
	})
}
