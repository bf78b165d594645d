package notify

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"probity/internal/alert"
	"probity/internal/page"
)

// mailServer is a real SMTP server (aiosmtpd) on a port of its own, in a process of its own.
type mailServer struct {
	dir, addr, ca string
	tls           string
}

// python finds an interpreter that has aiosmtpd. Debian's is not always the first in the path.
func python(t *testing.T) string {
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if path, err := exec.LookPath(name); err == nil && exec.Command(path, "-c", "import aiosmtpd").Run() == nil {
			return path
		}
	}
	if os.Getenv("PROBITY_REQUIRE_SERVERS") != "" {
		t.Fatal("no SMTP server is installed, and PROBITY_REQUIRE_SERVERS is set: apt-get install python3-aiosmtpd")
	}
	return ""
}

// newMailServer starts a server, or returns nil where none is installed.
func newMailServer(t *testing.T, tls string, account ...string) *mailServer {
	t.Helper()
	path := python(t)
	if path == "" {
		t.Log("no SMTP server is installed, so mails are not tested: apt-get install python3-aiosmtpd")
		return nil
	}
	dir := t.TempDir()
	s := &mailServer{dir: dir, ca: filepath.Join(dir, "cert.pem"), tls: tls}
	key := filepath.Join(dir, "key.pem")
	writeCertificate(t, s.ca, key)
	cmd := exec.Command(path, append([]string{"testdata/smtpd.py", tls, s.ca, key, dir}, account...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	port, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	s.addr = net.JoinHostPort("127.0.0.1", strings.TrimSpace(port))
	return s
}

// needMailServer skips the test where none is installed.
func needMailServer(t *testing.T, tls string, account ...string) *mailServer {
	t.Helper()
	s := newMailServer(t, tls, account...)
	if s == nil {
		t.Skip("no SMTP server is installed: apt-get install python3-aiosmtpd")
	}
	return s
}

// writeCertificate makes a self-signed one for 127.0.0.1 that is valid in a bubble's year, too.
func writeCertificate(t *testing.T, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	must(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
}

// answers makes the server reply so to a command: mail, rcpt or data. An empty reply takes that back.
func (s *mailServer) answers(t *testing.T, command, reply string) {
	t.Helper()
	file := filepath.Join(s.dir, "answer."+command)
	if reply == "" {
		must(t, os.Remove(file))
		return
	}
	must(t, os.WriteFile(file, []byte(reply), 0o600))
}

// config is that of a sink that mails to the server.
func (s *mailServer) config() Config {
	return Config{Name: "s", Type: "email", Server: s.addr, TLS: s.tls, CAFile: s.ca, From: "probity@force.example", To: map[string]string{"ISO": "iso@force.example"},
		Pages: "https://probity.force.example/alerts/"}
}

// letter is a mail as it arrived.
type letter struct {
	head       mail.Header
	text, html string
	raw        string
}

func (s *mailServer) letters(t *testing.T) (out []letter) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.dir, "*.eml"))
	must(t, err)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		must(t, err)
		m, err := mail.ReadMessage(strings.NewReader(string(raw)))
		must(t, err)
		l := letter{head: m.Header, raw: string(raw)}
		_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
		must(t, err)
		for parts := multipart.NewReader(m.Body, params["boundary"]); ; {
			part, err := parts.NextRawPart()
			if err == io.EOF {
				break
			}
			must(t, err)
			text, err := io.ReadAll(quotedprintable.NewReader(part))
			must(t, err)
			body := strings.ReplaceAll(string(text), "\r\n", "\n")
			if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
				l.html = body
			} else {
				l.text = body
			}
		}
		out = append(out, l)
	}
	return out
}

// subject is the decoded one.
func (l letter) subject(t *testing.T) string {
	t.Helper()
	s, err := new(mime.WordDecoder).DecodeHeader(l.head.Get("Subject"))
	must(t, err)
	return s
}

// emailHarness compares what a mailbox shows with what the templates make of a revision.
func emailHarness(s *mailServer) harness {
	var sink *email
	return harness{
		open: func(t *testing.T) Sink {
			opened := mustSink(t, s.config())
			sink = opened.(*email)
			return opened
		},
		arrivals: func(t *testing.T) (out []arrival) {
			for _, l := range s.letters(t) {
				out = append(out, arrival{l.head.Get(string(revisionHeader)), l.text + l.html})
			}
			return out
		},
		shown: func(d alert.Delivery) string {
			a, err := alertOf(d)
			if err != nil {
				return err.Error()
			}
			m, err := sink.mail.Notice(sink.letter.Notice(page.Item{Alert: a, Body: d.Body}))
			if err != nil {
				return err.Error()
			}
			return m.Text + m.HTML
		},
		repeats: 1,
	}
}

// listenSilently accepts connections and says nothing.
func listenSilently(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var open []net.Conn
		for {
			c, err := l.Accept()
			if err != nil {
				break
			}
			open = append(open, c)
		}
		for _, c := range open {
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-ended })
	return l.Addr().String()
}
