package store

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"

	"probity/internal/fsx"
)

// rejectLine is a line of rejects.jsonl.
type rejectLine struct {
	At     time.Time `json:"at"`
	Source string    `json:"source"`
	Path   string    `json:"log.file.path"`
	Offset int64     `json:"log.offset"`
	Reason string    `json:"reason"`
	Detail string    `json:"detail,omitempty"`
	Data   string    `json:"event.original"`      // exact bytes; base64 if Base64
	Base64 bool      `json:"base64,omitempty"`    // Data is not valid UTF-8, or holds NULs
	NULs   int64     `json:"nul_bytes,omitempty"` // instead of Data: it is so many NULs and nothing else
}

func encodeRejects(rejects []Reject) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // a person reads these lines
	for i := 0; i < len(rejects); i++ {
		r := &rejects[i]
		l := rejectLine{At: r.At.UTC(), Source: r.Source, Path: r.Path, Offset: r.Offset, Reason: r.Reason, Detail: r.Detail, Data: string(r.Data)}
		switch {
		case hole(r.Data): // JSON would take six bytes for each
			for l.NULs, l.Data = int64(len(r.Data)), ""; i+1 < len(rejects) && goesOn(r, l.NULs, &rejects[i+1]); i++ {
				l.NULs += int64(len(rejects[i+1].Data))
			}
		case !utf8.Valid(r.Data) || bytes.IndexByte(r.Data, 0) >= 0:
			l.Base64, l.Data = true, base64.StdEncoding.EncodeToString(r.Data)
		}
		start := buf.Len()
		if err := enc.Encode(&l); err != nil {
			return nil, fmt.Errorf("reject of source %s at offset %d: %w", r.Source, r.Offset, err)
		}
		buf.Truncate(buf.Len() - len("}\n"))
		fmt.Fprintf(&buf, rejectSum, xxhash.Sum64(buf.Bytes()[start:]))
	}
	return buf.Bytes(), nil
}

// hole says that data is NULs and nothing else.
func hole(data []byte) bool {
	return len(data) > 0 && len(bytes.TrimLeft(data, "\x00")) == 0
}

// goesOn says that next is a further piece of the hole that begins with r and is n bytes long so far.
func goesOn(r *Reject, n int64, next *Reject) bool {
	return hole(next.Data) && next.Source == r.Source && next.Path == r.Path && next.Reason == r.Reason && next.Offset == r.Offset+n
}

// rejectSum ends a line: a checksum of what stands before it in the line.
const (
	rejectSum      = ",\"sum\":\"%016x\"}\n"
	rejectSumBytes = len(`,"sum":"0123456789abcdef"}`) + 1
)

// rejectIntact says whether a line, newline included, is as it was written.
func rejectIntact(line []byte) bool {
	n := len(line) - rejectSumBytes
	return n > 0 && string(line[n:]) == fmt.Sprintf(rejectSum, xxhash.Sum64(line[:n]))
}

// checkRejects reads the first size bytes of rejects.jsonl. From byte summed on its lines have checksums. bad is told of each
// line that is not as it was written.
func checkRejects(path string, size, summed int64, bad func(*fsx.Damage)) (lines int, err error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) && size == 0 {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		return 0, err
	} else if info.Size() < size {
		bad(rejectsShort(path, info.Size(), size))
		return 0, nil
	}
	r := bufio.NewReaderSize(io.LimitReader(f, size), 1<<16)
	for at := int64(0); ; lines++ {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return lines, nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return lines, err
		}
		if at >= summed && !rejectIntact(line) || at < summed && !json.Valid(line) {
			bad(&fsx.Damage{File: path, At: fmt.Sprintf("line %d (byte %d)", lines+1, at), What: "the line is not as it was written",
				Do: "No alert depends on it: the record stands in its log file still, or in the archive copy of it. Restoring the state folder from a backup brings the line back"})
		}
		at += int64(len(line))
	}
}

func rejectsShort(path string, have, want int64) *fsx.Damage {
	return &fsx.Damage{File: path, At: fmt.Sprintf("byte %d", have), What: fmt.Sprintf("the file ends here; %d bytes were committed", want), Do: restore}
}
