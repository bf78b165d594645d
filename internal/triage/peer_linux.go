package triage

import (
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// peer asks the kernel who connected: the ids of the process at the time of its connect.
func peer(conn net.Conn) (uid, gid uint32, err error) {
	c, ok := conn.(*net.UnixConn)
	if !ok {
		return 0, 0, errors.New("the connection is not of a Unix socket")
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, 0, fmt.Errorf("asking who connected: %w", err)
	}
	var cred *unix.Ucred
	var asked error
	err = raw.Control(func(fd uintptr) { cred, asked = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err = errors.Join(err, asked); err != nil {
		return 0, 0, fmt.Errorf("asking who connected: %w", err)
	}
	return cred.Uid, cred.Gid, nil
}
