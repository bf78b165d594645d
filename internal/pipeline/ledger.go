package pipeline

import (
	"fmt"
	"time"

	"go.uber.org/zap"

	"probity/internal/engine"
	"probity/internal/source"
	"probity/internal/store"
)

// Account is what became of the bytes of a source on one day of reading, UTC. What was there is measured (source.Finished, and
// the place where a restart would go on); everything else is counted as it is handed on and judged.
type Account struct {
	Source      string `json:"source,omitempty"`
	Day         string `json:"day"`          // 2026-03-02
	There       int64  `json:"there"`        // bytes measured in files, less what waited, and bytes that came beside them and were lost
	Judged      int64  `json:"judged"`       // of records that became events
	Rejected    int64  `json:"rejected"`     // of records that are kept among the rejects
	Framing     int64  `json:"framing"`      // between records: line ends, headers, blank lines, marks
	Lost        int64  `json:"lost"`         // declared gaps
	LostUnknown int64  `json:"lost_unknown"` // gaps of which nobody knows how long they were
	Waiting     int64  `json:"waiting"`      // known to be there at the day's end and not read yet; not in There
	Files       int64  `json:"files"`        // left, and measured
	Records     int64  `json:"records"`      // framed
	Events      int64  `json:"events"`       // of them
	Rejects     int64  `json:"rejects"`
}

// Unaccounted is how many bytes more were there than judged, rejected or declared lost; below 0, how many fewer.
func (a *Account) Unaccounted() int64 {
	return a.There - a.Judged - a.Rejected - a.Framing - a.Lost
}

// AddsUp says that nothing is missing and nothing doubled. Gaps of unknown length are declared, and do not stand against it.
func (a *Account) AddsUp() bool { return a.Unaccounted() == 0 && a.Records == a.Events+a.Rejects }

// Add adds what became of further bytes of the day.
func (a *Account) Add(b *Account) {
	a.There += b.There
	a.Judged += b.Judged
	a.Rejected += b.Rejected
	a.Framing += b.Framing
	a.Lost += b.Lost
	a.LostUnknown += b.LostUnknown
	a.Waiting += b.Waiting
	a.Files += b.Files
	a.Records += b.Records
	a.Events += b.Events
	a.Rejects += b.Rejects
}

// ledger is a stream's account, committed with its position.
type ledger struct {
	File     int64     `json:"file"`     // bytes accounted for of the open file
	Measured int64     `json:"measured"` // of the open file, that are in the There of a day
	Days     []Account `json:"days,omitempty"`
}

// newLedger begins at a resume point: a position of an older version has no ledger.
func newLedger(at []byte) *ledger {
	offset, _ := source.Offset(at)
	return &ledger{File: offset, Measured: offset}
}

// begin goes on at another byte than the ledger stands at: a whole file that was gone and has come back may have been forgotten
// here and not by its source, or the other way round.
func (l *ledger) begin(at int64) {
	l.Measured += at - l.File
	l.File = at
}

// on is the account of a day; a new one is added behind the others.
func (l *ledger) on(day string) *Account {
	if n := len(l.Days); n == 0 || l.Days[n-1].Day != day {
		l.Days = append(l.Days, Account{Day: day})
	}
	return &l.Days[len(l.Days)-1]
}

// mismatch is bytes that do not add up, and where.
type mismatch struct {
	reason, place string
	bytes         int64 // that were there and are not accounted for; below 0: accounted for, and not there
}

// Reasons of mismatches.
const (
	wrongFile    = "file"    // a file was left, and its size is not what was handed on
	wrongOpen    = "open"    // a restart would not go on where handing on stands
	wrongRecords = "records" // a record was framed, and neither became an event nor is among the rejects
	wrongDay     = "day"     // a day's sums
)

// account books a chunk that goes from the position that stood before to the chunk's.
func (l *ledger) account(day string, before []byte, c *chunk) (wrong []mismatch) {
	if n := len(l.Days); n > 0 && l.Days[n-1].Day != day {
		wrong = l.measure(before)
	}
	a := l.on(day)
	wrong = append(wrong, a.judged(c)...)
	l.File += c.Bytes
	for _, g := range c.Gaps {
		switch n := g.To - g.From; {
		case g.To < 0:
			a.LostUnknown++
		case g.Beyond:
			a.Lost += n
			a.There += n
		default:
			a.Lost += n
			l.File += n
		}
	}
	if f := c.Finished; f != nil {
		a.Files++
		a.There += f.Size - l.Measured
		if d := f.Size - l.File; d != 0 {
			wrong = append(wrong, mismatch{wrongFile, fmt.Sprintf("%s, %d bytes", f.Path, f.Size), d})
		}
		begun := newLedger(c.State)
		l.File, l.Measured = begun.File, begun.Measured
	}
	return wrong
}

// judged books the records of a chunk: as they were framed, and as the workers say what became of them.
func (a *Account) judged(c *chunk) []mismatch {
	framed := int64(0)
	for i := range c.Records {
		framed += int64(len(c.Records[i].Data))
	}
	d := &c.done
	a.Records += int64(len(c.Records))
	a.Framing += max(0, c.Bytes-framed) // records that are longer than what was read leave the day short
	a.Events += d.Events
	a.Rejects += d.Rejects
	a.Judged += d.Judged
	a.Rejected += d.Rejected
	off := framed - d.Judged - d.Rejected
	if c.Bytes < framed {
		off = c.Bytes - framed
	}
	if off != 0 || int64(len(c.Records)) != d.Events+d.Rejects {
		return []mismatch{{wrongRecords, fmt.Sprintf("%s, %d records framed, %d events, %d rejects", c.Path, len(c.Records), d.Events, d.Rejects), off}}
	}
	return nil
}

// measure ends a day in the open file, at the committed resume point.
func (l *ledger) measure(at []byte) (wrong []mismatch) {
	offset, ok := source.Offset(at)
	if !ok {
		offset = l.File // between two versions of a source there is nothing to measure by
	}
	if len(l.Days) > 0 {
		l.Days[len(l.Days)-1].There += offset - l.Measured
	}
	if d := offset - l.File; d != 0 {
		wrong = append(wrong, mismatch{wrongOpen, fmt.Sprintf("byte %d of the open file", offset), d})
	}
	l.File, l.Measured = offset, offset
	return wrong
}

// unaccounted says that bytes do not add up: in the log, in a metric, and as an event of its own, which a rule makes an alert.
func (p *Pipeline) unaccounted(src string, m mismatch, c *store.Commit) {
	p.Logger.Error("bytes are not accounted for: a record may have been missed or judged twice; keep the logs and report this",
		zap.String("source", src), zap.String("reason", m.reason), zap.String("place", m.place), zap.Int64("bytes", m.bytes))
	n := max(m.bytes, -m.bytes)
	if m.reason != wrongDay { // the same bytes again
		p.metrics.unaccounted.WithLabelValues(src).Add(float64(n))
	}
	p.happened(engine.Own{Action: "unaccounted", Type: "source", Object: src, Reason: m.reason, Count: n, Place: m.place, At: time.Now().UTC()}, c)
}
