//go:build !linux

package listen

import "net"

const controlBytes = 0

// prepareUDP asks for a large buffer. What does not fit into it is lost unseen on this system.
func prepareUDP(conn *net.UDPConn) error { return conn.SetReadBuffer(udpBuffer) }

func overflowOf([]byte) (uint32, bool) { return 0, false }
