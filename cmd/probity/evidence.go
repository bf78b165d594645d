package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"probity/internal/evidence"
	"probity/internal/neutral"
)

type evidenceCommand struct {
	Verify evidenceVerifyCommand `cmd:"" help:"Walk the hash chain of the evidence log and say what is not as it was written."`
	Export evidenceExportCommand `cmd:"" help:"Write the bundle of one alert for a hearing."`
	Keygen evidenceKeygenCommand `cmd:"" help:"Make the key pair that checkpoints are signed with."`
	Redact evidenceRedactCommand `cmd:"" help:"Destroy what an entry holds, and record who approved that."`

	Hold    evidenceHoldCommand    `cmd:"" help:"Put an alert under a legal hold: nothing of it is destroyed until it is released; the daemon may run."`
	Release evidenceReleaseCommand `cmd:"" help:"Release an alert from a legal hold."`
	Holds   evidenceHoldsCommand   `cmd:"" help:"List the alerts under a legal hold."`

	Completeness evidenceCompletenessCommand `cmd:"" help:"Show for each source and day whether every byte that was there was judged, rejected or declared lost."`
}

type evidenceVerifyCommand struct {
	Dir        string   `arg:"" placeholder:"DIR" help:"The folder evidence in the state folder, or a copy of it."`
	Checkpoint []string `placeholder:"PATH" help:"A checkpoint that was kept elsewhere, a witness's file, or a folder of checkpoints; may be given several times. Without any, those beside the log."`
	Key        string   `placeholder:"KEY" help:"The public key that keygen printed, or a file that holds it."`
	Output     string   `enum:"text,json" default:"text" help:"text or json."`
}

// Run verifies. A broken chain is a failure.
func (c *evidenceVerifyCommand) Run(e *env) error {
	against, err := c.against()
	if err != nil {
		return err
	}
	r, err := evidence.VerifyAgainst(c.Dir, against)
	if err != nil {
		return err
	}
	if c.Output == "json" {
		err = writeJSON(e.stdout, r)
	} else {
		c.print(e, &r)
	}
	if err == nil && !r.OK() {
		err = fmt.Errorf("the evidence chain in %s is not whole", c.Dir)
	}
	return err
}

// against reads the checkpoints and the key.
func (c *evidenceVerifyCommand) against() (a evidence.Against, err error) {
	if a.Key, err = verifierKey(c.Key); err != nil {
		return a, err
	}
	paths := c.Checkpoint
	if len(paths) == 0 {
		own := evidence.CheckpointsDir(c.Dir)
		if _, err := os.Stat(own); err != nil {
			return a, nil
		}
		a.Beside, paths = true, []string{own}
	}
	for _, path := range paths {
		list, err := evidence.ReadCheckpoints(path)
		if err != nil {
			return a, fmt.Errorf("--checkpoint: %w", err)
		}
		if len(list) == 0 && !a.Beside {
			return a, fmt.Errorf("--checkpoint: %s holds no checkpoint", path)
		}
		a.Checkpoints = append(a.Checkpoints, list...)
	}
	return a, nil
}

// verifierKey reads a key that is given as text or as a file. Keys have a +, names of files hardly ever.
func verifierKey(given string) (note.Verifier, error) {
	if given == "" {
		return nil, nil
	}
	if !strings.Contains(given, "+") {
		b, err := os.ReadFile(given)
		if err != nil {
			return nil, fmt.Errorf("--key: %w; give the public key as keygen printed it (NAME+HASH+KEY), or a file that holds it", err)
		}
		given = string(b)
	}
	v, err := evidence.NewVerifier(given)
	if err != nil {
		return nil, fmt.Errorf("--key: %w", err)
	}
	return v, nil
}

func (c *evidenceVerifyCommand) print(e *env, r *evidence.Report) {
	say := func(format string, args ...any) {
		fmt.Fprintln(e.stdout, neutral.Terminal(fmt.Sprintf(format, args...)))
	}
	say("%d entries from %s to %s, %d redacted; the last is %d with hash %s", r.Entries, r.First, r.Last, r.Redacted, r.Seq, r.Hash)
	for _, f := range r.Faults {
		say("%s", f)
	}
	if r.FaultsLeftOff > 0 {
		say("and %d more", r.FaultsLeftOff)
	}
	for _, n := range r.Notes {
		say("%s", n)
	}
	if n := len(r.Checkpoints); n > 0 {
		matching := 0
		for _, j := range r.Checkpoints {
			if j.What == "" && j.Matches {
				matching++
			}
		}
		say("%d of %d checkpoints are of this chain", matching, n)
	}
	say("%s", r.Caveat)
}

type evidenceKeygenCommand struct {
	Origin string `required:"" placeholder:"NAME" help:"The log's name, part of both keys and of every checkpoint, such as evidence.example.police.uk."`
	Out    string `required:"" placeholder:"FILE" help:"Where the private key goes; it must not be there yet."`
}

// Run writes the private key to its file and prints the public one.
func (c *evidenceKeygenCommand) Run(e *env) error {
	private, public, err := evidence.NewKey(c.Origin)
	if err != nil {
		return usageError("--" + err.Error())
	}
	f, err := os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("--out: %s is there already and a key is never written over; name another file", c.Out)
	}
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	_, err = f.WriteString(private + "\n")
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	_, err = fmt.Fprintln(e.stdout, public)
	return err
}
