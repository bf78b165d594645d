package daemon

import (
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/rule"
)

// An inspection must see the very events that a replay judges: the same ids, with the line on which each stands.
func TestAnInspectionReadsWhatAReplayJudges(t *testing.T) {
	dir := t.TempDir()
	const head = "AuditID,AuditTime,UserID,UserName,Workstation,ClientIP,Application,Verb,EntityType,EntityGUID,EntityURN,EntityLabel,Restricted,AccessDenied,LinkedOccurrence,SearchTerms,RowCount,Reason\n"
	row := func(id, label string) string {
		return id + ",2026-03-02 14:0" + id + ":00.000,c1,Made Up,WS-1,192.0.2.7,RMS,View,Person,0a0a,," + label + ",N,N,,,,\n"
	}
	plain := head + row("1", "\"two\nlines\"") + "rejected\n" + row("2", "one")
	if err := os.WriteFile(filepath.Join(dir, "a.csv"), []byte(plain), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, "b.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	if _, err := z.Write([]byte(head + row("3", "one"))); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(dir, "identity.key")
	if err := os.WriteFile(key, []byte("0123456789abcdef0123456789abcdef"), 0o600); err != nil {
		t.Fatal(err)
	}
	config := func() *Config {
		return &Config{IdentityKeyFile: key, Sources: []Source{{Name: "rms", Format: "niche", Paths: []string{filepath.Join(dir, "*.csv"), filepath.Join(dir, "*.gz")}}}}
	}
	rules := []rule.File{{Name: "every.yaml", Data: []byte(`
id: every
version: 1
title: Every view
severity: low
description: d
owner: o
review_by: 2027-06-01
proportionality: p
response: r
when: event.action == "view"
alert: {summary: s}
`)}}
	in, err := config().Inspect(rules)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	places := map[string]int{}
	rejects, err := in.Each(nil, "", func(ev *event.Event, at Place) error {
		ids = append(ids, ev.Identity().String())
		places[ev.NativeID+" "+filepath.Base(at.Path)] = at.Line
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"1 a.csv": 2, "2 a.csv": 5, "3 b.csv.gz": 2}, places); diff != "" || rejects != 1 {
		t.Errorf("%d rejects %s", rejects, diff)
	}
	var judged []string
	if _, err := Replay(context.Background(), ReplayOptions{Config: config(), Rules: rules}, func(a *alert.Alert) error {
		judged = append(judged, a.EventIDs...)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(ids)
	slices.Sort(judged)
	if diff := cmp.Diff(judged, ids); diff != "" {
		t.Error("- replay, + inspection\n", diff)
	}
	if _, err := in.Each(nil, "none", nil); err == nil {
		t.Error("a source that is not there was read")
	}
}
