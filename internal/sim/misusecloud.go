package sim

import "fmt"

func anybody(*person) bool { return true }

// plantForward sends all mail to a mailbox outside: by Set-Mailbox when
// obvious, by a rule with a full stop for a name when ordinary.
func plantForward(p *plot) bool {
	if !p.choose(anybody) {
		return false
	}
	m := p.moments(1, minute)[0]
	outside := fmt.Sprintf("%s.home%d@webmail.example", p.who.login, p.r.IntN(100))
	if p.variant == obvious {
		p.do(m.at, cmdlet(p.r, setMailbox, p.who, m.desk.ip, mailboxObject(p.who), pair{"Identity", p.who.mail},
			pair{"ForwardingSmtpAddress", "smtp:" + outside}, pair{"DeliverToMailboxAndForward", "True"}))
		return true
	}
	if p.variant == patient {
		return p.forwardQuietly()
	}
	p.do(m.at, inboxRule(p.r, p.who, m.desk.ip, ".", pair{"ForwardTo", outside}))
	return true
}

// forwardQuietly changes a rule of long ago, so that it sends the mail about one
// thing to a mailbox that does not bear the offender's name.
func (p *plot) forwardQuietly() bool {
	m := p.moments(1, minute)[0]
	p.do(m.at, cmdlet(p.r, setInboxRule, p.who, m.desk.ip, mailboxObject(p.who)+`\Training`, pair{"Identity", "Training"},
		pair{"Name", "Training"}, pair{"SubjectContainsWords", "exhibit"}, pair{"RedirectTo", p.private()}))
	return true
}

// plantDownload takes files by hand, not by the sync client.
func plantDownload(p *plot) bool {
	if !p.choose(anybody) {
		return false
	}
	site := pick(p.r, p.f.people).team
	for _, m := range p.moments(p.count(400, 180, 160), 16*second) {
		p.do(m.at, onFile(p.r, fileDownloaded, p.who, m.desk.ip, site))
	}
	return true
}

// plantShare opens case files to everyone with the link, or to a private
// address.
func plantShare(p *plot) bool {
	if !p.choose(func(q *person) bool { return q.role.name != filePrep }) {
		return false
	}
	for _, m := range p.moments(p.count(5, 1, 6), 5*minute) {
		kind, guest := anonymousLink, ""
		if p.r.chance(0.3) {
			kind, guest = sharingSet, p.who.login+".home@webmail.example"
		}
		p.do(m.at, share(p.r, kind, p.who, m.desk.ip, "CASE-FILES", guest))
	}
	return true
}
