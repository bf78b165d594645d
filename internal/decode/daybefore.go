package decode

import (
	"encoding/binary"
	"strings"
)

// maxDate is the longest date that is remembered, as 2006-01-02T.
const maxDate = 16

// timeOfDay is how a time of day is written behind a date.
const timeOfDay = "15:04:05"

// dateBefore returns how many bytes of date stand before a time of day, and what stands behind that; 0 if the layout is not
// written so.
func dateBefore(fast []element) (date int, tail []element) {
	for i, e := range fast {
		switch e.part {
		case partYear, partMonth, partDay:
			date += e.width
		case partLiteral:
			date++
		case partHour:
			if !isTimeOfDay(fast[i:]) || date > maxDate {
				return 0, nil
			}
			return date, fast[i+5:]
		default:
			return 0, nil
		}
	}
	return 0, nil
}

// isTimeOfDay reports whether elements are those of timeOfDay, and behind them at most a fraction and an offset.
func isTimeOfDay(elements []element) bool {
	const parts = string(partHour) + string(partLiteral) + string(partMinute) + string(partLiteral) + string(partSecond)
	if len(elements) < len(parts) || elements[1].char != ':' || elements[3].char != ':' {
		return false
	}
	for i, e := range elements {
		if i < len(parts) && e.part != parts[i] || i >= len(parts) && e.part != partFraction && e.part != partOffset {
			return false
		}
	}
	return true
}

// dayBefore is the date of the record before, by one layout. Mostly it is this record's too, and only the time of day is read.
type dayBefore struct {
	text  [maxDate]byte // as far as layout.date goes
	known bool
	start int64 // civil seconds
}

// read reads text the fast way.
func (d *dayBefore) read(l *layout, text string) (civil, bool) {
	if d.known && len(text) >= l.date+len(timeOfDay) && string(d.text[:l.date]) == text[:l.date] {
		c, ok := readTimeOfDay(l.tail, text[l.date:])
		c.seconds += d.start
		return c, ok
	}
	c, ok := readElements(l.fast, text)
	if ok && l.date > 0 {
		copy(d.text[:], text[:l.date])
		d.start, d.known = floorDiv(c.seconds+c.offset, day)*day, true
	}
	return c, ok
}

// readTimeOfDay reads a text of 8 bytes or more.
func readTimeOfDay(tail []element, text string) (c civil, ok bool) {
	const colons, digits = 0x00003a00003a0000, 0x3030003030003030 // as 00:00:00 reads from its last byte to its first
	eight := binary.LittleEndian.Uint64(bytesOf(text))
	d := eight ^ (colons | digits)   // now each byte is a digit's value, or nothing for a colon
	const over9 = 0x7676007676007676 // with it each digit above 9 reaches the highest bit, which no other byte may have
	if d&0x8080ff8080ff8080 != 0 || (d+over9)&0x8080808080808080 != 0 {
		return civil{}, false
	}
	hour, minute, second := d&0xff*10+d>>8&0xff, d>>24&0xff*10+d>>32&0xff, d>>48&0xff*10+d>>56
	if hour > 23 || minute > 59 || second > 59 {
		return civil{}, false
	}
	text = text[len(timeOfDay):]
	for _, e := range tail {
		if e.part == partFraction {
			c.nanos, text, ok = readFraction(text, e.width)
		} else {
			c.offset, text, ok = readOffset(text)
			c.zoned = true
		}
		if !ok {
			return civil{}, false
		}
	}
	c.seconds = int64(hour*3600+minute*60+second) - c.offset
	return c, text == ""
}

// goesOn reports whether text is a time by l, which ends with the time of day, and then something that is no fraction: as the Z of
// the next layout. Package time says no to that, too, but takes its time and allocates the error.
func (l *layout) goesOn(text string, before *dayBefore) bool {
	end := l.date + len(timeOfDay)
	if l.date == 0 || len(text) <= end || len(l.tail) != 1 || l.tail[0] != (element{part: partFraction}) {
		return false
	}
	if _, ok := before.read(l, text[:end]); !ok {
		return false
	}
	rest := text[end:]
	if rest[0] == '.' || rest[0] == ',' {
		rest = strings.TrimLeft(rest[1:], "0123456789")
	}
	return rest != ""
}
