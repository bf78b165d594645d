package source

import (
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

func factsOfPath(path string) (facts, error) {
	return statx(unix.AT_FDCWD, path, 0, path)
}

func factsOfFile(f *os.File) (facts, error) {
	return statx(int(f.Fd()), "", unix.AT_EMPTY_PATH, f.Name())
}

func statx(dir int, path string, flags int, name string) (facts, error) {
	var st unix.Statx_t
	if err := unix.Statx(dir, path, flags, unix.STATX_BASIC_STATS|unix.STATX_BTIME, &st); err != nil {
		return facts{}, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	out := facts{
		inode: inode{Dev: unix.Mkdev(st.Dev_major, st.Dev_minor), Ino: st.Ino},
		size:  int64(st.Size),
		mtime: st.Mtime.Sec*1e9 + int64(st.Mtime.Nsec),
	}
	if st.Mask&unix.STATX_BTIME != 0 {
		out.Born = st.Btime.Sec*1e9 + int64(st.Btime.Nsec)
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFDIR:
		out.mode = fs.ModeDir
	default:
		out.mode = fs.ModeIrregular
	}
	return out, nil
}

// nobodyWrites says that no process holds f open for writing. The kernel grants a read lease only then; it is given back
// at once. Where leases are refused (another owner without CAP_LEASE, a network file system) the answer is false.
func nobodyWrites(f *os.File) bool {
	if _, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_RDLCK); err != nil {
		return false
	}
	_, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_UNLCK)
	return err == nil
}

// pathOf gives a path that leads to f itself, whatever happens to its name, and stays valid until the returned file is
// closed. The descriptor number is floor or the next free one.
func pathOf(f *os.File, floor int) (string, *os.File, error) {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, floor)
	if err != nil {
		return "", nil, &fs.PathError{Op: "dup", Path: f.Name(), Err: err}
	}
	path := fmt.Sprintf("/proc/self/fd/%d", fd)
	dup := os.NewFile(uintptr(fd), path)
	if _, err := os.Stat(path); err != nil {
		_ = dup.Close()
		return "", nil, err
	}
	return path, dup, nil
}
