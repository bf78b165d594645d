package main

import (
	"errors"
	"fmt"

	"probity/internal/evidence"
	"probity/internal/fsx"
	"probity/internal/neutral"
	"probity/internal/store"
)

type evidenceRedactCommand struct {
	configFlag
	StateDir   string   `placeholder:"DIR" help:"The state folder, in place of the configuration's."`
	Seq        []uint64 `required:"" placeholder:"N" help:"Number of the entry; may be given several times."`
	Reason     string   `required:"" help:"The lawful ground, without names: it stays in the log for ever."`
	ApprovedBy string   `required:"" placeholder:"WHO" help:"Who answers for it: a role, or a name that may stay in the log."`
	Open       bool     `help:"Also what is of an open alert, which only a role that lists no staff finds from then on."`
}

const redactedElsewhere = `What Probity no longer holds may still be held by: the logs themselves, sinks that the alert was delivered to, backups,
exported bundles, other revisions of the same alert and the lines kept around its records (kind surroundings; their
entries are redacted one by one), and, until no rule needs them
any more, kept records, waiting matches and window states.
`

// Run redacts the entries one by one. The daemon must be stopped.
func (c *evidenceRedactCommand) Run(e *env) (err error) {
	for _, r := range c.Seq {
		if err := (&evidence.Redaction{Seq: r, Reason: c.Reason, ApprovedBy: c.ApprovedBy}).Check(); err != nil {
			return usageError("--" + err.Error())
		}
	}
	dir := c.StateDir
	if dir == "" {
		config, err := c.load()
		if err != nil {
			return err
		}
		dir = config.StateDir
	}
	s, err := store.OpenExisting(store.Options{Dir: dir})
	var locked *fsx.LockedError
	if errors.As(err, &locked) {
		who := ""
		if locked.PID > 0 {
			who = fmt.Sprintf(" (process %d)", locked.PID)
		}
		return fmt.Errorf("the daemon is at work in %s%s: stop it first", dir, who)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for _, seq := range c.Seq {
		if id, err := s.OpenAlert(seq); err == nil && id != "" && !c.Open { // an entry that cannot be read, Redact refuses
			return fmt.Errorf("entry %d is of alert %s, which is open, and nothing has been redacted: close it first, with the daemon at work (probity alerts close %s), or say --open; from then on only a role that lists no staff finds it", seq, id, id)
		}
	}
	for _, seq := range c.Seq {
		done, err := s.Redact(evidence.Redaction{Seq: seq, Reason: c.Reason, ApprovedBy: c.ApprovedBy})
		if err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "entry %d (%s) is redacted\n", done.Seq, done.Kind)
		for _, what := range done.Erased {
			fmt.Fprintf(e.stdout, "  destroyed: %s\n", neutral.Terminal(what))
		}
	}
	_, err = fmt.Fprint(e.stdout, redactedElsewhere)
	return err
}
