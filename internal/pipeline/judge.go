package pipeline

import (
	"errors"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"
	"go.uber.org/zap"

	"probity/internal/decode"
	"probity/internal/engine"
	"probity/internal/event"
	"probity/internal/store"
)

// taskRecords is how many records one worker takes at a time.
const taskRecords = 2048

// groupRecords is how many records a worker decodes before it matches them. What decoding and matching look at, code and tables,
// does not fit into the nearest caches together: decoding one record after each match takes a third longer.
const groupRecords = 8

// judged is a batch after decoding and matching.
type judged struct {
	batch   batch
	tasks   []task
	started time.Time
	records int
}

// task is a part of a chunk and what became of it.
type task struct {
	chunk   *chunk
	records []decode.Record
	times   []int64 // of its events, in order
	sum     uint64  // of its records; see position
	bytes   int64   // of those that became events
	matches []engine.Match
	rejects []store.Reject

	illegible int // records with fields that are not valid UTF-8
}

// worker decodes and matches; one a core.
type worker struct {
	decoders map[*decode.Decoder]*decode.Worker
	matcher  *engine.Matcher
	matched  func(*event.Event) // Options.Matched
	events   [groupRecords]event.Event
	faults   [groupRecords]error // of decoding them
}

// hire makes the workers for a generation.
func (p *Pipeline) hire(g *engine.Generation) {
	p.workers, p.hidden = make([]*worker, p.Workers), map[int]withheld{}
	epoch := time.Now()
	for i := range p.workers {
		w := &worker{decoders: map[*decode.Decoder]*decode.Worker{}, matcher: g.NewMatcher(func() int64 { return int64(time.Since(epoch)) }), matched: p.Matched}
		for _, s := range p.Sources {
			w.decoders[s.Decoder] = s.Decoder.NewWorker()
		}
		p.workers[i] = w
	}
}

// judge decodes and matches a batch on all cores.
func (p *Pipeline) judge(b batch) *judged {
	j := &judged{batch: b, started: time.Now()}
	for i := range b {
		records := b[i].Records
		j.records += len(records)
		for len(records) > 0 {
			n := min(len(records), taskRecords)
			j.tasks = append(j.tasks, task{chunk: &b[i], records: records[:n], times: make([]int64, 0, n), matches: p.emptied()})
			records = records[n:]
		}
	}
	ingested := time.Now()
	p.onAllCores(len(j.tasks), func(w *worker, i int) { w.judge(&j.tasks[i], ingested, p.Logger) })
	for i := range j.tasks {
		p.withhold(j.tasks[i].matches)
	}
	for _, w := range p.workers {
		p.metrics.rules(p.Generation, w.matcher.Counts, p.hidden)
	}
	return j
}

// emptied returns memory for the matches of a task: that of a task that has been correlated, or none.
func (p *Pipeline) emptied() []engine.Match {
	n := len(p.spare)
	if n == 0 {
		return nil
	}
	m := p.spare[n-1]
	p.spare = p.spare[:n-1]
	return m
}

// onAllCores runs n pieces of work, each by one worker, and waits for all of them.
func (p *Pipeline) onAllCores(n int, do func(w *worker, i int)) {
	if n <= 1 || len(p.workers) == 1 {
		for i := range n {
			do(p.workers[0], i)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for _, w := range p.workers[:min(n, len(p.workers))] {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(w, i)
			}
		})
	}
	wg.Wait()
}

func (w *worker) judge(t *task, ingested time.Time, log *zap.Logger) {
	decoder := w.decoders[t.chunk.stream.source.Decoder]
	for records := t.records; len(records) > 0; {
		n := min(len(records), groupRecords)
		for i := range n {
			t.sum += xxhash.Sum64(records[i].Data)
			w.faults[i] = w.decode(decoder, records[i], &w.events[i], t)
		}
		for i := range n {
			err := w.faults[i]
			if err == nil {
				err = w.match(&w.events[i], t, ingested)
			}
			if err != nil {
				t.rejects = append(t.rejects, reject(t.chunk, &records[i], err, ingested))
				if r := (*panicked)(nil); errors.As(err, &r) {
					log.Error("a record made the decoder or a rule panic; it is kept among the rejects", zap.String("source", t.chunk.stream.source.Name), zap.ByteString("stack", r.stack))
				}
			}
		}
		records = records[n:]
	}
}

// panicked is a record that made something panic: it is rejected, and the source goes on.
type panicked struct{ stack []byte }

func (*panicked) Error() string { return "panic" }

// caught is to be deferred: it makes an error of a panic.
func caught(err *error) {
	if recover() != nil {
		*err = &panicked{debug.Stack()}
	}
}

// decode decodes a record; an error rejects it.
func (w *worker) decode(d *decode.Worker, rec decode.Record, ev *event.Event, t *task) (err error) {
	defer caught(&err)
	if err := d.Decode(rec, ev); err != nil {
		return err
	}
	if d.Illegible() {
		t.illegible++
	}
	return nil
}

// match matches an event; an error rejects its record.
func (w *worker) match(ev *event.Event, t *task, ingested time.Time) (err error) {
	defer caught(&err)
	ev.Origin.Path = t.chunk.Path
	ev.Ingested, ev.Live = ingested.UnixNano(), t.chunk.live
	matches := w.matcher.Match(ev, t.matches)
	if w.matched != nil {
		w.matched(ev)
	}
	t.matches = matches // not before now: those of a record that is rejected do not count
	t.times = append(t.times, ev.Time())
	t.bytes += int64(len(ev.Original))
	return nil
}

// reject keeps a record that cannot be judged, whole.
func reject(c *chunk, rec *decode.Record, err error, at time.Time) store.Reject {
	r := store.Reject{Source: c.stream.source.Name, Path: c.Path, Offset: rec.Offset, Reason: "internal", Detail: err.Error(), Data: rec.Data, At: at}
	if d := (*decode.Reject)(nil); errors.As(err, &d) {
		r.Reason, r.Detail = d.Reason, d.Detail
	}
	return r
}
