package daemon

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"probity/internal/approval"
	"probity/internal/engine"
	"probity/internal/rule"
	"probity/internal/strictyaml"
)

// approveWithin bounds how long it may take to see who has signed the rules.
const approveWithin = time.Minute

func (r *Rules) signers() approval.Signers {
	return approval.Signers{Allowed: r.AllowedSigners, Keyring: r.Keyring}
}

// approval says who answers for the rules that the paths led to; nil if the configuration names nobody who must. Rules that nobody signed
// come into force and are told: refusing them would leave whoever changed them by hand the choice of when rules stop changing.
func (c *Config) approval(files []rule.File) (*engine.Approval, strictyaml.Problems) {
	if c.Rules.signers().None() {
		return nil, nil
	}
	const at = "rules.allowed_signers"
	if len(c.Rules.Paths) == 0 {
		return nil, strictyaml.Problems{c.problem(at, "nothing to be signed: the built-in rules are part of the program", "write paths: as well")}
	}
	var own []approval.File
	for _, f := range files {
		if filepath.IsAbs(f.Name) { // built-in ones are not files
			own = append(own, approval.File(f))
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), approveWithin)
	defer cancel()
	v, err := approval.Judge(ctx, c.Rules.signers(), c.Rules.Paths, own)
	if err != nil {
		return nil, strictyaml.Problems{c.problem(at, fmt.Sprintf("cannot see who has signed the rules: %v", err), "")}
	}
	return &engine.Approval{Status: v.Status, Commit: v.Commit, Signer: v.Signer, At: v.At, Why: v.Why}, nil
}

// approvalNotes say what nobody is told of.
func (c *Config) approvalNotes(g *generation) (notes strictyaml.Problems) {
	switch a := g.Approval; {
	case len(c.Rules.Paths) > 0 && c.Rules.signers().None():
		notes = append(notes, c.problem("rules", "rules may be changed by whoever can write their folder, and nobody is told", "let them be signed: see rules fetch, and write allowed_signers"))
	case a != nil && a.Status != approval.Approved:
		notes = append(notes, c.problem("rules.paths", "not signed by anybody who may: "+a.Why, "probity rules fetch brings what is signed"))
	}
	return notes
}

// unchecked marks the generation that a start begins with if nobody has to sign rules any more, and somebody had to before.
func (d *Daemon) unchecked() {
	g, was := d.current.Load(), d.store.Generation()
	if g.Approval != nil || was == "" || was == g.Hash {
		return
	}
	if before, err := newArchive(d.Config.StateDir).read(was); err == nil && before.approval != nil {
		a, _ := g.ApprovalAfter(&engine.Generation{Approval: before.approval})
		g.Dropped = &a
	}
}
