package listen

import (
	"context"
	"errors"
	"net"

	"go.uber.org/zap"
)

const (
	datagramBytes = 64 << 10 // none is larger
	udpBuffer     = 8 << 20  // asked of the kernel, which gives what net.core.rmem_max allows
)

// receiveUDP takes a message a datagram. For a full spool it does not wait: the newest would then be lost in the kernel, out
// of sight until later; it drops and counts.
func (l *Listener) receiveUDP(ctx context.Context, conn *net.UDPConn) {
	buf, control := make([]byte, datagramBytes), make([]byte, controlBytes)
	var line []byte
	var overflow uint32
	for {
		n, controls, _, _, err := conn.ReadMsgUDPAddrPort(buf, control)
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			l.pause(ctx, conn.LocalAddr(), err)
			continue
		}
		if total, ok := overflowOf(control[:controls]); ok && total != overflow {
			lost := int64(total - overflow) // modulo 2³², as the kernel counts
			overflow = total
			l.lose(droppedKernel, lost, -1)
			l.Logger.Warn("the kernel dropped datagrams that came faster than they were taken; raise net.core.rmem_max, or send by TCP",
				zap.String("source", l.Source), zap.Int64("messages", lost))
		}
		m := message{text: buf[:min(n, l.MessageBytes+1)], size: int64(n)}
		line, err = l.receive(ctx, m, line, l.spool.offer)
		if err != nil {
			l.lose(droppedFull, 1, m.size)
		}
	}
}
