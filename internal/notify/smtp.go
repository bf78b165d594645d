package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"

	gomail "github.com/wneessen/go-mail"
)

// send takes a mail to the server, over a connection of its own: there are few mails, and servers close idle connections.
func (e *email) send(ctx context.Context, msg *gomail.Msg) error {
	// The library leaves a connection open if its greeting or sign-in fails, and knows no context once it is connected.
	var conn net.Conn
	whole, ended := ctx, func() bool { return true }
	defer func() {
		ended()
		if conn != nil {
			conn.Close() // what matters has been answered
		}
	}()
	dial := func(ctx context.Context, network, address string) (c net.Conn, err error) {
		if c, err = e.connect(ctx, network, address); err == nil && e.implicit {
			secure := tls.Client(c, e.secure)
			if err = secure.HandshakeContext(ctx); err != nil {
				c.Close() // its failure is told
			}
			c = secure
		}
		if err == nil {
			conn = c
			ended = context.AfterFunc(whole, func() { c.Close() })
		}
		return c, err
	}
	client, err := e.client(dial)
	if err != nil {
		return failure(Down, "setting up the mail client: %w", err)
	}
	server, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return refusal("connecting or signing in", err)
	}
	if err := client.SendWithSMTPClient(server, msg); err != nil && !msg.IsDelivered() {
		return refusal("sending", err)
	}
	_ = client.CloseWithSMTPClient(server) // it has the mail, and said so: whether it hears our goodbye changes nothing
	return nil
}

func (e *email) client(dial gomail.DialContextFunc) (*gomail.Client, error) {
	policy := gomail.TLSMandatory
	switch {
	case e.implicit: // it is there already, and the client sees that it is
		policy = gomail.TLSOpportunistic
	case e.plain:
		policy = gomail.NoTLS
	}
	options := []gomail.Option{
		gomail.WithPort(e.port), gomail.WithTimeout(e.timeout), gomail.WithDialContextFunc(dial), gomail.WithoutNoop(),
		gomail.WithTLSConfig(e.secure), gomail.WithTLSPolicy(policy),
	}
	if e.user != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(e.user), gomail.WithPassword(e.password))
	}
	return gomail.NewClient(e.host, options...)
}

// refusal says what a failure means. A server's words are left out: they quote addresses, and addresses are names.
func refusal(doing string, err error) error {
	code, enhanced, content := 0, "", false
	if sent, ok := errors.AsType[*gomail.SendError](err); ok {
		doing, code, enhanced = sent.Reason.String(), sent.ErrorCode(), sent.EnhancedStatusCode()
		content = sent.Reason == gomail.ErrSMTPData || sent.Reason == gomail.ErrSMTPDataClose
	} else if answer, ok := errors.AsType[*textproto.Error](err); ok {
		code = answer.Code
	} else {
		return failure(Down, "%s: %w", doing, err)
	}
	what := "the connection broke"
	if code != 0 {
		what = strings.TrimSpace(fmt.Sprintf("SMTP %d %s", code, enhanced))
	}
	return failure(extentOf(code, enhanced, content), "%s: %s", doing, what)
}

// extentOf judges an answer (RFC 5321, 4.2; RFC 3463). A refused sender, recipient or password says nothing about the alert,
// and a policy (x.7.x) can be changed: refusing would lose the whole queue.
func extentOf(code int, enhanced string, content bool) Extent {
	policy := len(enhanced) > 3 && enhanced[1:4] == ".7."
	switch {
	case !content || code == 421 || code == 452 || policy:
		return Down
	case code >= 500:
		return Refused
	case code >= 400:
		return Stuck
	}
	return Down
}
