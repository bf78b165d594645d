package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// hostile are lines that no log should hold. Those that cannot be decoded are rejects, kept whole with their place; the
// others are lines 0, 1, … of the flood in disguise.
var hostile = []struct {
	name   string
	line   string // without its newline
	judged bool
}{
	{"no UTF-8", "\xff\xfe{\"t\":\"\x80\"}", false},
	{"no UTF-8 within a field", "", true}, // filled in by disguised
	{"NUL", strings.Repeat("\x00", 100), false},
	{"a hole before a line", "", true},
	{"NUL within a field", "", true},
	{"a carriage return at the end", "", true},
	{"a byte order mark in the middle of the file", "", true},
	{"terminal escapes", "", true},
	{"terminal escapes alone", "\x1b]0;owned\x07\x1b[2J\x1b[31mALL IS WELL", false},
	{"JSON 10,000 deep", strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000), false},
	{"arrays 10,000 deep", `{"t":"2026-03-02T08:00:00Z","n":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + "}", false},
	{"ten megabytes", strings.Repeat("x", 10<<20), false},
	{"a time that is none", `{"t":"yesterday","u":"u1","a":"view","n":"1"}`, false},
}

// disguised is line n as the case of that name has it.
func disguised(name string, n int) string {
	line := strings.TrimSuffix(floodLine(n, floodBegins.Add(time.Duration(n)*100*time.Millisecond), "view"), "\n")
	with := func(field string) string { return strings.Replace(line, `"a":`, `"x":"`+field+`","a":`, 1) }
	switch name {
	case "NUL within a field":
		return with(`\u0000`)
	case "no UTF-8 within a field":
		return with("\xc3\x28\xff")
	case "a hole before a line":
		return strings.Repeat("\x00", 5000) + line
	case "a byte order mark in the middle of the file":
		return "\xef\xbb\xbf" + line
	case "a carriage return at the end":
		return line + "\r"
	case "terminal escapes":
		return with(`\u001b[2J\u001b]0;owned\u0007`)
	}
	panic(name)
}

// Fault 23.
func TestHostileInputIsRejectedWithItsPlaceAndStopsNothing(t *testing.T) {
	t.Parallel()
	f := newFlood(t)
	p := f.run()
	var whole bytes.Buffer
	whole.WriteString("\xef\xbb\xbf") // where it belongs, it belongs to no line
	places := map[string]int64{}      // of those that are rejected
	for _, h := range hostile {
		whole.WriteString(f.next(1)) // what comes before and behind is judged
		line := h.line
		if h.judged {
			line = disguised(h.name, f.n)
			f.n++
		} else {
			places[h.name] = int64(whole.Len())
		}
		whole.WriteString(line + "\n")
	}
	whole.WriteString(f.next(1))
	f.add(log, whole.String())
	f.hold(p)
	rejects := f.rejects()
	for _, h := range hostile {
		if h.judged {
			continue
		}
		var got strings.Builder // a long one comes in pieces
		for piece := " "; piece != "" && got.Len() < len(h.line); got.WriteString(piece) {
			piece = rejects[places[h.name]+int64(got.Len())]
		}
		if got.String() != h.line {
			t.Errorf("%s: the rejects at byte %d hold %d bytes of %d, %.60q", h.name, places[h.name], got.Len(), len(h.line), got.String())
		}
	}
	if strings.ContainsAny(p.log(), "\x1b\x00\x07") {
		t.Error("the log on standard error holds control characters")
	}
	t.Logf("peak %d MiB", f.peak(p))
}

// rejects are the bytes of rejects.jsonl by their place. Several pieces of one record lie beside each other.
func (f *flood) rejects() map[int64]string {
	f.t.Helper()
	file, err := os.Open(f.path("state/rejects.jsonl"))
	f.must(err)
	defer file.Close()
	out := map[int64]string{}
	for d := json.NewDecoder(file); ; {
		var r struct {
			Offset int64  `json:"log.offset"`
			Data   string `json:"event.original"`
			Base64 bool   `json:"base64"`
			NULs   int    `json:"nul_bytes"`
		}
		if err := d.Decode(&r); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			f.t.Fatal(err)
		}
		if r.Base64 {
			b, err := base64.StdEncoding.DecodeString(r.Data)
			f.must(err)
			r.Data = string(b)
		}
		out[r.Offset] = r.Data + strings.Repeat("\x00", r.NULs)
	}
}

// peak is the daemon's peak after its end, from what the system kept of it.
func (f *flood) peak(p *process) int {
	return int(p.ProcessState.SysUsage().(*syscall.Rusage).Maxrss >> 10)
}

// A file without a single newline: it is cut into pieces, so that memory does not grow with it.
func TestAHugeFileWithoutANewlineTakesBoundedMemory(t *testing.T) {
	t.Parallel()
	withoutNewline(t, "x", 96<<20, 250)
}

// withoutNewline writes so many bytes without a newline between two lines.
func withoutNewline(t *testing.T, of string, size, limit int) {
	f := newFlood(t)
	f.write("probity.yaml", strings.Replace(floodConfig, "batch: 40, ", "", 1)) // as many records a batch as a force has
	p := f.run()
	f.add(log, f.next(5))
	block := strings.Repeat(of, 1<<20)
	for range size >> 20 {
		f.add(log, block)
	}
	f.add(log, "\n"+f.next(5))
	f.awaitWithin(p, 5*time.Minute)
	if rejects := p.metric("probity_rejects_total"); rejects < float64(size>>20) {
		t.Errorf("%v rejects", rejects)
	}
	peak := p.peak()
	t.Logf("%d MiB of %q without a newline: peak %d MiB", size>>20, of, peak)
	if peak > limit {
		t.Errorf("peak %d MiB, limit %d", peak, limit)
	}
	f.hold(p)
}
