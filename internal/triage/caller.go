package triage

import (
	"crypto/tls"
	"net"
	"os/user"
	"slices"
	"strconv"
)

// caller is who asks.
type caller struct {
	UID    *uint32 // nil: of a certificate
	User   string  // name; the number where no name is known; what the certificate names, as email:…
	Groups []string
	Roles  []string

	Certificate string   // its SHA-256; "": of a user of this machine
	Certified   []string // what it names
}

// by is the part of an evidence entry that says who asked.
type by struct {
	By          string   `json:"by"`
	UID         *uint32  `json:"uid,omitempty"`
	Certificate string   `json:"certificate,omitempty"`
	Roles       []string `json:"roles"`
}

func (c *caller) by() by { return by{c.User, c.UID, c.Certificate, c.Roles} }

// identify says who is at the other end of a connection; only roles are missing.
func identify(conn net.Conn) (caller, error) {
	if c, ok := conn.(*tls.Conn); ok {
		return certified(c)
	}
	if c, ok := conn.(*counted); ok {
		conn = c.Conn
	}
	uid, gid, err := peer(conn)
	if err != nil {
		return caller{}, err
	}
	number := strconv.FormatUint(uint64(uid), 10)
	c := caller{UID: &uid, User: number, Groups: []string{strconv.FormatUint(uint64(gid), 10)}}
	u, err := user.LookupId(number)
	if err == nil {
		c.User = u.Username
		more, _ := u.GroupIds() // what is not known gives no right
		c.Groups = append(c.Groups, more...)
	}
	for _, gid := range slices.Clone(c.Groups) {
		if g, err := user.LookupGroupId(gid); err == nil {
			c.Groups = append(c.Groups, g.Name)
		}
	}
	return c, nil
}

// names are what a configuration can call the user.
func (c *caller) names() []string { return []string{c.User, strconv.FormatUint(uint64(*c.UID), 10)} }
