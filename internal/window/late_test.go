package window

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"probity/internal/event"
)

// seen adds entries at times, with a watermark that follows each closely and a window that forgets.
func seen(w *Window, s *Spec, got told, entries ...Entry) {
	for _, e := range entries {
		changed, _ := w.Add(s, e, nil)
		got.hear(w, changed)
		got.hear(w, w.Decide(s, e.Time, nil, nil))
		w.Forget(s, e.Time, 0)
	}
}

func numbered(at int64, numbers ...uint64) (out []Entry) {
	for i, n := range numbers {
		out = append(out, Entry{Time: at + int64(i), Value: n})
	}
	return out
}

func TestALateNumberFillsAGapAndWithdrawsIt(t *testing.T) {
	s := &Spec{Shape: Gap, Timespan: 1000, Period: 1000, AtLeast: 1, Grace: 10}
	w, got := New(), told{}
	seen(w, s, got, numbered(0, 1, 2, 5)...)
	seen(w, s, got, numbered(100, 6)...)
	if m := got[0].Measures; len(m) != 1 || m[0].Observed != 2 || m[0].Next != 5 {
		t.Fatal(got)
	}
	late := func(n uint64) {
		changed, _ := w.Add(s, Entry{Time: 3, Value: n}, nil)
		got.hear(w, changed)
	}
	late(4)
	if m := got[0].Measures; len(m) != 1 || m[0].Observed != 1 || m[0].Missing[0] != (Run{Lo: 3, Hi: 3}) {
		t.Fatal(got)
	}
	if late(3); len(got) != 0 {
		t.Error("all numbers have come, and some are still missing:", got)
	}
}

func TestALateEventBreaksASilence(t *testing.T) {
	s := &Spec{Shape: Silence, Timespan: 10, Period: 1000, AtLeast: 1}
	w, got := New(), told{}
	seen(w, s, got, Entry{Time: 5}, Entry{Time: 40})
	if m := got[0].Measures; len(m) != 1 || m[0].From != 5 || m[0].To != 40 {
		t.Fatal(got)
	}
	late := func(at int64) {
		changed, _ := w.Add(s, Entry{Time: at}, nil)
		got.hear(w, changed)
	}
	late(22)
	if m := got[0].Measures; len(m) != 2 || m[0].To != 22 || m[1].From != 22 || m[1].To != 40 {
		t.Fatal(got)
	}
	late(14)
	late(32)
	if len(got) != 0 {
		t.Error("no silence is left, and one is told:", got)
	}
}

// What stood between the late event and the first span that is remembered has been forgotten: it is no silence.
func TestALateEventBeforeAllThatIsRememberedIsNoSilence(t *testing.T) {
	s := &Spec{Shape: Silence, Timespan: 10, Period: 50, AtLeast: 1}
	w, got := New(), told{}
	for _, at := range []int64{0, 8, 16, 60, 200, 300} {
		seen(w, s, got, Entry{Time: at})
	}
	before := len(got)
	if changed, _ := w.Add(s, Entry{Time: 3}, nil); len(changed) > 0 || len(got) != before {
		t.Errorf("periods %v changed; spans %v", changed, w.spans())
	}
}

// A counter that begins anew while the old numbers are remembered hides gaps until they are forgotten, and no longer: its
// own numbers do not keep the old ones alive.
func TestACounterThatBeganAnewIsWatchedAgainAfterTheTimespan(t *testing.T) {
	s := &Spec{Shape: Gap, Timespan: 100, Period: 10_000, AtLeast: 1, Grace: 10}
	w, got := New(), told{}
	at := int64(0)
	count := func(from, to uint64) {
		for n := from; n < to; n++ {
			seen(w, s, got, Entry{Time: at, Value: n})
			at += 5
		}
	}
	count(0, 1000)
	count(0, 100)
	if len(got) != 0 {
		t.Fatal("a counter that begins anew is no gap:", got)
	}
	count(103, 120)
	if m := got[0].Measures; len(m) != 1 || m[0].Missing[0] != (Run{Lo: 100, Hi: 102}) {
		t.Errorf("100 to 102 are missing: %+v", got)
	}
}

// One number far ahead, broken or forged, is a gap; it does not make the counter look whole for ever.
func TestAJumpFarAheadDoesNotBlindForEver(t *testing.T) {
	s := &Spec{Shape: Gap, Timespan: 100, Period: 100, AtLeast: 1, Grace: 10}
	w, got := New(), told{}
	at := int64(0)
	for n := range uint64(200) {
		if n == 20 {
			seen(w, s, got, Entry{Time: at, Value: 1<<63 - 1})
		}
		if n != 150 {
			seen(w, s, got, Entry{Time: at, Value: n})
		}
		at += 5
	}
	seen(w, s, got, Entry{Time: at + 1000, Value: 1})
	if m := got[1].Measures; len(m) != 1 || m[0].Observed <= 1<<62 {
		t.Errorf("the jump: %+v", got)
	}
	if m := got[7].Measures; len(m) != 1 || m[0].Missing[0] != (Run{Lo: 150, Hi: 150}) {
		t.Errorf("150 is missing: %+v", got)
	}
}

// A steady counter is remembered in few runs, whatever the timespan.
func TestACounterThatCountsTakesLittleMemory(t *testing.T) {
	s := &Spec{Shape: Gap, Timespan: 100_000, Period: 1000, AtLeast: 1, Grace: 10}
	w, got := New(), told{}
	for n := range uint64(20_000) {
		seen(w, s, got, Entry{Time: int64(n) * 7, Value: n})
	}
	if w.Len() > 16 || len(got) != 0 {
		t.Errorf("%d held, %v", w.Len(), got)
	}
	w.Decide(s, 1<<40, nil, nil)
	if w.Forget(s, 1<<40, 0); !w.Empty() {
		t.Errorf("never forgotten: %+v", w)
	}
}

// Later than allowed, and what was beside it is forgotten: it is not called a day with few events, nor one without a link.
func TestNothingIsSaidOfALateEventWhoseSurroundingsAreForgotten(t *testing.T) {
	for name, s := range map[string]*Spec{
		"eq 1":      {Shape: EventCount, Timespan: 10, Period: 20, AtLeast: 1, AtMost: 1},
		"absence":   {Shape: Absence, Timespan: 1, Period: 20, AtLeast: 1, Before: 5, After: 5},
		"new value": {Shape: NewValue, Timespan: 10, Period: 20, AtLeast: 1},
	} {
		t.Run(name, func(t *testing.T) {
			w, got := New(), told{}
			w.Forgot(s, 1000)
			changed, _ := w.Add(s, Entry{Time: 100, ID: event.ID{1}}, nil)
			got.hear(w, changed)
			if got.hear(w, w.Decide(s, 2000, nil, nil)); len(got) > 0 {
				t.Error(got)
			}
		})
	}
}

// Times are London's: a day is 23 hours long at the end of March and 25 at the end of October, and no event falls between.
func TestADayIsALocalDayOverBothClockChanges(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	n := &Normal{Every: day, Zone: london}
	for _, c := range []struct {
		date  string
		hours int64
	}{{"2026-03-28", 24}, {"2026-03-29", 23}, {"2026-03-30", 24}, {"2026-10-24", 24}, {"2026-10-25", 25}, {"2026-10-26", 24}} {
		noon, err := time.ParseInLocation("2006-01-02 15:04", c.date+" 12:00", london)
		if err != nil {
			t.Fatal(err)
		}
		b := n.bucketOf(noon.UnixNano())
		from, to := n.start(b), n.end(b)
		if got := (to - from) / hour; got != c.hours {
			t.Errorf("%s has %d hours, want %d", c.date, got, c.hours)
		}
		if local := time.Unix(0, from).In(london).Format("2006-01-02 15:04"); local != c.date+" 00:00" {
			t.Errorf("%s begins at %s", c.date, local)
		}
		for _, at := range []int64{from, to - 1} {
			if n.bucketOf(at) != b {
				t.Errorf("%s does not hold %s", c.date, time.Unix(0, at).In(london))
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n.Every = day * rapid.Int64Range(1, 14).Draw(t, "days")
		at := rapid.Int64Range(0, 4e18).Draw(t, "at")
		if b := n.bucketOf(at); at < n.start(b) || n.end(b) <= at || n.end(b)-n.start(b) > n.longest() {
			t.Fatalf("%s is not in its bucket from %s to %s", time.Unix(0, at), time.Unix(0, n.start(b)), time.Unix(0, n.end(b)))
		}
	})
}

// An event of 23:30 UTC in summer is of the next local day; the alert's period is UTC's. Both days' alert is one, and whole.
func TestTwoLocalDaysShareAnAlertPeriodInSummer(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	s := &Spec{Shape: Baseline, Timespan: 1, Period: day, AtLeast: 2, Normal: Normal{Every: day, Zone: london, History: 30 * day, Least: 2}}
	w, got, ids := New(), told{}, 0
	begin := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	add := func(at int64, n int) {
		for i := range n {
			ids++
			seen(w, s, got, Entry{Time: begin + at + int64(i), ID: event.ID{byte(ids)}})
		}
	}
	add(1*hour, 1)
	add(day+hour, 1)
	add(2*day+22*hour, 5)
	add(2*day+23*hour+hour/2, 7)
	got.hear(w, w.Decide(s, begin+3*day+12*hour, nil, nil))
	w.Forget(s, begin+3*day+12*hour, 0)
	got.hear(w, w.Decide(s, begin+5*day, nil, nil))
	p := s.PeriodOf(begin + 2*day)
	if len(got[p].Measures) != 2 || len(got[p].Entries) != 12 {
		t.Errorf("%d measures, %d events", len(got[p].Measures), len(got[p].Entries))
	}
}

// Eight hours count from midnight UTC: the clocks change, and the buckets of a kind stay of a kind.
func TestTheHourOfLongBucketsDoesNotMoveWithTheClocks(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	winter, summer := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC).UnixNano(), time.Date(2026, 4, 6, 8, 0, 0, 0, time.UTC).UnixNano()
	for every, alike := range map[int64]bool{8 * hour: true, 2 * hour: true, hour: false} {
		n := &Normal{Every: every, Zone: london, HourOfDay: true, DayOfWeek: true}
		if got := n.alike(n.bucketOf(winter), n.bucketOf(summer)); got != alike {
			t.Errorf("buckets of %s: alike %v", time.Duration(every), got)
		}
	}
}

// A window that holds nothing but its past is forgotten when no history reaches it, and not before.
func TestThePastIsForgottenAtLast(t *testing.T) {
	s := &Spec{Shape: Baseline, Timespan: 1, Period: 10, AtLeast: 1, Normal: Normal{Every: 10, History: 50, Least: 2}}
	w, got := New(), told{}
	seen(w, s, got, Entry{Time: 5, ID: event.ID{1}})
	for mark := int64(6); !w.Empty(); mark++ {
		due := w.Due(s, 0)
		w.Decide(s, mark, nil, nil)
		if taken, other := w.Forget(s, mark, 0); (taken > 0 || other) && due > mark {
			t.Fatalf("forgot something at %d, due %d", mark, due)
		}
		if mark > 1000 {
			t.Fatalf("never forgotten: %+v", w)
		}
		if w.Empty() && mark < 60 {
			t.Errorf("forgotten at %d: the bucket of 50 to 60 looks back to it", mark)
		}
		if at := w.Last(s); !w.Empty() && at > 5 || at < 0 && !w.Empty() {
			t.Fatalf("its last event was at %d", at)
		}
	}
}

// A baseline's own past, an account's silences and its numbers move with the account.
func TestWhatMeasuresHoldMovesWithTheAccount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpec(t)
		s.Shape, s.AtMost, s.Wait = Silence, 0, 0
		entries := drawEntries(t, s)
		a, b, all := New(), New(), New()
		mark := rapid.Int64Range(-50, 150).Draw(t, "watermark")
		for _, e := range entries {
			all.Add(s, e, nil)
			if rapid.Bool().Draw(t, "account's") {
				b.Add(s, e, nil)
			} else {
				a.Add(s, e, nil)
			}
		}
		got := told{}
		for _, w := range []*Window{a, b, all} {
			w.Decide(s, mark, nil, nil)
		}
		for _, p := range a.Periods() {
			got.hear(a, []int64{p})
		}
		got.hear(a, a.Absorb(s, b, nil))
		want := told{}
		want.hear(all, all.Periods())
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("as one (-), moved (+):\n%s", diff)
		}
		if diff := cmp.Diff(all.spans(), a.spans(), cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
	s := &Spec{Shape: Gap, Timespan: 1000, Period: 1000, AtLeast: 1, Grace: 10}
	a, b, got := New(), New(), told{}
	seen(a, s, got, numbered(0, 1, 2, 3)...)
	seen(b, s, got, numbered(0, 4, 5, 6)...)
	a.Absorb(s, b, nil)
	seen(a, s, got, numbered(10, 7)...)
	if got.hear(a, a.Decide(s, 100, nil, nil)); len(got) > 0 {
		t.Error("no number is missing:", got)
	}
}

// State that was written before there were measures is read.
func TestStateOfVersion2IsRead(t *testing.T) {
	s := &Spec{Timespan: 10, Period: 20, AtLeast: 2}
	w := New()
	for i := range int64(5) {
		w.Add(s, Entry{Time: i * 3, ID: event.ID{byte(i)}, Value: 9}, nil)
	}
	entries := func(b []byte, list []Entry) []byte {
		b, before := binary.AppendUvarint(b, uint64(len(list))), int64(0)
		for _, e := range list {
			b = append(append(binary.AppendVarint(b, e.Time-before), e.ID[:]...), 0, 0)
			b, before = append(binary.LittleEndian.AppendUint64(b, e.Value), 0), e.Time
		}
		return b
	}
	old := entries(binary.AppendVarint(binary.AppendVarint([]byte{2}, never), never), w.entries)
	old = entries(append(old, 1, 0), w.open()[0].Entries)
	got, err := Decode(old)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w, got, cmp.AllowUnexported(Window{}, rest{}), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}
