package window

import "unsafe"

// Horizon. When memory runs short a rule gives up what it holds of the time before an instant, its horizon: its windows that
// begin before are not judged by shapes that more events could unmake, since what is missing may be what they lack; the
// others may still fire, and count too little. An alert whose period begins before is told from what the store has of it.

// unheld reports whether a window that begins at t may have lost something.
func (s *Spec) unheld(t int64) bool { return s.Horizon != 0 && t < s.Horizon }

// GiveUp forgets what lies before the horizon. It says whether there was anything.
func (w *Window) GiveUp(s *Spec) bool {
	switch {
	case s.Shape == Baseline:
		if w.Last(s) >= s.Horizon {
			return false // part of a past would make the present stand out
		}
		gone := !w.Empty()
		decided := w.decided()
		*w = Window{}
		w.rest().decided = decided
		return gone
	case s.Measured(), s.Revised:
		return false // a few numbers a source, a few alerts a person
	}
	drop := w.after(s.Horizon - 1)
	w.entries = w.entries[drop:len(w.entries):len(w.entries)]
	w.entries = append([]Entry(nil), w.entries...) // give the memory back
	closed := 0
	for closed < len(w.open()) && w.open()[closed].Period*s.Period < s.Horizon {
		closed++
	}
	if closed > 0 {
		w.rest().open = append([]Open(nil), w.open()[closed:]...)
	}
	if len(w.entries)+len(w.open()) == 0 && w.began() != never && w.began() < s.Horizon {
		w.rest().began = never // since when the key was known is given up with the rest: it is as one that is new
	}
	w.trim()
	return drop+closed > 0
}

const (
	entryBytes = int64(unsafe.Sizeof(Entry{}))
	openBytes  = int64(unsafe.Sizeof(Open{}))
	restBytes  = int64(unsafe.Sizeof(rest{}))
	sumsBytes  = int64(unsafe.Sizeof(sums{}))
)

// Bytes is about how much memory the window takes, beside the Window itself.
func (w *Window) Bytes() int64 {
	n := w.Room()
	for i := range w.entries {
		n += w.entries[i].Bytes()
	}
	return n
}

// Bytes is about how much memory an entry takes beside its place in a window.
func (e *Entry) Bytes() int64 { return e.Captured.bytes() }

// Room is Bytes but for what the entries take beside their places: it does not go through them.
func (w *Window) Room() int64 {
	n := entryBytes * int64(cap(w.entries))
	if w.more == nil {
		return n
	}
	n += restBytes
	if w.measured() {
		n += sumsBytes + 16*int64(cap(w.past())+cap(w.spans())) + 24*int64(cap(w.runs()))
	}
	for _, c := range w.cells() {
		n += 32 + 24*int64(len(c.Runs))
	}
	for _, o := range w.open() {
		n += openBytes + entryBytes*int64(cap(o.Entries)) + 200*int64(len(o.Measures))
	}
	return n
}

func (c *Captured) bytes() (n int64) {
	if c == nil {
		return 0
	}
	for _, text := range *c {
		n += 16 + int64(len(text))
	}
	return n + 24
}
