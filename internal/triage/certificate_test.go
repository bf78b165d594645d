package triage

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"probity/internal/alert"
	"probity/internal/route"
)

// authority signs certificates for tests, into files NAME.crt and NAME.key of a folder.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, dir: t.TempDir()}
	a.cert, a.key = a.sign("ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	a.sign("daemon", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	return a
}

// person signs a client's certificate for a mail address.
func (a *authority) person(name string) TLSFiles {
	a.sign(name, &x509.Certificate{EmailAddresses: []string{name + "@force.example"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return a.files(name)
}

func (a *authority) files(name string) TLSFiles {
	path := func(file string) string { return filepath.Join(a.dir, file) }
	return TLSFiles{CA: path("ca.crt"), Cert: path(name + ".crt"), Key: path(name + ".key")}
}

func (a *authority) sign(name string, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	a.must(err)
	template.SerialNumber, template.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name, Organization: []string{"Force"}}
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	parent, by := a.cert, a.key
	if parent == nil {
		parent, by = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	a.must(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	a.must(err)
	f := a.files(name)
	a.must(os.WriteFile(f.Cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	a.must(os.WriteFile(f.Key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	cert, err := x509.ParseCertificate(der)
	a.must(err)
	return cert, key
}

func (a *authority) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

// serveAfar answers to those with certificates of a, and returns the address.
func serveAfar(t *testing.T, a *authority, b *book, roles map[string]route.Role) string {
	t.Helper()
	r, flaws := route.New(roles, nil)
	if len(flaws) > 0 {
		t.Fatal(flaws)
	}
	l, err := a.files("daemon").Listen("127.0.0.1:0")
	a.must(err)
	server := New(Options{Cases: b, Roles: r, Now: func() time.Time { return b.now }}).HTTP()
	server.ErrorLog = log.New(io.Discard, "", 0)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Close() //nolint:errcheck // the test is over
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return "https://" + l.Addr().String()
}

func certifiedForce() map[string]route.Role {
	roles := force()
	iso := roles["iso"]
	iso.Certificates = []string{"email:alice@force.example"}
	roles["iso"] = iso
	soc := roles["soc"]
	soc.Certificates = []string{"subject:CN=carol,O=Force"}
	roles["soc"] = soc
	return roles
}

func clientOf(t *testing.T, server string, f TLSFiles) *Client {
	t.Helper()
	c, err := NewTLSClient(server, f)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestACertificateGivesTheRightsAndConflictsOfItsRoleAndIsRecorded(t *testing.T) {
	a := newAuthority(t)
	b := &book{cases: someCases(), now: monday}
	server := serveAfar(t, a, b, certifiedForce())
	alice := clientOf(t, server, a.person("alice"))
	l, err := alice.List(t.Context(), Query{})
	if err != nil || strings.Join(idsOf(l), " ") != "f w c b a" {
		t.Fatalf("%v, %v", idsOf(l), err)
	}
	if _, err := alice.Show(t.Context(), "mine"); err == nil || err.Error() != "no such alert: mine" {
		t.Errorf("an alert about oneself: %v", err)
	}
	if _, err := alice.Close(t.Context(), "a", Request{Outcome: alert.Misuse, Note: "to PSD"}); err != nil {
		t.Fatal(err)
	}
	if len(b.entries) != 2 {
		t.Fatalf("%q", b.entries)
	}
	for i, begins := range []string{`refused {"asked":"show","id":"mine","by":"email:alice@force.example","certificate":"`,
		`disposition {"id":"a","revision":0,"outcome":"misuse","note":"to PSD","by":"email:alice@force.example",`} {
		if e := b.entries[i]; !strings.HasPrefix(e, begins) || strings.Contains(e, `"uid"`) || !strings.Contains(e, `"certificate":"`) {
			t.Errorf("recorded: %s", e)
		}
	}
	if _, err := clientOf(t, server, a.person("carol")).Show(t.Context(), "a"); err == nil || !strings.Contains(err.Error(), "role soc may not ask this") {
		t.Errorf("counts alone: %v", err)
	}
	if _, err := clientOf(t, server, a.person("eve")).List(t.Context(), Query{}); err == nil || !strings.Contains(err.Error(), "email:eve@force.example has no role") {
		t.Errorf("without a role: %v", err)
	}
}

func TestWhoeverShowsNoGoodCertificateIsToldNothing(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	server := serveAfar(t, a, &book{cases: someCases(), now: monday}, certifiedForce())
	expired := &x509.Certificate{EmailAddresses: []string{"alice@force.example"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour)}
	a.sign("expired", expired)
	a.sign("machine", &x509.Certificate{EmailAddresses: []string{"alice@force.example"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	// A common name that reads as somebody else's address, and a DNS name that does, are not that address.
	a.sign("alice@force.example", &x509.Certificate{DNSNames: []string{"alice.force.example"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	forged := other.person("alice")
	forged.CA = a.files("ca").CA
	for what, f := range map[string]TLSFiles{"another authority's": forged, "one that has expired": a.files("expired"), "one of a server": a.files("machine"), "a lookalike": a.files("alice@force.example")} {
		if l, err := clientOf(t, server, f).List(t.Context(), Query{}); err == nil {
			t.Errorf("%s is answered: %+v", what, l)
		}
	}
	bare := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // the server is what is tested
	if resp, err := bare.Get(server + "/v1/stats"); err == nil {
		resp.Body.Close()
		t.Errorf("no certificate: HTTP %d", resp.StatusCode)
	}
	if resp, err := bare.Get(strings.Replace(server, "https", "http", 1) + "/v1/stats"); err == nil {
		resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("no TLS: HTTP %d", resp.StatusCode)
		}
	}
	if _, err := other.files("daemon").Listen("nowhere"); err == nil {
		t.Error("listens nowhere")
	}
	if _, err := (TLSFiles{Cert: a.files("daemon").Cert, Key: a.files("daemon").Key}).Listen("127.0.0.1:0"); err == nil {
		t.Error("without authorities of callers everybody would be one")
	}
	for _, url := range []string{"http://127.0.0.1:1", "127.0.0.1:1", "https://u:p@x", "https://x/y", "https://x?y"} {
		if _, err := NewTLSClient(url, a.files("daemon")); err == nil {
			t.Errorf("%s is taken for a daemon", url)
		}
	}
}

func TestACallerIsBoundInSizeAndTimeAndNoWebPageCanAskForThem(t *testing.T) {
	a := newAuthority(t)
	b := &book{cases: someCases(), now: monday}
	server := serveAfar(t, a, b, certifiedForce())
	alice := clientOf(t, server, a.person("alice"))
	post := func(body string, header http.Header) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server+"/v1/alerts/a/close", strings.NewReader(body))
		a.must(err)
		req.Header = header
		resp, err := alice.http.Do(req)
		a.must(err)
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		a.must(err)
		return resp.StatusCode, string(text)
	}
	if status, text := post(`{"outcome":"misuse","note":"`+strings.Repeat("x", maxRequestBytes)+`"}`, nil); status != http.StatusBadRequest || !strings.Contains(text, "too large") {
		t.Errorf("a large body: HTTP %d %s", status, text)
	}
	if status, _ := post(`{"outcome":"misuse","note":"n"}`, http.Header{"Sec-Fetch-Site": {"cross-site"}}); status != http.StatusForbidden {
		t.Errorf("asked by a web page: HTTP %d", status)
	}
	u, err := url.Parse(server)
	a.must(err)
	var open []net.Conn
	defer func() {
		for _, c := range open {
			c.Close()
		}
	}()
	silent := func() { // a connection that says nothing
		c, err := net.Dial("tcp", u.Host)
		a.must(err)
		open = append(open, c)
	}
	for range maxConnections {
		silent()
	}
	for range 10 { // those of before may have held a place until just now, so that one of these had none
		if _, err = alice.Stats(t.Context(), time.Time{}); err != nil {
			break
		}
		silent()
	}
	if err == nil {
		t.Error("there is no bound to connections")
	}
	for _, c := range open {
		c.Close()
	}
	for range 100 { // their places are free again as soon as the server notices
		if _, err = alice.Stats(t.Context(), time.Time{}); err == nil {
			break
		}
	}
	if err != nil {
		t.Error(err)
	}
	if len(b.dispositions) != 0 {
		t.Errorf("%+v", b.dispositions)
	}
}

// A name shows the last of several common names alone.
func TestASubjectWithTwoCommonNamesIsNobodys(t *testing.T) {
	a := newAuthority(t)
	server := serveAfar(t, a, &book{cases: someCases(), now: monday}, certifiedForce())
	cn := asn1.ObjectIdentifier{2, 5, 4, 3}
	subject, err := asn1.Marshal(pkix.RDNSequence{
		{{Type: asn1.ObjectIdentifier{2, 5, 4, 10}, Value: "Force"}}, {{Type: cn, Value: "mallory"}}, {{Type: cn, Value: "carol"}}})
	a.must(err)
	a.sign("mallory", &x509.Certificate{RawSubject: subject, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if l, err := clientOf(t, server, a.files("mallory")).List(t.Context(), Query{}); err == nil || !strings.Contains(err.Error(), "has no role") {
		t.Errorf("%+v, %v", l, err)
	}
	if _, err := clientOf(t, server, a.person("carol")).List(t.Context(), Query{}); err != nil {
		t.Error(err)
	}
}

func TestARenewedCertificateNeedsNoRestart(t *testing.T) {
	a := newAuthority(t)
	server := serveAfar(t, a, &book{cases: someCases(), now: monday}, certifiedForce())
	serial := func() string {
		f := a.person("alice")
		own, err := tls.LoadX509KeyPair(f.Cert, f.Key)
		a.must(err)
		c, err := tls.Dial("tcp", strings.TrimPrefix(server, "https://"), &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{own}}) //nolint:gosec // which it is is the question
		a.must(err)
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	before := serial()
	a.sign("daemon", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	if after := serial(); after == before {
		t.Error("the old one is shown")
	}
}
