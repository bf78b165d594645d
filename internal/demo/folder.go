package demo

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"probity/internal/alert"
	"probity/internal/daemon"
	"probity/internal/sim"
)

// folder holds everything that the demo writes.
type folder struct{ path string }

// newFolder makes a temporary folder with the tables, the configuration and its key. Nobody else may read it.
func newFolder(in string, force *sim.Force, days int) (_ *folder, err error) {
	path, err := os.MkdirTemp(in, "probity-demo-")
	if err != nil {
		return nil, fmt.Errorf("a temporary folder: %w", err)
	}
	f := &folder{path}
	defer func() {
		if err != nil {
			os.RemoveAll(path)
		}
	}()
	for _, sub := range []string{f.logs(), f.tables()} {
		if err := os.Mkdir(sub, 0o700); err != nil {
			return nil, err
		}
	}
	tables := force.Tables()
	for _, t := range tables {
		if err := os.WriteFile(filepath.Join(f.tables(), t.Name), t.Data, 0o600); err != nil {
			return nil, err
		}
	}
	key := make([]byte, alert.IdentityKeyBytes)
	rand.Read(key)
	if err := os.WriteFile(f.key(), key, 0o600); err != nil {
		return nil, err
	}
	text, err := Configuration(tables, days, "")
	if err != nil {
		return nil, err
	}
	return f, os.WriteFile(f.config(), []byte(text), 0o600)
}

func (f *folder) in(name string) string { return filepath.Join(f.path, name) }

func (f *folder) logs() string   { return f.in("logs") }
func (f *folder) tables() string { return f.in("tables") }
func (f *folder) state() string  { return f.in("state") }
func (f *folder) alerts() string { return f.in("alerts.jsonl") }
func (f *folder) config() string { return f.in("probity.yaml") }
func (f *folder) key() string    { return f.in("identity.key") }
func (f *folder) log() string    { return f.in("probity.log") }

func (f *folder) remove() error {
	if err := os.RemoveAll(f.path); err != nil {
		return fmt.Errorf("removing the demo's folder: %w", err)
	}
	return nil
}

// load reads the configuration as "probity run" does. What the environment says about a real installation is overridden.
func (f *folder) load() (*daemon.Config, error) {
	c, problems := daemon.LoadConfig(f.config())
	if err := problems.Err(); err != nil {
		return nil, fmt.Errorf("the demo's own configuration: %w", err)
	}
	c.StateDir, c.IdentityKeyFile = f.state(), f.key()
	return c, nil
}

// fileSinkName is the sink whose file is compared with the state folder at the end.
const fileSinkName = "alerts"

// configuration of the simulated force. Its tables are exported once, at the end of the span, so they must answer for all of
// it; and its clock runs faster than ours, so no quiet source may be hurried by the clock.
const configuration = `# The configuration of a simulated force. A force's own differs in paths, sinks and the web address.
state_dir: state
identity_key_file: identity.key
sources:
{{- range .Sources}}
  - {name: {{.Name}}, format: {{.Name}}, paths: [logs/{{.File}}{{$.Suffix}}]}
{{- end}}
tables:
{{- range .Tables}}
  {{.Name}}: {path: tables/{{.File}}, max_age: {{$.MaxAge}}{{if .Complete}}, miss: no{{end}}}
{{- end}}
rules: {builtin: true}
sinks:
  - {name: {{.Sink}}, type: file, path: alerts.jsonl}
web: {listen_address: "127.0.0.1:0"}
pipeline: {idle_after: 24h}
`

// part is a source or a table of the configuration.
type part struct {
	Name, File string
	Complete   bool
}

// sources are the five systems, each with a format of its name, and the files that the simulator writes.
var sources = []part{
	{Name: "niche", File: "niche.csv"}, {Name: "pnc", File: "pnc.log"}, {Name: "storm", File: "storm.log"},
	{Name: "crime", File: "crime.log"}, {Name: "m365", File: "m365.ndjson"},
}

// complete are the tables that lack nothing in this force, beside those of which that is taken for granted. The people
// table has lost some accounts and the roster some people, as they do.
var complete = []string{"vehicles", "associations", "nominals"}

// Configuration reads a force that sim.Force.Write wrote, from the same folder; suffix ends the names of its logs.
func Configuration(tables []sim.File, days int, suffix string) (string, error) {
	t, err := template.New("configuration").Parse(configuration)
	if err != nil {
		return "", err
	}
	fill := struct {
		Sources, Tables []part
		MaxAge, Sink    string
		Suffix          string
	}{Sources: sources, MaxAge: fmt.Sprintf("%dd", days+2), Sink: fileSinkName, Suffix: suffix}
	for _, f := range tables {
		name := strings.TrimSuffix(f.Name, ".csv")
		fill.Tables = append(fill.Tables, part{name, f.Name, slices.Contains(complete, name)})
	}
	var b strings.Builder
	err = t.Execute(&b, fill)
	return b.String(), err
}
