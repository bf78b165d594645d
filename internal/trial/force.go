package trial

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"probity/internal/alert"
	"probity/internal/daemon"
	"probity/internal/evaluate"
)

// The files of a force's folder.
const (
	truthName      = "truth.jsonl"
	lookalikesName = "lookalikes.jsonl"
)

var configNames = []string{"probity.yaml", "probity.yml"}

// Force says where a force's files are.
type Force struct {
	Name       string
	Config     *daemon.Config // nil: Alerts were raised already
	Alerts     string         // a file of alerts, a line each
	Truth      string         // a file
	Lookalikes string         // a file; "": none are known
	Staff      int            // 0: what the people table says
	Days       int            // 0: what the logs say
}

// InFolder finds the files of a force's folder.
func InFolder(folder string) (Force, error) {
	for _, name := range configNames {
		file := filepath.Join(folder, name)
		if _, err := os.Stat(file); err == nil {
			return Configured(file)
		}
	}
	return Force{}, fmt.Errorf("%s: no force: it has no %s; probity simulate makes one", folder, configNames[0])
}

// Configured finds the files beside a configuration. The force is called as its folder.
func Configured(file string) (Force, error) {
	config, problems := daemon.LoadConfig(file)
	if err := problems.Err(); err != nil {
		return Force{}, err
	}
	folder, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return Force{}, fmt.Errorf("finding the folder of %s: %w", file, err)
	}
	f := Force{Name: filepath.Base(folder), Config: config, Truth: filepath.Join(folder, truthName)}
	if alike := filepath.Join(folder, lookalikesName); exists(alike) {
		f.Lookalikes = alike
	}
	return f, nil
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return !errors.Is(err, fs.ErrNotExist)
}

// known reads a file of planted acts.
func known(file string) ([]evaluate.Truth, error) {
	if file == "" {
		return nil, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("reading what is known: %w; name it with --truth", err)
	}
	defer f.Close() //nolint:errcheck // read only
	out, err := evaluate.ReadTruth(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return out, nil
}

// eachAlert reads a file of alerts: revisions in any order, as a file sink writes them, or last ones, as replay does.
func eachAlert(file string, each func(*alert.Alert)) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("reading alerts: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	lines := bufio.NewReader(f)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return fmt.Errorf("reading alerts: %w", err)
		}
		if len(line) > 1 {
			var a alert.Alert
			if err := json.Unmarshal(line, &a); err != nil {
				return fmt.Errorf("%s, line %d: %w", file, n, err)
			}
			if a.Schema != alert.SchemaVersion || a.ID == "" {
				return fmt.Errorf("%s, line %d: no alert of schema %s; alerts come from probity replay, or from a sink of type file", file, n, alert.SchemaVersion)
			}
			a.Status = cmp.Or(a.Status, alert.Open)
			each(&a)
		}
		if err == io.EOF {
			return nil
		}
	}
}
