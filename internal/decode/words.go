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
	// maxReplaced bounds how often a word gives way to another. A field whose texts are all different would cost memory for each.
	maxReplaced = 4096
)

// words remembers, of one native field, its texts and all that rules read in them: verbs, types and outcomes are few and come
// again and again, and half a dozen rules may ask for each.
type words struct {
	readings []reading
	table    [1 << wordBits]*word
	replaced int
	record   uint64 // the number of the record whose text
	current  *word  // this is; nil if it is not remembered
}

type word struct {
	text     string
	readings []string
}

// word returns what is known of the text that the field has in this record, nil if it cannot be remembered.
func (c *words) word(w *Worker, text string) *word {
	if c.record != w.natives.record {
		c.record, c.current = w.natives.record, c.find(w, text)
	}
	return c.current
}

func (c *words) find(w *Worker, text string) *word {
	at := wordHash(text)
	for i := range wordReach {
		known := c.table[(at+i)%len(c.table)]
		if known == nil {
			break
		}
		if known.text == text {
			return known
		}
	}
	return c.learn(w, text, at)
}

// learn remembers a text where there is room, or instead of another.
func (c *words) learn(w *Worker, text string, at int) *word {
	if len(text) > longest {
		return nil
	}
	free := 0
	for free < wordReach && c.table[(at+free)%len(c.table)] != nil {
		free++
	}
	if free == wordReach {
		if c.replaced == maxReplaced {
			return nil
		}
		free = c.replaced % wordReach
		c.replaced++
	}
	known := &word{text: strings.Clone(text), readings: make([]string, len(c.readings))}
	for i := range c.readings {
		known.readings[i] = strings.Clone(w.work(&c.readings[i], text))
	}
	c.table[(at+free)%len(c.table)] = known
	return known
}

// wordHash looks at the length and both ends: enough to tell verbs apart.
func wordHash(text string) int {
	var ends uint64
	switch b := bytesOf(text); {
	case len(b) >= 8:
		ends = binary.LittleEndian.Uint64(b) ^ bits.RotateLeft64(binary.LittleEndian.Uint64(b[len(b)-8:]), 7)
	default:
		for _, c := range b {
			ends = ends<<8 | uint64(c)
		}
	}
	return int((ends + uint64(len(text))) * 0x9e3779b97f4a7c15 >> (64 - wordBits))
}
