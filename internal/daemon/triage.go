package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"

	"probity/internal/alert"
	"probity/internal/evidence"
	"probity/internal/route"
	"probity/internal/store"
	"probity/internal/triage"
)

// socketName is the socket for questions about alerts, unless the configuration names another path.
const socketName = "probity.sock"

// buildRoutes puts roles and sinks together.
func (p *parts) buildRoutes() {
	c := p.config
	targets := make([]route.Target, len(c.Sinks))
	for i, s := range c.Sinks {
		targets[i] = route.Target{Sink: s.Name, For: s.For, Severities: s.Severities}
	}
	routes, flaws := route.New(c.Roles, targets)
	for _, f := range flaws {
		p.problem(f.Key, f.What, f.Do)
	}
	for i, w := range c.Evidence.Witness {
		if len(w.For)+len(w.Severities) > 0 {
			p.problem(fmt.Sprintf("evidence.witness.%d", i), "for or severities of a witness, which is told of checkpoints and no alert", "leave them out")
		}
	}
	if c.Budget.PerWeek < 0 {
		p.problem("budget.per_week", fmt.Sprintf("a budget of %d alerts", c.Budget.PerWeek), "write a number above 0, or leave it out")
	}
	if c.Triage.Socket != "" && len(c.Roles) == 0 {
		p.problem("triage.socket", "a socket, and no roles: nobody may ask anything", "write roles: as well, or leave it out")
	}
	if err := triage.CheckPath(c.Triage.Socket); err != nil {
		p.problem("triage.socket", err.Error(), "choose a shorter path")
	}
	p.routes = routes
}

// listenForQuestions makes the socket, if there is anybody who may ask.
func (d *Daemon) listenForQuestions() (err error) {
	if len(d.Config.Roles) == 0 {
		return nil
	}
	if d.asked, err = triage.Listen(d.Config.Triage.Socket); err != nil {
		return fmt.Errorf("triage.socket: %w", err)
	}
	return nil
}

func (d *Daemon) stopQuestions() error {
	if d.asked == nil {
		return nil
	}
	if err := d.asked.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// serveQuestions answers on the socket until the returned server is shut down.
func (d *Daemon) serveQuestions(running *sync.WaitGroup, failed context.CancelCauseFunc) *http.Server {
	server := triage.New(triage.Options{Cases: casebook{d.store, d}, Roles: d.routes, PerWeek: d.Config.Budget.PerWeek, Closed: d.closed}).HTTP()
	if d.asked == nil {
		return server
	}
	running.Go(func() {
		if err := server.Serve(d.asked); !errors.Is(err, http.ErrServerClosed) {
			failed(err)
		}
	})
	return server
}

// closed counts an alert that was in no count before.
func (d *Daemon) closed(before alert.Case, last *alert.Alert) {
	if d.routes.Withheld(before) {
		d.pipeline.Count(before, last)
	}
}

// casebook is the state folder as triage needs it.
type casebook struct {
	*store.Store
	daemon *Daemon
}

// Note records in the evidence.
func (c casebook) Note(kind string, body any) error {
	if err := c.Commit(&store.Commit{Evidence: []evidence.Entry{{Kind: kind, Body: body}}}); err != nil {
		return fmt.Errorf("recording the question in the evidence: %w", err)
	}
	c.grown()
	return nil
}

// CloseAlert closes an alert, and has the evidence of it signed.
func (c casebook) CloseAlert(x alert.Closing) (alert.Case, error) {
	before, err := c.Store.CloseAlert(x)
	c.grown()
	return before, err
}

func (c casebook) grown() { c.daemon.checkpoints.grown(c.EvidenceHead()) }

// QuestionSocket is where a daemon with this configuration answers questions about alerts; "" if it answers none.
func (c *Config) QuestionSocket() string {
	c.setDefaults()
	return c.Triage.Socket
}
