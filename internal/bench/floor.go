package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/valyala/fastjson"

	"probity/internal/daemon"
	"probity/internal/decode"
	"probity/internal/event"
	"probity/internal/source"
)

// scanBlock is how much of a file is read at once where lines are only looked at.
const scanBlock = 1 << 20

// eachShare gives each core its share of a file, cut between two lines, and adds up what they counted.
func eachShare(path string, scan func(r io.Reader) (lines int, err error)) (int, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	cores := runtime.GOMAXPROCS(0)
	cuts := make([]int64, cores+1)
	for i := range cores {
		if cuts[i], err = lineFrom(f, info.Size()*int64(i)/int64(cores)); err != nil {
			return 0, err
		}
	}
	cuts[cores] = info.Size()
	var wg sync.WaitGroup
	counts, errs := make([]int, cores), make([]error, cores)
	for i := range cores {
		wg.Go(func() { counts[i], errs[i] = scan(io.NewSectionReader(f, cuts[i], cuts[i+1]-cuts[i])) })
	}
	wg.Wait()
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return sum, errors.Join(errs...)
}

// lineFrom is where the first line that begins at or behind a byte begins.
func lineFrom(f io.ReaderAt, at int64) (int64, error) {
	if at == 0 {
		return 0, nil
	}
	block := make([]byte, 4096)
	n, err := f.ReadAt(block, at-1)
	i := bytes.IndexByte(block[:n], '\n')
	if i < 0 {
		return 0, fmt.Errorf("no line ends within %d bytes of byte %d: %w", len(block), at, err)
	}
	return at + int64(i), nil
}

// newlines counts lines.
func newlines(r io.Reader) (lines int, err error) {
	block := make([]byte, scanBlock)
	for {
		n, err := r.Read(block)
		for rest := block[:n]; ; lines++ {
			i := bytes.IndexByte(rest, '\n')
			if i < 0 {
				break
			}
			rest = rest[i+1:]
		}
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
	}
}

// parsed parses each line as JSON and reads nothing of it.
func parsed(r io.Reader) (lines int, err error) {
	var p fastjson.Parser
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, scanBlock), scanBlock)
	for s.Scan() {
		if _, err := p.ParseBytes(s.Bytes()); err != nil {
			return lines, err
		}
		lines++
	}
	return lines, s.Err()
}

// The decode floor cuts its work as the loop does.
const (
	batchRecords = 8192
	taskRecords  = 2048
)

// decoded frames and decodes a log on all cores as the loop does, and does nothing with the events.
func decoded(ctx context.Context, p *daemon.PreparedReplay, file string) (events int, err error) {
	sources, err := p.Sources([]string{file})
	if err != nil {
		return 0, err
	}
	for _, s := range sources {
		streams, err := s.Streams.Discover()
		if err != nil {
			return events, err
		}
		workers := make([]*decodeWorker, runtime.GOMAXPROCS(0))
		for i := range workers {
			workers[i] = &decodeWorker{worker: s.Decoder.NewWorker()}
		}
		for _, stream := range streams {
			n, err := decodeStream(ctx, stream, workers)
			if err = errors.Join(err, stream.Close()); err != nil {
				return events, err
			}
			events += n
		}
	}
	return events, nil
}

type decodeWorker struct {
	worker *decode.Worker
	event  event.Event
	events int
}

func decodeStream(ctx context.Context, s source.Stream, workers []*decodeWorker) (events int, err error) {
	for _, w := range workers {
		w.events = 0
	}
	for ctx.Err() == nil {
		var tasks [][]decode.Record
		for room := batchRecords; room > 0; {
			c, err := s.Next(room)
			if errors.Is(err, io.EOF) || err == nil && c == nil {
				break
			}
			if err != nil {
				return 0, err
			}
			room -= len(c.Records)
			for records := c.Records; len(records) > 0; {
				n := min(len(records), taskRecords)
				tasks, records = append(tasks, records[:n]), records[n:]
			}
		}
		if len(tasks) == 0 {
			break
		}
		fork(tasks, workers)
	}
	for _, w := range workers {
		events += w.events
	}
	return events, ctx.Err()
}

func fork(tasks [][]decode.Record, workers []*decodeWorker) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for _, w := range workers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(tasks); i = int(next.Add(1)) - 1 {
				for _, rec := range tasks[i] {
					if w.worker.Decode(rec, &w.event) == nil {
						w.events++
					}
				}
			}
		})
	}
	wg.Wait()
}
