// Command probity watches the audit logs of police systems for misuse. This package is the command tree and nothing else:
// what the commands do, internal packages do.
//
// Exit status: 0 done, 1 failure, 2 wrong usage, 3 findings of a check or a test.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
	"go.uber.org/zap"

	"probity/internal/daemon"
	"probity/internal/neutral"
	"probity/internal/strictyaml"
)

// cli is the command tree. A flag stands over its environment variable, that over the configuration file.
type cli struct {
	Run      runCommand      `cmd:"" help:"Follow the sources and raise alerts."`
	Demo     demoCommand     `cmd:"" help:"Watch the daemon find misuse in a simulated force."`
	Config   configCommand   `cmd:"" help:"Check a configuration, or print its schema."`
	Decode   decodeCommand   `cmd:"" help:"Print what is read from log files: events and rejects."`
	Rules    rulesCommand    `cmd:"" help:"Check and test rules."`
	Replay   replayCommand   `cmd:"" help:"Judge whole log files and print the alerts."`
	Alerts   alertsCommand   `cmd:"" help:"List, show and close alerts, and say what they turned out to be."`
	Coverage coverageCommand `cmd:"" help:"Say which rules can work with the sources and tables at hand, and what to connect for the others."`
	Dipcheck dipcheckCommand `cmd:"" help:"Draw a random sample of a team's transactions for a line manager's review."`
	Evidence evidenceCommand `cmd:"" help:"Verify the evidence log, sign it, export from it, redact in it."`
	State    stateCommand    `cmd:"" help:"Check, compact, export or import the state folder."`
	Simulate simulateCommand `cmd:"" help:"Write the logs, tables and planted misuse of a simulated force."`
	Evaluate evaluateCommand `cmd:"" help:"Say how good the rules are where the misuse is known."`
	Bench    benchCommand    `cmd:"" help:"Measure how fast this machine judges."`
	Version  versionCommand  `cmd:"" help:"Print the version."`

	LogLevel  string `name:"log.level" enum:",debug,info,warn,error" default:"" env:"PROBITY_LOG_LEVEL" help:"The daemon's log: debug, info, warn or error."`
	LogFormat string `name:"log.format" enum:",json,console" default:"" env:"PROBITY_LOG_FORMAT" help:"The daemon's log: json or console."`
}

// env is what a command runs in; its Run method is given it.
type env struct {
	ctx            context.Context
	stdin          io.Reader
	stdout, stderr io.Writer
	log            daemon.Log // what the flags say
}

// logger is the logger that a configuration and the flags over it ask for.
func (e *env) logger(l daemon.Log) (*zap.Logger, error) {
	if e.log.Level != "" {
		l.Level = e.log.Level
	}
	if e.log.Format != "" {
		l.Format = e.log.Format
	}
	return l.NewLogger(e.stderr)
}

// Exit statuses.
const (
	exitFailure  = 1
	exitUsage    = 2
	exitFindings = 3
)

// errFindings: the command has done its work, and what it looked at is not in order. It has been printed already.
var errFindings = errors.New("findings")

// usageError is a wrong combination of arguments that the parser does not see.
type usageError string

func (e usageError) Error() string { return string(e) }

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var c cli
	parser, err := kong.New(&c, kong.Name("probity"), kong.Description("Protective monitoring: finds misuse of police systems in their audit logs."),
		kong.Writers(stdout, stderr), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		fmt.Fprintf(stderr, "probity: %v\n", err)
		return exitFailure
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(stderr, "probity: %s\n", unparsed(err))
		return exitUsage
	}
	e := &env{ctx: context.Background(), stdin: stdin, stdout: stdout, stderr: stderr, log: daemon.Log{Level: c.LogLevel, Format: c.LogFormat}}
	return status(ctx.Run(e), stderr)
}

// status prints an error and says how to exit.
func status(err error, stderr io.Writer) int {
	var problems strictyaml.Problems
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errFindings):
		return exitFindings
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "probity: %v\n", err)
		return exitUsage
	case errors.As(err, &problems):
		printProblems(stderr, problems)
	default:
		for line := range strings.Lines(err.Error()) {
			fmt.Fprintf(stderr, "probity: %s\n", neutral.Terminal(strings.TrimSuffix(line, "\n")))
		}
	}
	return exitFailure
}

// printProblems prints one problem a line.
func printProblems(to io.Writer, problems strictyaml.Problems) {
	for _, p := range problems {
		fmt.Fprintln(to, neutral.Terminal(p.String()))
	}
}

// count writes a number of things, of which thing is one.
func count(n int, thing string) string {
	if start, y := strings.CutSuffix(thing, "y"); n != 1 && y {
		thing = start + "ies"
	} else if n != 1 {
		thing += "s"
	}
	return strconv.Itoa(n) + " " + thing
}

// unparsed says why the arguments are none. An enum may have "" for what is not given, which nobody means to write.
func unparsed(err error) string {
	what, got, ok := strings.Cut(err.Error(), " but got ")
	if !ok || !strings.Contains(what, " must be one of ") {
		return err.Error()
	}
	what = strings.ReplaceAll(strings.Replace(what, `must be one of "",`, "must be one of ", 1), `","`, `", "`)
	if got == `""` {
		return what + "; nothing is given"
	}
	return what + " but got " + got
}

// list is never null in JSON.
func list(problems strictyaml.Problems) strictyaml.Problems {
	if problems == nil {
		return strictyaml.Problems{}
	}
	return problems
}
