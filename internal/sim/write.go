package sim

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Write puts logs/ (one file a system), tables/ and truth.jsonl into dir, which
// it makes when it must. The same options give the same bytes.
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
	return f.writeTruth(filepath.Join(dir, "truth.jsonl"))
}

func (f *Force) writeLogs(dir string) (err error) {
	logs := map[string]*bufio.Writer{}
	for _, name := range fileNames {
		file, openErr := os.Create(filepath.Join(dir, name))
		if openErr != nil {
			return fmt.Errorf("sim: log: %w", openErr)
		}
		log := bufio.NewWriterSize(file, 1<<16)
		logs[name] = log
		defer func() {
			for _, step := range []func() error{log.Flush, file.Close} {
				if e := step(); e != nil && err == nil {
					err = fmt.Errorf("sim: log %s: %w", name, e)
				}
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

func (f *Force) writeTruth(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("sim: truth: %w", err)
	}
	out := json.NewEncoder(file)
	for _, t := range f.Truth() {
		if err := out.Encode(t); err != nil {
			file.Close()
			return fmt.Errorf("sim: truth: %w", err)
		}
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("sim: truth: %w", err)
	}
	return nil
}
