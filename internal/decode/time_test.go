package decode

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestUKLocalTimeThroughBothClockChanges(t *testing.T) {
	london, err := loadZone("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	type reading struct {
		UTC      string
		Doubtful bool
	}
	tests := []struct {
		name, local string
		want        reading
	}{
		{"winter", "2026-01-10 12:00:00", reading{"2026-01-10T12:00:00Z", false}},
		{"summer", "2026-07-10 12:00:00", reading{"2026-07-10T11:00:00Z", false}},
		{"the last second before March", "2026-03-29 00:59:59", reading{"2026-03-29T00:59:59Z", false}},
		{"an hour that March leaves out, at its start", "2026-03-29 01:00:00", reading{"2026-03-29T01:00:00Z", true}},
		{"an hour that March leaves out, at its end", "2026-03-29 01:59:59", reading{"2026-03-29T01:59:59Z", true}},
		{"the first second after March", "2026-03-29 02:00:00", reading{"2026-03-29T01:00:00Z", false}},
		{"the last second before October", "2026-10-25 00:59:59", reading{"2026-10-24T23:59:59Z", false}},
		{"an hour that October repeats, at its start", "2026-10-25 01:00:00", reading{"2026-10-25T00:00:00Z", true}},
		{"an hour that October repeats, at its end", "2026-10-25 01:59:59", reading{"2026-10-25T00:59:59Z", true}},
		{"the first second after October", "2026-10-25 02:00:00", reading{"2026-10-25T02:00:00Z", false}},
	}
	clock := localClock{zone: london} // shared, so that what it remembers is tested too
	for range 2 {
		for _, tt := range tests {
			at, err := time.Parse(time.DateTime, tt.local)
			if err != nil {
				t.Fatal(err)
			}
			seconds, doubtful := clock.instant(at.Unix())
			got := reading{time.Unix(seconds, 0).UTC().Format(time.RFC3339), doubtful}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s: %s", tt.name, diff)
			}
		}
	}
}

// An instant, shown on the wall and read again, is the same instant, or the one an hour earlier that shows the same.
func TestLocalTimeReadsBackInEveryZone(t *testing.T) {
	zones := []string{"Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Santiago", "UTC"}
	clocks := map[string]*localClock{}
	for _, name := range zones {
		zone, err := loadZone(name)
		if err != nil {
			t.Fatal(err)
		}
		clocks[name] = &localClock{zone: zone}
	}
	rapid.Check(t, func(t *rapid.T) {
		clock := clocks[rapid.SampledFrom(zones).Draw(t, "zone")]
		want := rapid.Int64Range(0, 2_000_000_000).Draw(t, "instant")
		wall := func(seconds int64) int64 { return seconds + clock.offsetAt(seconds) }
		got, doubtful := clock.instant(wall(want))
		if wall(got) != wall(want) {
			t.Fatalf("instant %d shows %d, read as %d which shows %d", want, wall(want), got, wall(got))
		}
		if got != want && (!doubtful || got > want) {
			t.Fatalf("instant %d read as %d, doubtful %v", want, got, doubtful)
		}
	})
}

func TestOnlyLocalTimeOfAZoneThatTurnsItsClocksBackMayBeLate(t *testing.T) {
	for _, tt := range []struct {
		zone, layout string
		want         time.Duration
	}{
		{"Europe/London", time.DateTime, time.Hour},
		{"Europe/London", "rfc3339", 0},
		{"Europe/London", "unix", 0},
		{"Asia/Kolkata", time.DateTime, 0},
		{"UTC", time.DateTime, 0},
	} {
		f := &Format{Name: "x", Decoder: "json", Time: &Time{From: Names{"t"}, Layouts: []string{tt.layout}, Zone: tt.zone}}
		if got := decoderOf(t, f, nil, 0).LateLocal(); got != tt.want {
			t.Errorf("%s in %s: %v, want %v", tt.layout, tt.zone, got, tt.want)
		}
	}
}

func TestLayouts(t *testing.T) {
	london, err := loadZone("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ layout, text, want string }{
		{"unix", "1772460317", "2026-03-02T14:05:17Z"},
		{"unix", "1772460317.25", "2026-03-02T14:05:17.25Z"},
		{"unix", "-1", ""},
		{"unix", "1772460317.x", ""},
		{"unix", "17724603170000000000000", ""},
		{"unix_ms", "1772460317123", "2026-03-02T14:05:17.123Z"},
		{"stamp", "Mar  2 14:05:17", "2026-03-02T14:05:17Z"},
		{"stamp", "Feb 29 14:05:17", ""},
		{"rfc3339", "2026-03-02T14:05:17.123456789+01:00", "2026-03-02T13:05:17.123456789Z"},
		{"rfc3339", "2026-03-02T14:05:17", ""},
		{"rfc3339", "2026-02-30T14:05:17Z", ""},
		{"02/01/2006 15:04:05", "29/02/2024 23:59:59", "2024-02-29T23:59:59Z"},
		{"02/01/2006 15:04:05", "29/02/2026 23:59:59", ""},
		{"2006-01-02 15:04 MST", "2026-07-02 14:05 BST", "2026-07-02T13:05:00Z"},
		{"2006-01-02 15:04 MST", "2026-07-02 14:05 EST", ""},
		{"Jan _2 2006 3:04PM", "Mar  2 2026 2:05PM", "2026-03-02T14:05:00Z"},
	} {
		l := parseLayout(tt.layout)
		c, ok := l.read(tt.text, london, 2026, &dayBefore{})
		got := ""
		if ok {
			got = time.Unix(c.seconds, c.nanos).UTC().Format(time.RFC3339Nano)
		}
		if got != tt.want {
			t.Errorf("%q as %s: %q, want %q", tt.text, tt.layout, got, tt.want)
		}
	}
}

// Wherever the fast way accepts a text, package time accepts it too and reads the same.
func FuzzLayout(f *testing.F) {
	layouts := []string{
		time.RFC3339, time.DateTime, "2006-01-02T15:04:05", "2006-01-02 15:04:05.000", "2006-01-02 15:04:05.999", "02/01/2006 15:04:05",
		"20060102150405", "2006-01-02", "15:04", "02.01.2006 15:04Z07:00",
	}
	at := time.Date(2026, 3, 2, 14, 5, 17, 123456789, time.FixedZone("", 3600))
	for i, l := range layouts {
		f.Add(uint8(i), at.Format(l))
	}
	f.Add(uint8(0), "2026-03-02T14:05:17.1234567891Z")
	f.Add(uint8(2), "2026-03-02T14:05:17.1234567891Z")
	f.Add(uint8(2), "2026-03-02T14:05:17Z")
	f.Add(uint8(2), "2026-03-02T14:05:17,")
	f.Add(uint8(0), "0000-02-29T00:00:00-23:59")
	f.Add(uint8(3), "2026-03-02 14:05:17.1234")
	f.Fuzz(func(t *testing.T, i uint8, text string) {
		l := parseLayout(layouts[int(i)%len(layouts)])
		if l.fast == nil {
			t.Fatalf("%s has no fast way", l.text)
		}
		want, err := time.Parse(l.text, text)
		if err == nil && l.goesOn(text, &dayBefore{}) {
			t.Fatalf("%s does not go on in %q", l.text, text)
		}
		c, ok := readElements(l.fast, text)
		if !ok {
			return
		}
		if err != nil {
			t.Fatalf("%s accepts %q as %+v: %v", l.text, text, c, err)
		}
		if c.seconds != want.Unix() || c.nanos != int64(want.Nanosecond()) {
			t.Fatalf("%s reads %q as %d.%09d, want %d.%09d", l.text, text, c.seconds, c.nanos, want.Unix(), want.Nanosecond())
		}
	})
}

func TestTheFastWayReadsWhatIsWellFormed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-2_000_000_000, 7_000_000_000).Draw(t, "s"), rapid.Int64Range(0, 999).Draw(t, "ms")*1e6)
		at = at.In(time.FixedZone("", rapid.IntRange(-14*4, 14*4).Draw(t, "quarters")*900))
		for _, text := range []string{time.RFC3339, time.RFC3339Nano, "2006-01-02 15:04:05.000", "02/01/2006 15:04:05"} {
			l := parseLayout(text)
			if _, ok := readElements(l.fast, at.Format(text)); !ok {
				t.Fatalf("%s does not read %s the fast way", text, at.Format(text))
			}
		}
	})
}

// A time of day behind a known date is read in eight bytes at once, and as it is read one digit after another.
func TestATimeOfDayIsReadAtOnceAsItIsReadByDigits(t *testing.T) {
	l := parseLayout(timeOfDay)
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(time.Unix(rapid.Int64Range(0, day-1).Draw(t, "s"), 0).UTC().Format(timeOfDay))
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			text[rapid.IntRange(0, len(text)-1).Draw(t, "at")] = rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte("0123456789:;/"))).Draw(t, "byte")
		}
		want, wantOK := readElements(l.fast[:5], string(text))
		got, ok := readTimeOfDay(nil, string(text))
		if ok != wantOK || ok && got.seconds != floorMod(want.seconds, day) {
			t.Fatalf("%q is %+v %v, by digits %+v %v", text, got, ok, want, wantOK)
		}
	})
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }
