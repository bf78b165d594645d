package listen

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority signs certificates for tests.
type authority struct {
	t    testing.TB
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB, name string) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.cert, a.key = a.sign(name, &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

func (a *authority) path(name, kind string) string { return filepath.Join(a.dir, name+"."+kind) }

// sign writes NAME.crt and NAME.key.
func (a *authority) sign(name string, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(a.t, err)
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.Subject = pkix.Name{CommonName: name, Organization: []string{"Force"}}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, by := a.cert, a.key
	if parent == nil {
		parent, by = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	must(a.t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(a.t, err)
	for kind, block := range map[string]*pem.Block{"crt": {Type: "CERTIFICATE", Bytes: der}, "key": {Type: "PRIVATE KEY", Bytes: private}} {
		must(a.t, os.WriteFile(a.path(name, kind), pem.EncodeToMemory(block), 0o600))
	}
	cert, err := x509.ParseCertificate(der)
	must(a.t, err)
	return cert, key
}

// server and client write certificates of their kinds.
func (a *authority) server(name string) {
	a.sign(name, &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
}

func (a *authority) client(name string) {
	a.sign(name, &x509.Certificate{DNSNames: []string{name + ".example"},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
}

func (a *authority) files(allowed ...string) TLSFiles {
	return TLSFiles{CA: a.path("authority", "crt"), Cert: a.path("server", "crt"), Key: a.path("server", "key"), Allowed: allowed}
}

// send sends a message with a client's certificate, none if name is "". An error means that it was refused, as far as a
// client can tell.
func (a *authority) send(r *rig, by *authority, name, message string) error {
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	config := &tls.Config{RootCAs: roots}
	if name != "" {
		own, err := tls.LoadX509KeyPair(by.path(name, "crt"), by.path(name, "key"))
		must(a.t, err)
		config.Certificates = []tls.Certificate{own}
	}
	c, err := tls.Dial("tcp", r.l.Addrs()[0].String(), config)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := fmt.Fprintf(c, "%d %s", len(message), message); err != nil {
		return err
	}
	if err := c.CloseWrite(); err != nil {
		return err
	}
	if _, err := c.Read(make([]byte, 1)); err != nil && !strings.Contains(err.Error(), "EOF") {
		return err // with TLS 1.3 a client learns only then that its certificate was refused
	}
	return nil
}

func TestOnlyCertifiedAndAllowedClientsAreHeard(t *testing.T) {
	a, other := newAuthority(t, "authority"), newAuthority(t, "other")
	a.server("server")
	for _, name := range []string{"niche", "pnc", "storm", "mallory"} {
		a.client(name)
	}
	other.client("niche")
	r := start(t, func(o *Options) { o.TLS = a.files("niche", "pnc.example", "CN=storm,O=Force") }, "tls://127.0.0.1:0")
	refused := 0
	for _, c := range []struct {
		by   *authority
		name string
		ok   bool
	}{{a, "niche", true}, {a, "", false}, {other, "niche", false}, {a, "mallory", false}, {a, "pnc", true}, {a, "storm", true}} {
		err := a.send(r, c.by, c.name, "<13>"+c.name)
		if (err == nil) != c.ok {
			t.Errorf("%s of %s: %v", c.name, c.by.cert.Subject.CommonName, err)
		}
		if !c.ok {
			refused++
		}
	}
	eventually(t, "three lines", func() bool { return len(r.lines()) == 3 })
	must(t, r.stop())
	if got := strings.Join(r.lines(), " "); got != "<13>niche <13>pnc <13>storm" {
		t.Errorf("got %q", got)
	}
	if got := r.metric("errors_total", errorTLS); got != float64(refused) {
		t.Errorf("%v handshakes failed, want %d", got, refused)
	}
}

func TestARenewedCertificateNeedsNoRestart(t *testing.T) {
	a := newAuthority(t, "authority")
	a.server("server")
	a.client("niche")
	r := start(t, func(o *Options) { o.TLS = a.files() }, "tls://127.0.0.1:0")
	serial := func() *big.Int {
		own, err := tls.LoadX509KeyPair(a.path("niche", "crt"), a.path("niche", "key"))
		must(t, err)
		c, err := tls.Dial("tcp", r.l.Addrs()[0].String(), &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{own}})
		must(t, err)
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].SerialNumber
	}
	before := serial()
	a.server("server")
	if after := serial(); after.Cmp(before) == 0 {
		t.Error("the old certificate is still shown")
	}
}

func TestFilesThatAreNoCertificatesAreNamed(t *testing.T) {
	a := newAuthority(t, "authority")
	a.server("server")
	empty := filepath.Join(t.TempDir(), "empty.pem")
	must(t, os.WriteFile(empty, nil, 0o600))
	good := a.files()
	for _, c := range []struct {
		files TLSFiles
		want  string
	}{
		{good, ""},
		{TLSFiles{CA: "/none", Cert: good.Cert, Key: good.Key}, "authorities of clients: open /none"},
		{TLSFiles{CA: empty, Cert: good.Cert, Key: good.Key}, "empty.pem: no certificate in PEM"},
		{TLSFiles{CA: good.CA, Cert: good.Cert, Key: a.path("authority", "key")}, "private key does not match"},
	} {
		err := c.files.Check()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("want %q: %v", c.want, err)
		}
	}
}
