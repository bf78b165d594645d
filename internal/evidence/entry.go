package evidence

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Entry is something to be recorded.
type Entry struct {
	Kind string // what it is, in small letters and hyphens: alert, disposition, shown, delivery, reload, gap, idle, generation, dipcheck, start, stop
	Body any    // marshalled to JSON
}

const (
	saltBytes    = 16
	hashDigits   = 2 * sha256.Size
	maxLineBytes = 64 << 20
	maxKindBytes = 40
)

// zeroHash stands before the first entry.
var zeroHash = string(bytes.Repeat([]byte{'0'}, hashDigits))

// link is one line of the chain.
type link struct {
	Seq      uint64 `json:"seq"`
	Prev     string `json:"prev"`
	At       string `json:"at"`
	Kind     string `json:"kind"`
	BodyHash string `json:"body_hash"`
}

// body is one line of a bodies file.
type body struct {
	Seq  uint64 `json:"seq"`
	Salt string `json:"salt"`
	Text string `json:"body"`
}

func (b *body) redacted() bool { return b.Salt == "" && b.Text == "" }

func (b *body) hash() string { return hash([]byte(b.Salt + b.Text)) }

func hash(p []byte) string {
	sum := sha256.Sum256(p)
	return hex.EncodeToString(sum[:])
}

// line encodes v as the one form in which it is written, newline included.
func line(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // a person reads these lines
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	if buf.Len() > maxLineBytes {
		return nil, fmt.Errorf("%d bytes; a line holds at most %d", buf.Len(), maxLineBytes)
	}
	return buf.Bytes(), nil
}

// encode returns the two lines of e and the hash of the first.
func encode(e Entry, seq uint64, prev string, at time.Time) (linkLine, bodyLine []byte, own string, err error) {
	if err := checkKind(e.Kind); err != nil {
		return nil, nil, "", err
	}
	text, err := json.Marshal(e.Body)
	if err != nil {
		return nil, nil, "", err
	}
	var salt [saltBytes]byte
	rand.Read(salt[:]) // never fails
	b := body{Seq: seq, Salt: hex.EncodeToString(salt[:]), Text: string(text)}
	if bodyLine, err = line(&b); err != nil {
		return nil, nil, "", err
	}
	l := link{Seq: seq, Prev: prev, At: at.UTC().Format(time.RFC3339Nano), Kind: e.Kind, BodyHash: b.hash()}
	if linkLine, err = line(&l); err != nil {
		return nil, nil, "", err
	}
	return linkLine, bodyLine, hash(linkLine), nil
}

func checkKind(kind string) error {
	if kind == "" || len(kind) > maxKindBytes {
		return fmt.Errorf("kind %q: 1 to %d letters", kind, maxKindBytes)
	}
	for _, c := range []byte(kind) {
		if (c < 'a' || c > 'z') && c != '-' {
			return fmt.Errorf("kind %q: small letters and hyphens only", kind)
		}
	}
	return nil
}

var errForm = errors.New("it is not written in the form in which entries are written")

// decodeLink reads one line of the chain, newline included.
func decodeLink(p []byte) (link, error) {
	var l link
	if err := json.Unmarshal(p, &l); err != nil {
		return link{}, err
	}
	if again, err := line(&l); err != nil || !bytes.Equal(again, p) {
		return link{}, errForm
	}
	if t, err := time.Parse(time.RFC3339Nano, l.At); err != nil || t.UTC().Format(time.RFC3339Nano) != l.At {
		return link{}, fmt.Errorf("at %q is not a time in UTC", l.At)
	}
	if err := checkKind(l.Kind); err != nil {
		return link{}, err
	}
	if !isHex(l.Prev, hashDigits) || !isHex(l.BodyHash, hashDigits) {
		return link{}, fmt.Errorf("a hash has not %d hex digits", hashDigits)
	}
	return l, nil
}

// decodeBody reads one line of a bodies file, newline included; a redacted line may be padded.
func decodeBody(p []byte) (body, error) {
	var b body
	if err := json.Unmarshal(p, &b); err != nil {
		return body{}, err
	}
	again, err := line(&b)
	if err != nil {
		return body{}, err
	}
	if b.redacted() {
		p = append(bytes.TrimRight(p, " \n"), '\n')
	} else if !isHex(b.Salt, 2*saltBytes) || !json.Valid([]byte(b.Text)) {
		return body{}, errForm
	}
	if !bytes.Equal(again, p) {
		return body{}, errForm
	}
	return b, nil
}

func isHex(s string, digits int) bool {
	if len(s) != digits {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
