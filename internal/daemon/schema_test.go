package daemon

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var deploy = filepath.Join("..", "..", "deploy")

func TestTheCommittedSchemasAreInStepWithTheStructs(t *testing.T) {
	for name, schema := range map[string]func() ([]byte, error){"config.schema.json": ConfigSchema, "rule.schema.json": RuleSchema} {
		got, err := schema()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(deploy, name)
		if *update {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is out of step; go test ./internal/daemon -run Schemas -update (-committed +generated):\n%s", file, diff)
		}
	}
}

// valid validates YAML as an editor does: against the JSON Schema alone.
func valid(t *testing.T, schema func() ([]byte, error), text []byte) error {
	t.Helper()
	b, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(asJSON, &v); err != nil {
		t.Fatal(err)
	}
	return resolved.Validate(v)
}

func TestTheSchemaTakesWhatTheDaemonTakes(t *testing.T) {
	standard, err := os.ReadFile(filepath.Join(deploy, "probity.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := valid(t, ConfigSchema, standard); err != nil {
		t.Errorf("deploy/probity.yaml: %v", err)
	}
	files, err := BuiltinRules()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := valid(t, RuleSchema, f.Data); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
}

func TestTheSchemaRefusesWhatTheDaemonRefuses(t *testing.T) {
	base := "sources: [{name: niche, format: niche, paths: [niche.csv]}]\nrules: {builtin: true}\n"
	if err := valid(t, ConfigSchema, []byte(base)); err != nil {
		t.Fatal(err)
	}
	for _, listen := range []string{"listen: stdin", "listen: {stdin: true}", "listen: {syslog: 'udp://'}", "listen: {syslog: ['udp://', 'tcp://']}, spool: {keep: 1d}"} {
		if err := valid(t, ConfigSchema, []byte(strings.Replace(base, "paths: [niche.csv]", listen, 1))); err != nil {
			t.Errorf("%s: %v", listen, err)
		}
	}
	for name, text := range map[string]string{
		"neither paths nor listen": strings.Replace(base, ", paths: [niche.csv]", "", 1),
		"paths and listen":         strings.Replace(base, "paths:", "listen: stdin, paths:", 1),
		"an unknown listener":      strings.Replace(base, "paths: [niche.csv]", "listen: {snmp: 'udp://'}", 1),
		"an unknown key":           base + "colour: blue\n",
		"an unknown table":         base + "tables: {peoples: {path: a.csv}}\n",
		"no length of time":        base + "pipeline: {idle_after: soon}\n",
		"an unknown sink":          base + "sinks: [{name: a, type: pigeon}]\n",
		"no sources":               "rules: {builtin: true}\n",
		"a source of no type":      strings.Replace(base, "format: niche", "fields: {a: float}, format: niche", 1),
	} {
		if valid(t, ConfigSchema, []byte(text)) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
