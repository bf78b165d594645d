package main

import (
	"fmt"

	"probity/internal/evidence"
	"probity/internal/neutral"
)

type evidenceCommand struct {
	Verify evidenceVerifyCommand `cmd:"" help:"Walk the hash chain of the evidence log and say what is not as it was written."`
}

type evidenceVerifyCommand struct {
	Dir    string `arg:"" placeholder:"DIR" help:"The folder evidence in the state folder, or a copy of it."`
	Output string `enum:"text,json" default:"text" help:"text or json."`
}

// Run verifies. A broken chain is a failure.
func (c *evidenceVerifyCommand) Run(e *env) error {
	r, err := evidence.Verify(c.Dir)
	if err != nil {
		return err
	}
	if c.Output == "json" {
		if err := writeJSON(e.stdout, r); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(e.stdout, "%d entries from %s to %s, %d redacted; the last is %d with hash %s\n", r.Entries, r.First, r.Last, r.Redacted, r.Seq, r.Hash)
		for _, f := range r.Faults {
			fmt.Fprintln(e.stdout, neutral.Terminal(f.String()))
		}
		for _, n := range r.Notes {
			fmt.Fprintln(e.stdout, neutral.Terminal(n))
		}
		fmt.Fprintln(e.stdout, r.Caveat)
	}
	if !r.OK() {
		return fmt.Errorf("the evidence chain in %s is not whole", c.Dir)
	}
	return nil
}
