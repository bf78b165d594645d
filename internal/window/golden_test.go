package window

import (
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"probity/internal/event"
)

var update = flag.Bool("update", false, "write the golden file anew: whoever does so changes what state folders hold")

// What is on the disk stays what it is: a window of each shape, as the version of the format writes it.
func TestTheEncodedFormIsTheSameByteForByte(t *testing.T) {
	var b strings.Builder
	write := func(name string, w *Window) { fmt.Fprintf(&b, "%s %s\n", name, hex.EncodeToString(w.Append(nil))) }
	write("empty", New())
	for shape := EventCount; shape <= ClockSkew; shape++ {
		s := &Spec{
			Shape: shape, Timespan: 1000, Period: 3000, AtLeast: 2, Steps: 2, Before: 10, After: 20, History: 50, Grace: 10, Tolerance: 5,
			Normal: Normal{Every: 500, History: 5000, Least: 1},
		}
		w := New()
		one := s.entry(0)
		w.Add(s, one, nil)
		write(fmt.Sprintf("shape %d, one event", shape), w)
		for i := range int64(40) {
			w.Add(s, s.entry(i), nil)
			w.Decide(s, i*60, nil, nil)
		}
		write(fmt.Sprintf("shape %d, 40 events", shape), w)
		w.Forget(s, 2000, 0)
		write(fmt.Sprintf("shape %d, forgotten", shape), w)
	}
	const path = "testdata/encoded.golden"
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Error(diff)
	}
	writtenAs(t, b.String(), b.String())
	before, err := os.ReadFile("testdata/encoded-3.golden")
	if err != nil {
		t.Fatal(err)
	}
	writtenAs(t, string(before), b.String())
}

// writtenAs decodes what one golden file has and compares what is then written with the other.
func writtenAs(t *testing.T, states, want string) {
	t.Helper()
	lines := strings.SplitAfter(want, "\n")
	for i, line := range strings.SplitAfter(states, "\n") {
		at := strings.LastIndexByte(line, ' ') + 1
		state, err := hex.DecodeString(strings.TrimSpace(line[at:]))
		if err != nil {
			t.Fatal(err)
		}
		if line == "" {
			continue
		}
		w, err := Decode(state)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if again := fmt.Sprintf("%s%x\n", line[:at], w.Append(nil)); again != lines[i] {
			t.Errorf("%s is written as %s, not %s", line, again, lines[i])
		}
	}
}

// entry is one that has something of all that a shape may hold.
func (s *Spec) entry(i int64) Entry {
	y := Entry{Time: i*70 + 1_700_000*(i/39), ID: event.ID{byte(i), 7}, Value: uint64(i * i), Facts: uint32(i), Captured: &Captured{"", fmt.Sprint("s", i)}}
	if s.Shape == Temporal || s.Shape == TemporalOrdered || s.Shape == Absence {
		y.Step = uint8(i % 2)
	}
	return y
}
