package ruletest

import (
	"fmt"
	"slices"
	"strings"

	"probity/internal/decode"
	"probity/internal/event"
)

// lines decodes the test's raw lines as the daemon does those of a file.
func (c *testCase) lines(s *event.Schema) []*event.Event {
	if len(c.test.Lines) == 0 {
		return nil
	}
	d, w, ok := c.decoder(s)
	if !ok {
		return nil
	}
	block := []byte(strings.Join(c.test.Lines, "\n") + "\n")
	used, records := d.NewFramer().Frame(block, 0, true, maxTimeline, nil)
	if used != len(block) {
		c.problem("lines", fmt.Sprintf("only %d of %d bytes are records", used, len(block)), "test with fewer or whole lines")
		return nil
	}
	same := map[string]uint32{}
	var events []*event.Event
	for _, r := range records {
		ev := &event.Event{}
		ev.Reset(s)
		if err := decodeRecord(w, r, ev); err != nil {
			c.problem(fmt.Sprintf("lines.%d", lineOf(block, r.Offset)), "the line is rejected: "+err.Error(), "mend it; a test must say what it tests")
			continue
		}
		ev.Origin.Nth = same[string(r.Data)]
		same[string(r.Data)]++
		events = append(events, detached(ev))
	}
	return events
}

func decodeRecord(w *decode.Worker, r decode.Record, ev *event.Event) error {
	if r.Reject != "" {
		return fmt.Errorf("%s", r.Reject)
	}
	return w.Decode(r, ev)
}

// detached copies what a worker will reuse.
func detached(ev *event.Event) *event.Event {
	out := *ev
	out.Slots, out.Native, out.Original = slices.Clone(ev.Slots), slices.Clone(ev.Native), slices.Clone(ev.Original)
	return &out
}

func lineOf(block []byte, offset int64) int { return strings.Count(string(block[:offset]), "\n") }

// reader decodes lines of one format.
type reader struct {
	*decode.Decoder
	worker *decode.Worker
}

// decoder returns what reads the test's lines: one for all tests of a rule, because its buffers hold the longest line that
// the format allows.
func (c *testCase) decoder(s *event.Schema) (*decode.Decoder, *decode.Worker, bool) {
	if c.suite != nil {
		if r, ok := c.suite.readers[c.test.Source]; ok {
			return r.Decoder, r.worker, true
		}
	}
	d, ok := c.newDecoder(s)
	if !ok {
		return nil, nil, false
	}
	w := d.NewWorker()
	if c.suite != nil {
		c.suite.readers[c.test.Source] = reader{d, w}
	}
	return d, w, true
}

func (c *testCase) newDecoder(s *event.Schema) (*decode.Decoder, bool) {
	if c.test.Source == "" || c.options.Formats == nil {
		c.problem("lines", "lines without a format", "write source: niche, or the name of another format")
		return nil, false
	}
	format, ok := c.options.Formats(c.test.Source)
	if !ok {
		c.problem("source", fmt.Sprintf("unknown format %q", c.test.Source), "name a built-in format or one of the configuration")
		return nil, false
	}
	fields := map[string]event.Kind{}
	for _, f := range s.Declared() {
		fields[strings.TrimPrefix(f.Name, event.NativePrefix)] = f.Kind
	}
	d, err := decode.New(decode.Options{Source: c.test.Source, Format: format, Fields: fields, Schema: s})
	if err != nil {
		c.problem("source", err.Error(), "")
		return nil, false
	}
	return d, true
}
