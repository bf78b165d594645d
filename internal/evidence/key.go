package evidence

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// NewKey makes a key pair that signs checkpoints (Ed25519, in the text forms of package note). The origin is the log's name
// to the world and part of both keys: something that no other log has, such as evidence.example.police.uk.
func NewKey(origin string) (private, public string, err error) {
	if err := checkOrigin(origin); err != nil {
		return "", "", err
	}
	return note.GenerateKey(rand.Reader, origin)
}

const maxOriginBytes = 200

func checkOrigin(origin string) error {
	if origin == "" || len(origin) > maxOriginBytes || strings.ContainsFunc(origin, func(r rune) bool { return r <= ' ' || r > '~' || r == '+' }) {
		return fmt.Errorf("origin %q: 1 to %d printable ASCII characters without space and +, as evidence.example.police.uk", origin, maxOriginBytes)
	}
	return nil
}

// Signer signs checkpoints.
type Signer struct {
	note.Signer
	verifier note.Verifier
	public   string
}

var errKey = errors.New("not a private key as `probity evidence keygen` makes it")

// NewSigner reads a private key. Its errors do not quote it.
func NewSigner(private string) (*Signer, error) {
	private = strings.TrimSpace(private)
	s, err := note.NewSigner(private)
	if err != nil {
		return nil, errKey
	}
	if err := checkOrigin(s.Name()); err != nil {
		return nil, err
	}
	// PRIVATE+KEY+name+hash+base64(algorithm, seed): the last part may itself hold a +.
	parts := strings.SplitN(private, "+", 5)
	seed, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(seed) != 1+ed25519.SeedSize {
		return nil, errKey
	}
	public, err := note.NewEd25519VerifierKey(s.Name(), ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey))
	if err != nil {
		return nil, errKey
	}
	v, err := NewVerifier(public)
	if err != nil {
		return nil, err
	}
	return &Signer{Signer: s, verifier: v, public: public}, nil
}

// Public is the key that whoever verifies is given; it is no secret.
func (s *Signer) Public() string { return s.public }

// NewVerifier reads a public key.
func NewVerifier(public string) (note.Verifier, error) {
	v, err := note.NewVerifier(strings.TrimSpace(public))
	if err != nil {
		return nil, fmt.Errorf("not a public key as `probity evidence keygen` prints it: %w", err)
	}
	return v, nil
}
