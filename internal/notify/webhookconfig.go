package notify

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

func checkWebhook(c Config) []Flaw {
	flaws := slices.Concat(checkURL("url", c.URL), checkFormat(c, "json", "ocsf"), checkPoster(c))
	if c.Template != "" && c.Format != "" {
		flaws = append(flaws, Flaw{"template", "stands beside format", "give one of them"})
	}
	return flaws
}

// checkPoster checks the keys that newPoster reads.
func checkPoster(c Config) (flaws []Flaw) {
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		flaws = append(flaws, checkHeader("headers", name)...)
		if holdsSecret(name) {
			flaws = append(flaws, Flaw{"headers." + name, "a secret does not stand in the configuration", "put it into a file and name that under header_files"})
		}
		if !validHeaderValue(c.Headers[name]) {
			flaws = append(flaws, Flaw{"headers." + name, "the value has characters that a header cannot have", "use printable ASCII"})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.HeaderFiles)) {
		flaws = append(flaws, checkHeader("header_files", name)...)
	}
	return append(flaws, checkKeyPair(c)...)
}

func checkKeyPair(c Config) []Flaw {
	if (c.CertFile == "") != (c.KeyFile == "") {
		return []Flaw{{"cert_file", "cert_file and key_file go together", "give both or neither"}}
	}
	return nil
}

// checkURL checks the address of a web server that stands at key.
func checkURL(key, text string) []Flaw {
	if text == "" {
		return []Flaw{{key, "is missing: the sink needs an address", "write https://host/path"}}
	}
	u, err := url.Parse(text)
	switch {
	case err != nil: // the error quotes the text, which may hold a secret
		return []Flaw{{key, "is no URL", "write https://host/path"}}
	case u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return []Flaw{{key, "is no address of a web server", "write https://host/path"}}
	case u.User != nil:
		return []Flaw{{key, "holds a user or password", "put an Authorization header under header_files"}}
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return []Flaw{{key, "alerts name persons and would cross the network in the clear", "use https, or a relay on 127.0.0.1"}}
	}
	return nil
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

var (
	headerName     = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$") // RFC 9110, 5.6.2: token
	ownHeaders     = []string{"Content-Type", "Content-Length", "Host", "User-Agent", "Idempotency-Key", "X-Probity-Signature", "Transfer-Encoding", "Connection"}
	secretInHeader = regexp.MustCompile(`(?i)authorization|cookie|token|secret|api-?key|password`)
)

func checkHeader(key, name string) []Flaw {
	if !headerName.MatchString(name) {
		return []Flaw{{key + "." + name, "is no name of a header", "use letters, digits and -"}}
	}
	if slices.ContainsFunc(ownHeaders, func(own string) bool { return strings.EqualFold(own, name) }) {
		return []Flaw{{key + "." + name, "is a header that Probity or HTTP sets itself", "leave it out"}}
	}
	return nil
}

func holdsSecret(name string) bool { return secretInHeader.MatchString(name) }

func validHeaderValue(v string) bool {
	return !strings.ContainsFunc(v, func(r rune) bool { return r != '\t' && (r < ' ' || r > '~') })
}

// newTLS reads the files of a connection that is secured: whom to trust, and what to show.
func newTLS(c Config) (*tls.Config, error) {
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		secure.RootCAs = x509.NewCertPool()
		if !secure.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca_file: %s holds no certificate in PEM", c.CAFile)
		}
	}
	if c.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("cert_file, key_file: %w", err)
		}
		secure.Certificates = []tls.Certificate{cert}
	}
	return secure, nil
}

func newTransport(c Config) (*http.Transport, error) {
	secure, err := newTLS(c)
	if err != nil {
		return nil, err
	}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        secure,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxIdleConnsPerHost:    1, // requests go one after the other
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: maxResponseHeaders,
		ForceAttemptHTTP2:      true,
	}, nil
}
