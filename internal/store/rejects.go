package store

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"
)

// rejectLine is a line of rejects.jsonl.
type rejectLine struct {
	At     time.Time `json:"at"`
	Source string    `json:"source"`
	Path   string    `json:"log.file.path"`
	Offset int64     `json:"log.offset"`
	Reason string    `json:"reason"`
	Detail string    `json:"detail,omitempty"`
	Data   string    `json:"event.original"`   // exact bytes; base64 if Base64
	Base64 bool      `json:"base64,omitempty"` // Data is not valid UTF-8
}

func encodeRejects(rejects []Reject) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // a person reads these lines
	for i := range rejects {
		r := &rejects[i]
		l := rejectLine{At: r.At.UTC(), Source: r.Source, Path: r.Path, Offset: r.Offset, Reason: r.Reason, Detail: r.Detail, Data: string(r.Data)}
		if !utf8.Valid(r.Data) {
			l.Base64, l.Data = true, base64.StdEncoding.EncodeToString(r.Data)
		}
		if err := enc.Encode(&l); err != nil {
			return nil, fmt.Errorf("reject of source %s at offset %d: %w", r.Source, r.Offset, err)
		}
	}
	return buf.Bytes(), nil
}
