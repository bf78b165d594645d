package source

import (
	"io"
	"runtime"

	"github.com/nxadm/tail"
)

// tailReach is how far a tail may be behind before block reads take over again: it holds a line in memory until it ends.
const tailReach = 4 << 20

// live is nxadm/tail at the end of a file. It only tells up to which offset whole lines stand; see the package comment.
type live struct {
	tail  *tail.Tail
	alias io.Closer // keeps the path that tail was given valid
	told  int64     // whole lines stand up to here
}

// startLive begins to watch p from offset at. floor makes the alias a path that no tail has had lately: the library
// removes its watches by path, and late.
func startLive(p *plain, at int64, floor int) (*live, error) {
	path, alias, err := pathOf(p.file, floor)
	if err != nil {
		return nil, err
	}
	t, err := tail.TailFile(path, tail.Config{
		Location:      &tail.SeekInfo{Offset: at, Whence: io.SeekStart},
		Follow:        true,
		MustExist:     true,
		CompleteLines: true,
		Poll:          true, // see the package comment
		Logger:        tail.DiscardingLogger,
	})
	if err != nil {
		_ = alias.Close()
		return nil, err
	}
	return &live{tail: t, alias: alias, told: at}, nil
}

// poll takes what tail has ready, without waiting for more. When what was read by other means is ahead of tail it gives
// tail's goroutine two chances to run, because its channel has no buffer. It is false when tail has ended.
func (l *live) poll(read int64) bool {
	misses := 0
	for range 4096 {
		select {
		case line, ok := <-l.tail.Lines:
			if !ok {
				return false
			}
			if line.Err == nil {
				l.told = line.SeekInfo.Offset
			}
		default:
			if misses++; l.told >= read || misses > 2 {
				return true
			}
			runtime.Gosched()
		}
	}
	return true
}

// stop ends the tail. It does not wait: the library's goroutines end by themselves.
func (l *live) stop() {
	l.tail.Kill(nil)
	_ = l.alias.Close()
}
