package listen

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
)

// TLSFiles are the PEM files of a TLS listener. They are read anew for each connection, so that a renewed certificate needs
// no restart.
type TLSFiles struct {
	CA   string // the only authorities whose client certificates are accepted
	Cert string // ours, with what leads to its authority
	Key  string // of Cert

	// Allowed are the clients accepted, by common name, DNS name or whole subject in the form of RFC 2253; empty: all that CA
	// has certified.
	Allowed []string
}

// Check reads the files.
func (f TLSFiles) Check() error {
	_, err := f.load()
	return err
}

func (f TLSFiles) load() (*tls.Config, error) {
	pem, err := os.ReadFile(f.CA)
	if err != nil {
		return nil, fmt.Errorf("read the authorities of clients: %w", err)
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: no certificate in PEM", f.CA)
	}
	own, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, fmt.Errorf("read the certificate %s with its key %s: %w", f.Cert, f.Key, err)
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{own},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: authorities, VerifyConnection: f.allow,
	}, nil
}

// config is nil for an address without TLS.
func (f TLSFiles) config(a Address) (*tls.Config, error) {
	if a.Scheme != TLS {
		return nil, nil
	}
	if err := f.Check(); err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return f.load() },
	}, nil
}

var errNotAllowed = errors.New("the client's certificate is none of those in allowed_subjects")

// allow is called for resumed sessions, too.
func (f TLSFiles) allow(c tls.ConnectionState) error {
	if len(f.Allowed) == 0 {
		return nil
	}
	leaf := c.PeerCertificates[0] // there is one: it is required
	names := append([]string{leaf.Subject.CommonName, leaf.Subject.String()}, leaf.DNSNames...)
	if slices.ContainsFunc(f.Allowed, func(want string) bool { return want != "" && slices.Contains(names, want) }) {
		return nil
	}
	return errNotAllowed
}

func shakeHands(ctx context.Context, conn net.Conn, config *tls.Config) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, finishWithin)
	defer cancel()
	secured := tls.Server(conn, config)
	return secured, secured.HandshakeContext(ctx)
}
