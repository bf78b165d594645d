package pipeline

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"probity/internal/store"
)

// A bad byte, a mark in mid-file and a hole keep no record from being judged; the byte is counted, the hole rejected, and every
// byte accounted for.
func TestWhatIsIllegibleIsCountedAndItsRecordJudged(t *testing.T) {
	a := newAccounts(t)
	dir := t.TempDir()
	row := "ts=2026-03-02T10:00:00Z user=c4821 verb=view object=Andr"
	text := row + "\n" + row + "\xe9\n\xef\xbb\xbf" + row + "\n" + strings.Repeat("\x00", 3000) + row + "\n"
	must(t, os.WriteFile(filepath.Join(dir, "log"), []byte(text), 0o600))
	must(t, os.Mkdir(filepath.Join(dir, "drop"), 0o700))
	st := store.NewMemory()
	p := a.pipeline(t, dir, st, Options{Workers: 2})
	must(t, p.Run(context.Background()))
	for name, c := range map[string]struct{ got, want float64 }{
		"events":    {testutil.ToFloat64(p.metrics.eventsRead.WithLabelValues("log")), 4},
		"illegible": {testutil.ToFloat64(p.metrics.illegible.WithLabelValues("log")), 1},
		"holes":     {testutil.ToFloat64(p.metrics.rejects.WithLabelValues("log", "nul")), 1},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
	if got := sums(t, st); got.There != int64(len(text)) || !got.AddsUp() || got.Rejected != 3000 {
		t.Errorf("%d bytes; the account is %+v", len(text), got)
	}
}

// A broken byte in a reason is no missing reason: whoever has given one is not accused of the byte.
func TestABrokenByteIsNotAFieldThatTheRecordLacks(t *testing.T) {
	rules := oneRule("bare", `when: event.dataset == "plain" and not has(object.id)`)
	row := "ts=2026-03-02T10:00:00Z user=c4821 verb=view"
	_, _, got := runScript(t, rules, "", []string{row + " object=Andr\xe9", row + " object=42"})
	if len(got) != 0 {
		t.Errorf("alerts: %q", got)
	}
	_, _, got = runScript(t, rules, "", []string{row})
	if len(got) != 1 {
		t.Errorf("a poor test: the rule finds %q", got)
	}
}
