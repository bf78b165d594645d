package notify

import (
	"fmt"
	"maps"
	"net"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"probity/internal/alert"
	"probity/internal/fsx"
	"probity/internal/page"
)

// How a mail's connection is made safe.
const (
	startTLS    = "starttls" // required: a server without it is refused
	implicitTLS = "implicit"
	noTLS       = "none" // to this machine only
)

const (
	submissionPort  = 587 // RFC 6409
	submissionsPort = 465 // RFC 8314
	mailTimeout     = 30 * time.Second
)

func emailKind() kind {
	return kind{
		keys: []string{"server", "tls", "user", "password_file", "from", "to", "names", "pages", "digest_at", "digest", "zone",
			"text_template", "html_template", "timeout", "ca_file", "cert_file", "key_file"},
		check: checkEmail,
		build: newEmail,
	}
}

func checkEmail(c Config) []Flaw {
	flaws := checkServer(c)
	if (c.User == "") != (c.PasswordFile == "") {
		flaws = append(flaws, Flaw{"user", "user and password_file go together", "give both or neither"})
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		flaws = append(flaws, Flaw{"cert_file", "cert_file and key_file go together", "give both or neither"})
	}
	flaws = append(flaws, checkAddress("from", c.From)...)
	if len(c.To) == 0 {
		flaws = append(flaws, Flaw{"to", "nobody gets the mail", "write a role and its address: {iso: iso@force.example}"})
	}
	for _, role := range slices.Sorted(maps.Keys(c.To)) {
		if !roleName.MatchString(role) {
			flaws = append(flaws, Flaw{"to." + role, "is no name for a role", "use letters, digits, blanks, _ and -; it stands in every mail, so name no person"})
		}
		flaws = append(flaws, checkAddress("to."+role, c.To[role])...)
	}
	if c.Pages != "" && !pagesPrefix.MatchString(c.Pages) {
		flaws = append(flaws, Flaw{"pages", "is no place of pages", "write https://host/path/, file:///path/ or /path/; REFERENCE.html is put behind it"})
	}
	return append(append(flaws, checkDigest(c)...), checkZone(c.Zone)...)
}

var (
	roleName    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9 _-]{0,62}$`)
	pagesPrefix = regexp.MustCompile(`^(https://|file://|/|\\\\)[!-~]*$`)
)

func checkServer(c Config) []Flaw {
	host, port, err := serverOf(c)
	switch {
	case c.Server == "":
		return []Flaw{{"server", "an email sink needs one", "write host or host:port"}}
	case err != nil || host == "" || port == 0:
		return []Flaw{{"server", "is no host:port", "write it as mail.force.example:587"}}
	case !slices.Contains([]string{"", startTLS, implicitTLS, noTLS}, c.TLS):
		return []Flaw{{"tls", fmt.Sprintf("%q is no kind of it", c.TLS), "write starttls, implicit or none"}}
	case c.TLS == noTLS && !isLoopback(host):
		return []Flaw{{"tls", "references and passwords would cross the network in the clear", "use starttls or implicit, or a relay on 127.0.0.1"}}
	}
	return nil
}

func serverOf(c Config) (host string, port int, err error) {
	if strings.Contains(c.Server, ":") {
		text := ""
		if host, text, err = net.SplitHostPort(c.Server); err != nil {
			return "", 0, err
		}
		n, err := strconv.ParseUint(text, 10, 16)
		return host, int(n), err
	}
	if c.TLS == implicitTLS {
		return c.Server, submissionsPort, nil
	}
	return c.Server, submissionPort, nil
}

// checkAddress takes a bare address only: a display name would be a name in every mail.
func checkAddress(key, text string) []Flaw {
	a, err := mail.ParseAddress(text)
	if err != nil || a.Address != text || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return []Flaw{{key, "is no mail address", "write it bare, as iso@force.example"}}
	}
	return nil
}

func checkDigest(c Config) []Flaw {
	var flaws []Flaw
	if c.DigestAt != "" {
		if _, err := time.Parse("15:04", c.DigestAt); err != nil {
			flaws = append(flaws, Flaw{"digest_at", "is no time of day", `write it as "07:30"`})
		}
	}
	if len(c.Digest) > 0 && c.DigestAt == "" {
		flaws = append(flaws, Flaw{"digest", "a digest needs an hour", `write digest_at: "07:30" as well`})
	}
	for i, s := range c.Digest {
		if !slices.Contains(alert.Severities, s) {
			flaws = append(flaws, Flaw{fmt.Sprintf("digest.%d", i), "is no severity", "write low, medium, high or critical"})
		}
	}
	return flaws
}

func newEmail(c Config, _ *fsx.FS) (Sink, error) {
	e := &email{beside: nothing{}, name: c.Name, from: c.From, to: c.To, user: c.User, implicit: c.TLS == implicitTLS, plain: c.TLS == noTLS, timeout: c.Timeout.Std()}
	if e.timeout == 0 {
		e.timeout = mailTimeout
	}
	e.connect = (&net.Dialer{Timeout: e.timeout}).DialContext
	var err error
	if e.host, e.port, err = serverOf(c); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	if c.PasswordFile != "" {
		password, err := secret("password_file", c.PasswordFile)
		if err != nil {
			return nil, err
		}
		e.password = string(password)
	}
	if e.secure, err = newTLS(c); err != nil {
		return nil, err
	}
	e.secure.ServerName = e.host
	zone, err := zoneOf(c)
	if err != nil {
		return nil, fmt.Errorf("zone: %w", err)
	}
	e.letter = page.Letter{Pages: c.Pages, Names: c.Names, Zone: zone}
	e.digest = newDigest(c, zone)
	text, err := templateFile("text_template", c.TextTemplate)
	if err != nil {
		return nil, err
	}
	html, err := templateFile("html_template", c.HTMLTemplate)
	if err != nil {
		return nil, err
	}
	e.mail, err = page.NewMail(text, html, e.letter)
	return e, err
}
