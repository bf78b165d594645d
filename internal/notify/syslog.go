package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/leodido/go-syslog/v4/rfc5424"

	"probity/internal/alert"
	"probity/internal/fsx"
	"probity/internal/neutral"
)

const (
	// defaultMaxBytes is what every receiver takes (RFC 5425, 4.3.1). rsyslog cuts what is longer than its maxMessageSize,
	// 8k unless said, and half a JSON document is none.
	defaultMaxBytes = 8192
	leastMaxBytes   = 2048 // RFC 5424, 6.1, would allow less; an alert would not fit
	mostMaxBytes    = 64 << 20

	auditFacility = 13 // "log audit"

	// sdID names the structured data. 32473 is the enterprise number that RFC 5612 sets apart for whoever has none.
	sdID = "probity@32473"

	confirmByClose, confirmByNothing = "close", "none"
)

// syslogSink sends each revision as a message of RFC 5424, in a connection of its own.
//
// Syslog acknowledges nothing: a write succeeds while the bytes still lie in a buffer, and a receiver that restarts loses
// them. So after the message the sink ends its side of the connection, and takes the message for arrived when the receiver
// has ended its own, which it does once it has read everything; a reset, an error or silence is no arrival.
type syslogSink struct {
	name     string
	address  string
	secure   *tls.Config // nil: plain TCP, to this machine
	form     format
	maxBytes int
	confirm  bool
	timeout  time.Duration
	hostname string
	connect  connector
}

func syslogKind() kind {
	return kind{
		keys:  []string{"url", "format", "max_bytes", "confirm", "timeout", "ca_file", "cert_file", "key_file"},
		check: checkSyslog,
		build: newSyslog,
	}
}

func checkSyslog(c Config) (flaws []Flaw) {
	const form = "write tls://host:6514"
	u, err := url.Parse(c.URL)
	switch {
	case c.URL == "":
		flaws = append(flaws, Flaw{"url", "is missing: the sink needs an address", form})
	case err != nil || u.Scheme != "tls" && u.Scheme != "tcp" || u.Hostname() == "" || u.Port() == "" || u.User != nil || strings.Trim(u.Path, "/")+u.RawQuery+u.Fragment != "":
		flaws = append(flaws, Flaw{"url", "is no address of a syslog receiver", form})
	case u.Scheme == "tcp" && !isLoopback(u.Hostname()):
		flaws = append(flaws, Flaw{"url", "alerts name persons and would cross the network in the clear", "use tls, or a relay on 127.0.0.1"})
	case u.Scheme == "tcp" && c.CAFile+c.CertFile+c.KeyFile != "":
		flaws = append(flaws, Flaw{"url", "tcp reads no certificates", form})
	}
	if c.MaxBytes != 0 && (c.MaxBytes < leastMaxBytes || c.MaxBytes > mostMaxBytes) {
		flaws = append(flaws, Flaw{"max_bytes", fmt.Sprintf("%d is out of bounds", c.MaxBytes), fmt.Sprintf("use %d to %d: what the receiver takes, of rsyslog its maxMessageSize", leastMaxBytes, mostMaxBytes)})
	}
	if c.Confirm != "" && c.Confirm != confirmByClose && c.Confirm != confirmByNothing {
		flaws = append(flaws, Flaw{"confirm", fmt.Sprintf("%q is no way to confirm", c.Confirm), "use " + confirmByClose + " or " + confirmByNothing})
	}
	return append(append(flaws, checkFormat(c, "json", "cef", "ocsf")...), checkKeyPair(c)...)
}

func newSyslog(c Config, _ *fsx.FS) (Sink, error) {
	u, err := url.Parse(c.URL)
	if err != nil {
		return nil, errors.New("url: is no URL")
	}
	s := &syslogSink{name: c.Name, address: u.Host, form: formatNamed(c.Format), maxBytes: c.MaxBytes, confirm: c.Confirm != confirmByNothing, timeout: c.Timeout.Std(), connect: (&net.Dialer{}).DialContext}
	if s.maxBytes == 0 {
		s.maxBytes = defaultMaxBytes
	}
	if s.timeout == 0 {
		s.timeout = defaultTimeout
	}
	if u.Scheme == "tls" {
		if s.secure, err = newTLS(c); err != nil {
			return nil, err
		}
		s.secure.ServerName = u.Hostname()
		// Sessions are not resumed: rsyslog with OpenSSL refuses that of a client with a certificate ("session id context
		// uninitialized").
	}
	s.hostname, _ = os.Hostname() // "": the message says "-"
	return s, nil
}

// Name implements Sink.
func (s *syslogSink) Name() string { return s.name }

// Deliver sends the first of the batch only, so that each is recorded before the next goes out, and a kill repeats one.
func (s *syslogSink) Deliver(ctx context.Context, mark int64, batch []alert.Delivery) (int, int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, mark, err
	}
	message, err := s.message(batch[0])
	if err != nil {
		return 0, mark, err
	}
	if err := s.send(ctx, message); err != nil {
		return 0, mark, failure(Down, "%w", err)
	}
	return 1, mark, nil
}

// message returns d as a message of RFC 5424 that takes no more than maxBytes.
func (s *syslogSink) message(d alert.Delivery) (string, error) {
	a, err := revisionIn(d)
	if err != nil {
		return "", err
	}
	const longestNote = "records" // of what within may leave out
	empty, err := s.frame(d, a, longestNote, "")
	if err != nil {
		return "", err
	}
	body, without, err := s.form.within(s.maxBytes-len(empty)-1, d)
	if err != nil {
		return "", err
	}
	return s.frame(d, a, without, string(body))
}

// frame puts the header before a body. The time is that of the last event, so that every attempt sends the same bytes. No
// byte order mark stands before the body, which readers of JSON and CEF would trip over.
func (s *syslogSink) frame(d alert.Delivery, a *alert.Alert, without, body string) (string, error) {
	m := &rfc5424.SyslogMessage{}
	m.SetPriority(auditFacility*8 + syslogSeverity(a))
	m.SetVersion(1)
	m.SetTimestamp(a.Last.UTC().Format("2006-01-02T15:04:05.000000Z"))
	m.SetHostname(s.hostname)
	m.SetAppname("probity")
	m.SetMsgID("alert")
	// The builder's own setters take parameters that are escaped already, and drop others in silence.
	parameters := map[string]string{}
	if d.Folded > 0 {
		parameters["folded"] = strconv.Itoa(d.Folded)
	}
	if d.Reopened {
		parameters["reopened"] = "true"
	}
	for _, p := range [][2]string{{"key", a.Key()}, {"rule", a.Rule.ID}, {"severity", string(a.Rule.Severity)}, {"status", string(a.Status)}, {"marking", a.Marking}, {"without", without}} {
		if p[1] != "" {
			parameters[p[0]] = neutral.Terminal(p[1])
		}
	}
	m.StructuredData = &map[string]map[string]string{sdID: parameters}
	if body != "" {
		m.Message = &body
	}
	text, err := m.String()
	if err != nil {
		return "", failure(Refused, "the revision makes no syslog message: %w", err)
	}
	return text, nil
}

// syslogSeverity: critical, error, warning, notice (RFC 5424, table 2), and informational for what is withdrawn.
func syslogSeverity(a *alert.Alert) uint8 {
	switch {
	case a.Status == alert.Withdrawn:
		return 6
	case a.Rule.Severity == alert.Critical:
		return 2
	case a.Rule.Severity == alert.High:
		return 3
	case a.Rule.Severity == alert.Medium:
		return 4
	}
	return 5
}

// send makes one attempt.
func (s *syslogSink) send(ctx context.Context, message string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	defer func() {
		if err != nil && ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}()
	conn, err := s.dial(ctx)
	if err != nil {
		return fmt.Errorf("no connection: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // ends what waits
	defer stop()
	if _, err := fmt.Fprintf(conn, "%d %s", len(message), message); err != nil { // RFC 6587, 3.4.1: octet counting
		return fmt.Errorf("sending: %w", err)
	}
	if err := endOurSide(conn); err != nil {
		return fmt.Errorf("ending the connection: %w", err)
	}
	if !s.confirm {
		return nil
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		return fmt.Errorf("waiting for the receiver to end the connection, which shows that it has read the message: %w", err)
	}
	return nil
}

func (s *syslogSink) dial(ctx context.Context) (net.Conn, error) {
	conn, err := s.connect(ctx, "tcp", s.address)
	if err != nil || s.secure == nil {
		return conn, err
	}
	secure := tls.Client(conn, s.secure)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return secure, nil
}

// endOurSide tells the receiver that nothing more comes, and leaves its side open. TLS says so by an alert of its own, which
// rsyslog can overlook when it comes with the message; the end of the TCP stream below wakes it.
func endOurSide(conn net.Conn) error {
	if secure, ok := conn.(*tls.Conn); ok {
		if err := secure.CloseWrite(); err != nil {
			return err
		}
		conn = secure.NetConn()
	}
	return conn.(interface{ CloseWrite() error }).CloseWrite()
}
