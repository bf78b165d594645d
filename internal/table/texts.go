package table

import (
	"hash/maphash"
	"unsafe"
)

// texts holds a number for each of many texts: a table of hashes beside one slab of all their bytes. What an event asks for is
// seldom in the processor's cache, and a look-up spends its time waiting for memory: three times in a map of strings (the
// group, the key, the text), twice here. It also keeps nothing of the tables that the texts were read from.
type texts struct {
	seed  maphash.Seed
	slots []textSlot // a power of two of them
	slab  []byte
	count int
}

// textSlot is free where its hash is 0.
type textSlot struct {
	hash          uint32
	number        int32
	start, length uint32 // of the text, in the slab: the tables of a set have less than 4 GiB
}

func newTexts() *texts {
	return &texts{seed: maphash.MakeSeed(), slots: make([]textSlot, 8)}
}

// slot is where a text is, or would be.
func (t *texts) slot(text string) (at *textSlot, hash uint32) {
	h := maphash.String(t.seed, text)
	hash = uint32(h>>32) | 1
	for i := h; ; i++ {
		at = &t.slots[i&uint64(len(t.slots)-1)]
		if at.hash == 0 || at.hash == hash && t.text(at) == text {
			return at, hash
		}
	}
}

// text is good until the next one is put.
func (t *texts) text(at *textSlot) string {
	b := t.slab[at.start : at.start+at.length]
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// find returns the number of a text; false if it has none.
func (t *texts) find(text string) (int32, bool) {
	if t == nil {
		return 0, false
	}
	at, _ := t.slot(text)
	return at.number, at.hash != 0
}

// findFolded is find of a text as arguments are written, folded first.
func (t *texts) findFolded(text string) (int32, bool) {
	if isFolded(text) {
		return t.find(text)
	}
	var buf [keyBytes]byte
	b := fold(buf[:0], text)
	return t.find(unsafe.String(unsafe.SliceData(b), len(b))) // find keeps nothing of it
}

// put gives a text a number, unless it has one, and returns the one that it has then.
func (t *texts) put(text string, number int32) int32 {
	at, hash := t.slot(text)
	if at.hash != 0 {
		return at.number
	}
	*at = textSlot{hash, number, uint32(len(t.slab)), uint32(len(text))}
	t.slab = append(t.slab, text...)
	if t.count++; 4*t.count > 3*len(t.slots) {
		t.grow()
	}
	return number
}

// set gives a text that has a number another.
func (t *texts) set(text string, number int32) {
	at, _ := t.slot(text)
	at.number = number
}

func (t *texts) grow() {
	old := t.slots
	t.slots = make([]textSlot, 2*len(old))
	for _, s := range old {
		if s.hash != 0 {
			at, _ := t.slot(t.text(&s))
			*at = s
		}
	}
}
