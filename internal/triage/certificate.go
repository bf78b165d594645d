package triage

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
)

// TLSFiles are PEM files. The server's are read anew for each connection, so that what was renewed needs no restart.
type TLSFiles struct {
	CA   string // server: of the authorities that certify callers; client: of the one that certifies the daemon, "" for those of the system
	Cert string
	Key  string
}

// Listen makes a listener whose callers show a certificate; whoever shows none hears nothing.
func (f TLSFiles) Listen(address string) (net.Listener, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for questions about alerts: %w", err)
	}
	return tls.NewListener(&few{Listener: l, free: make(chan struct{}, maxConnections)}, &tls.Config{
		MinVersion: tls.VersionTLS13, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return f.server() },
	}), nil
}

// Check reads the files.
func (f TLSFiles) Check() error {
	_, err := f.server()
	return err
}

func (f TLSFiles) server() (*tls.Config, error) {
	callers, own, err := f.read()
	if err != nil {
		return nil, err
	}
	if callers == nil { // those of the system certify the whole world
		return nil, errors.New("no authorities of callers are named")
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: callers,
		NextProtos:             []string{"http/1.1"},
		SessionTicketsDisabled: true, // every connection shows its certificate
	}, nil
}

func (f TLSFiles) read() (authorities *x509.CertPool, own tls.Certificate, err error) {
	if own, err = tls.LoadX509KeyPair(f.Cert, f.Key); err != nil {
		return nil, own, fmt.Errorf("reading the certificate %s with its key %s: %w", f.Cert, f.Key, err)
	}
	if f.CA == "" {
		return nil, own, nil
	}
	pem, err := os.ReadFile(f.CA)
	if err != nil {
		return nil, own, fmt.Errorf("reading authorities: %w", err)
	}
	authorities = x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(pem) {
		return nil, own, fmt.Errorf("%s holds no certificate in PEM", f.CA)
	}
	return authorities, own, nil
}

// NewTLSClient returns a client of the daemon that listens at an address, https://host:port. It connects when it is asked
// something.
func NewTLSClient(server string, f TLSFiles) (*Client, error) {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("%q is no address of a daemon: write https://host:port", server)
	}
	authorities, own, err := f.read()
	if err != nil {
		return nil, err
	}
	return &Client{server: "https://" + u.Host, http: &http.Client{
		Timeout: askWithin,
		// A redirect would show the certificate to somebody else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{
			MinVersion: tls.VersionTLS13, RootCAs: authorities, Certificates: []tls.Certificate{own}}},
	}}, nil
}

// maxConnections bounds those who are connected at once: a connection that says nothing is ended after some seconds.
const maxConnections = 64

// few is a listener of which so many connections are open at once; further ones are closed.
type few struct {
	net.Listener
	free chan struct{}
}

// Accept implements net.Listener.
func (l *few) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.free <- struct{}{}:
			return &counted{Conn: c, leave: sync.OnceFunc(func() { <-l.free })}, nil
		default:
			c.Close() //nolint:errcheck // nothing was said
		}
	}
}

// counted makes room when it is closed.
type counted struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (c *counted) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// certified says whom the certificate of a connection names, as a configuration writes it. The connection has been verified.
func certified(c *tls.Conn) (caller, error) {
	chains := c.ConnectionState().VerifiedChains
	if len(chains) == 0 {
		return caller{}, errors.New("the caller has shown no certificate")
	}
	cert := chains[0][0]
	sum := sha256.Sum256(cert.Raw)
	out := caller{Certificate: hex.EncodeToString(sum[:])}
	for _, a := range cert.EmailAddresses {
		out.Certified = append(out.Certified, "email:"+a)
	}
	for _, n := range cert.DNSNames {
		out.Certified = append(out.Certified, "dns:"+n)
	}
	for _, u := range cert.URIs {
		out.Certified = append(out.Certified, "uri:"+u.String())
	}
	if plainSubject(cert.Subject) {
		out.Certified = append(out.Certified, "subject:"+cert.Subject.String())
	}
	if out.User = "certificate " + out.Certificate; len(out.Certified) > 0 {
		out.User = out.Certified[0]
	}
	return out, nil
}

// plainSubject says that a subject is as it is written. Of a common name or serial number that stands there twice only the last
// one is, and so one certificate could pass for another.
func plainSubject(n pkix.Name) bool {
	seen := map[string]bool{}
	for _, a := range n.Names {
		switch kind := a.Type.String(); kind {
		case commonName, serialNumber:
			if seen[kind] {
				return false
			}
			seen[kind] = true
		}
	}
	return true
}

// Kinds of attributes that a pkix.Name holds one of.
const commonName, serialNumber = "2.5.4.3", "2.5.4.5"
