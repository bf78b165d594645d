package engine

import (
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"probity/internal/window"
)

// recentTexts remembers the strings that a matcher made of late: the same people come again and again, and what names them in a key
// would otherwise be made anew for each event, to be thrown away where the window already has it. Each string has one place, so
// the memory is bounded and nothing is ever looked for twice.
type recentTexts struct {
	buffer []byte   // for whoever puts a text together
	fields []string // or several
	ofText [textsKept]recentText
	ofList [textsKept / 4]*window.Captured
}

// recentText has the hash beside the text, so that one that is not it is told without a look at it.
type recentText struct {
	hash uint64
	text string
}

const (
	textsKept   = 4096
	textLongest = 256 // bytes; longer ones are made anew
)

// text returns a text that owns its memory.
func (t *recentTexts) text(b []byte) string {
	if len(b) > textLongest {
		return string(b)
	}
	hash := xxhash.Sum64(b)
	at := &t.ofText[hash%uint64(len(t.ofText))]
	if at.hash != hash || at.text != string(b) {
		*at = recentText{hash, string(b)}
	}
	return at.text
}

// captured returns texts as an entry holds them: they own their memory. Nobody writes to what entries hold, so they may share it.
func (t *recentTexts) captured(of ...string) *window.Captured {
	hash, length := uint64(0), 0
	for _, text := range of {
		hash = hash*31 + xxhash.Sum64String(text)
		length += len(text)
	}
	at := &t.ofList[hash%uint64(len(t.ofList))]
	if *at != nil && slices.Equal(**at, of) {
		return *at
	}
	c := make(window.Captured, len(of))
	for i, text := range of {
		c[i] = strings.Clone(text)
	}
	if length <= textLongest {
		*at = &c
	}
	return &c
}
