package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"probity/internal/alert"
	"probity/internal/strictyaml"
	"probity/internal/triage"
)

type alertsCommand struct {
	List  alertsListCommand  `cmd:"" help:"List alerts, without names."`
	Show  alertsShowCommand  `cmd:"" help:"Show one alert, whole; who looked is recorded."`
	Close alertsCloseCommand `cmd:"" help:"Say what an alert turned out to be; that is recorded."`
	Stats alertsStatsCommand `cmd:"" help:"Say by rule what alerts turned out to be, how precise it is, and how long triage took."`
}

// daemonFlags name the daemon that is asked, and how its answer is printed.
type daemonFlags struct {
	configFlag
	Socket string `env:"PROBITY_SOCKET" placeholder:"PATH" help:"The daemon's socket; the configuration's triage.socket unless named."`
	Server string `env:"PROBITY_SERVER" placeholder:"URL" help:"In place of the socket: https://host:port of a daemon on another machine (its triage.listen)."`
	Cert   string `env:"PROBITY_CERT" type:"path" placeholder:"FILE" help:"Your certificate for --server, in PEM."`
	Key    string `env:"PROBITY_KEY" type:"path" placeholder:"FILE" help:"Its key, in PEM."`
	CA     string `env:"PROBITY_CA" type:"path" placeholder:"FILE" help:"The authority that certifies the daemon, in PEM; those of the system unless named."`
	Output string `enum:"text,json" default:"text" help:"text or json."`
}

// answer is what a daemon answers: printed as JSON, or as the lines of its text.
type answer interface{ Text() string }

// ask puts a question to the daemon, until an interrupt, and prints its answer.
func (f *daemonFlags) ask(e *env, question func(context.Context, *triage.Client) (answer, error)) error {
	client, err := f.client()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(e.ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()
	a, err := question(ctx, client)
	if err != nil {
		return err
	}
	if f.Output == "json" {
		return writeJSON(e.stdout, a)
	}
	return writeText(e.stdout, a.Text())
}

// client is a client of the daemon on this machine, or of another one.
func (f *daemonFlags) client() (*triage.Client, error) {
	switch {
	case f.Server == "" && f.Cert+f.Key+f.CA != "":
		return nil, usageError("--cert, --key and --ca are for --server URL")
	case f.Server == "":
		socket, err := f.socket()
		if err != nil {
			return nil, err
		}
		return triage.NewClient(socket), nil
	case f.Socket != "":
		return nil, usageError("--server and --socket: name one of them")
	case f.Cert == "" || f.Key == "":
		return nil, usageError("--server needs --cert FILE and --key FILE: the certificate that says who you are")
	}
	return triage.NewTLSClient(f.Server, triage.TLSFiles{CA: f.CA, Cert: f.Cert, Key: f.Key})
}

func (f *daemonFlags) socket() (string, error) {
	if f.Socket != "" {
		return filepath.Abs(f.Socket)
	}
	if f.File == "" {
		return "", usageError("which daemon? write --config.file FILE or --socket PATH, or set PROBITY_SOCKET to its triage.socket")
	}
	config, err := f.load()
	if err != nil {
		return "", err
	}
	if socket := config.QuestionSocket(); socket != "" {
		return socket, nil
	}
	return "", usageError("the configuration has no roles, so its daemon answers nobody: write roles:")
}

// sinceFlag is a length of time back from now, a day, or an instant.
type sinceFlag struct {
	Since string `placeholder:"WHEN" help:"Only alerts that came since then: 7d, 2026-03-02 or 2026-03-02T08:00:00Z."`
}

func (f *sinceFlag) time() (time.Time, error) {
	if f.Since == "" {
		return time.Time{}, nil
	}
	var at strictyaml.Date
	if at.FromScalar(f.Since) == nil {
		return at.Time, nil
	}
	back, err := strictyaml.ParseDuration(f.Since)
	if err != nil {
		return time.Time{}, usageError("--since: write 7d, 2026-03-02 or 2026-03-02T08:00:00Z")
	}
	return time.Now().Add(-back), nil
}

type alertsListCommand struct {
	daemonFlags
	sinceFlag
	Rule     string `placeholder:"ID" help:"Only alerts of this rule."`
	Severity string `enum:",low,medium,high,critical" default:"" help:"Only low, medium, high or critical ones."`
	Status   string `enum:",open,reopened,closed,withdrawn" default:"" help:"Only open, reopened, closed or withdrawn ones."`
	Person   string `placeholder:"STAFF-ID" help:"Only alerts about this person. That it was asked is recorded."`
	Limit    int    `default:"200" help:"List so many at most, the newest; all are counted."`
}

// Run lists.
func (c *alertsListCommand) Run(e *env) error {
	since, err := c.time()
	if err != nil {
		return err
	}
	return c.ask(e, func(ctx context.Context, client *triage.Client) (answer, error) {
		return client.List(ctx, triage.Query{Rule: c.Rule, Severity: alert.Severity(c.Severity), State: alert.Status(c.Status), Person: c.Person, Since: since, Limit: c.Limit})
	})
}

type alertsShowCommand struct {
	daemonFlags
	ID string `arg:"" placeholder:"ID" help:"The alert's id, as list and every sink tell it."`
}

// Run shows.
func (c *alertsShowCommand) Run(e *env) error {
	return c.ask(e, func(ctx context.Context, client *triage.Client) (answer, error) {
		return client.Show(ctx, c.ID)
	})
}

type alertsCloseCommand struct {
	daemonFlags
	ID       string `arg:"" placeholder:"ID" help:"The alert's id."`
	Outcome  string `required:"" enum:"policing-purpose,training,misuse,unintentional,error" help:"policing-purpose, training, misuse, unintentional or error (of the rule, a table or a log)."`
	Note     string `required:"" help:"What was found, and where that is written down."`
	Revision int    `placeholder:"N" help:"The revision that you looked at; if there is a later one, the alert stays open."`
}

// Run closes.
func (c *alertsCloseCommand) Run(e *env) error {
	return c.ask(e, func(ctx context.Context, client *triage.Client) (answer, error) {
		return client.Close(ctx, c.ID, triage.Request{Outcome: alert.Outcome(c.Outcome), Note: c.Note, Revision: c.Revision})
	})
}

type alertsStatsCommand struct {
	daemonFlags
	sinceFlag
}

// Run tells.
func (c *alertsStatsCommand) Run(e *env) error {
	since, err := c.time()
	if err != nil {
		return err
	}
	return c.ask(e, func(ctx context.Context, client *triage.Client) (answer, error) {
		return client.Stats(ctx, since)
	})
}
