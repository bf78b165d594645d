package window

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"probity/internal/event"
)

// What was saved whole and the changes behind it are the window as it is, whatever came, in whatever order, and went.
func TestAStateAndItsChangesAreTheWindow(t *testing.T) {
	changes := 0
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpec(t)
		lateness := rapid.Int64Range(0, 20).Draw(t, "lateness")
		w, waiting := New(), []*Entry(nil)
		saved := w.Append(nil)
		for _, r := range arrivals(t, s, drawEntries(t, s), lateness) {
			held := w.Entries()
			changed, added := w.Add(s, r.Entry, nil)
			if len(changed) == 0 && added && w.Entries() == held+1 {
				waiting = append(waiting, &r.Entry)
			} else if added {
				saved, waiting = w.Append(nil), nil
			}
			if rapid.Bool().Draw(t, "wait") {
				continue
			}
			whole, taken := false, 0
			if rapid.Bool().Draw(t, "advance") {
				changed := w.Decide(s, r.at-lateness, nil, nil)
				taken, whole = w.Forget(s, r.at-lateness, 0)
				// Those that measure also change in ways that need not be saved.
				whole = whole || len(changed) > 0 || s.Measured() || s.Shape == Baseline
			}
			if saved = w.AppendChange(saved, waiting, taken); whole {
				saved = w.Append(nil)
			}
			changes += len(waiting) + taken
			waiting = nil
			again, err := Decode(saved)
			if err != nil {
				t.Fatal(err)
			}
			if want, got := w.Append(nil), again.Append(nil); !bytes.Equal(want, got) {
				t.Fatalf("%x, not %x", got, want)
			}
			if rapid.IntRange(0, 3).Draw(t, "restart") == 0 {
				w = again
			}
		}
	})
	if changes == 0 {
		t.Error("nothing was ever changed: the test looks at nothing")
	}
}

// A change that does not fit what it stands behind is an error, not another window.
func TestAChangeThatDoesNotFitIsNoState(t *testing.T) {
	s := &Spec{Timespan: 10, Period: 20, AtLeast: 9}
	w, e := New(), Entry{Time: 5, ID: event.ID{1}, Facts: 3, Step: 1, Value: 7, Captured: &Captured{"a"}}
	whole := w.Append(nil)
	w.Add(s, e, nil)
	for name, state := range map[string][]byte{
		"what is there":      w.AppendChange(w.Append(nil), []*Entry{&e}, 0),
		"what is not":        w.AppendChange(w.Append(nil), nil, 2),
		"nothing whole":      w.AppendChange(nil, []*Entry{&e}, 0),
		"cut short":          w.AppendChange(whole, []*Entry{&e}, 0)[:len(whole)+20],
		"of an unknown form": append(w.Append(nil), changeForm+1, 0, 0, 0),
		"of unknown parts":   append(w.Append(nil), changeForm, hasOpen, 0, 0),
	} {
		if _, err := Decode(state); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if got, err := Decode(w.AppendChange(whole, []*Entry{&e}, 0)); err != nil || !bytes.Equal(got.Append(nil), w.Append(nil)) {
		t.Error(err)
	}
}
