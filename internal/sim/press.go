package sim

import "time"

// press turns acts into lines, in order of arrival, and holds the counters that
// the real systems have.
type press struct {
	f        *Force
	auditID  int64
	pncSeq   map[string]int64 // by terminal
	stormSeq [2]int64         // by host
	crimes   uint32
	page     []byte // lines are cut from it
	clock    wallClock
}

const pageBytes = 64 << 10

func newPress(f *Force) *press {
	return &press{
		f: f, pncSeq: map[string]int64{}, clock: wallClock{uk: f.cal.uk},
		auditID:  40_000_000 + int64(f.roll(forNumbers, 0, 1)%9_000_000),
		stormSeq: [2]int64{int64(f.roll(forNumbers, 0, 2) % 90_000), int64(f.roll(forNumbers, 0, 3) % 90_000)},
		crimes:   uint32(f.roll(forNumbers, 0, 4)),
	}
}

// line writes one. The bytes are never written again.
func (p *press) line(a act) Line {
	if cap(p.page)-len(p.page) < 4096 {
		p.page = make([]byte, 0, pageBytes)
	}
	start := len(p.page)
	s := a.entry.system()
	p.page = a.entry.write(p.page, p, a.at+p.f.skew(s, a.at))
	end := len(p.page)
	return Line{At: a.arrive.time(), System: systemNames[s], File: fileNames[s], Bytes: p.page[start:end:end]}
}

// header is the first line of the Niche file. It arrives as the span begins.
func (p *press) header() Line {
	return Line{At: p.f.cal.midnight(0).time(), System: systemNames[niche], File: fileNames[niche], Bytes: []byte(nicheHeader)}
}

// wallClock writes UK local times; it remembers the offset of the hour, for
// asking the zone for each line would be the dearest part of it.
type wallClock struct {
	uk     *time.Location
	hour   instant
	offset instant
}

// local is t shifted by the UK offset, to be written as if it were UTC.
func (c *wallClock) local(t instant) (shifted, offset instant) {
	if h := t / hour; h != c.hour {
		_, s := time.UnixMilli(int64(t)).In(c.uk).Zone()
		c.hour, c.offset = h, instant(s)*second
	}
	return t + c.offset, c.offset
}

// appendDate appends 2026-03-02 of a moment read as UTC.
func appendDate(b []byte, t instant) []byte {
	y, m, d := t.time().Date()
	b = appendPadded(b, y, 4)
	b = append(b, '-')
	b = appendPadded(b, int(m), 2)
	b = append(b, '-')
	return appendPadded(b, d, 2)
}

// appendClock appends 14:05:17 of a moment read as UTC.
func appendClock(b []byte, t instant) []byte {
	s := int(t / second % 86400)
	b = appendPadded(b, s/3600, 2)
	b = append(b, ':')
	b = appendPadded(b, s/60%60, 2)
	b = append(b, ':')
	return appendPadded(b, s%60, 2)
}

// appendMillis appends .123.
func appendMillis(b []byte, t instant) []byte {
	return appendPadded(append(b, '.'), int(t%second), 3)
}

// appendStamp appends 2026-03-02T14:05:17, and .123 when asked.
func appendStamp(b []byte, t instant, separator byte, millis bool) []byte {
	b = appendClock(append(appendDate(b, t), separator), t)
	if millis {
		b = appendMillis(b, t)
	}
	return b
}

func appendPadded(b []byte, n, digits int) []byte {
	for div := pow10(digits - 1); div > 0; div /= 10 {
		b = append(b, byte('0'+n/div%10))
	}
	return b
}

func pow10(n int) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}
