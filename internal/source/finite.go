package source

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"go.uber.org/zap"

	"probity/internal/decode"
)

// OpenFiles makes finite streams of the files, for replay: rotated siblings are one stream, oldest first. Every file must
// exist. The streams are sorted by their ids, which are those that a Set gives the same chains.
func OpenFiles(name string, framer func() decode.Framer, files []string) ([]Stream, error) {
	given := map[string]bool{}
	for _, path := range files {
		path = filepath.Clean(path)
		if st, err := factsOfPath(path); err != nil {
			return nil, fmt.Errorf("source %s: %w", name, err)
		} else if st.mode != 0 {
			return nil, fmt.Errorf("source %s: %s is not a regular file", name, path)
		}
		given[path] = true
	}
	chains := map[string][]string{}
	for path := range given {
		base := path
		if of, _, how := rotated(filepath.Base(path)); how != notRotated {
			of = filepath.Join(filepath.Dir(path), of)
			// Names with a number in the middle may as well be files of two servers.
			if given[of] || how == byNumber || how == byDate {
				base = of
			}
		}
		chains[base] = append(chains[base], path)
	}
	common := &shared{now: time.Now, log: zap.NewNop(), grace: defaultGrace}
	var streams []Stream
	for base, paths := range chains {
		slices.Sort(paths)
		list := func() ([]generation, error) {
			for _, path := range paths {
				if _, err := factsOfPath(path); err != nil {
					return nil, err // gone since: not to be passed over
				}
			}
			return generationsOf(base, paths)
		}
		c := newChain(common, streamID(name, base), base, list, framer())
		c.history = nothingIsHistory
		streams = append(streams, c)
	}
	slices.SortFunc(streams, func(a, b Stream) int { return cmp.Compare(a.ID(), b.ID()) })
	return streams, nil
}
