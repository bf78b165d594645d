package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"go.uber.org/zap"

	"probity/internal/daemon"
)

// configFlag names the configuration.
type configFlag struct {
	File string `name:"config.file" aliases:"config" short:"c" env:"PROBITY_CONFIG_FILE" placeholder:"FILE" help:"The configuration."`
}

// load reads the configuration; without one the command cannot do its work.
func (f *configFlag) load() (*daemon.Config, error) {
	if f.File == "" {
		return nil, usageError("which configuration? write --config.file FILE")
	}
	c, problems := daemon.LoadConfig(f.File)
	return c, problems.Err()
}

// replaying prepares a tool that replays: the configuration, a log of warnings alone, and a context that an interrupt ends.
func (f *configFlag) replaying(e *env) (config *daemon.Config, log *zap.Logger, ctx context.Context, stop func(), err error) {
	if config, err = f.load(); err != nil {
		return nil, nil, nil, nil, err
	}
	if log, err = e.logger(daemon.Log{Level: "warn", Format: config.Log.Format}); err != nil {
		return nil, nil, nil, nil, err
	}
	ctx, stop = signal.NotifyContext(e.ctx, syscall.SIGTERM, os.Interrupt)
	return config, log, ctx, stop, nil
}

type runCommand struct {
	configFlag
	ListenAddress string `name:"web.listen-address" env:"PROBITY_WEB_LISTEN_ADDRESS" placeholder:"ADDRESS" help:"Of metrics, health and reload; over the configuration's."`
	WebConfig     string `name:"web.config.file" env:"PROBITY_WEB_CONFIG_FILE" placeholder:"FILE" help:"TLS and logins of that listener, in the form of Prometheus' exporters; over the configuration's."`
	Stdin         string `placeholder:"SOURCE" help:"Read standard input as this source, in place of what is configured for it."`
}

// Run is the daemon until SIGTERM or SIGINT; a second one ends it at once. SIGHUP reloads.
func (c *runCommand) Run(e *env) error {
	config, err := c.load()
	if err != nil {
		return err
	}
	if c.ListenAddress != "" {
		config.Web.ListenAddress = c.ListenAddress
	}
	if c.WebConfig != "" {
		if config.Web.ConfigFile, err = filepath.Abs(c.WebConfig); err != nil {
			return err
		}
	}
	config.Stdin = c.Stdin
	logger, err := e.logger(config.Log)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(e.ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP) // before anything is opened: by default it would end the process
	d, err := daemon.New(daemon.Options{Config: config, Logger: logger, Stdin: e.stdin})
	if err != nil {
		return err
	}
	go func() {
		<-ctx.Done()
		stop() // from here on a signal does what it does by default
	}()
	go func() {
		for range hangups {
			if err := d.Reload(); err != nil {
				logger.Debug("reload by SIGHUP", zap.Error(err)) // the daemon has said so
			}
		}
	}()
	return d.Run(ctx)
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(e *env) error {
	_, err := e.stdout.Write([]byte("probity " + daemon.Version() + "\n"))
	return err
}
