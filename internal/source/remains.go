package source

import (
	"errors"
	"io/fs"
	"path/filepath"
)

// Remains is what a committed resume point says of a whole file that nobody follows any more.
type Remains struct {
	Path   string
	Offset int64 // handed on
	Ended  bool  // to the file's end
	Gone   bool  // it no longer stands in its folder
	State  []byte
}

// RemainsOf looks at the whole file of a resume point. State is the part of the point that is worth keeping while the file
// stands there: where it ended, by which hashes it is known again, and the framing to go on with if it grows. It is false if
// the point names no file. A file is Gone only from a folder on the device that it was on: what a missing mount hides is not
// gone.
func RemainsOf(state []byte) (Remains, bool) {
	r, err := decodeResumePoint(state)
	if err != nil || r == nil || r.Open == nil && len(r.Past) == 0 {
		return Remains{}, false
	}
	at, kept := r.Open, &resumePoint{Version: stateVersion, Open: r.Open, Framing: r.Framing, History: r.History, Ended: r.Ended}
	if at == nil { // it could not be read at all
		at, kept.Past = &r.Past[0], r.Past[:1]
	}
	out := Remains{Path: at.Path, Offset: at.Offset, Ended: r.Ended || r.Open == nil, State: kept.encode()}
	if _, err := factsOfPath(at.Path); errors.Is(err, fs.ErrNotExist) {
		folder, err := factsOfPath(filepath.Dir(at.Path))
		out.Gone = err == nil && folder.mode.IsDir() && folder.Dev == at.File.Dev
	}
	return out, true
}
