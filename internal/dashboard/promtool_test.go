package dashboard

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tool finds a program of Prometheus. Without it the test is skipped, and fails where CI has installed it.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("PROBITY_REQUIRE_SERVERS") != "" {
			t.Fatalf("%s is required and not installed", name)
		}
		t.Skipf("SKIPPED: %s is not installed (Debian: prometheus, prometheus-alertmanager)", name)
	}
	return path
}

// says runs a program in deploy/prometheus and returns what it says.
func says(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), tool(t, name), args...)
	cmd.Dir = rulesFolder
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestRealPromtoolAcceptsConfigurationAndRulesAndTheirTestsPass(t *testing.T) {
	says(t, "promtool", "check", "config", "prometheus.yml")
	files, err := filepath.Glob(filepath.Join(rulesFolder, "tests", "*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	args := []string{"test", "rules"}
	for _, f := range files {
		args = append(args, filepath.Join("tests", filepath.Base(f)))
	}
	if out := says(t, "promtool", args...); strings.Count(out, "SUCCESS") < len(files) {
		t.Errorf("%d files of tests, and promtool says %s", len(files), out)
	}
}

func TestRealAmtoolAcceptsTheRoutesAndTheyLeadWhereTheyShould(t *testing.T) {
	says(t, "amtool", "check-config", "alertmanager.yml")
	for alert, want := range map[string]string{
		"alertname=ProbityDown severity=critical":             "platform-on-call",
		"alertname=ProbityEvidenceBroken severity=critical":   "iso,platform-on-call",
		"alertname=ProbityBytesUnaccounted severity=critical": "iso,platform-on-call",
		"alertname=ProbitySinkDown severity=warning":          "platform",
		"alertname=ProbityExceptionsExpired severity=info":    "platform",
	} {
		args := append([]string{"config", "routes", "test", "--config.file=alertmanager.yml", "service=probity"}, strings.Fields(alert)...)
		args = append(args, "--verify.receivers="+want)
		says(t, "amtool", args...)
	}
}
