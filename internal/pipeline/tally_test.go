package pipeline

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"probity/internal/decode"
	"probity/internal/event"
	"probity/internal/source"
	"probity/internal/store"
)

// named is a stream of which only the name matters.
type named string

func (n named) ID() string                    { return string(n) }
func (named) Next(int) (*source.Chunk, error) { return nil, nil }
func (named) Close() error                    { return nil }
func repeatOf(n int, at time.Time) *event.Kept {
	return (&event.Event{Slots: []event.Value{event.TimeValue(at.UnixNano())}, Original: []byte(fmt.Sprint(n))}).Keep(&event.Schema{}, event.ID{})
}

// counter counts identical records as the loop does: a few at a time, then a commit.
type counter struct {
	kept *store.Memory
	src  *Source
	s    *stream
}

func newCounter(t testing.TB) *counter {
	c := &counter{kept: store.NewMemory(), src: &Source{Name: "log", Lateness: time.Minute, Decoder: &decode.Decoder{}}}
	c.start(t)
	return c
}

// start begins at what was committed.
func (c *counter) start(t testing.TB) {
	streams, err := c.kept.Streams()
	must(t, err)
	c.s, err = newStream(named("log:a"), c.src, streams["log:a"].State)
	must(t, err)
	must(t, c.s.recall(c.kept))
}

func (c *counter) batch(t testing.TB, records []*event.Kept) (nth []uint32) {
	for _, r := range records {
		c.s.saw(r.Time(), 1<<62)
		nth = append(nth, c.s.nth(r))
	}
	p, commit := &Pipeline{moved: map[string]int64{}}, &store.Commit{}
	p.positionsOf(&judged{batch: batch{{Chunk: &source.Chunk{}, stream: c.s}}}, commit)
	must(t, c.kept.Commit(commit))
	return nth
}

func TestRepeatsAreCountedAlikeWithAndWithoutRestarts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steady, restarted := newCounter(t), newCounter(t)
		clock := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
		for range rapid.IntRange(1, 12).Draw(rt, "batches") {
			var records []*event.Kept
			for range rapid.IntRange(0, 6).Draw(rt, "records") {
				clock = clock.Add(time.Duration(rapid.IntRange(-100, 60).Draw(rt, "seconds")) * time.Second)
				records = append(records, repeatOf(rapid.IntRange(0, 1).Draw(rt, "text"), clock.Truncate(time.Minute)))
			}
			want, got := steady.batch(t, records), restarted.batch(t, records)
			if diff := cmp.Diff(want, got); diff != "" {
				rt.Fatal(diff)
			}
			restarted.start(t)
		}
	})
}

// A long history of counts is not written again with every position.
func TestAPositionStaysSmallHoweverManyRecordsWereCounted(t *testing.T) {
	c := newCounter(t)
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	for n := range 50 {
		var records []*event.Kept
		for i := range 100 {
			records = append(records, repeatOf(100*n+i, at))
		}
		c.batch(t, records)
	}
	streams, err := c.kept.Streams()
	must(t, err)
	if n := len(streams["log:a"].State); n > 500 { // most of it are the numbers of a day's account
		t.Errorf("%d bytes", n)
	}
	var tallies int
	must(t, c.kept.EachTally("log:a", func(store.Tally) error { tallies++; return nil }))
	if tallies != 5000 || len(c.s.same) != 5000 {
		t.Errorf("%d counts are stored, %d are known", tallies, len(c.s.same))
	}
}

// Until format version 2 the counts stood in the position.
func TestCountsInAPositionOfVersion1AreReadAndStoredBesideIt(t *testing.T) {
	c := newCounter(t)
	at := time.Unix(1772452800, 0).UTC()
	c.batch(t, []*event.Kept{repeatOf(1, at), repeatOf(1, at)})
	var key uint64
	for key = range c.s.same {
	}
	old := fmt.Sprintf(`{"at":"eyJ2IjoxfQ==","top":[1772452800000000000,1772452799000000000,1772452798000000000],"advanced":-9223372036854775808,"same":{"%d":{"n":2,"t":1772452800000000000}}}`, key)
	c = newCounter(t)
	must(t, c.kept.Commit(&store.Commit{Streams: []store.StreamState{{ID: "log:a", Source: "log", State: []byte(old)}}}))
	for _, want := range []uint32{2, 3, 4} {
		c.start(t)
		if diff := cmp.Diff([]uint32{want}, c.batch(t, []*event.Kept{repeatOf(1, at)})); diff != "" {
			t.Error(diff)
		}
	}
}
