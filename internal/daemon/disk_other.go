//go:build !linux

package daemon

// diskRoom is not known.
func diskRoom(string) (free, size float64, ok bool) { return 0, 0, false }
