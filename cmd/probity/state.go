package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"probity/internal/daemon"
	"probity/internal/neutral"
	"probity/internal/store"
)

type stateCommand struct {
	Check   stateCheckCommand   `cmd:"" help:"Read everything in the state folder and say what is damaged."`
	Compact stateCompactCommand `cmd:"" help:"Give back the room that old window states and deleted rows take."`
	Export  stateExportCommand  `cmd:"" help:"Copy the state, as one commit left it, into one file; the daemon may run."`
	Import  stateImportCommand  `cmd:"" help:"Check an exported file and unpack it into an empty folder."`
	Expire  stateExpireCommand  `cmd:"" help:"Destroy, on the record, what the retention of the configuration says is to be kept no longer; the daemon does so once a day."`
}

// stateFolder names the state folder, or the configuration that does.
type stateFolder struct {
	configFlag
	Dir    string `arg:"" optional:"" placeholder:"DIR" help:"The state folder; the configuration's unless named."`
	Output string `enum:"text,json" default:"text" help:"text or json."`
}

func (f *stateFolder) dir() (string, error) {
	if f.Dir != "" {
		return f.Dir, nil
	}
	if f.File == "" {
		return "", usageError("which state folder? name it, or write --config.file FILE")
	}
	config, err := f.load()
	if err != nil {
		return "", err
	}
	if config.StateDir == "" {
		return "", usageError("the configuration names no state_dir: name the state folder")
	}
	return config.StateDir, nil
}

type stateCheckCommand struct{ stateFolder }

// Run checks. Damage is a failure.
func (c *stateCheckCommand) Run(e *env) error {
	dir, err := c.dir()
	if err != nil {
		return err
	}
	found, err := store.Inspect(dir)
	if err != nil {
		return err
	}
	if err := printInspection(e, found, c.Output); err != nil {
		return err
	}
	if !found.OK() {
		return fmt.Errorf("the state in %s is damaged", dir)
	}
	return nil
}

func printInspection(e *env, r *store.Inspection, output string) error {
	if output == "json" {
		return writeJSON(e.stdout, r)
	}
	for _, f := range r.Findings {
		fmt.Fprintln(e.stdout, neutral.Terminal(f.String()))
	}
	if r.LeftOff > 0 {
		fmt.Fprintf(e.stdout, "and %d more\n", r.LeftOff)
	}
	for _, n := range r.Notes {
		fmt.Fprintln(e.stdout, "note: "+neutral.Terminal(n))
	}
	if !r.OK() {
		return nil
	}
	var rows []string
	for _, name := range slices.Sorted(maps.Keys(r.Rows)) {
		rows = append(rows, fmt.Sprintf("%s %d", name, r.Rows[name]))
	}
	fmt.Fprintf(e.stdout, "%s: ok\n", neutral.Terminal(r.Dir))
	fmt.Fprintf(e.stdout, "commit %d of %s, format version %d\n", r.Commit, r.CommittedAt.Format("2006-01-02T15:04:05Z07:00"), r.Version)
	fmt.Fprintf(e.stdout, "rows: %s\n", strings.Join(rows, ", "))
	fmt.Fprintf(e.stdout, "window log: %d bytes in %d files, %d frames\n", r.WindowBytes, r.WindowFiles, r.Frames)
	fmt.Fprintf(e.stdout, "evidence: %d entries; rejects: %d\n", r.Evidence, r.Rejects)
	return nil
}

type stateCompactCommand struct{ stateFolder }

// Run compacts, while no daemon runs.
func (c *stateCompactCommand) Run(e *env) error {
	dir, err := c.dir()
	if err != nil {
		return err
	}
	if err := store.Exists(dir); err != nil {
		return err
	}
	s, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		return err
	}
	saved, err := s.Compact()
	if closeErr := s.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("compacting %s: %w", dir, err)
	}
	if c.Output == "json" {
		return writeJSON(e.stdout, saved)
	}
	fmt.Fprintf(e.stdout, "window log: %d bytes, were %d\ndatabase: %d bytes, were %d\n",
		saved.WindowsAfter, saved.WindowsBefore, saved.DatabaseAfter, saved.DatabaseBefore)
	return nil
}

type stateExportCommand struct {
	Archive string `arg:"" name:"archive" placeholder:"FILE" help:"The file to make, best named *.tar.zst."`
	stateFolder
}

// Run exports.
func (c *stateExportCommand) Run(e *env) error {
	dir, err := c.dir()
	if err != nil {
		return err
	}
	m, err := store.Export(dir, c.Archive, daemon.Version())
	if err != nil {
		return fmt.Errorf("exporting %s: %w", dir, err)
	}
	if c.Output == "json" {
		return writeJSON(e.stdout, m)
	}
	fmt.Fprintf(e.stdout, "%s: commit %d of %s, %d files\n", neutral.Terminal(c.Archive), m.Commit, m.CommittedAt.Format("2006-01-02T15:04:05Z07:00"), len(m.Files))
	return nil
}

type stateImportCommand struct {
	Archive string `arg:"" name:"archive" placeholder:"FILE" help:"A file that state export made."`
	stateFolder
}

// Run imports.
func (c *stateImportCommand) Run(e *env) error {
	dir, err := c.dir()
	if err != nil {
		return err
	}
	found, err := store.Import(c.Archive, dir)
	if err != nil {
		return fmt.Errorf("importing into %s: %w", dir, err)
	}
	return printInspection(e, found, c.Output)
}
