package daemon

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestReadinessSaysWhatIsThere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if err := os.Remove(s.path("logs/pnc.log")); err != nil {
		t.Fatal(err)
	}
	d, _ := s.start(Options{})
	got := s.inForce(d)
	want := readiness{
		Why: []string{"source pnc: no file found"}, Version: Version(), Generation: d.current.Load().Hash, Rules: 2,
		Reload:  reloadOutcome{Successful: true},
		Sources: []sourceState{{"niche", 1}, {"pnc", 0}, {"storm", 1}, {"crime", 1}, {"m365", 1}},
		Tables:  []tableState{{Name: "honeytokens", Stale: true}, {Name: "people", Stale: true}},
		Sinks:   []sinkState{{Name: "file"}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(reloadOutcome{}, "At"), cmpopts.IgnoreFields(tableState{}, "ExportedAt")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if status, _ := s.get(d, "GET", "/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("with a source missing: status %d", status)
	}
	s.write("logs/pnc.log", "")
	eventually(t, "ready", func() bool { status, _ := s.get(d, "GET", "/readyz"); return status == http.StatusOK })
	if status, body := s.get(d, "GET", "/healthz"); status != http.StatusOK || body != "ok\n" {
		t.Errorf("healthz: %d %s", status, body)
	}
}

func TestAnswersCarryHeadersThatKeepBrowsersFromMakingMoreOfThem(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d, _ := s.start(Options{})
	for _, path := range []string{"/metrics", "/readyz", "/healthz", "/-/reload", "/"} {
		resp, err := http.Get("http://" + d.Addr() + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cache-Control": "no-store"} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestRequestsThatAreTooLongAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d, _ := s.start(Options{})
	if status, _ := s.get(d, "GET", "/healthz", "X-Long", strings.Repeat("x", 64<<10)); status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d", status)
	}
}
