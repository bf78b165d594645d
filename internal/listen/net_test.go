package listen

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"probity/internal/fsx"
)

func TestDatagramsAreOneRecordEach(t *testing.T) {
	r := start(t, nil, "udp://127.0.0.1:0")
	c := r.dial(0)
	long := "<13>" + strings.Repeat("l", 5000)
	for _, m := range []string{"<13>a", "<13>b\n", "<13>two\nlines\x00", "\n", long, "<13>last"} {
		_, err := c.Write([]byte(m))
		must(t, err)
	}
	r.awaitLines("<13>a", "<13>b", "<13>two#012lines", long[:4<<10+1], "<13>last")
	for reason, want := range map[string]float64{errorTooLong: 1, errorEscaped: 1, errorEmpty: 1, errorDisk: 0} {
		if got := r.metric("errors_total", reason); got != want {
			t.Errorf("errors %s: %v, want %v", reason, got, want)
		}
	}
	if n, b := r.metric("messages_total", ""), r.metric("bytes_total", ""); n != 5 || b != float64(5+6+14+len(long)+8) {
		t.Errorf("%v messages, %v bytes", n, b)
	}
}

func TestConnectionsOfEitherFramingShareASpool(t *testing.T) {
	r := start(t, nil, "tcp://127.0.0.1:0")
	var senders sync.WaitGroup
	for s := range 6 {
		c := r.dial(0)
		senders.Go(func() {
			defer c.Close()
			for i := range 200 {
				m := fmt.Sprintf("<13>%d.%03d", s, i)
				if s%2 == 0 {
					m = fmt.Sprintf("%d %s", len(m), m)
				} else {
					m += "\n"
				}
				if _, err := c.Write([]byte(m)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	senders.Wait()
	eventually(t, "all lines", func() bool { return len(r.lines()) == 1200 })
	next := map[byte]int{}
	for _, line := range r.lines() {
		if want := fmt.Sprintf("<13>%c.%03d", line[4], next[line[4]]); line != want {
			t.Fatalf("got %q, want %q", line, want)
		}
		next[line[4]]++
	}
	eventually(t, "no connection is open", func() bool { return r.metric("connections", "") == 0 })
}

func TestABadSenderHarmsItselfOnly(t *testing.T) {
	r := start(t, func(o *Options) { o.IdleTimeout, o.MaxConnections = 100*time.Millisecond, 4 }, "tcp://127.0.0.1:0")
	torn := r.dial(0)
	_, err := torn.Write([]byte("5 <13>a99 <13>never"))
	must(t, err)
	must(t, torn.Close())
	eventually(t, "the torn message is counted", func() bool { return r.metric("dropped_total", droppedTorn) == 1 })
	silent := r.dial(0)
	if _, err := silent.Read(make([]byte, 1)); err == nil {
		t.Error("a silent connection is left open")
	}
	garbage := r.dial(0)
	_, err = garbage.Write([]byte("\xff\xfe\n\x00\x00" + strings.Repeat("9", 9000) + "\n<13>b\n"))
	must(t, err)
	r.awaitLines("<13>a", "\xff\xfe", strings.Repeat("9", 4<<10+1), "<13>b")
	eventually(t, "all have gone", func() bool { return r.metric("connections", "") == 0 })
	var held []net.Conn
	for range 4 {
		c := r.dial(0)
		held = append(held, c)
		_, err := c.Write([]byte("<13>slow")) // and then nothing
		must(t, err)
	}
	eventually(t, "four are served", func() bool { return r.metric("connections", "") == 4 })
	if _, err := r.dial(0).Read(make([]byte, 1)); err == nil {
		t.Error("a fifth connection is served")
	}
	if got := r.metric("errors_total", errorConnections); got != 1 {
		t.Errorf("%v connections too many", got)
	}
	for _, c := range held {
		_, err := c.Write([]byte(" but sure\n"))
		must(t, err)
	}
	r.awaitLines("<13>a", "\xff\xfe", strings.Repeat("9", 4<<10+1), "<13>b",
		"<13>slow but sure", "<13>slow but sure", "<13>slow but sure", "<13>slow but sure")
}

// A reader that stands still fills the spool; TCP then stops the sender, who goes on when there is room. Nothing is lost.
func TestAFullSpoolStopsTCPAndLosesNothing(t *testing.T) {
	t.Parallel()
	f := &follower{t: t}
	var mu sync.Mutex
	r := start(t, func(o *Options) {
		o.MessageBytes, o.MaxBytes, o.Keep = 1<<10, 256<<10, 0
		o.Judged = func(paths []string) int {
			mu.Lock()
			defer mu.Unlock()
			return f.judged(paths)
		}
	}, "tcp://127.0.0.1:0")
	f.dir = r.dir
	const n = 12_000
	c := r.dial(0)
	must(t, c.(*net.TCPConn).SetWriteBuffer(4<<10))
	var sent atomic.Int64
	ended := make(chan error, 1)
	go func() {
		for i := range n {
			if _, err := fmt.Fprintf(c, "<13>%06d %s\n", i, strings.Repeat("p", 120)); err != nil {
				ended <- err
				return
			}
			sent.Add(1)
		}
		ended <- c.Close()
	}()
	eventually(t, "the spool is full", r.l.Full)
	before := int64(-1)
	eventually(t, "the sender stands still", func() bool {
		now := sent.Load()
		still := now == before
		before = now
		return still
	})
	if before == n {
		t.Fatal("a poor test: nothing was held back")
	}
	f.open()
	defer f.close()
	eventually(t, "all is read", func() bool {
		mu.Lock()
		defer mu.Unlock()
		f.take(1000, r.l.Durable)
		return len(f.got) >= n
	})
	must(t, <-ended)
	for i, line := range f.got {
		if !strings.HasPrefix(line, fmt.Sprintf("<13>%06d ", i)) {
			t.Fatalf("line %d is %q", i, line)
		}
	}
	if names, _ := os.ReadDir(r.dir); len(f.gaps) > 0 || len(names) > 9 || r.metric("dropped_total", droppedFull) != 0 {
		t.Errorf("gaps %v, %d segments", f.gaps, len(names))
	}
}

// Datagrams that find no room are counted one by one, in the metric and in what is declared as a gap.
func TestDroppedDatagramsAreCountedExactly(t *testing.T) {
	t.Parallel()
	r := start(t, func(o *Options) { o.MessageBytes, o.MaxBytes = 1<<10, 16<<10 }, "udp://127.0.0.1:0")
	c := r.dial(0)
	const n, size = 500, 100
	for i := range n {
		_, err := fmt.Fprintf(c, "<13>%095d", i)
		must(t, err)
		if i%50 == 0 { // do not outrun the receiver: what the kernel drops has a test of its own
			eventually(t, "they are received", func() bool {
				return r.metric("messages_total", "")+r.metric("dropped_total", droppedFull) == float64(i+1)
			})
		}
	}
	kept := 0.0
	eventually(t, "all are accounted for", func() bool {
		kept = r.metric("messages_total", "")
		return kept+r.metric("dropped_total", droppedFull) == n
	})
	if kept == 0 || kept > 16<<10/(size-1) {
		t.Errorf("%v kept", kept)
	}
	var losses []Loss
	eventually(t, "the loss is declared", func() bool { losses = r.l.Losses(); return losses != nil })
	lost := int64(n - kept)
	if len(losses) != 1 || losses[0] != (Loss{droppedFull, lost, lost * 99}) || r.l.Losses() != nil {
		t.Errorf("losses %+v, want %d", losses, lost)
	}
	must(t, r.stop())
	if got := len(r.lines()); got != int(kept) {
		t.Errorf("%d lines, %v counted", got, kept)
	}
}

// What the kernel drops is known with the next datagram.
func TestDatagramsThatTheKernelDropsAreCountedExactly(t *testing.T) {
	stuck, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	r := start(t, func(o *Options) {
		o.MessageBytes, o.MaxBytes = 1<<10, 64<<20
		o.FS = &fsx.FS{Fault: func(op, path string) error {
			if op == fsx.OpWrite { // a disk that stands still, until pendingBytes wait
				once.Do(func() { close(stuck) })
				<-release
			}
			return nil
		}}
	}, "udp://127.0.0.1:0")
	must(t, r.l.udp[0].SetReadBuffer(64<<10))
	c := r.dial(0)
	sent := 0
	send := func() {
		_, err := fmt.Fprintf(c, "<13>%01000d", sent)
		must(t, err)
		sent++
	}
	send()
	<-stuck
	for range 3 * pendingBytes / 1000 {
		send()
	}
	close(release)
	total := func() int { return int(r.metric("messages_total", "") + r.metric("dropped_total", droppedKernel)) }
	eventually(t, "the count comes with a datagram", func() bool { send(); return total() >= sent-1 })
	eventually(t, "all are accounted for", func() bool { return total() == sent })
	if r.metric("dropped_total", droppedKernel) == 0 || r.metric("dropped_total", droppedFull) != 0 {
		t.Error("a poor test: the kernel dropped nothing")
	}
}

// A sender that trickles a message is cut off after finishWithin, one that is quiet between two messages is not.
func TestATricklingSenderIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := testOptions(t, prometheus.NewRegistry(), "tcp://")
		o.IdleTimeout = time.Hour
		s, err := openTestSpool(t, o.Dir, o.FS, o.MaxBytes, o.Judged)
		must(t, err)
		l := &Listener{Options: o, spool: s, count: o.Metrics.of("s")}
		here, there := net.Pipe()
		ended := make(chan error, 1)
		began := time.Now()
		go func() {
			ended <- l.take(t.Context(), here)
			here.Close() // as serve does; a write that nobody reads any more would wait for ever
		}()
		_, err = there.Write([]byte("<13>a\n"))
		must(t, err)
		time.Sleep(59 * time.Minute) // of the bubble's clock
		for err == nil {
			if _, err = there.Write([]byte("x")); err == nil {
				time.Sleep(time.Second)
			}
		}
		there.Close()
		err = <-ended
		if took := time.Since(began); took < 59*time.Minute+finishWithin || took > 59*time.Minute+finishWithin+2*time.Second {
			t.Errorf("cut off after %s", took)
		}
		if !errors.Is(err, errTorn) || !errors.Is(err, os.ErrDeadlineExceeded) || string(s.pending) != "<13>a\n" {
			t.Errorf("%v, and %q is spooled", err, s.pending)
		}
		must(t, s.close())
	})
}

func TestAPortInUseIsRefusedWithItsPlace(t *testing.T) {
	r := start(t, nil, "tcp://127.0.0.1:0")
	o := testOptions(t, prometheus.NewRegistry(), "tcp://"+r.l.Addrs()[0].String())
	if _, err := New(o); err == nil || !strings.Contains(err.Error(), "source s: listen on tcp://127.0.0.1:") {
		t.Errorf("got %v", err)
	}
}

func TestAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"udp://127.0.0.1:514": "udp://127.0.0.1:514", "tcp://:1514": "tcp://127.0.0.1:1514", "tls://0.0.0.0": "tls://0.0.0.0:6514",
		"udp://[::1]": "udp://[::1]:514", "tcp://logs.example/": "tcp://logs.example:514",
		"http://127.0.0.1": "", "127.0.0.1:514": "", "udp://u@h": "", "tcp://h/path": "", "tcp://h:99999": "", "tcp://h:x": "", "udp://h?x": "", "": "",
	} {
		a, err := ParseAddress(text)
		if (err != nil) != (want == "") || err == nil && a.String() != want {
			t.Errorf("%q: %v, %v", text, a, err)
		}
	}
	for text, want := range map[string]bool{"udp://": true, "udp://localhost": true, "udp://[::1]": true, "udp://0.0.0.0": false, "udp://10.0.0.1": false} {
		if a, err := ParseAddress(text); err != nil || a.Local() != want {
			t.Errorf("%q is local: %t, %v", text, a.Local(), err)
		}
	}
}

func BenchmarkTCP(b *testing.B) {
	r := start(b, func(o *Options) { o.MaxBytes = 4 << 30 }, "tcp://127.0.0.1:0")
	c := r.dial(0)
	text := "<13>1 2026-03-02T14:05:17Z host app - - - " + strings.Repeat("m", 150)
	block := []byte(strings.Repeat(fmt.Sprintf("%d %s", len(text), text), 100))
	b.SetBytes(int64(len(block)) / 100)
	b.ResetTimer()
	for i := 0; i < b.N; i += 100 {
		if _, err := c.Write(block); err != nil {
			b.Fatal(err)
		}
	}
	eventually(b, "all is durable", func() bool { return r.metric("messages_total", "") >= float64(b.N) })
	must(b, r.stop())
}
