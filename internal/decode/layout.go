package decode

import (
	"strconv"
	"strings"
	"time"
)

// layout is one way in which times are written.
type layout struct {
	kind  layoutKind
	text  string    // Go's layout
	zoned bool      // the text says its offset from UTC
	named bool      // by a zone's abbreviation, which means something in the configured zone only
	fast  []element // nil if the layout has more than digits; then package time reads it
	date  int       // with fast, bytes of the date before 15:04:05, 0 if the layout is another
	tail  []element // with date: what stands behind 15:04:05
}

type layoutKind uint8

const (
	layoutGo layoutKind = iota
	layoutUnix
	layoutUnixMilli
	layoutStamp // RFC 3164: no year
)

// element is a number of so many digits, a literal byte, a fraction or an offset.
type element struct {
	part  byte // one of the letters below
	width int
	char  byte
}

const (
	partYear     = 'Y'
	partMonth    = 'M'
	partDay      = 'D'
	partHour     = 'h'
	partMinute   = 'm'
	partSecond   = 's'
	partFraction = 'f' // width digits; 0: any number of them, or none
	partOffset   = 'z' // Z or ±hh:mm
	partLiteral  = 'l'
)

func parseLayout(text string) layout {
	switch text {
	case "rfc3339":
		text = time.RFC3339
	case "unix":
		return layout{kind: layoutUnix, zoned: true}
	case "unix_ms":
		return layout{kind: layoutUnixMilli, zoned: true}
	case "stamp":
		return layout{kind: layoutStamp, text: time.Stamp}
	}
	l := layout{
		text:  text,
		zoned: strings.Contains(text, "Z07") || strings.Contains(text, "-07") || strings.Contains(text, "MST"),
		named: strings.Contains(text, "MST"),
		fast:  elements(text),
	}
	l.date, l.tail = dateBefore(l.fast)
	return l
}

var numbers = []struct {
	text string
	part byte
}{
	{"2006", partYear}, {"01", partMonth}, {"02", partDay}, {"15", partHour}, {"04", partMinute}, {"05", partSecond},
}

// elements takes a Go layout apart, nil if it has anything but fixed numbers, fractions, offsets and punctuation.
func elements(text string) []element {
	var out []element
	for text != "" {
		e, rest, ok := nextElement(text)
		if !ok {
			return nil
		}
		if n := len(out); n > 0 && out[n-1].part == partSecond && e.part != partFraction {
			out = append(out, element{part: partFraction}) // package time reads a fraction there even if the layout has none
		}
		out = append(out, e)
		text = rest
	}
	if n := len(out); n > 0 && out[n-1].part == partSecond {
		out = append(out, element{part: partFraction})
	}
	return out
}

func nextElement(text string) (e element, rest string, ok bool) {
	for _, n := range numbers {
		if rest, ok := strings.CutPrefix(text, n.text); ok {
			return element{part: n.part, width: len(n.text)}, rest, true
		}
	}
	if rest, ok := strings.CutPrefix(text, "Z07:00"); ok {
		return element{part: partOffset}, rest, true
	}
	for _, digit := range []string{"0", "9"} {
		rest := strings.TrimLeft(text[1:], digit)
		width := len(text) - 1 - len(rest)
		if text[0] != '.' || width == 0 || rest != "" && rest[0] >= '0' && rest[0] <= '9' { // as in 02.01.2006
			continue
		}
		if digit == "9" {
			width = 0
		}
		return element{part: partFraction, width: width}, rest, true
	}
	if strings.IndexByte(" -/:.T", text[0]) >= 0 {
		return element{part: partLiteral, char: text[0]}, text[1:], true
	}
	return element{}, text, false
}

// civil is a time as it is written: seconds since 1970 as if it were UTC, and the offset if the text has one.
type civil struct {
	seconds int64
	nanos   int64
	offset  int64
	zoned   bool
}

// read reads text. The fast way accepts only what package time accepts, and reads it the same; a test holds that.
func (l *layout) read(text string, zone *time.Location, year int, before *dayBefore) (civil, bool) {
	switch l.kind {
	case layoutUnix, layoutUnixMilli:
		return readUnix(text, l.kind == layoutUnixMilli)
	case layoutStamp:
		t, err := time.Parse(l.text, text)
		if err != nil {
			return civil{}, false
		}
		day := time.Date(year, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
		return civil{seconds: day.Unix(), nanos: int64(day.Nanosecond())}, day.Day() == t.Day()
	}
	if l.fast != nil {
		if c, ok := before.read(l, text); ok {
			return c, true
		}
		if l.goesOn(text, before) {
			return civil{}, false
		}
	}
	if !l.zoned {
		t, err := time.Parse(l.text, text)
		return civil{seconds: t.Unix(), nanos: int64(t.Nanosecond())}, err == nil
	}
	t, err := time.ParseInLocation(l.text, text, zone)
	if err != nil || l.named && t.Location() != zone && t.Location() != time.UTC {
		return civil{}, false // package time makes up a zone for an abbreviation that it does not know
	}
	return civil{seconds: t.Unix(), nanos: int64(t.Nanosecond()), zoned: true}, true
}

// readUnix reads seconds, with a fraction or not, or milliseconds.
func readUnix(text string, milli bool) (civil, bool) {
	whole, fraction, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || len(fraction) > 9 || n < 0 {
		return civil{}, false
	}
	nanos := int64(0)
	for i := range 9 {
		nanos *= 10
		if i < len(fraction) {
			if fraction[i] < '0' || fraction[i] > '9' {
				return civil{}, false
			}
			nanos += int64(fraction[i] - '0')
		}
	}
	if milli {
		return civil{seconds: n / 1000, nanos: n%1000*1e6 + nanos/1000, zoned: true}, true
	}
	return civil{seconds: n, nanos: nanos, zoned: true}, true
}

// readElements reads text digit by digit.
func readElements(elements []element, text string) (civil, bool) {
	var c civil
	date := [...]int{partMonth - 'A': 1, partDay - 'A': 1, partSecond - 'A': 0} // time.Parse's defaults
	for _, e := range elements {
		switch e.part {
		case partLiteral:
			if text == "" || text[0] != e.char {
				return c, false
			}
			text = text[1:]
		case partFraction:
			n, rest, ok := readFraction(text, e.width)
			if !ok {
				return c, false
			}
			c.nanos, text = n, rest
		case partOffset:
			n, rest, ok := readOffset(text)
			if !ok {
				return c, false
			}
			c.offset, c.zoned, text = n, true, rest
		default:
			n, ok := readDigits(text, e.width)
			if !ok {
				return c, false
			}
			date[e.part-'A'], text = n, text[e.width:]
		}
	}
	y, m, d := date[partYear-'A'], date[partMonth-'A'], date[partDay-'A']
	hour, minute, second := date[partHour-'A'], date[partMinute-'A'], date[partSecond-'A']
	if text != "" || m < 1 || m > 12 || d < 1 || d > daysIn(y, m) || hour > 23 || minute > 59 || second > 59 {
		return c, false
	}
	c.seconds = daysSince1970(y, m, d)*86400 + int64(hour*3600+minute*60+second) - c.offset
	return c, true
}

func readDigits(text string, width int) (int, bool) {
	if len(text) < width {
		return 0, false
	}
	n := 0
	for i := range width {
		d := text[i] - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + int(d)
	}
	return n, true
}

// readFraction reads ".123" as nanoseconds: exactly width digits, or up to nine, or none.
func readFraction(text string, width int) (nanos int64, rest string, ok bool) {
	if text == "" || text[0] != '.' {
		return 0, text, width == 0
	}
	i := 1
	for ; i < len(text) && text[i] >= '0' && text[i] <= '9'; i++ {
		if i > 9 {
			return 0, text, false
		}
		nanos = nanos*10 + int64(text[i]-'0')
	}
	digits := i - 1
	if digits == 0 || width > 0 && digits != width {
		return 0, text, false
	}
	return nanos * scales[digits], text[i:], true
}

// scales are by how much a number of so many digits behind the point is multiplied.
var scales = [10]int64{1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 1e1, 1}

// readOffset reads Z or ±hh:mm as seconds east of UTC.
func readOffset(text string) (seconds int64, rest string, ok bool) {
	if strings.HasPrefix(text, "Z") {
		return 0, text[1:], true
	}
	if len(text) < len("+00:00") || text[0] != '+' && text[0] != '-' || text[3] != ':' {
		return 0, text, false
	}
	hours, ok1 := readDigits(text[1:], 2)
	minutes, ok2 := readDigits(text[4:], 2)
	if !ok1 || !ok2 || hours > 23 || minutes > 59 {
		return 0, text, false
	}
	seconds = int64(hours*3600 + minutes*60)
	if text[0] == '-' {
		seconds = -seconds
	}
	return seconds, text[6:], true
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// daysSince1970 counts days of the proleptic Gregorian calendar; years begin in March so that the leap day comes last.
func daysSince1970(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	y := int64(year)
	return 365*y + floorDiv(y, 4) - floorDiv(y, 100) + floorDiv(y, 400) + int64(153*(month-3)+2)/5 + int64(day) - 719469
}

func floorDiv(a, b int64) int64 {
	if a < 0 {
		return -((b - 1 - a) / b)
	}
	return a / b
}
