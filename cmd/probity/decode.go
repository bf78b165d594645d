package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"probity/internal/daemon"
	"probity/internal/decode"
	"probity/internal/event"
	"probity/internal/neutral"
	"probity/internal/source"
)

type decodeCommand struct {
	configFlag
	Files       []string `arg:"" optional:"" placeholder:"FILE" help:"Log files, .gz and .zst too; rotated siblings are read in their order."`
	Source      string   `short:"s" placeholder:"NAME" help:"Read them as this source of the configuration does."`
	Format      string   `short:"f" placeholder:"NAME" help:"Read them by a built-in format, or file:PATH."`
	PrintFormat string   `placeholder:"NAME" help:"Print the YAML of a built-in format, to start one's own from."`
	Rejects     bool     `help:"Print rejects only."`
	Output      string   `enum:"text,json" default:"text" help:"text or json."`
}

// Run decodes the files.
func (c *decodeCommand) Run(e *env) error {
	if c.PrintFormat != "" {
		src := decode.BuiltinSource(c.PrintFormat)
		if src == nil {
			return usageError(fmt.Sprintf("unknown format %q; the built-in ones are %s", c.PrintFormat, strings.Join(decode.BuiltinNames(), ", ")))
		}
		_, err := e.stdout.Write(src)
		return err
	}
	if len(c.Files) == 0 {
		return usageError("which files? write probity decode --format NAME FILE")
	}
	reading, err := c.reading()
	if err != nil {
		return err
	}
	streams, err := source.OpenFiles(reading.Source, reading.Decoder.NewFramer, c.Files)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(e.stdout)
	p := decodePrinter{out: out, cmd: c, schema: reading.Schema, decoder: reading.Decoder, worker: reading.Decoder.NewWorker(), notes: e.stderr}
	for _, s := range streams {
		err = errors.Join(err, p.stream(s), s.Close())
	}
	if err = errors.Join(err, out.Flush()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.stderr, "%d events, %d rejects\n", p.events, p.rejects)
	return err
}

// reading is how the files are to be read.
func (c *decodeCommand) reading() (*daemon.Reading, error) {
	switch {
	case c.Source != "" && c.Format != "":
		return nil, usageError("give --source or --format, not both")
	case c.Format != "":
		return daemon.ReadFormat(c.Format)
	case c.Source == "":
		return nil, usageError("how are they to be read? write --format NAME, or --source NAME with --config.file FILE")
	}
	config, err := c.load()
	if err != nil {
		return nil, err
	}
	return config.ReadSource(c.Source)
}

// decodePrinter prints events and rejects.
type decodePrinter struct {
	out             io.Writer
	cmd             *decodeCommand
	schema          *event.Schema
	decoder         *decode.Decoder
	worker          *decode.Worker
	header          *decode.Header
	notes           io.Writer
	ev              event.Event
	events, rejects int
}

// takeRecords is how many records are asked for at once.
const takeRecords = 1024

func (p *decodePrinter) stream(s source.Stream) error {
	for {
		chunk, err := s.Next(takeRecords)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if chunk == nil {
			continue
		}
		for _, g := range chunk.Gaps {
			if _, err := fmt.Fprintf(p.out, "gap %s from %d to %d: %s\n", neutral.Terminal(g.Path), g.From, g.To, g.Reason); err != nil {
				return err
			}
		}
		p.absent(chunk.Records)
		for i := range chunk.Records {
			if err := p.record(chunk.Path, &chunk.Records[i]); err != nil {
				return err
			}
		}
	}
}

// absent tells, once a header row, which columns the format reads in vain.
func (p *decodePrinter) absent(records []decode.Record) {
	for i := range records {
		h := records[i].Header
		if h == p.header {
			continue
		}
		p.header = h
		if missing := p.decoder.Absent(h); len(missing) > 0 {
			fmt.Fprintf(p.notes, "the log has no column %s, although the format reads it; whatever rests on it is missing\n", neutral.Terminal(strings.Join(missing, ", ")))
		}
	}
}

func (p *decodePrinter) record(path string, rec *decode.Record) error {
	if err := p.worker.Decode(*rec, &p.ev); err != nil {
		p.rejects++
		return p.reject(path, rec, err)
	}
	p.events++
	if p.cmd.Rejects {
		return nil
	}
	p.ev.Origin.Path = path
	return p.event(p.ev.Record(p.schema, p.ev.Identity()))
}

// decoded is an event as this command prints it: without what depends on when it is read.
type decoded struct {
	Time     time.Time      `json:"@timestamp"`
	Path     string         `json:"log.file.path"`
	Offset   int64          `json:"log.offset"`
	NativeID string         `json:"native_id,omitempty"`
	Partial  bool           `json:"partial,omitempty"`
	Fields   map[string]any `json:"fields"`
	Native   []event.Pair   `json:"native"`
}

func (p *decodePrinter) event(r *event.Record) error {
	if p.cmd.Output == "json" {
		return writeJSON(p.out, decoded{r.Time, r.Path, r.Offset, r.NativeID, r.Partial, r.Fields, r.Native})
	}
	at := r.Time.Format("2006-01-02T15:04:05.999Z")
	if _, err := fmt.Fprintf(p.out, "%s %s:%d\n", at, neutral.Terminal(r.Path), r.Offset); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(r.Fields)) {
		if _, err := fmt.Fprintf(p.out, "    %-20s %s\n", name, neutral.Terminal(fmt.Sprint(r.Fields[name]))); err != nil {
			return err
		}
	}
	return nil
}

// quoteBytes is how much of a reject is printed as text.
const quoteBytes = 200

func (p *decodePrinter) reject(path string, rec *decode.Record, err error) error {
	reason, detail := "internal", err.Error()
	if r := (*decode.Reject)(nil); errors.As(err, &r) {
		reason, detail = r.Reason, r.Detail
	}
	if p.cmd.Output == "json" {
		return writeJSON(p.out, struct {
			Reject string `json:"reject"`
			Detail string `json:"detail"`
			Path   string `json:"log.file.path"`
			Offset int64  `json:"log.offset"`
			Data   []byte `json:"data"` // base64: it may be anything
		}{reason, detail, path, rec.Offset, rec.Data})
	}
	data := rec.Data
	if len(data) > quoteBytes {
		data = data[:quoteBytes]
	}
	_, err = fmt.Fprintf(p.out, "reject %s:%d %s: %s\n    %s\n", neutral.Terminal(path), rec.Offset, reason, neutral.Terminal(detail), neutral.Terminal(string(data)))
	return err
}
