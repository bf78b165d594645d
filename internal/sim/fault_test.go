package sim

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

func broken(t *testing.T, kind string) (sound, faulty *Force, told Fault) {
	t.Helper()
	o := Options{Seed: 12, Staff: 200, Days: 6}
	sound = force(t, o)
	o.Faults = []string{kind}
	faulty = force(t, o)
	all := faulty.Faults()
	if len(all) == 0 || all[0].Kind != kind {
		t.Fatalf("faults %v", all)
	}
	return sound, faulty, all[0]
}

// linesOf are the lines of a source with their arrival.
func linesOf(f *Force, source string) (all []Line) {
	for l := range f.Lines() {
		if l.System == source {
			all = append(all, l)
		}
	}
	return all
}

func TestAnUnknownFaultIsRefused(t *testing.T) {
	_, err := New(Options{Staff: 20, Days: 1, Faults: []string{"gremlins"}})
	if err == nil || !strings.Contains(err.Error(), "late, doubled, missing, stale, skew, dead") {
		t.Errorf("error %v", err)
	}
}

func TestWithoutFaultsNoneAreTold(t *testing.T) {
	if got := force(t, small).Faults(); got == nil || len(got) != 0 {
		t.Errorf("faults %v, want an empty list", got)
	}
}

func TestLateLinesAreTheSameAndArriveTogether(t *testing.T) {
	sound, faulty, told := broken(t, faultLate)
	a, b := linesOf(sound, "crime"), linesOf(faulty, "crime")
	late := 0
	for i := range a {
		if !bytes.Equal(a[i].Bytes, b[i].Bytes) {
			t.Fatalf("line %d differs: %s", i, b[i].Bytes)
		}
		if !a[i].At.Equal(b[i].At) {
			if late++; !b[i].At.Equal(told.To) {
				t.Fatalf("arrives at %s, not at %s", b[i].At, told.To)
			}
		}
	}
	if late == 0 || late > told.Lines {
		t.Errorf("%d lines are late, %d told", late, told.Lines)
	}
}

func TestDoubledLinesAreDeliveredTwiceInOrder(t *testing.T) {
	sound, faulty, told := broken(t, faultDoubled)
	a, b := linesOf(sound, "niche"), linesOf(faulty, "niche")
	if told.Lines == 0 || len(b)-len(a) != told.Lines {
		t.Fatalf("%d lines more, %d told", len(b)-len(a), told.Lines)
	}
	count := map[string]int{}
	last := b[0].At
	for _, l := range b {
		count[string(l.Bytes)]++
		if l.At.Before(last) {
			t.Fatalf("%s after %s", l.At, last)
		}
		last = l.At
	}
	twice := 0
	for _, n := range count {
		if n > 2 {
			t.Fatalf("a line %d times", n)
		}
		twice += n - 1
	}
	if twice != told.Lines {
		t.Errorf("%d lines twice, %d told", twice, told.Lines)
	}
}

func TestMissingAndDeadLinesLackAndTheCountersWentOn(t *testing.T) {
	for kind, source := range map[string]string{faultMissing: "pnc", faultDead: "m365"} {
		sound, faulty, told := broken(t, kind)
		a, b := linesOf(sound, source), linesOf(faulty, source)
		have := map[string]int{}
		for _, l := range a {
			have[string(l.Bytes)]++
		}
		for _, l := range b {
			if have[string(l.Bytes)]--; have[string(l.Bytes)] < 0 {
				t.Fatalf("%s: a line that the sound force has not: %s", kind, l.Bytes)
			}
		}
		if told.Lines == 0 || len(a)-len(b) != told.Lines {
			t.Errorf("%s: %d lines lack, %d told", kind, len(a)-len(b), told.Lines)
		}
		if kind == faultDead && !b[len(b)-1].At.Before(told.From) {
			t.Errorf("the dead source writes at %s, after %s", b[len(b)-1].At, told.From)
		}
	}
}

func TestASkewedClockIsFastByWhatIsTold(t *testing.T) {
	sound, faulty, told := broken(t, faultSkew)
	a, b := linesOf(sound, "storm"), linesOf(faulty, "storm")
	skewed := 0
	for i := range a {
		x, y := stormTime(t, a[i]), stormTime(t, b[i])
		if ahead := y.Sub(x); ahead != 0 {
			if skewed++; int(ahead/time.Second) != told.SkewSeconds || !a[i].At.Equal(b[i].At) {
				t.Fatalf("fast by %s, arrives %s and %s", ahead, a[i].At, b[i].At)
			}
		}
	}
	if skewed == 0 || skewed != told.Lines {
		t.Errorf("%d lines skewed, %d told", skewed, told.Lines)
	}
}

func stormTime(t *testing.T, l Line) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04:05.000Z", strings.Fields(string(l.Bytes))[1])
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestStaleTablesSaySoAndKnowNothingNewer(t *testing.T) {
	_, faulty, told := broken(t, faultStale)
	stale := 0
	for _, table := range faulty.Tables() {
		if !bytes.Contains(table.Data, fmt.Appendf(nil, "exported_at=%s ", told.From.Format(time.RFC3339))) {
			continue
		}
		if stale++; table.Name == "roster.csv" {
			for _, row := range rowsOf(t, faulty, table.Name) {
				if row["from"] >= told.From.Format(time.RFC3339) {
					t.Fatalf("known before it was: %v", row)
				}
			}
		}
	}
	if stale != 2 {
		t.Errorf("%d stale tables, want 2", stale)
	}
}

func TestPlannedEventsThatAFaultTookAreNamed(t *testing.T) {
	f := force(t, Options{Seed: 3, Staff: 200, Days: 20, Thorough: true, Faults: FaultKinds()})
	have := map[NativeRef]bool{}
	for l := range f.Lines() {
		if !bytes.HasPrefix(l.Bytes, []byte("AuditID")) {
			have[native(l)] = true
		}
	}
	lost := map[NativeRef]bool{}
	for _, x := range f.Faults() {
		if x.Kind == faultMissing || x.Kind == faultDead {
			for _, ref := range x.Planted {
				lost[ref] = true
			}
		}
	}
	for _, tr := range append(f.Truth(), f.Lookalikes()...) {
		for _, e := range tr.Events {
			if have[e] == lost[e] {
				t.Errorf("%s: %v in the logs: %t, told as lost: %t", tr.Typology, e, have[e], lost[e])
			}
		}
	}
}
