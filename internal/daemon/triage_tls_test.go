package daemon

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"probity/internal/alert"
	"probity/internal/triage"
)

// certify writes NAME.crt and NAME.key, signed by parent or by itself.
func (s *site) certify(name string, template, parent *x509.Certificate, by *ecdsa.PrivateKey) *ecdsa.PrivateKey {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	if by == nil {
		by = key
	}
	template.SerialNumber, template.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	if err != nil {
		s.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(name+".crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	s.write(name+".key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	return key
}

func TestSomebodyOnAnotherMachineAsksByCertificateUnderTheSameRules(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ca := &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	by := s.certify("ca", ca, ca, nil)
	s.certify("server", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, ca, by)
	s.certify("me", &x509.Certificate{EmailAddresses: []string{"iso@force.example"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, ca, by)
	s.force(strings.Replace(roles(t, "auditor"), "  iso: {", `  iso: {certificates: ["email:iso@force.example"], `, 1))
	s.write("probity.yaml", strings.Replace(s.read("probity.yaml"), "triage: {", `triage: {listen: "127.0.0.1:0", cert_file: server.crt, key_file: server.key, client_ca_file: ca.crt, `, 1))
	s.append(s.lines[0])
	d, stop := s.start(Options{})
	s.append(s.viewed("xqziso", 100, 1)...)
	s.append(s.viewed("xqzother", 300, 1)...)
	s.drain(d)
	client, err := triage.NewTLSClient("https://"+d.askedAfar.Addr().String(), triage.TLSFiles{CA: s.path("ca.crt"), Cert: s.path("me.crt"), Key: s.path("me.key")})
	if err != nil {
		t.Fatal(err)
	}
	l, err := client.List(t.Context(), triage.Query{})
	if err != nil || len(l.Alerts) != 1 || l.Alerts[0].Rule != "solo_xqzother" {
		t.Fatalf("%+v, %v", l, err)
	}
	x, err := client.Close(t.Context(), l.Alerts[0].ID, triage.Request{Outcome: alert.Training, Note: "n"})
	if err != nil || x.By != "email:iso@force.example" {
		t.Errorf("%+v, %v", x, err)
	}
	stop()
	if bodies := s.bodies(); !strings.Contains(bodies, `\"by\":\"email:iso@force.example\",\"certificate\":\"`) {
		t.Error("the evidence does not say who closed it")
	}
}

func TestListeningForQuestionsWithoutCertificatesIsRefused(t *testing.T) {
	for want, text := range map[string]string{
		"it needs cert_file, key_file and client_ca_file": "roles: {iso: {users: [a], certificates: [\"dns:x\"]}}\ntriage: {listen: \"127.0.0.1:0\"}\n",
		"no role has certificates":                        "roles: {iso: {users: [a]}}\ntriage: {listen: \"127.0.0.1:0\", cert_file: a, key_file: b, client_ca_file: c}\n",
		"there is no triage.listen":                       "roles: {iso: {users: [a], certificates: [\"dns:x\"]}}\n",
		"is no name of a certificate":                     "roles: {iso: {certificates: [\"Mara Quill\"]}}\ntriage: {listen: \"127.0.0.1:0\"}\n",
		"nobody would see them":                           "roles: {iso: {users: [a]}}\ntriage: {cert_file: a}\n",
		"is no host:port":                                 "roles: {iso: {users: [a], certificates: [\"dns:x\"]}}\ntriage: {listen: \"9481\"}\n",
	} {
		s := newSite(t)
		s.write("probity.yaml", s.read("probity.yaml")+text)
		problems, _ := s.config().Check()
		if got := fmt.Sprint(problems.Err()); !strings.Contains(got, want) {
			t.Errorf("%q is not said of %s: %s", want, text, got)
		}
	}
}
