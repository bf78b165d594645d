package ruletest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"probity/internal/alert"
	"probity/internal/decode"
	"probity/internal/pipeline"
	"probity/internal/source"
	"probity/internal/store"
)

// replays sends the lines of a test through the daemon's own loop over a store in memory: whole, record by record, and with
// the loop stopped after each record and a new one going on from what the store holds.
func (t *trial) replays() {
	if len(t.test.Lines) == 0 || len(t.test.Events) > 0 {
		return
	}
	d, ok := t.newDecoder(t.schema())
	if !ok {
		return
	}
	block := []byte(strings.Join(t.test.Lines, "\n") + "\n")
	t.replay(d, block, "at once", 0, len(t.timeline))
	t.replay(d, block, "record by record", 1, len(t.timeline))
	for at := 1; at < len(t.timeline) && at <= singlesUpTo; at++ {
		t.replay(d, block, fmt.Sprintf("stopped after record %d", at), 0, at, len(t.timeline))
	}
}

// replay runs one loop after another, each up to so many records in all, and compares the last revisions of the alerts.
func (t *trial) replay(d *decode.Decoder, block []byte, how string, batch int, stops ...int) {
	t.plays++
	memory := store.NewMemory()
	for _, stop := range stops {
		if err := t.loop(d, block, memory, batch, stop); err != nil {
			t.fail("replay", "%s: %v", how, err)
			return
		}
	}
	var got outcome
	err := memory.EachAlert(func(a *alert.Alert) error {
		if a.Status != alert.Withdrawn {
			got.Alerts = append(got.Alerts, t.stage.raised(a))
		}
		return nil
	})
	if err != nil {
		t.fail("replay", "%s: %v", how, err)
		return
	}
	got.sort()
	if diff := cmp.Diff(t.want.Alerts, got.Alerts); diff != "" {
		t.fail("replay", "the daemon's loop, %s, gives other alerts (- the test, + the loop):\n%s", how, diff)
	}
}

// replayKey makes the alerts' ids; any key does, nobody sees them.
var replayKey = bytes.Repeat([]byte("k"), 32)

func (t *trial) loop(d *decode.Decoder, block []byte, memory *store.Memory, batch, stop int) error {
	identity, err := alert.NewIdentity(replayKey)
	if err != nil {
		return err
	}
	from, err := pipeline.Positions(memory)
	if err != nil {
		return err
	}
	s := &text{name: t.test.Source, block: block, framer: d.NewFramer(), stop: stop}
	if err := s.resume(from(s.ID())); err != nil {
		return err
	}
	first, last := span(t.timeline)
	var until time.Time // of the last loop: what waits for more is told
	if stop == len(t.timeline) {
		until = t.stage.end(t.timeline)
	}
	p, err := pipeline.New(pipeline.Options{
		Sources: []pipeline.Source{{Name: t.test.Source, Dataset: t.timelineDataset(), Streams: &once{stream: s}, Decoder: d, Lateness: last.Sub(first) + time.Second}},
		Store:   memory, Identity: identity, Generation: t.stage.generation, Until: until, Batch: batch, Shards: 2, Workers: 2, Registerer: prometheus.NewRegistry(),
	})
	if err != nil {
		return err
	}
	return p.Run(context.Background())
}

func (t *trial) timelineDataset() string {
	f, _ := t.schema().Field("event.dataset")
	return t.timeline[0].Text(f)
}

// raised is a committed alert as tests speak of it.
func (s *stage) raised(a *alert.Alert) raised {
	out := raised{Group: map[string]string{}, Count: a.Count, First: a.First, Last: a.Last, Summary: a.Summary}
	for _, k := range a.Group {
		out.Group[k.Field] = k.Value
	}
	for _, r := range a.Evidence {
		out.Evidence = append(out.Evidence, s.texts[r.ID])
	}
	for _, id := range a.EventIDs {
		out.Events = append(out.Events, s.texts[id])
	}
	slices.Sort(out.Evidence)
	slices.Sort(out.Events)
	return out
}

// text is a stream of bytes in memory that ends after so many records.
type text struct {
	name   string
	block  []byte
	framer decode.Framer
	stop   int
	textPosition
}

type textPosition struct {
	Offset  int    `json:"offset"`
	Records int    `json:"records"`
	Framing []byte `json:"framing"`
}

func (t *text) ID() string { return t.name + ":test" }

func (t *text) resume(position []byte) error {
	if len(position) == 0 {
		return nil
	}
	if err := json.Unmarshal(position, &t.textPosition); err != nil {
		return fmt.Errorf("position of a test's lines: %w", err)
	}
	return t.framer.Restore(t.Framing)
}

// Next is as source.Stream has it.
func (t *text) Next(maxRecords int) (*source.Chunk, error) {
	room := min(maxRecords, t.stop-t.Records)
	if room <= 0 || t.Offset == len(t.block) {
		return nil, io.EOF
	}
	used, records := t.framer.Frame(t.block[t.Offset:], int64(t.Offset), true, room, nil)
	t.Offset, t.Records, t.Framing = t.Offset+used, t.Records+len(records), t.framer.State()
	state, err := json.Marshal(t.textPosition)
	return &source.Chunk{Path: t.name, Records: records, State: state, Bytes: int64(used)}, err
}

func (t *text) Close() error { return nil }

// once gives one stream.
type once struct{ stream source.Stream }

func (o *once) Discover() (out []source.Stream, err error) {
	if o.stream != nil {
		out, o.stream = []source.Stream{o.stream}, nil
	}
	return out, nil
}
func (o *once) Due() time.Time { return time.Time{} }
func (o *once) Close() error   { return nil }
