package demo

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/zap"

	"probity/internal/alert"
	"probity/internal/daemon"
	"probity/internal/sim"
)

// A force with all its misuse, look-alikes and compressed logs is read by the shipped formats to the last line.
func TestAThoroughForceIsReadWithoutARejectByItsConfiguration(t *testing.T) {
	dir := t.TempDir()
	force, err := sim.New(sim.Options{Seed: 3, Staff: 200, Days: 5, Thorough: true, Gzip: true, Faults: []string{"late", "doubled", "skew"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := force.Write(dir); err != nil {
		t.Fatal(err)
	}
	config, err := Configuration(force.Tables(), 5, ".gz")
	if err != nil {
		t.Fatal(err)
	}
	f := folder{dir}
	for path, text := range map[string]string{f.config(): config, filepath.Join(dir, "identity.key"): "0123456789abcdef0123456789abcdef"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read, err := f.load()
	if err != nil {
		t.Fatal(err)
	}
	found := false
	sum, err := daemon.Replay(context.Background(), daemon.ReplayOptions{Config: read, Logger: zap.NewNop()}, func(a *alert.Alert) error {
		found = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for range force.Lines() {
		lines++
	}
	if sum.Rejects != 0 || sum.Records < lines-1 || !found { // the header of the Niche file is no record
		t.Errorf("%d records of %d lines, %d rejects, alerts: %t", sum.Records, lines, sum.Rejects, found)
	}
}
