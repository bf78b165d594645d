package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// About returns the entries whose body names an alert under id, oldest first, up to entry upTo. An entry that was redacted
// names nothing any more.
func About(dir, id string, upTo uint64) ([]Stored, error) {
	quoted, err := json.Marshal(id)
	if err != nil {
		return nil, err
	}
	// A body is JSON inside of a JSON string.
	needle, err := json.Marshal(`"id":` + string(quoted))
	if err != nil {
		return nil, err
	}
	numbers, err := segments(dir)
	if err != nil {
		return nil, err
	}
	var list []Stored
	for _, n := range numbers {
		seqs, err := bodiesWith(bodiesPath(dir, n), needle[1:len(needle)-1], id)
		if err != nil {
			return nil, err
		}
		for _, seq := range seqs {
			if seq > upTo {
				break
			}
			s, err := Read(dir, seq)
			if err != nil {
				return nil, err
			}
			list = append(list, s)
		}
	}
	return list, nil
}

// bodiesWith lists the entries whose bodies are of the alert.
func bodiesWith(path string, needle []byte, id string) (seqs []uint64, err error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	bodies := readLines(f, path)
	for {
		p, err := bodies.next()
		if errors.Is(err, io.EOF) {
			return seqs, nil
		}
		if err != nil {
			return nil, err
		}
		if !bytes.Contains(p, needle) {
			continue
		}
		b, err := decodeBody(p)
		if err != nil {
			return nil, damage(path, fmt.Sprintf("line %d (byte %d)", bodies.number, bodies.offset), fmt.Sprintf("not a body: %v", err))
		}
		var of struct {
			ID string `json:"id"`
		}
		if json.Unmarshal([]byte(b.Text), &of) == nil && of.ID == id {
			seqs = append(seqs, b.Seq)
		}
	}
}
