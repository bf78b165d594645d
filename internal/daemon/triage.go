package daemon

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"

	"go.uber.org/zap"

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
	p.checkTriageListen()
	p.routes = routes
}

// checkTriageListen: what is asked from other machines is asked with a certificate, or not at all.
func (p *parts) checkTriageListen() {
	t := &p.config.Triage
	certified := slices.ContainsFunc(slices.Collect(maps.Values(p.config.Roles)), func(r route.Role) bool { return len(r.Certificates) > 0 })
	if t.Listen == "" {
		if t.CertFile+t.KeyFile+t.ClientCAFile != "" {
			p.problem("triage", "certificates, and no triage.listen: nobody would see them", "write listen: host:port as well, or leave them out")
		}
		if certified {
			p.problem("roles", "a role has certificates, and there is no triage.listen: nobody could show one", "write triage: {listen: host:port, …}, or leave them out")
		}
		return
	}
	if _, _, err := net.SplitHostPort(t.Listen); err != nil {
		p.problem("triage.listen", t.Listen+" is no host:port", "write it as 192.0.2.7:9481; [::]:9481 is every address")
	}
	if !certified {
		p.problem("triage.listen", "no role has certificates: nobody could ask anything", "write roles: {iso: {certificates: [\"email:…\"]}}, or leave listen out")
	}
	if t.CertFile == "" || t.KeyFile == "" || t.ClientCAFile == "" {
		p.problem("triage.listen", "it needs cert_file, key_file and client_ca_file: there is no way to ask without a certificate", "write all three")
	} else if err := t.files().Check(); err != nil {
		p.problem("triage.listen", err.Error(), "")
	}
}

func (t *Triage) files() triage.TLSFiles {
	return triage.TLSFiles{CA: t.ClientCAFile, Cert: t.CertFile, Key: t.KeyFile}
}

// listenForQuestions makes the socket, if there is anybody who may ask, and listens for those with certificates.
func (d *Daemon) listenForQuestions() (err error) {
	if len(d.Config.Roles) == 0 {
		return nil
	}
	if d.asked, err = triage.Listen(d.Config.Triage.Socket); err != nil {
		return fmt.Errorf("triage.socket: %w", err)
	}
	if d.Config.Triage.Listen == "" {
		return nil
	}
	if d.askedAfar, err = d.Config.Triage.files().Listen(d.Config.Triage.Listen); err != nil {
		return fmt.Errorf("triage.listen: %w", err)
	}
	return nil
}

func (d *Daemon) stopQuestions() error {
	var errs []error
	for _, l := range []net.Listener{d.asked, d.askedAfar} {
		if l == nil {
			continue
		}
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// serveQuestions answers on the socket, and to those with certificates, until the returned server is shut down.
func (d *Daemon) serveQuestions(running *sync.WaitGroup, failed context.CancelCauseFunc) *http.Server {
	server := triage.New(triage.Options{Cases: casebook{d.store, d}, Roles: d.routes, PerWeek: d.Config.Budget.PerWeek, Closed: d.closed}).HTTP()
	server.ErrorLog, _ = zap.NewStdLogAt(d.Logger, zap.WarnLevel) // the level exists
	for _, l := range []net.Listener{d.asked, d.askedAfar} {
		if l == nil {
			continue
		}
		running.Go(func() {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				failed(err)
			}
		})
	}
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
	if err == nil {
		c.daemon.notifier.Review([]string{x.ID})
	}
	return before, err
}

// Around returns the lines around the records of an alert, and preserves them first if nobody has yet.
func (c casebook) Around(of alert.Case) ([]alert.Surrounding, error) {
	all, err := c.daemon.around.Of(of)
	return all[of.ID], err
}

func (c casebook) grown() { c.daemon.checkpoints.grown(c.EvidenceHead()) }

// QuestionSocket is where a daemon with this configuration answers questions about alerts; "" if it answers none.
func (c *Config) QuestionSocket() string {
	c.setDefaults()
	return c.Triage.Socket
}
