package sim

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Write puts logs/ (one file a system), tables/, truth.jsonl, lookalikes.jsonl
// and faults.jsonl into dir, which it makes when it must. The same options give
// the same bytes.
func (f *Force) Write(dir string) error {
	for _, sub := range []string{"logs", "tables"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return fmt.Errorf("sim: %w", err)
		}
	}
	if err := f.writeLogs(filepath.Join(dir, "logs")); err != nil {
		return err
	}
	for _, t := range f.Tables() {
		if err := os.WriteFile(filepath.Join(dir, "tables", t.Name), t.Data, 0o644); err != nil {
			return fmt.Errorf("sim: table %s: %w", t.Name, err)
		}
	}
	if err := writeLines(filepath.Join(dir, "truth.jsonl"), f.Truth()); err != nil {
		return err
	}
	if err := writeLines(filepath.Join(dir, "lookalikes.jsonl"), f.Lookalikes()); err != nil {
		return err
	}
	return writeLines(filepath.Join(dir, "faults.jsonl"), f.Faults())
}

func (f *Force) writeLogs(dir string) (err error) {
	logs := map[string]io.Writer{}
	for _, name := range fileNames {
		log, whole, openErr := f.openLog(filepath.Join(dir, name))
		if openErr != nil {
			return fmt.Errorf("sim: log: %w", openErr)
		}
		logs[name] = log
		defer func() {
			if e := whole(); e != nil && err == nil {
				err = fmt.Errorf("sim: log %s: %w", name, e)
			}
		}()
	}
	for line := range f.Lines() {
		if _, err := logs[line.File].Write(line.Bytes); err != nil {
			return fmt.Errorf("sim: log %s: %w", line.File, err)
		}
	}
	return nil
}

// openLog begins a log file, with .gz at the end of its name if it is
// compressed; whole ends it.
func (f *Force) openLog(path string) (to io.Writer, whole func() error, err error) {
	if f.opts.Gzip {
		path += ".gz"
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, nil, err
	}
	if !f.opts.Gzip {
		log := bufio.NewWriterSize(file, 1<<16)
		return log, func() error { return errors.Join(log.Flush(), file.Close()) }, nil
	}
	packed, err := gzip.NewWriterLevel(file, gzip.BestSpeed)
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	log := bufio.NewWriterSize(packed, 1<<16)
	return log, func() error { return errors.Join(log.Flush(), packed.Close(), file.Close()) }, nil
}

// writeLines writes one JSON object a line.
func writeLines[T any](path string, all []T) error {
	name := filepath.Base(path)
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("sim: %s: %w", name, err)
	}
	out := json.NewEncoder(file)
	for _, x := range all {
		if err := out.Encode(x); err != nil {
			return fmt.Errorf("sim: %s: %w", name, errors.Join(err, file.Close()))
		}
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("sim: %s: %w", name, err)
	}
	return nil
}
