package triage

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
)

// maxPath is the longest path of a Unix socket on Linux.
const maxPath = 107

// CheckPath says what is wrong with a path for the socket, as far as it can be seen from the path.
func CheckPath(path string) error {
	if len(path) > maxPath {
		return fmt.Errorf("%s: a path of %d bytes; a socket's has room for %d", path, len(path), maxPath)
	}
	return nil
}

// Listen makes the socket. One that a killed process left behind is replaced, one that somebody listens on is not, nor is
// anything that is no socket.
func Listen(path string) (net.Listener, error) {
	if err := CheckPath(path); err != nil {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if errors.Is(err, syscall.EADDRINUSE) {
		if err := removeStale(path); err != nil {
			return nil, err
		}
		l, err = net.Listen("unix", path)
	}
	if err != nil {
		return nil, fmt.Errorf("making the socket for questions about alerts: %w", err)
	}
	// Everybody may connect: the kernel says who it is, and a role is needed for any answer.
	if err := os.Chmod(path, 0o666); err != nil {
		return nil, errors.Join(fmt.Errorf("making the socket for questions about alerts: %w", err), l.Close())
	}
	return &fair{Listener: l, open: map[uint32]int{}}, nil
}

// maxEach bounds the connections of one user: whoever may connect, and that is everybody, must not be able to use up the files
// that the daemon may open, and thereby keep it from reading logs; nor keep others from asking.
const maxEach = 16

// fair is a listener of which each user has so many connections open at once; further ones are closed.
type fair struct {
	net.Listener
	mu   sync.Mutex
	open map[uint32]int // by user id
}

// Accept implements net.Listener.
func (l *fair) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		uid, _, _ := peer(c) // who cannot be told is nobody's equal but root's, and gets no answer
		if l.enter(uid) {
			return &counted{Conn: c, leave: sync.OnceFunc(func() { l.leave(uid) })}, nil
		}
		c.Close() //nolint:errcheck // nothing was said
	}
}

func (l *fair) enter(uid uint32) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[uid] >= maxEach {
		return false
	}
	l.open[uid]++
	return true
}

func (l *fair) leave(uid uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[uid]--; l.open[uid] == 0 {
		delete(l.open, uid)
	}
}

func removeStale(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if info.Mode().Type() != os.ModeSocket {
		return fmt.Errorf("%s is there, and is no socket: name another path for the socket, or remove it", path)
	}
	if conn, err := net.Dial("unix", path); err == nil {
		conn.Close() //nolint:errcheck // nothing was said
		return fmt.Errorf("another process listens on %s", path)
	}
	return os.Remove(path)
}
