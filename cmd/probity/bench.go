package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"

	"probity/internal/bench"
)

// benchCommand is "probity bench".
type benchCommand struct {
	Workload  string   `enum:"shipped,peers" default:"shipped" help:"Whose rules: shipped, or peers: the ten that other programs can express, too, over the log rms."`
	Rules     string   `placeholder:"DIR" help:"Rules in place of the workload's."`
	Generated []int    `name:"generated-rules" placeholder:"N,…" help:"Besides so many generated rules, each number a variant of its own; the first is what the cost of the others is held against."`
	Log       []string `placeholder:"LOG,…" default:"m365,niche,pnc" help:"Which logs: m365 and rms (JSON of 400 bytes a line), niche (CSV of 250), pnc (between pipes, 250)."`
	Lines     int      `default:"200000" help:"Of each log."`
	Rounds    int      `default:"5" help:"How often everything is timed; the median is told."`
	Cores     []int    `placeholder:"N,…" help:"On how many cores; several to see how it scales. All unless said."`
	Seed      uint64   `default:"1" help:"The lines follow from it."`
	Dir       string   `placeholder:"DIR" help:"An empty or new folder in which lines, tables, rules and configuration are written, and stay."`
	Profile   string   `placeholder:"FILE" help:"Write a CPU profile of the whole path: for go tool pprof, and as default.pgo."`
	Output    string   `enum:"text,json" default:"text" help:"${enum}."`
}

// Help is shown by "probity bench --help".
func (benchCommand) Help() string {
	return "Writes logs, replays them with rules, tables, windows and commits to a disk, and says how many events a second that is, what CPU " +
		"each stage takes for an event, and how it compares with decoding alone, with valyala/fastjson merely parsing the same lines, and " +
		"with looking for newlines: all in one run, in turn, round by round. Ratios hold on a machine that others use too; rates do not."
}

// Run measures and prints what came of it.
func (c *benchCommand) Run(e *env) (err error) {
	leaveRoom()
	if err := c.check(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(e.ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	o := bench.Options{
		Workload: c.Workload, Rules: c.Rules, Generated: c.Generated, Logs: c.Log, Lines: c.Lines, Rounds: c.Rounds, Cores: c.Cores,
		Seed: c.Seed, Dir: c.Dir,
	}
	if c.Profile != "" {
		f, err := os.Create(c.Profile)
		if err != nil {
			return fmt.Errorf("--profile: %w", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		o.Profile = f
	}
	line := &progressLine{to: e.stderr}
	o.Progress = line.show
	report, err := bench.Run(ctx, o)
	line.clear()
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("interrupted: nothing was measured")
	case err != nil:
		return err
	case c.Output == "json":
		return writeJSON(e.stdout, report)
	}
	return printBench(e.stdout, report)
}

func (c *benchCommand) check() error {
	if len(c.Cores) == 0 {
		c.Cores = []int{bench.DefaultCores()}
	}
	for _, n := range slices.Concat(c.Cores, c.Generated, []int{c.Rounds}) {
		if n < 1 {
			return usageError("--cores, --generated-rules and --rounds are numbers from 1")
		}
	}
	if slices.Max(c.Cores) > bench.DefaultCores() {
		return usageError(fmt.Sprintf("--cores: this process may use %d", bench.DefaultCores()))
	}
	if c.Lines < bench.FewestLines {
		return usageError(fmt.Sprintf("--lines: from %d; fewer say nothing", bench.FewestLines))
	}
	for _, l := range c.Log {
		if !slices.Contains(bench.LogNames(), l) {
			return usageError(fmt.Sprintf("--log %s: choose of %s", l, strings.Join(bench.LogNames(), ", ")))
		}
	}
	return nil
}

func printBench(to io.Writer, r *bench.Report) error {
	fmt.Fprintf(to, "%d lines of each log, %d rounds, medians; %s, %s\n\n", r.Lines, r.Rounds, r.Go, r.System)
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "log\tbytes\trules\tcores\tevents/s\tleast\tmost\tof decode\tof fastjson\tof newline\tallocs\tmatches\tpeak MiB\talerts\t")
	for _, x := range r.Results {
		fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%.0f\t%.0f\t%.0f\t%s\t%s\t%s\t%.2f\t%.2f\t%d\t%d\t\n", x.Log, x.LineBytes, ruleText(x), x.Cores, x.PerSecond, x.Slowest, x.Fastest,
			ratio(x.Ratios, "decode"), ratio(x.Ratios, "fastjson"), ratio(x.Ratios, "newline"), x.Allocs, x.Matches, x.Peak>>20, x.Alerts)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(to)
	fmt.Fprintf(w, "CPU ns an event\trules\tcores\tall\t%s\tof decode\tof fastjson\ttimes\tthat of\t\n", strings.Join(bench.Stages(), "\t"))
	for _, x := range r.Results {
		fmt.Fprintf(w, "%s\t%s\t%d\t%.0f\t", x.Log, ruleText(x), x.Cores, x.CPU)
		for _, stage := range bench.Stages() {
			fmt.Fprintf(w, "%.0f\t", x.Stages[stage])
		}
		fmt.Fprintf(w, "%s\t%s\t%.2f\t%s\t\n", ratio(x.OfCPU, "decode"), ratio(x.OfCPU, "fastjson"), x.Cost, x.Beside)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return printFloors(to, r)
}

// printFloors prints what was timed beside, and what further cores gave.
func printFloors(to io.Writer, r *bench.Report) error {
	fmt.Fprintln(to)
	seen := map[string]bool{}
	for _, x := range r.Results {
		if at := fmt.Sprintf("%s on %d cores", x.Log, x.Cores); !seen[at] {
			seen[at] = true
			fmt.Fprintf(to, "%s, lines/s:", at)
			for _, floor := range slices.Sorted(maps.Keys(x.Floors)) {
				fmt.Fprintf(to, " %s %.0f", floor, x.Floors[floor])
			}
			fmt.Fprintln(to)
		}
	}
	for _, s := range r.Scaling {
		fmt.Fprintf(to, "%s, %s rules, from %d to %d cores: whole ×%.2f, decoding alone ×%.2f; %.2f of that\n", s.Log, s.Rules, s.From, s.To, s.Whole, s.Decode, s.Against)
	}
	return nil
}

// ruleText names rules, with how many they are.
func ruleText(x *bench.Result) string {
	if strings.HasPrefix(x.Rules, "generated") {
		return x.Rules
	}
	return fmt.Sprintf("%s (%d)", x.Rules, x.RuleCount)
}

// ratio is one, or a stroke where there is none.
func ratio(of map[string]float64, floor string) string {
	if v, ok := of[floor]; ok {
		return fmt.Sprintf("%.2f", v)
	}
	return "-"
}
