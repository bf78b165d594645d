package decode

import (
	"encoding/binary"
	"math/bits"
	"strings"
)

const (
	wordBits  = 7  // of the table of a native field: 128 words
	wordReach = 4  // places that a word may stand at
	longest   = 64 // bytes of a text that is remembered
	allEnds   = 16 // bytes that are all of a text's ends
	// maxReplaced bounds how often a word gives way to another. A field whose texts are all different would cost memory for each.
	maxReplaced = 4096
)

// words remembers, of one native field, its texts and all that rules read in them: verbs, types and outcomes are few and come
// again and again, and half a dozen rules may ask for each.
type words struct {
	readings []*reading
	table    [1 << wordBits]word
	texts    []string // by number
	read     []string // by number, what each of the readings makes of it
	replaced int
	record   uint64 // the number of the record whose text
	current  int32  // this is, by number; below zero if it is not remembered
}

// word is a text, so that to find one again takes no look at another place in memory.
type word struct {
	ends
	number int32
}

// ends are a text's length and both ends, which is all of a short one.
type ends struct {
	head, tail uint64
	length     int // 0: none
}

// has reports whether it is known what is made of the text that the field has in this record, and makes it the current one.
func (c *words) has(w *Worker, text string) bool {
	if c.record != w.natives.record {
		c.record, c.current = w.natives.record, c.find(w, text)
	}
	return c.current >= 0
}

// reading is the nth reading of a word.
func (c *words) reading(number, nth int32) string {
	return c.read[int(number)*len(c.readings)+int(nth)]
}

// find returns the number of a text, below zero if it cannot be remembered.
func (c *words) find(w *Worker, text string) int32 {
	e := endsOf(text)
	at := e.hash()
	for i := range wordReach {
		known := &c.table[(at+i)%len(c.table)]
		if known.ends == e && (len(text) <= allEnds || c.texts[known.number] == text) {
			return known.number
		}
	}
	return c.learn(w, text, e)
}

// learn remembers a text where there is room, or instead of another.
func (c *words) learn(w *Worker, text string, e ends) int32 {
	if len(text) > longest {
		return -1
	}
	at, free := e.hash(), 0
	for free < wordReach && c.table[(at+free)%len(c.table)].length != 0 {
		free++
	}
	number := int32(len(c.texts))
	if free == wordReach {
		if c.replaced == maxReplaced {
			return -1
		}
		free = c.replaced % wordReach
		if c.replaced++; c.replaced == restless {
			w.plans = plans{}
		}
		number = c.table[(at+free)%len(c.table)].number
	} else {
		c.texts = append(c.texts, "")
		c.read = append(c.read, make([]string, len(c.readings))...)
	}
	c.texts[number] = strings.Clone(text)
	for i, r := range c.readings {
		c.read[int(number)*len(c.readings)+i] = strings.Clone(w.work(r, text))
	}
	c.table[(at+free)%len(c.table)] = word{e, number}
	return number
}

// endsOf reads the ends of a text that is not empty. Where they overlap they say the same twice.
func endsOf(text string) ends {
	b, e := bytesOf(text), ends{length: len(text)}
	switch n := len(b); {
	case n >= 8:
		e.head, e.tail = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[n-8:])
	case n >= 4:
		e.head, e.tail = uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[n-4:]))
	default:
		e.head, e.tail = uint64(b[0])|uint64(b[n/2])<<8, uint64(b[n-1])
	}
	return e
}

// hash is a place in the table: length and ends are enough to tell verbs apart.
func (e *ends) hash() int { return int(e.mixed() * hashFactor >> (64 - wordBits)) }

func (e *ends) mixed() uint64 { return e.head ^ bits.RotateLeft64(e.tail, 7) + uint64(e.length) }

const hashFactor = 0x9e3779b97f4a7c15 // spreads what differs anywhere over the highest bits
