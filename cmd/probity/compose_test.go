package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// No image can be pulled where the tests run: what can be seen without one is that nothing which is mounted is missing, and that no
// service may do more than it needs.
func TestTheComposeFileMountsWhatIsThereAndGivesNoPrivileges(t *testing.T) {
	const dir = "../../deploy/container"
	for _, file := range []string{"provisioning/datasources/prometheus.yaml", "provisioning/dashboards/probity.yaml"} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		if err := yaml.Unmarshal(text, &v); err != nil || v["apiVersion"] == nil {
			t.Errorf("%s: %v, %v", file, v, err)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var compose struct {
		Services map[string]struct {
			Image   string
			Build   struct{ Context, Dockerfile string }
			CapDrop []string `yaml:"cap_drop"`
			Opt     []string `yaml:"security_opt"`
			Ports   []string
			Volumes []string
		}
		Volumes map[string]any
	}
	if err := yaml.Unmarshal(text, &compose); err != nil {
		t.Fatal(err)
	}
	if len(compose.Services) != 4 {
		t.Errorf("%d services, want 4", len(compose.Services))
	}
	for name, s := range compose.Services {
		if strings.Join(s.CapDrop, "") != "ALL" || strings.Join(s.Opt, "") != "no-new-privileges:true" {
			t.Errorf("%s may have more privileges than none: %v %v", name, s.CapDrop, s.Opt)
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s is published to other machines: %s", name, p)
			}
		}
		if s.Image == "" {
			if _, err := os.Stat(filepath.Join(dir, s.Build.Context, s.Build.Dockerfile)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		} else if strings.HasSuffix(s.Image, ":latest") || !strings.Contains(s.Image, ":") {
			t.Errorf("%s: %s is another image tomorrow", name, s.Image)
		}
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			_, named := compose.Volumes[from]
			if named || strings.HasPrefix(from, "${") {
				continue
			}
			if _, err := os.Stat(filepath.Join(dir, from)); err != nil {
				t.Errorf("%s mounts what is not there: %v", name, err)
			}
		}
	}
}
