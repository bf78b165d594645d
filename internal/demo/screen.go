package demo

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

const plainWidth = 110 // where there is no terminal to ask

// screen is where the demo writes: blocks of text and, on a terminal, one line at the bottom that says how far it is.
type screen struct {
	width   int
	colours bool
	live    bool // a terminal
	broken  func(error)

	mu     sync.Mutex
	out    io.Writer
	bottom string
}

// newScreen writes to out. Colours need a terminal and no NO_COLOR (no-color.org). broken is told when out takes no more.
func newScreen(out io.Writer, broken func(error)) *screen {
	s := &screen{out: out, width: plainWidth, broken: broken}
	file, ok := out.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return s
	}
	size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return s
	}
	s.live, s.colours = true, os.Getenv("NO_COLOR") == ""
	if size.Col >= 40 {
		s.width = int(size.Col)
	}
	return s
}

// print writes whole lines above the bottom line.
func (s *screen) print(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write(s.erase() + text + s.bottom)
}

// status replaces the bottom line; "" removes it.
func (s *screen) status(text string) {
	if !s.live {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	text = shorten(text, s.width-1) // a line that wraps could not be erased
	if text == s.bottom {
		return
	}
	erase := s.erase()
	s.bottom = text
	s.write(erase + text)
}

func (s *screen) erase() string {
	if s.bottom == "" {
		return ""
	}
	return "\r\x1b[K"
}

func (s *screen) write(text string) {
	if _, err := io.WriteString(s.out, text); err != nil {
		s.broken(fmt.Errorf("writing: %w", err))
	}
}

// The colours used.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	yellow = "33"
	cyan   = "36"
	alarm  = "1;37;41" // white on red
)

func (s *screen) paint(colour, text string) string {
	if !s.colours {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// wrap breaks text into lines of at most width characters at spaces.
func wrap(text string, width int) []string {
	var lines []string
	line, length := "", 0
	for _, word := range strings.Fields(text) {
		n := len([]rune(word))
		if length > 0 && length+1+n > width {
			lines, line, length = append(lines, line), "", 0
		}
		if length > 0 {
			line, length = line+" ", length+1
		}
		line, length = line+word, length+n
	}
	return append(lines, line)
}

// shorten cuts text to at most width characters, the last of them a sign that it was cut.
func shorten(text string, width int) string {
	r := []rune(text)
	if len(r) <= width {
		return text
	}
	return string(r[:max(width-1, 0)]) + "…"
}
