package source

import (
	"errors"
	"io/fs"
	"time"
)

// archivePatience is how long a compressed file that ends too early is taken to be still under way.
const archivePatience = time.Minute

// unlessMoved drops the errors of a file that has been renamed or removed since it was listed: the next look will tell.
func (c *chain) unlessMoved(err error) error {
	if c.follow && (errors.Is(err, errUnsettled) || errors.Is(err, errIncomplete) || errors.Is(err, fs.ErrNotExist)) {
		return nil
	}
	return err
}

// givenUp says of an incomplete archive that it will not be completed.
func (c *chain) givenUp(g generation) bool {
	return !c.follow || c.now().Sub(time.Unix(0, g.mtime)) > archivePatience
}

func gapOf(err error) string {
	if errors.Is(err, errIncomplete) {
		return GapIncomplete
	}
	return GapCorrupt
}

// notYet keeps an error that will pass, such as an archive being written, from being shown.
func (c *chain) notYet(err error) error {
	if c.follow && errors.Is(err, errIncomplete) {
		return nil
	}
	return ignoreUnsettled(err)
}

func ignoreUnsettled(err error) error {
	if errors.Is(err, errUnsettled) {
		return nil
	}
	return err
}

// undecided makes of an error about a file that was compared with another what is to be done about it: nothing if it is damaged,
// or will never be whole, and so cannot be the one looked for; errUnsettled, to look again, if it may yet be whole or is no
// longer where it was listed.
func (c *chain) undecided(g generation, err error) error {
	switch {
	case errors.Is(err, errCorrupt), errors.Is(err, errIncomplete) && c.givenUp(g):
		return nil
	case errors.Is(err, errIncomplete):
		return errUnsettled
	}
	return moved(err)
}

// moved makes errUnsettled of the error of a file that was renamed or removed since it was listed. It may well be the one that
// is looked for: nothing can be said of it before the directory has been listed again, and to pass it over would be to lose it,
// or to read its predecessor twice.
func moved(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errUnsettled
	}
	return err
}
