package alert

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// IdentityKeyBytes is the least length of an identity key.
const IdentityKeyBytes = 32

// Identity makes public ids under one force's key.
type Identity struct{ key []byte }

// NewIdentity returns an Identity; the key has at least IdentityKeyBytes bytes.
func NewIdentity(key []byte) (*Identity, error) {
	if len(key) < IdentityKeyBytes {
		return nil, fmt.Errorf("identity key of %d bytes; it needs at least %d random ones", len(key), IdentityKeyBytes)
	}
	return &Identity{key: key}, nil
}

var base32ID = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ID returns the id of (rule, group key, period), 26 letters and digits. Every part is written with its length, so that no
// two different triples read alike.
func (i *Identity) ID(rule string, group []KeyPart, periodStart time.Time) string {
	mac := hmac.New(sha256.New, i.key)
	part := func(s string) {
		mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(s))))
		mac.Write([]byte(s))
	}
	part("probity.alert.id/1")
	part(rule)
	for _, g := range group {
		part(g.Field)
		part(g.Value)
	}
	part(strconv.FormatInt(periodStart.Unix(), 10))
	return base32ID.EncodeToString(mac.Sum(nil)[:16])
}

func revisionKey(id string, revision int) string { return id + "/" + strconv.Itoa(revision) }

// Canonical returns the JSON of what is a function of the set of events: without the revision's number, and without the
// path, offset and reading time of its evidence, which depend on how the bytes arrived.
func (a *Alert) Canonical() []byte {
	c := *a
	c.Revision = 0
	c.Evidence = append(c.Evidence[:0:0], a.Evidence...)
	if err := c.Unfold(); err != nil {
		panic(err) // what was kept can be read
	}
	for i := range c.Evidence {
		c.Evidence[i].Path, c.Evidence[i].Offset, c.Evidence[i].Ingested = "", 0, time.Time{}
	}
	b, err := json.Marshal(&c)
	if err != nil {
		panic(err) // every field marshals
	}
	return b
}
