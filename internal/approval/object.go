package approval

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // git's name of an object; see the package comment
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// objectID is git's name of an object, in the hash function of the ids that it is compared with.
func objectID(like, kind string, raw []byte) string {
	head := fmt.Appendf(nil, "%s %d\x00", kind, len(raw))
	if len(like) == 2*sha256.Size {
		h := sha256.New()
		h.Write(head)
		h.Write(raw)
		return hex.EncodeToString(h.Sum(nil))
	}
	h := sha1.New()
	h.Write(head)
	h.Write(raw)
	return hex.EncodeToString(h.Sum(nil))
}

// signedObject is a tag or a commit, taken apart.
type signedObject struct {
	headers   map[string]string // the first of each
	payload   []byte            // what is signed
	signature []byte            // armoured; nil without one
}

var armours = []string{"-----BEGIN SSH SIGNATURE-----", "-----BEGIN PGP SIGNATURE-----"}

// readTag takes a tag apart: its signature stands at the end of its message.
func readTag(raw []byte) signedObject {
	o := signedObject{headers: headersOf(raw), payload: raw}
	at := -1
	for _, armour := range armours {
		if i := bytes.LastIndex(raw, []byte("\n"+armour)); i > at {
			at = i
		}
	}
	if at >= 0 {
		o.payload, o.signature = raw[:at+1], raw[at+1:]
	}
	return o
}

// readCommit takes a commit apart: its signature is the header gpgsig (gpgsig-sha256), which is not part of what is signed.
func readCommit(raw []byte) signedObject {
	o := signedObject{headers: headersOf(raw)}
	inHead, inSignature := true, false
	for line := range bytes.Lines(raw) {
		if inHead && len(line) == 1 {
			inHead = false
		}
		switch {
		case inHead && inSignature && line[0] == ' ':
			o.signature = append(o.signature, line[1:]...)
			continue
		case inHead && (bytes.HasPrefix(line, []byte("gpgsig ")) || bytes.HasPrefix(line, []byte("gpgsig-sha256 "))):
			if o.signature != nil { // the other hash function's, of a repository under way from one to the other
				inSignature = false
				o.signature, o.payload = nil, nil
				return o
			}
			_, rest, _ := bytes.Cut(line, []byte(" "))
			inSignature, o.signature = true, bytes.Clone(rest)
			continue
		}
		inSignature = false
		o.payload = append(o.payload, line...)
	}
	return o
}

func headersOf(raw []byte) map[string]string {
	out := map[string]string{}
	for line := range bytes.Lines(raw) {
		if len(line) == 1 {
			break
		}
		key, value, ok := strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
		if _, have := out[key]; ok && key != "" && !have {
			out[key] = value
		}
	}
	return out
}

// when reads the time of a "tagger" or "committer" header: NAME <MAIL> SECONDS ZONE.
func when(header string) (time.Time, error) {
	words := strings.Fields(header[strings.LastIndexByte(header, '>')+1:])
	if len(words) != 2 {
		return time.Time{}, errors.New("it does not say when it was made")
	}
	seconds, err := strconv.ParseInt(words[0], 10, 64)
	if err != nil || seconds < 0 || seconds > 1<<35 {
		return time.Time{}, errors.New("it does not say when it was made")
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// treeEntry is a line of a tree.
type treeEntry struct{ mode, name, id string }

func (e treeEntry) isTree() bool { return e.mode == "40000" }

// isFile says that it is a file: links and submodules lead out of what is signed.
func (e treeEntry) isFile() bool { return e.mode == "100644" || e.mode == "100755" }

// readTree takes a tree apart.
func readTree(raw []byte, idBytes int) (out []treeEntry, err error) {
	for len(raw) > 0 {
		head, rest, ok := bytes.Cut(raw, []byte{0})
		mode, name, named := strings.Cut(string(head), " ")
		if !ok || !named || len(rest) < idBytes {
			return nil, errors.New("not a tree of git")
		}
		if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\\\n") {
			return nil, fmt.Errorf("a tree names %q, which is no name of a file", name)
		}
		out = append(out, treeEntry{mode, name, hex.EncodeToString(rest[:idBytes])})
		raw = rest[idBytes:]
	}
	return out, nil
}
