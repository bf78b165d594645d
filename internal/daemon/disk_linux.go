package daemon

import "syscall"

// diskRoom is what a user without privileges may still take of the file system that dir is on, and its size, in bytes.
func diskRoom(dir string) (free, size float64, ok bool) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, 0, false
	}
	return float64(st.Bavail) * float64(st.Bsize), float64(st.Blocks) * float64(st.Bsize), true
}
