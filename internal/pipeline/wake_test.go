package pipeline

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/decode"
	"probity/internal/source"
	"probity/internal/store"
)

// sleepy is a source of one stream whose lines come at set times, and which is due an hour later: nobody looks before, unless
// the loop is woken or would be slow to find new streams.
type sleepy struct {
	begun time.Time
	lines []time.Duration // when each is written
	found bool
	read  []time.Duration // when each was taken
	stop  func()          // called with the last one
}

func (s *sleepy) ID() string     { return "log:sleepy" }
func (s *sleepy) Close() error   { return nil }
func (s *sleepy) Due() time.Time { return time.Now().Add(time.Hour) }

func (s *sleepy) Discover() ([]source.Stream, error) {
	if s.found {
		return nil, nil
	}
	s.found = true
	return []source.Stream{s}, nil
}

func (s *sleepy) Next(int) (*source.Chunk, error) {
	now := time.Since(s.begun)
	if len(s.lines) == 0 || s.lines[0] > now {
		return nil, nil
	}
	text := line("10:00:00", "a")
	s.lines, s.read = s.lines[1:], append(s.read, now)
	if len(s.lines) == 0 {
		s.stop()
	}
	return &source.Chunk{Path: "sleepy", State: []byte("{}"), Bytes: int64(len(text)), Records: []decode.Record{{Data: []byte(text)}}}, nil
}

// takenAt says when lines that are written at these times are taken, if the loop is woken at those.
func takenAt(t *testing.T, written []time.Duration, woken ...time.Duration) (taken []time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		wake := make(chan struct{}, 1)
		s := &sleepy{begun: time.Now(), lines: written, stop: cancel}
		p, _ := scripted(t, store.NewMemory(), oneRule("one", "when: user.name == \"x\"\ncorrelation: {type: event_count, group_by: [actor.id], timespan: 1h, condition: {gte: 3}}"), "")
		p.Sources[0].Streams, p.Follow, p.Batch, p.Turn, p.Wake = s, true, 100, 100, wake
		go func() {
			for _, at := range woken {
				<-time.After(at - time.Since(s.begun))
				select {
				case wake <- struct{}{}:
				default:
				}
			}
		}()
		must(t, p.Run(ctx))
		taken = s.read
	})
	return taken
}

const ms = time.Millisecond

func TestALineIsTakenWhenItsSourceSaysSo(t *testing.T) {
	got := takenAt(t, []time.Duration{300 * ms, 700 * ms}, 299*ms, 300*ms, 700*ms) // once for nothing, which delays nothing
	if diff := cmp.Diff([]time.Duration{300 * ms, 700 * ms}, got); diff != "" {
		t.Errorf("taken (-want +got):\n%s", diff)
	}
}

func TestALineIsTakenThoughNobodySaidSo(t *testing.T) {
	got := takenAt(t, []time.Duration{300 * ms})
	if diff := cmp.Diff([]time.Duration{findEvery}, got); diff != "" {
		t.Errorf("taken (-want +got):\n%s", diff)
	}
}

func TestLinesOfAMomentAreOneBatch(t *testing.T) {
	got := takenAt(t, []time.Duration{300 * ms, 301 * ms, 302 * ms, 303 * ms, 400 * ms}, 300*ms, 301*ms, 302*ms, 303*ms, 400*ms)
	moment := 300*ms + lookEvery
	if diff := cmp.Diff([]time.Duration{300 * ms, moment, moment, moment, 400 * ms}, got); diff != "" {
		t.Errorf("taken (-want +got):\n%s", diff)
	}
}
