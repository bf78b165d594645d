package evidence

import (
	"cmp"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Against is what a chain is held against.
type Against struct {
	Checkpoints []Checkpoint
	Key         note.Verifier // nil: signatures are not checked
	Beside      bool          // the checkpoints lie beside the log, where whoever can change the one can remove the others
}

// Judged is a checkpoint that a chain was held against.
type Judged struct {
	From    string `json:"from"`
	Origin  string `json:"origin"`
	Size    uint64 `json:"size"`
	Root    string `json:"root"`
	Signed  bool   `json:"signed"`  // by the key that was given
	Matches bool   `json:"matches"` // the chain's first Size entries are those it is of
	What    string `json:"what,omitempty"`
}

// rootsAt notes the tree's root at the sizes that checkpoints have.
type rootsAt struct {
	f     frontier
	roots map[int64]tlog.Hash
	err   error
}

func newRootsAt(list []Checkpoint) *rootsAt {
	if len(list) == 0 {
		return nil
	}
	r := &rootsAt{roots: map[int64]tlog.Hash{}}
	for _, c := range list {
		r.roots[int64(c.Size)] = tlog.Hash{}
	}
	if _, ok := r.roots[0]; ok {
		r.note()
	}
	return r
}

func (r *rootsAt) add(line []byte) error {
	if _, err := r.f.add(line); err != nil {
		return err
	}
	if _, wanted := r.roots[r.f.size]; wanted {
		r.note()
	}
	return r.err
}

func (r *rootsAt) note() { r.roots[r.f.size], r.err = r.f.root() }

// judge holds the checkpoints against the chain that was walked, and says what follows.
func (r *Report) judge(a Against, roots *rootsAt) {
	list := slices.Clone(a.Checkpoints)
	slices.SortStableFunc(list, func(x, y Checkpoint) int { return cmp.Compare(x.Size, y.Size) })
	lines := uint64(roots.f.size)
	good := uint64(0) // entries up to here are those of a checkpoint that counts
	bySize := map[uint64]Judged{}
	for _, c := range list {
		j := Judged{From: c.From, Origin: c.Origin, Size: c.Size, Root: c.Root.String()}
		j.Matches = c.Size <= lines && c.Root == roots.roots[int64(c.Size)]
		if a.Key != nil {
			if err := c.Verify(a.Key); err != nil {
				j.What = "not signed by the key that was given: " + err.Error()
			} else {
				j.Signed = true
			}
		}
		counts := j.Signed || a.Key == nil
		switch {
		case !counts:
		case j.Matches:
			good = max(good, c.Size)
		case c.Size > lines:
			j.What = fmt.Sprintf("it is of %d entries, and the chain has %d: the last %d were removed", c.Size, lines, c.Size-lines)
		default:
			j.What = fmt.Sprintf("the chain's first %d entries are not those it is of: one after entry %d was changed, removed, inserted or moved", c.Size, good)
		}
		if other, twice := bySize[c.Size]; counts && twice && other.Root != j.Root {
			j.What += fmt.Sprintf("; %s is of as many entries and has another root: two histories were told", other.From)
		}
		if counts {
			bySize[c.Size] = j
		}
		if j.What != "" {
			r.add(Fault{File: c.From, Seq: min(good+1, c.Size), What: j.What})
		}
		r.Checkpoints = append(r.Checkpoints, j)
	}
	r.Caveat = a.caveat(good, lines)
}

// caveat says what remains possible.
func (a Against) caveat(good, lines uint64) string {
	if good == 0 {
		return "No checkpoint speaks for this chain. " + caveat
	}
	s := fmt.Sprintf("The first %d entries are those of a checkpoint", good)
	if a.Key == nil {
		s += " whose signature was not checked (give the public key with --key): it is worth as much as the place where it was kept"
	} else {
		s += fmt.Sprintf(" signed by %s", a.Key.Name())
	}
	s += ". "
	if a.Beside {
		s += "The checkpoints lie beside the log: whoever could cut the log could remove the newest of them as well, so a removed tail cannot be excluded " +
			"without a checkpoint that was kept elsewhere."
		return s
	}
	return s + fmt.Sprintf("Of what followed entry %d, %d entries are here; entries removed from the end behind it cannot be excluded without a newer checkpoint.", good, lines-good)
}
