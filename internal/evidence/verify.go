package evidence

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Report is what Verify found.
type Report struct {
	Segments int     `json:"segments"`
	Entries  uint64  `json:"entries"`
	Redacted uint64  `json:"redacted"` // entries whose body was lawfully erased
	First    string  `json:"first"`    // time of the first and the last entry, UTC
	Last     string  `json:"last"`
	Seq      uint64  `json:"seq"` // of the last entry
	Hash     string  `json:"hash"`
	Faults   []Fault `json:"faults,omitempty"`

	// FaultsLeftOff counts those beyond the first maxFaults.
	FaultsLeftOff int `json:"faults_left_off,omitempty"`

	// Notes are remarkable and no fault, such as an append that was cut short by a kill.
	Notes []string `json:"notes,omitempty"`

	// Checkpoints are those that the chain was held against, by rising size.
	Checkpoints []Judged `json:"checkpoints,omitempty"`

	// Caveat says what this verification cannot show.
	Caveat string `json:"caveat"`
}

// OK says whether nothing was wrong.
func (r *Report) OK() bool { return len(r.Faults) == 0 }

const maxFaults = 1000

const caveat = "Entries removed from the end, or a chain written anew from some entry on, cannot be excluded by this walk alone: " +
	"compare the last entry's number and hash with a checkpoint that was kept elsewhere."

// Verify walks all segments in dir and reports what was changed, removed, inserted or moved, and where. The error is only
// for what could not be read; what is wrong is in the report. It may run beside a daemon that appends.
func Verify(dir string) (Report, error) { return VerifyAgainst(dir, Against{}) }

// VerifyAgainst is Verify that also holds the chain against checkpoints.
func VerifyAgainst(dir string, a Against) (Report, error) {
	r := Report{Caveat: caveat}
	numbers, err := segments(dir)
	if err != nil {
		return r, err
	}
	if len(numbers) == 0 {
		return r, fmt.Errorf("%s holds no evidence log; name the folder evidence inside the state folder", dir)
	}
	w := newWalk(r.add)
	roots := newRootsAt(a.Checkpoints)
	if roots != nil {
		w.leaf = roots.add
	}
	for i, n := range numbers {
		if err := r.segment(w, dir, n, i == len(numbers)-1); err != nil {
			return r, err
		}
	}
	r.Notes = append(r.Notes, w.redactions()...)
	if _, err := os.Stat(filepath.Join(dir, erasingName)); err == nil {
		r.Notes = append(r.Notes, "a redaction was interrupted while it overwrote a body; the next start of the daemon finishes it")
	}
	if roots != nil {
		r.judge(a, roots)
	}
	r.Segments, r.Entries, r.Redacted = len(numbers), w.entries, w.redacted
	r.First, r.Last, r.Seq, r.Hash = w.first, w.newest, w.seq, w.hash
	return r, nil
}

func (r *Report) add(f Fault) {
	if len(r.Faults) == maxFaults {
		r.FaultsLeftOff++
		return
	}
	r.Faults = append(r.Faults, f)
}

// segment walks segment n. Only the last one may end in what looks like an append under way.
func (r *Report) segment(w *walk, dir string, n int, last bool) error {
	log, done, err := r.open(linksPath(dir, n), last)
	if err != nil {
		return err
	}
	defer done()
	bodies, done, err := r.open(bodiesPath(dir, n), false)
	if err != nil {
		return err
	}
	defer done()
	orphans, err := w.walkSegment(log, bodies)
	if err != nil {
		return err
	}
	unfinished := func(l *lines, format string, args ...any) {
		what := fmt.Sprintf(format, args...)
		if last {
			r.Notes = append(r.Notes, fmt.Sprintf("%s: %s: an append that is under way, or was cut short by a kill and goes at the next start", l.file, what))
		} else {
			r.add(l.fault(0, "%s, and it is not the last segment", what))
		}
	}
	for _, l := range []*lines{log, bodies} {
		if l.torn {
			unfinished(l, "the last line is not whole (byte %d)", l.end)
		}
	}
	if orphans > 0 {
		unfinished(bodies, "%d bodies lie behind the last entry", orphans)
	}
	return nil
}

// open opens a file for the walk. One that is missing reads as empty, and is a fault unless it may be about to be begun.
func (r *Report) open(path string, begun bool) (*lines, func(), error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		l := readLines(eof{}, path)
		if !begun {
			r.add(l.fault(0, "the file is missing"))
		}
		return l, func() {}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return readLines(f, path), func() { f.Close() }, nil
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }
