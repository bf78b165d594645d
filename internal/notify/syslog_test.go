package notify

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/leodido/go-syslog/v4/rfc5424"

	"probity/internal/alert"
	"probity/internal/strictyaml"
)

// syslogReceiver reads each connection to its end and then closes it, as rsyslog does. answer, if set, comes first and
// reports whether it dealt with the connection.
type syslogReceiver struct {
	listener net.Listener
	serving  sync.WaitGroup
	mu       sync.Mutex
	messages []string
	answer   func(conn net.Conn) bool
}

func newSyslogReceiver(t *testing.T, secure *tls.Config) *syslogReceiver {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	r := &syslogReceiver{listener: l}
	if secure != nil {
		r.listener = tls.NewListener(l, secure)
	}
	r.serving.Go(r.serve)
	t.Cleanup(func() {
		l.Close()
		r.serving.Wait()
	})
	return r
}

func (r *syslogReceiver) serve() {
	for {
		conn, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.serving.Go(func() {
			defer conn.Close()
			r.mu.Lock()
			answer := r.answer
			r.mu.Unlock()
			if answer != nil && answer(conn) {
				return
			}
			stream, err := io.ReadAll(conn)
			r.mu.Lock()
			defer r.mu.Unlock()
			for err == nil && len(stream) > 0 { // octet counts
				count, rest, _ := strings.Cut(string(stream), " ")
				n, bad := strconv.Atoi(count)
				if bad != nil || n > len(rest) {
					return
				}
				r.messages = append(r.messages, rest[:n])
				stream = []byte(rest[n:])
			}
		})
	}
}

func (r *syslogReceiver) answerBy(answer func(net.Conn) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func (r *syslogReceiver) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.messages...)
}

// addr is the receiver's address as url.
func (r *syslogReceiver) addr(scheme string) string {
	return scheme + "://" + r.listener.Addr().String()
}

// readSyslog parses a message by the library, which checks the grammar.
func readSyslog(t *testing.T, text string) (m *rfc5424.SyslogMessage, parameters map[string]string, body string) {
	t.Helper()
	parsed, err := rfc5424.NewParser().Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	m = parsed.(*rfc5424.SyslogMessage)
	if m.Message != nil {
		body = *m.Message
	}
	return m, (*m.StructuredData)[sdID], body
}

func syslogHarness(t *testing.T, name string) harness {
	r := newSyslogReceiver(t, nil)
	return harness{
		open: func(t *testing.T) Sink {
			return mustSink(t, Config{Name: "s", Type: "syslog", URL: r.addr("tcp"), Format: name})
		},
		arrivals: func(t *testing.T) (out []arrival) {
			for _, text := range r.all() {
				_, parameters, body := readSyslog(t, text)
				out = append(out, arrival{parameters["key"], body})
			}
			return out
		},
		as:      func(d alert.Delivery) arrival { return arrival{d.Key(), mustBody(formatNamed(name), d)} },
		repeats: 1,
	}
}

func syslogTo(t *testing.T, c Config) *syslogSink {
	c.Name, c.Type = "s", "syslog"
	return mustSink(t, c).(*syslogSink)
}

func TestAMessageIsOfRFC5424AndSaysWhatItIs(t *testing.T) {
	s := syslogTo(t, Config{URL: "tcp://127.0.0.1:514", MaxBytes: 1 << 20})
	s.hostname = "probity1.example.police.uk"
	a := sample(2)
	a.Marking = `OFFICIAL "]\ ` + "\n"
	text, err := s.message(sampled(a))
	must(t, err)
	m, parameters, body := readSyslog(t, text)
	if *m.Facility != 13 || *m.Severity != 3 || *m.Hostname != s.hostname || *m.Appname != "probity" || *m.MsgID != "alert" {
		t.Errorf("header: %s", text[:100])
	}
	if !m.Timestamp.Equal(sampleAt.Truncate(time.Microsecond)) {
		t.Errorf("time %v", m.Timestamp)
	}
	want := map[string]string{"key": a.Key(), "rule": a.Rule.ID, "severity": "high", "status": "open", "marking": `OFFICIAL "]\ \u000a`}
	if diff := cmp.Diff(want, parameters); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	if body != string(sampled(a).Body) {
		t.Errorf("body %s", body)
	}
	if strings.ContainsAny(text, "\n\r\x00") {
		t.Error("the message is not one line")
	}
}

func TestSeveritiesAreThoseOfSyslog(t *testing.T) {
	got := map[string]uint8{"withdrawn": syslogSeverity(withdrawn(2))}
	for _, s := range alert.Severities {
		a := sample(1)
		a.Rule.Severity = s
		got[string(s)] = syslogSeverity(a)
	}
	if diff := cmp.Diff(map[string]uint8{"critical": 2, "high": 3, "medium": 4, "low": 5, "withdrawn": 6}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAMessageIsNeverLongerThanItsReceiverTakes(t *testing.T) {
	d := sampled(long())
	for _, name := range []string{"json", "cef", "ocsf"} {
		for most := 4096; most < 100_000; most += 4999 {
			text, err := syslogTo(t, Config{URL: "tcp://127.0.0.1:514", MaxBytes: most, Format: name}).message(d)
			if err != nil {
				t.Fatalf("%s in %d: %v", name, most, err)
			}
			_, parameters, body := readSyslog(t, text)
			if len(text) > most {
				t.Errorf("%s in %d: %d bytes", name, most, len(text))
			}
			if name != "cef" && !json.Valid([]byte(body)) {
				t.Errorf("%s in %d: the body is cut", name, most)
			}
			if name == "json" && (parameters["without"] == "") != (body == string(d.Body)) {
				t.Errorf("in %d: without %q does not fit the body", most, parameters["without"])
			}
		}
	}
}

func TestARevisionIsSentOverTLSWithACertificate(t *testing.T) {
	a := newAuthority(t)
	r := newSyslogReceiver(t, a.server())
	s := syslogTo(t, Config{URL: r.addr("tls"), CAFile: a.crt("authority"), CertFile: a.crt("probity"), KeyFile: a.pem("probity"), Format: "cef"})
	for revision := range 3 {
		hand(t, s, sample(revision+1))
	}
	if got := r.all(); len(got) != 3 {
		t.Errorf("%d messages", len(got))
	}
}

// Without a certificate TLS 1.3 lets a client write before it hears that it is refused.
func TestAReceiverThatRefusesTheCertificateGotNothing(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	r := newSyslogReceiver(t, a.server())
	for name, c := range map[string]Config{
		"no certificate":              {CAFile: a.crt("authority")},
		"one of another authority":    {CAFile: a.crt("authority"), CertFile: other.crt("probity"), KeyFile: other.pem("probity")},
		"a receiver that we mistrust": {CAFile: other.crt("authority"), CertFile: a.crt("probity"), KeyFile: a.pem("probity")},
	} {
		c.URL = r.addr("tls")
		wantDown(t, name, syslogTo(t, c))
	}
	if got := r.all(); len(got) != 0 {
		t.Errorf("it has %d messages", len(got))
	}
}

func wantDown(t *testing.T, what string, s Sink) {
	t.Helper()
	done, _, err := s.Deliver(t.Context(), 0, []alert.Delivery{sampled(sample(1))})
	f, ok := errors.AsType[*Failure](err)
	if done != 0 || !ok || f.Extent != Down {
		t.Errorf("%s: done %d, error %v", what, done, err)
	}
	if err != nil && tellsNames(err.Error()) != nil {
		t.Errorf("%s: the error names somebody: %v", what, err)
	}
}

func TestAMessageHasArrivedOnlyWhenTheReceiverHasReadAllOfIt(t *testing.T) {
	silent := make(chan struct{})
	for name, answer := range map[string]func(net.Conn) bool{
		"it resets": func(c net.Conn) bool {
			c.Read(make([]byte, 10))
			c.(*net.TCPConn).SetLinger(0)
			return true
		},
		"it closes without reading": func(c net.Conn) bool { // data that nobody has read makes the kernel send a reset
			one := make([]byte, 1)
			c.Read(one)
			return true
		},
		"it reads and hangs": func(c net.Conn) bool { <-silent; return true },
	} {
		r := newSyslogReceiver(t, nil)
		r.answerBy(answer)
		s := syslogTo(t, Config{URL: r.addr("tcp"), Timeout: strictyaml.Duration(200 * time.Millisecond), MaxBytes: 1 << 20})
		wantDown(t, name, s)
	}
	close(silent)
	gone := newSyslogReceiver(t, nil)
	gone.listener.Close()
	wantDown(t, "nobody listens", syslogTo(t, Config{URL: gone.addr("tcp")}))
}

func TestAReceiverThatNeverEndsAConnectionNeedsNotConfirm(t *testing.T) {
	r := newSyslogReceiver(t, nil)
	got := make(chan byte, 1)
	r.answerBy(func(c net.Conn) bool {
		b := make([]byte, 1)
		c.Read(b)
		got <- b[0]
		io.Copy(io.Discard, c)
		return true
	})
	hand(t, syslogTo(t, Config{URL: r.addr("tcp"), Confirm: "none"}), sample(1))
	if b := <-got; b < '1' || b > '9' {
		t.Errorf("begins %q, which is no octet count", b)
	}
}

func TestAnAttemptEndsWithItsContext(t *testing.T) {
	r := newSyslogReceiver(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	hung := make(chan struct{})
	r.answerBy(func(net.Conn) bool { cancel(); <-hung; return true })
	done, _, err := syslogTo(t, Config{URL: r.addr("tcp")}).Deliver(ctx, 0, []alert.Delivery{sampled(sample(1))})
	close(hung)
	if done != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("done %d, error %v", done, err)
	}
}
