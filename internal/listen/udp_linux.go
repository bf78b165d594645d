package listen

import (
	"encoding/binary"
	"net"

	"golang.org/x/sys/unix"
)

// controlBytes hold the one control message that is asked for.
const controlBytes = 64

// prepareUDP asks for a large buffer, and for the kernel's count of datagrams that did not fit into it, which comes with the
// next one that did.
func prepareUDP(conn *net.UDPConn) error {
	_ = conn.SetReadBuffer(udpBuffer)
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1)
	})
	if err != nil {
		return err
	}
	return failed
}

// overflowOf reads how many datagrams the kernel has dropped on this socket, modulo 2³². It says so once it has dropped any.
func overflowOf(control []byte) (uint32, bool) {
	if len(control) == 0 {
		return 0, false
	}
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return 0, false
	}
	for _, m := range messages {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SO_RXQ_OVFL && len(m.Data) >= 4 {
			return binary.NativeEndian.Uint32(m.Data), true
		}
	}
	return 0, false
}
