package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"probity/internal/evidence"
	"probity/internal/fsx"
	"probity/internal/notify"
	"probity/internal/strictyaml"
)

// Evidence says how the evidence log is signed, and to whom that is told.
type Evidence struct {
	SigningKeyFile  string              `json:"signing_key_file,omitempty" jsonschema:"private key of probity evidence keygen; without one no checkpoint is signed. The credential evidence_key unless said"`
	CheckpointEvery int                 `json:"checkpoint_every,omitempty" jsonschema:"a checkpoint after so many entries; 1000 unless said"`
	CheckpointAfter strictyaml.Duration `json:"checkpoint_after,omitempty" jsonschema:"and after so long, and at the start and the stop; 15m unless said. Witnesses are told so often even if nothing is new"`
	Witness         []notify.Config     `json:"witness,omitempty" jsonschema:"where checkpoints go: off this machine, out of the reach of whoever can write the state folder"`
}

const (
	evidenceCredential     = "evidence_key"
	defaultCheckpointEvery = 1000
	defaultCheckpointAfter = strictyaml.Duration(15 * time.Minute)

	// lastWords bounds what telling the witnesses of the last checkpoint may take when the daemon stops.
	lastWords = 5 * time.Second
)

// buildEvidence reads the key and builds the witnesses. A replay needs neither.
func (p *parts) buildEvidence() {
	e := &p.config.Evidence
	fill(&e.CheckpointEvery, defaultCheckpointEvery)
	fill(&e.CheckpointAfter, defaultCheckpointAfter)
	if e.CheckpointEvery < 1 {
		p.problem("evidence.checkpoint_every", fmt.Sprintf("a checkpoint every %d entries", e.CheckpointEvery), "choose 1 or more")
	}
	if e.CheckpointAfter.Std() < time.Second {
		p.problem("evidence.checkpoint_after", fmt.Sprintf("a checkpoint every %s", e.CheckpointAfter.Std()), "choose 1s or more")
	}
	for i, w := range e.Witness {
		if w.Ceiling != "" {
			p.problem(fmt.Sprintf("evidence.witness.%d", i), "a checkpoint is no alert: it has no marking", "use a file or webhook without a ceiling")
			return
		}
	}
	p.witnesses = p.sinksOf(e.Witness, witnessPath)
	const make = "make one with: probity evidence keygen --origin NAME --out FILE"
	if e.SigningKeyFile == "" {
		if len(e.Witness) > 0 {
			p.problem("evidence.witness", "witnesses, and no key to sign what they are told", "write signing_key_file: PATH; "+make)
		}
		return
	}
	key, err := os.ReadFile(e.SigningKeyFile)
	if err != nil {
		p.problem("evidence.signing_key_file", fmt.Sprintf("cannot read the key %s: %s", e.SigningKeyFile, cause(err)), make)
		return
	}
	if p.signer, err = evidence.NewSigner(string(key)); err != nil {
		p.problem("evidence.signing_key_file", fmt.Sprintf("%s: %v", e.SigningKeyFile, err), make)
	}
}

// evidenceNotes says what an auditor will miss.
func (p *parts) evidenceNotes() strictyaml.Problems {
	switch e := &p.config.Evidence; {
	case e.SigningKeyFile == "":
		return strictyaml.Problems{p.config.problem("evidence", "no evidence.signing_key_file: the evidence log is chained, not signed",
			"whoever can write the state folder can cut the log's end, or write all of it anew, and nobody can show that; see probity evidence keygen")}
	case len(e.Witness) == 0:
		return strictyaml.Problems{p.config.problem("evidence", "no evidence.witness: checkpoints stay beside the log that they speak for",
			"whoever can write the state folder can cut both; let them go to a mount or a server of somebody else")}
	}
	return nil
}

// checkpoints signs the evidence as it grows and tells the witnesses. nil does nothing: there is no key.
type checkpoints struct {
	signed    *evidence.Checkpoints
	head      func() (evidence.Head, bool) // committed; false once the state folder is closed
	every     uint64
	after     time.Duration
	wake      chan struct{} // capacity 1: enough entries for another
	size      atomic.Uint64 // of the newest
	witnesses []*witness
	failures  prometheus.Counter
	broken    atomic.Bool // the log does not hold what was signed or committed
	log       *zap.Logger
}

func (d *Daemon) openCheckpoints() error {
	e, p := &d.Config.Evidence, d.parts
	if p.signer == nil {
		return nil
	}
	head := d.store.EvidenceHead()
	signed, err := evidence.OpenCheckpoints(&fsx.FS{}, filepath.Join(d.Config.StateDir, "evidence"), p.signer, head)
	if err != nil {
		return err
	}
	c := &checkpoints{signed: signed, head: d.evidenceHead, every: uint64(e.CheckpointEvery), after: e.CheckpointAfter.Std(),
		wake: make(chan struct{}, 1), failures: newCheckpointFailures(), log: d.Logger}
	c.size.Store(signed.Last().Size)
	for _, s := range p.witnesses {
		c.witnesses = append(c.witnesses, newWitness(s, d.Logger, d.started))
	}
	d.checkpoints = c
	d.Logger.Info("the evidence is signed", zap.String("verifier", p.signer.Public()), zap.Uint64("entries", signed.Last().Size), zap.Int("witnesses", len(c.witnesses)))
	return nil
}

// evidenceHead is where the committed evidence ends; false once the state folder is closed.
func (d *Daemon) evidenceHead() (evidence.Head, bool) {
	d.storeUse.Lock()
	defer d.storeUse.Unlock()
	if d.store == nil {
		return evidence.Head{}, false
	}
	return d.store.EvidenceHead(), true
}

// grown is called after a commit, with where the evidence ends now.
func (c *checkpoints) grown(head evidence.Head) {
	if c == nil || head.Seq < c.size.Load()+c.every {
		return
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// run signs until ctx ends. finish may follow.
func (c *checkpoints) run(ctx context.Context) {
	if c == nil {
		return
	}
	var telling sync.WaitGroup
	defer telling.Wait()
	for _, w := range c.witnesses {
		telling.Go(func() { w.run(ctx) })
	}
	tick := time.NewTicker(c.after)
	defer tick.Stop()
	for {
		if newest, ok := c.sign(); ok {
			for _, w := range c.witnesses {
				w.offer(newest)
			}
		}
		select {
		case <-tick.C:
		case <-c.wake:
		case <-ctx.Done():
			return
		}
	}
}

// sign makes a checkpoint of what is committed. ok says that there is one to be told of, new or not.
func (c *checkpoints) sign() (newest evidence.Checkpoint, ok bool) {
	head, open := c.head()
	if !open {
		return newest, false
	}
	newest, _, err := c.signed.Sign(head)
	if err != nil {
		c.failures.Inc()
		damage := (*fsx.Damage)(nil)
		c.broken.Store(errors.As(err, &damage))
		c.log.Error("the evidence could not be signed; what was signed before stands", zap.Error(err))
	}
	if err == nil {
		c.broken.Store(false)
	}
	c.size.Store(newest.Size)
	return newest, err == nil && newest.Size > 0
}

// finish signs once more and tells the witnesses, within a bound: what they miss they hear at the next start.
func (c *checkpoints) finish() {
	if c == nil {
		return
	}
	newest, ok := c.sign()
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	var telling sync.WaitGroup
	for _, w := range c.witnesses {
		telling.Go(func() {
			if err := w.tell(ctx, newest); err != nil {
				w.log.Warn("stopped before the witness had the last checkpoint; it is told at the next start", zap.Error(err))
			}
		})
	}
	telling.Wait()
}

func (c *checkpoints) close() error {
	if c == nil {
		return nil
	}
	for _, w := range c.witnesses {
		if idle, ok := w.sink.(interface{ CloseIdleConnections() }); ok {
			idle.CloseIdleConnections()
		}
	}
	return c.signed.Close()
}
