//go:build measure

package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"probity/internal/sim"
)

var (
	catchUpDays   = flag.Int("catchup.days", 20, "days of a force of 600, about 10,000 records each")
	catchUpBinary = flag.String("catchup.binary", "", "measure this binary, of an earlier commit say, in turns with the one of now")
)

const catchUpConfig = `state_dir: state
identity_key_file: identity.key
sources:
  - {name: niche, format: niche, paths: [niche.csv]}
  - {name: pnc, format: pnc, paths: [pnc.log]}
  - {name: storm, format: storm, paths: [storm.log]}
  - {name: crime, format: crime, paths: [crime.log]}
  - {name: m365, format: m365, paths: [m365.ndjson]}
tables:
  people: {path: people.csv, max_age: 40d}
  roster: {path: roster.csv, max_age: 40d}
  vehicles: {path: vehicles.csv, max_age: 40d, miss: no}
  associations: {path: associations.csv, max_age: 40d, miss: no}
  nominals: {path: nominals.csv, max_age: 40d, miss: no}
  assignments: {path: assignments.csv, max_age: 40d}
  links: {path: links.csv, max_age: 40d}
  sensitive: {path: sensitive.csv, max_age: 40d}
  honeytokens: {path: honeytokens.csv, max_age: 40d}
rules: {builtin: true}
sinks:
  - {name: file, type: file, path: alerts.jsonl}
web: {listen_address: "127.0.0.1:0"}
pipeline: {idle_after: 24h}
`

// A first start over old logs with the shipped rules: how long it takes, where, and how large the state folder is then.
//
//	go test -tags measure ./cmd/probity -run MeasuredCatchUp -v -timeout 1h
func TestMeasuredCatchUp(t *testing.T) {
	simulated, err := sim.New(sim.Options{Seed: 1, Staff: 600, Days: *catchUpDays})
	if err != nil {
		t.Fatal(err)
	}
	logs, size := map[string]*bytes.Buffer{}, 0
	for l := range simulated.Lines() {
		if logs[l.File] == nil {
			logs[l.File] = &bytes.Buffer{}
		}
		logs[l.File].Write(l.Bytes)
		size += len(l.Bytes)
	}
	binaries := map[string]func() (string, error){"now": build}
	if *catchUpBinary != "" {
		binaries["before"] = func() (string, error) { return filepath.Abs(*catchUpBinary) }
	}
	for range 2 {
		for name, binary := range binaries {
			f := newFolder(t)
			for _, table := range simulated.Tables() {
				f.write(table.Name, string(table.Data))
			}
			for file, text := range logs {
				f.write(file, text.String())
			}
			f.write("probity.yaml", catchUpConfig)
			began := time.Now()
			p := f.startBuilt(binary, nil, "run", "-c", "probity.yaml")
			m, took := p.caughtUp(began)
			peak := p.peak()
			p.terminate(t, time.Minute)
			used := p.ProcessState.UserTime() + p.ProcessState.SystemTime()
			t.Logf("%s: %.0f records, %.1f MB of logs in %s (%s of the processor); %.0f commits; state folder %.1f MB, state.db %.1f MB, resident at most %d MiB",
				name, m["probity_records_total"], float64(size)/1e6, took.Round(100*time.Millisecond), used.Round(100*time.Millisecond), m["probity_commits_total"],
				f.megabytes("state"), f.megabytes("state/state.db"), peak)
			if err := os.RemoveAll(f.dir); err != nil {
				t.Error(err)
			}
		}
	}
}

// caughtUp waits until nothing more is read for two seconds, and says when the last was.
func (p *process) caughtUp(began time.Time) (m map[string]float64, took time.Duration) {
	eventuallyWithin(10*time.Minute, func() bool {
		was := m["probity_records_total"]
		if m = p.metrics(); m["probity_records_total"] > was {
			took = time.Since(began)
		}
		return took > 0 && m["probity_source_lag_bytes"] == 0 && time.Since(began)-took > 2*time.Second
	})
	return m, took
}

// megabytes is the size of a file, or of all files under a folder.
func (f *force) megabytes(name string) (mb float64) {
	f.must(filepath.WalkDir(f.path(name), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "-shm") {
			return err
		}
		info, err := d.Info()
		if err == nil {
			mb += float64(info.Size()) / 1e6
		}
		return err
	}))
	return mb
}
