package listen

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Schemes of addresses.
const (
	UDP = "udp" // RFC 5426: a message a datagram
	TCP = "tcp" // RFC 6587, either framing
	TLS = "tls" // RFC 5425, with client certificates
)

// Address is where syslog is listened for.
type Address struct {
	Scheme string
	Host   string // 127.0.0.1 unless said: a listener is not open to the network by accident
	Port   string // 514, for tls 6514, unless said
}

// ParseAddress reads udp://HOST:PORT, tcp://… or tls://….
func ParseAddress(text string) (Address, error) {
	wrong := fmt.Errorf("%q is no address to listen on; write udp://127.0.0.1:514, tcp://127.0.0.1:514 or tls://0.0.0.0:6514", text)
	u, err := url.Parse(text)
	if err != nil || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
		return Address{}, wrong
	}
	a := Address{Scheme: u.Scheme, Host: u.Hostname(), Port: u.Port()}
	switch a.Scheme {
	case UDP, TCP:
		a.Port = orElse(a.Port, "514")
	case TLS:
		a.Port = orElse(a.Port, "6514")
	default:
		return Address{}, wrong
	}
	a.Host = orElse(a.Host, "127.0.0.1")
	if _, err := net.LookupPort("tcp", a.Port); err != nil {
		return Address{}, wrong
	}
	return a, nil
}

func orElse(text, unless string) string {
	if text == "" {
		return unless
	}
	return text
}

// Local says that only this machine can reach it.
func (a Address) Local() bool {
	ip := net.ParseIP(a.Host)
	return ip != nil && ip.IsLoopback() || a.Host == "localhost"
}

func (a Address) hostPort() string { return net.JoinHostPort(a.Host, a.Port) }

func (a Address) String() string { return a.Scheme + "://" + a.hostPort() }
